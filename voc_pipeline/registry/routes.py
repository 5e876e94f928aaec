"""Where what a record claims goes: to a part that was split off it, to what it was merged into, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from voc_pipeline.keys import fold
from voc_pipeline.registry.cosines import N_BEST, Doubles, Floats, best_mean, cosines, exact
from voc_pipeline.schema import Irritant


class Routes:
    """The way from each record to where its claims go.

    Args:
        irritants: Every record of a snapshot.
        rows: Exemplars of one of them, by its place. *Shape:* (n_own, dim).
    """

    def __init__(self, irritants: Sequence[Irritant], rows: Callable[[int], Doubles]) -> None:
        self._irritants, self._rows = irritants, rows
        self._place = {irritant.id: i for i, irritant in enumerate(irritants)}
        self._parts: dict[str, list[Irritant]] = {}
        self._rests: dict[str, Doubles] = {}
        for irritant in irritants:
            if irritant.parent:
                self._parts.setdefault(irritant.parent, []).append(irritant)

    def of(self, irritant_id: str, text: str, x: Floats, divided: bool = True) -> tuple[str, bool]:
        """The id that a claim goes to ("" where it leads nowhere), and whether that record was rejected.

        Args:
            irritant_id: Of the record that claims.
            text: Folded words of the segment.
            x: Its vector. *Shape:* (dim,).
            divided: Whether parts take their share: not where a person named the record.
        """
        tried: set[str] = set()
        for _ in range(2 * len(self._irritants) + 1):
            if irritant_id not in self._place:
                return "", False
            record = self._irritants[self._place[irritant_id]]
            part = (
                next((p for p in self._parts.get(record.id, ()) if p.id not in tried and self._takes(p, record, text, x)), None) if divided else None
            )
            if part is None and record.status != "merged":
                return record.id, record.status == "rejected"
            if part is not None:
                tried.add(part.id)
            irritant_id = part.id if part is not None else record.redirect
        return "", False

    def _takes(self, part: Irritant, whole: Irritant, text: str, x: Floats) -> bool:
        if part.split_on:
            return any(said(word, text) for word in part.split_on)
        own, rest = self._rows(self._place[part.id]), self._rest(whole)
        if not len(own) or not len(rest):
            return len(own) > 0
        n_best, row = min(N_BEST, len(own), len(rest)), exact(x[None, :])
        return bool(best_mean(cosines(row, own), n_best)[0] > best_mean(cosines(row, rest), n_best)[0])

    def _rest(self, whole: Irritant) -> Doubles:
        """Exemplars of a record but for those that parts of it were split off by. *Shape:* (n_rest, dim)."""
        if whole.id not in self._rests:
            split_off = {row.tobytes() for part in self._parts[whole.id] if part.redirect != whole.id for row in self._rows(self._place[part.id])}
            rows = self._rows(self._place[whole.id])
            self._rests[whole.id] = rows[[row.tobytes() not in split_off for row in rows]]
        return self._rests[whole.id]


def said(word: str, text: str) -> bool:
    """Whether a folded text holds a word or phrase, at the beginning of a word: "rembours" is said in "le remboursement".

    >>> said("Facture", "ma facture est fausse"), said("fact", "ma facture"), said("ture", "ma facture")
    (True, True, False)
    """
    return re.search(rf"(?<!\w){re.escape(fold(word))}", text) is not None
