"""Roll-ups of records to themes, stages and departments: unions that reconcile, and what the report and the tables tell of them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from invented_store import CONFIG, PLANTED, InventedStore
from test_prioritise import AS_OF, telling, voice

from voc_pipeline import report
from voc_pipeline.config import Priority
from voc_pipeline.prioritise import SCALES, measure
from voc_pipeline.prioritise.base import read_base
from voc_pipeline.prioritise.rollups import rollup_figures
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import IrritantKind, Level, Metric, Telling, Voice

RUN = "run-0002"
LANGS: tuple[Lang, ...] = ("fr", "en")
IDS = ("IRR-A", "IRR-B", "IRR-C", "IRR-D")
KINDS = dict.fromkeys(IDS, IrritantKind.IRRITANT)
THEMES = {"IRR-A": "wait", "IRR-B": "wait", "IRR-C": "bill"}
OWNERS = {"IRR-A": "care", "IRR-C": "care"}

Figures = dict[tuple[str, str, str], Metric]


def rolled_up(
    voices: Sequence[Voice],
    tellings: Sequence[Telling],
    kinds: Mapping[str, IrritantKind] = KINDS,
    themes: Mapping[str, str] = THEMES,
    owners: Mapping[str, str] = OWNERS,
) -> Figures:
    """Roll-ups alone, by scope, key and name."""
    base = read_base(voices, tellings, kinds)
    found = list(rollup_figures(base, Priority(), AS_OF, ("leave",), SCALES, {}, themes, owners))
    out = {(m.scope, m.key, m.name): m for m in found}
    assert len(out) == len(found)
    return out


told = st.lists(st.tuples(st.sets(st.sampled_from(IDS)), st.integers(0, 6), st.booleans(), st.integers(0, 130)), min_size=1, max_size=40)
"""What each verbatim tells, by which customer, whether not valued, so many days ago."""


def world(drawn: Sequence[tuple[set[str], int, bool, int]]) -> tuple[list[Voice], list[Telling]]:
    voices = [voice(i, customer=f"c{who}" if who else "", not_valued=unseen, days=days) for i, (_, who, unseen, days) in enumerate(drawn)]
    tellings = [
        replace(telling(i, one), p_negative=(i % 10) / 10, stage=("use", "pay")[(i + len(one)) % 2])
        for i, (ids, *_) in enumerate(drawn)
        for one in sorted(ids)
    ]
    return voices, tellings


# ---------------------------------------------------------------- counts


@tried(max_examples=40, deadline=None)
@given(told)
def test_a_group_is_a_union_and_counts_reconcile(drawn: list[tuple[set[str], int, bool, int]]) -> None:
    """A group counts each verbatim once, and what is told alone, of several groups, and of nothing adds up to every verbatim."""
    found = rolled_up(*world(drawn))
    for name, ids in (("wait", {"IRR-A", "IRR-B"}), ("bill", {"IRR-C"}), ("", {"IRR-D"})):
        union = [place for place, (said, *_) in enumerate(drawn) if said & ids]
        if union:
            of = {figure: found["rollup_theme", f"irritant={name}", figure].value for figure in ("verbatims", "mentions", "customers", "records")}
            assert of["verbatims"] == len(union)
            assert of["mentions"] == sum(len(drawn[place][0] & ids) for place in union)
            assert of["customers"] == len({drawn[place][1] or f"v{place}" for place in union})
            assert of["records"] == len(set().union(*(drawn[place][0] & ids for place in union)))
        else:
            assert ("rollup_theme", f"irritant={name}", "verbatims") not in found
    some, none = (found["rollup", "irritant", name].detail["verbatims"] for name in ("told", "untold"))
    assert (some, none) == (sum(bool(said) for said, *_ in drawn), sum(not said for said, *_ in drawn))
    mentions = sum(len(said) for said, *_ in drawn)
    for level in Level:
        groups = {key: m for (scope, key, name), m in found.items() if scope == f"rollup_{level}" and name == "alone"}
        assert sum(m.value for m in groups.values()) + found["rollup", f"irritant={level}", "several"].value == some
        assert (
            sum(found[f"rollup_{level}", key, "mentions"].value for key in groups)
            == mentions
            == found["rollup", "irritant", "told"].detail["mentions"]
        )


@tried(max_examples=20, deadline=None)
@given(told, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(drawn: list[tuple[set[str], int, bool, int]], chance: random.Random) -> None:
    """Shuffled verbatims and tellings roll up to the very same figures."""
    voices, tellings = world(drawn)
    shuffled = chance.sample(voices, len(voices)), chance.sample(tellings, len(tellings))
    assert rolled_up(*shuffled) == rolled_up(voices, tellings)


def test_groups_of_one_irritant_have_its_figures() -> None:
    """Where each group holds one irritant, counts, share, regard, severity and trend are those of the irritant, intervals included."""
    chance = random.Random(3)
    drawn = [({one for one in IDS if chance.random() < 0.3}, chance.randrange(150), chance.random() < 0.3, chance.randrange(112)) for _ in range(900)]
    voices, tellings = world(drawn)
    each = {one: f"only {one}" for one in IDS}
    metrics = measure(voices, tellings, Priority(), AS_OF, KINDS, themes=each, owners=each)
    found = {(m.scope, m.key, m.name): m for m in metrics}
    for one, group in each.items():
        for scope in ("rollup_theme", "rollup_department"):
            for ours, theirs in (("mentions", "mentions"), ("verbatims", "mentions"), ("customers", "customers"), ("severity", "severity")):
                assert found[scope, f"irritant={group}", ours].value == found["irritant", one, theirs].value
            for name in ("share", "not_valued_rate", "rate_ratio"):
                rolled, own = found[scope, f"irritant={group}", name], found["irritant", one, name]
                assert (rolled.value, rolled.low, rolled.high, rolled.n) == (own.value, own.low, own.high, own.n)
        severity = found["rollup_theme", f"irritant={group}", "severity"]
        assert severity.low is not None and severity.high is not None and 0 <= severity.low < severity.value < severity.high <= 1


def test_a_record_rolls_up_to_the_stage_where_it_is_told_most() -> None:
    """All verbatims of a record count at its main stage, those that tell it elsewhere too; equals go to the first in the alphabet."""
    voices = [voice(i) for i in range(10)]
    stages = ["pay"] * 4 + ["use"] * 2 + ["use", "deliver"]
    tellings = [replace(telling(i, "IRR-A" if i < 6 else "IRR-B"), stage=stage) for i, stage in enumerate(stages)]
    found = rolled_up(voices, tellings)
    verbatims = {key: m.value for (scope, key, name), m in found.items() if (scope, name) == ("rollup_stage", "verbatims")}
    assert verbatims == {"irritant=pay": 6, "irritant=deliver": 2}


def test_each_kind_rolls_up_apart() -> None:
    """What is to be kept never counts among what is to be mended, and carries neither severity nor not valued."""
    kinds = {"IRR-A": IrritantKind.IRRITANT, "STR-A": IrritantKind.STRENGTH}
    found = rolled_up(
        [voice(i) for i in range(6)], [telling(0, "IRR-A"), *(telling(i, "STR-A") for i in range(4))], kinds, dict.fromkeys(kinds, "wait")
    )
    assert found["rollup_theme", "irritant=wait", "verbatims"].value == 1
    assert found["rollup_theme", "strength=wait", "verbatims"].value == 4
    assert {name for scope, key, name in found if key == "strength=wait"} == {"records", "verbatims", "alone", "mentions", "customers", "share"}


def test_nobody_speaks() -> None:
    """Without a verbatim there is no group and no share; records that nobody tells are in no group."""
    assert all(m.value == 0 for m in rolled_up([], []).values())
    assert not [key for key in rolled_up([voice(1)], []) if key[0] != "rollup"]


def test_a_verbatim_weighs_by_the_worst_it_tells() -> None:
    """A verbatim that tells two irritants of a group counts once in its severity, by the more severe of both."""
    mild, grave = replace(telling(0, "IRR-A"), p_negative=0.2), replace(telling(0, "IRR-B"), p_negative=0.9)
    found = rolled_up([voice(0)], [mild, grave])
    assert found["rollup_theme", "irritant=wait", "severity"].detail["p_negative"] == 0.9
    assert found["rollup_theme", "irritant=wait", "severity"].n == 1


# ---------------------------------------------------------------- what it promises


def test_the_interval_of_a_theme_holds_its_planted_share() -> None:
    """Over 200 simulated bases of customers who repeat themselves, told through two irritants, the interval holds the share as often as it says."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        whose = np.repeat(np.arange(80), rng.poisson(3, 80) + 1)
        tells = rng.random(len(whose)) < rng.beta(0.6, 1.4, 80)[whose]
        kind = rng.integers(0, 3, len(whose))  # the first, the second, both
        voices = [voice(i, customer=f"c{who}", days=None) for i, who in enumerate(whose)]
        tellings = [telling(i, one) for i in np.flatnonzero(tells) for one in (("IRR-A",), ("IRR-B",), ("IRR-A", "IRR-B"))[kind[i]]]
        share = rolled_up(voices, tellings)["rollup_theme", "irritant=wait", "share"]
        assert share.low is not None and share.high is not None
        held += share.low <= 0.3 <= share.high
    assert held / 200 >= 0.91


def test_what_grows_in_small_pieces_rings_at_the_level_above() -> None:
    """Eight irritants too rare to ring alone make their theme ring when it triples; a theme that stays as it is does not."""
    ids = [f"IRR-{i}" for i in range(8)]
    kinds = dict.fromkeys([*ids, "IRR-Z"], IrritantKind.IRRITANT)
    voices = [voice(i, days=i % 112) for i in range(2240)]
    recent, before = ([i for i in range(2240) if (i % 112 < 28) is side] for side in (True, False))
    grown = [*recent[::17][:32], *before[::52][:32]]
    tellings = [telling(i, ids[place % 8]) for place, i in enumerate(grown)] + [telling(i, "IRR-Z") for i in range(700, 1100)]
    metrics = measure(voices, tellings, Priority(), AS_OF, kinds, themes={**dict.fromkeys(ids, "grows"), "IRR-Z": "stays"})
    alerts = {(m.scope, m.key): m.detail["alert"] for m in metrics if m.name == "rate_ratio"}
    assert alerts["rollup_theme", "irritant=grows"] is True
    assert alerts["rollup_theme", "irritant=stays"] is False
    assert not any(alerts["irritant", one] for one in ids)


# ---------------------------------------------------------------- report


@cache
def store() -> InventedStore:
    """One invented year, read only."""
    return InventedStore(900)


def part(lang: Lang, name: str, folder: Path, made: InventedStore | None = None) -> str:
    """One section of the page, as HTML."""
    html = report.write_html(made or store(), CONFIG, RUN, folder, lang).read_text(encoding="utf-8")
    start = html.index(f'<section aria-labelledby="{name}">')
    return html[start : html.index("</section>", start)]


def test_the_table_reconciles_with_itself_and_with_irritants() -> None:
    """In the written table groups add up to what is told and untold, and each group's mentions are those of its irritants in their own table."""
    made = report.tables(store(), CONFIG, RUN)
    table, irritants = made["rollups"], made["irritants"].set_index("id")
    analysed = store()._metrics[RUN]
    everyone = next(m.value for m in analysed if (m.scope, m.name) == ("run", "n_verbatims"))
    for level in Level:
        own = table[(table["level"] == level) & (table["kind"] == "irritant")]
        groups, rest = own[own["part"] == "group"], own[own["part"] != "group"].set_index("part")["verbatims"]
        assert groups["alone"].sum() + rest["several"] == rest["told"] and rest["told"] + rest["untold"] == everyone
        listed = [one for row in groups.itertuples() for one in row.ids.split(", ")]
        assert sorted(listed) == sorted(irritants.index[irritants["mentions"] > 0])
        for row in groups.itertuples():
            assert row.mentions == irritants.loc[row.ids.split(", "), "mentions"].sum() >= row.verbatims
            assert row.records == len(row.ids.split(", ")) and row.label_fr and row.label_en
            column = {Level.THEME: "theme", Level.STAGE: "stage", Level.DEPARTMENT: "owner"}[level]
            assert {value or "none" for value in irritants.loc[row.ids.split(", "), column]} == {row.group}


def test_what_is_late_or_unowned_is_counted() -> None:
    """The department of a late action says so, and irritants that nobody answers for stand in a group of their own."""
    table = report.tables(store(), CONFIG, RUN)["rollups"]
    own = table[(table["level"] == "department") & (table["kind"] == "irritant")].set_index("group")
    late = PLANTED[2]  # its action is late
    assert late.id in own.loc[late.owner, "ids"] and own.loc[late.owner, "late"] == 1
    unowned = {p.id for p in PLANTED if p.kind is IrritantKind.IRRITANT and not p.owner}
    assert set(own.loc["none", "ids"].split(", ")) == unowned and own.loc["none", "unowned"] == len(unowned)


@pytest.mark.parametrize("lang", LANGS)
def test_marketing_reads_themes_with_their_irritants(lang: Lang, tmp_path: Path) -> None:
    """The marketing view shows each theme once, links every irritant to its card, and says what remains."""
    t, html = Words(lang), part(lang, "themes", tmp_path)
    assert t("rollup.theme.caption") in html and t("rollup.told") in html and t("rollup.untold") in html
    table = report.tables(store(), CONFIG, RUN)["rollups"]
    groups = table[(table["level"] == "theme") & (table["kind"] == "irritant") & (table["part"] == "group")]
    assert html.count('scope="rowgroup"') == len(groups)
    linked = re.findall(r'<a href="#(IRR-\w+)"', html)
    assert sorted(linked) == sorted(one for row in groups.itertuples() for one in row.ids.split(", "))
    whole = report.write_html(store(), CONFIG, RUN, tmp_path, lang).read_text(encoding="utf-8")
    assert all(f'id="{one}"' in whole for one in linked)


@pytest.mark.parametrize("lang", LANGS)
def test_owners_read_departments_and_stages(lang: Lang, tmp_path: Path) -> None:
    """Owners find a table of departments and one of stages, with late and unowned irritants marked and small groups greyed."""
    t, html = Words(lang), part(lang, "owners", tmp_path)
    departments, stages = html.split("</table>")[:2]
    assert t("rollup.department.caption") in departments and t("rollup.stage.caption") in stages
    assert t.plural("rollup.late", 1) in departments and t("rollup.is_late") in departments
    assert t.plural("rollup.unowned", 2) in departments and t("owner.none").capitalize() in departments
    for body in html.split("<tbody")[1:]:
        verbatims = int(re.sub(r"\D", "", re.findall(r'<td class="num"[^>]*>([^<]*)<', body)[0]))
        assert body.startswith(' class="faint"') == (verbatims < 30), body[:200]
        assert (t("small.long") in body.split('class="members"')[0]) == (verbatims < 30)


def test_a_long_list_is_cut_but_never_what_is_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beneath a group the first irritants are named, then those that are late, unowned or rising; the others are counted."""
    monkeypatch.setattr("voc_pipeline.report.page.rollups.LISTED", 0)
    html = part("en", "owners", tmp_path).split("</table>")[0]
    assert f'<a href="#{PLANTED[2].id}"' in html and "in the table rollups" in html
    assert len(re.findall(r'<a href="#IRR', html)) < sum(p.kind is IrritantKind.IRRITANT for p in PLANTED)


def test_a_run_of_before_says_that_the_next_one_counts(tmp_path: Path) -> None:
    """A run stored without roll-ups still has its page and an empty table."""
    old = InventedStore(120)
    old._metrics[RUN] = [m for m in old._metrics[RUN] if not m.scope.startswith("rollup")]
    for name in ("themes", "owners"):
        assert Words("fr")("rollup.none") in part("fr", name, tmp_path, old)
    assert report.tables(old, CONFIG, RUN)["rollups"].empty
