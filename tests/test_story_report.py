"""What the report tells of stories and seams: shares, matrices, three stories, and no list of customers."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from invented_store import CONFIG, InventedStore

from voc_pipeline import report
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import Metric

RUN = "run-0002"
LANGS: tuple[Lang, ...] = ("fr", "en")


@cache
def store() -> InventedStore:
    """One invented year, read only."""
    return InventedStore(900)


def view(made: InventedStore, lang: Lang, folder: Path) -> str:
    """The page's view of stories."""
    html = report.write_html(made, CONFIG, RUN, folder, lang).read_text(encoding="utf-8")
    return html[html.index('id="stories"') : html.index('id="analyst"')]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_tells_shares_matrices_and_at_most_three_stories(lang: Lang, tmp_path: Path) -> None:
    """Each share of customers, each matrix that has cells, and the time lines are there in both languages."""
    t, html = Words(lang), view(store(), lang, tmp_path)
    for key in ("stories.share_repeat_30", "stories.share_retelling", "matrix.place", "matrix.stage", "stories.three", "stories.refit.off"):
        assert t(key) in html, key
    assert 1 <= html.count('class="story"') <= 3
    assert html.count('<li>\n<p class="when">') >= 3


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_lists_no_customers(lang: Lang, tmp_path: Path) -> None:
    """Of hundreds of customers, only those of the stories shown appear, by the first characters of a hashed id."""
    html = view(store(), lang, tmp_path)
    shown = re.findall(r"<code>(\w+)</code>", html)
    assert len(shown) <= 3
    assert all(len(one) == 8 for one in shown)
    assert not any(row.customer in html for row in report.tables(store(), CONFIG, RUN)["stories"].itertuples())


def test_tables_agree_with_each_other() -> None:
    """Shares in story_stats are those of the rows of stories, and a cell of the matrix counts the verbatims of seams."""
    made = report.tables(store(), CONFIG, RUN)
    stories, stats = made["stories"], made["story_stats"].set_index("figure")
    assert stats.loc["customers", "value"] == len(stories)
    assert stats.loc["share_repeat_30", "value"] == pytest.approx((stories["repeats_30"] > 0).mean(), abs=1e-4)
    assert stats.loc["share_retelling", "value"] == pytest.approx((stories["retellings"] > 0).mean(), abs=1e-4)
    assert list(stories["customer"]) == sorted(stories["customer"])
    told = made["seams"].groupby(["from", "to"])["verbatim_id"].nunique()
    cells = made["seam_matrix"]
    places = cells[cells["matrix"] == "place"].set_index(["from", "to"])["verbatims"]
    assert places.to_dict() == told.to_dict()
    assert cells[(cells["verbatims"] < 30) | (cells["matrix"] == "switch")]["not_valued_rate"].isna().all()
    assert all(row.quote for row in made["seams"].itertuples())


@pytest.mark.parametrize("verdict", ["refit_better", "mean_better", "not_shown", "cannot_tell"])
def test_every_verdict_of_a_refit_is_told(verdict: str, tmp_path: Path) -> None:
    """The page says in words what came of the refit, and a verdict that cannot be given has no figure in the table."""
    own = InventedStore(300)
    own._metrics[RUN] = [*own._metrics[RUN], Metric("story_score", "", "refit_gain", 0.31, 0.1, 0.5, 77, {"verdict": verdict, "fitted": {}})]
    for lang in LANGS:
        t = Words(lang)
        ends, gain = t.range(0.1, 0.5, 2, sign=True), t.number(0.31, 2, sign=True)
        assert t(f"stories.refit.{verdict}", outcome=t("stories.outcome.nps"), n="77", gain=gain, ends=ends) in view(own, lang, tmp_path)
    row = report.tables(own, CONFIG, RUN)["story_stats"].set_index("figure").loc["refit_gain"]
    assert (row["verdict"], row["value_n"]) == (verdict, 77)
    assert (row["value"] != row["value"]) == (verdict == "cannot_tell")


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_counted_reconciles_to_the_last_verbatim(lang: Lang, tmp_path: Path) -> None:
    """Verbatims of customers and those apart make up all that are analysed, and contacts are told with the answers that join another."""
    made = copy(store())
    joined = [replace(one, value=one.value - 5) if (one.scope, one.name) == ("story_stat", "contacts") else one for one in made.metrics(RUN)]
    made._metrics = {**made._metrics, RUN: joined}
    t, html = Words(lang), view(made, lang, tmp_path)
    figures = {(one.scope, one.name): round(one.value) for one in joined if one.scope in ("run", "story_stat") and not one.key}
    total, contacts = figures["run", "n_verbatims"], figures["story_stat", "contacts"]
    own = total - figures["story_stat", "verbatims_without_customer"] - figures["story_stat", "verbatims_without_date"]
    for key, n in (("verbatims.n", total), ("stories.summary.own", own), ("contacts.n", contacts), ("stories.summary.joined", own - contacts)):
        assert t.plural(key, n) in html, key


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("apart", "undated"), [(0, 0), (1, 0), (0, 3), (2, 1), (900, 0)])
def test_only_what_stands_apart_is_said_to(lang: Lang, apart: int, undated: int, tmp_path: Path) -> None:
    """None, one or several of no known customer or without a date are told in words that agree with them; where none is known, that is told."""
    own, counts = InventedStore(900), {"verbatims_without_customer": apart, "verbatims_without_date": undated}
    own._metrics[RUN] = [replace(one, value=counts.get(one.name, one.value)) if one.scope == "story_stat" else one for one in own.metrics(RUN)]
    figures = {(one.scope, one.name): round(one.value) for one in own.metrics(RUN) if one.name in ("n_verbatims", "customers") and not one.key}
    total, known = figures["run", "n_verbatims"], figures["run", "n_verbatims"] - apart - undated
    t, html = Words(lang), view(own, lang, tmp_path)
    without = ", ".join(t(f"stories.summary.{name}", n=n) for name, n in (("apart", apart), ("undated", undated)) if n)
    told = t("stories.summary.none", total=t.plural("verbatims.n", total), without=without)
    if known:
        customers = t.plural("customers.n", figures["story_stat", "customers"])
        told = t("stories.summary", total=t.plural("verbatims.n", total), own=t.plural("stories.summary.own", known), customers=customers)
        told += t.plural("stories.summary.rest", apart + undated, without=without) if without else "."
    assert told in html


@pytest.mark.parametrize("lang", LANGS)
def test_the_counts_of_both_matrices_are_told_as_their_cells_sum(lang: Lang, tmp_path: Path) -> None:
    """The page says how many passages the matrices hold, in how many verbatims; where sides are left out it says how many are shown."""
    t, html = Words(lang), view(store(), lang, tmp_path)
    cells, seams = (report.tables(store(), CONFIG, RUN)[name] for name in ("seam_matrix", "seams"))
    places, stages = (int(cells[cells["matrix"] == kind]["verbatims"].sum()) for kind in ("place", "stage"))
    told = t("matrix.counts", passages=t.plural("passages.n", places), verbatims=t.plural("verbatims.n", seams["verbatim_id"].nunique()))
    assert f"{told} {t.plural('matrix.counts.stages', stages)}" in html


@pytest.mark.parametrize("lang", LANGS)
def test_a_matrix_with_more_sides_than_a_page_holds_says_how_many_it_shows(lang: Lang, tmp_path: Path) -> None:
    """Of eleven places the two that are told least are left out, and so is what is told between them and the others; the table holds them all."""
    made = copy(store())
    places = [f"guichet {n}" for n in range(11)]
    ring = [(a, places[(i + 1) % 11], 40.0 - 3 * i) for i, a in enumerate(places)]
    cells = [Metric("seam_cell", f"place={a}={b}", "verbatims", n, n=int(n), detail={"customers": int(n), "places": []}) for a, b, n in ring]
    made._metrics = {**made._metrics, RUN: [*(one for one in made.metrics(RUN) if not one.key.startswith("place=")), *cells]}
    t, html = Words(lang), view(made, lang, tmp_path)
    shown = sum(n for a, b, n in ring if not {a, b} & {"guichet 9", "guichet 10"})
    assert t("matrix.cut", shown=t.number(shown), total=t.number(sum(n for *_, n in ring))) in html
    assert ">guichet 8<" in html and ">guichet 9<" not in html and ">guichet 10<" not in html
