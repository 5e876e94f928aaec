"""Mentions of a review workbook that are examples of a new part: one split for each irritant and label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voc_pipeline.edits.counting import Known, Place
from voc_pipeline.edits.desk import Registry, touched
from voc_pipeline.errors import EditError
from voc_pipeline.registry import undone
from voc_pipeline.schema import Edit
from voc_pipeline.workbooks import folded

CLOSING = ("split", "merge", "reject")
"""Edits of an irritant after which a split of it is another one than was meant."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row that names a new part.

    Attributes:
        where: Sheet and row.
        parent: The record that the sentence was shown under.
        lang: Language of the label.
        label: Of the part.
        place: Where the sentence stands.
        changed: Whether it was moved after the workbook was written.
        since: Rank of the last line of the ledger then.
        reason: Why.
    """

    where: str
    parent: str
    lang: str
    label: str
    place: Place
    changed: bool
    since: int
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows with one irritant and one label."""

    rows: tuple[Example, ...]

    @property
    def where(self) -> str:
        """The rows as one place: `review.xlsx: Mentions, row 3, 7`."""
        return ", ".join([self.rows[0].where, *(row.where.rpartition(" ")[2] for row in self.rows[1:])])


def parts_of(rows: Sequence[Example]) -> Iterator[Part]:
    """Rows gathered by irritant and label, case and accents of the label set aside."""
    groups: dict[tuple[str, str, str], list[Example]] = {}
    for row in rows:
        groups.setdefault((row.parent, row.lang, folded(row.label)), []).append(row)
    yield from (Part(tuple(group)) for group in groups.values())


def asked_of(registry: Registry, known: Known, ledger: Sequence[Edit], part: Part) -> tuple[Edit | None, bool, tuple[Edit, ...]]:
    """The split that some rows ask for.

    Returns:
        The edit, None where it was made before; whether it clashes with what was done since; lines of the ledger that it clashes with.

    Raises:
        EditError: A label is missing or holds personal data, or no such irritant.
    """
    first = part.rows[0]
    if first.parent not in known.standing.records:
        raise EditError(
            part.where, f"no record {first.parent or '(no id)'}", "the irritants that `voc export --for-review` wrote", "Copy the column back"
        )
    if not first.label:
        raise EditError(part.where, "a new part without a label", "`new: label`, such as `new: Charged twice`", "Write the label after the colon")
    reason = next((row.reason for row in part.rows if row.reason), "")
    places = [row.place for row in part.rows]
    edit = registry.split_edit(first.parent, (), places, reason=reason, known=known, **{first.lang: first.label})
    child = str(edit.payload["child"])
    if known.stands(child):
        return None, False, ()
    taken_back, since = undone(ledger), min(row.since for row in part.rows)
    later = [line for line in ledger if line.id > since and not line.run_id]
    went_back = any(child in touched(line) for line in later)
    closing = [line for line in later if line.irritant_id == first.parent and line.action in CLOSING and line.id not in taken_back]
    texts = {example["text"] for example in edit.payload["examples"]}
    theirs = [line for line in later if line in closing or child in touched(line) or line.payload.get("text") in texts]
    if went_back:
        theirs += [line for line in later if line.action == "undo" and line.irritant_id == first.parent and line not in theirs]
    clashes = went_back or bool(closing) or any(row.changed for row in part.rows)
    return edit, clashes, tuple(sorted(theirs, key=lambda line: line.id))
