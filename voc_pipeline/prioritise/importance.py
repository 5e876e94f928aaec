"""How much of what a score varies by goes with each predictor, and how sure that ranking is: Johnson's relative weights and a bootstrap of customers.

Every resample is a matrix of cross-products, a weighted sum of those of customers, so that a thousand of them take one multiplication and one batched
eigendecomposition. Controls are taken out first (Frisch, Waugh and Lovell), in each resample anew.

Source: Johnson (2000), "A heuristic method for estimating the relative weight of predictor variables in multiple regression"; Field and Welsh (2007),
"Bootstrapping clustered data".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voc_pipeline.intervals import Floats, Ints

Times = npt.NDArray[np.uint16]

RESAMPLES = 1000
SEED = 20260101
_CHUNK = 256
"""Pairs of columns held at once."""
_HELD = 4_000_000
"""Customers times resamples drawn, and multiplied, at once: 32 MB."""
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Importance:
    """Of k predictors.

    Attributes:
        weights: Share of the score's variance beyond the controls that goes with each; they sum to the share that all explain. *Shape:* (k,)
        low, high: 95 % percentiles over resamples. *Shape:* (k,)
        ranks: 1 for the largest weight. *Shape:* (k,)
        rank_low, rank_high: Best and worst rank, 95 % percentiles over resamples. *Shape:* (k,)
        slopes: Slope of each predictor in each resample. *Shape:* (resamples, k)
        shares: Mean of each predictor in each resample. *Shape:* (resamples, k)
    """

    weights: Floats
    low: Floats
    high: Floats
    ranks: Ints
    rank_low: Ints
    rank_high: Ints
    slopes: Floats
    shares: Floats


def relative_weights(correlations: Floats, with_score: Floats) -> Floats:
    """Johnson's relative weights.

    Args:
        correlations: Between predictors. *Shape:* (..., k, k)
        with_score: Of each predictor with the score. *Shape:* (..., k)

    Returns:
        Weights, their sum is the squared multiple correlation. *Shape:* (..., k)
    """
    values, vectors = np.linalg.eigh(correlations)
    roots = np.sqrt(np.clip(values, _TINY, None))
    turned = np.swapaxes(vectors, -1, -2)
    loadings = (vectors * roots[..., None, :]) @ turned
    slopes = (((vectors / roots[..., None, :]) @ turned) @ with_score[..., None])[..., 0]
    weights: Floats = ((loadings**2) @ (slopes**2)[..., None])[..., 0]
    return weights


def importance(score: Floats, flags: Floats, controls: Floats, clusters: Ints, resamples: int = RESAMPLES) -> Importance:
    """Relative weights of predictors beyond controls, with the ranks that a bootstrap of customers leaves possible.

    Args:
        score: *Shape:* (n,)
        flags: Predictors. *Shape:* (n, k)
        controls: Without a constant. *Shape:* (n, c)
        clusters: Customer of each row, from 0 without holes. *Shape:* (n,)
        resamples: B.
    """
    n, k = flags.shape
    rows = np.column_stack([np.ones(n), controls, flags, score])
    products = _products(rows, clusters, _drawn(int(clusters.max()) + 1, resamples))
    first = 1 + controls.shape[1]
    outer, inner = products[:, :first, :first], products[:, first:, first:]
    across = products[:, :first, first:]
    ridge = _TINY * np.maximum(np.trace(outer, axis1=1, axis2=2), 1)[:, None, None] * np.eye(first)
    partial = inner - np.swapaxes(across, 1, 2) @ np.linalg.solve(outer + ridge, across)
    predictors, with_score, whole = partial[:, :k, :k], partial[:, :k, k], partial[:, k, k]
    shares = products[:, 0, first : first + k] / products[:, 0, :1]
    spread = np.diagonal(predictors, axis1=1, axis2=2)
    present = spread > 1e-7 * n
    deviation = np.sqrt(np.where(present, spread, 1.0))
    both = present[:, :, None] & present[:, None, :]
    correlations = np.where(both, predictors / (deviation[:, :, None] * deviation[:, None, :]), 0.0)
    correlations[:, np.arange(k), np.arange(k)] = 1.0
    toward = np.where(present & (whole > _TINY)[:, None], with_score / (deviation * np.sqrt(np.maximum(whole, _TINY))[:, None]), 0.0)
    slopes = np.linalg.solve(correlations + _TINY * np.eye(k), toward[..., None])[..., 0] * np.sqrt(np.maximum(whole, 0))[:, None] / deviation
    found = relative_weights(correlations, toward)
    ranks = np.argsort(np.argsort(-np.round(found, 9), axis=1, kind="stable"), axis=1) + 1
    low, high = np.quantile(found[1:], [0.025, 0.975], axis=0)
    best, worst = np.quantile(ranks[1:], [0.025, 0.975], axis=0)
    return Importance(
        weights=found[0],
        low=np.minimum(low, found[0]),
        high=np.maximum(high, found[0]),
        ranks=ranks[0],
        rank_low=np.minimum(np.floor(best).astype(np.int64), ranks[0]),
        rank_high=np.maximum(np.ceil(worst).astype(np.int64), ranks[0]),
        slopes=slopes[1:],
        shares=shares[1:],
    )


def _drawn(n_clusters: int, resamples: int) -> Times:
    """How often each customer is drawn, the sample itself first: 200 MB for 100,000 customers. *Shape:* (1 + resamples, n_clusters)"""
    chance, even = np.random.default_rng(SEED), np.full(n_clusters, 1 / n_clusters)
    times = np.ones((1 + resamples, n_clusters), np.uint16)  # 1 on average: 65,536 times one customer does not happen
    for begin, end in _blocks(1, 1 + resamples, n_clusters):
        times[begin:end] = chance.multinomial(n_clusters, even, size=end - begin)
    return times


def _blocks(begin: int, end: int, width: int) -> list[tuple[int, int]]:
    step = max(1, _HELD // width)
    return [(row, min(row + step, end)) for row in range(begin, end, step)]


def _products(rows: Floats, clusters: Ints, times: Times) -> Floats:
    """Cross-products of columns, customers weighted by how often they were drawn. *Shape:* (B, p, p)"""
    order = np.argsort(clusters, kind="stable")
    rows, starts = rows[order], np.searchsorted(clusters[order], np.arange(times.shape[1]))
    p = rows.shape[1]
    left, right = np.triu_indices(p)
    out = np.empty((len(times), p, p))
    chunk = max(1, min(_CHUNK, _HELD // len(rows)))
    for at in range(0, len(left), chunk):
        i, j = left[at : at + chunk], right[at : at + chunk]
        of_customers = np.add.reduceat(rows[:, i] * rows[:, j], starts, axis=0)
        for begin, end in _blocks(0, len(times), times.shape[1]):
            sums = times[begin:end].astype(np.float64) @ of_customers
            out[begin:end, i, j] = sums
            out[begin:end, j, i] = sums
    return out
