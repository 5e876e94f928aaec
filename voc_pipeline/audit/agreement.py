"""Whether two people read alike: Krippendorff's alpha, set against the codebook's gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import LEVEL, Ints

GATES: Mapping[str, float] = {"sentiment": 0.75, "not_valued": 0.65, "code": 0.55, "stage": 0.65, "dimension": 0.60, "gap_cue": 0.50}
"""Agreement from which a label can be relied on (codebook 7); "code" is for each code."""
REPLICATES = 500


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree on one label.

    Attributes:
        value: Krippendorff's alpha, 1 for full agreement, 0 for that of chance; None where both gave one and the same answer throughout.
        low, high: Ends of its interval; None where it has none.
        n: Verbatims both answered.
        same: Share of them with the same answer.
        gate: The codebook's, or None.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    same: float
    gate: float | None

    @property
    def verdict(self) -> str:
        """`reached`, `uncertain` (reached, but the interval goes below), `missed`, `unknown` or, without a gate, empty."""
        if self.gate is None:
            return ""
        if self.value is None:
            return "unknown"
        if self.value < self.gate:
            return "missed"
        return "reached" if self.low is not None and self.low >= self.gate else "uncertain"


def alpha(first: Sequence[int] | Ints, second: Sequence[int] | Ints) -> float | None:
    """Krippendorff's alpha of two people, nominal, without blanks.

    Args:
        first, second: Answer of each to each verbatim, as numbers. *Shape:* (n,)

    Returns:
        At most 1; None where there is nothing to tell apart: no verbatim, or one answer throughout.

    Source: Krippendorff (2011), "Computing Krippendorff's alpha-reliability", the nominal case of two observers without missing data.

    >>> alpha([0, 0, 1, 1], [0, 0, 1, 1])
    1.0
    """
    a, b = np.asarray(first), np.asarray(second)
    _, counts = np.unique(np.concatenate([a, b]), return_counts=True)
    if len(counts) < 2:
        return None
    n = int(counts.sum())
    by_chance = n * n - int((counts * counts).sum())
    return 1.0 - (n - 1) * 2 * int((a != b).sum()) / by_chance


def interval_of_alpha(first: Ints, second: Ints, clusters: Ints, gate: float | None, seed: int = 0, replicates: int = REPLICATES) -> Agreement:
    """Alpha with its interval, by a bootstrap over customers.

    Args:
        first, second: Answer of each person. *Shape:* (n,)
        clusters: Customer of each verbatim. *Shape:* (n,)
        gate: To set it against.
        seed: Of the bootstrap.
        replicates: Of the bootstrap.
    """
    n = len(first)
    value = alpha(first, second) if n else None
    same = float(np.mean(first == second)) if n else 0.0
    whose = [np.flatnonzero(clusters == cluster) for cluster in np.unique(clusters)]
    if value is None or len(whose) < 2:
        return Agreement(value, None, None, n, same, gate)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(replicates):
        rows = np.concatenate([whose[i] for i in rng.integers(len(whose), size=len(whose))])
        again = alpha(first[rows], second[rows])
        drawn.append(1.0 if again is None else again)  # one answer throughout, given by both: they agree
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Agreement(value, min(float(low), value), max(float(high), value), n, same, gate)
