"""Respondents as rows and what they tell as columns: the table that adjusted models stand on, and what had to be left out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import Floats, Ints
from voc_pipeline.prioritise.base import Base, recoded
from voc_pipeline.schema import IrritantKind, Voice

LEAST_WITH = 10
"""Respondents that a predictor needs on either side."""
LEAST_LEVEL = 20
"""Respondents that a level of a control needs; smaller ones join the reference."""
PER_PREDICTOR = 10
"""Respondents that each column of a model needs."""
MAX_LEVELS = 50
"""Values of one attribute that are held equal or told apart: those with most respondents."""
MAX_FLAGS = 40
"""Irritants in one model, those told most; the others are pooled."""
INFLATION = 10.0
"""Variance inflation from which a column is told by the others already."""

OTHERS = "others"
NOT_VALUED = "not_valued"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A predictor that a model cannot hold: `rare`, `collinear`, or `room` where respondents are too few for so many; pooled into `others` or not."""

    predictor: str
    reason: str
    n: int
    pooled: bool


@dataclass(frozen=True, slots=True)
class Design:
    """Respondents of one score.

    Attributes:
        names: Predictors: irritant ids, `others`, `not_valued`, `stage=<id>`.
        flags: 0 or 1. *Shape:* (respondents, predictors)
        controls: Columns for channel, language and segment, without a constant. *Shape:* (respondents, controls)
        held: Names of the controls, `channel=chat`.
        left_out: What the model does not hold.
        clusters: Customer of each respondent, from 0. *Shape:* (respondents,)
    """

    names: tuple[str, ...]
    flags: Floats
    controls: Floats
    held: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    clusters: Ints

    def columns(self) -> Floats:
        """A constant, the controls and the predictors. *Shape:* (respondents, 1 + controls + predictors)"""
        return np.column_stack([np.ones(len(self.flags)), self.controls, self.flags])


def design(base: Base, score: str, among: Ints | None = None, *, spare: bool = False) -> Design:
    """Who answered a score, what they tell, and who they are.

    Irritants under `LEAST_WITH` respondents, or beyond what the number of respondents can carry, are pooled into `others`. What the columns before it
    tell already (variance inflation above `INFLATION`) is left out: controls come first, then not valued, then irritants from the most told on.

    Args:
        base: The verbatims.
        score: One of its scores.
        among: Respondents, by number; all of them if None.
        spare: Irritants, not valued and channels only: for the few respondents of a segment.
    """
    answers = base.answers[score]
    everyone = np.arange(len(answers.values)) if among is None else np.sort(among)
    place = np.full(len(answers.values), -1, dtype=np.int64)
    place[everyone] = np.arange(len(everyone))
    n = len(everyone)
    of_row = np.where(answers.of_row >= 0, place[np.maximum(answers.of_row, 0)], -1) if n else np.full(len(base), -1, dtype=np.int64)
    room = max(2, n // PER_PREDICTOR)
    left: list[LeftOut] = []
    kept: list[tuple[str, Floats]] = []
    span = _Span(n)
    for name, column in _controls(base, of_row, n, spare):
        if len(kept) < room // 2 and span.adds(column):
            kept.append((name, column))
    n_controls = len(kept)

    def offer(name: str, column: Floats) -> bool:
        told = int(column.sum())
        reason = "rare" if min(told, n - told) < LEAST_WITH else "room" if len(kept) >= room else "" if span.adds(column) else "collinear"
        if reason:
            left.append(LeftOut(name, reason, told, pooled=False))
        else:
            kept.append((name, column))
        return not reason

    offer(NOT_VALUED, _any(np.flatnonzero(base.marks["share_not_valued"]), of_row, n))
    irritants = [(base.ids[at], _any(rows, of_row, n)) for at, rows in enumerate(base.rows_of) if base.kinds[at] is IrritantKind.IRRITANT]
    irritants = sorted((one for one in irritants if one[1].any()), key=lambda one: (-one[1].sum(), one[0]))
    pooled: list[tuple[LeftOut, Floats]] = []
    for rank, (name, column) in enumerate(irritants):
        told = int(column.sum())
        scarce = min(told, n - told) < LEAST_WITH
        if scarce or rank >= MAX_FLAGS or len(kept) >= room - 1:
            pooled.append((LeftOut(name, "rare" if scarce else "room", told, pooled=True), column))
        else:
            offer(name, column)
    if pooled:
        together = np.maximum.reduce([column for _, column in pooled])
        kept_pool = offer(OTHERS, together)
        left += [one if kept_pool else LeftOut(one.predictor, one.reason, one.n, pooled=False) for one, _ in pooled]
    if not spare:
        stages = _levels(base, of_row, n, lambda voice: voice.stage or "unknown")
        for name, column in stages[1:]:
            offer(f"stage={name}", column)
    flags = kept[n_controls:]
    empty = np.zeros((n, 0))
    return Design(
        names=tuple(name for name, _ in flags),
        flags=np.column_stack([column for _, column in flags]) if flags else empty,
        controls=np.column_stack([column for _, column in kept[:n_controls]]) if n_controls else empty,
        held=tuple(name for name, _ in kept[:n_controls]),
        left_out=tuple(left),
        clusters=recoded(answers.clusters[everyone]),
    )


class _Span:
    """What the columns taken so far can tell, a constant first."""

    def __init__(self, n: int) -> None:
        self._basis = [np.full(n, 1 / np.sqrt(n))] if n else []

    def adds(self, column: Floats) -> bool:
        """Takes a column that the others do not tell already."""
        centred = column - column.mean() if len(column) else column
        rest = centred.copy()
        for _ in range(2):  # twice is enough for orthogonality
            for direction in self._basis:
                rest -= direction * float(direction @ rest)
        length = float(rest @ rest)
        if length * INFLATION <= float(centred @ centred):
            return False
        self._basis.append(rest / np.sqrt(length))
        return True


def _any(rows: Ints, of_row: Ints, n: int) -> Floats:
    """1 for respondents one of whose verbatims is among the rows."""
    who = of_row[rows]
    column = np.zeros(n)
    column[who[who >= 0]] = 1.0
    return column


def _levels(base: Base, of_row: Ints, n: int, of: Callable[[Voice], str]) -> list[tuple[str, Floats]]:
    """A column for each value that respondents' verbatims have, the most frequent first; "" is no value."""
    rows: dict[str, list[int]] = {}
    for row in np.flatnonzero(of_row >= 0).tolist():
        value = of(base.voices[row])
        if value:
            rows.setdefault(value, []).append(row)
    columns = [(value, _any(np.array(found, dtype=np.int64), of_row, n)) for value, found in sorted(rows.items())]
    return sorted(columns, key=lambda one: (-one[1].sum(), one[0]))


def _controls(base: Base, of_row: Ints, n: int, spare: bool) -> Iterable[tuple[str, Floats]]:
    """Levels of channel, language and each attribute, without the most frequent, which is the reference."""
    for name, of in segment_readers(base, spare).items():
        for value, column in _levels(base, of_row, n, of)[1 : 1 + MAX_LEVELS]:
            if column.sum() >= LEAST_LEVEL:
                yield f"{name}={value}", column


def segment_readers(base: Base, spare: bool = False) -> Mapping[str, Callable[[Voice], str]]:
    """What customers are told apart by: channel, language, then every attribute by name."""
    readers: dict[str, Callable[[Voice], str]] = {"channel": lambda voice: voice.channel or "unknown"}
    if not spare:
        readers["lang"] = lambda voice: voice.lang or "unknown"
        for name in sorted({name for voice in base.voices for name in voice.attributes}):
            readers[name] = _attribute(name)
    return readers


def _attribute(name: str) -> Callable[[Voice], str]:
    return lambda voice: voice.attributes.get(name, "")


def respondents_by_segment(base: Base, score: str, least: int) -> dict[str, Ints]:
    """Respondents of a score under `attribute=value`, where at least so many are there and some are not."""
    answers = base.answers[score]
    n = len(answers.values)
    out: dict[str, Ints] = {}
    for name, of in segment_readers(base).items():
        for value, column in _levels(base, answers.of_row, n, of)[:MAX_LEVELS]:
            if least <= column.sum() < n:
                out[f"{name}={value}"] = np.flatnonzero(column).astype(np.int64)
    return dict(sorted(out.items()))


def told(left_out: Sequence[LeftOut]) -> list[dict[str, object]]:
    """What a model does not hold, for the detail of a figure."""
    return [{"predictor": one.predictor, "reason": one.reason, "n": one.n, "pooled": one.pooled} for one in left_out]
