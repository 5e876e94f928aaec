"""What to watch in a registry that lives: irritants that drift from their core, that nobody tells any more, and what no irritant claims. Pure statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from voc_pipeline.registry.cosines import Floats, cosines, exact
from voc_pipeline.schema import Irritant

RECENT_DAYS = 56
"""Mentions this young are set against those before them."""
LEAST_RECENT, LEAST_EARLIER = 12, 24
"""Verbatims on each side from which drift can be told."""
DRIFT_Q, DRIFT_EFFECT = 0.05, 0.3
"""Benjamini-Hochberg q-value over all irritants, and rank-biserial correlation, from which an irritant is said to drift."""
LEAST_GROUP = 3
"""Sentences that make a loose group of the remainder."""
REMAINDER_P, REMAINDER_POINTS = 0.05, 0.02
"""From which a remainder is said to grow: p of the difference of shares, and the difference itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """One mention as drift sees it: when, and how near to the founding exemplars it is."""

    verbatim_id: str
    position: int
    day: date
    score: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How the recent mentions of an irritant lie to its founding exemplars, against the earlier ones.

    Attributes:
        effect: Rank-biserial correlation: 0 where recent ones are as near, 1 where every one is farther than every earlier one.
        q: Of a one-sided Mann-Whitney test, corrected over all irritants tested.
        flagged: Both are beyond what `DRIFT_Q` and `DRIFT_EFFECT` ask.
        examples: The three recent mentions farthest from the core: (verbatim id, position).
    """

    irritant_id: str
    recent: float
    earlier: float
    n_recent: int
    n_earlier: int
    effect: float
    q: float
    flagged: bool
    examples: tuple[tuple[str, int], ...]


def drifts(said: Mapping[str, Sequence[Said]], as_of: date) -> list[Drift]:
    """Which irritants move away from their core.

    Args:
        said: By irritant, its mentions but for the founding exemplars themselves; of one verbatim, the nearest counts.
        as_of: Day the run speaks of.

    Returns:
        One a tested irritant, by id: those with enough mentions on both sides.

    Source: Mann & Whitney (1947); Benjamini & Hochberg (1995).
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    tested: list[tuple[str, list[Said], list[Said], float, float]] = []
    for irritant_id, mentions in sorted(said.items()):
        nearest: dict[str, Said] = {}
        for one in sorted(mentions, key=lambda one: (-one.score, one.verbatim_id, one.position)):
            nearest.setdefault(one.verbatim_id, one)
        recent = [one for one in nearest.values() if one.day > as_of - timedelta(days=RECENT_DAYS)]
        earlier = [one for one in nearest.values() if one.day <= as_of - timedelta(days=RECENT_DAYS)]
        if len(recent) >= LEAST_RECENT and len(earlier) >= LEAST_EARLIER:
            u, p = mannwhitneyu([one.score for one in recent], [one.score for one in earlier], alternative="less")
            tested.append((irritant_id, recent, earlier, 1 - 2 * float(u) / (len(recent) * len(earlier)), float(p)))
    if not tested:
        return []
    q_values = false_discovery_control([p for *_, p in tested])
    return [
        Drift(
            irritant_id=irritant_id,
            recent=round(float(np.median([one.score for one in recent])), 6),
            earlier=round(float(np.median([one.score for one in earlier])), 6),
            n_recent=len(recent),
            n_earlier=len(earlier),
            effect=round(effect, 6),
            q=round(float(q), 6),
            flagged=bool(q <= DRIFT_Q and effect >= DRIFT_EFFECT),
            examples=tuple((one.verbatim_id, one.position) for one in sorted(recent, key=lambda one: (one.score, one.verbatim_id))[:3]),
        )
        for (irritant_id, recent, earlier, effect, _), q in zip(tested, q_values, strict=True)
    ]


def resting(
    records: Sequence[Irritant], last_told: Mapping[str, date], as_of: date, first_day: date | None, days: int
) -> tuple[list[str], list[str]]:
    """Which records retire, and which come back.

    Args:
        records: As they stand.
        last_told: By id, the day of the latest mention.
        as_of: Day the run speaks of.
        first_day: First day of what the run has read; None where nothing is dated.
        days: Without a mention, after which a record retires.

    Returns:
        Ids of active records that nobody told for that long (pinned ones and parts stay, and nothing retires where less was read), and of retired ones told
        since; both sorted.
    """
    limit = as_of - timedelta(days=days)
    read_enough = first_day is not None and first_day <= limit
    rest = [r.id for r in records if r.status == "active" and not r.pinned and not r.parent and last_told.get(r.id, date.min) < limit and read_enough]
    back = [r.id for r in records if r.status == "retired" and last_told.get(r.id, date.min) >= limit]
    return sorted(rest), sorted(back)


def loose_groups(x: Floats, level: float, most: int = 8) -> list[list[int]]:
    """The largest groups of what no irritant claims, each around the sentence that most others are near.

    Args:
        x: Vectors of length one. *Shape:* (n, dim).
        level: Cosine from which two sentences are near.
        most: Groups at most.

    Returns:
        Rows of each group, its middle first, then the nearest to it; largest group first. Exact: nothing is drawn.
    """
    if not len(x):
        return []
    rows = exact(x)
    near = cosines(rows, rows)
    free = np.ones(len(x), bool)
    groups: list[list[int]] = []
    while len(groups) < most:
        neighbours = ((near >= level) & free[None, :]).sum(1) * free
        middle = int(neighbours.argmax())
        if neighbours[middle] < LEAST_GROUP:
            break
        members = np.flatnonzero((near[middle] >= level) & free)
        ordered = sorted(map(int, members), key=lambda row: (row != middle, -near[middle, row], row))
        groups.append(ordered)
        free[members] = False
    return groups


def remainder_growth(now: tuple[int, int], before: tuple[int, int]) -> tuple[float, float, bool]:
    """Whether the share that no irritant claims grew since the run before.

    Args:
        now: (unclaimed, all) sentences of this run.
        before: The same of the run before.

    Returns:
        Difference of the shares, p of a two-sided test of it, and whether that is a warning.
    """
    from scipy.stats import norm

    (k, n), (j, m) = now, before
    if not n or not m:
        return 0.0, 1.0, False
    difference, pooled = k / n - j / m, (k + j) / (n + m)
    spread = (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
    p = float(2 * norm.sf(abs(difference) / spread)) if spread else 1.0
    return round(difference, 6), round(p, 6), bool(p <= REMAINDER_P and difference >= REMAINDER_POINTS)
