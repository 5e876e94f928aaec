from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc_pipeline.config import OwnerRule
from voc_pipeline.intervals import Floats
from voc_pipeline.registers import Entry, Register
from voc_pipeline.schema import Dimension, Gap, Interval, Match, MatchState, Metric, NotValuedCode, Sentiment, Stage, Telling, Voice
from voc_pipeline.servqual import (
    CEILINGS,
    CONFIRMED_FROM,
    Confirmation,
    Dispersion,
    Facts,
    Grounds,
    Spread,
    decide,
    dispersions,
    gap5,
    owner,
    read_gap,
)
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


# ---------------------------------------------------------------- what else a gap stands on


def shares_of(*values: float, n: int = 60) -> tuple[dict[int, Interval], Floats]:
    """Shares of gaps 1 to 4, and two hundred replicates close to them."""
    draws = np.random.default_rng(3).dirichlet(np.array(values) * 400, 200)
    return {gap: Interval(value, value - 0.05, value + 0.05, n) for gap, value in enumerate(values, start=1)}, draws


def matched(register: Register, state: str, entry: str = "") -> Match:
    """A match with an entry of a register."""
    return Match("IRR-A", str(register), entry or f"{register}-1", 0.6, 0.44, MatchState(state), "anne" if state in ("confirmed", "refused") else "")


def grounds_of(spread: Spread | None = None, confirmed: Confirmation | None = None, **states: str) -> Grounds:
    """Grounds with one match of a state in each register named; `absent` declares a register that has none."""
    registers = {name: Register(name) for name in states}
    matches = tuple(matched(registers[name], state) for name, state in states.items() if state != "absent")
    spreads = (Dispersion("IRR-A", "region", Interval(0.5, 0.4, 0.6, 60), 0.01, 0.02, spread, (("Nord", 20, 90, 8.0),)),) if spread else ()
    entries = {match.entry_id: Entry(id=match.entry_id, fr="une ligne") for match in matches}
    return Grounds(spreads, matches, tuple(registers.values()), entries, confirmed)


MIXED, TEXT_3, TEXT_4 = (0.12, 0.38, 0.42, 0.08), (0.05, 0.1, 0.8, 0.05), (0.05, 0.1, 0.15, 0.7)


@pytest.mark.parametrize(
    ("shares", "grounds", "gap", "ceiling"),
    [
        (TEXT_3, grounds_of(), 3, 0.7),
        (TEXT_3, grounds_of(promises="confirmed"), 4, 0.9),
        (TEXT_3, grounds_of(promises="proposed"), 3, 0.7),
        (TEXT_3, grounds_of(promises="refused", standards="confirmed"), 3, 0.9),
        (TEXT_4, grounds_of(standards="confirmed"), 3, 0.9),
        (TEXT_4, grounds_of(promises="confirmed", standards="confirmed"), 4, 0.9),
        (TEXT_4, grounds_of(promises="refused"), 4, 0.8),
        (MIXED, grounds_of(), 3, 0.7),
        (MIXED, grounds_of(standards="absent"), 2, 0.5),
        (MIXED, grounds_of(standards="near"), 3, 0.7),
        (MIXED, grounds_of(standards="refused"), 2, 0.9),
        (MIXED, grounds_of(standards="proposed"), 3, 0.7),
        (MIXED, grounds_of(Spread.UNIFORM), 2, 0.5),
        (MIXED, grounds_of(Spread.CONCENTRATED, standards="absent"), 3, 0.7),
        (TEXT_3, grounds_of(Spread.UNIFORM), 3, 0.7),
        (TEXT_4, grounds_of(Spread.CONCENTRATED), 4, 0.8),
        ((0.38, 0.42, 0.12, 0.08), grounds_of(priorities="absent"), 1, 0.5),
        ((0.42, 0.38, 0.12, 0.08), grounds_of(priorities="proposed"), 2, 0.5),
        ((0.3, 0.5, 0.12, 0.08), grounds_of(priorities="refused"), 1, 0.9),
        (TEXT_3, grounds_of(confirmed=Confirmation(Gap.KNOWLEDGE, "anne", "care")), 1, 1.0),
        (TEXT_3, grounds_of(confirmed=Confirmation(Gap.KNOWLEDGE, "anne")), 1, 0.9),
        (TEXT_3, grounds_of(confirmed=Confirmation(Gap.DELIVERY, "anne")), 3, 0.9),
    ],
)
def test_what_decides_a_gap(shares: tuple[float, ...], grounds: Grounds, gap: int, ceiling: float) -> None:
    """The gap and its ceiling follow the rule: documents a person answered for decide, others weigh, dispersion only tips 2 against 3, the owner has the last word."""
    decided = decide(*shares_of(*shares), grounds)
    assert (decided.gap, decided.ceiling) == (gap, ceiling)
    assert decided.confidence == 1 if grounds.owned else decided.confidence <= ceiling and (decided.alternative is None or decided.confidence <= 0.5)


def test_no_register_leaves_the_reading() -> None:
    """Without registers, and where dispersion cannot tell, gap, alternative and confidence are those of the cues, to the last digit."""
    shares, draws = shares_of(*MIXED)
    plain, unclear = decide(shares, draws, Grounds()), decide(shares, draws, grounds_of(Spread.UNCLEAR))
    assert (plain.gap, plain.alternative, plain.confidence) == (unclear.gap, unclear.alternative, unclear.confidence) == (3, 2, 0.42)


def test_confirmed_weighs_more_than_proposed() -> None:
    """A match that a person confirmed raises the confidence in its gap more than one that is only proposed, and that more than none."""
    confidences = [
        decide(*shares_of(0.2, 0.2, 0.4, 0.2), grounds_of(**of)).confidence for of in ({}, {"standards": "proposed"}, {"standards": "confirmed"})
    ]
    assert confidences == sorted(confidences) and len(set(confidences)) == 3


def test_grounds_are_told_piece_by_piece() -> None:
    """Cues, dispersion, entries, absence and the owner's word each are a piece of evidence with the gap they speak for; a register weighs once."""
    grounds = replace(grounds_of(Spread.CONCENTRATED, Confirmation(Gap.DELIVERY, "anne", "care"), promises="absent", standards="proposed"))
    grounds = replace(
        grounds,
        matches=(*grounds.matches, matched(Register.STANDARDS, "proposed", "second")),
        entries={**grounds.entries, "second": Entry(id="second", en="a line")},
    )
    told = decide(*shares_of(*TEXT_3), grounds).grounds
    assert [(one.kind, one.supports) for one in told] == [("cues", 3), ("spread", 3), ("missing", 4), ("entry", 3), ("entry", 3), ("owner", 3)]
    assert [one.weight for one in told if one.kind == "entry"] == [2.0, 1.0]


def test_the_owner_is_heard_where_nobody_else_is() -> None:
    """A gap that its owner confirmed is read even where no cue tells it, and has a confidence of 1."""
    reading = read_gap("IRR-A", [], {}, grounds_of(confirmed=Confirmation(Gap.SPECIFICATION, "anne", "care"), standards="absent"))
    assert (reading.gap, reading.confidence, reading.ceiling, reading.n) == (2, 1.0, 1.0, 0)


def test_a_person_who_is_not_the_owner_weighs_and_is_capped() -> None:
    """A gap confirmed by another person than its owner is read as they say, with the confidence that the evidence and their word give, .9 at most."""
    of = shares_of(0.1, 0.1, 0.1, 0.7)
    alone, with_word = decide(*of, Grounds()), decide(*of, grounds_of(confirmed=Confirmation(Gap.COMMUNICATION, "anne")))
    assert alone.confidence < with_word.confidence == 0.9 and (with_word.grounds[-1].kind, with_word.grounds[-1].weight) == ("person", 8.0)
    against = decide(*of, grounds_of(confirmed=Confirmation(Gap.KNOWLEDGE, "anne")))
    assert against.gap == Gap.KNOWLEDGE and against.confidence <= 0.6


# ---------------------------------------------------------------- dispersion


def spoken(seed: int, tilt: float = 0.0, customers: int = 500, sites: int = 4, p: float = 0.08, loud: int = 1) -> tuple[list[Voice], list[Telling]]:
    """Customers of a site each, some of whom tell an irritant far more than others; in half of the sites it is told `tilt` more often, in half less."""
    random = np.random.default_rng(seed)
    voices, tellings = [], []
    for customer in range(customers):
        site, own = int(random.integers(sites)), random.beta(0.8, 0.8 / p - 0.8)
        for source in ("chat", "survey")[: 1 + customer % 2]:
            for _ in range(loud if customer else 40 * loud):
                name = f"v{len(voices):05d}"
                voices.append(
                    Voice(name, source, source, "fr", None, f"c{customer}", Sentiment.NEGATIVE, False, (), 0, False, "use", {}, {"site": f"s{site}"})
                )
                if random.random() < own * (2 if source == "chat" else 1) * (1 + tilt * (1 if site % 2 else -1)):
                    tellings.append(Telling("IRR-A", name, 0, 1.0, "use", None, None, 0.0, 1.0))
    return voices, tellings


def test_dispersion_keeps_its_promise_on_flat_data() -> None:
    """Where no site differs, five tests in a hundred or so are significant, however unlike customers and sources are, and the interval holds zero."""
    found = [dispersions(*spoken(seed), ["site"])[0] for seed in range(120)]
    assert np.mean([one.p_value < 0.05 for one in found]) <= 0.1
    assert np.mean([one.effect.low == 0 for one in found]) >= 0.9
    assert np.mean([one.verdict is Spread.CONCENTRATED for one in found]) <= 0.12


def test_dispersion_finds_what_is_planted() -> None:
    """Sites that lie 80 % above and below are called concentrated, the worst named first, and the interval holds the planted spread."""
    found = [dispersions(*spoken(seed, tilt=0.8), ["site"])[0] for seed in range(40)]
    assert np.mean([one.verdict is Spread.CONCENTRATED for one in found]) >= 0.9
    assert np.mean([one.effect.low <= 0.8 <= one.effect.high for one in found]) >= 0.9
    assert np.mean([one.units[0][0] in ("s1", "s3") for one in found]) >= 0.95


def test_every_unit_clearly_above_chance_is_named_and_no_other() -> None:
    """Of an uneven irritant both planted sites are named, most tellings first; of an even one none is; on flat data hardly ever a false one."""
    found = [dispersions(*spoken(seed, tilt=0.8, customers=900), ["site"])[0] for seed in range(20)]
    assert np.mean([{*one.above} == {"s1", "s3"} for one in found]) >= 0.8
    assert all({*one.above} <= {"s1", "s3"} for one in found)
    for one in found:
        counts = [told for _, told, _, _ in one.most_above()]
        assert [name for name, *_ in one.most_above()] == list(one.above) and counts == sorted(counts, reverse=True)
        assert all(told > expected for _, told, _, expected in one.most_above())
    flat = [dispersions(*spoken(seed), ["site"])[0] for seed in range(40)]
    assert np.mean([bool(one.above) for one in flat]) <= 0.12
    assert not any(one.above for one in flat if one.verdict is not Spread.CONCENTRATED)


def test_uniform_is_said_only_where_it_is_shown() -> None:
    """On many voices an even spread is called uniform; on few, where a test finds nothing either, nobody can tell."""
    many, few = (dispersions(*spoken(5, customers=n, p=p), ["site"])[0] for n, p in ((4000, 0.2), (250, 0.08)))
    assert many.verdict is Spread.UNIFORM and many.effect.high <= 1 / 3
    assert few.verdict is Spread.UNCLEAR and few.p_value > 0.05


def test_dispersion_says_nothing_where_nothing_can_be_told() -> None:
    """Too few tellings, one unit alone, or units that each have a source of their own give no test at all; the order of the rows changes nothing."""
    voices, tellings = spoken(1, tilt=0.8)
    assert dispersions(voices, tellings[:10], ["site"]) == []
    assert dispersions([replace(voice, attributes={"site": "one"}) for voice in voices], tellings, ["site"]) == []
    assert dispersions(voices, tellings, ["channel"]) == [] and dispersions(voices, tellings, ["nowhere"]) == []
    assert dispersions(voices[::-1], tellings[::-1]) == dispersions(voices, tellings) != []
