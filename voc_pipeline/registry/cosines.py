"""Exact cosines: the same whatever the batch, the order or the machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

N_BEST = 3
"""Exemplars nearest to a segment whose mean cosine is its claim score."""


def exact(x: Floats) -> Doubles:
    """Values as float16 holds them: products of two have 22 bits, so their sum over a vector of length one is exact in float64 in any order."""
    return x.astype(np.float16).astype(np.float64)


def cosines(left: Doubles, right: Doubles) -> Doubles:
    """Cosines of all pairs; 0 where a vector is null. *Shape:* (n_left, n_right)."""
    norms = [np.sqrt(np.maximum((side * side).sum(1), 1e-12)) for side in (left, right)]
    found: Doubles = left @ right.T / (norms[0][:, None] * norms[1][None, :])
    return found


def best_mean(near: Doubles, n_best: int) -> Doubles:
    """Mean of the best cosines of each row, added in a fixed order, no less than 0. *Shape:* (n,)."""
    best = np.sort(near, axis=1)[:, ::-1]
    total = best[:, 0]
    for column in range(1, n_best):
        total = total + best[:, column]
    return np.clip(total / n_best, 0.0, 1.0)
