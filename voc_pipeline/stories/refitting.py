"""Do other weights of peak, end and mean foretell the company's own NPS or churn better than a plain mean? Asked out of fold, with an interval, or not at all.

The outcome never knows itself: a customer's features are read from contacts dated before the day of the outcome, so that neither the form that gave it
nor anything said that day is among them; for churn, contacts that announce leaving are left out too. Each customer is one row, hence in one fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from voc_pipeline.intervals import Contrast, Floats, Ints, mean
from voc_pipeline.schema import Contact
from voc_pipeline.stories.telling import DEFAULT, Weights

LEAST = 60
"""Customers with an earlier contact and an outcome under which nothing is told."""
LEAST_SIDE = 10
"""Customers on either side of an outcome of two values."""
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Refit:
    """What the refit says.

    Attributes:
        verdict: `refit_better`, `mean_better`, `not_shown`, or `cannot_tell` where customers are too few.
        weights: Those the score then uses: the refitted ones only if `refit_better`.
        n: Customers with an outcome and a contact before it.
        gain: Mean squared error of the plain mean minus that of the refit, out of fold; above 0 where the refit is better. None if `cannot_tell`.
        default_gain: The same for the default weights.
        fitted: The weights as fitted on all, whether used or not.
    """

    verdict: str
    weights: Weights
    n: int
    gain: Contrast | None = None
    default_gain: Contrast | None = None
    fitted: Weights | None = None


def refitted(contacts: Sequence[Contact], outcomes: Mapping[str, tuple[date, float]], churn: bool = False) -> Refit:
    """Weights refitted on an outcome, if they beat a plain mean.

    Args:
        contacts: Of all customers.
        outcomes: By customer, the day and the value of the outcome; higher is better.
        churn: Whether the outcome is having stayed (1) or left (0).

    Source: Bayle, Bayle, Janson and Mackey (2020), "Cross-validation confidence intervals for test error", for the interval of the difference.
    """
    x, y = _rows(contacts, outcomes, churn)
    n = len(y)
    values = np.unique(y)
    if n < LEAST or len(values) < 2 or (len(values) == 2 and min(int((y == value).sum()) for value in values) < LEAST_SIDE):
        return Refit("cannot_tell", DEFAULT, n)
    default = DEFAULT.peak * x[:, 0] + DEFAULT.end * x[:, 1] + DEFAULT.mean * x[:, 2]
    plain, own, fitted = _losses(x[:, 2:], y), _losses(default[:, None], y), _losses(x, y)
    gain, default_gain = (_gain(plain - losses) for losses in (fitted, own))
    weights = _weights(x, y)
    better = gain.low is not None and gain.low > 0 and weights is not None
    worse = gain.high is not None and gain.high < 0
    verdict = "refit_better" if better else "mean_better" if worse else "not_shown"
    return Refit(verdict, weights if better and weights else DEFAULT, n, gain, default_gain, weights)


def _rows(contacts: Sequence[Contact], outcomes: Mapping[str, tuple[date, float]], churn: bool) -> tuple[Floats, Floats]:
    """Peak, end and mean mood before the outcome, and the outcome, customers sorted. *Shapes:* (n, 3), (n,)"""
    moods: dict[str, list[float]] = {}
    for contact in sorted(contacts, key=lambda contact: (contact.customer, contact.date, contact.verbatim_ids)):
        known = outcomes.get(contact.customer)
        if known is not None and contact.date.date() < known[0] and not (churn and contact.leaving):
            moods.setdefault(contact.customer, []).append(contact.mood)
    rows = [(min(said), said[-1], sum(said) / len(said)) for said in moods.values()]
    return np.array(rows, dtype=np.float64).reshape(-1, 3), np.array([outcomes[customer][1] for customer in moods], dtype=np.float64)


def _losses(x: Floats, y: Floats) -> Floats:
    """Squared error of each customer, by a model that has not seen them. *Shape:* (n,)"""
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_predict

    folds = KFold(FOLDS, shuffle=True, random_state=13)
    predicted = cross_val_predict(LinearRegression(positive=True), x, y, cv=folds)
    return np.asarray((y - predicted) ** 2, dtype=np.float64)


def _gain(differences: Floats) -> Contrast:
    clusters: Ints = np.arange(len(differences), dtype=np.int64)
    if float(np.ptp(differences)) == 0.0:
        return Contrast(float(differences[0]), float(differences[0]), float(differences[0]), None)
    estimate = mean(differences, clusters)
    return Contrast(float(estimate.value[0]), float(estimate.low[0]), float(estimate.high[0]), None)


def _weights(x: Floats, y: Floats) -> Weights | None:
    """Weights not below zero that sum to 1; None where no part helps."""
    from sklearn.linear_model import LinearRegression

    coefficients = LinearRegression(positive=True).fit(x, y).coef_
    total = float(coefficients.sum())
    return Weights(*(float(one) / total for one in coefficients)) if total > 1e-9 else None
