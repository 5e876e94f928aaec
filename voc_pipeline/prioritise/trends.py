"""Trend of each record: its rate in the recent weeks over its rate in the weeks before.

Weekly counts vary more than chance alone would have them: a customer speaks twice, a week is bad for everybody. Both are allowed for. Counts are divided
by how many verbatims the customer of one has (`dispersion`), then a **negative-binomial** regression on the weeks, offset by the base of each, gives the
ratio; its extra variance alpha is that of the record's own weeks, drawn toward the one common to all records, and the test uses Student's t on the degrees of
freedom of both. Under `ENOUGH` verbatims, or with fewer than `LEAST` on one side, the **exact conditional** test of two Poisson rates is used
on counts further divided by what the common alpha adds.

Source: codebook 6; Przyborowski and Wilenski (1940); Hilbe (2011), "Negative Binomial Regression"; Robinson and Smyth (2007) for a common dispersion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from voc_pipeline.config import Priority
from voc_pipeline.intervals import Contrast, Floats, Ints, q_values, rate_ratio
from voc_pipeline.prioritise.base import Base, Bools
from voc_pipeline.prioritise.exposure import Contacts, counts_by_week, dispersion, recent_mask, weekly
from voc_pipeline.prioritise.rates import common_dispersion, negative_binomial_ratio

ENOUGH, LEAST = 20, 5
"""Independent verbatims in all, and on each side, from which weeks can be regressed."""
TRUST, SHARED = 28, 8
"""Weeks that the common extra variance is worth, where so many records or more share it; fewer lend less, one lends nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A contrast, the base it stands on, and what explains it."""

    contrast: Contrast
    n: int
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weeks:
    """One record's weeks.

    Attributes:
        counts: Verbatims that tell it, by week. *Shape:* (W,)
        dispersion: Verbatims its customers have each, as counts see it; at least 1.
    """

    counts: Floats
    dispersion: float


def trend_findings(base: Base, settings: Priority, as_of: date, contacts: Contacts, groups: Sequence[Ints] | None = None) -> dict[int, Finding]:
    """Trend of every record, or of every group of verbatims, by place, q-values over all of them; empty where a window holds nothing."""
    weeks = settings.recent_weeks + settings.baseline_weeks
    exposure, week, name = weekly(base, contacts, as_of, weeks)
    recent = recent_mask(weeks, settings.recent_weeks)
    if not exposure[recent].sum() or not exposure[~recent].sum():
        return {}
    told = []
    for rows in base.rows_of if groups is None else groups:
        inside = rows[week[rows] >= 0]
        side = recent[week[inside]].astype(np.int64)
        told.append(Weeks(counts_by_week(week, rows, weeks), dispersion(base.clusters[inside] * 2 + side)))
    findings = trends(told, exposure, recent, settings)
    for finding in findings:
        finding.detail.update(base=name, recent_weeks=settings.recent_weeks, baseline_weeks=settings.baseline_weeks)
    return dict(enumerate(findings))


def trends(told: Sequence[Weeks], exposure: Floats, recent: Bools, settings: Priority) -> list[Finding]:
    """Trends of records that share one base.

    Args:
        told: Weeks of each record.
        exposure: Base of each week, some in either window. *Shape:* (W,)
        recent: Which weeks are recent. *Shape:* (W,)
        settings: Thresholds of the alert.

    Returns:
        One finding a record. Its detail holds both counts and bases, `dispersion`, `alpha`, the `test` used, `p_value`, `q_value`, `alert`, `direction`.
    """
    open_ = exposure > 0  # a week without a base says nothing
    bases = exposure[open_ & recent], exposure[open_ & ~recent]
    independent = [one.counts / one.dispersion for one in told]
    enough = [_enough(counts, recent) for counts in independent]
    rich = [counts[open_] for counts, kept in zip(independent, enough, strict=True) if kept]
    common = common_dispersion(rich, exposure[open_], recent[open_]) if open_.sum() > 2 else 0.0
    trust = TRUST * (max(1, min(len(rich), SHARED)) - 1) // (SHARED - 1)
    findings = []
    for one, counts, regressed in zip(told, independent, enough, strict=True):
        k1, k0 = (round(float(one.counts[side].sum())) for side in (recent, ~recent))
        e1, e0 = (float(side.sum()) for side in bases)
        detail: dict[str, object] = {"recent": k1, "baseline": k0, "recent_base": round(e1), "baseline_base": round(e0), "dispersion": one.dispersion}
        if regressed and open_.sum() > 3:
            contrast, alpha = negative_binomial_ratio(counts[open_], exposure[open_], recent[open_], common, trust)
            detail |= {"test": "negative_binomial", "alpha": alpha}
        else:
            inflation = 1 + common * float(counts.sum()) / max(1, int(open_.sum()))
            contrast = rate_ratio(k1, e1, k0, e0, one.dispersion * inflation)
            detail |= {"test": "exact", "alpha": common}
        findings.append(Finding(contrast, round(e1 + e0), detail | {"p_value": contrast.p_value}))
    for finding, q in zip(findings, q_values([finding.contrast.p_value for finding in findings]), strict=True):
        shown = q is not None and q <= settings.q_value
        finding.detail["q_value"] = q
        finding.detail["alert"] = shown and finding.contrast.value >= settings.rate_ratio
        finding.detail["direction"] = "flat" if not shown else "up" if finding.contrast.value > 1 else "down"
    return findings


def _enough(counts: Floats, recent: Bools) -> bool:
    return float(counts.sum()) >= ENOUGH and min(float(counts[recent].sum()), float(counts[~recent].sum())) >= LEAST
