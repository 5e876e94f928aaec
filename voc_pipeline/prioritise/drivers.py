"""Drivers of NPS, CSAT and stars: one adjusted model a score, what each predictor weighs in it, and what would come back were it gone.

Predictors are irritants told, not being valued, and stages; channel, language and segment are held equal; errors are clustered by customer. All of it is
association: `recoverable` is what the mean would gain were the link a cause and the irritant gone, hence an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import LEVEL, Contrast, Floats, q_values
from voc_pipeline.prioritise.base import Base
from voc_pipeline.prioritise.design import Design, design, respondents_by_segment, told
from voc_pipeline.prioritise.importance import RESAMPLES, Importance, importance
from voc_pipeline.schema import OUTCOMES, SMALL_BASE, Metric

LEAST_RESPONDENTS = 60
"""Respondents that a model needs, in all or in a segment."""


@dataclass(frozen=True, slots=True)
class Model:
    """An adjusted model of one score.

    Attributes:
        effects: What the score differs by beside each predictor, the rest held equal.
        n_with: Respondents who tell each predictor.
        explained: Share of the score's variance that predictors and controls explain together, in [0, 1].
    """

    design: Design
    effects: tuple[Contrast, ...]
    n_with: tuple[int, ...]
    explained: float


def fit(score: Floats, rows: Design) -> Model:
    """Least squares with errors clustered by customer, as `mean_contrasts` keeps them honest with few: never below the classical error, and degrees of
    freedom of the customers on the smaller side of each predictor.

    With a single customer, or fewer answers than columns, slopes have no interval.

    Source: Cameron and Miller (2015), "A practitioner's guide to cluster-robust inference".
    """
    import statsmodels.api as sm
    from scipy.stats import t

    columns = rows.columns()
    n_customers = int(rows.clusters.max(initial=-1)) + 1
    n_with = tuple(int(n) for n in rows.flags.sum(axis=0))
    if n_customers < 2 or len(score) <= columns.shape[1]:
        slopes = np.linalg.lstsq(columns, score, rcond=None)[0][columns.shape[1] - rows.flags.shape[1] :]
        return Model(rows, tuple(Contrast(float(slope), None, None, None) for slope in slopes), n_with, 0.0)
    model = sm.OLS(score, columns)
    classical = model.fit()
    several = n_customers < len(score)
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": rows.clusters}) if several else model.fit(cov_type="HC1")
    errors = np.sqrt(np.clip([np.diag(found.cov_params()) for found in (classical, robust)], 0, None)).max(axis=0)  # few customers: rounding under 0
    effects = []
    for place in range(rows.flags.shape[1]):
        at = columns.shape[1] - rows.flags.shape[1] + place
        value, error = float(classical.params[at]), float(errors[at])
        sides = (len(np.unique(rows.clusters[rows.flags[:, place] == side])) for side in (0, 1))
        freedom = max(1, min(sides) - 1)
        half = float(t.isf((1 - LEVEL) / 2, freedom)) * error
        p_value = float(2 * t.sf(abs(value) / error, freedom)) if error > 1e-9 else float(abs(value) < 1e-9)
        effects.append(Contrast(value, value - half, value + half, p_value))
    explained = float(np.clip(classical.rsquared, 0, 1)) if float(np.ptp(classical.model.endog)) > 0 else 0.0
    return Model(rows, tuple(effects), n_with, explained)


def driver_figures(base: Base, resamples: int = RESAMPLES) -> tuple[list[Metric], dict[str, dict[str, float]]]:
    """Figures of scopes `driver_model`, `driver` (`<score>=<predictor>`) and `driver_segment` (`<score>=<irritant>=<attribute>=<value>`).

    Args:
        base: The verbatims.
        resamples: Of the bootstrap.

    Returns:
        The figures, and for each score with a model the lower bound of what each predictor would give back. One family of tests a score: its predictors
        and all irritants x segments.
    """
    metrics: list[Metric] = []
    bounds: dict[str, dict[str, float]] = {}
    for name in OUTCOMES:
        values = base.answers[name].values
        customers = len(np.unique(base.answers[name].clusters))
        if len(values) < LEAST_RESPONDENTS or customers < SMALL_BASE or float(np.ptp(values)) == 0.0:
            if len(values):
                detail: dict[str, object] = {"least": LEAST_RESPONDENTS, "customers": customers, "same_answer": float(np.ptp(values)) == 0.0}
                metrics.append(Metric("driver_model", name, "too_few", len(values), n=len(values), detail=detail))
            continue
        rows = design(base, name)
        if not rows.names:
            continue
        model = fit(values, rows)
        weighed = importance(values, rows.flags, rows.controls, rows.clusters, resamples)
        cells = dict(_segment_models(base, name))
        q = iter(q_values([effect.p_value for effect in (*model.effects, *(cell[0] for cell in cells.values()))]))
        detail = {
            "customers": customers,
            "controls": list(rows.held),
            "left_out": told(rows.left_out),
            "by_predictors": float(weighed.weights.sum()),
            "resamples": resamples,
            "tests": len(model.effects) + len(cells),
        }
        metrics.append(Metric("driver_model", name, "explained", model.explained, n=len(values), detail=detail))
        bounds[name] = {}
        points = fit(np.where(values >= 9, 100.0, np.where(values <= 6, -100.0, 0.0)), rows) if name == "nps" else None
        for place, predictor in enumerate(rows.names):
            found = list(_predictor(f"{name}={predictor}", model, weighed, place, next(q)))
            if points is not None:
                found.append(_recoverable(f"{name}={predictor}", "recoverable_nps", points, place, None))
            metrics += found
            bounds[name][predictor] = max(0.0, next(metric.low or 0.0 for metric in found if metric.name == "recoverable"))
        for key, (effect, n_with, n) in cells.items():
            about: dict[str, object] = {"p_value": effect.p_value, "q_value": next(q), "respondents": n}
            metrics.append(Metric("driver_segment", f"{name}={key}", "effect", effect.value, effect.low, effect.high, n_with, about))
    return metrics, bounds


def _predictor(key: str, model: Model, weighed: Importance, place: int, q: float | None) -> Iterator[Metric]:
    effect, n = model.effects[place], model.n_with[place]
    yield Metric("driver", key, "effect", effect.value, effect.low, effect.high, n, {"p_value": effect.p_value, "q_value": q})
    ranks: dict[str, object] = {
        "rank": int(weighed.ranks[place]),
        "rank_low": int(weighed.rank_low[place]),
        "rank_high": int(weighed.rank_high[place]),
        "of": len(model.effects),
    }
    weight, low, high = (float(side[place]) for side in (weighed.weights, weighed.low, weighed.high))
    yield Metric("driver", key, "importance", weight, low, high, n, ranks)
    yield _recoverable(key, "recoverable", model, place, weighed)


def _recoverable(key: str, name: str, model: Model, place: int, weighed: Importance | None) -> Metric:
    """Predicted mean with the predictor at 0 minus the mean; the wider of the model's bounds and the bootstrap's, where the share varies too."""
    effect, share = model.effects[place], model.n_with[place] / len(model.design.flags)
    low, high = (-float(bound or 0.0) * share for bound in (effect.high, effect.low))
    if weighed is not None:
        drawn = np.quantile(-weighed.slopes[:, place] * weighed.shares[:, place], [0.025, 0.975])
        low, high = min(low, float(drawn[0])), max(high, float(drawn[1]))
    return Metric("driver", key, name, -effect.value * share, low, high, model.n_with[place], {"share": share})


def _segment_models(base: Base, name: str) -> Iterator[tuple[str, tuple[Contrast, int, int]]]:
    """Effect of each irritant among the respondents of each segment that has enough of them: (effect, respondents who tell it, respondents)."""
    values = base.answers[name].values
    for segment, among in respondents_by_segment(base, name, LEAST_RESPONDENTS).items():
        rows = design(base, name, among, spare=True)
        if rows.clusters.max() + 1 < SMALL_BASE or not any(predictor in base.ids for predictor in rows.names) or float(np.ptp(values[among])) == 0.0:
            continue
        model = fit(values[among], rows)
        for predictor, effect, n_with in zip(rows.names, model.effects, model.n_with, strict=True):
            if predictor in base.ids:
                yield f"{predictor}={segment}", (effect, n_with, len(among))


def lower_bounds(bounds: Mapping[str, Mapping[str, float]], name: str, irritant_id: str) -> float | None:
    """What an irritant would give back of a score at least: 0 where its model does not hold it, None where the score has no model."""
    return bounds[name].get(irritant_id, 0.0) if name in bounds else None
