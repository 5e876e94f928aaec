"""Temperatures and thresholds, chosen on development data with the very graph that ships."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score

from voc_pipeline.encoder import Encoder, Reader, encode_all, n_cores, read_verbatim
from voc_pipeline.heads import SIGMOID_TASKS, VERBATIM_TASKS, Heads
from voc_pipeline.schema import Role, Verbatim
from voc_pipeline.training.export import ABSTAIN, DEFAULTS, write_decisions
from voc_pipeline.training.fit import pieces_of, verbatim_targets
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.network import IGNORE

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
_GRID = np.round(np.arange(0.08, 0.93, 0.01), 2)


Read = tuple[Array, Array, Array]
"""A verbatim as `read_verbatim` gives it, X being that of the customer's segments alone."""


def read_all(encoder: Encoder, reader: Reader, verbatims: Sequence[Verbatim]) -> list[Read]:
    """Verbatims as the heads see them."""

    def one(verbatim: Verbatim) -> Read:
        hidden, evidence, x = read_verbatim(encoder, reader, verbatim)
        return hidden, evidence, x[[i for i, segment in enumerate(verbatim.segments) if segment.role is Role.CUSTOMER]]

    with ThreadPoolExecutor(n_cores()) as pool:
        return list(pool.map(one, verbatims))


def probabilities(heads: Heads, read: Sequence[Read]) -> dict[str, Array]:
    """What the verbatim heads alone say, by task. *Shape:* (n, n_labels)."""
    found = [heads.verbatim(hidden, evidence) for hidden, evidence, _ in read]
    return {task: np.stack([p[task] for p in found]) for task in VERBATIM_TASKS}


def sentence_probabilities(encoder: Encoder, heads: Heads, records: Sequence[Labelled]) -> tuple[dict[str, Array], list[tuple[int, int]]]:
    """What the segment heads say of labelled sentences, *Shape:* (n_sentences, n_labels), and each row's (record, sentence); the customer's alone."""
    where = [(i, j) for i, record in enumerate(records) for j, (_, _, role) in enumerate(record.spans) if role is Role.CUSTOMER and record.words(j)]
    return heads.segments(np.stack([tokens.vector() for tokens in encode_all(encoder, [records[i].words(j) for i, j in where])])), where


def temperature(task: str, p: Array, target: Array) -> float:
    """What to divide logits by so that probabilities mean what they say: least negative log-likelihood (Guo et al. 2017).

    Args:
        task: Name of the head.
        p: Probabilities at temperature one. *Shape:* (n, n_labels).
        target: Class indexes (n,) or 0/1 (n, n_labels); `IGNORE` rows are left out.
    """
    if task in SIGMOID_TASKS:
        logits = np.log(np.clip(p, 1e-6, 1 - 1e-6)) - np.log(np.clip(1 - p, 1e-6, 1))
        keep = target.reshape(len(target), -1) >= 0

        def loss(t: float) -> float:
            z = logits / t
            return float((np.logaddexp(0, z) - target.reshape(z.shape) * z)[keep].mean())

    else:
        kept = target != IGNORE
        logits, classes = np.log(np.clip(p[kept], 1e-7, 1)), target[kept]

        def loss(t: float) -> float:
            z = logits / t
            z = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
            return float(-z[np.arange(len(z)), classes].mean())

    return float(minimize_scalar(loss, bounds=(0.4, 4.0), method="bounded").x)


def best_threshold(p: Array, truth: Array) -> float:
    """Threshold of the best F1, as the middle of those within half a point of it: less a matter of luck than the very best."""
    scores = np.array([f1_score(truth, p >= t, zero_division=0) for t in _GRID])
    near = _GRID[scores >= scores.max() - 0.005]
    return float(np.median(near))


def calibrate(
    encoder: Encoder, reader: Reader, heads: Heads, records: Sequence[Labelled], verbatims: Sequence[Verbatim], folder: Path
) -> dict[str, float]:
    """Choose temperatures and thresholds on development records and write them to ``voc.json``.

    Args:
        encoder: The graph that ships.
        reader: The reader that ships.
        heads: Heads, whatever their temperatures.
        records: Development data: never trained on, never reported on.
        verbatims: The same, as intake makes them.
        folder: Model folder.

    Returns:
        The thresholds.
    """
    cold = Heads(heads.weights, heads.themes, {})
    read = read_all(encoder, reader, verbatims)
    whole = probabilities(cold, read)
    parts, where = sentence_probabilities(encoder, cold, records)
    targets = {task: value.numpy() for task, value in verbatim_targets(records).items()}
    seg_targets = _segment_targets(records, where)
    temperatures = {task: temperature(task, whole[task], targets[task]) for task in VERBATIM_TASKS}
    temperatures |= {task: temperature(task, parts[task], seg_targets[task]) for task in ("polarity", "segment_not_valued")}
    temperatures |= _passage_temperatures(encoder, cold, records)
    warm = Heads(heads.weights, heads.themes, temperatures)
    parts, where = sentence_probabilities(encoder, warm, records)
    joined = [warm.joined(warm.verbatim(hidden, evidence), warm.segments(x)) for hidden, evidence, x in read]
    whole = {task: np.stack([p[task] for p in joined]) for task in VERBATIM_TASKS}
    thresholds = dict(DEFAULTS)
    for task in ("not_valued", "valued", "irritant"):
        if targets[task].sum() >= 10:
            thresholds[task] = best_threshold(whole[task][:, 0], targets[task][:, 0])
    for index, code in enumerate(VERBATIM_TASKS["codes"]):
        truth = targets["codes"][:, index]
        thresholds[f"codes.{code}"] = best_threshold(whole["codes"][:, index], truth) if truth.sum() >= 10 else 0.35
    thresholds["mixed"] = _mixed(whole["sentiment"], targets["sentiment"])
    negative = (seg_targets["polarity"] == 0) | (seg_targets["polarity"] == 3)
    positive = seg_targets["polarity"] == 2
    thresholds["segment_negative"] = best_threshold(parts["polarity"][:, 0] + parts["polarity"][:, 3] / 2, negative)
    thresholds["segment_positive"] = best_threshold(parts["polarity"][:, 2] + parts["polarity"][:, 3] / 2, positive)
    known = seg_targets["suggestion"][:, 0] >= 0
    if (seg_targets["suggestion"][known] == 1).sum() >= 10:
        thresholds["suggestion"] = best_threshold(parts["suggestion"][known, 0], seg_targets["suggestion"][known, 0])
    write_decisions(folder / "voc.json", thresholds, ABSTAIN, temperatures, heads.themes)
    return thresholds


def _passage_temperatures(encoder: Encoder, heads: Heads, records: Sequence[Labelled]) -> dict[str, float]:
    """Temperatures of the heads that read passages of irritants; 1 for a head that the records say nothing about."""
    pieces = [piece for piece in pieces_of(records, heads.themes) if "theme" in piece.targets]
    if not pieces:
        return {}
    p = heads.segments(np.stack([tokens.vector() for tokens in encode_all(encoder, [piece.text for piece in pieces])]))
    found = {}
    for task in ("theme", "passage_stage", "passage_dimension", "passage_gap"):
        target = np.array([piece.targets[task] for piece in pieces])
        if (target != IGNORE).sum() >= 50:
            found[task] = temperature(task, p[task], target)
    return found


def _mixed(p: Array, truth: Array) -> float:
    """Probability of `mixed` from which it wins, by macro-F1 over the four classes."""
    mixed = VERBATIM_TASKS["sentiment"].index("mixed")
    plain = p.argmax(1)
    scores = []
    for t in _GRID:
        chosen = np.where(p[:, mixed] >= t, mixed, plain)
        scores.append(f1_score(truth, chosen, average="macro", zero_division=0))
    best = np.asarray(scores)
    return float(np.median(_GRID[best >= best.max() - 0.003]))


def _segment_targets(records: Sequence[Labelled], where: Sequence[tuple[int, int]]) -> dict[str, Array]:
    polarity, not_valued, suggestion = [], [], []
    for i, j in where:
        record = records[i]
        mark = record.polarities[j]
        polarity.append(IGNORE if mark is None else mark)
        not_valued.append([float(j in record.not_valued_at)])
        suggestion.append([float(j in record.suggestions) if record.suggestions is not None else -1.0])
    return {"polarity": np.array(polarity), "segment_not_valued": np.array(not_valued), "suggestion": np.array(suggestion)}
