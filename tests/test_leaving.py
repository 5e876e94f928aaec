from __future__ import annotations

import numpy as np
import pytest
from test_prioritise import AS_OF, KIND, telling, voice

from benchmarks.leaving import judged, spoken
from voc_pipeline.config import Priority
from voc_pipeline.leaving import announces_leaving
from voc_pipeline.prioritise import measure
from voc_pipeline.prioritise.base import read_base
from voc_pipeline.prioritise.crossed import crossed_figures
from voc_pipeline.prioritise.leaving import adjusted_ratio, leaving_figures
from voc_pipeline.prioritise.moments import moment_figures
from voc_pipeline.prioritise.moments import spoken as severity
from voc_pipeline.schema import IrritantKind, Metric, Sentiment, Voice

# ---------------------------------------------------------------- the cue


@pytest.mark.parametrize(
    "text",
    [
        "Je pars chez un concurrent dès lundi.",
        "Je vous quitte, et sans regret.",
        "Bonjour, je veux résilier mon forfait.",
        "J’ai résilié hier.",
        "Vous avez perdu une cliente.",
        "On ne reviendra pas.",
        "Nous changeons d'assureur.",
        "I'd like to cancel please.",
        "We've switched to another provider... I'm leaving you.",
        "You've lost a loyal customer.",
        "I won't be back.",
    ],
)
def test_leaving_is_heard(text: str) -> None:
    """Customers who say that they leave, have left or ask to are heard, whatever the stage."""
    assert announces_leaving(text)


@pytest.mark.parametrize(
    "text",
    [
        "Je ne veux pas résilier, je veux une réponse.",
        "Si je résilie, y a-t-il des frais ?",
        "Je pars en vacances lundi.",
        "J'ai quitté mon bureau pour rien.",
        "I don't want to cancel, I want an answer.",
        "If I cancel my line now, is there a fee?",
        "We're leaving for Spain on Monday, can I pause?",
        "Ma voisine a résilié.",
        "Le colis est parti ailleurs.",
        "",
    ],
)
def test_what_is_denied_supposed_or_another_matter_is_not(text: str) -> None:
    """A denial, a condition, a journey or somebody else's leaving is no cue."""
    assert not announces_leaving(text)


def test_plainer_words_need_the_stage() -> None:
    """Plain words such as a notice period are enough in a passage about leaving, and nowhere else."""
    for text in ("Mon préavis est parti ce matin.", "Résiliation envoyée le 2.", "Closed the account that afternoon."):
        assert announces_leaving(text, stage_leave=True) and not announces_leaving(text)


def test_the_cue_is_mostly_right() -> None:
    """Of held-out verbatims where the cue speaks, all were read by a person, and three in four at least do tell of leaving; every announced one does."""
    people, found = judged(), list(spoken())
    assert {one[0] for one in found} == set(people)
    assert sum(people[one[0]] for one in found) / len(found) >= 0.75
    assert all(people[identity] for identity, _, announced in found if announced)


# ---------------------------------------------------------------- what goes with not being valued


def world(seed: int, n: int = 1500, lift: float = 3.0, drop: float = 1.0, *, confounded: bool = False) -> list[Voice]:
    """Verbatims where not being valued multiplies leaving and lowers the NPS, or where negativity alone does both and brings the feeling along."""
    rng = np.random.default_rng(seed)
    voices = []
    for i in range(n):
        negative = bool(rng.random() < 0.6)
        felt = bool(rng.random() < (0.5 if negative else 0.1))
        leaving = 0.04 * ((lift if negative else 1) if confounded else (lift if felt else 1))
        score = 7 - drop * (negative if confounded else felt) + rng.normal(0, 2)
        made = voice(i, customer=f"c{int(rng.integers(0, n // 2))}", negative=negative, not_valued=felt, scores={"nps": float(score)})
        voices.append(_with(made, leaving=bool(rng.random() < leaving)))
    return voices


def _with(made: Voice, **changes: object) -> Voice:
    from dataclasses import replace

    return replace(made, **changes)  # type: ignore[arg-type]  # fields of a voice


def effects(voices: list[Voice]) -> dict[str, Metric]:
    """Figures of what goes with not being valued, by key."""
    return {m.key: m for m in leaving_figures(read_base(voices, [], {})) if m.scope == "regard_effect"}


def test_the_planted_lift_is_found() -> None:
    """Where customers who are not valued leave three times as often and score lower, both are found with their bases, and the verdict says so."""
    found = effects(world(7, n=4000))
    leaving, nps = found["leaving"], found["nps"]
    assert leaving.low is not None and leaving.high is not None and 1.5 < leaving.low < 3 < leaving.high
    assert leaving.detail["verdict"] == "more" and leaving.detail["events_with"] + leaving.detail["events_without"] > 100  # type: ignore[operator]
    assert nps.low is not None and nps.high is not None and nps.low < -1 < nps.high and nps.detail["verdict"] == "lower"


def test_negativity_is_not_taken_for_regard() -> None:
    """Where negativity alone makes customers leave and score low, the plain contrast blames not being valued and the adjusted one does not."""
    found = effects(world(2, n=4000, confounded=True))
    for key, none in (("leaving", 1.0), ("nps", 0.0)):
        detail = found[key].detail
        assert detail["verdict"] == "not_shown" and found[key].low < none < found[key].high  # type: ignore[operator]
        assert not float(str(detail["plain_low"])) <= none <= float(str(detail["plain_high"]))


def test_adjusted_ratios_hold_the_truth() -> None:
    """Over simulated bases the interval of the adjusted ratio holds the truth nine times in ten at least."""
    held = 0
    for seed in range(60):
        found = effects(world(100 + seed))["leaving"]
        held += found.low <= 3 <= found.high  # type: ignore[operator]
    assert held >= 52  # binomial(60, 0.95) is below 52 once in 200


def test_few_who_leave_prove_nothing() -> None:
    """With a handful of verbatims that leave, or of respondents, the verdict is that they are too few; without any, there is no figure."""
    voices = world(3, n=200, lift=1.0)
    few = [_with(one, leaving=i < 4) for i, one in enumerate(voices)]
    assert effects(few)["leaving"].detail["verdict"] == "too_few"
    assert effects(voices[:40])["nps"].detail["verdict"] == "too_few"
    assert "leaving" not in effects([_with(one, leaving=False) for one in voices])
    assert effects([]) == {}


def test_strata_without_events_are_left_out() -> None:
    """A channel where nobody leaves says nothing of the ratio; nothing is told where what is left has too few on one side."""
    events, marked = np.zeros(400, dtype=bool), np.arange(400) % 2 == 0
    events[:200:4] = True
    events[1:200:20] = True
    silent = np.arange(400) >= 200
    alone = adjusted_ratio(events[:200], marked[:200], [], np.arange(200))
    both = adjusted_ratio(events, marked, [silent, ~silent], np.arange(400))
    assert alone is not None and both is not None and both.value == pytest.approx(alone.value) == pytest.approx(5)
    assert adjusted_ratio(events, marked, [~silent], np.arange(400)) is not None
    assert adjusted_ratio(events & marked, marked, [silent], np.arange(400)) is None


def test_where_everybody_leaves_or_one_customer_speaks_nothing_is_told() -> None:
    """A stratum that leaves as a whole, and the voice of a single customer, carry no ratio and stop no run."""
    leaving, marked = np.ones(80, dtype=bool), np.arange(80) % 2 == 0
    assert adjusted_ratio(leaving, marked, [], np.arange(80)) is None
    assert adjusted_ratio(np.arange(80) % 4 < 2, marked, [], np.zeros(80, dtype=np.int64)) is None
    everybody = [_with(one, leaving=True) for one in world(3, n=200, lift=1.0)]
    assert effects(everybody)["leaving"].detail["verdict"] == "too_few"


def test_leaving_is_told_by_irritant() -> None:
    """The run and each irritant tell how many of their verbatims say that the customer leaves."""
    voices = [_with(voice(i), leaving=i < 6) for i in range(60)]
    found = {(m.key, m.name): m for m in measure(voices, [telling(i) for i in range(12)], Priority(), AS_OF, {"IRR-A": KIND})}
    assert found["", "share_leaving"].value == 0.1 and found["IRR-A", "leaving_rate"].value == 0.5


# ---------------------------------------------------------------- moments of truth


def journeys(seed: int, more: float, n: int = 1200) -> list[Voice]:
    """Not being valued costs one point everywhere, and so much more at the stage `first_bill`."""
    rng = np.random.default_rng(seed)
    voices = []
    for i in range(n):
        there, felt = rng.random() < 0.25, bool(rng.random() < 0.3)
        score = 7 - felt - more * (felt and there) + rng.normal(0, 1.5)
        voices.append(
            voice(i, negative=bool(felt or rng.random() < 0.3), not_valued=felt, stage="first_bill" if there else "use", scores={"nps": float(score)})
        )
    return voices


def moments(voices: list[Voice]) -> dict[str, Metric]:
    """Figures of the moment of truth `first_bill`, by name."""
    return {m.name: m for m in moment_figures(read_base(voices, [], {}), ["first_bill"], 0.1)}


def test_a_true_moment_holds_and_a_plain_one_does_not() -> None:
    """Where a bad experience costs two points more at the stage, the moment holds and the interval has the truth; where it costs the same, it is not shown."""
    true, plain = moments(journeys(1, more=2.0)), moments(journeys(1, more=0.0))
    held = true["with_not_valued"]
    assert held.detail["verdict"] == "holds" and held.low is not None and held.high is not None and held.low < -2 < held.high < -1
    assert true["with_severity"].detail["verdict"] == "holds"
    assert {m.detail["verdict"] for m in plain.values()} == {"not_shown"}


def test_plain_moments_are_seldom_said_to_hold() -> None:
    """Over simulated journeys without a moment of truth, one is said to hold in no more than the one in ten that q promises."""
    held = sum(any(m.detail["verdict"] == "holds" for m in moments(journeys(50 + seed, more=0.0, n=500)).values()) for seed in range(60))
    assert held <= 12  # binomial(60, 0.10) exceeds 12 once in 100


def test_too_few_at_the_stage_cannot_tell() -> None:
    """With fewer than thirty respondents at the stage, or ten on a side, the verdict is that it cannot tell, and no slope is given."""
    for found in (moments(journeys(1, more=2.0, n=80)), moments([_with(one, not_valued=False) for one in journeys(1, 0.0)])):
        assert found["with_not_valued"].detail["verdict"] == "cannot_tell" and found["with_not_valued"].low is None
    assert moments([]) == {}


def test_severity_is_what_is_said() -> None:
    """Severity lies between 0 and 1 and does not look at the score."""
    mild, grave = voice(1, negative=False, scores={"nps": 0.0}), _with(voice(2, not_valued=True), intensity=3)
    assert severity(mild) == 0 and severity(grave) == pytest.approx(1) and 0 < severity(_with(mild, sentiment=Sentiment.MIXED)) < 1


# ---------------------------------------------------------------- crossings


def test_crossings_find_what_was_planted_and_little_else() -> None:
    """An irritant told in one region alone is found there with its shares; of flat runs, no more than one in ten declares any cell."""
    voices = [voice(i) for i in range(600)]
    tellings = [telling(i) for i in range(600) if i % 3 == 0 and i % 2] + [telling(i, "IRR-B") for i in range(0, 600, 7)]
    base = read_base(voices, tellings, {"IRR-A": KIND, "IRR-B": KIND})
    found = {m.key: m for m in crossed_figures(base)}
    there = found["IRR-A|region=Alsace"]
    assert there.detail["share"] == 0.5 and there.detail["share_elsewhere"] == 0 and float(str(there.detail["q_value"])) < 1e-6
    assert float(str(found["IRR-B|region=Alsace"].detail["q_value"])) > 0.1
    declared = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        some = [telling(i, f"IRR-{j}") for i in range(600) for j in range(6) if rng.random() < 0.08]
        flat = crossed_figures(read_base(voices, some, {f"IRR-{j}": KIND for j in range(6)}))
        declared += any(float(str(m.detail["q_value"])) <= 0.1 for m in flat)
    assert declared <= 9  # binomial(40, 0.10) exceeds 9 once in 200


def test_cells_that_cannot_show_anything_are_not_tested() -> None:
    """Groups under thirty verbatims, and cells where fewer than five are expected, are no test and no figure."""
    voices = [_with(voice(i), attributes={"shop": "small" if i < 20 else "large" if i < 300 else "other"}) for i in range(600)]
    found = crossed_figures(
        read_base(voices, [telling(i) for i in range(100)] + [telling(i, "IRR-B") for i in range(6)], {"IRR-A": KIND, "IRR-B": KIND})
    )
    keys = {m.key for m in found}
    assert "IRR-A|shop=large" in keys and not any("small" in key or key.startswith("IRR-B") for key in keys)


def test_aspects_are_themes_with_a_polarity() -> None:
    """An aspect counts a verbatim once, with its interval, apart from its opposite; strengths are crossed as irritants are."""
    aspects = ((("price_high", "negative"),), (("price_high", "positive"), ("price_high", "positive")), ())
    voices = [_with(voice(i), aspects=aspects[i % 3]) for i in range(300)]
    metrics = measure(voices, [telling(i, "STR-A") for i in range(0, 300, 4)], Priority(), AS_OF, {"STR-A": IrritantKind.STRENGTH})
    found = {(m.scope, m.key): m for m in metrics if m.scope in {"aspect", "cross", "aspect_cross"}}
    for polarity in ("negative", "positive"):
        own = found["aspect", f"price_high={polarity}"]
        assert own.value == pytest.approx(1 / 3, abs=1e-5) and own.detail["mentions"] == 100 and own.low is not None and own.low < 1 / 3
    assert ("cross", "STR-A|region=Alsace") in found and ("aspect_cross", "price_high=negative|lang=fr") in found


def test_all_of_it_is_order_free() -> None:
    """Shuffled verbatims and tellings give the same figures of leaving, moments, aspects and crossings to the last byte."""
    voices = [
        _with(one, aspects=(("price_high", "negative"),) if i % 4 else (), stage="first_bill" if i % 3 else "use")
        for i, one in enumerate(world(4, n=300))
    ]
    tellings = [telling(i, f"IRR-{i % 3}") for i in range(0, 300, 2)]
    kinds = {f"IRR-{j}": KIND for j in range(3)}
    first = measure(voices, tellings, Priority(), AS_OF, kinds, moments=["first_bill"], contacts={("2026-10", "chat"): 900.0})
    again = measure(voices[::-1], tellings[::-1], Priority(), AS_OF, kinds, moments=["first_bill"], contacts={("2026-10", "chat"): 900.0})
    assert repr(first) == repr(again) and {"regard_effect", "moment", "aspect", "cross", "aspect_cross", "driver"} <= {m.scope for m in first}
