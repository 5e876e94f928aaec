"""The topic space: the axes along which customers' segments differ, fitted without labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voc_pipeline.encoder import Encoder, encode_all
from voc_pipeline.heads import Array
from voc_pipeline.training.labelled import Labelled

N_AXES = 128
POWER = 0.5
"""Of an axis's spread that it is divided by: 0 leaves the axes as they are, 1 makes all of them count alike."""


def topic_axes(x: Array) -> dict[str, Array]:
    """Weights of `Heads.topics` from the vectors of many passages.

    Args:
        x: *Shape:* (n, dim), n of at least a few hundred.

    Returns:
        ``topic.axes``, values of float16 so that projections are exact, ``topic.mean``, ``topic.scale``.
    """
    wide = x.astype(np.float64)
    mean = wide.mean(0)
    _, spread, axes = np.linalg.svd(wide - mean, full_matrices=False)
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])
    kept = (axes * signs[:, None])[:N_AXES].T.astype(np.float16).astype(np.float64)
    scale = 1 / np.maximum(spread[:N_AXES], 1e-9) ** POWER
    return {
        "topic.axes": kept.astype(np.float32),
        "topic.mean": (mean @ kept).astype(np.float32),
        "topic.scale": (scale / scale[0]).astype(np.float32),
    }


def write_axes(encoder: Encoder, records: Sequence[Labelled], heads: Path) -> None:
    """Fit the topic space on the passages that tell of an irritant, and add it to ``heads.safetensors``.

    Args:
        encoder: The graph that ships: its vectors are those that runs will see.
        records: Verbatims that train.
        heads: The file of the heads' weights.
    """
    from safetensors.numpy import load_file, save_file

    passages = [" ".join(r.words(j) for j in p.at) for r in records for p in r.passages if p.at] or [r.text for r in records]
    x = np.stack([tokens.vector() for tokens in encode_all(encoder, passages)])
    # safetensors writes the bytes as they lie in memory: a transposed array would be read back scrambled
    save_file({**load_file(heads), **{name: np.ascontiguousarray(array) for name, array in topic_axes(x).items()}}, heads)
