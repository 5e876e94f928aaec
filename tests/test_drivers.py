from __future__ import annotations

import random
import tracemalloc
from itertools import combinations
from math import factorial

import numpy as np
import pytest
import statsmodels.api as sm
from test_prioritise import AS_OF, KIND, telling, voice

from voc_pipeline.config import Priority
from voc_pipeline.prioritise import importance as weighing
from voc_pipeline.prioritise import measure
from voc_pipeline.prioritise.base import Base, read_base
from voc_pipeline.prioritise.design import LEAST_WITH, design
from voc_pipeline.prioritise.drivers import driver_figures, fit
from voc_pipeline.prioritise.importance import importance, relative_weights
from voc_pipeline.schema import Metric, Telling, Voice

EFFECTS = {"IRR-A": -2.0, "IRR-B": -0.5, "IRR-C": 0.0}


def answered(seed: int, n: int = 600, scale: float = 1.0) -> tuple[list[Voice], list[Telling]]:
    """Customers who answer twice on average; A and B lower the score, C goes with A and does nothing, not being valued takes 1 more."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.7, n)
    voices, tellings = [], []
    for i in range(n):
        customer = int(rng.integers(0, n // 2))
        a = rng.random() < 0.25
        told = {"IRR-A": a, "IRR-B": rng.random() < 0.15, "IRR-C": rng.random() < (0.5 if a else 0.1)}
        not_valued = bool(rng.random() < 0.3)
        score = 7 + scale * (sum(EFFECTS[key] for key, yes in told.items() if yes) - not_valued) + own[customer] + rng.normal(0, 1)
        voices.append(voice(i, customer=f"c{customer}", not_valued=not_valued, scores={"nps": float(score)}, channel="chat" if i % 3 else "app"))
        tellings += [telling(i, key) for key, yes in told.items() if yes]
    return voices, tellings


def base_of(voices: list[Voice], tellings: list[Telling]) -> Base:
    """Columns of some verbatims."""
    return read_base(voices, tellings, {one.irritant_id: KIND for one in tellings})


def figures(voices: list[Voice], tellings: list[Telling], resamples: int = 200) -> dict[tuple[str, str, str], Metric]:
    """Driver figures by scope, key and name."""
    return {(m.scope, m.key, m.name): m for m in driver_figures(base_of(voices, tellings), resamples)[0]}


def test_adjusted_effects_are_the_planted_ones() -> None:
    """Each effect is found with the rest held equal: what only goes along with a true driver is not blamed, though alone it looks guilty."""
    voices, tellings = answered(4, n=2400)
    found = figures(voices, tellings)
    for key, truth in {**EFFECTS, "not_valued": -1.0}.items():
        effect = found["driver", f"nps={key}", "effect"]
        assert effect.low is not None and effect.high is not None and effect.low < truth < effect.high and effect.high - effect.low < 0.6
    raw = next(
        m for m in measure(voices, tellings, Priority(), AS_OF, dict.fromkeys(EFFECTS, KIND)) if (m.key, m.name) == ("IRR-C", "nps_difference")
    )
    assert raw.high is not None and raw.high < -0.3
    assert [found["driver", f"nps={key}", "importance"].detail["rank"] for key in ("IRR-A", "not_valued")] == [1, 2]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over simulated surveys of customers who answer more than once, the 95 % interval of an adjusted effect holds the truth nine times in ten at least."""
    held = 0
    for seed in range(80):
        rows = design(base := base_of(*answered(seed, n=240)), "nps")
        effect = fit(base.answers["nps"].values, rows).effects[rows.names.index("IRR-A")]
        assert effect.low is not None and effect.high is not None
        held += effect.low <= EFFECTS["IRR-A"] <= effect.high
    assert held >= 71  # binomial(80, 0.95) is below 71 once in 100


def test_no_link_is_seldom_declared() -> None:
    """Where nothing moves the score, surveys with any predictor or segment declared are no more than the one in ten that q promises."""
    declared = 0
    for seed in range(40):
        found = figures(*answered(seed, n=300, scale=0.0), resamples=20)
        declared += any(q is not None and float(str(q)) <= 0.1 for m in found.values() if m.name == "effect" for q in [m.detail["q_value"]])
    assert declared <= 9  # binomial(40, 0.10) exceeds 9 once in 200


def test_recoverable_is_the_mean_without_it() -> None:
    """Recoverable points are the predicted mean with the irritant at 0 minus the mean, their lower bound is below, and the codebook's order follows it."""
    voices, tellings = answered(4)
    base = base_of(voices, tellings)
    rows, values = design(base, "nps"), base.answers["nps"].values
    at = rows.names.index("IRR-A")
    fitted = sm.OLS(values, rows.columns()).fit()
    without = rows.columns()
    without[:, 1 + rows.controls.shape[1] + at] = 0
    back = figures(voices, tellings)["driver", "nps=IRR-A", "recoverable"]
    assert back.value == pytest.approx(fitted.predict(without).mean() - values.mean())
    assert back.low is not None and 0 < back.low < back.value
    ranks = {m.key: m.detail for m in measure(voices, tellings, Priority(), AS_OF, dict.fromkeys(EFFECTS, KIND)) if m.name == "rank"}
    assert [ranks[key]["recoverable_rank"] for key in EFFECTS] == [1, 2, 3] and ranks["IRR-C"]["recoverable_low"] == 0


# ---------------------------------------------------------------- importance


def test_relative_weights_sum_to_what_is_explained() -> None:
    """Weights are never negative and sum to the squared multiple correlation; without correlation they are the squared correlations."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))
    y = x @ np.array([1.0, 0.5, 0.0, -1.0]) + rng.normal(size=500)
    whole = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    found = relative_weights(whole[:4, :4], whole[:4, 4])
    assert (found >= 0).all() and found.sum() == pytest.approx(sm.OLS(y, sm.add_constant(x)).fit().rsquared)
    assert relative_weights(np.eye(3), np.array([0.5, 0.0, -0.3])) == pytest.approx([0.25, 0, 0.09], abs=1e-6)


def test_relative_weights_are_near_shapley() -> None:
    """On correlated predictors, relative weights are within three points of the Shapley shares of what is explained (LMG)."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2000, 3)) @ np.array([[1, 0.6, 0.3], [0, 1, 0.4], [0, 0, 1]])
    y = x @ np.array([0.8, 0.4, 0.0]) + rng.normal(size=2000)
    explained = lambda some: sm.OLS(y, sm.add_constant(x[:, list(some)])).fit().rsquared if some else 0.0  # noqa: E731  short for what follows
    shapley = [
        sum(
            factorial(size) * factorial(2 - size) / factorial(3) * (explained((*some, own)) - explained(some))
            for size in range(3)
            for some in combinations([other for other in range(3) if other != own], size)
        )
        for own in range(3)
    ]
    whole = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    assert relative_weights(whole[:3, :3], whole[:3, 3]) == pytest.approx(shapley, abs=0.03)


def test_controls_take_their_part_first() -> None:
    """What a control explains is credited to no predictor: the weights sum to what predictors add to the controls, as a share of what those leave."""
    rng = np.random.default_rng(5)
    control = (rng.random(800) < 0.5).astype(float)
    flags = (rng.random((800, 2)) < (0.2 + 0.5 * control)[:, None]).astype(float)
    y = 3 * control - flags[:, 0] + rng.normal(size=800)
    found = importance(y, flags, control[:, None], np.arange(800), resamples=50)
    with_all = sm.OLS(y, sm.add_constant(np.column_stack([control, flags]))).fit()
    alone = sm.OLS(y, sm.add_constant(control)).fit()
    assert found.weights.sum() == pytest.approx(1 - with_all.ssr / alone.ssr, abs=1e-6)
    assert found.weights[0] > 5 * found.weights[1]


def test_ranks_are_as_sure_as_the_data() -> None:
    """Two predictors that weigh the same can change places, one that weighs much more cannot; a resample is of customers, not of answers."""
    rng = np.random.default_rng(6)
    flags = (rng.random((900, 3)) < 0.3).astype(float)
    y = flags @ np.array([-3.0, -1.0, -1.0]) + rng.normal(size=900)
    found = importance(y, flags, np.zeros((900, 0)), np.arange(900), resamples=300)
    assert (found.rank_low[0], found.rank_high[0]) == (1, 1)
    assert [(low, high) for low, high in zip(found.rank_low[1:], found.rank_high[1:], strict=True)] == [(2, 3), (2, 3)]
    few = importance(y, flags, np.zeros((900, 0)), np.arange(900) // 90, resamples=300)
    assert few.slopes[:, 0].std() != pytest.approx(found.slopes[:, 0].std(), rel=0.02)


def test_resamples_agree_with_least_squares() -> None:
    """A resample's slopes are those of least squares on the customers drawn, each as often as it was drawn."""
    rng = np.random.default_rng(12)
    flags, clusters = (rng.random((120, 2)) < 0.4).astype(float), np.repeat(np.arange(40), 3)
    control = rng.normal(size=(120, 1))
    y = flags @ np.array([1.0, -1.0]) + control[:, 0] + rng.normal(size=120)
    found = importance(y, flags, control, clusters, resamples=3)
    from voc_pipeline.prioritise.importance import SEED

    drawn = np.random.default_rng(SEED).multinomial(40, np.full(40, 1 / 40), size=3)
    for slopes, weights in zip(found.slopes, drawn, strict=True):
        oracle = sm.WLS(y, sm.add_constant(np.column_stack([control, flags])), weights=weights[clusters]).fit()
        assert slopes == pytest.approx(oracle.params[2:], abs=1e-5)


def _many(n: int = 5000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(13)
    flags = (rng.random((n, 3)) < 0.2).astype(float)
    return flags @ np.array([-2.0, -1.0, 0.5]) + rng.normal(size=n), flags, rng.normal(size=(n, 1)), np.arange(n)


def test_resamples_in_blocks_give_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many resamples are drawn and multiplied at once changes no figure."""
    whole = importance(*_many(), resamples=100)
    monkeypatch.setattr(weighing, "_HELD", 37 * 5000)
    parted = importance(*_many(), resamples=100)
    for name in ("weights", "low", "high", "slopes", "shares"):
        assert getattr(parted, name) == pytest.approx(getattr(whole, name), rel=1e-12, abs=1e-14)
    for name in ("ranks", "rank_low", "rank_high"):
        assert (getattr(parted, name) == getattr(whole, name)).all()


def test_resamples_are_never_held_as_wide_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws of all resamples are kept in two bytes a customer; only a block of them is ever held wider, so that memory allows 100,000 customers."""
    monkeypatch.setattr(weighing, "_HELD", 200_000)
    given = _many()
    tracemalloc.start()
    try:
        importance(*given, resamples=1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * 2 * 1000 * 5000


# ---------------------------------------------------------------- what a model cannot hold


def test_rare_irritants_are_pooled_and_said_so() -> None:
    """Irritants too rare for a slope of their own are pooled into one predictor, and the model says which."""
    voices, tellings = answered(1)
    rare = [telling(i, f"IRR-R{i % 4}") for i in range(4 * (LEAST_WITH - 2))]
    found = figures(voices, [*tellings, *rare])
    assert ("driver", "nps=IRR-R0", "effect") not in found and found["driver", "nps=others", "effect"].n == 4 * (LEAST_WITH - 2)
    left = found["driver_model", "nps", "explained"].detail["left_out"]
    assert {(one["predictor"], one["reason"], one["pooled"]) for one in left} == {(f"IRR-R{i}", "rare", True) for i in range(4)}  # type: ignore[attr-defined]


def test_a_twin_is_left_out_and_said_so() -> None:
    """An irritant told by nearly the same customers as another gets no slope of its own, and the model says so."""
    voices, tellings = answered(1)
    twin = [telling(int(one.verbatim_id[1:]), "IRR-TWIN") for one in tellings if one.irritant_id == "IRR-A"][2:]
    rows = design(base_of(voices, [*tellings, *twin]), "nps")
    assert "IRR-A" in rows.names and "IRR-TWIN" not in rows.names
    assert [(one.predictor, one.reason) for one in rows.left_out] == [("IRR-TWIN", "collinear")]


def test_a_model_never_has_more_columns_than_respondents_carry() -> None:
    """There is at most one column to ten respondents, whatever is told; with too few respondents there is no model, and the figure says so."""
    rng = np.random.default_rng(3)
    voices = [voice(i, scores={"nps": float(rng.integers(0, 11))}, stage=f"s{i % 9}", channel=f"k{i % 7}") for i in range(200)]
    tellings = [telling(i, f"IRR-{j:02d}") for i in range(200) for j in range(30) if rng.random() < 0.1]
    rows = design(base_of(voices, tellings), "nps")
    assert rows.columns().shape[1] <= 1 + 200 // 10 and "others" in rows.names
    assert {one.reason for one in rows.left_out} >= {"rare", "room"}
    few = figures(voices[:40], [one for one in tellings if int(one.verbatim_id[1:]) < 40])
    assert set(few) == {("driver_model", "nps", "too_few")} and few["driver_model", "nps", "too_few"].n == 40
    alone = figures([voice(i, customer="ana", scores={"nps": float(i % 11)}) for i in range(100)], [telling(i) for i in range(0, 100, 3)])
    assert alone["driver_model", "nps", "too_few"].detail["customers"] == 1
    same = figures([voice(i, scores={"nps": 7.0}) for i in range(100)], [telling(i) for i in range(40)])
    assert same["driver_model", "nps", "too_few"].detail["same_answer"] is True


def test_one_family_of_tests_over_segments() -> None:
    """An irritant that hurts one segment only is found there, its q-value corrected over all irritants and segments of the score."""
    rng = np.random.default_rng(2)
    voices, tellings = [], []
    for i in range(900):
        told, there = rng.random() < 0.3, i % 3 == 0  # number % 3 == 0 lives in Alsace
        voices.append(voice(i, scores={"csat": float(3 - 2 * (told and there) + rng.normal(0, 0.8))}))
        tellings += [telling(i)] if told else []
    found = figures(voices, tellings)
    hurt, spared = (found["driver_segment", f"csat=IRR-A=region={region}", "effect"] for region in ("Alsace", "Bretagne"))
    assert hurt.high is not None and hurt.high < -1 and float(str(hurt.detail["q_value"])) < 0.001
    assert spared.low is not None and spared.high is not None and spared.low < 0 < spared.high
    model = found["driver_model", "csat", "explained"].detail
    assert model["tests"] == sum(m.name == "effect" for m in found.values()) and model["controls"]


def test_drivers_are_order_free() -> None:
    """Shuffled verbatims and tellings give the same figures to the last byte."""
    voices, tellings = answered(9, n=200)
    again = [*voices], [*tellings]
    for items in again:
        random.Random(1).shuffle(items)  # type: ignore[arg-type]  # each a list of its own kind
    assert repr(driver_figures(base_of(*again), 50)) == repr(driver_figures(base_of(voices, tellings), 50))
