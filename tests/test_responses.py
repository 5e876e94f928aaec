"""Time to first response: what a chat's clock tells, what is kept of it, and the figures on waits that were planted."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from invented_store import CONFIG, InventedStore
from sqlalchemy import create_engine, select, update
from test_prioritise import voice
from test_sources import feedback, source
from test_store import a_run, a_verbatim, an_annotation

from voc_pipeline import report
from voc_pipeline.config import Config
from voc_pipeline.errors import ConfigError
from voc_pipeline.intake import Intake
from voc_pipeline.prioritise.responses import position, response_figures
from voc_pipeline.report.words import HARD, Lang, Words
from voc_pipeline.schema import FirstResponse, Metric, Role, SourceKind, Timing, Turn, Verbatim, Voice
from voc_pipeline.sources import guess, preview, read
from voc_pipeline.sources.answering import first_response
from voc_pipeline.store import open_store
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import MIGRATIONS

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 5, 4, 12)
LANGS: tuple[Lang, ...] = ("fr", "en")


def turns(*said: tuple[str, float | None]) -> list[Turn]:
    """Turns of a (gent), b (ot) and c (ustomer), each with its seconds after noon."""
    return [
        Turn(Role.CUSTOMER if who == "c" else Role.AGENT, who, None if at is None else NOON + timedelta(seconds=at), robot=who == "b")
        for who, at in said
    ]


def timed(person: float | None, robot: float | None = None) -> FirstResponse:
    """A timed chat."""
    return FirstResponse(Timing.TIMED, person is not None, robot is not None, person, robot)


# ---------------------------------------------------------------- the clock of one chat


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([("c", 0), ("a", 95), ("c", 120), ("a", 125)], timed(95), id="the first answer counts"),
        pytest.param(
            [("a", 0), ("c", 10), ("c", 40), ("a", 70)], timed(60), id="a greeting answers nothing, and the wait begins with the first message"
        ),
        pytest.param([("c", 0), ("b", 3), ("c", 60), ("a", 300)], timed(300, 3), id="a robot first"),
        pytest.param([("c", 0), ("b", 3)], timed(None, 3), id="a robot alone"),
        pytest.param([("c", 0), ("c", 600)], timed(None), id="nobody"),
        pytest.param([("c", 0), ("a", 50), ("c", None)], timed(50), id="a time that is not needed is missing"),
        pytest.param([("c", None), ("a", 50)], FirstResponse(Timing.UNTIMED, True, False), id="the question has no time"),
        pytest.param([("c", 0), ("a", None), ("a", 80)], FirstResponse(Timing.UNTIMED, True, False), id="the answer has no time"),
        pytest.param([("c", 0), ("a", -40), ("c", 30)], FirstResponse(Timing.BACKWARDS, True, False), id="an answer before the question"),
        pytest.param([("c", 0), ("a", -40)], FirstResponse(Timing.BACKWARDS, True, False), id="two clocks that disagree"),
        pytest.param([("c", 0), ("a", 40), ("c", None), ("a", 10)], FirstResponse(Timing.BACKWARDS, True, False), id="backwards later on"),
        pytest.param([("a", 90), ("c", 60), ("a", 30), ("c", 0)], timed(30), id="newest first"),
        pytest.param([("a", 30), ("c", 0)], timed(30), id="newest first, two messages"),
        pytest.param([("c", 7), ("a", 7)], timed(0), id="within one second"),
    ],
)
def test_what_a_clock_tells(said: list[tuple[str, float | None]], expected: FirstResponse) -> None:
    """Waits run from the customer's first message to the first answer after it, of a person and of a robot apart; what cannot be timed says why."""
    assert first_response(turns(*said), PARIS) == expected


def test_times_that_tell_only_the_day_are_no_times() -> None:
    """A day without an hour says nothing of seconds, and a chat in which no customer speaks waits for nothing."""
    midnight = datetime(2026, 5, 4)
    assert first_response([Turn(Role.CUSTOMER, "c", midnight), Turn(Role.AGENT, "a", midnight)], PARIS) == FirstResponse(Timing.UNTIMED, True, False)
    assert first_response([Turn(Role.AGENT, "a", NOON)], PARIS) is None


# ---------------------------------------------------------------- from a file to the store

FIELDS: dict[str, Any] = {
    "id": "id",
    "customer": "client",
    "turns": {"path": "messages", "role": "who", "text": "said", "time": "at", "customer_roles": ["visiteur"], "robot_roles": ["Léa"]},
}
WAITS: dict[str, tuple[list[tuple[str, str]], FirstResponse]] = {
    "utc": ([("visiteur", "2026-05-04T10:00:00Z"), ("conseiller", "2026-05-04T12:01:30+02:00")], timed(90)),
    "autumn": ([("visiteur", "2026-10-25T00:59:00Z"), ("conseiller", "2026-10-25T01:02:00Z")], timed(180)),
    "spring": ([("visiteur", "2026-03-29T01:59:00"), ("conseiller", "2026-03-29T03:01:00")], timed(120)),
    "robot": ([("visiteur", "2026-05-04T10:00:00"), ("lea", "2026-05-04T10:00:02"), ("conseiller", "2026-05-04T10:05:00")], timed(300, 2)),
    "backwards": ([("visiteur", "2026-05-04T10:00:00"), ("conseiller", "2026-05-04T09:59:00")], FirstResponse(Timing.BACKWARDS, True, False)),
}


def exported(folder: Path, fields: dict[str, Any] = FIELDS) -> dict[str, Verbatim]:
    """Chats with known waits, read from a file and taken in, by their id there."""
    chats = [
        {
            "id": name,
            "client": f"K-{name}",
            "messages": [{"who": who, "said": f"Message {n} de {name}, au sujet de la facture.", "at": at} for n, (who, at) in enumerate(said)],
        }
        for name, (said, _) in WAITS.items()
    ]
    (folder / "chats.json").write_text(json.dumps(chats), encoding="utf-8")
    intake = Intake(b"k", ("fr",), detect=lambda text, declared: ("fr", 1.0), sentences=lambda text, lang: [(0, len(text))])
    made = [intake.prepare(raw) for raw in feedback(read(source("chat", "chats.json", fields, date_formats=["iso"]), folder))]
    return {verbatim.row_id: verbatim for verbatim in made}


def test_waits_pass_intake(tmp_path: Path) -> None:
    """Offsets, both changes of the clock, robots by their own name and clocks that disagree come through, and of the times nothing but seconds."""
    found = exported(tmp_path)
    assert {name: verbatim.response for name, verbatim in found.items()} == {name: expected for name, (_, expected) in WAITS.items()}


def test_a_wait_changes_no_identity(tmp_path: Path) -> None:
    """With times and robots named or not, a chat has the same id, words, key and segments."""
    plain = {**FIELDS, "date": "at", "turns": {key: value for key, value in FIELDS["turns"].items() if key not in ("time", "robot_roles")}}
    with_times, without = exported(tmp_path), exported(tmp_path, plain)
    for name in set(WAITS) - {"backwards"}:  # their order is that of the times, as before
        assert replace(with_times[name], response=None, date=None) == replace(without[name], response=None, date=None)
        assert without[name].response == FirstResponse(Timing.UNTIMED, True, False)


def test_one_turn_a_row_is_timed_whatever_the_order_of_rows(tmp_path: Path) -> None:
    """Rows of one turn each, shuffled, give the waits that their times tell."""
    rows = [
        ["T1", "agent", "Oui ?", "2026-05-04 10:00:45"],
        ["T2", "client", "Bonjour", "2026-05-04 11:00:00"],
        ["T1", "client", "Allô", "2026-05-04 10:00:00"],
    ]
    with (tmp_path / "tours.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["conv", "role", "texte", "heure"], *rows])
    fields = {"conversation": "conv", "turns": {"role": "role", "text": "texte", "time": "heure"}}
    got = feedback(read(source("chat", "tours.csv", fields, date_formats=["%Y-%m-%d %H:%M:%S"]), tmp_path))
    assert {item.row_id: item.response for item in got} == {"T1": timed(45), "T2": timed(None)}


def test_the_newest_first_to_the_minute_keeps_question_before_answer(tmp_path: Path) -> None:
    """Of rows written newest first with times to the minute, what was asked and answered within one minute is an answered chat, and reads in the order it was said."""
    rows = [("client", "Merci", "10:05"), ("agent", "Voilà, c'est fait", "10:00"), ("client", "Bonjour, ma box ?", "10:00")]
    with (tmp_path / "tours.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["conv", "role", "texte", "heure"], *(["T1", who, said, f"2026-05-04 {at}"] for who, said, at in rows)])
    fields = {"conversation": "conv", "turns": {"role": "role", "text": "texte", "time": "heure"}}
    (item,) = feedback(read(source("chat", "tours.csv", fields, date_formats=["%Y-%m-%d %H:%M"]), tmp_path))
    assert item.response == timed(0)
    assert [turn.text for turn in item.turns] == [said for _, said, _ in reversed(rows)]


def test_robots_are_told_from_people_before_a_run(tmp_path: Path) -> None:
    """`voc init` names the roles that are robots' in the settings, and the first look at a source shows who is one."""
    said = "Impossible de payer ma facture"
    chats = [
        {
            "id": f"c{n}",
            "messages": [
                {"author": who, "body": f"{said} {n}", "at": f"2026-01-{n % 27 + 1:02d}T10:0{place}:00Z"}
                for place, who in enumerate(("client", "Bot", "agent"))
            ],
        }
        for n in range(30)
    ]
    (tmp_path / "chats.json").write_text(json.dumps(chats), encoding="utf-8")
    text = guess([tmp_path / "chats.json"], tmp_path)
    assert 'robot_roles: ["Bot"]' in text or "robot_roles: [Bot]" in text
    shown = preview(source("chat", "chats.json", {"id": "id", "turns": {"path": "messages", "role": "author", "text": "body"}}), tmp_path)
    assert "robot: " in str(shown.rows[0]["text"])


def test_a_stored_wait_comes_back(store_url: str) -> None:
    """What is staged with a verbatim is read with it, replaced where it is read anew, and gone where the source tells none any more."""
    waited = a_verbatim(1, kind=SourceKind.CHAT, response=timed(95.5, 2))
    other = a_verbatim(2, kind=SourceKind.CHAT, response=FirstResponse(Timing.BACKWARDS, True, False))
    with open_store(store_url) as store:
        for ordinal, given in enumerate(([waited, other], [replace(waited, response=timed(10)), replace(other, response=None)]), start=1):
            store.start_run(a_run(ordinal))
            store.clear_stage(f"run-{ordinal:04d}", "avis")
            store.stage(f"run-{ordinal:04d}", "avis", given, [], 2)
            counts = store.settle(f"run-{ordinal:04d}")
            assert list(store.verbatims()) == sorted(given, key=lambda one: one.id)
        assert (counts["known"], counts["replaced"]) == (2, 0)


def test_an_older_store_goes_on(store_url: str) -> None:
    """A store, and a stage, from before waits were kept open and settle; read again, a chat gains its wait and keeps its answers."""
    chat = a_verbatim(1, kind=SourceKind.CHAT)
    with open_store(store_url) as store:
        store.start_run(a_run())
        store.stage("run-0001", "avis", [chat], [], 1)
        with store._writing() as connection:
            rest = connection.execute(select(t.staged.c.rest)).scalar_one()
            connection.execute(update(t.staged).values(rest={name: value for name, value in rest.items() if name != "response"}))
        store.settle("run-0001")
        store.write_annotations([an_annotation(chat)])
    engine, config = create_engine(store_url), AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
    engine.dispose()
    with open_store(store_url) as store:
        assert list(store.verbatims()) == [chat]
        store.start_run(a_run(2))
        store.stage("run-0002", "avis", [replace(chat, response=timed(95))], [], 1)
        assert store.settle("run-0002")["known"] == 1
        assert [one.response for one in store.verbatims()] == [timed(95)]
        assert list(store.annotations("voc-mini-1")) == [an_annotation(chat)]


def test_a_wait_without_end_is_stored_as_one(store_url: str) -> None:
    """A quantile that lies among those never answered comes back from the database as it went in."""
    never = Metric("response", "", "person_median", math.inf, 5.0, None, 50)
    with open_store(store_url) as store:
        store.start_run(a_run())
        store.write_metrics("run-0001", [never])
        assert store.metrics("run-0001", "response") == [never]


# ---------------------------------------------------------------- figures


def figures(waits: Sequence[FirstResponse | None], voices: Sequence[Voice] | None = None, **within: float) -> dict[tuple[str, str], Metric]:
    """Figures of chats that waited so long."""
    voices = voices or [voice(number) for number in range(len(waits))]
    made = response_figures(voices, {one.verbatim_id: wait for one, wait in zip(voices, waits, strict=True)}, within)
    return {(metric.key, metric.name): metric for metric in made}


def test_who_is_never_answered_stays_in_the_base() -> None:
    """Of a hundred chats ten were never answered: the median is that of all hundred, the ninth decile the slowest answer, its upper end open."""
    found = figures([*(timed(float(second)) for second in range(1, 91)), *(timed(None, 3) for _ in range(4)), *(timed(None) for _ in range(6))])
    assert (found["", "person_median"].value, found["", "person_p90"].value, found["", "person_share"].value) == (50, 90, 0.9)
    assert (found["", "person_p90"].high, found["", "person_p90"].n) == (None, 100)
    low = found["", "person_p90"].low
    assert low is not None and 75 < low < 90
    assert found["", "person_share"].detail["robot_only"] == 4 and found["", "person_share"].detail["nobody"] == 6
    never = figures([timed(5.0)] * 10 + [timed(None)] * 40)["", "person_median"]
    assert math.isinf(never.value) and never.low is None and never.high is None


def test_a_robot_is_no_person() -> None:
    """Forty robots answer in two seconds, people in a minute: the wait for a person is a minute, and the robot's is told apart."""
    found = figures([timed(60.0, 2.0) for _ in range(40)] + [timed(60.0) for _ in range(40)])
    assert found["", "person_median"].value == 60
    assert (found["", "robot_first_share"].value, found["", "robot_median"].value, found["", "robot_median"].n) == (0.5, 2, 40)


def test_what_cannot_be_timed_is_counted() -> None:
    """Chats without times, with contradictory ones, or from before waits were kept are counted by reason and stand in no other base."""
    waits = [timed(30.0)] * 40 + [FirstResponse(Timing.UNTIMED, True, False)] * 3 + [FirstResponse(Timing.BACKWARDS, True, False)] * 2 + [None] * 5
    found = figures(waits)
    reasons = {name: found["", "timed_share"].detail[name] for name in ("timed", "untimed", "backwards", "not_kept")}
    assert reasons == {"timed": 40, "untimed": 3, "backwards": 2, "not_kept": 5} and found["", "timed_share"].value == 0.8
    assert found["", "person_median"].n == 40
    assert set(figures([None] * 3)) == {("", "timed_share")} and figures([], []) == {}


def test_a_threshold_is_that_of_the_channel() -> None:
    """Where settings allow sixty seconds in a channel, the share in time is over its chats alone, an answer that never came being late; else there is none."""
    voices = [voice(number, channel="chat" if number < 60 else "app") for number in range(100)]
    waits = [timed(60.0) if number % 2 else timed(None) for number in range(100)]
    found = figures(waits, voices, chat=60)
    assert (found["", "within_share"].value, found["", "within_share"].n, found["", "within_share"].detail["seconds"]) == (0.5, 60, {"chat": 60})
    assert ("", "within_share") not in figures(waits, voices)


def test_groups_need_thirty_chats() -> None:
    """Channels and attributes are told from thirty timed chats on, and never where they hold every chat."""
    voices = [replace(voice(number), attributes={"queue": "pay" if number < 45 else "sales", "all": "one"}) for number in range(70)]
    found = figures([timed(20.0 if number < 45 else 90.0) for number in range(70)], voices)
    assert {key for key, _ in found} == {"", "queue=pay", "lang=fr"}
    assert found["queue=pay", "person_median"].value == 20


def test_intervals_of_waits_hold_the_truth() -> None:
    """Over clustered chats, one in twenty never answered, the interval of the median and of the ninth decile holds the true one in 93 draws of 100 or more."""
    chance = np.random.default_rng(5)

    def drawn(customers: int) -> tuple[Any, Any]:
        clusters = np.repeat(np.arange(customers), chance.poisson(1, customers) + 1)
        waits = np.exp(4.5 + 0.4 * chance.normal(size=customers)[clusters] + 0.3 * chance.normal(size=len(clusters)))
        return np.where(chance.random(len(clusters)) < 0.05, np.inf, waits), clusters

    truth = np.quantile(drawn(300_000)[0], (0.5, 0.9), method="inverted_cdf")
    held = np.zeros(2)
    for _ in range(300):
        waits, clusters = drawn(80)
        for place, p in enumerate((0.5, 0.9)):
            found = position(waits, clusters, p)
            held[place] += found.low <= truth[place] <= found.high
    assert (held / 300 >= 0.93).all()


def test_what_goes_with_a_long_wait() -> None:
    """Of slow or unanswered chats half are not valued, of quick ones none: the difference is fifty points with its interval; mood, alike, differs by nothing."""
    voices = [voice(number, not_valued=number >= 60 and number % 2 == 0, negative=number % 4 < 2) for number in range(120)]
    found = figures([timed(10.0 + number / 100) if number < 60 else timed(500.0) if number < 110 else timed(None) for number in range(120)], voices)
    apart, alike = found["", "not_valued_difference"], found["", "negative_difference"]
    assert (
        apart.value == pytest.approx(0.5)
        and apart.low is not None
        and apart.low > 0.3
        and (apart.detail["n_later"], apart.detail["n_sooner"]) == (60, 60)
    )
    assert alike.value == 0 and alike.low is not None and alike.high is not None and alike.low < 0 < alike.high
    assert not any(name.endswith("difference") for _, name in figures([timed(float(second)) for second in range(40)]))


def test_figures_do_not_depend_on_order() -> None:
    """Chats in any order give the same figures."""
    voices = [voice(number, customer=f"c{number % 40}") for number in range(90)]
    waits = [timed(float(number * 7 % 50)) for number in range(90)]
    assert figures(waits, voices) == figures(waits[::-1], voices[::-1])


def test_a_threshold_is_a_time() -> None:
    """A threshold of no seconds, or of infinitely many, is refused."""
    for wrong in (0, -5, math.inf):
        with pytest.raises((ConfigError, ValueError), match="response_seconds"):
            Config.model_validate({**CONFIG.model_dump(by_alias=True), "response_seconds": {"chat": wrong}})


def test_a_threshold_is_of_a_channel_that_is_there() -> None:
    """A threshold for a misspelt channel is refused, with the one that was meant; one of a source left out for now, or where a column names channels, stays."""
    settings = {"project": "p", "store": "sqlite:///voc.db", "output": "out"}
    own = {"name": "c", "kind": "chat", "path": "c.json", "fields": {"id": "id", "turns": {"path": "m", "role": "r", "text": "t"}}}
    with pytest.raises(ValueError, match=r"no source has the channel 'chta'. Did you mean 'chat'"):
        Config.model_validate({**settings, "sources": [own], "response_seconds": {"chta": 60}})
    assert Config.model_validate({**settings, "sources": [own], "response_seconds": {"chat": 60}}).response_seconds == {"chat": 60}
    assert Config.model_validate({**settings, "sources": [own], "response_seconds": {"telephone": 60}}).response_seconds
    by_column = {**own, "fields": {**own["fields"], "channel": "canal"}}  # type: ignore[dict-item]  # a mapping
    assert Config.model_validate({**settings, "sources": [by_column], "response_seconds": {"messenger": 60}}).response_seconds


# ---------------------------------------------------------------- the report


@cache
def store() -> InventedStore:
    """One invented year, read only."""
    return InventedStore(900)


def section(made: InventedStore, lang: Lang, folder: Path) -> str:
    """What the page says of first responses."""
    html = report.write_html(made, CONFIG, "run-0002", folder, lang).read_text(encoding="utf-8")
    return html[html.index('id="first-response"') : html.index('id="pillars"')]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_tells_waits(lang: Lang, tmp_path: Path) -> None:
    """In both languages: chats left out and why, medians, the time set, who is never answered, and that a difference is an association."""
    words, html = Words(lang), section(store(), lang, tmp_path)
    own = {metric.name: metric for metric in store().metrics("run-0002") if metric.scope == "response" and not metric.key}
    for name in ("person_share", "person_median", "person_p90", "within_share", "robot_first_share"):
        assert words(f"responses.{name}") in html, name
    assert words.duration(own["person_median"].value) in html
    assert words("responses.association") in html
    for name in ("untimed", "backwards"):
        assert words.plural(f"responses.{name}", int(str(own["timed_share"].detail[name]))) in html
    assert words.plural("responses.nobody", int(str(own["person_share"].detail["nobody"]))) in html
    assert words("responses.due", limits=f"{words('channel.chat')} {words.duration(90)}") in html


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_says_never(lang: Lang, tmp_path: Path) -> None:
    """Where most chats are never answered the median says so, and where no chat is timed the page says what to set."""
    own = InventedStore(300)
    rest = [metric for metric in own._metrics["run-0002"] if metric.scope != "response"]
    own._metrics["run-0002"] = [*rest, *figures([timed(5.0)] * 20 + [timed(None)] * 30).values()]
    assert f">{Words(lang)('responses.never')}" in section(own, lang, tmp_path)
    own._metrics["run-0002"] = [*rest, *figures([FirstResponse(Timing.UNTIMED, True, False)] * 30).values()]
    assert Words(lang)("responses.none") in section(own, lang, tmp_path)


def test_the_page_shows_the_commonest_values(tmp_path: Path) -> None:
    """Of twelve sites the page shows the eight with most chats, the table all twelve."""
    own = InventedStore(300)
    voices = [replace(voice(n), attributes={"site": f"S{site:02d}"}) for n, site in enumerate(site for site in range(12) for _ in range(30 + site))]
    rest = [metric for metric in own._metrics["run-0002"] if metric.scope != "response"]
    own._metrics["run-0002"] = [*rest, *figures([timed(5.0)] * len(voices), voices).values()]
    html, rows = section(own, "en", tmp_path), report.tables(own, CONFIG, "run-0002")["responses"]
    assert [f"S{site:02d}" in html for site in range(12)] == [False] * 4 + [True] * 8
    assert (rows["attribute"] == "site").sum() == 12


def test_the_table_leaves_never_empty() -> None:
    """In the table a quantile that is never reached is empty, and the row of all chats agrees with the figures."""
    own = InventedStore(300)
    rest = [metric for metric in own._metrics["run-0002"] if metric.scope != "response"]
    own._metrics["run-0002"] = [*rest, *figures([timed(5.0)] * 20 + [timed(None)] * 30).values()]
    row = report.tables(own, CONFIG, "run-0002")["responses"].iloc[0]
    assert math.isnan(row["person_median_seconds"]) and row["person_share"] == 0.4 and row["nobody"] == 30 and row["timed"] == 50


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [(0.4, "0 s", "0 s"), (60, "1 min", "1 min"), (7505, "2 h 5 min", "2 h 5 min"), (90_000, "1 j 1 h", "1 d 1 h"), (86_405, "1 j", "1 d")],
)
def test_durations_take_their_two_largest_units(seconds: float, french: str, english: str) -> None:
    """A wait is written in its two largest units, in the language's own letters, and never breaks at the end of a line."""
    assert [Words(lang).duration(seconds) for lang in LANGS] == [french.replace(" ", HARD), english.replace(" ", HARD)]
