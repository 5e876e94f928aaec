"""Stories: contacts, repeats, retellings, switches, what stays open, the cumulative score and whether a refit beats a plain mean."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from commands import DEMO

from voc_pipeline.config import load_config
from voc_pipeline.errors import ConfigError
from voc_pipeline.schema import Contact, NotValuedCode, Sentiment, SourceKind, Story, Voice
from voc_pipeline.steps.telling import _refit
from voc_pipeline.store.nouns import ScoreRow
from voc_pipeline.stories import DEFAULT, Said, Weights, contacts_of, refitted, stories_of, story_figures
from voc_pipeline.story_settings import Stories

START = datetime(2026, 1, 1, 10)
AS_OF = date(2026, 12, 31)
SETTINGS = Stories()


def contact(day: float, channel: str = "chat", *irritants: str, customer: str = "c", **more: object) -> Contact:
    """A contact so many days after the first of January."""
    plain = Contact(
        customer=customer,
        date=START + timedelta(days=day),
        channel=channel,
        source=channel,
        respondent="",
        solicited=channel == "survey",
        verbatim_ids=(f"{customer}-{channel}-{day}",),
        position=0,
        stage="support",
        mood=-1.0,
        negative=True,
        not_valued=False,
        codes=(),
        repaired=False,
        settled=False,
        told_again=False,
        handed_on=False,
        leaving=False,
        irritants=irritants,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def story(*contacts: Contact, settings: Stories = SETTINGS) -> Story:
    """The story of one customer."""
    (one,) = stories_of(contacts, settings, AS_OF)
    return one


# ---------------------------------------------------------------- contacts


def said(key: str, day: int = 0, **more: object) -> Said:
    """A verbatim: one answer of the form `f` of customer `c`, unless said otherwise."""
    plain = Voice(
        verbatim_id=key,
        source="survey",
        channel="survey",
        lang="fr",
        date=START + timedelta(days=day),
        customer="c",
        sentiment=Sentiment.NEGATIVE,
        not_valued=False,
        not_valued_codes=(),
        intensity=0,
        valued=False,
        stage="support",
        scores={},
        attributes={},
        respondent="f",
    )
    return Said(replace(plain, **more), SourceKind.SURVEY, {"negative": 0.8}, False, (f"IRR-{key}",))  # type: ignore[arg-type]


def test_answers_of_one_form_on_one_day_are_one_contact() -> None:
    """Two answers of one form make one contact that tells both irritants; the same form on another day is another contact."""
    contacts, apart = contacts_of([said("b"), said("a"), said("d", 3)], SETTINGS.solicited)
    assert [one.verbatim_ids for one in contacts] == [("a", "b"), ("d",)]
    assert contacts[0].irritants == ("IRR-a", "IRR-b")
    assert all(one.solicited for one in contacts)
    assert apart == {"without_customer": 0, "without_date": 0}


def test_verbatims_without_customer_or_date_stand_apart_and_are_counted() -> None:
    """Nobody is guessed: an unknown customer is in no story, however alike the words."""
    contacts, apart = contacts_of([said("a", customer=""), said("b", date=None), said("c")], SETTINGS.solicited)
    assert [one.verbatim_ids for one in contacts] == [("c",)]
    assert apart == {"without_customer": 1, "without_date": 1}


def test_verbatims_without_a_form_are_contacts_of_their_own() -> None:
    """Two chats of one day are two contacts."""
    contacts, _ = contacts_of([said("a", respondent=""), said("b", respondent="")], ())
    assert len(contacts) == 2
    assert not contacts[0].solicited


@pytest.mark.parametrize(
    ("more", "mood"),
    [
        ({}, -0.8),
        ({"not_valued": True, "intensity": 3}, -1.8),
        ({"not_valued": True, "intensity": 1}, -0.8 - 1 / 3),
        ({"valued": True}, 0.2),
        ({"valued": True, "not_valued": True, "intensity": 3}, -0.8),
    ],
)
def test_mood_adds_regard_to_stance(more: dict[str, object], mood: float) -> None:
    """A mood is the stance, one point lower at most for not being valued, one higher for being valued."""
    (one,), _ = contacts_of([said("a", **more)], ())
    assert one.mood == pytest.approx(mood)


def test_a_precursor_of_repeating_oneself_is_a_retelling() -> None:
    """Told once and unmarked, having to repeat is a retelling all the same."""
    (one,), _ = contacts_of([said("a", precursor=NotValuedCode.REPEAT_SELF)], ())
    assert one.told_again


def test_a_form_with_a_negative_and_a_positive_answer_settles_nothing() -> None:
    """Only a contact without reproach, or one told as repaired, closes what was open."""
    pair = [said("a"), said("b", sentiment=Sentiment.POSITIVE)]
    assert not contacts_of(pair, ())[0][0].settled
    assert contacts_of(pair[1:], ())[0][0].settled
    assert contacts_of([said("a", repaired=True)], ())[0][0].settled


# ---------------------------------------------------------------- stories


def test_a_contact_on_the_same_irritant_is_a_repeat_within_its_days() -> None:
    """Seven days later is a repeat within 7 and 30, thirty within 30, thirty-one within none; another irritant never is."""
    assert story(contact(0, "chat", "A"), contact(7, "chat", "A")).repeats == {7: 1, 30: 1}
    assert story(contact(0, "chat", "A"), contact(30, "chat", "A")).repeats == {7: 0, 30: 1}
    assert story(contact(0, "chat", "A"), contact(31, "chat", "A")).repeats == {7: 0, 30: 0}
    assert story(contact(0, "chat", "A"), contact(1, "chat", "B")).repeats == {7: 0, 30: 0}


def test_a_contact_repeats_once_however_many_irritants_it_tells_again() -> None:
    """Two irritants told again in one contact are one repeat contact."""
    assert story(contact(0, "chat", "A", "B"), contact(2, "chat", "A", "B")).repeats == {7: 1, 30: 1}


def test_telling_another_channel_is_a_switch_and_a_retelling() -> None:
    """Within thirty days in another channel: a switch with both channels, and the story told again; later it is neither."""
    moved = story(contact(0, "chat", "A"), contact(12, "review", "A"))
    assert moved.switches == (("chat", "review", "A"),)
    assert moved.retellings == 1
    late = story(contact(0, "chat", "A"), contact(40, "review", "A"))
    assert (late.switches, late.retellings) == ((), 0)


def test_what_the_company_asked_for_is_no_repeat_and_no_switch() -> None:
    """A survey after a chat is an answer, not a contact of the customer's making; it still counts for moods and days open."""
    asked = story(contact(0, "chat", "A"), contact(5, "survey", "A", mood=-2.0))
    assert asked.repeats == {7: 0, 30: 0}
    assert (asked.switches, asked.retellings) == ((), 0)
    assert (asked.days_open, asked.peak) == (5, -2.0)


def test_words_of_repeating_oneself_count_even_in_a_survey() -> None:
    """Whoever says that they had to tell it again, had to."""
    assert story(contact(0, "survey", told_again=True)).retellings == 1


def test_an_episode_ends_at_a_positive_contact_about_anything() -> None:
    """What is told again after a positive contact is a new episode, neither a repeat nor longer open."""
    mended = story(contact(0, "chat", "A"), contact(4, "chat", "A"), contact(10, "survey", settled=True), contact(14, "chat", "A"))
    assert [(one.days_open, one.settled) for one in mended.episodes] == [(4, True), (0, False)]
    assert mended.repeats == {7: 1, 30: 1}


def test_an_episode_ends_after_a_long_silence() -> None:
    """Ninety-one days later it is a new episode by default, and one with another setting."""
    told = contact(0, "chat", "A"), contact(91, "chat", "A")
    assert story(*told).days_open == 0
    assert story(*told, settings=Stories(silence_days=120)).days_open == 91


def test_parts_and_score_of_a_story() -> None:
    """Peak is the worst mood, end the last, mean the mean, and the score weighs them 0.4, 0.4, 0.2."""
    one = story(contact(0, mood=0.0), contact(10, mood=-2.0), contact(20, mood=1.0))
    assert (one.peak, one.peak_at, one.end, one.mean) == (-2.0, 1, 1.0, pytest.approx(-1 / 3))
    assert one.score == pytest.approx(0.4 * -2 + 0.4 * 1 + 0.2 * -1 / 3)
    assert one.slope == pytest.approx(1.5)


def test_a_story_of_one_day_has_no_slope() -> None:
    """A slope needs two days."""
    assert story(contact(0), contact(0.2)).slope is None


def test_not_valued_fades_with_its_half_life() -> None:
    """A contact not valued one half-life ago weighs half, two ago a quarter."""
    days = (AS_OF - START.date()).days
    one = story(contact(days - 90, not_valued=True), contact(days - 180, not_valued=True), contact(days, not_valued=True))
    assert one.decayed_not_valued == pytest.approx(1.75)
    assert story(contact(days - 90, not_valued=True), settings=Stories(half_life_days=45)).decayed_not_valued == pytest.approx(0.25)


def test_stories_do_not_depend_on_the_order_of_contacts() -> None:
    """Shuffled contacts give the same stories, one a customer, sorted."""
    contacts = [contact(day, random.Random(day).choice(("chat", "review")), "A", customer=f"c{day % 5}") for day in range(40)]
    again = list(contacts)
    random.Random(1).shuffle(again)
    assert stories_of(contacts, SETTINGS, AS_OF) == stories_of(again, SETTINGS, AS_OF)
    assert [one.customer for one in stories_of(contacts, SETTINGS, AS_OF)] == [f"c{n}" for n in range(5)]


# ---------------------------------------------------------------- figures


def test_shares_are_of_customers_with_an_interval() -> None:
    """Ten of forty customers repeat: a quarter, with an interval that holds it, whatever the number of their contacts."""
    contacts = [contact(day, "chat", "A", customer=f"c{n:02d}") for n in range(40) for day in ((0, 3, 5) if n < 10 else (0,))]
    metrics = {m.name: m for m in story_figures(stories_of(contacts, SETTINGS, AS_OF), {}, DEFAULT) if m.scope == "story_stat"}
    share = metrics["share_repeat_7"]
    assert (share.value, share.n) == (0.25, 40)
    assert share.low is not None and share.high is not None and 0.1 < share.low < 0.25 < share.high < 0.45
    assert (metrics["median_days_open"].value, metrics["median_days_open"].n) == (5, 10)
    assert metrics["first_contact_share"].value == pytest.approx(40 / 60)


def test_settled_episodes_are_loops_closed_as_customers_tell_it() -> None:
    """Of forty episodes, the ten that a positive contact follows are settled, with an interval; silence settles nothing."""
    contacts = [contact(0, "chat", "A", customer=f"c{n:02d}") for n in range(40)] + [
        contact(5, customer=f"c{n:02d}", settled=True) for n in range(10)
    ]
    share = next(m for m in story_figures(stories_of(contacts, SETTINGS, AS_OF), {}, DEFAULT) if m.name == "share_settled")
    assert (share.value, share.n) == (0.25, 40) and share.low is not None and share.high is not None and 0.1 < share.low < 0.25 < share.high < 0.45


def test_later_contacts_are_set_against_first_ones() -> None:
    """Where every later contact is not valued and no first one is, the difference is the whole, and p is small."""
    contacts = [contact(day, "chat", "A", customer=f"c{n:02d}", not_valued=day > 0) for n in range(40) for day in (0, 3)]
    metrics = {m.name: m for m in story_figures(stories_of(contacts, SETTINGS, AS_OF), {}, DEFAULT) if m.scope == "story_stat"}
    assert (metrics["not_valued_first"].value, metrics["not_valued_later"].value, metrics["not_valued_difference"].value) == (0, 1, 1)
    assert float(str(metrics["not_valued_difference"].detail["p_value"])) < 0.001


def test_switches_are_counted_by_both_channels() -> None:
    """Two customers from chat to review, one of them twice: three switches, two customers."""
    contacts = [contact(0, "chat", "A", customer="a"), contact(3, "review", "A", customer="a"), contact(4, "chat", "A", customer="a")]
    contacts += [contact(6, "review", "A", customer="a"), contact(0, "chat", "B", customer="b"), contact(9, "review", "B", customer="b")]
    found = {
        m.key: (m.value, m.detail["customers"]) for m in story_figures(stories_of(contacts, SETTINGS, AS_OF), {}, DEFAULT) if m.scope == "switch"
    }
    assert found == {"chat=review": (3.0, 2), "review=chat": (1.0, 1)}


def test_a_few_stories_are_shown_whole_and_of_different_irritants() -> None:
    """At most three stories carry their contacts, those of most channels first, of different irritants where there are any."""
    contacts = [
        contact(day, channel, irritant, customer=f"{irritant}{n}")
        for irritant in "ABCD"
        for n in range(3)
        for day, channel in enumerate(("chat", "review", "survey"))
    ]
    shown = [m for m in story_figures(stories_of(contacts, SETTINGS, AS_OF), {}, DEFAULT) if m.scope == "story" and "contacts" in m.detail]
    assert len(shown) == 3
    assert len({str(m.detail["irritants"]) for m in shown}) == 3


def test_no_customer_gives_counts_of_what_stands_apart_only() -> None:
    """Without a single known customer nothing but the count of verbatims apart is told."""
    assert [(m.name, m.value) for m in story_figures([], {"without_customer": 9}, DEFAULT)] == [("verbatims_without_customer", 9.0)]


# ---------------------------------------------------------------- the refit


def _customers(n: int, weights: tuple[float, float, float], noise: float, seed: int = 3) -> tuple[list[Contact], dict[str, tuple[date, float]]]:
    """Customers with three moods each, and an outcome thirty days later that weighs peak, end and mean so."""
    chance = np.random.default_rng(seed)
    contacts, outcomes = [], {}
    for number in range(n):
        moods = chance.uniform(-2, 2, 3)
        key = f"c{number:04d}"
        contacts += [contact(day * 5, customer=key, mood=float(mood)) for day, mood in enumerate(moods)]
        value = weights[0] * moods.min() + weights[1] * moods[-1] + weights[2] * moods.mean() + chance.normal(0, noise)
        outcomes[key] = ((START + timedelta(days=40)).date(), float(value))
    return contacts, outcomes


def test_a_refit_is_used_where_it_beats_a_plain_mean() -> None:
    """Where the end weighs all, the refit says so, its interval is above 0, and its weights are used."""
    found = refitted(*_customers(300, (0.0, 3.0, 0.0), 0.5))
    assert found.verdict == "refit_better"
    assert found.gain is not None and found.gain.low is not None and found.gain.low > 0
    assert found.weights == found.fitted
    assert found.weights.end > 0.9
    assert found.weights.peak + found.weights.end + found.weights.mean == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [(0.0, 0.0, 3.0), (0.0, 0.0, 0.0)])
def test_a_refit_is_not_used_where_it_does_not_beat_a_plain_mean(weights: tuple[float, float, float]) -> None:
    """Where the mean weighs all, or nothing does, the weights to start from stay."""
    found = refitted(*_customers(300, weights, 1.0))
    assert found.verdict in ("not_shown", "mean_better")
    assert found.weights == DEFAULT


def test_a_refit_rarely_claims_what_is_not_there() -> None:
    """Where the mean weighs all, at most two of forty simulated companies are told that a refit is better."""
    claims = [refitted(*_customers(120, (0.0, 0.0, 1.0), 1.0, seed)).verdict == "refit_better" for seed in range(40)]
    assert sum(claims) <= 2


def test_too_few_customers_cannot_tell() -> None:
    """Fifty-nine customers, or nine who left, are too few for any verdict."""
    contacts, outcomes = _customers(59, (0.0, 3.0, 0.0), 0.1)
    assert (refitted(contacts, outcomes).verdict, refitted(contacts, outcomes).n) == ("cannot_tell", 59)
    contacts, outcomes = _customers(200, (0.0, 3.0, 0.0), 0.1)
    left = {key: (day, float(number >= 9)) for number, (key, (day, _)) in enumerate(outcomes.items())}
    assert refitted(contacts, left, churn=True).verdict == "cannot_tell"


def test_an_outcome_never_knows_itself() -> None:
    """What is said on the day of the outcome or after it, as by the form that gave it, changes nothing; for churn, nor does announcing to leave before it."""
    contacts, outcomes = _customers(120, (0.0, 0.0, 0.0), 1.0)
    leak = [contact(day, "survey", customer=key, mood=value) for key, (_, value) in outcomes.items() for day in (40, 50)]
    assert refitted([*contacts, *leak], outcomes) == refitted(contacts, outcomes)
    left = {key: (day, float(value > 0)) for key, (day, value) in outcomes.items()}
    farewell = [contact(35, customer=key, mood=2 * value - 1, leaving=True) for key, (_, value) in left.items()]
    assert refitted([*contacts, *farewell], left, churn=True) == refitted(contacts, left, churn=True)
    assert refitted([*contacts, *farewell], left).verdict == "refit_better"


def test_weights_keep_the_scale_of_a_mood() -> None:
    """The same mood throughout is the score, whatever the weights."""
    assert DEFAULT.score(-1.5, -1.5, -1.5) == pytest.approx(-1.5)
    assert Weights(0.1, 0.9, 0.0).score(1, 1, 1) == pytest.approx(1.0)


def test_an_outcome_nobody_knows_is_refused() -> None:
    """Settings name nps, csat, stars or churn: and an attribute; anything else is told with its place."""
    with pytest.raises(ConfigError, match=r"stories\.outcome"):
        load_config(DEMO, {"stories": {"outcome": "happiness"}})
    assert load_config(DEMO, {"stories": {"score": "refit", "outcome": "churn:left"}}).stories.outcome == "churn:left"


@pytest.mark.parametrize(("outcome", "n"), [("nps", 80), ("churn:left", 80), ("stars", 0)])
def test_the_outcome_named_in_the_settings_is_the_one_refitted_on(outcome: str, n: int) -> None:
    """NPS comes from the scores of any form, words or none; churn from an attribute, yes in French or English; an outcome nobody gave has no customer."""
    contacts = [contact(0, customer=f"c{number:03d}") for number in range(80)]
    last = [contact(20, "survey", customer=f"c{number:03d}", attributes={"left": "Oui" if number % 4 == 0 else "no"}) for number in range(80)]
    scores = [ScoreRow("survey", f"r{number}", f"c{number:03d}", START + timedelta(days=20), "nps", float(number % 11)) for number in range(80)]
    assert _refit([*contacts, *last], scores, outcome).n == n
