from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc_pipeline.config import Priority
from voc_pipeline.intervals import balance, customer_codes, mean, mean_contrasts, q_values, rate_ratio, share_ratio, shares, shift, wilson_interval
from voc_pipeline.prioritise import coverage, measure
from voc_pipeline.schema import Dimension, Gap, IrritantKind, Metric, NotValuedCode, Sentiment, Telling, Voice

AS_OF = date(2026, 10, 31)
KIND = IrritantKind.IRRITANT


def voice(
    number: int,
    *,
    days: int | None = 0,
    customer: str | None = None,
    negative: bool = True,
    not_valued: bool = False,
    scores: dict[str, float] | None = None,
    channel: str = "chat",
    respondent: str = "",
    stage: str = "deliver",
) -> Voice:
    """A verbatim said so many days before the last one."""
    return Voice(
        verbatim_id=f"v{number:06d}",
        source="demo",
        channel=channel,
        lang="fr" if number % 5 else "en",
        date=None if days is None else datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=days),
        customer=f"c{number}" if customer is None else customer,
        sentiment=Sentiment.NEGATIVE if negative else Sentiment.POSITIVE,
        not_valued=not_valued,
        not_valued_codes=(NotValuedCode.PASSED_AROUND,) if not_valued else (),
        intensity=2 if not_valued else 0,
        valued=not negative,
        stage=stage,
        scores=scores or {},
        attributes={"region": "Bretagne" if number % 3 else "Alsace"},
        respondent=respondent,
    )


def telling(number: int, irritant: str = "IRR-A", score: float = 0.8) -> Telling:
    """A verbatim tells of an irritant."""
    return Telling(irritant, f"v{number:06d}", 0, score, "deliver", Dimension.RELIABILITY, Gap.DELIVERY, 0.8, 0.9)


def run(
    voices: Sequence[Voice], tellings: Sequence[Telling], previous: Sequence[Metric] = (), **kinds: IrritantKind
) -> dict[tuple[str, str, str], Metric]:
    """Measured figures by scope, key and name."""
    named = {t.irritant_id: KIND for t in tellings} | {key.replace("_", "-"): kind for key, kind in kinds.items()}
    metrics = measure(voices, tellings, Priority(), AS_OF, named, previous)
    out = {(m.scope, m.key, m.name): m for m in metrics}
    assert len(out) == len(metrics)
    return out


# ---------------------------------------------------------------- intervals


@pytest.mark.parametrize(("successes", "n", "low", "high"), [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)])
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    """Wilson's interval has its published values, and covers everything on an empty base."""
    assert wilson_interval(successes, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_wilson_refuses() -> None:
    """More successes than trials, or fewer than none, is an error."""
    for successes in (-1, 6):
        with pytest.raises(ValueError, match="must lie"):
            wilson_interval(successes, 5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=40))
def test_shares_hold(drawn: list[tuple[bool, int]]) -> None:
    """A share lies in its interval, its effective base is never above the base, and is the base where nobody speaks twice."""
    marked = np.flatnonzero([mark for mark, _ in drawn])
    column = np.zeros(len(marked), dtype=np.int64)
    alone = shares(marked, column, 1, np.arange(len(drawn)))
    clustered = shares(marked, column, 1, np.unique([c for _, c in drawn], return_inverse=True)[1])
    for found in (alone, clustered):
        assert 0 <= found.low[0] <= found.value[0] <= found.high[0] <= 1 and 0 < found.effective_n[0] <= len(drawn)
    assert alone.effective_n[0] == len(drawn)
    assert (alone.low[0], alone.high[0]) == pytest.approx(wilson_interval(len(marked), len(drawn)))


def test_coverage_of_clustered_shares() -> None:
    """Over 300 simulated bases of customers who repeat themselves, the clustered interval holds the truth as often as it says, the plain does not."""
    rng = np.random.default_rng(11)
    held = plain = 0
    for _ in range(300):
        clusters = np.repeat(np.arange(60), rng.poisson(4, 60) + 1)
        row = np.flatnonzero(rng.random(len(clusters)) < rng.beta(0.3, 0.7, 60)[clusters])
        found = shares(row, np.zeros(len(row), dtype=np.int64), 1, clusters)
        held += found.low[0] <= 0.3 <= found.high[0]
        low, high = wilson_interval(len(row), len(clusters))
        plain += low <= 0.3 <= high
    assert held / 300 >= 0.91 > 0.8 > plain / 300


def test_mean_contrast_is_cluster_robust_regression() -> None:
    """With many customers the difference and its interval are those of least squares on the mark with errors clustered by customer."""
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(600), 2)
    marked = rng.random(1200) < 0.3
    y = 7 - 2 * marked + rng.normal(size=600)[clusters] + rng.normal(size=1200)
    row = np.flatnonzero(marked)
    found = mean_contrasts(y, row, np.zeros(len(row), dtype=np.int64), 1, clusters)[0]
    oracle = sm.OLS(y, sm.add_constant(marked.astype(float))).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(oracle.params[1])
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * oracle.bse[1], rel=0.08)


def test_three_equal_answers_are_not_certain() -> None:
    """Three customers who all give the lowest note, among many of both ends, prove nothing; one customer gives no interval at all."""
    y = np.array([1.0] * 3 + [1.0, 5.0] * 100)
    columns = np.array([0, 0, 0, 1, 1], dtype=np.int64)
    few, single = mean_contrasts(y, np.array([0, 1, 2, 0, 1]), columns, 2, np.array([0, 1, 2, *range(3, 203)]))
    assert few is not None and few.p_value is not None and few.p_value > 0.1
    clusters = np.array([0, 0, *range(1, 202)])
    single = mean_contrasts(y, np.array([0, 1]), np.zeros(2, dtype=np.int64), 1, clusters)[0]
    assert single is not None and single.low is None and single.p_value is None


def test_rate_ratio() -> None:
    """The trend's test is exact: known value and interval, no end above where nothing came before, nothing shown by nothing."""
    grown = rate_ratio(12, 100, 6, 300)
    assert grown.value == 6 and grown.p_value == pytest.approx(0.000231, abs=1e-6)
    assert (grown.low, grown.high) == (pytest.approx(2.084, abs=1e-3), pytest.approx(19.484, abs=1e-3))
    new, none = rate_ratio(12, 100, 0, 300), rate_ratio(0, 3, 0, 2)
    assert new.high is None and new.low is not None and new.low > 5
    assert (none.value, none.low, none.high, none.p_value) == (1, 0, None, 1)
    repeated = rate_ratio(12, 100, 6, 300, dispersion=4.0)
    assert repeated.value == 6 and repeated.p_value is not None and repeated.p_value > 0.05
    with pytest.raises(ValueError, match="both windows"):
        rate_ratio(1, 0, 1, 5)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.integers(1, 200), st.floats(0, 1), st.integers(1, 200))
def test_share_ratio_holds(p1: float, n1: int, p0: float, n0: int) -> None:
    """A ratio of shares lies in its interval, which has no end above where the others have none."""
    found = share_ratio((round(p1 * n1) / n1, n1), (round(p0 * n0) / n0, n0))
    assert found.low is not None and 0 <= found.low <= found.value + 1e-9
    assert (found.high is None) == (round(p0 * n0) == 0)
    assert found.high is None or found.high >= found.value - 1e-9


def test_balance_and_mean_edges() -> None:
    """Unanimous answers keep a width, an empty base says nothing, one customer gives a mean without an interval."""
    unanimous = balance([1] * 5, np.arange(5))
    assert unanimous.value[0] == 1 and unanimous.low[0] < 0.8 and unanimous.high[0] == 1
    empty = balance([], np.zeros(0, dtype=np.int64))
    assert np.isnan(empty.value[0]) and (empty.low[0], empty.high[0]) == (-1, 1)
    assert np.isnan(mean([], np.zeros(0, dtype=np.int64)).value[0])
    one = mean([3.0, 5.0], np.zeros(2, dtype=np.int64))
    assert one.value[0] == 4 and np.isnan(one.low[0])


def test_nps_interval_is_the_codebooks() -> None:
    """On a large base of customers who answer once, the NPS interval is the codebook's formula."""
    rng = np.random.default_rng(1)
    signs = rng.choice([1, 0, -1], size=4000, p=[0.3, 0.3, 0.4])
    p, d = np.mean(signs == 1), np.mean(signs == -1)
    found = balance(signs, np.arange(4000))
    assert found.value[0] == pytest.approx(p - d)
    assert (found.high[0] - found.low[0]) / 2 == pytest.approx(1.96 * np.sqrt((p + d - (p - d) ** 2) / 4000), rel=0.01)


def test_shift_forgets_what_is_shared() -> None:
    """The more two bases share, the smaller the difference that is more than noise; two equal bases show nothing."""
    p_values = [shift((0.12, 1000, 1000.0), (0.10, 900), overlap, 0.1).p_value or 0.0 for overlap in (0, 500, 850)]
    assert p_values == sorted(p_values, reverse=True) and p_values[-1] < 0.01 < p_values[0]
    assert shift((0.12, 100, 100.0), (0.10, 100), 100, 0.1).p_value == 1


def test_q_values() -> None:
    """Benjamini-Hochberg runs over the tests that were made and leaves the others empty."""
    assert q_values([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.04), pytest.approx(0.04)]
    assert q_values([]) == [] and q_values([None]) == [None]


def test_customer_codes() -> None:
    """Verbatims of one customer share a code, those of unknown customers each have their own."""
    codes = customer_codes(["a", "", "a", ""], ["v1", "v2", "v3", "a"])
    assert codes[0] == codes[2] and len(set(codes.tolist())) == 3


# ---------------------------------------------------------------- a run


def planted() -> tuple[list[Voice], list[Telling]]:
    """Sixteen weeks: A is large, steady and hurts the score; B appears in the last month; C is rare and grave; D is small and mild."""
    rng = np.random.default_rng(7)
    voices, tellings = [], []
    for i in range(1200):
        days = int(rng.integers(0, 112))
        told = (
            "A" if rng.random() < 0.2 else "B" if days < 28 and rng.random() < 0.15 else "C" if i % 150 == 0 else "D" if rng.random() < 0.05 else ""
        )
        not_valued = rng.random() < (0.6 if told == "A" else 1.0 if told == "C" else 0.05)
        nps = float(np.clip(round(rng.normal(4 if told == "A" else 8, 1.5)), 0, 10))
        customer = f"c{rng.integers(0, 700)}"
        scores = {"nps": nps, "stars": 1.0 if told == "C" else 4.0 + i % 2}
        voices.append(
            voice(
                i,
                days=days,
                customer=customer,
                not_valued=bool(not_valued),
                negative=bool(told),
                scores=scores,
                stage="leave" if told == "C" else "deliver",
            )
        )
        if told:
            tellings.append(telling(i, f"IRR-{told}"))
    return voices, tellings


def test_planted_truth() -> None:
    """What was planted is found: who is large, who grows, who hurts the score, who is rare but grave; nobody else is said to grow."""
    voices, tellings = planted()
    found = run(voices, tellings)
    get = lambda irritant, name: found["irritant", f"IRR-{irritant}", name]  # noqa: E731  short for what follows
    assert get("A", "rank").value == 1 and get("A", "part.volume").value == 1
    assert get("B", "rate_ratio").detail["alert"] is True and get("B", "rate_ratio").detail["direction"] == "up"
    assert [get(i, "rate_ratio").detail["alert"] for i in "ACD"] == [False] * 3
    drop = get("A", "nps_difference")
    assert drop.low is not None and drop.high is not None and drop.low < -3.5 < drop.high + 1 and drop.high < -2.5
    assert drop.detail["q_value"] is not None and float(str(drop.detail["q_value"])) < 0.001
    assert get("A", "part.impact").value > 0.4 and get("D", "part.impact").value == 0
    assert [get(i, "part.impact").detail["outcome"] for i in "AC"] == ["nps", "stars"]
    lift = get("A", "not_valued_lift")
    assert lift.low is not None and lift.high is not None and 5 < lift.low < lift.value < lift.high
    assert get("C", "rank").detail["rare_but_grave"] is True and get("C", "severity").value == max(get(i, "severity").value for i in "ABCD")
    assert found["stage_gap", "deliver=3", "n"].detail["top_irritants"][0][0] == "IRR-A"  # type: ignore[index]  # a list of pairs
    assert found["dimension", "reliability", "share"].value == 1
    assert get("A", "share").value * 1200 == pytest.approx(get("A", "mentions").value, abs=0.01)
    months = [m for (scope, key, _), m in found.items() if scope == "irritant_month" and key.startswith("IRR-A=")]
    assert sum(int(str(m.detail["mentions"])) for m in months) == get("A", "mentions").value


def test_priority_explains_itself() -> None:
    """Every priority is the weighted mean of its stored parts, parts lie in [0, 1], and ranks follow priorities."""
    found = run(*planted())
    weights = Priority().weights
    ranked = []
    for irritant in ("IRR-A", "IRR-B", "IRR-C", "IRR-D"):
        parts = {name: found["irritant", irritant, f"part.{name}"].value for name in weights}
        assert all(0 <= part <= 1 for part in parts.values())
        priority = found["irritant", irritant, "priority"]
        assert priority.value == pytest.approx(sum(weights[name] * parts[name] for name in weights) / sum(weights.values()), abs=1e-5)
        assert priority.detail["weights"] == dict(weights)
        ranked.append((found["irritant", irritant, "rank"].value, -priority.value))
    assert [rank for rank, _ in sorted(ranked)] == [1, 2, 3, 4] and sorted(ranked) == sorted(ranked, key=lambda pair: pair[1])


def test_flat_data_raises_no_alarm() -> None:
    """On flat data, runs with any alert, any score difference or any change declared are no more than Benjamini-Hochberg promises."""
    rng = np.random.default_rng(23)
    alarms = {"alert": 0, "difference": 0}
    runs = 40
    for _ in range(runs):
        customers = rng.integers(0, 250, 500)
        voices = [
            voice(i, days=int(rng.integers(0, 112)), customer=f"c{customers[i]}", scores={"stars": float(rng.choice([1, 5]))}) for i in range(500)
        ]
        irritants = rng.integers(0, 20, 500)
        tellings = [telling(i, f"IRR-{irritants[i]:02d}") for i in range(500) if rng.random() < 0.6]
        found = run(voices, tellings).values()
        alarms["alert"] += any(m.detail.get("alert") for m in found if m.name == "rate_ratio")
        alarms["difference"] += any(float(str(q)) <= 0.1 for m in found if m.name == "stars_difference" and (q := m.detail["q_value"]) is not None)
    assert max(alarms.values()) <= 9, alarms  # binomial(40, 0.10) exceeds 9 once in 200


def test_one_loud_customer_is_no_trend() -> None:
    """One customer who writes fifteen times in the last weeks raises no alert; fifteen customers do."""
    quiet = [voice(i, days=i % 112) for i in range(400)]
    alone = [voice(1000 + i, days=i, customer="loud") for i in range(15)]
    many = [voice(1000 + i, days=i) for i in range(15)]
    tellings = [telling(1000 + i) for i in range(15)]
    assert run([*quiet, *alone], tellings)["irritant", "IRR-A", "rate_ratio"].detail["alert"] is False
    assert run([*quiet, *many], tellings)["irritant", "IRR-A", "rate_ratio"].detail["alert"] is True


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_free(rng: random.Random, n: int) -> None:
    """Shuffled voices, tellings, kinds and previous figures give the same metrics to the last byte."""
    voices = [
        voice(i, days=rng.choice([None, 3, 40, 300]), customer=rng.choice(["", "a", "b"]), scores=rng.choice([{}, {"nps": 3.0}, {"csat": 5.0}]))
        for i in range(n)
    ]
    tellings = [telling(rng.randrange(n), f"IRR-{rng.randrange(4)}", rng.random()) for _ in range(n)]
    kinds = {t.irritant_id: KIND for t in tellings} | {"STR-X": IrritantKind.STRENGTH}
    first = measure(voices, tellings, Priority(), AS_OF, kinds)
    before = measure(voices[: n // 2], [t for t in tellings if int(t.verbatim_id[1:]) < n // 2], Priority(), AS_OF - timedelta(days=30), kinds)
    again = [*voices], [*tellings], [*kinds.items()], [*before]
    for items in again:
        rng.shuffle(items)  # type: ignore[arg-type]  # each a list of its own kind
    assert repr(measure(again[0], again[1], Priority(), AS_OF, dict(again[2]))) == repr(first)
    assert repr(measure(again[0], again[1], Priority(), AS_OF, dict(again[2]), again[3])) == repr(
        measure(voices, tellings, Priority(), AS_OF, kinds, before)
    )


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_figures_hold(rng: random.Random, n: int) -> None:
    """Whatever the verbatims, every figure lies in its interval, is finite, and no count exceeds the number of verbatims."""
    voices = [
        voice(
            i,
            days=rng.choice([None, 1, 50, 400]),
            customer=rng.choice(["", "a", f"c{i}"]),
            negative=rng.random() < 0.5,
            not_valued=rng.random() < 0.3,
            scores=rng.choice([{}, {"nps": float(rng.randrange(11)), "stars": 1.0}, {"csat": 2.0, "ces": 7.0}]),
            channel=rng.choice(["", "chat", "avis"]),
            respondent=rng.choice(["", "r1"]),
            stage=rng.choice(["", "leave", "résiliation"]),
        )
        for i in range(n)
    ]
    tellings = [telling(rng.randrange(n + 3), rng.choice(["IRR-A", "IRR-B", "STR-C", "SUG-D"])) for _ in range(2 * n)]
    kinds = {"IRR-A": KIND, "IRR-B": KIND, "STR-C": IrritantKind.STRENGTH, "SUG-D": IrritantKind.SUGGESTION}
    for metric in measure(voices, tellings, Priority(), AS_OF, kinds):
        assert np.isfinite(metric.value) and metric.n >= 0
        assert metric.low is None or metric.low <= metric.value + 1e-6
        assert metric.high is None or metric.high >= metric.value - 1e-6
        assert metric.name not in {"mentions", "customers", "n_customers"} or metric.value <= n


def test_zero_verbatims() -> None:
    """Without a verbatim there are counts of zero and no figure that would need a base."""
    found = run([], [], IRR_A=KIND)
    assert found["run", "", "n_verbatims"].value == 0 and found["irritant", "IRR-A", "mentions"].value == 0
    assert not any(name.startswith("share") or "difference" in name or name == "rate_ratio" for _, _, name in found)


def test_one_verbatim() -> None:
    """One verbatim gives shares with intervals almost as wide as can be, without a trend or a difference."""
    found = run([voice(1, scores={"nps": 2.0})], [telling(1)])
    share = found["irritant", "IRR-A", "share"]
    assert share.value == 1 and share.low is not None and share.low < 0.25 and share.n == 1
    assert found["run", "", "nps"].value == -100 and found["run", "", "nps"].high is not None and found["run", "", "nps"].high > 0
    assert ("irritant", "IRR-A", "rate_ratio") not in found and ("irritant", "IRR-A", "nps_difference") not in found
    assert found["irritant", "IRR-A", "rank"].value == 1


def test_no_dates() -> None:
    """Undated verbatims count in every figure but months and trends."""
    found = run([voice(i, days=None) for i in range(40)], [telling(i) for i in range(10)])
    assert found["run", "", "n_verbatims"].detail["undated"] == 40 and found["irritant", "IRR-A", "share"].value == 0.25
    assert not any(scope in {"month", "irritant_month"} or name == "rate_ratio" for scope, _, name in found)
    assert found["irritant", "IRR-A", "mentions"].detail["first_seen"] is None and found["irritant", "IRR-A", "part.trend"].value == 0


def test_no_scores() -> None:
    """Without scores there is no NPS, CSAT, CES, stars or difference, and severity rests on words alone."""
    found = run([voice(i, not_valued=True) for i in range(40)], [telling(i) for i in range(10)])
    assert not any("nps" in name or "csat" in name or "ces_" in name or "stars" in name for _, _, name in found)
    severity = found["irritant", "IRR-A", "severity"]
    assert severity.detail["outcome"] is None and severity.value == pytest.approx((0.4 * 0.9 + 0.3 * 2 / 3) / 0.7, abs=1e-5)


def test_one_customer() -> None:
    """When all verbatims come from one customer, one customer is touched and no interval is narrow."""
    found = run([voice(i, customer="ana", scores={"nps": 3.0}) for i in range(50)], [telling(i) for i in range(25)])
    share = found["irritant", "IRR-A", "share"]
    assert found["irritant", "IRR-A", "customers"].value == 1 and share.n == 50
    assert share.low is not None and share.high is not None and share.high - share.low > 0.8
    assert found["irritant", "IRR-A", "nps_difference"].low is None


def test_counts_are_of_verbatims() -> None:
    """A verbatim that tells an irritant in several segments counts once, and one outside the base not at all."""
    found = run([voice(i) for i in range(10)], [telling(1), telling(1, score=0.9), telling(2), telling(99)])
    assert found["irritant", "IRR-A", "mentions"].value == 2 and found["stage_gap", "deliver=3", "n"].value == 2


def test_scores_count_once_per_respondent() -> None:
    """A respondent's two answers carry one NPS, and tell what either tells."""
    voices = [voice(2 * i + side, customer="", respondent=f"r{i}", scores={"nps": 0.0 if i < 5 else 10.0}) for i in range(20) for side in (0, 1)]
    found = run(voices, [telling(2 * i + 1) for i in range(5)])
    assert found["run", "", "nps"].n == 20 and found["run", "", "nps"].value == 50
    difference = found["irritant", "IRR-A", "nps_difference"]
    assert difference.value == -10 and (difference.detail["n_with"], difference.detail["n_without"]) == (5, 15)
    assert found["run", "", "n_customers"].value == 20


def test_change_since_last_run() -> None:
    """Against the last run, what truly moved is more than noise, what did not is not, and the former rank and mentions are there."""
    voices = [voice(i, days=400 - i // 3) for i in range(1200)]
    tellings = [telling(i, "IRR-A") for i in range(0, 1200, 10)] + [telling(i, "IRR-B") for i in range(1100, 1200, 2)]
    kinds = {"IRR-A": KIND, "IRR-B": KIND}
    last = [v for v in voices if v.date and v.date.date() <= AS_OF - timedelta(days=30)]
    ids = {v.verbatim_id for v in last}
    before = measure(last, [t for t in tellings if t.verbatim_id in ids], Priority(), AS_OF - timedelta(days=30), kinds)
    found = run(voices, tellings, before)
    a, b = (found["irritant", irritant, "change_share"] for irritant in kinds)
    assert a.detail["more_than_noise"] is False and b.detail["more_than_noise"] is True and b.low is not None and b.low > 0
    assert found["irritant", "IRR-A", "previous_mentions"].value == next(m.value for m in before if m.name == "mentions" and m.key == "IRR-A")
    assert found["irritant", "IRR-A", "previous_rank"].value == 1
    assert found["run", "", "change_share_negative"].detail["more_than_noise"] is False


def test_strengths_and_suggestions() -> None:
    """Strengths and suggestions have counts, months and a rank of their own kind, no severity and no priority."""
    tellings = [telling(i, "STR-A") for i in range(6)] + [telling(i, "STR-B") for i in range(9)] + [telling(3, "SUG-C"), telling(4, "IRR-D")]
    found = run([voice(i) for i in range(30)], tellings, STR_A=IrritantKind.STRENGTH, STR_B=IrritantKind.STRENGTH, SUG_C=IrritantKind.SUGGESTION)
    assert [found["irritant", key, "rank"].value for key in ("STR-A", "STR-B", "SUG-C", "IRR-D")] == [2, 1, 1, 1]
    assert ("irritant", "STR-A", "priority") not in found and ("irritant", "STR-A", "severity") not in found
    assert ("irritant_month", "STR-A=2026-10", "share") in found and found["stage_gap", "deliver=3", "n"].value == 1


def test_leaving_and_scales() -> None:
    """The company's own leaving stage counts as leaving, and the top two answers are those of the survey's own scale."""
    voices = [voice(i, stage="résiliation", scores={"csat": float(i % 10 + 1)}) for i in range(20)]
    metrics = measure(
        voices, [telling(i) for i in range(20)], Priority(), AS_OF, {"IRR-A": KIND}, leaving=("leave", "résiliation"), scales={"csat": (1, 10)}
    )
    found = {m.name: m for m in metrics if m.scope in {"run", "irritant"}}
    assert found["severity"].detail["leaving"] == 20 and found["csat_top2"].value == 0.2


def test_refusals() -> None:
    """A verbatim given twice, or an irritant that no kind is given for, is an error."""
    with pytest.raises(ValueError, match="twice"):
        measure([voice(1), voice(1)], [], Priority(), AS_OF, {})
    with pytest.raises(ValueError, match="IRR-A"):
        measure([voice(1)], [telling(1)], Priority(), AS_OF, {})


def test_coverage() -> None:
    """Unassigned and fallback shares are of the negative segments, and zero where there are none."""
    found = {m.name: m for m in coverage(200, 150, 30)}
    assert (found["unassigned_share"].value, found["fallback_share"].value, found["n_assigned_segments"].value) == (0.25, 0.15, 150)
    assert {m.value for m in coverage(0, 0, 0)} == {0}
