"""Figures of irritants, strengths and suggestions: counts, trend, severity, regard, impact."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from voc_pipeline.config import Priority
from voc_pipeline.intervals import Contrast, Floats, mean_contrasts, q_values, share_ratio, shares
from voc_pipeline.prioritise.base import Base, figure, share_of
from voc_pipeline.prioritise.crossings import customers
from voc_pipeline.prioritise.exposure import Contacts
from voc_pipeline.prioritise.trends import Finding, trend_findings
from voc_pipeline.schema import OUTCOMES, IrritantKind, Metric, Voice


@dataclass(slots=True)
class Standing:
    """What the priority of one irritant is made from; None where its base does not carry it."""

    place: int
    mentions: int
    share: float
    customers: int
    severity: float = 0.0
    not_valued_low: float = 0.0
    trend: Contrast | None = None
    impacts: dict[str, Finding] = field(default_factory=dict)


def irritant_figures(
    base: Base, settings: Priority, as_of: date, leaving: Collection[str], scales: Mapping[str, tuple[float, float]], contacts: Contacts
) -> tuple[list[Metric], list[Standing]]:
    """Figures of scope `irritant`, all kinds, and what the priority of each is made from."""
    share = shares(base.row, base.column, len(base.ids), base.clusters)
    trends = trend_findings(base, settings, as_of, contacts)
    impacts = {name: _impacts(base, name, scales[name]) for name in OUTCOMES}
    metrics: list[Metric] = []
    standings: list[Standing] = []
    for place, (irritant_id, kind) in enumerate(zip(base.ids, base.kinds, strict=True)):
        rows, told = base.rows_of[place], base.told_of[place]
        dates = [voice.date.date().isoformat() for row in rows if (voice := base.voices[row]).date]
        seen = {"first_seen": min(dates, default=None), "last_seen": max(dates, default=None), "kind": str(kind)}
        touched = customers(base, rows, "irritant", irritant_id, "customers")
        standing = Standing(place, len(rows), float(share.value[place]) if len(base) else 0.0, int(touched.value))
        standings.append(standing)
        metrics += [Metric("irritant", irritant_id, "mentions", len(rows), n=len(base), detail=seen), touched]
        if len(base):
            detail = {"effective_n": float(share.effective_n[place])}
            metrics.append(
                Metric("irritant", irritant_id, "share", standing.share, float(share.low[place]), float(share.high[place]), len(base), detail)
            )
        channels = [base.voices[row].channel or "unknown" for row in rows]
        for prefix, where in (("stage", [telling.stage or "unknown" for telling in told]), ("channel", channels)):
            for key in sorted(set(where)):
                marked = np.array([spot == key for spot in where], dtype=bool)
                metrics += figure("irritant", irritant_id, f"{prefix}.{key}", share_of(marked, base.clusters[rows]))
        if place in trends:
            standing.trend = trends[place].contrast
            metrics.append(_metric(irritant_id, "rate_ratio", trends[place]))
        for name in OUTCOMES:
            if place in impacts[name]:
                standing.impacts[name] = impacts[name][place]
                metrics.append(_metric(irritant_id, f"{name}_difference", impacts[name][place]))
        if kind is IrritantKind.IRRITANT and len(rows):
            severity = _severity(base, place, leaving, scales)
            regard = list(_regard(base, place))
            standing.severity, standing.not_valued_low = severity.value, regard[0].low or 0.0
            metrics += [severity, *regard]
    return metrics, standings


def _metric(irritant_id: str, name: str, finding: Finding) -> Metric:
    return Metric("irritant", irritant_id, name, finding.contrast.value, finding.contrast.low, finding.contrast.high, finding.n, finding.detail)


def _regard(base: Base, place: int) -> Iterator[Metric]:
    """How often its verbatims say that the customer is not valued, and how many times more often than the others."""
    irritant_id, rows, marked = base.ids[place], base.rows_of[place], base.marks["share_not_valued"]
    inside = share_of(marked[rows], base.clusters[rows])
    detail = {"verbatims": int(marked[rows].sum()), "negative": float(base.marks["share_negative"][rows].mean())}
    yield from figure("irritant", irritant_id, "not_valued_rate", inside, detail)
    rest = np.ones(len(base), dtype=bool)
    rest[rows] = False
    if rest.any():
        outside = share_of(marked[rest], base.clusters[rest])
        with_it, without = ((float(side.value[0]), float(side.effective_n[0])) for side in (inside, outside))
        yield _metric(
            irritant_id, "not_valued_lift", Finding(share_ratio(with_it, without), inside.n, {"rate_without": without[0], "n_without": outside.n})
        )


def _severity(base: Base, place: int, leaving: Collection[str], scales: Mapping[str, tuple[float, float]]) -> Metric:
    told = base.told_of[place]
    voices = [base.voices[row] for row in base.rows_of[place]]
    leaves = [voice.stage in leaving or telling.stage in leaving for voice, telling in zip(voices, told, strict=True)]
    each, detail = severities(voices, [telling.p_negative for telling in told], leaves, scales)
    return Metric("irritant", base.ids[place], "severity", float(each.mean()), n=len(told), detail=detail)


def severities(
    voices: Sequence[Voice], p_negative: Sequence[float], leaving: Sequence[bool], scales: Mapping[str, tuple[float, float]]
) -> tuple[Floats, dict[str, object]]:
    """Severity of each verbatim, in [0, 1], and what their mean is made of.

    Args:
        voices: One verbatim or more.
        p_negative: How likely what each tells is negative.
        leaving: Whether its customer leaves.
        scales: Lowest and highest answer of each score.
    """
    negative = np.clip(p_negative, 0, 1)
    intensity = np.array([min(voice.intensity, 3) / 3 if voice.not_valued else 0.0 for voice in voices])
    leaves = np.array(leaving, dtype=bool)
    outcome = np.where(leaves, 1.0, [_lowness(voice, scales) for voice in voices])
    known = ~np.isnan(outcome)
    spoken = 0.4 * negative + 0.3 * intensity
    each = np.where(known, spoken + 0.3 * np.nan_to_num(outcome), spoken / 0.7)
    detail: dict[str, object] = {
        "p_negative": float(negative.mean()),
        "intensity": float(intensity.mean()),
        "outcome": float(outcome[known].mean()) if known.any() else None,
        "n_outcome": int(known.sum()),
        "leaving": int(leaves.sum()),
    }
    return each, detail


def _lowness(voice: Voice, scales: Mapping[str, tuple[float, float]]) -> float:
    """How low the customer's scores are on their scales, 0 best to 1 worst, their mean; NaN without a score."""
    lows = [(scales[name][1] - voice.scores[name]) / (scales[name][1] - scales[name][0]) for name in OUTCOMES if name in voice.scores]
    return min(1.0, max(0.0, sum(lows) / len(lows))) if lows else math.nan


def _impacts(base: Base, name: str, scale: tuple[float, float]) -> dict[int, Finding]:
    """Mean score of respondents who tell an irritant minus that of the others, q-values over all irritants.

    An association, not a cause. `recoverable` is what the mean would gain were it true of a cause and the irritant gone: an upper bound.
    """
    answers = base.answers[name]
    told = np.unique(np.stack([answers.of_row[base.row], base.column]), axis=1) if len(base.row) else np.zeros((2, 0), dtype=np.int64)
    who, column = told[:, told[0] >= 0].astype(np.int64)
    if not len(who):
        return {}
    contrasts = mean_contrasts(answers.values, who, column, len(base.ids), answers.clusters)
    counts, totals = np.bincount(column, minlength=len(base.ids)), np.bincount(column, answers.values[who], len(base.ids))
    findings = {}
    for place, (contrast, q) in enumerate(zip(contrasts, q_values([found.p_value if found else None for found in contrasts]), strict=True)):
        if contrast is not None:
            n, share = int(counts[place]), float(counts[place] / len(answers.values))
            mean_with = float(totals[place] / n)
            detail: dict[str, object] = {
                "n_with": n,
                "n_without": len(answers.values) - n,
                "mean_with": mean_with,
                "mean_without": mean_with - contrast.value,
                "scale": list(scale),
                "p_value": contrast.p_value,
                "q_value": q,
                "recoverable": -contrast.value * share,
                "recoverable_low": max(0.0, -contrast.high * share) if contrast.high is not None else 0.0,
            }
            findings[place] = Finding(contrast, n, detail)
    return findings
