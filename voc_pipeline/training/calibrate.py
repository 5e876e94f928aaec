"""Temperatures and thresholds, chosen on development data with the very graph that ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.metrics import average_precision_score, f1_score

from voc_pipeline.encoder import Encoder, Reader, encode_all, n_cores, read_verbatim
from voc_pipeline.heads import NONE, SIGMOID_TASKS, VERBATIM_TASKS, Heads
from voc_pipeline.ngrams import NGrams, own_words
from voc_pipeline.schema import Role, Verbatim
from voc_pipeline.training.export import ABSTAIN, DEFAULTS, write_decisions
from voc_pipeline.training.fit import pieces_of, verbatim_targets
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.network import IGNORE

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
SHARES = np.round(np.arange(0.0, 0.65, 0.05), 2)
FEW = 50
"""Labelled rows under which neither share nor temperature of a head is chosen."""
_GRID = np.round(np.arange(0.08, 0.93, 0.01), 2)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A verbatim as the heads see it: token vectors, which are evidence, X and words of the customer's segments, and their words together."""

    hidden: Array
    evidence: Array
    x: Array
    texts: list[str]
    words: str


def read_all(encoder: Encoder, reader: Reader, verbatims: Sequence[Verbatim]) -> list[Read]:
    """Verbatims as the heads see them."""

    def one(verbatim: Verbatim) -> Read:
        hidden, evidence, x = read_verbatim(encoder, reader, verbatim)
        customer = [i for i, segment in enumerate(verbatim.segments) if segment.role is Role.CUSTOMER]
        return Read(hidden, evidence, x[customer], [verbatim.segments[i].text for i in customer], own_words(verbatim))

    with ThreadPoolExecutor(n_cores()) as pool:
        return list(pool.map(one, verbatims))


def probabilities(heads: Heads, read: Sequence[Read]) -> dict[str, Array]:
    """What the verbatim heads alone say, by task. *Shape:* (n, n_labels)."""
    found = [heads.verbatim(one.hidden, one.evidence, one.words) for one in read]
    return {task: np.stack([p[task] for p in found]) for task in VERBATIM_TASKS}


def sentence_probabilities(encoder: Encoder, heads: Heads, records: Sequence[Labelled]) -> tuple[dict[str, Array], list[tuple[int, int]]]:
    """What the segment heads say of labelled sentences, *Shape:* (n_sentences, n_labels), and each row's (record, sentence); the customer's alone."""
    where = [(i, j) for i, record in enumerate(records) for j, (_, _, role) in enumerate(record.spans) if role is Role.CUSTOMER and record.words(j)]
    texts = [records[i].words(j) for i, j in where]
    return heads.segments(np.stack([tokens.vector() for tokens in encode_all(encoder, texts)]), texts), where


def temperature(task: str, p: Array, target: Array, after: Callable[[Array], Array] | None = None) -> float:
    """What to divide logits by so that probabilities mean what they say: least negative log-likelihood (Guo et al. 2017).

    Args:
        task: Name of the head.
        p: Probabilities at temperature one. *Shape:* (n, n_labels).
        target: Class indexes (n,) or 0/1 (n, n_labels); `IGNORE` rows are left out.
        after: What becomes of probabilities before they are an answer. *Shape:* (n, n_labels) to the same.
    """
    logits = _logits(task, p)

    def loss(t: float) -> float:
        tempered = _probabilities(task, logits / t)
        return likelihood(task, after(tempered) if after else tempered, target)

    return float(minimize_scalar(loss, bounds=(0.4, 4.0), method="bounded", options={"xatol": 1e-3}).x)


def likelihood(task: str, p: Array, target: Array) -> float:
    """Mean negative log-likelihood of what is known; arguments as `temperature`."""
    if task in SIGMOID_TASKS:
        known = target.reshape(len(target), -1) >= 0
        q = np.clip(p.reshape(known.shape), 1e-6, 1 - 1e-6)
        return float(-np.where(target.reshape(known.shape) > 0, np.log(q), np.log(1 - q))[known].mean())
    kept = target != IGNORE
    return float(-np.log(np.clip(p[kept, target[kept]], 1e-7, 1)).mean())


def share(task: str, p: Array, words: Array, target: Array) -> float:
    """Share of the n-grams' logits in a head's: the middle of those within half a point of the best, by what the head is measured by.

    Args:
        task: Name of the head.
        p: Probabilities of the encoder's head at temperature one. *Shape:* (n, n_labels).
        words: Logits of the n-grams. *Shape:* (n, n_labels).
        target: As `temperature`.
    """
    if not _enough(target):
        return 0.0
    logits = _logits(task, p)
    scores = np.array([_score(task, _probabilities(task, (1 - part) * logits + part * words), target) for part in SHARES])
    return float(np.median(SHARES[scores >= scores.max() - 0.005]))


def _score(task: str, p: Array, target: Array) -> float:
    """Average precision of yes or no (of several, their mean), macro-F1 of stances, else accuracy."""
    if task in SIGMOID_TASKS:
        columns = [(target[:, i] > 0, p[:, i], target[:, i] >= 0) for i in range(target.shape[1])]
        return float(np.mean([average_precision_score(truth[known], q[known]) for truth, q, known in columns if truth[known].any()] or [0.0]))
    known = target != IGNORE
    guess = p[known].argmax(1)
    if task in ("sentiment", "polarity"):
        return float(f1_score(target[known], guess, average="macro", zero_division=0))
    return float((guess == target[known]).mean())


def _logits(task: str, p: Array) -> Array:
    if task in SIGMOID_TASKS:
        return np.asarray(np.log(np.clip(p, 1e-6, 1 - 1e-6)) - np.log(np.clip(1 - p, 1e-6, 1)))
    return np.asarray(np.log(np.clip(p, 1e-7, 1)))


def _probabilities(task: str, logits: Array) -> Array:
    if task in SIGMOID_TASKS:
        return np.asarray(1 / (1 + np.exp(-logits)))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


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
    cold = Heads(heads.weights, heads.themes, {}, heads.ngrams)
    read = read_all(encoder, reader, verbatims)
    targets = {task: value.numpy() for task, value in verbatim_targets(records).items()}
    sentences, where = sentence_probabilities(encoder, cold, records)
    seg_targets = _segment_targets(records, where)
    passages, passage_targets, told = _passage_probabilities(encoder, cold, records)
    texts = [records[i].words(j) for i, j in where]
    shares = _shares(heads.ngrams, probabilities(cold, read), [one.words for one in read], targets)
    shares |= _shares(heads.ngrams, sentences, texts, seg_targets) | _shares(heads.ngrams, passages, told, passage_targets)
    mixed = Heads(heads.weights, heads.themes, {}, heads.ngrams, shares)
    sentences, _ = sentence_probabilities(encoder, mixed, records)
    passages, _, _ = _passage_probabilities(encoder, mixed, records)
    temperatures = {task: temperature(task, sentences[task], target) for task, target in seg_targets.items() if _enough(target)}
    temperatures |= {task: temperature(task, passages[task], target) for task, target in passage_targets.items() if _enough(target)}
    half = Heads(heads.weights, heads.themes, temperatures, heads.ngrams, shares)
    alone, own = probabilities(half, read), [half.segments(one.x, one.texts) for one in read]

    def leaning(task: str) -> Callable[[Array], Array]:
        return lambda p: np.stack([half.joined({**{t: alone[t][i] for t in VERBATIM_TASKS}, task: p[i]}, own[i])[task] for i in range(len(read))])

    temperatures |= {task: temperature(task, alone[task], targets[task], leaning(task)) for task in VERBATIM_TASKS if _enough(targets[task])}
    warm = Heads(heads.weights, heads.themes, temperatures, heads.ngrams, shares)
    parts, _ = sentence_probabilities(encoder, warm, records)
    joined = [warm.joined(warm.verbatim(one.hidden, one.evidence, one.words), warm.segments(one.x, one.texts)) for one in read]
    whole = {task: np.stack([p[task] for p in joined]) for task in VERBATIM_TASKS}
    thresholds = dict(DEFAULTS)
    for task in ("not_valued", "valued", "irritant", "repaired"):
        asked = targets[task][:, 0] >= 0
        if targets[task][asked].sum() >= 10:
            thresholds[task] = best_threshold(whole[task][asked, 0], targets[task][asked, 0])
    for index, code in enumerate(VERBATIM_TASKS["codes"]):
        truth = targets["codes"][:, index]
        thresholds[f"codes.{code}"] = best_threshold(whole["codes"][:, index], truth) if truth.sum() >= 10 else 0.35
    for name, task in (("no_dimension", "dimension"), ("no_gap_cue", "gap_cue"), ("no_precursor", "precursor")):
        none = VERBATIM_TASKS[task].index(NONE)
        if (targets[task] >= 0).sum() >= FEW and ((targets[task] >= 0) & (targets[task] != none)).sum() >= 10:
            thresholds[name] = _none_from(whole[task], targets[task], none)
    thresholds["mixed"] = _mixed(whole["sentiment"], targets["sentiment"])
    negative = (seg_targets["polarity"] == 0) | (seg_targets["polarity"] == 3)
    positive = seg_targets["polarity"] == 2
    thresholds["segment_negative"] = best_threshold(parts["polarity"][:, 0] + parts["polarity"][:, 3] / 2, negative)
    thresholds["segment_positive"] = best_threshold(parts["polarity"][:, 2] + parts["polarity"][:, 3] / 2, positive)
    known = seg_targets["suggestion"][:, 0] >= 0
    if (seg_targets["suggestion"][known] == 1).sum() >= 5:
        thresholds["suggestion"] = best_threshold(parts["suggestion"][known, 0], seg_targets["suggestion"][known, 0])
    write_decisions(folder / "voc.json", thresholds, ABSTAIN, temperatures, heads.themes, shares)
    return thresholds


def _passage_probabilities(encoder: Encoder, heads: Heads, records: Sequence[Labelled]) -> tuple[dict[str, Array], dict[str, Array], list[str]]:
    """What the heads that read passages of irritants say of labelled ones, by task; their targets; and the passages' words."""
    pieces = [piece for piece in pieces_of(records, heads.themes) if "theme" in piece.targets]
    if not pieces:
        return {}, {}, []
    texts = [piece.text for piece in pieces]
    p = heads.segments(np.stack([tokens.vector() for tokens in encode_all(encoder, texts)]), texts)
    tasks = ("theme", "passage_stage", "passage_dimension", "passage_gap")
    return {task: p[task] for task in tasks}, {task: np.array([piece.targets[task] for piece in pieces]) for task in tasks}, texts


def _shares(ngrams: NGrams | None, p: Mapping[str, Array], texts: Sequence[str], targets: Mapping[str, Array]) -> dict[str, float]:
    """`share` of every head that the n-grams have a say in and the records speak of."""
    if ngrams is None:
        return {}
    seen = [ngrams.see(text) for text in texts]
    tasks = [task for task in targets if task in ngrams.weights]
    return {task: share(task, p[task], np.stack([ngrams.logits(one, task) for one in seen]), targets[task]) for task in tasks if seen}


def _enough(target: Array) -> bool:
    return bool((target.reshape(len(target), -1).max(1) >= 0).sum() >= FEW)


def _none_from(p: Array, target: Array, none: int) -> float:
    """Probability of none from which none is answered: the highest within half a point of the best accuracy, for an answer says more than none."""
    known = target != IGNORE
    p, truth = p[known], target[known]
    others = np.where(np.arange(p.shape[1]) == none, -1.0, p).argmax(1)
    scores = np.array([(np.where(p[:, none] >= t, none, others) == truth).mean() for t in _GRID])
    return float(_GRID[scores >= scores.max() - 0.005].max())


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
