from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc_pipeline.config import OwnerRule
from voc_pipeline.schema import Dimension, Gap, Metric, NotValuedCode, Sentiment, Stage, Telling
from voc_pipeline.servqual import CEILINGS, CONFIRMED_FROM, Facts, gap5, owner, read_gap
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS, GAP_LABELS, GAP_NAMES, REFUTING_QUESTIONS, SENTIMENT_LABELS


def telling(
    number: int, gap: int | None = 3, p: float = 0.9, score: float = 0.7, dimension: str | None = "reliability", irritant: str = "IRR-A"
) -> Telling:
    """A mention of an irritant."""
    return Telling(
        irritant, f"v{number:04d}", number % 4, score, "deliver", Dimension(dimension) if dimension else None, Gap(gap) if gap else None, p, 0.9
    )


def customers_of(tellings: Sequence[Telling]) -> dict[str, str]:
    """A customer of its own for each verbatim."""
    return {t.verbatim_id: f"c{t.verbatim_id}" for t in tellings}


@dataclass(frozen=True)
class Score:
    source: str
    respondent_hash: str
    customer_hash: str
    date: datetime | None
    name: str
    value: float


def answers(
    respondent: str, expectation: Sequence[float], perception: Sequence[float], weights: Sequence[float] = (), customer: str = ""
) -> list[Score]:
    """What a respondent answered, dimension by dimension."""
    groups = {"expectation": expectation, "perception": perception, "weight": weights}
    return [
        Score("survey", respondent, customer, None, f"{kind}.{dimension}", value)
        for kind, values in groups.items()
        for dimension, value in zip(Dimension, values, strict=False)
    ]


def named(metrics: list[Metric], key: str, name: str) -> Metric:
    """The one metric of that key and name."""
    return next(m for m in metrics if m.key == key and m.name == name)


@pytest.mark.parametrize("gap", [1, 2, 3, 4])
def test_planted_gap(gap: int) -> None:
    """A gap planted in most of 40 sure mentions is read, confirmed, held under its ceiling and comes with its refuting questions."""
    others = [g for g in (1, 2, 3, 4) if g != gap]
    tellings = [telling(i, gap if i % 5 else others[i % 3]) for i in range(40)]
    reading = read_gap("IRR-A", tellings, customers_of(tellings))
    assert reading.gap == gap and reading.alternative is None and reading.confirmed and reading.n == 40
    assert reading.confidence == pytest.approx(min(CEILINGS[Gap(gap)], reading.shares[gap].value), abs=1e-6)
    assert reading.shares[gap].low < reading.shares[gap].value < reading.shares[gap].high
    assert sum(share.value for share in reading.shares.values()) == pytest.approx(1, abs=1e-5)
    assert reading.refuting_question == REFUTING_QUESTIONS[gap] and set(reading.refuting_question) == {"fr", "en"}


def test_small_base_halves() -> None:
    """Under 20 verbatims with a cue, a reading is not confirmed and its confidence is half of what its ceiling allows."""
    tellings = [telling(i, 4) for i in range(CONFIRMED_FROM)]
    customers = customers_of(tellings)
    full, short = read_gap("IRR-A", tellings, customers), read_gap("IRR-A", tellings[:-1], customers)
    assert full.confirmed and full.confidence == 0.8
    assert not short.confirmed and short.confidence == 0.4


def test_two_plausible_gaps() -> None:
    """Where two gaps are about as likely the first of the tree leads, the other is named, and confidence stays at 0.5 or less."""
    tellings = [telling(i, 4 if i % 2 else 3) for i in range(60)]
    reading = read_gap("IRR-A", tellings, customers_of(tellings))
    assert (reading.gap, reading.alternative) == (4, 3) and reading.confidence <= 0.5 and reading.confirmed


def test_one_voice_is_not_many() -> None:
    """Thirty verbatims of one customer leave the shares far less settled than thirty customers do."""
    tellings = [telling(i, 3) for i in range(30)]
    alone = read_gap("IRR-A", tellings, {t.verbatim_id: "same" for t in tellings})
    many = read_gap("IRR-A", tellings, customers_of(tellings))
    assert alone.shares[3].value == many.shares[3].value
    assert alone.shares[3].high - alone.shares[3].low > 2 * (many.shares[3].high - many.shares[3].low)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few(n: int) -> None:
    """Under three verbatims with a cue no gap is read, yet shares and dimensions are given with wide intervals."""
    tellings = [telling(i) for i in range(n)] + [telling(50 + i, None) for i in range(5)]
    reading = read_gap("IRR-A", tellings, {})
    assert reading.gap is None and reading.confidence == 0 and reading.n == n and not reading.evidence and not reading.refuting_question
    assert all(share.high - share.low > 0.25 for share in reading.shares.values())
    assert reading.dimensions["reliability"].n == n + 5


def test_unsure_cues_weigh_less() -> None:
    """The less sure the model is of its cues, the lower the share and the confidence."""
    shares = [read_gap("IRR-A", [telling(i, 3, p) for i in range(30)], {}).shares[3].value for p in (0.3, 0.6, 0.9)]
    assert shares == sorted(shares) and shares[0] < 0.35


def test_evidence() -> None:
    """Evidence bears the cue of the gap read, most typical first, each customer's first quote before anyone's second, one quote a verbatim."""
    tellings = [
        telling(1, 3, 0.9, 0.9),
        telling(2, 3, 0.9, 0.8),
        telling(3, 3, 0.9, 0.7),
        telling(4, 2, 0.99, 0.99),
        telling(1, 3, 0.9, 0.6),
        telling(5, 3, 0.9, 0.95),
    ]
    tellings += [telling(9, 3, 0.99, 0.99, irritant="IRR-B")]
    reading = read_gap("IRR-A", tellings, {"v0001": "ana", "v0002": "ana", "v0003": "bo", "v0004": "cy"})
    assert [verbatim for verbatim, _ in reading.evidence] == ["v0005", "v0001", "v0003", "v0002"]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.tuples(st.integers(0, 12), st.sampled_from([1, 2, 3, 4, None]), st.floats(0, 1)), max_size=25))
def test_gap_order_free(random: object, drawn: list[tuple[int, int | None, float]]) -> None:
    """Whatever the mentions, their order changes nothing, intervals hold their values, and confidence respects every ceiling."""
    tellings = [telling(number, gap, p) for number, gap, p in drawn]
    customers = {t.verbatim_id: f"c{i % 3}" for i, t in enumerate(sorted(tellings, key=lambda t: t.verbatim_id))}
    reading = read_gap("IRR-A", tellings, customers)
    shuffled = list(tellings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands a random.Random
    assert read_gap("IRR-A", shuffled, customers) == reading
    assert all(0 <= s.low <= s.value <= s.high <= 1 for s in [*reading.shares.values(), *reading.dimensions.values()])
    assert reading.confidence <= (CEILINGS[reading.gap] if reading.gap else 0) * (1 if reading.confirmed else 0.5)


def test_gap5_planted() -> None:
    """Planted expectations and perceptions come back, P and E apart, P - E inside its interval, respondents without a pair left out."""
    rng = np.random.default_rng(5)
    rows = [row for i in range(80) for row in answers(f"r{i}", 6 + rng.integers(0, 2, 5), np.array([6, 3, 4, 5, 5]) + rng.integers(0, 2, 5))]
    rows += [Score("survey", "half", "", None, "expectation.tangibles", 1.0), Score("survey", "r0", "", None, "nps", 3.0)]
    metrics = gap5(rows)
    reliability = named(metrics, "reliability", "gap5")
    assert reliability.n == 80 and reliability.low is not None and reliability.high is not None and reliability.low < -3 < reliability.high
    assert named(metrics, "tangibles", "expectation").value > 6 and named(metrics, "tangibles", "perception").value > 6
    total = named(metrics, "total", "gap5")
    assert total.detail["weighted"] is False and total.value == pytest.approx(np.mean([named(metrics, d, "gap5").value for d in Dimension]), abs=1e-5)


def test_gap5_weights() -> None:
    """Where respondents give points, the total weighs each one's own gaps by them and says so."""
    metrics = gap5(
        [
            *answers("a", [7] * 5, [7, 3, 7, 7, 7], [0, 100, 0, 0, 0]),
            *answers("b", [7] * 5, [7, 3, 7, 7, 7], [50, 50, 0, 0, 0]),
            *answers("c", [7] * 5, [1] * 5),
        ]
    )
    total = named(metrics, "total", "gap5")
    assert (
        total.value == pytest.approx(-3)
        and total.n == 2
        and total.detail["weighted"] is True
        and total.detail["unweighted"] == pytest.approx(-38 / 15, abs=1e-6)
    )


def test_gap5_edges() -> None:
    """Without a pair there is no gap 5; one respondent, or one customer answering twice, gives a mean without an interval."""
    assert gap5([]) == [] and gap5([Score("s", "r", "", None, "perception.empathy", 3.0)]) == []
    one = named(gap5(answers("r", [7], [4])), "tangibles", "gap5")
    assert (one.value, one.low, one.n) == (-3, None, 1)
    twice = gap5([*answers("r1", [7], [4], customer="k"), *answers("r2", [7], [2], customer="k")])
    assert (named(twice, "total", "gap5").value, named(twice, "total", "gap5").low) == (-4, None)


@settings(max_examples=20, deadline=None)
@given(st.permutations([row for i in range(4) for row in answers(f"r{i}", [7, 6, 5], [i + 1, 2, 3], customer=f"c{i % 2}")]))
def test_gap5_order_free(rows: list[Score]) -> None:
    """The order of the scores changes nothing."""
    assert gap5(rows) == gap5(sorted(rows, key=lambda row: (row.respondent_hash, row.name)))


RULES = (
    OwnerRule(department="billing", stages=(Stage.PAY,)),
    OwnerRule(department="field", stages=(Stage.DELIVER,), keywords=("technicien*",)),
    OwnerRule(department="marketing", gaps=(Gap.COMMUNICATION,)),
    OwnerRule(department="care"),
)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(Stage.PAY, gap=Gap.COMMUNICATION), "billing"),
        (Facts(Stage.DELIVER, words=("Techniciens absents",)), "field"),
        (Facts(Stage.DELIVER, gap=Gap.COMMUNICATION, words=("colis perdu",)), "marketing"),
        (Facts(Stage.USE, Dimension.EMPATHY), "care"),
    ],
)
def test_owner(facts: Facts, expected: str) -> None:
    """The first rule whose every list holds its fact names the owner, and no rule means no owner."""
    assert owner(facts, RULES) == expected and owner(facts, ()) == ""


def test_wording() -> None:
    """Every label of the codebook has words in French and in English."""
    for labels, keys in (
        (GAP_LABELS, Gap),
        (GAP_NAMES, Gap),
        (REFUTING_QUESTIONS, Gap),
        (DIMENSION_LABELS, Dimension),
        (CODE_LABELS, NotValuedCode),
        (SENTIMENT_LABELS, Sentiment),
    ):
        assert set(labels) == set(keys) and all(set(words) == {"fr", "en"} and all(words.values()) for words in labels.values())  # type: ignore[arg-type, attr-defined]  # enums of two kinds
