"""A review workbook taken back: which edits it asks for, and which of its rows somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voc_pipeline.edits.action_sheet import ACTIONS, action_row
from voc_pipeline.edits.counting import Known
from voc_pipeline.edits.desk import Registry, touched
from voc_pipeline.edits.new_parts import Example, asked_of, parts_of
from voc_pipeline.edits.sheet import (
    EDITABLE,
    MATCHES,
    MENTIONS,
    NONE,
    RECORDS,
    cells_of,
    digest,
    head,
    known,
    new_part,
    state_of,
    state_of_match,
    state_of_mention,
    words,
)
from voc_pipeline.errors import EditError, VocError
from voc_pipeline.keys import fold
from voc_pipeline.registry import Standing
from voc_pipeline.schema import Edit, Irritant
from voc_pipeline.workbooks import cell_text, folded, read_sheets

LOOP = ("cause", "plan", "expect", "start", "done", "drop", "close", "reopen")
ORDER = ("restore", "rename", "owner", "pin", "unpin", "note", *LOOP, "split", "move", "confirm", "refuse", "confirm-gap", "merge", "reject")
"""In which the edits of one workbook are made: what closes a record comes last."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A row that asks for edits of what somebody changed after the workbook was written.

    Attributes:
        where: Sheet and row.
        subject: The record, or the sentence.
        theirs: Lines of the ledger written since; none where a run moved it.
        mine: The edits that the row asks for, not made.
    """

    where: str
    subject: str
    theirs: tuple[Edit, ...]
    mine: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """What a workbook asks for.

    Attributes:
        edits: Those that can be made; `take_back` makes them.
        clashes: Rows that somebody else changed meanwhile; they keep nothing else from being made.
        refused: What cannot be made as it is asked for, each with its sheet and row; while there is any, nothing is made.
    """

    edits: tuple[Edit, ...]
    clashes: tuple[Clash, ...]
    refused: tuple[EditError, ...] = ()


def read_review(registry: Registry, path: Path) -> Review:
    """Reads a workbook against the registry as it stands.

    Args:
        registry: Of the author who filled it in.
        path: A workbook that `voc export CONFIG --for-review` wrote, in French or English.

    Raises:
        EditError: It is no such workbook.
    """
    ledger = registry.history()
    known = registry.known()
    standing, held = known.standing, known.held
    placed: list[tuple[str, Edit]] = []
    clashes: list[Clash] = []
    refused: list[EditError] = []
    examples: list[Example] = []
    wanted: dict[str, tuple[str, str]] = {}
    for sheet, where, row in _rows(path):
        try:
            if sheet == "records":
                subject, changed, asked = _record_row(registry, known, ledger, where, row)
            elif sheet == "matches":
                subject, changed, asked = _match_row(registry, standing, where, row)
            elif sheet == "actions":
                subject, changed, asked = action_row(registry, standing, where, row)
            else:
                subject, changed, asked = _mention_row(registry, standing, held, where, row)
                _once(wanted, subject, where, row)
                if subject and (part := new_part(row["move_to"])):
                    parent = row["irritant"].split(" ")[0].upper()
                    place = (row["verbatim_id"], int(row["position"]))
                    examples.append(Example(where, parent, *part, place, changed, int(row["since"] or 0), row["reason"]))
        except VocError as error:
            refused.append(_at(where, error))
            continue
        if asked and changed:
            since = int(row["since"] or 0)
            theirs = tuple(edit for edit in ledger if edit.id > since and _about(edit, sheet, subject))
            clashes.append(Clash(where, subject, theirs, tuple(asked)))
        else:
            placed += [(where, edit) for edit in asked]
    for group in parts_of(examples):
        try:
            split, clash, theirs = asked_of(registry, known, ledger, group)
        except VocError as error:
            refused.append(_at(group.where, error))
            continue
        if split is not None and clash:
            clashes.append(Clash(group.where, f"{split.irritant_id} or a sentence of it", theirs, (split,)))
        elif split is not None:
            placed.append((group.where, split))
    placed.sort(key=lambda one: ORDER.index(one[1].action))
    cannot = dict(registry.refusals([edit for _, edit in placed]))
    refused += [_at(placed[place][0], why) for place, why in sorted(cannot.items())]
    return Review(tuple(edit for place, (_, edit) in enumerate(placed) if place not in cannot), tuple(clashes), tuple(refused))


def take_back(registry: Registry, review: Review, dry: bool = False) -> list[Edit]:
    """Makes the edits of a review: all of them, or none.

    Args:
        registry: Of the author who filled it in.
        review: From `read_review`.
        dry: Only check them.

    Raises:
        EditError: Something of it is refused; ``problems`` holds all that is.
        StoreError: A run is at work.
    """
    if review.refused:
        review.refused[0].problems = review.refused
        raise review.refused[0]
    return registry.do(review.edits, dry)


def _at(where: str, error: VocError) -> EditError:
    """An error with the sheet and the row it comes from."""
    if error.where.startswith(where):
        return error if isinstance(error, EditError) else EditError(error.where, error.found, error.expected, error.remedy)
    return EditError(f"{where}: {error.where}", error.found, error.expected, error.remedy)


def _once(wanted: dict[str, tuple[str, str]], text: str, where: str, row: Mapping[str, str]) -> None:
    """Refuses to send the same words to two places."""
    part = new_part(row["move_to"])
    target = folded(" ".join(part)) if part else folded(row["move_to"].split(" ")[0])
    if text and (first := wanted.setdefault(fold(text), (target, where)))[0] != target:
        row_there = first[1].rpartition(", ")[2]
        raise EditError(
            where, f"the same words go elsewhere in {row_there}", "one place for the same words", "Empty one of the two cells, or make them agree"
        )


def _about(edit: Edit, sheet: str, subject: str) -> bool:
    if sheet == "matches":
        return f"{edit.irritant_id} {edit.payload.get('entry', '')}" == subject
    if sheet == "actions":
        return edit.irritant_id == subject and edit.action in (*LOOP, "measured", "recurred", "undo", "merge", "reject")
    return subject in touched(edit) if sheet == "records" else fold(str(edit.payload.get("text", ""))) == fold(subject)


def _record_row(registry: Registry, stood: Known, ledger: Sequence[Edit], where: str, row: Mapping[str, str]) -> tuple[str, bool, list[Edit]]:
    standing = stood.standing
    record = standing.records.get(row["id"])
    if record is None:
        raise EditError(where, f"no record {row['id'] or '(no id)'}", "the ids that `voc export --for-review` wrote", "Copy the column back")
    cells = {name: row[name] for name in EDITABLE} | {"pinned": _choice(where, "pinned", row["pinned"], ("yes", "no")) or "no"}
    if digest(cells) == row["cells"]:
        return record.id, False, []
    asked = _asked(registry, stood, where, record, cells)
    parts = {str(edit.payload["child"]) for edit in asked if edit.action == "split"}
    went_back = bool(parts) and any(edit.id > int(row["since"] or 0) and parts & touched(edit) for edit in ledger)
    return record.id, went_back or row["state"] != state_of(record, standing), asked


def _asked(registry: Registry, stood: Known, where: str, record: Irritant, cells: Mapping[str, str]) -> list[Edit]:
    """Edits that a row asks for, those already made left out."""
    now, reason, standing = cells_of(record), cells["reason"], stood.standing

    def edit(action: str, **payload: str) -> Edit:
        return registry.edit(action, record.id, dict(payload), reason)

    labels = {lang: cells[f"label_{lang}"] for lang in ("fr", "en") if cells[f"label_{lang}"] != now[f"label_{lang}"]}
    if not all(labels.values()):
        raise EditError(where, "a label was emptied", "a label, or the one that was there", "Write one")
    asked = [edit("rename", **labels)] if labels else []
    if cells["owner"] != now["owner"]:
        asked.append(edit("owner", owner=cells["owner"]))
    if cells["pinned"] != now["pinned"]:
        asked.append(edit("pin" if cells["pinned"] == "yes" else "unpin"))
    notes = {name: cells[name] for name in ("inclusion", "exclusion") if cells[name] and cells[name] not in getattr(record, name)}
    asked += [edit("note", **notes)] if notes else []
    if keywords := [word.strip() for word in cells["split_on"].split(";") if word.strip()]:
        lang = "fr" if record.label_fr or not record.label_en else "en"
        labelled = {lang: cells["split_label"]} if cells["split_label"] else {}
        split = registry.split_edit(record.id, keywords, fr=labelled.get("fr"), en=labelled.get("en"), reason=reason, known=stood)
        asked += [split] if standing.following(part := str(split.payload["child"])) != part or part not in standing.records else []
    decision = _choice(where, "decision", cells["decision"], ("reject", "restore"))
    if decision and (decision == "reject") != (record.status == "rejected"):
        asked.append(edit(decision))
    gap, confirmed = cells["confirm_gap"][:1], standing.gaps.get(record.id)
    for_owner = any(folded(words()["for_owner"][lang]) in folded(cells["confirm_gap"]) for lang in ("fr", "en"))
    if gap and (confirmed is None or confirmed.said != gap or (for_owner and not confirmed.owner)):
        if not gap.isdigit():
            offered = "1, 2, 3 or 4"
            raise EditError(
                f"{where}, column {head('confirm_gap', 'en')!r}", f"{cells['confirm_gap']!r}", offered, "Choose it from the list, or leave it empty"
            )
        asked.append(registry.gap_edit(record.id, int(gap), reason, for_owner, cells["owner"]))
    into = cells["merge_into"].split(" ")[0].upper()
    if into and standing.following(record.id) != standing.following(into):
        asked.append(edit("merge", into=into))
    return asked


def _mention_row(
    registry: Registry, standing: Standing, held: Mapping[tuple[str, int], str], where: str, row: Mapping[str, str]
) -> tuple[str, bool, list[Edit]]:
    if not row["move_to"]:
        return "", False, []
    to = "" if known(row["move_to"], (NONE,)) else row["move_to"].split(" ")[0].upper()
    part = new_part(row["move_to"])
    if not row["position"].isdigit():
        raise EditError(where, f"{row['position']!r} is no rank of a sentence", "the ranks as they were written", "Copy the column back")
    place = (row["verbatim_id"], int(row["position"]))
    if part is not None:
        text = str(registry.sentence(place)["text"])
        return text, row["state"] != state_of_mention(text, held.get(place, ""), standing), []
    edit = registry.move_edit(place, to, row["reason"], held)
    text = str(edit.payload["text"])
    if to and to not in standing.records:
        raise EditError(where, f"no record {to}", "one of the list, or `new: label`", "Choose it from the list")
    if standing.moves.get(fold(text)) == to:
        return text, False, []
    return text, row["state"] != state_of_mention(text, held.get(place, ""), standing), [edit]


def _match_row(registry: Registry, standing: Standing, where: str, row: Mapping[str, str]) -> tuple[str, bool, list[Edit]]:
    answer = _choice(where, "answer", row["answer"], ("confirm", "refuse"))
    if not answer:
        return "", False, []
    irritant_id = row["irritant"].split(" ")[0].upper()
    edit = registry.match_edit(answer, irritant_id, row["entry"], row["reason"])
    word, meant = standing.matches.get((irritant_id, row["entry"])), {"confirm": "confirmed", "refuse": "refused"}[answer]
    if word is not None and word.said == meant:
        return "", False, []
    return f"{irritant_id} {row['entry']}", row["state"] != state_of_match(irritant_id, row["entry"], standing), [edit]


def _choice(where: str, column: str, text: str, values: tuple[str, ...]) -> str:
    if not text:
        return ""
    found = known(text, values)
    if found is None:
        offered = ", ".join(str(words()["values"][value]["en"]) for value in values)
        raise EditError(f"{where}, column {head(column, 'en')!r}", f"{text!r}", offered, "Choose it from the list, or leave it empty")
    return found


def _rows(path: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Rows of both sheets: which, where, and cells by column."""
    titles = {sheet: words()["sheets"][sheet] for sheet in ("records", "mentions", "matches", "actions")}
    sheets = read_sheets(path, titles, EditError, "a workbook made by `voc export CONFIG --for-review`, saved as .xlsx", ("matches", "actions"))
    found = []
    for sheet, columns in (("records", RECORDS), ("mentions", MENTIONS), ("matches", MATCHES), ("actions", ACTIONS)):
        if sheet not in sheets:
            continue
        title, rows = sheets[sheet]
        places = _places(path, title, rows[0] if rows else (), columns)
        for number, cells in enumerate(rows[1:], start=2):
            row = {name: cell_text(cells[place]) if place < len(cells) else "" for name, place in places.items()}
            if any(row.values()):
                found.append((sheet, f"{path}: {title}, row {number}", row))
    return found


def _places(path: Path, title: str, heads: tuple[Any, ...], columns: tuple[str, ...]) -> dict[str, int]:
    names = {folded(head(column, lang)): column for column in columns for lang in ("fr", "en")}
    found = {names[folded(cell_text(cell))]: place for place, cell in enumerate(heads) if folded(cell_text(cell)) in names}
    missing = [head(column, "en") for column in columns if column not in found]
    if missing:
        raise EditError(f"{path}: {title}, row 1", f"no column {', '.join(missing)}", "the heads as they were written", "Copy the first row back")
    return found
