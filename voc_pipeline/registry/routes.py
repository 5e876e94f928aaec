"""Where what a record claims goes: to a part that was split off it, to what it was merged into, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from voc_pipeline.keys import fold
from voc_pipeline.registry.cosines import N_BEST, Doubles, Floats, best_mean, cosines, exact
from voc_pipeline.schema import Irritant

Fit = tuple[int, int, float]
"""How well a segment fits a part, larger is better: letters of the longest named word it says, minus where it says it, and nearness to examples."""


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
            part = self._taking(record, tried, text, x) if divided else None
            if part is None and record.status != "merged":
                return record.id, record.status == "rejected"
            if part is not None:
                tried.add(part.id)
            irritant_id = part.id if part is not None else record.redirect
        return "", False

    def _taking(self, whole: Irritant, tried: Collection[str], text: str, x: Floats) -> Irritant | None:
        """The part that takes a claim of the whole, None where it stays; of parts that could all take it the one it fits best, by id among equals."""
        fits = [
            (fit, part) for part in self._parts.get(whole.id, ()) if part.id not in tried and (fit := self._fit(part, whole, text, x)) is not None
        ]
        best = max((fit for fit, _ in fits), default=None)
        return min((part for fit, part in fits if fit == best), key=lambda part: part.id, default=None)

    def _fit(self, part: Irritant, whole: Irritant, text: str, x: Floats) -> Fit | None:
        """How well a segment fits a part, None where the part does not take it.

        Words that a person named come before nearness to examples; the longest of them, being the narrowest, first; then what is said first. Among
        examples, the nearest.
        """
        if part.split_on:
            said = heard(part.split_on, text)
            return (*said, 0.0) if said else None
        own, rest = self._rows(self._place[part.id]), self._rest(whole)
        if not len(own):
            return None
        row = exact(x[None, :])
        near = float(best_mean(cosines(row, own), min(N_BEST, len(own)))[0])
        if len(rest):
            n_best = min(N_BEST, len(own), len(rest))
            if best_mean(cosines(row, own), n_best)[0] <= best_mean(cosines(row, rest), n_best)[0]:
                return None
        return (0, 0, near)

    def _rest(self, whole: Irritant) -> Doubles:
        """Exemplars of a record but for those that parts of it were split off by. *Shape:* (n_rest, dim)."""
        if whole.id not in self._rests:
            split_off = {row.tobytes() for part in self._parts[whole.id] if part.redirect != whole.id for row in self._rows(self._place[part.id])}
            rows = self._rows(self._place[whole.id])
            self._rests[whole.id] = rows[[row.tobytes() not in split_off for row in rows]]
        return self._rests[whole.id]


def heard(words: Sequence[str], text: str) -> tuple[int, int] | None:
    """How well a folded text fits words that a person named, larger is better; None where it says none of them.

    >>> heard(["facture", "double"], "ma facture est en double"), heard(["panne"], "ma facture")
    ((7, -3), None)
    """
    return max(((len(fold(word)), -place) for word in words if (place := place_of(word, text)) >= 0), default=None)


def place_of(word: str, text: str) -> int:
    """Where a folded text says a word or phrase, at the beginning of a word, and -1 where it does not: "rembours" is said in "le remboursement".

    >>> place_of("Facture", "ma facture est fausse"), place_of("fact", "ma facture"), place_of("ture", "ma facture")
    (3, 3, -1)
    """
    found = re.search(rf"(?<!\w){re.escape(fold(word))}", text)
    return found.start() if found else -1
