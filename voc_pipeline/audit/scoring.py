"""What the model is worth on a sample that people have read, and what shares become when its errors are taken out. No words, no files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voc_pipeline.intervals import LEVEL, Floats, Ints
from voc_pipeline.schema import SMALL_BASE

REPLICATES = 1000
LEAST_GAIN = 0.2
"""Sensitivity + specificity - 1 under which dividing by it would say more about noise than about customers."""
PRIOR = 0.5
"""Pseudo verbatims in each cell of a replicate's table (Jeffreys): no error seen is not certainty of none."""


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the ends of its interval. `clipped`: it fell outside of [0, 1] and was brought back."""

    value: float
    low: float
    high: float
    clipped: bool = False


@dataclass(frozen=True)
class Table:
    """What people say against what the model says, for m marks on n verbatims.

    Attributes:
        gold: Share of the people who say the mark applies, in [0, 1]. *Shape:* (n, m)
        said: Whether the model says so. *Shape:* (n, m)
        weights: Verbatims each one stands for. *Shape:* (n,)
        strata: Stratum of each. *Shape:* (n,)
        clusters: Customer of each, from 0. *Shape:* (n,)
        seed: Of the bootstrap.
        replicates: Of the bootstrap.
        inside: Verbatims that the figures are of, all by default; the others still tell the strata's sizes. *Shape:* (n,)
    """

    gold: Floats
    said: NDArray[np.bool_]
    weights: Floats
    strata: Ints
    clusters: Ints
    seed: int = 0
    replicates: int = REPLICATES
    inside: NDArray[np.bool_] | None = None

    def among(self, inside: NDArray[np.bool_]) -> Table:
        """The same sample, figures of some of its verbatims only: a domain of it, whose size in each stratum is itself estimated. *Shape:* (n,)"""
        return replace(self, inside=inside)

    @cached_property
    def _kept(self) -> Floats:
        kept: Floats = np.ones(len(self.gold)) if self.inside is None else self.inside.astype(np.float64)
        return kept

    @property
    def read(self) -> int:
        """Verbatims that the figures are of."""
        return int(self._kept.sum())

    @cached_property
    def positives(self) -> Floats:
        """Verbatims that people say bear the mark, halves counted as halves, without weights. *Shape:* (m,)"""
        positives: Floats = self._kept @ self.gold
        return positives

    def negatives(self, mark: int) -> float:
        """Verbatims that people say do not bear a mark."""
        return self.read - float(self.positives[mark])

    @cached_property
    def _replicates(self) -> Floats:
        """Weights of each replicate: customers weighted anew, each stratum brought back to its size. *Shape:* (replicates, n)"""
        rng = np.random.default_rng(self.seed)
        drawn = rng.exponential(size=(self.replicates, int(self.clusters.max(initial=-1)) + 1))[:, self.clusters] * self.weights
        for stratum in np.unique(self.strata):
            rows = self.strata == stratum
            drawn[:, rows] *= self.weights[rows].sum() / drawn[:, rows].sum(axis=1, keepdims=True)
        return drawn

    def _cells(self, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """True and false positives, false and true negatives. *Shape:* (..., m) each."""
        said, weights = self.said.astype(np.float64), weights * self._kept
        both, gold, model = weights @ (self.gold * said), weights @ self.gold, weights @ said
        total = weights.sum(axis=-1)[..., None]
        return both, model - both, gold - both, total - gold - model + both

    @cached_property
    def _drawn(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The four cells in each replicate, the prior's pseudo verbatims among them. *Shape:* (replicates, m) each."""
        rng = np.random.default_rng([self.seed, 1])
        mean = float(self.weights @ self._kept) / max(1, self.read)
        cells = self._cells(self._replicates)
        a, b, c, d = (np.maximum(cell, 0) + rng.gamma(PRIOR, size=cell.shape) * mean for cell in cells)
        return a, b, c, d

    def f1(self, mark: int) -> Range:
        """F1 of one mark."""
        tp, fp, fn, _ = (cell[mark] for cell in self._cells(self.weights))
        a, b, c, _ = (cell[:, mark] for cell in self._drawn)
        return _range(_f1(tp, fp, fn), 2 * a / (2 * a + b + c))

    def macro_f1(self) -> tuple[Range, int] | None:
        """Mean F1 of the marks people used, and how many those are; None if they used none."""
        used = self.positives > 0
        if not used.any():
            return None
        tp, fp, fn, _ = (cell[used] for cell in self._cells(self.weights))
        a, b, c, _ = (cell[:, used] for cell in self._cells(self._replicates))
        return _range(float(np.mean(_f1(tp, fp, fn))), _f1(a, b, c).mean(axis=1)), int(used.sum())

    def sensitivity(self, mark: int) -> Range:
        """Share of the verbatims that bear the mark which the model sees."""
        tp, _, fn, _ = (cell[mark] for cell in self._cells(self.weights))
        a, _, c, _ = (cell[:, mark] for cell in self._drawn)
        return _range(float(tp / (tp + fn)) if tp + fn else 0.0, a / (a + c))

    def specificity(self, mark: int) -> Range:
        """Share of the others which the model leaves unmarked."""
        _, fp, _, tn = (cell[mark] for cell in self._cells(self.weights))
        _, b, _, d = (cell[:, mark] for cell in self._drawn)
        return _range(float(tn / (tn + fp)) if tn + fp else 0.0, d / (b + d))

    def corrected(self, mark: int, share: float, effective_n: float) -> Range | str:
        """The share of a run with the model's errors taken out: (p + Sp - 1) / (Se + Sp - 1), kept in [0, 1].

        The interval holds the sampling error of the audit and that of the run.

        Args:
            mark: Which one.
            share: What the model says of the run, p.
            effective_n: Base of that share in independent verbatims.

        Returns:
            The share; or why it cannot be told: `few_positives`, `few_negatives` (under 30 in the sample), `weak` (the model hardly tells them apart),
            `contradicted` (no true share, were it none or all, gives the raw one with these errors: they are not those made here).

        Source: Rogan and Gladen (1978), "Estimating prevalence from the results of a screening test".
        """
        return corrected_by(self, self, mark, share, effective_n)

    def rates(self, mark: int) -> tuple[Floats, Floats]:
        """Sensitivity and specificity in each replicate. *Shape:* (replicates,) each."""
        a, b, c, d = (cell[:, mark] for cell in self._drawn)
        return a / (a + c), d / (b + d)


def corrected_by(seen: Table, spared: Table, mark: int, share: float, effective_n: float) -> Range | str:
    """A share with the model's errors taken out, each kind of error measured on verbatims of its own.

    Args:
        seen: Part of a sample that gives the sensitivity.
        spared: Part of the same sample that gives the specificity.
        mark: Which one.
        share: What the model says, p.
        effective_n: Base of that share in independent verbatims.

    Returns:
        As `Table.corrected`.
    """
    if seen.positives[mark] < SMALL_BASE:
        return "few_positives"
    if spared.negatives(mark) < SMALL_BASE:
        return "few_negatives"
    se, sp = seen.sensitivity(mark).value, spared.specificity(mark).value
    drawn_se, drawn_sp = seen.rates(mark)[0], spared.rates(mark)[1]
    gain = drawn_se + drawn_sp - 1
    if se + sp - 1 < LEAST_GAIN or np.quantile(gain, (1 - LEVEL) / 2) <= LEAST_GAIN / 4:
        return "weak"
    rng = np.random.default_rng([seen.seed, 2 + mark])
    observed = rng.beta(share * effective_n + PRIOR, (1 - share) * effective_n + PRIOR, size=seen.replicates)
    point = rogan_gladen(share, se, sp)
    drawn = (observed + drawn_sp - 1) / np.maximum(gain, LEAST_GAIN / 4)
    free = _range(point, drawn)
    if free.low >= 1 or free.high <= 0:
        return "contradicted"
    return replace(_range(_clipped(point), np.clip(drawn, 0, 1)), clipped=not 0 <= point <= 1)


def rogan_gladen(share: float, sensitivity: float, specificity: float) -> float:
    """The true share behind a share told by an imperfect reader; may fall outside [0, 1].

    >>> round(rogan_gladen(0.22, 0.8, 0.9), 3)
    0.171
    """
    return (share + specificity - 1) / (sensitivity + specificity - 1)


def spread(sizes: Ints, strata: Ints) -> Floats:
    """Weight of each answered verbatim: its stratum's size over how many of it were answered. *Shape:* (n,)

    Args:
        sizes: Of the strata, N_h. *Shape:* (strata,)
        strata: Stratum of each answered verbatim. *Shape:* (n,)
    """
    answered = np.bincount(strata, minlength=len(sizes))
    weights: Floats = sizes[strata] / answered[strata]
    return weights


def _f1(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    whole = 2 * tp + fp + fn
    found: Floats = np.divide(2 * tp, whole, out=np.zeros_like(np.asarray(whole, dtype=np.float64)), where=np.asarray(whole) > 1e-12)
    return found


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))


def _range(value: float | Floats, drawn: Floats) -> Range:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    point = float(value)
    return Range(point, min(float(low), point), max(float(high), point))
