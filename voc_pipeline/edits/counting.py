"""What a split takes of the sentences known so far: counted before it is made, refused where that is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voc_pipeline.errors import EditError
from voc_pipeline.keys import fold
from voc_pipeline.registry import Standing, heard

Place = tuple[str, int]
"""Where a sentence stands: (verbatim id, rank of its segment, from 0)."""


@dataclass(frozen=True, slots=True)
class Known:
    """The registry as it stands, and the record that each sentence of the last run tells of, read once for many edits."""

    standing: Standing
    held: Mapping[Place, str]

    def stands(self, irritant_id: str) -> bool:
        """Whether a record is there, and leads nowhere else."""
        return irritant_id in self.standing.records and self.standing.following(irritant_id) == irritant_id

    def around(self, irritant_id: str) -> list[Place]:
        """Where the sentences of a record and of the parts that were split off it stand."""
        whole = self._whole(irritant_id)
        return [place for place, held_by in self.held.items() if self.standing.following(held_by) in whole]

    def holders(self, irritant_id: str, texts: Mapping[Place, str]) -> list[tuple[str, str]]:
        """Folded text and holder of each of those sentences; those that a person moved elsewhere left out.

        Args:
            irritant_id: The record.
            texts: What is said at the places that `around` gave.
        """
        whole, found = self._whole(irritant_id), []
        for place, text in texts.items():
            folded = fold(text)
            holder = self.standing.following(self.standing.moves.get(folded, self.held[place]))
            if holder in whole:
                found.append((folded, holder))
        return found

    def _whole(self, irritant_id: str) -> Collection[str]:
        parts = {record.id for record in self.standing.records.values() if record.parent == irritant_id and record.status in ("active", "retired")}
        return {irritant_id, *parts}


def counted(
    known: Known, irritant_id: str, sentences: Sequence[tuple[str, str]], words: Sequence[str], examples: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a split takes of the known sentences of its record, for its line of the ledger.

    Words take a sentence from the record, and from an earlier part where they fit it better, as claims do. Of a split by examples only the examples are
    counted: which sentences are nearer to them than to the rest is for the next run to tell.

    Args:
        known: The registry.
        irritant_id: What is split.
        sentences: Folded text and holder of each known sentence, from `Known.holders`.
        words: What it is split on; none where it is by examples.
        examples: Its examples.

    Returns:
        `takes`, of `known` sentences, and those of the words that nobody says as `unsaid`.

    Raises:
        EditError: There are known sentences, and it takes none.
    """
    if words:
        takes = sum(_taken(known, text, holder, irritant_id, words) for text, holder in sentences)
        unsaid = [word for word in words if not any(heard([word], text) for text, _ in sentences)]
    else:
        texts = {text for text, _ in sentences}
        takes, unsaid = sum(fold(str(example["text"])) in texts for example in examples), []
    if sentences and not takes:
        raise _nothing(irritant_id, len(sentences), words)
    return {"takes": takes, "known": len(sentences)} | ({"unsaid": unsaid} if unsaid and sentences else {})


def _taken(known: Known, text: str, holder: str, irritant_id: str, words: Sequence[str]) -> bool:
    fit = heard(words, text)
    other = heard(known.standing.records[holder].split_on, text) if holder != irritant_id else None
    return fit is not None and (other is None or fit > other)


def _nothing(irritant_id: str, n: int, words: Sequence[str]) -> EditError:
    where, shown = f"split {irritant_id}", f"`voc irritants CONFIG show {irritant_id}` quotes some of them, the table `mentions` has them all"
    if not words:
        return EditError(where, f"no example is among the {n} sentences known of it", "sentences that it claims", shown[0].upper() + shown[1:])
    told = " or ".join(repr(word) for word in words)
    separated = any(mark in word for word in words for mark in ",;")
    each = "A comma does not part words: give each its own --keyword, or put semicolons between them in the workbook"
    return EditError(
        where, f"none of the {n} sentences known of it says {told}", "a word, or the beginning of one, that some say", each if separated else shown
    )
