"""How well groups found agree with groups known."""

from __future__ import annotations

from typing import Any

import numpy as np

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def overlap(found: Ints, gold: np.ndarray[tuple[int, ...], np.dtype[Any]]) -> dict[str, float]:
    """B-cubed F1 (Amigó et al. 2009) and V-measure, what is left out standing alone; the share left out; purity of the groups; how many they are.

    Args:
        found: Group of each row, negative for one left out. *Shape:* (n,)
        gold: Its category. *Shape:* (n,)

    >>> {name: round(value, 2) for name, value in overlap(np.array([0, 0, 1, -1]), np.array(["a", "a", "b", "b"])).items()}
    {'b_cubed_f1': 0.86, 'v_measure': 0.8, 'noise': 0.25, 'purity': 1.0, 'groups': 2}
    """
    from sklearn.metrics import v_measure_score

    alone = np.where(found < 0, -1 - np.arange(len(found)), found)
    groups, rows = np.unique(alone, return_inverse=True)
    _, columns = np.unique(gold, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    precision = (table**2 / table.sum(1, keepdims=True)).sum() / len(found)
    recall = (table**2 / table.sum(0, keepdims=True)).sum() / len(found)
    inside = table[groups >= 0]
    return {
        "b_cubed_f1": float(2 * precision * recall / (precision + recall)),
        "v_measure": float(v_measure_score(columns, rows)),
        "noise": float((found < 0).mean()),
        "purity": float(inside.max(1).sum() / max(1.0, inside.sum())) if len(inside) else 0.0,
        "groups": int((groups >= 0).sum()),
    }
