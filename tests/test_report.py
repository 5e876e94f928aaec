from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from invented_store import CONFIG, PLANTED, InventedStore

from voc_pipeline import report
from voc_pipeline.audit import audit_figures
from voc_pipeline.errors import RunError
from voc_pipeline.report.charts import _ticks, whisker
from voc_pipeline.report.page import registry
from voc_pipeline.report.page.phrases import Phrases
from voc_pipeline.report.page.ranks import trend_words
from voc_pipeline.report.quotes import Quote, lead_of, otherwise
from voc_pipeline.report.reading import read
from voc_pipeline.report.tables import canonical_csv, columns
from voc_pipeline.report.tables.records import best_quotes
from voc_pipeline.report.words import Lang, Words, typeset
from voc_pipeline.schema import Edit, Interval, IrritantKind, Metric

LANGS: tuple[Literal["fr", "en"], ...] = ("fr", "en")
FOLDER = Path(report.__file__).parent
RUN = "run-0002"


@cache
def wordings() -> dict[str, dict[str, str]]:
    return cast(dict[str, dict[str, str]], yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8")))


@cache
def store() -> InventedStore:
    return InventedStore(900)


@cache
def frames() -> dict[str, pd.DataFrame]:
    return report.tables(store(), CONFIG, RUN)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    return {lang: report.write_html(store(), CONFIG, RUN, folder, lang).read_text(encoding="utf-8") for lang in LANGS}


class Page(HTMLParser):
    """The tags of a page, its visible words, and whether every tag is closed."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[tuple[str, str]] = []
        self.open: list[tuple[str, str]] = [("", "")]
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.append((tag, known))
        if tag not in self.VOID:
            self.open.append((tag, known.get("lang", self.open[-1][1])))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.wrong.append(f"</{tag}> while <{self.open[-1][0]}> is open")

    def handle_data(self, data: str) -> None:
        if self.open[-1][0] not in ("style", "script") and data.strip():
            self.words.append((self.open[-1][1], " ".join(data.split(" ")).strip()))


# ---------------------------------------------------------------- tables


def test_a_run_gives_every_table_with_exactly_the_columns_it_documents() -> None:
    """Each table has the documented columns in the documented order, and its documentation says something in both languages."""
    assert {"irritants", "mentions", "gaps", "stages", "strengths", "suggestions", "drivers", "counts", "dimensions", "months", "segments"} <= set(
        frames()
    )
    for name, frame in frames().items():
        about = columns(name)
        assert list(frame.columns) == [column for column in about if column]
        assert all(column.fr.strip() and column.en.strip() for column in about.values())
        assert len(frame), f"{name} is empty: the invented store should fill it"


def test_canonical_csvs_do_not_depend_on_when_or_in_which_order_rows_came(tmp_path: Path) -> None:
    """Two readings of the same answers, one with its rows shuffled, give the same bytes, and no date of writing is among them."""
    shuffled = InventedStore(900)
    shuffled._irritants.reverse()
    shuffled._all_mentions.reverse()
    shuffled._metrics = {key: list(reversed(metrics)) for key, metrics in shuffled._metrics.items()}
    shuffled._gaps = {key: list(reversed(gaps)) for key, gaps in shuffled._gaps.items()}
    again = report.tables(shuffled, CONFIG, RUN)
    for name, frame in frames().items():
        assert canonical_csv(frame) == canonical_csv(again[name]), name
        assert b"\r" not in canonical_csv(frame)


def test_yes_and_no_are_written_in_one_way() -> None:
    """Every flag of every CSV is `true` or `false`, in small letters as the descriptions say it, empty where nobody knows; no cell holds another spelling."""
    import csv
    import io

    flags = 0
    for name, frame in frames().items():
        rows = list(csv.DictReader(io.StringIO(canonical_csv(frame).decode())))
        known = [column for column, about in columns(name).items() if about.type == "flag"]
        for row in rows:
            assert {row[column] for column in known} <= {"true", "false", ""}, name
            assert not set(row.values()) & {"True", "False"}, name
        flags += len(known) * len(rows)
    assert flags > 1000


def test_written_tables_read_back_as_they_were(tmp_path: Path) -> None:
    """CSV, Parquet and workbook hold the same rows; the workbook's first sheet explains each column, its headers are frozen."""
    from openpyxl import load_workbook

    paths = report.write_tables(frames(), tmp_path)
    assert {path.name for path in paths} == {f"{name}.{ending}" for name in frames() for ending in ("csv", "parquet")} | {"tables.xlsx"}
    for name, frame in frames().items():
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), frame, check_dtype=False)
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) == len(frame)
    book = load_workbook(tmp_path / "tables.xlsx")
    assert book.sheetnames[1:] == list(frames())
    explained = {(row[0], row[1] or "") for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)}
    assert explained >= {(name, column) for name, frame in frames().items() for column in frame.columns}
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.column_dimensions["A"].width > 5
    for name, frame in frames().items():
        shown = list(book[name].iter_rows(min_row=2, values_only=True))
        for row, wanted in zip(shown, frame.itertuples(index=False, name=None), strict=True):
            for got, value in zip(row, wanted, strict=True):
                known = None if pd.isna(value) or value == "" else value
                assert got == (pytest.approx(known, abs=1e-9) if isinstance(known, float) else known), name


def test_a_verbatim_that_looks_like_a_formula_stays_text_in_every_file(tmp_path: Path) -> None:
    """A spreadsheet never executes a customer's words: apostrophe in the CSV, text cell in the workbook, untouched in the Parquet."""
    from openpyxl import load_workbook

    hostile = '=HYPERLINK("http://evil.example","x")\x07'
    report.write_tables(report.tables(InventedStore(40, 1, hostile), CONFIG, "run-0001"), tmp_path)
    assert "'=HYPERLINK" in (tmp_path / "mentions.csv").read_text(encoding="utf-8")
    assert pd.read_parquet(tmp_path / "mentions.parquet")["quote"].str.startswith("=HYPERLINK").any()
    sheet = load_workbook(tmp_path / "tables.xlsx")["mentions"]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if isinstance(cell.value, str) and "HYPERLINK" in cell.value]
    assert cells and all(cell.data_type == "s" for cell in cells)


def test_irritants_table_explains_its_ranks_and_quotes_itself() -> None:
    """Irritants come by rank, each with its priority parts, an interval around its share and at least three quotes where it has them."""
    table = frames()["irritants"]
    assert table["rank"].tolist() == sorted(table["rank"])
    assert ((table["share_low"] <= table["share"]) & (table["share"] <= table["share_high"])).all()
    assert (table["quote_3"] != "").all()
    assert table[[f"part_{part}" for part in ("volume", "customers", "severity", "not_valued", "trend", "impact")]].notna().all().all()
    assert table["small_base"].tolist() == (table["mentions"] < 30).tolist()


def test_counts_table_reconciles_to_the_last_row() -> None:
    """Received is the sum of the four outcomes, and each outcome the sum of its reasons."""
    counts = frames()["counts"]
    totals = counts[counts["reason"] == ""].set_index("outcome")["n"]
    assert totals["received"] == totals["analysed"] + totals["duplicate"] + totals["rejected"] + totals["quarantined"]
    for outcome in ("duplicate", "rejected", "quarantined"):
        assert counts[(counts["outcome"] == outcome) & (counts["reason"] != "")]["n"].sum() == totals[outcome]


def test_an_empty_run_still_has_every_table_and_both_pages(tmp_path: Path) -> None:
    """A run in which nobody told anything gives empty tables with their columns, and pages that say so."""
    empty = InventedStore(0, 1)
    empty._metrics["run-0001"] = []
    empty._irritants = []
    empty._gaps["run-0001"] = []
    made = report.tables(empty, CONFIG, "run-0001")
    assert all(len(frame) == 0 and len(frame.columns) for frame in made.values())
    report.write_tables(made, tmp_path)
    for lang in LANGS:
        html = report.write_html(empty, CONFIG, "run-0001", tmp_path, lang).read_text(encoding="utf-8")
        assert Words(lang)("five.none") in html
        assert Words(lang)("changed.first") in html


def test_an_unknown_run_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """Asking for a run that is not there names those that are."""
    with pytest.raises(RunError, match="run-0001, run-0002"):
        report.tables(store(), CONFIG, "run-0009")


# ---------------------------------------------------------------- page


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_is_whole_and_refers_to_nothing_outside(pages: dict[str, str], lang: str) -> None:
    """Every tag is closed, ids are unique, links stay inside the page and find their target, nothing points to the network."""
    page = Page(pages[lang])
    assert not page.wrong and page.open == [("", "")]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        for name in ("href", "src", "action", "data", "poster", "srcset"):
            if name in attrs:
                assert attrs[name].startswith("#") or attrs[name] == "data:,", (tag, attrs)
                assert attrs[name] == "data:," or attrs[name][1:] in ids, attrs[name]
    assert "http" not in re.sub(r"http-equiv", "", pages[lang])
    assert "@import" not in pages[lang] and "url(" not in pages[lang]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_can_be_read_without_seeing_it(pages: dict[str, str], lang: str) -> None:
    """Headings never skip a level, tables have captions and scoped heads, charts have a label or are hidden, fields have labels."""
    page = Page(pages[lang])
    assert next(attrs for tag, attrs in page.tags if tag == "html")["lang"] == lang
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert sum(tag == "table" for tag, _ in page.tags) == sum(tag == "caption" for tag, _ in page.tags)
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") == "true" for tag, attrs in page.tags if tag == "svg")
    assert all(attrs.get("tabindex") == "0" for _, attrs in page.tags if attrs.get("role") == "region")


def test_neither_page_holds_words_of_the_other_language(pages: dict[str, str]) -> None:
    """Every wording on a page is of its language: none of the other language's longer wordings appears there."""
    for own, other in (("fr", "en"), ("en", "fr")):
        text = " ".join(words for lang, words in Page(pages[own]).words if lang in (own, ""))
        strange = [
            w[other]
            for w in wordings().values()
            if len(w[other]) > 14 and "{" not in w[other] and typeset(w[other], cast(Literal["fr", "en"], other)) in text
        ]
        assert not [words for words in strange if words not in {w[own] for w in wordings().values()}]


def test_every_wording_is_in_both_languages_with_the_same_holes() -> None:
    """Each key has French and English, with the same holes to fill."""
    for key, words in wordings().items():
        assert set(words) == {"fr", "en"} and all(words.values()), key
        assert set(re.findall(r"{\w+}", words["fr"])) == set(re.findall(r"{\w+}", words["en"])), key


def test_every_wording_asked_for_exists_and_every_one_that_exists_is_asked_for() -> None:
    """Templates and code name only wordings that exist, and none is left that nothing names."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")])
    known = {re.sub(r"\.(one|many)$", "", key) for key in wordings()} | set(wordings())
    asked = set(re.findall(r"""\bt(?:\.plural)?\(["']([\w.]+\w)["']""", code))
    assert asked <= known, asked - known
    families = tuple(re.findall(r"""["']((?:\w+\.)+)["'{]""", code))
    named = set(re.findall(r"""["']((?:\w+\.)*\w+)["']""", code))
    ends = tuple(f".{end}" for end in re.findall(r"""["'}]\.(\w+)["']""", code))
    for key in wordings():
        stem = re.sub(r"\.(one|many)$", "", key)
        assert {key, stem, stem.removesuffix(".short")} & named or key.startswith(families) or stem.endswith(ends) or key.split(".")[0] in COMPOSED, (
            key
        )


COMPOSED = frozenset({"asked", "drivers", "gap", "keep", "nps", "says", "share", "trend"})
"""First words of keys that code composes in a way too free for this test to follow."""


def test_hostile_words_of_a_customer_stay_words(tmp_path: Path) -> None:
    """HTML, script and template syntax in a verbatim or a label are shown as text, never as tags."""
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}</blockquote></style>\"'><a href='http://evil.example'>x</a>"
    bad = InventedStore(60, 1, hostile)
    bad.rename(PLANTED[0].id, label_fr="<b onclick='x'>gras</b>", keywords=("<i>",), owner="<u>SAV</u>")
    html = report.write_html(bad, CONFIG, "run-0001", tmp_path, "fr").read_text(encoding="utf-8")
    page = Page(html)
    assert not page.wrong
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not {"img", "b", "i", "u"} & {tag for tag, _ in page.tags}
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert "&lt;script&gt;alert(1)" in html and "{{ 7*7 }}" in html


def test_first_screen_says_what_matters_and_every_claim_opens_on_quotes(pages: dict[str, str]) -> None:
    """The five irritants come with reasons, quotes and the parts of their rank; all irritants, cells and codes open on quotes."""
    html = pages["fr"]
    first = html[html.index('id="essentials"') : html.index('id="product"')]
    assert first.count('<div class="rank"') == 5
    assert first.count('class="why"') == 5
    assert first.count('class="quotes"') >= 5 + 4 + 4
    assert "Solde de considération" in first and "NPS" in first
    product = html[html.index('id="product"') : html.index('id="marketing"')]
    irritants = [planted for planted in PLANTED if planted.kind is IrritantKind.IRRITANT]
    assert product.count('class="record-details"') == len(irritants)
    for cell in re.findall(r'<details class="cell".*?</details>', html, flags=re.DOTALL):
        assert "<blockquote" in cell


def test_no_two_ways_of_not_being_valued_open_on_the_same_quote(pages: dict[str, str]) -> None:
    """Each way is told by a customer of its own, in words that can stand alone."""
    codes = pages["fr"][pages["fr"].index('id="not-valued"') : pages["fr"].index('id="promises"')]
    leads = re.findall(r'class="lead-quote"[^>]*>(.*?)</p>', codes)
    assert len(leads) > 1 and len(set(leads)) == len(leads)
    short, long = (
        Quote(name, "", text, "", "fr", "chat", None)
        for name, text in (("a", "Sans y croire."), ("b", "J'attends le remboursement de ma caution depuis septembre."))
    )
    assert lead_of([short, long], "fr") == long and lead_of([short], "fr") == short and lead_of([], "fr") is None
    assert lead_of([long, short], "fr", shown=[long]) == short


def test_quality_is_told_in_words(tmp_path: Path) -> None:
    """The model's figures, and the texts they were measured on, are words of the page's language, never keys."""
    texts = "written, unseen writer"
    measured = InventedStore(60, 1)
    for name in ("polarity_accuracy", "sentiment_macro_f1_4", "not_valued_f1_within_negative", "not_valued_average_precision"):
        measured._metrics["run-0001"].append(Metric("quality", f"{name}, {texts}", "value", 0.7, 0.6, 0.8, 90, {"set": texts}))
    for lang in LANGS:
        html = report.write_html(measured, CONFIG, "run-0001", tmp_path, lang).read_text(encoding="utf-8")
        quality = html[html.index('id="quality"') : html.index('id="formula"')]
        assert quality.count(Words(lang)("set.written_unseen_writer")) == 4 and Words(lang)("plain.macro_f1_4") in quality
        assert "unseen writer" not in quality and not re.search(r">[^<]*\w_\w", quality)
    table = report.tables(measured, CONFIG, "run-0001")["quality"]
    assert set(table["head"]) == {"polarity", "sentiment", "not_valued", "stage", "dimension", "gap_cue"}
    assert set(table["measured_on"]) == {texts, "voc-eval"}


@pytest.mark.parametrize("lang", LANGS)
def test_corrected_shares_stand_beside_the_raw_ones(pages: dict[str, str], lang: Literal["fr", "en"]) -> None:
    """Where people have read a sample, the first screen has the corrected negative and not-valued shares beside the raw ones, the method page the whole audit."""
    t, html = Words(lang), pages[lang]
    metrics = {(m.key, m.name): m for m in store().metrics(RUN, "audit")}
    beside = html[html.index('class="audited"') : html.index('id="five"')]
    for key in ("sentiment=negative", "not_valued=yes"):
        raw, corrected = metrics[key, "raw_share"], metrics[key, "corrected_share"]
        assert corrected.low is not None and corrected.high is not None
        told = re.search(rf"{re.escape(t.percent(raw.value))} <span.*?<strong>{re.escape(t.percent(corrected.value))}</strong>", beside)
        assert told and t.percents(corrected.low, corrected.high) in beside
    assert "Anne" in beside and "Karim" in beside and 'href="#audit"' in beside
    audit = html[html.index('id="audit"') : html.index('id="formula"')]
    assert t.plural("audit.both", 300) in audit and t("audit.refused.few_positives") in audit
    assert t("audit.verdict.reached", gate=t.number(0.75, 2)) in audit
    assert audit.count("<tr>") + audit.count('<tr class="inner">') == 1 + len({key for key, _ in metrics if key} | {"code", "valued"})
    assert t("caveat.classifier.audited") in html and t("caveat.classifier") not in html and t("audit.other.tag") not in html


def read_alike(verdict: str) -> list[Metric]:
    """The figures of the invented store's run, its audit's readers agreeing by .412 on who is not valued, and so `verdict` on the gate of .67."""
    own = {("not_valued", "agreement"): {"detail": {"verdict": verdict, "gate": 0.67}}, ("not_valued", "alpha"): {"value": 0.412}}
    return [replace(m, **own.get((m.key, m.name), {})) if m.scope == "audit" else m for m in store()._metrics[RUN]]


@pytest.mark.parametrize("lang", LANGS)
def test_a_corrected_share_is_doubted_on_the_first_screen_where_its_readers_answer_apart(tmp_path: Path, lang: Literal["fr", "en"]) -> None:
    """Below the codebook's gate the corrected share bears the readers' agreement and the gate; at or above it, nothing."""
    t = Words(lang)
    doubt = t("audit.doubt", alpha=t.number(0.412, 2), gate=t.number(0.67, 2))
    for verdict, times in (("missed", 1), ("reached", 0)):
        apart = copy(store())
        apart._metrics = {**store()._metrics, RUN: read_alike(verdict)}
        html = report.write_html(apart, CONFIG, RUN, tmp_path, lang).read_text(encoding="utf-8")
        beside = html[html.index('class="audited"') : html.index('id="five"')]
        assert beside.count(doubt) == times == html.count(doubt)
        assert not times or beside.index(doubt) > beside.index(t("share.not_valued"))


@cache
def with_a_corrected_code() -> tuple[InventedStore, str]:
    """The invented store, whose audit corrects one code too, and that code."""
    audited, code = copy(store()), str(frames()["codes"]["code"][0])
    corrected = Metric("audit", f"code={code}", "corrected_share", 0.083, 0.051, 0.127, 300)
    audited._metrics = {**audited._metrics, RUN: [*audited._metrics[RUN], corrected]}
    return audited, code


@pytest.mark.parametrize("lang", LANGS)
def test_corrected_shares_stand_beside_the_raw_ones_in_the_marketing_view(tmp_path: Path, lang: Literal["fr", "en"]) -> None:
    """The share of not valued and of each of its codes that the audit can correct is told with the corrected one, that of a code with its interval."""
    t, (audited, _) = Words(lang), with_a_corrected_code()
    html = report.write_html(audited, CONFIG, RUN, tmp_path, lang).read_text(encoding="utf-8")
    whole = next(m.value for m in store().metrics(RUN, "audit") if (m.key, m.name) == ("not_valued=yes", "corrected_share"))
    view = html[html.index('id="marketing-title"') : html.index('id="promises"')]
    now = t("audit.beside.now")
    assert f"({now} {t.percent(whole)})" in view
    assert view.count(f'<span class="ci beside">{now}') == 1 and f"{now} {t.percent(0.083)} ({t.percents(0.051, 0.127)})" in view


def test_corrected_shares_stand_beside_the_raw_ones_in_tables() -> None:
    """Tables of codes and of overall figures hold what the audit corrects, and nothing where it corrects nothing."""
    audited, code = with_a_corrected_code()
    metrics = {(m.key, m.name): m for m in store().metrics(RUN, "audit")}
    tables = report.tables(audited, CONFIG, RUN)
    figures, codes = tables["figures"].set_index("figure"), tables["codes"].set_index("code")
    for name, key in (("share_negative", "sentiment=negative"), ("share_not_valued", "not_valued=yes")):
        found = metrics[key, "corrected_share"]
        told = figures.loc[name, ["corrected", "corrected_low", "corrected_high"]]
        assert tuple(told) == pytest.approx((found.value, found.low, found.high), abs=1e-4)
        assert figures.loc[name, "value"] == pytest.approx(metrics[key, "raw_share"].value, abs=1e-4)
    assert pd.isna(figures.loc["n_verbatims", "corrected"])
    assert codes["corrected_share"].notna().sum() == 1
    assert tuple(codes.loc[code, ["corrected_share", "corrected_share_low", "corrected_share_high"]]) == (0.083, 0.051, 0.127)
    raw = metrics[f"code={code}", "raw_share"].value
    assert codes.loc[code, "share"] == pytest.approx(raw, abs=1e-4), "both are shares of the same verbatims"


def test_the_end_of_a_run_tells_corrected_shares() -> None:
    """Where people have read a sample, the terminal tells the painful shares with the model's errors taken out; else it says nothing of it."""
    from voc_pipeline.composers.running import _corrected

    metrics = read_alike("reached")
    value = next(m.value for m in metrics if (m.key, m.name) == ("sentiment=negative", "corrected_share"))
    assert f"{value * 100:.1f} %" in _corrected(metrics) and _corrected(metrics).endswith("not valued")
    assert _corrected(read_alike("missed")).endswith("not valued (its readers agree too little to rely on it)")
    assert _corrected([m for m in metrics if m.name != "corrected_share"]) == ""


@pytest.mark.parametrize("lang", LANGS)
def test_an_audit_of_another_model_is_marked_and_corrects_nothing(tmp_path: Path, lang: Literal["fr", "en"]) -> None:
    """Its figures are shown with a mark that names both versions, and every share stays raw."""
    other = InventedStore(400, 1)
    customers = {v.id: v.customer for v in other.verbatims()}
    audited = audit_figures(other.audited, "voc-mini-newer", list(other.annotations("voc-mini-newer")), customers, replicates=40)
    other._metrics["run-0001"] = [m for m in other._metrics["run-0001"] if m.scope != "audit"] + audited
    html = report.write_html(other, CONFIG, "run-0001", tmp_path, lang).read_text(encoding="utf-8")
    assert html.count(f'rising">{Words(lang)("audit.other.tag")}<') == 2
    assert html.count(Words(lang)("audit.refused.other_model")) > 10
    assert "<strong>" not in html[html.index('class="audited"') : html.index('id="five"')]
    assert Words(lang)("caveat.classifier") in html
    assert Words(lang)("audit.few", n="300") not in html
    table = report.tables(other, CONFIG, "run-0001")["audit"]
    assert table["corrected_share"].isna().all() and not table["same_model"].any()


def test_a_small_audit_says_that_it_is(tmp_path: Path) -> None:
    """Under the three hundred verbatims of the protocol, the method page says what to trust."""
    html = report.write_html(InventedStore(150, 1), CONFIG, "run-0001", tmp_path, "en").read_text(encoding="utf-8")
    assert Words("en")("audit.few", n="300") in html


def test_without_an_audit_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    """Nobody has read: the first screen has no corrected share, the method page names the command, and the table is empty."""
    bare = InventedStore(120, 1)
    bare._metrics["run-0001"] = [m for m in bare._metrics["run-0001"] if m.scope != "audit"]
    html = report.write_html(bare, CONFIG, "run-0001", tmp_path, "en").read_text(encoding="utf-8")
    assert 'class="audited"' not in html and Words("en")("audit.none") in html
    assert len(report.tables(bare, CONFIG, "run-0001")["audit"]) == 0


def test_the_audit_table_holds_every_question_and_answer() -> None:
    """One row a question and one an answer, named in both languages, with agreement, raw and corrected share, or why there is none."""
    table = frames()["audit"].set_index(["label", "value"])
    assert {"sentiment", "not_valued", "code", "valued", "stage", "dimension", "gap_cue"} <= set(table.index.get_level_values("label"))
    row = table.loc[("sentiment", "negative")]
    assert (row["value_fr"], row["value_en"], row["people"]) == ("Négatif", "Negative", "Anne, Karim")
    assert row["corrected_share_low"] <= row["corrected_share"] <= row["corrected_share_high"]
    answers = table[table.index.get_level_values("value") != ""]
    assert (answers["corrected_share"].isna() == (answers["not_corrected"] != "")).all()
    assert table.loc[("not_valued", "")]["alpha_gate"] == 0.65


def test_what_changed_says_whether_it_is_more_than_noise(pages: dict[str, str]) -> None:
    """Each irritant that moved carries a verdict; the first run says that it has nothing to compare with."""
    assert Words("fr")("verdict.up") in pages["fr"] and Words("fr")("verdict.noise") in pages["fr"]
    assert Words("en")("verdict.up") in pages["en"]


def test_small_bases_are_greyed_and_marked(pages: dict[str, str]) -> None:
    """An irritant under 30 mentions is greyed and its share marked, one above is not."""
    few = {row.id for row in frames()["irritants"].itertuples() if row.small_base}
    assert few
    for body in re.findall(r'<tbody class="record.*?</tbody>', pages["fr"], flags=re.DOTALL):
        found = re.search(r'<details class="record-details" id="([^"]+)"', body)
        assert found and ("record faint" in body[:40]) == (found.group(1) in few)


def test_counts_that_do_not_reconcile_are_not_hidden(tmp_path: Path) -> None:
    """When the outcomes do not sum to what was received, the page says not to rely on it."""
    wrong = InventedStore(60, 1)
    kept = [metric for metric in wrong._metrics["run-0001"] if metric.name != "count.received"]
    wrong._metrics["run-0001"] = [*kept, Metric("run", "", "count.received", 9999.0)]
    html = report.write_html(wrong, CONFIG, "run-0001", tmp_path, "en").read_text(encoding="utf-8")
    assert "≠" in html and Words("en")("counts.wrong") in html


def test_a_missing_label_is_marked_and_never_invented(pages: dict[str, str]) -> None:
    """An irritant without a label shows its keywords and says so; one without an English label says that it is not translated."""
    assert Words("fr")("label.missing") in pages["fr"]
    half = InventedStore(200, 1)
    half.rename(PLANTED[0].id, label_en="")
    item = report.tables(half, CONFIG, "run-0001")["irritants"].set_index("id").loc[PLANTED[0].id]
    assert item["label_en"] == "" and item["label_fr"]


def test_a_big_run_stays_light(tmp_path: Path) -> None:
    """A page does not grow with the verbatims: quotes are capped, however many there are."""
    small = report.write_html(store(), CONFIG, RUN, tmp_path, "fr").stat().st_size
    large = report.write_html(InventedStore(2700, 1), CONFIG, "run-0001", tmp_path, "fr").stat().st_size
    assert large < 1.5 * small < 6_000_000


def test_the_page_is_the_same_however_often_it_is_written(tmp_path: Path, pages: dict[str, str]) -> None:
    """Writing a report twice gives the same bytes."""
    assert report.write_html(store(), CONFIG, RUN, tmp_path, "fr").read_text(encoding="utf-8") == pages["fr"]


# ---------------------------------------------------------------- words and numbers


def test_numbers_and_dates_follow_the_language() -> None:
    """French writes 1 204,5 and 12,3 % with unbreakable spaces and a true minus; English writes 1,204.5 and 12.3%."""
    fr, en = Words("fr"), Words("en")
    assert (fr.number(-1204.5, 1), en.number(-1204.5, 1)) == ("−1\u202f204,5", "−1,204.5")
    assert (fr.percent(0.0423), en.percent(0.0423), fr.percent(0.37)) == ("4,2\u00a0%", "4.2%", "37\u00a0%")
    assert (fr.day(date(2026, 10, 1)), en.day(date(2026, 10, 1))) == ("1er\u00a0octobre\u00a02026", "1\u00a0October\u00a02026")
    assert (fr.ordinal(1), fr.ordinal(2), en.ordinal(22), en.ordinal(12)) == ("1er", "2e", "22nd", "12th")
    assert fr.plural("verbatims.n", 0) == "0 verbatim" and en.plural("verbatims.n", 0) == "0 verbatims"
    assert fr.number(-0.0001, 1) == "0,0"


@given(st.floats(-1e9, 1e9), st.integers(0, 3), st.booleans())
def test_a_written_number_reads_back(value: float, digits: int, sign: bool) -> None:
    """A number written in either language is the number, rounded."""
    for lang in LANGS:
        text = Words(lang).number(value, digits, sign).replace("−", "-").lstrip("+")
        plain = text.replace("\u202f", "").replace(",", ".") if lang == "fr" else text.replace(",", "")
        assert float(plain) == pytest.approx(round(value, digits), abs=10**-digits)


@given(st.text("ab :;?!%«»'\u00a0", max_size=30))
def test_setting_type_twice_changes_nothing(text: str) -> None:
    """French typography is idempotent, and leaves no breakable space before a double sign."""
    once = typeset(text, "fr")
    assert typeset(once, "fr") == once
    assert not re.search(r" [;?!:%»]", once)


@given(st.floats(-100, 100), st.floats(0.001, 100))
def test_ticks_hold_what_they_measure(low: float, length: float) -> None:
    """An axis reaches from below the lowest to above the highest in a handful of round steps."""
    ticks = _ticks(low, low + length)
    assert ticks[0] <= low + 1e-6 and ticks[-1] >= low + length - 1e-6
    assert 2 <= len(ticks) <= 8 and ticks == sorted(set(ticks))


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2), st.integers(0, 100))
def test_a_whisker_never_leaves_its_line(value: float, below: float, above: float, n: int) -> None:
    """Whatever the estimate, the drawing stays inside its box."""
    drawn = whisker(Interval(value, value - below, value + above, n), -1, 1, zero=0)
    assert all(0 <= float(x) <= 160 for x in re.findall(r'(?:x1|x2|cx)="([-\d.]+)"', drawn))


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "fr",
            [
                "Ce qui a changé dans le registre",
                "Anne Roux",
                "fusionné dans",
                "décision 3 défaite",
                "s'éloignent de leur noyau",
                "Nommé par",
                "a grandi de",
                "--example",
            ],
        ),
        ("en", ["What changed in the registry", "Anne Roux", "merged into", "decision 3 undone", "move away", "Named by", "grew by", "--example"]),
    ],
)
def test_the_page_tells_what_people_did_to_the_registry(tmp_path: Path, lang: str, words: list[str]) -> None:
    """Decisions with author and reason, an undone one as such, drift with the command that splits, and the remainder's growth, in both languages."""
    page = report.write_html(InventedStore(300), CONFIG, "run-0002", tmp_path, lang).read_text(encoding="utf-8")  # type: ignore[arg-type]  # both are languages
    shown = " ".join(unescape(page).replace("’", "'").split())
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize(
    ("lang", "note", "name", "gap"),
    [
        ("fr", "noté : ne couvre pas « cadeaux »", "nommé « Late refund » en anglais", "pour le responsable, service client"),
        ("en", "noted: does not cover “cadeaux”", "named “Late refund” in English", "for its owner, customer care"),
    ],
)
def test_decisions_are_told_without_doubt(lang: Lang, note: str, name: str, gap: str) -> None:
    """What a note excludes is not told as covered, a name comes with its language, and a confirmed gap with whom it was said for."""

    class Decided(InventedStore):
        def edits(self) -> Sequence[Edit]:
            lines = [("note", {"exclusion": "cadeaux"}), ("rename", {"en": "Late refund"}), ("confirm-gap", {"gap": 4, "owner": "customer_care"})]
            at = self._runs[-1].started_at + timedelta(hours=1)
            return [Edit(at, "Anne Roux", "", action, PLANTED[0].id, payload, "", n) for n, (action, payload) in enumerate(lines, start=1)]

    told = [line["did"] for line in registry.view(Phrases(read(Decided(60), CONFIG, "run-0002"), Words(lang)))["people"]]
    plain = [" ".join(unescape(line).replace("’", "'").split()) for line in told]
    assert [words in line for words, line in zip((note, name, gap), plain, strict=True)] == [True] * 3, plain


def test_the_ledger_is_a_table(tmp_path: Path) -> None:
    """Every line of the ledger is a row: a decision with its time, an undone one marked; what a run did has no time, so that tables stay the same."""
    ledger = report.tables(InventedStore(60), CONFIG, "run-0002")["ledger"]
    assert ledger["action"].tolist() == ["rename", "owner", "merge", "undo", "move", "born", "cause", "plan", "plan", "measured"]
    assert ledger["in_force"].tolist() == [True, True, False] + [True] * 7
    assert [bool(at) for at in ledger["at"]] == [True] * 5 + [False] + [True] * 3 + [False]


def test_actions_are_told_with_their_result_and_what_lacks(pages: dict[str, str]) -> None:
    """The page of actions tells the verdict with its interval and what it would take, the register's word for a day, what is late and what was never expected."""
    said = {
        "fr": ("on ne peut pas dire", "de −50", "une fenêtre de 40 semaines", "Les rappels changent de main", "en retard", "Sans résultat attendu"),
        "en": ("cannot tell", "−50% to +30%", "a window of 40 weeks", "Les rappels changent de main", "late", "Without an expected result"),
    }
    for lang, words in said.items():
        part = (
            unescape(pages[lang][pages[lang].index('id="actions"') : pages[lang].index('id="analyst"')]).replace("\u00a0", " ").replace("\u202f", " ")
        )
        assert [word for word in words if word not in part] == []
    rows = {row["id"]: row for row in frames()["actions"].to_dict("records")}
    assert (rows["ACT-AAAAAAAA"]["phase"], rows["ACT-AAAAAAAA"]["needed_weeks"]) == ("cannot_tell", 40)
    assert (rows["ACT-BBBBBBBB"]["late"], rows["ACT-BBBBBBBB"]["register"]) == (True, "actions.yaml")


def test_what_weighs_is_told_with_its_rank_and_its_lower_bound(pages: dict[str, str]) -> None:
    """The analyst's view tells what weighs on each score with a rank and the ranks left possible, what would come back, and what was pooled."""
    for lang, least in (("fr", "borne basse"), ("en", "lower bound")):
        part = pages[lang][pages[lang].index('id="weighs"') : pages[lang].index('id="regard-effect"')]
        assert part.count("<caption>") >= 2 and least in part and re.search(r"1 \(1 (à|to) \d+\)", part)
        drivers = frames()["drivers"]
        assert {"not_valued", "others"} <= set(drivers["kind"]) and drivers["label_fr"].notna().all()
    adjusted = drivers.dropna(subset=["adjusted_effect"])
    assert (adjusted["importance_rank_low"] <= adjusted["importance_rank"]).all() and (adjusted["recoverable_low"] <= adjusted["recoverable"]).all()
    assert set(drivers.loc[drivers["adjusted_effect"].isna(), "left_out"]) <= {"rare", "room", "collinear", ""}


def test_regard_and_moments_are_told_in_plain_words(pages: dict[str, str]) -> None:
    """What goes with not being valued is told in a sentence each, never as a cause, and a declared moment of truth has a verdict."""
    html = pages["fr"]
    part = html[html.index('id="regard-effect"') : html.index('id="apart"')]
    assert (
        part.count("<li>") == len(frames()["regard_effects"])
        and "humeur égale" in part
        and "ni un fait ni une prévision" in part.replace("\u00a0", " ")
    )
    moments = frames()["moments"]
    assert set(moments["verdict"]) <= {"holds", "not_shown", "cannot_tell"} and 'id="moments"' in part
    untold = moments[moments["verdict"] == "cannot_tell"]
    assert untold["more_than_elsewhere"].isna().all()


def test_trends_say_what_they_stand_on(pages: dict[str, str]) -> None:
    """The page and the irritants table name the base of trends: verbatims here, where no contacts are declared."""
    assert set(frames()["irritants"]["trend_base"]) == {"verbatims"}
    assert "nombre de verbatims analysés la même semaine" in pages["fr"].replace("\u00a0", " ")


# ---------------------------------------------------------------- quotes and registers


def said(quote: str, *, toned: bool, verbatim: str = "v", kind: IrritantKind = IrritantKind.STRENGTH, score: float = 0.5) -> dict[str, object]:
    """A row of the table of mentions."""
    of = {"irritant_id": kind, "kind": kind, "verbatim_id": verbatim, "position": 0, "fallback": False}
    return {**of, "quote": quote, "score": score, "in_tone": toned}


def test_quotes_are_in_the_tone_of_what_they_show() -> None:
    """A strength is quoted from passages in its tone, first from verbatims that tell no irritant; where none is in its tone, from what there is."""
    complaint = said("on devait me rappeler lundi et personne n'a rappelé", toned=False, verbatim="a", score=0.9)
    torn = said("le vendeur a été adorable et il m'a tout expliqué", toned=True, verbatim="b", score=0.8)
    glad = said("la conseillère a tout dessiné sur un papier pour moi", toned=True, verbatim="c", score=0.3)
    trouble = said("une seule chaise pour tout le monde dans la boutique", toned=True, verbatim="b", kind=IrritantKind.IRRITANT)
    assert best_quotes([complaint, torn, glad, trouble])[IrritantKind.STRENGTH] == [glad["quote"], torn["quote"]]
    assert best_quotes([complaint])[IrritantKind.STRENGTH] == [complaint["quote"]]
    assert otherwise([(IrritantKind.IRRITANT, "b")])[IrritantKind.STRENGTH] == {"b"}


def test_an_entry_that_nothing_is_matched_to_has_no_share() -> None:
    """Told, share and ends are blank where no irritant is matched to an entry of a register, and stand where one is."""
    table = frames()["registers"].set_index("entry_id")
    figures = ["told", "share", "share_low", "share_high", "small_base"]
    assert table.loc["PRO-2", figures].isna().all() and table.loc["PRI-1", figures].isna().all()
    assert table.loc["PRO-1", figures].notna().all()


def test_a_promise_that_nobody_confirmed_is_only_perhaps_contradicted(pages: dict[str, str]) -> None:
    """The marketing view marks irritants of gap 4 behind which no person stands."""
    for lang, word in (("fr", "peut-être"), ("en", "perhaps")):
        listed = pages[lang].split('aria-labelledby="promises"')[1].split("</section>")[0]
        assert f'<span class="tag">{word}</span>' in listed


@pytest.mark.parametrize("lang", LANGS)
def test_ratios_bear_their_bounds(pages: dict[str, str], lang: str) -> None:
    """Each crossed share and what is uncorrected come with an interval."""
    html = pages[lang]
    crossed = html.split('id="crossed"')[1].split("</section>")[0]
    shares = [cell for cell in re.findall(r'<td class="lv.*?</td>', crossed) if "%" in cell]
    assert shares and all('class="ci"' in cell for cell in shares)
    effects = html.split('id="regard-effect"')[1].split("</section>")[0]
    plain = [re.findall(r"<td.*?</td>", row)[1] for row in re.findall(r"<tr.*?</tr>", effects, re.DOTALL) if "<td" in row]
    assert plain and all(re.search(r'class="ci">[^<]*\d', cell) for cell in plain)


def test_a_rise_is_told_with_its_bounds() -> None:
    """A rise comes with its interval; with its lower end alone where the upper one is out of sight or there is none."""
    phrases = Phrases(read(store(), CONFIG, RUN), Words("en"))
    for high, told in ((4.0, "(1.5 to 4.0)"), (1397.0, "(at least ×1.5)"), (None, "(at least ×1.5)")):
        ratio = Metric("irritant", "IRR-A", "rate_ratio", 2.1, 1.5, high, n=40, detail={"alert": True, "q_value": 0.001})
        assert trend_words(phrases, ratio).endswith(told)


def test_points_are_counted_as_each_language_counts() -> None:
    """One point is singular, one and a half only in French, none only in French; the sign and the comma are each language's."""
    french, english = (
        [Words(cast(Lang, lang)).points(value, digits) for value, digits in ((-1, 0), (1.5, 1), (0, 0), (-2, 0))] for lang in ("fr", "en")
    )
    assert french == ["−1 point", "+1,5 point", "0 point", "−2 points"]
    assert english == ["−1 point", "+1.5 points", "0 points", "−2 points"]


def test_yes_and_no_of_an_own_label_are_said_in_the_page_s_language() -> None:
    """A label of the company's own keeps its values as `yes` and `no`; the page says them in its language, and any other value as it is."""
    said = {lang: Phrases(read(store(), CONFIG, RUN), Words(lang)) for lang in LANGS}
    for lang, words in {"fr": ["oui", "non", "sud"], "en": ["yes", "no", "sud"]}.items():
        assert [said[lang].attribute_value("leaving", value) for value in ("yes", "no", "sud")] == words
