"""Heads fitted to a user's own rows: corrections of the shipped ones, and labels of the user's own, on vectors that stay as they are.

A correction moves a head no further from the shipped one than the rows carry it (a ridge around the shipped weights, Chelba & Acero 2006,
"Adaptation of maximum entropy capitalizer"); a new label is a logistic regression. Both are measured on rows that were held out in turn,
all rows of a customer together.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

LEAST = 8
"""Rows of a class from which a new label is learnt."""
LEAST_CORRECTIONS = 30
"""Corrected rows from which a shipped head is moved."""
TRUSTED = 0.6
"""Lower end of the interval of macro-F1 from which a label is said without a warning."""
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""What a head's distance from the shipped one costs; beyond the last, it stays."""
STRENGTHS = (0.1, 1.0, 10.0)
"""Inverse ridges that a new label's regression chooses from."""
FOLDS = 5
ENOUGH = 50
"""Rows from which a label of two values has a threshold of its own: fewer say too little of where it lies."""
AXES = 128
"""Principal directions of the features that heads are fitted along: what varies among a few hundred rows, and little else."""
_SEED = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure on rows held out in turn, with its 95 % interval over customers."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class OwnLabel:
    """A label of the user's own.

    Attributes:
        classes: Its values, in the order of the logits.
        weight: *Shape:* (n_classes, n_features).
        bias: *Shape:* (n_classes,).
        threshold: Probability of the second of two classes from which it is answered; 0 for more classes, of which the likeliest is.
        figure: Macro-F1 on rows held out in turn, the threshold chosen anew without them.
        per_class: F1 and rows of each class.
    """

    classes: tuple[str, ...]
    weight: Array
    bias: Array
    threshold: float
    figure: Measured
    per_class: Mapping[str, tuple[float, int]]

    @property
    def trusted(self) -> bool:
        """Whether the lower end of the figure is worth trusting."""
        return self.figure.low >= TRUSTED


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """A shipped head after corrections; `moved` is False where it did best as it was.

    Attributes:
        weight: *Shape:* (n_labels, n_features).
        bias: *Shape:* (n_labels,).
        before: Of the shipped head on these rows.
        after: On rows held out in turn.
        p: Probabilities on rows held out in turn. *Shape:* (n, n_labels).
    """

    weight: Array
    bias: Array
    moved: bool
    before: Measured
    after: Measured
    p: Array


def learn_label(x: Array, y: Sequence[str], customers: Sequence[str]) -> OwnLabel:
    """A new label from a few rows.

    Args:
        x: Features. *Shape:* (n, n_features).
        y: Value of each row; every class has `LEAST` rows or more.
        customers: Who wrote each, so that nobody is on both sides of a fold.
    """
    classes = tuple(sorted(set(y), key=lambda name: (name in _YES, name)))
    target = np.array([classes.index(name) for name in y])
    axes = _axes(x)
    x = x @ axes
    held, own = _held_out(x, target, customers, len(classes)), len(classes) == 2 and len(y) >= ENOUGH
    threshold = 0.0 if len(classes) > 2 else _threshold(held[:, 1], target == 1) if own else 0.5
    said = held.argmax(1) if len(classes) > 2 else (held[:, 1] >= threshold).astype(int)
    for kept, out in folds(target, customers) if own else ():
        inside = _held_out(x[kept], target[kept], [customers[i] for i in kept], 2)
        said[out] = held[out, 1] >= _threshold(inside[:, 1], target[kept] == 1)
    model = _regression(x, target)
    weight, bias = model.coef_ @ axes.T, model.intercept_
    if len(classes) == 2:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    scores = f1_by_class(target, said, len(classes))
    return OwnLabel(
        classes,
        np.asarray(weight, np.float32),
        np.asarray(bias, np.float32),
        threshold,
        measured(lambda i: float(f1_by_class(target[i], said[i], len(classes)).mean()), customers),
        {name: (round(float(score), 4), int((target == i).sum())) for i, (name, score) in enumerate(zip(classes, scores, strict=True))},
    )


def adapt(
    weight: Array, bias: Array, x: Array, fixed: Array, target: Array, customers: Sequence[str], score: Callable[[Array, Array], float], sigmoid: bool
) -> Adapted:
    """A shipped head moved towards a user's corrections, as far as held-out rows profit.

    Args:
        weight: Of the shipped head. *Shape:* (n_labels, n_features).
        bias: *Shape:* (n_labels,).
        x: Features. *Shape:* (n, n_features).
        fixed: What the answer's logits are besides this head's part. *Shape:* (n, n_labels).
        target: Class indexes, *Shape:* (n,), or 0/1 per label, *Shape:* (n, n_labels).
        customers: Who wrote each row.
        score: (target, probabilities) of some rows to the figure the head is measured by.
        sigmoid: Whether labels exclude each other (False) or not (True).
    """
    scale = float(np.sqrt((x * x).sum(1)).mean())
    axes = _axes(x)
    z = np.concatenate([x @ axes / scale, np.ones((len(x), 1))], 1)
    start = x @ weight.T + bias + fixed
    splits = list(folds(target if target.ndim == 1 else target.max(1), customers))
    held, steps = {np.inf: start}, dict[int, Array]()
    for ridge in reversed(RIDGES):
        out = np.zeros_like(start)
        for n, (kept, left) in enumerate(splits):
            steps[n] = _move(z[kept], start[kept], target[kept], ridge, sigmoid, steps.get(n))
            out[left] = start[left] + z[left] @ steps[n].T
        held[ridge] = out
    scores = {ridge: score(target, _probabilities(logits, sigmoid)) for ridge, logits in held.items()}
    likely = {ridge: _loss(logits, target, sigmoid) for ridge, logits in held.items()}
    better = [ridge for ridge in RIDGES if scores[ridge] > scores[np.inf] and likely[ridge] < likely[np.inf]]
    best = max(better, key=lambda ridge: (scores[ridge], ridge), default=np.inf)
    moved = np.isfinite(best)
    step = _move(z, start, target, best, sigmoid) if moved else np.zeros((weight.shape[0], z.shape[1]))
    before, after = _probabilities(start, sigmoid), _probabilities(held[best], sigmoid)
    return Adapted(
        np.asarray(weight + step[:, :-1] @ axes.T / scale, np.float32),
        np.asarray(bias + step[:, -1], np.float32),
        bool(moved),
        measured(lambda i: score(target[i], before[i]), customers),
        measured(lambda i: score(target[i], after[i]), customers),
        after,
    )


def folds(target: Array, customers: Sequence[str]) -> Iterator[tuple[Array, Array]]:
    """Rows to fit on and rows to look at, five times or as often as the rarest class allows, all rows of a customer on one side."""
    from sklearn.model_selection import StratifiedGroupKFold

    names, groups = np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)
    least = min(len(set(groups[target == value])) for value in np.unique(target))
    n = max(2, min(FOLDS, least, len(names)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class rarer than the folds is left out of some, which is as it should be
        yield from list(StratifiedGroupKFold(n, shuffle=True, random_state=_SEED).split(np.zeros(len(target)), target, groups))


def measured(figure: Callable[[Array], float], customers: Sequence[str], draws: int = 400) -> Measured:
    """A figure of all rows, and the interval that resampled customers give it.

    Where nothing is wrong, resampling finds no other figure however few the customers: the lower end is then Clopper and Pearson's (1934) for that many
    right of that many.

    Args:
        figure: From row indexes to a number, at most 1.
        customers: Of each row.
        draws: Resamples.
    """
    groups = np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)[1]
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    rng = np.random.default_rng(_SEED)
    values = sorted(figure(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])) for _ in range(draws))
    low, high, value = values[int(0.025 * draws)], values[int(0.975 * draws) - 1], figure(np.arange(len(groups)))
    if value == 1:
        low = min(low, 0.025 ** (1 / len(members)))
    return Measured(round(value, 4), round(low, 4), round(high, 4), len(groups))


def f1_by_class(target: Array, said: Array, n_classes: int) -> Array:
    """F1 of every class, 0 for one that is neither there nor said. *Shape:* (n_classes,)."""
    table = np.bincount(target * n_classes + said, minlength=n_classes * n_classes).reshape(n_classes, n_classes)
    return np.asarray(2 * np.diag(table) / np.maximum(table.sum(0) + table.sum(1), 1))


def f1_of_labels(truth: Array, said: Array) -> Array:
    """F1 of labels that do not exclude each other. *Shape:* (n, n_labels) booleans each; the result (n_labels,)."""
    return np.asarray(2 * (truth & said).sum(0) / np.maximum(truth.sum(0) + said.sum(0), 1))


def _axes(x: Array) -> Array:
    """The first principal directions of some features, uncentred. *Shape:* (n_features, at most `AXES`)."""
    return np.asarray(np.linalg.svd(x, full_matrices=False)[2][:AXES].T)


_YES = frozenset({"yes", "oui", "true", "1", "vrai", "y", "o"})


def _held_out(x: Array, target: Array, customers: Sequence[str], n_classes: int) -> Array:
    """What a regression on the other folds gives each row; sure of the one class there is where they have no other. *Shape:* (n, n_classes)."""
    held = np.zeros((len(target), n_classes))
    for kept, out in folds(target, customers):
        if len(classes := np.unique(target[kept])) == 1:
            held[out, classes[0]] = 1.0
            continue
        model = _regression(x[kept], target[kept])
        held[np.ix_(out, model.classes_)] = model.predict_proba(x[out])
    return held


def _regression(x: Array, target: Array) -> Any:
    """Logistic regression, its ridge chosen inside these rows."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

    least = int(np.bincount(target)[np.unique(target)].min())
    if least < 3:
        return LogisticRegression(C=1.0, class_weight="balanced", max_iter=500).fit(x, target)
    model = LogisticRegressionCV(
        Cs=list(STRENGTHS),
        cv=min(3, least),
        class_weight="balanced",
        scoring="neg_log_loss",
        max_iter=500,
        l1_ratios=(0.0,),
        use_legacy_attributes=False,
    )
    return model.fit(x, target)


def _threshold(p: Array, truth: Array) -> float:
    grid = np.round(np.arange(0.1, 0.91, 0.02), 2)
    scores = np.array([f1_by_class(truth.astype(int), (p >= t).astype(int), 2).mean() for t in grid])
    return float(np.median(grid[scores >= scores.max() - 0.005]))


def _probabilities(logits: Array, sigmoid: bool) -> Array:
    if sigmoid:
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _loss(logits: Array, target: Array, sigmoid: bool) -> float:
    p = np.clip(_probabilities(logits, sigmoid), 1e-6, 1 - 1e-6)
    if sigmoid:
        return float(-np.where(target > 0, np.log(p), np.log(1 - p)).mean())
    return float(-np.log(p[np.arange(len(p)), target]).mean())


def _move(z: Array, start: Array, target: Array, ridge: float, sigmoid: bool, begin: Array | None = None) -> Array:
    """The step from the shipped head: least loss over the rows plus `ridge` times its squared length. *Shape:* (n_labels, n_features + 1)."""
    shape = (start.shape[1], z.shape[1])
    truth = target.astype(float) if sigmoid else np.eye(shape[0])[target]
    first = np.zeros(shape) if begin is None else begin

    def loss(flat: Array) -> tuple[float, Array]:
        step = flat.reshape(shape)
        p = _probabilities(start + z @ step.T, sigmoid)
        q = np.clip(p, 1e-9, 1 - 1e-9)
        each = -(truth * np.log(q) + ((1 - truth) * np.log(1 - q) if sigmoid else 0)).sum()
        return float(each + ridge * (step * step).sum()), ((p - truth).T @ z + 2 * ridge * step).ravel()

    return np.asarray(minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 100}).x.reshape(shape))
