"""Verbatims of a run as columns, and the few shapes that figures share."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voc_pipeline.config import Source
from voc_pipeline.intervals import Estimates, Floats, Ints, balance, customer_codes, shares
from voc_pipeline.schema import IrritantKind, Metric, Sentiment, Telling, Voice

SCALES: Mapping[str, tuple[float, float]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "stars": (1, 5)}
"""Lowest and highest answer of each score, where nothing else is told."""

Bools = NDArray[np.bool_]


def scales_of(sources: Iterable[Source]) -> dict[str, tuple[float, float]]:
    """Lowest and highest answer of each score, as the sources declare them."""
    return {**SCALES, **{name: (field.low, field.high) for source in sources for name, field in source.fields.scores.items()}}


@dataclass(frozen=True, slots=True)
class Answers:
    """One score, once per respondent.

    Attributes:
        values: *Shape:* (respondents,)
        clusters: Customer of each respondent. *Shape:* (respondents,)
        of_row: Respondent that each verbatim belongs to, -1 without this score. *Shape:* (n,)
    """

    values: Floats
    clusters: Ints
    of_row: Ints

    def among(self, rows: Ints) -> tuple[Floats, Ints]:
        """Values and customers of the respondents that some verbatims belong to, each once."""
        some = np.unique(self.of_row[rows])
        some = some[some >= 0]
        return self.values[some], self.clusters[some]


@dataclass(frozen=True, slots=True)
class Base:
    """Verbatims sorted by id, and which irritants each tells.

    Attributes:
        clusters: Customer of each verbatim. *Shape:* (n,)
        known: Whether that customer is known. *Shape:* (n,)
        marks: `share_<sentiment>`, `share_not_valued`, `share_valued`; each *shape:* (n,)
        ids, kinds: Irritants, strengths and suggestions, sorted by id.
        row, column: Verbatim and irritant of each telling, sorted, each pair once. *Shape:* (pairs,)
        rows_of: Verbatims that tell each irritant.
        told_of: Their tellings, in the same order.
    """

    voices: list[Voice]
    clusters: Ints
    known: Bools
    marks: dict[str, Bools]
    answers: dict[str, Answers]
    ids: list[str]
    kinds: list[IrritantKind]
    row: Ints
    column: Ints
    rows_of: list[Ints]
    told_of: list[list[Telling]]

    def __len__(self) -> int:
        return len(self.voices)

    def share_without_date_after(self, last: str) -> float:
        """Share of verbatims dated on that ISO day or before, or not dated."""
        return sum(voice.date is None or voice.date.date().isoformat() <= last for voice in self.voices) / max(1, len(self))


def read_base(voices: Sequence[Voice], tellings: Sequence[Telling], kinds: Mapping[str, IrritantKind]) -> Base:
    """Columns of a run's verbatims, whatever the order they come in.

    Raises:
        ValueError: A verbatim appears twice, or a telling's irritant is not in `kinds`.
    """
    ordered = sorted(voices, key=lambda voice: voice.verbatim_id)
    rows = {voice.verbatim_id: place for place, voice in enumerate(ordered)}
    if len(rows) != len(ordered):
        raise ValueError("a verbatim appears twice among the voices")
    ids = sorted(kinds)
    columns = {irritant_id: place for place, irritant_id in enumerate(ids)}
    told: dict[tuple[int, int], Telling] = {}
    for telling in sorted(tellings, key=_preference):
        if telling.verbatim_id in rows:
            if telling.irritant_id not in columns:
                raise ValueError(f"{telling.irritant_id} is told but not among the kinds")
            told.setdefault((rows[telling.verbatim_id], columns[telling.irritant_id]), telling)
    pairs = sorted(told)
    row, column = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    told_of: list[list[Telling]] = [[] for _ in ids]
    for pair in pairs:
        told_of[pair[1]].append(told[pair])
    clusters = customer_codes([_customer(voice) for voice in ordered], [voice.verbatim_id for voice in ordered])
    marks = {f"share_{sentiment}": np.array([voice.sentiment is sentiment for voice in ordered], dtype=bool) for sentiment in Sentiment}
    marks["share_not_valued"] = np.array([voice.not_valued for voice in ordered], dtype=bool)
    marks["share_valued"] = np.array([voice.valued for voice in ordered], dtype=bool)
    return Base(
        voices=ordered,
        clusters=clusters,
        known=np.array([bool(voice.customer) for voice in ordered], dtype=bool),
        marks=marks,
        answers={name: _answers(ordered, clusters, name) for name in SCALES},
        ids=ids,
        kinds=[kinds[irritant_id] for irritant_id in ids],
        row=row,
        column=column,
        rows_of=[row[column == place] for place in range(len(ids))],
        told_of=told_of,
    )


def _preference(telling: Telling) -> tuple[float, int, str, int, str, float, float]:
    """Of several tellings of one irritant by one verbatim, the least counts: best score, then first place."""
    return (-telling.score, telling.position, telling.stage, telling.gap_cue or 0, telling.dimension or "", telling.p_gap_cue, telling.p_negative)


def _customer(voice: Voice) -> str:
    """Customer where known, else the respondent whose answers belong together."""
    return voice.customer or (f"{voice.source}|{voice.respondent}" if voice.respondent else "")


def _answers(voices: Sequence[Voice], clusters: Ints, name: str) -> Answers:
    respondents: dict[tuple[str, str], int] = {}
    values: list[float] = []
    whose: list[int] = []
    of_row = np.full(len(voices), -1, dtype=np.int64)
    for place, voice in enumerate(voices):
        if name in voice.scores:
            respondent = respondents.setdefault((voice.source, voice.respondent or f"verbatim {voice.verbatim_id}"), len(values))
            if respondent == len(values):
                values.append(float(voice.scores[name]))
                whose.append(int(clusters[place]))
            of_row[place] = respondent
    return Answers(np.array(values, dtype=np.float64), np.array(whose, dtype=np.int64), of_row)


def recoded(clusters: Ints) -> Ints:
    """The same clusters, numbered from 0 without holes."""
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def shares_of(groups: Sequence[Ints], clusters: Ints) -> Estimates:
    """Share of the base in each of several groups of rows, which may have rows in common.

    Args:
        groups: Rows of each group, each once.
        clusters: Customer of each row of the base. *Shape:* (n,)
    """
    row = np.concatenate([*groups, np.zeros(0, dtype=np.int64)])
    column = np.repeat(np.arange(len(groups)), [len(rows) for rows in groups])
    return shares(row, column, len(groups), clusters)


def share_of(marked: Bools, clusters: Ints) -> Estimates:
    """Share of rows that are marked."""
    row = np.flatnonzero(marked)
    return shares(row, np.zeros(len(row), dtype=np.int64), 1, recoded(clusters))


def nps(values: Floats, clusters: Ints) -> tuple[Estimates, dict[str, object]]:
    """Promoters (9, 10) minus detractors (0 to 6), in [-1, 1], and how many of each."""
    signs = np.where(values >= 9, 1, np.where(values <= 6, -1, 0))
    detail: dict[str, object] = {"promoters": int((signs > 0).sum()), "detractors": int((signs < 0).sum())}
    return balance(signs, recoded(clusters)), detail


def figure(scope: str, key: str, name: str, estimate: Estimates, detail: Mapping[str, object] | None = None, scale: float = 1.0) -> Iterator[Metric]:
    """The metric of a single estimate; none on an empty base."""
    if estimate.n:
        value, low, high = (float(bound[0]) * scale for bound in (estimate.value, estimate.low, estimate.high))
        yield Metric(scope, key, name, value, low, high, estimate.n, {"effective_n": float(estimate.effective_n[0]), **(detail or {})})


def mood(base: Base, rows: Ints, scope: str, key: str, names: Collection[str]) -> Iterator[Metric]:
    """Number of verbatims, the named shares, net regard and NPS (both with their variance a row) of some verbatims."""
    yield Metric(scope, key, "n_verbatims", len(rows), n=len(rows))
    clusters = recoded(base.clusters[rows])
    for name in names:
        yield from figure(scope, key, name, share_of(base.marks[name][rows], clusters))
    signs = base.marks["share_valued"][rows].astype(np.int64) - base.marks["share_not_valued"][rows]
    yield from figure(scope, key, "net_regard", balance(signs, clusters), {"variance": float(signs.var()) if len(signs) else 0.0})
    estimate, detail = nps(*base.answers["nps"].among(rows))
    yield from figure(scope, key, "nps", estimate, detail, scale=100)


def rounded(metric: Metric) -> Metric:
    """The metric with floats of 6 decimals, a bound that is not finite left out."""
    low, high = (None if bound is None or not math.isfinite(bound) else _round(bound) for bound in (metric.low, metric.high))
    return Metric(metric.scope, metric.key, metric.name, _round(metric.value), low, high, int(metric.n), _plain(metric.detail))


def _round(value: float) -> float:
    return round(float(value), 6) + 0.0  # -0.0 becomes 0.0


def _plain(detail: Mapping[str, object]) -> dict[str, object]:
    return {
        key: _round(value) if isinstance(value, float) else _plain(value) if isinstance(value, Mapping) else value for key, value in detail.items()
    }
