"""Training of the n-grams' linear model: TF-IDF and logistic regression by scikit-learn, on the same rows as the heads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voc_pipeline.heads import SIGMOID_TASKS, VERBATIM_TASKS
from voc_pipeline.ngrams import ngrams_of, own_words
from voc_pipeline.schema import Verbatim
from voc_pipeline.training.fit import pieces_of, verbatim_targets
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.network import IGNORE
from voc_pipeline.training.segments import targets_of

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

WHOLE = ("sentiment", "not_valued", "codes", "valued", "stage", "irritant", "dimension", "gap_cue")
"""Heads over whole verbatims that n-grams take part in."""
PARTS = ("polarity", "segment_not_valued", "suggestion", "passage_stage", "passage_dimension", "passage_gap", "theme")
"""Heads over segments that n-grams take part in."""
RARE = 4
"""Verbatims an n-gram must stand in to be known."""
LARGEST = 60_000
STRENGTH = 4.0
"""Inverse of the ridge of the logistic regression."""
FEW = 8
"""Positives under which a label of a sigmoid head is left to the encoder alone."""


def write_ngrams(records: Sequence[Labelled], verbatims: Sequence[Verbatim], themes: Sequence[str], folder: Path) -> None:
    """Fit on labelled verbatims and write ``ngrams.json`` and ``ngrams.safetensors`` into the model folder.

    Args:
        records: Training rows.
        verbatims: The same, as intake makes them: the vocabulary holds words of redacted text only.
        themes: Canonical categories in the order of the head's logits.
        folder: Model folder.
    """
    from safetensors.numpy import save_file
    from sklearn.feature_extraction.text import TfidfVectorizer

    space = TfidfVectorizer(analyzer=ngrams_of, min_df=RARE, max_features=LARGEST, sublinear_tf=True)
    whole = space.fit_transform([own_words(verbatim) for verbatim in verbatims])
    targets = {task: value.numpy() for task, value in verbatim_targets(records).items()}
    weight = np.array([record.weight for record in records])
    arrays: dict[str, Array] = {"idf": np.asarray(space.idf_, np.float32)}
    for task in WHOLE:
        _fit(task, whole, targets[task], weight, len(VERBATIM_TASKS[task]), arrays)
    pieces = pieces_of(records, themes)
    parts = space.transform([piece.text for piece in pieces])
    weight = np.array([piece.weight for piece in pieces])
    for task in PARTS:
        _fit(task, parts, targets_of(task, pieces), weight, len(themes) if task == "theme" else None, arrays)
    save_file(arrays, folder / "ngrams.safetensors")
    vocabulary = [str(gram) for gram in space.get_feature_names_out()]
    (folder / "ngrams.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in ("ngrams.safetensors", "ngrams.json"):
        (folder / name).chmod(0o644)


def _fit(task: str, x: Any, target: Array, weight: Array, n_labels: int | None, arrays: dict[str, Array]) -> None:
    from voc_pipeline.heads import SEGMENT_TASKS

    n_labels = n_labels or len(SEGMENT_TASKS[task])
    slopes, bias = np.zeros((n_labels, x.shape[1])), np.zeros(n_labels)
    if task in SIGMOID_TASKS:
        for label in range(n_labels):
            known = np.flatnonzero(target[:, label] >= 0)
            y = target[known, label] > 0
            if min(y.sum(), (~y).sum()) >= FEW:
                model = _logistic().fit(x[known], y, weight[known])
                slopes[label], bias[label] = model.coef_[0], model.intercept_[0]
    else:
        known = np.flatnonzero(target != IGNORE)
        classes = sorted(set(target[known].tolist()))
        if len(classes) > 1:
            model = _logistic().fit(x[known], target[known], weight[known])
            if len(classes) == 2:
                slopes[classes], bias[classes] = np.stack([-model.coef_[0], model.coef_[0]]) / 2, np.array([-1, 1]) * model.intercept_[0] / 2
            else:
                slopes[classes], bias[classes] = model.coef_, model.intercept_
            bias[[label for label in range(n_labels) if label not in classes]] = bias[classes].min() - 2  # never seen, never likeliest
    scale = np.abs(slopes).max(1) / 127
    scale[scale == 0] = 1.0
    arrays[f"weight.{task}"] = np.ascontiguousarray(np.round(slopes / scale[:, None]).T.astype(np.int8))
    arrays[f"scale.{task}"], arrays[f"bias.{task}"] = scale.astype(np.float32), bias.astype(np.float32)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, max_iter=200)
