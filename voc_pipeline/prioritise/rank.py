"""The priority of irritants, its stored parts, and the ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from voc_pipeline.config import PARTS, Priority
from voc_pipeline.prioritise.base import Base
from voc_pipeline.prioritise.drivers import lower_bounds
from voc_pipeline.prioritise.irritants import Standing
from voc_pipeline.schema import IrritantKind, Metric

EIGHTFOLD = 3.0


def rank_figures(
    base: Base,
    standings: Sequence[Standing],
    settings: Priority,
    scales: Mapping[str, tuple[float, float]],
    bounds: Mapping[str, Mapping[str, float]],
) -> Iterator[Metric]:
    """Parts, priority and rank of irritants; strengths and suggestions rank by mentions, each kind on its own.

    Args:
        base: The verbatims.
        standings: What each record's priority is made from.
        settings: Weights.
        scales: Lowest and highest answer of each score.
        bounds: By score with an adjusted model, then predictor: what it would give back of the score at least.
    """
    of_kind = {kind: [standing for standing in standings if base.kinds[standing.place] is kind] for kind in IrritantKind}
    yield from _priorities(base, of_kind[IrritantKind.IRRITANT], settings, scales, bounds)
    for kind in (IrritantKind.STRENGTH, IrritantKind.SUGGESTION):
        for place, rank in _ranked(of_kind[kind], lambda standing: (-standing.mentions,)).items():
            mentions = len(base.rows_of[place])
            yield Metric("irritant", base.ids[place], "rank", rank, n=mentions, detail={"of": len(of_kind[kind])})


def _priorities(
    base: Base,
    standings: Sequence[Standing],
    settings: Priority,
    scales: Mapping[str, tuple[float, float]],
    bounds: Mapping[str, Mapping[str, float]],
) -> Iterator[Metric]:
    if not standings:
        return
    weights = {name: settings.weights.get(name, 0.0) for name in PARTS}
    widest, most = max(standing.share for standing in standings), max(standing.customers for standing in standings)
    impacts = {s.place: deepest({name: found.contrast.high for name, found in s.impacts.items()}, scales) for s in standings}
    parts = {
        standing.place: {
            "volume": standing.share / widest if widest else 0.0,
            "customers": standing.customers / most if most else 0.0,
            "severity": standing.severity,
            "not_valued": standing.not_valued_low,
            "trend": _growth(standing),
            "impact": min(1.0, max(0.0, impacts[standing.place][1])),
        }
        for standing in standings
    }
    priority = {place: round(sum(weights[name] * part[name] for name in PARTS) / sum(weights.values()), 9) for place, part in parts.items()}
    ranks = _ranked(standings, lambda s: (-priority[s.place], -s.mentions))
    plain = _ranked(standings, lambda s: (-round(s.share * s.severity, 9), -s.mentions))
    back = {standing.place: round(_recoverable(base.ids[standing.place], standing, scales, bounds), 9) for standing in standings}
    recoverable = _ranked(standings, lambda s: (-back[s.place], -round(parts[s.place]["trend"], 9), -round(s.not_valued_low, 9), -s.mentions))
    apart = max(3, math.ceil(len(standings) / 5))
    grave = float(np.quantile([standing.severity for standing in standings], 0.75))
    usual = float(np.median([standing.share for standing in standings]))
    for standing in standings:
        irritant_id, place, n = base.ids[standing.place], standing.place, standing.mentions
        for name in PARTS:
            told = {"weight": weights[name]} | ({"outcome": impacts[place][0]} if name == "impact" else {})
            yield Metric("irritant", irritant_id, f"part.{name}", parts[place][name], n=n, detail=told)
        yield Metric("irritant", irritant_id, "priority", priority[place], n=n, detail={"weights": weights})
        detail = {
            "of": len(standings),
            "frequency_severity_rank": plain[place],
            "recoverable_rank": recoverable[place],
            "recoverable_low": back[place],
            "disagreement": abs(plain[place] - ranks[place]) >= apart,
            "rare_but_grave": len(standings) >= 4 and n > 0 and standing.severity >= grave and standing.share < usual,
        }
        yield Metric("irritant", irritant_id, "rank", ranks[place], n=n, detail=detail)


def _ranked(standings: Sequence[Standing], key: Callable[[Standing], tuple[float, ...]]) -> dict[int, int]:
    """Ranks from 1 by place; equals by id, which is the order of places."""
    ordered = sorted(standings, key=lambda standing: (*key(standing), standing.place))
    return {standing.place: rank for rank, standing in enumerate(ordered, start=1)}


def _growth(standing: Standing) -> float:
    low = standing.trend.low if standing.trend else None
    return min(1.0, max(0.0, math.log2(low) / EIGHTFOLD)) if low else 0.0


def deepest(highs: Mapping[str, float | None], scales: Mapping[str, tuple[float, float]]) -> tuple[str, float]:
    """The score that an irritant lowers most, which sets what its impact weighs, and by how much at least.

    Args:
        highs: By score, the upper end of the difference between those who tell it and the others, in its own units; None without an interval.
        scales: Lowest and highest answer of each score.

    Returns:
        The score, and the lower bound of its drop over half the scale: negative where no drop is sure. ("", 0.0) without any.

    >>> deepest({"nps": 0.5, "stars": -1.0}, {"nps": (0, 10), "stars": (1, 5)})
    ('stars', 0.5)
    """
    drops = {name: -high / ((scales[name][1] - scales[name][0]) / 2) for name, high in highs.items() if high is not None}
    return max(drops.items(), key=lambda one: one[1], default=("", 0.0))


def _recoverable(irritant_id: str, standing: Standing, scales: Mapping[str, tuple[float, float]], bounds: Mapping[str, Mapping[str, float]]) -> float:
    """Lower bound of what the mean score would gain without it, the largest of the scores, as a share of the scale; unadjusted without a model."""
    found = [0.0]
    for name, impact in standing.impacts.items():
        adjusted = lower_bounds(bounds, name, irritant_id)
        least = float(str(impact.detail["recoverable_low"])) if adjusted is None else adjusted
        found.append(least / (scales[name][1] - scales[name][0]))
    return max(found)
