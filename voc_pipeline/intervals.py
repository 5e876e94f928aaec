"""Estimates that stay honest when one customer speaks several times: shares, balances, means, contrasts, and tests under multiplicity.

One idea throughout: the sum over a customer's verbatims, not the verbatim, is what varies independently. A share's variance is taken from those sums
(linearisation), compared with what independent verbatims would give (the design effect), and the base is divided by it: the *effective* base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates of m quantities on one base.

    Attributes:
        value, low, high: *Shape:* (m,). NaN where nothing can be said.
        effective_n: The base in independent verbatims. *Shape:* (m,).
        n: The base in verbatims.
    """

    value: Floats
    low: Floats
    high: Floats
    effective_n: Floats
    n: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference or a ratio, its interval and the p-value of no difference; None where the base does not carry it."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None


def customer_codes(customers: Sequence[str], alone: Sequence[str]) -> Ints:
    """Numbers the clusters of a base.

    Args:
        customers: Customer of each row, "" where unknown.
        alone: What tells the rows without a customer apart, such as the verbatim's id.

    Returns:
        One code a row, 0 to G - 1; equal codes, same customer. *Shape:* (n,)
    """
    names = [f"c{customer}" if customer else f"v{own}" for customer, own in zip(customers, alone, strict=True)]
    return np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64) if names else np.zeros(0, dtype=np.int64)


def wilson_interval(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval for a share, honest when n is small.

    Args:
        successes: Verbatims that bear the mark, 0 <= successes <= n; need not be whole (an effective count).
        n: Verbatims analysed; need not be whole (an effective base).
        level: Two-sided coverage, in (0, 1).

    Returns:
        (low, high), each a share in [0, 1]; (0.0, 1.0) if n is 0.

    Raises:
        ValueError: successes is negative or above n.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    >>> low, high = wilson_interval(0, 30)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.114)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie in [0, {n}], found {successes}")
    if n == 0:
        return 0.0, 1.0
    low, high = _wilson(np.array([successes / n]), np.array([float(n)]), level)
    return float(low[0]), float(high[0])


def _wilson(share: Floats, n: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(share * n, n, alpha=1 - level, method="wilson")
    return np.clip(np.minimum(low, share), 0, 1), np.clip(np.maximum(high, share), 0, 1)


def shares(row: Ints, column: Ints, n_columns: int, clusters: Ints) -> Estimates:
    """Shares of a base that bear each of m marks: Wilson intervals on the effective base.

    Where a mark is on all rows or on none, the data say nothing of how alike a customer's verbatims are; they are then taken as one (Kish).

    Args:
        row: Row of each (row, mark) pair, each pair once. *Shape:* (pairs,)
        column: Mark of each pair. *Shape:* (pairs,)
        n_columns: m.
        clusters: Customer of each row. *Shape:* (n,)

    Returns:
        m shares in [0, 1]; (0, 1) as interval and NaN as value where the base is empty.

    Source: Wilson (1927); Kish (1965), "Survey sampling"; Dean and Pagano (2015), "Evaluating confidence interval methods for binomial proportions in
    clustered surveys".
    """
    n = len(clusters)
    if n == 0:
        nothing = np.full(n_columns, np.nan)
        return Estimates(nothing, np.zeros(n_columns), np.ones(n_columns), np.zeros(n_columns), 0)
    sizes = np.bincount(clusters).astype(np.float64)
    n_clusters, kish = int((sizes > 0).sum()), n**2 / (sizes**2).sum()
    k = np.bincount(column, minlength=n_columns).astype(np.float64)
    cell, told = np.unique(clusters[row] * n_columns + column, return_counts=True)
    of_cluster, of_column = sizes[cell // n_columns], cell % n_columns
    share = k / n
    between = (
        np.bincount(of_column, told.astype(np.float64) ** 2, n_columns)
        - 2 * share * np.bincount(of_column, told * of_cluster, n_columns)
        + share**2 * (sizes**2).sum()
    )
    effective = _effective(between, k * (1 - share), n, n_clusters, kish)
    low, high = _wilson(share, effective)
    return Estimates(share, low, high, effective, n)


def _effective(between: Floats, within: Floats, n: int, n_clusters: int, kish: float) -> Floats:
    """Effective base from squared cluster sums of residuals and squared residuals.

    Never above n, and n itself where nobody speaks twice; Kish's where there is no residual; else shortened by (z / t)^2 for a design effect that is
    itself estimated, from few customers (Korn and Graubard).
    """
    from scipy.stats import norm, t

    if n_clusters == n or n_clusters < 2:
        return np.full(len(between), kish)
    with np.errstate(divide="ignore", invalid="ignore"):
        design = (between * n_clusters / (n_clusters - 1)) / (within * n / (n - 1))
    known = within > 1e-9
    tail = (1 - LEVEL) / 2
    effective: Floats = np.where(known, n / np.maximum(np.where(known, design, 1.0), 1.0), kish)
    return effective * float(norm.isf(tail) / t.isf(tail, n_clusters - 1)) ** 2


def _design(values: Floats, clusters: Ints) -> float:
    """Effective base of a mean."""
    residual = values - values.mean()
    sizes = np.bincount(clusters).astype(np.float64)
    sums = np.bincount(clusters, residual)
    kish = len(values) ** 2 / (sizes**2).sum()
    return float(_effective(np.array([(sums**2).sum()]), np.array([(residual**2).sum()]), len(values), int((sizes > 0).sum()), kish)[0])


def balance(signs: ArrayLike, clusters: Ints) -> Estimates:
    """Share of +1 minus share of -1, such as the NPS or net regard, in [-1, 1].

    The standard error is the codebook's, sqrt((p + d - (p - d)^2) / n), on the effective base and with three pseudo answers (3/4, 3/2, 3/4), so that
    unanimous or few answers do not look certain.

    Args:
        signs: +1, 0 or -1 for each row. *Shape:* (n,)
        clusters: Customer of each row. *Shape:* (n,)

    Returns:
        One estimate; NaN and (-1, 1) on an empty base.

    Source: Rocks (2016), "Interval estimation for the Net Promoter Score".
    """
    from scipy.stats import norm

    sign = np.asarray(signs, dtype=np.float64)
    if not len(sign):
        return Estimates(np.array([np.nan]), np.array([-1.0]), np.array([1.0]), np.zeros(1), 0)
    effective = _design(sign, clusters)
    up, down = ((np.mean(sign == side) * effective + 0.75) / (effective + 3) for side in (1, -1))
    half = norm.isf((1 - LEVEL) / 2) * np.sqrt((up + down - (up - down) ** 2) / (effective + 3))
    value = float(sign.mean())
    low, high = max(-1.0, min(value, up - down - half)), min(1.0, max(value, up - down + half))
    return Estimates(np.array([value]), np.array([low]), np.array([high]), np.array([effective]), len(sign))


def mean(values: ArrayLike, clusters: Ints) -> Estimates:
    """A mean with its t interval on the effective base; no interval (NaN) from a single customer.

    Args:
        values: *Shape:* (n,)
        clusters: Customer of each row. *Shape:* (n,)

    Returns:
        One estimate; NaN on an empty base.
    """
    from scipy.stats import t

    y = np.asarray(values, dtype=np.float64)
    if not len(y):
        nothing = np.array([np.nan])
        return Estimates(nothing, nothing, nothing, np.zeros(1), 0)
    effective, n_clusters = _design(y, clusters), len(np.unique(clusters))
    half = float(t.isf((1 - LEVEL) / 2, n_clusters - 1) * y.std(ddof=1) / np.sqrt(effective)) if n_clusters > 1 else np.nan
    value = float(y.mean())
    return Estimates(np.array([value]), np.array([value - half]), np.array([value + half]), np.array([effective]), len(y))


def mean_contrasts(values: ArrayLike, row: Ints, column: Ints, n_columns: int, clusters: Ints) -> list[Contrast | None]:
    """Mean of the rows that bear a mark minus mean of the others, for each of m marks.

    The point estimate and, with many customers, the interval are those of ordinary least squares on the mark with errors clustered by customer
    (CR1). With few customers that interval is too narrow, so here: each side's residuals carry its own correction G/(G - 1) (Welch's variance where
    everyone speaks once); the variance is never below the classical pooled one (three equal answers are not certainty); degrees of freedom
    are those of the smaller side.

    Args:
        values: *Shape:* (n,)
        row: Row of each (row, mark) pair, each pair once. *Shape:* (pairs,)
        column: Mark of each pair. *Shape:* (pairs,)
        n_columns: m.
        clusters: Customer of each row. *Shape:* (n,)

    Returns:
        One contrast per mark; None where one side is empty; no interval where one side has a single customer.

    Source: Cameron and Miller (2015), "A practitioner's guide to cluster-robust inference".
    """
    from scipy.stats import t

    y = np.asarray(values, dtype=np.float64)
    n, size = len(y), int(clusters.max(initial=-1)) + 1
    all_n, all_y = np.bincount(clusters, minlength=size).astype(np.float64), np.bincount(clusters, y, size)
    squares = float((y**2).sum())
    order = np.argsort(column, kind="stable")
    parts = np.split(row[order], np.searchsorted(column[order], np.arange(1, n_columns)))
    out: list[Contrast | None] = []
    for part in parts:
        n1, n0 = len(part), n - len(part)
        if not n1 or not n0:
            out.append(None)
            continue
        with_n, with_y = np.bincount(clusters[part], minlength=size).astype(np.float64), np.bincount(clusters[part], y[part], size)
        rest_n, rest_y = all_n - with_n, all_y - with_y
        mean1, mean0 = float(with_y.sum() / n1), float(rest_y.sum() / n0)
        g1, g0 = int((with_n > 0).sum()), int((rest_n > 0).sum())
        if min(g1, g0) < 2:
            out.append(Contrast(mean1 - mean0, None, None, None))
            continue
        pull = np.sqrt(g1 / (g1 - 1)) * (with_y - mean1 * with_n) / n1 - np.sqrt(g0 / (g0 - 1)) * (rest_y - mean0 * rest_n) / n0
        pooled = max(0.0, squares - n1 * mean1**2 - n0 * mean0**2) / (n - 2)
        variance = max(float((pull**2).sum()), pooled * (1 / n1 + 1 / n0))
        error, freedom = float(np.sqrt(variance)), min(g1, g0) - 1
        half = float(t.isf((1 - LEVEL) / 2, freedom)) * error
        difference = mean1 - mean0
        p_value = float(2 * t.sf(abs(difference) / error, freedom)) if error > 1e-12 else float(abs(difference) < 1e-12)
        out.append(Contrast(difference, difference - half, difference + half, p_value))
    return out


def share_ratio(marked: tuple[float, float], others: tuple[float, float]) -> Contrast:
    """How many times higher a share is on one side than on the other, from the Wilson intervals of both (MOVER).

    Args:
        marked: (share, effective base) of the rows that bear the mark; base above 0.
        others: The same for the rest.

    Returns:
        The ratio, without a p-value; where the rest has none, half a success is added to each side and `high` is None.

    Source: Donner and Zou (2012), "Closed-form confidence intervals for functions of the normal mean and standard deviation".
    """
    (p1, n1), (p0, n0) = marked, others
    (l1, u1), (l0, u0) = wilson_interval(p1 * n1, n1), wilson_interval(p0 * n0, n0)
    product = p1 * p0
    low = (product - np.sqrt(max(0.0, product**2 - l1 * u0 * (2 * p1 - l1) * (2 * p0 - u0)))) / (u0 * (2 * p0 - u0)) if u0 != 2 * p0 else l1 / u0
    if p0 == 0:
        return Contrast(((p1 * n1 + 0.5) / (n1 + 1)) / (0.5 / (n0 + 1)), max(0.0, float(low)), None, None)
    high = (product + np.sqrt(max(0.0, product**2 - u1 * l0 * (2 * p1 - u1) * (2 * p0 - l0)))) / (l0 * (2 * p0 - l0))
    return Contrast(p1 / p0, max(0.0, float(low)), float(high), None)


def rate_ratio(recent: int, recent_base: float, before: int, before_base: float, dispersion: float = 1.0) -> Contrast:
    """Rate in a recent window over the rate before, with the exact conditional test of no change.

    Given the total, the recent count is binomial. Where customers repeat themselves, both counts are divided by the dispersion and rounded down
    before the test, so that one customer's ten verbatims are not ten customers.

    Args:
        recent, before: Verbatims that bear the mark in each window.
        recent_base, before_base: Verbatims analysed, or contacts, in each window, above 0.
        dispersion: Mean cluster size as counts see it, sum of squares over sum, at least 1.

    Returns:
        The ratio with its exact (Clopper-Pearson) interval and two-sided p-value. Half a verbatim is added to each count where the earlier one is 0,
        and `high` is then None.

    Raises:
        ValueError: A window without a base.

    Source: Przyborowski and Wilenski (1940), "Homogeneity of results in testing samples from Poisson series".
    """
    from scipy.stats import binomtest

    if recent_base <= 0 or before_base <= 0:
        raise ValueError("both windows need a base")
    odds = before_base / recent_base
    ratio = recent / before * odds if before else (recent + 0.5) / 0.5 * odds if recent else 1.0
    k1, k0 = (int(count / dispersion + 1e-9) for count in (recent, before))
    if k1 + k0 == 0:
        return Contrast(ratio, 0.0, None, 1.0)
    test = binomtest(k1, k1 + k0, recent_base / (recent_base + before_base))
    bounds = test.proportion_ci(LEVEL, method="exact")
    low = float(bounds.low / (1 - bounds.low) * odds) if bounds.low < 1 else 0.0
    high = float(bounds.high / (1 - bounds.high) * odds) if bounds.high < 1 else None
    return Contrast(ratio, min(low, ratio), None if high is None or not before else max(high, ratio), float(test.pvalue))


def shift(now: tuple[float, int, float], before: tuple[float, int], overlap: int, variance: float) -> Contrast:
    """A mean now minus the same mean of an earlier, overlapping base.

    What both bases share cannot move the difference: Var = s^2 (1/n1 + 1/n0 - 2 o / (n1 n0)), o verbatims being in both.

    Args:
        now: (mean, base, effective base).
        before: (mean, base).
        overlap: Verbatims in both bases.
        variance: Of one row, s^2 on bases pooled.

    Returns:
        The difference with its interval and p-value; p-value 1 where the bases are the same.
    """
    from scipy.stats import norm

    (mean1, n1, effective), (mean0, n0) = now, before
    shared = max(0, min(overlap, n1, n0))
    design = n1 / effective if effective else 1.0
    error = float(np.sqrt(max(0.0, variance * design * (1 / n1 + 1 / n0 - 2 * shared / (n1 * n0)))))
    difference = mean1 - mean0
    half = float(norm.isf((1 - LEVEL) / 2)) * error
    return Contrast(difference, difference - half, difference + half, float(2 * norm.sf(abs(difference) / error)) if error > 1e-12 else 1.0)


def q_values(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini-Hochberg q-values of one family of tests; None stays None and is not counted.

    Source: Benjamini and Hochberg (1995), "Controlling the false discovery rate".
    """
    from scipy.stats import false_discovery_control

    known = [p for p in p_values if p is not None]
    adjusted = iter(false_discovery_control(known, method="bh").tolist() if known else [])
    return [None if p is None else float(next(adjusted)) for p in p_values]
