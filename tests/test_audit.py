"""The audit: a sample people can trust, a workbook that goes and comes back, and figures that find a planted truth."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented_audit import DRAWN, read_by
from invented_store import MODEL, InventedStore
from openpyxl import load_workbook

from voc_pipeline.audit import GATES, Answered, alpha, audit_figures, audit_id, draw, filled_rows, interval_of_alpha, read_filled, write_workbook
from voc_pipeline.audit.sampling import LEAST, allocate
from voc_pipeline.audit.scoring import Range, Table, rogan_gladen, spread
from voc_pipeline.audit.sheet import COLUMNS, FIELDS, guide, head, known, shown, values
from voc_pipeline.errors import AuditError
from voc_pipeline.schema import SMALL_BASE, Annotation, Audit, AuditAnswer, Metric, Sentiment, Verbatim
from voc_pipeline.steps.auditing import speaking
from voc_pipeline.store import open_store


@cache
def invented() -> InventedStore:
    return InventedStore(900, 1)


@cache
def verbatims() -> list[Verbatim]:
    return list(invented().verbatims())


@cache
def annotations() -> dict[str, Annotation]:
    return {one.verbatim_id: one for one in invented().annotations(MODEL)}


def an_audit(n: int = 60, seed: int = 1, lang: str = "fr") -> Audit:
    strata, sample = draw(verbatims(), annotations(), n, seed)
    return Audit(audit_id("run-0001", MODEL, seed, strata, sample), "run-0001", MODEL, DRAWN, seed, lang, n, strata, sample)


# ---------------------------------------------------------------- the sample


def test_the_same_seed_draws_the_same_sample_whatever_the_order() -> None:
    """A draw depends on verbatims, answers and seed alone; another seed draws others."""
    shuffled = list(verbatims())
    random.Random(9).shuffle(shuffled)
    first, again, other = (draw(rows, annotations(), 100, seed) for rows, seed in ((verbatims(), 4), (shuffled, 4), (verbatims(), 5)))
    assert first == again
    assert {d.verbatim_id for d in first[1]} != {d.verbatim_id for d in other[1]}
    assert audit_id("r", MODEL, 4, *first) == audit_id("r", MODEL, 4, *again) != audit_id("r", MODEL, 5, *other)


def test_strata_are_what_the_model_says_and_weights_sum_to_the_population() -> None:
    """Each verbatim drawn lies in the stratum of its source and of the model's answers, and those drawn stand for all there are."""
    strata, sample = draw(verbatims(), annotations(), 150, 2)
    by_id = {verbatim.id: verbatim for verbatim in verbatims()}
    for drawn in sample:
        own, said = strata[drawn.stratum], annotations()[drawn.verbatim_id]
        told = (by_id[drawn.verbatim_id].source, said.not_valued, said.sentiment is Sentiment.NEGATIVE)
        assert (own.source, own.not_valued, own.negative) == told
    assert len(sample) == len({drawn.verbatim_id for drawn in sample}) == 150
    assert Counter(drawn.stratum for drawn in sample) == {place: stratum.drawn for place, stratum in enumerate(strata)}
    assert sum(strata[drawn.stratum].size / strata[drawn.stratum].drawn for drawn in sample) == pytest.approx(len(verbatims()))


def test_no_more_is_drawn_than_there_is() -> None:
    """Asked for more than there are, all are drawn, once."""
    strata, sample = draw(verbatims(), annotations(), 5000, 1)
    assert sorted(drawn.verbatim_id for drawn in sample) == sorted(annotations())
    assert all(stratum.drawn == stratum.size for stratum in strata)


def test_a_sample_too_small_for_its_strata_is_refused_with_the_least_that_would_do() -> None:
    """Fewer than two a stratum, or nothing to draw from, are errors with a remedy."""
    with pytest.raises(AuditError, match=r"strata.*at least \d+"):
        draw(verbatims(), annotations(), 5, 1)
    with pytest.raises(AuditError, match="no analysed verbatim"):
        draw([], {}, 300, 1)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=30), st.integers(60, 2000))
def test_every_stratum_is_heard_and_none_beyond_its_size(sizes: list[int], n: int) -> None:
    """Parts sum to what was asked or all there is, small strata are heard, and no large one is given less than half its part."""
    drawn = allocate(sizes, n)
    assert sum(drawn) == min(n, sum(sizes))
    assert all(min(LEAST, size) <= part <= size for part, size in zip(drawn, sizes, strict=True))
    assert all(part >= math.floor(min(n, sum(sizes)) * size / sum(sizes) / 2) for part, size in zip(drawn, sizes, strict=True))


def test_the_order_of_the_sheet_tells_nothing_of_the_strata() -> None:
    """Strata are mixed: neighbours share one hardly more often than by chance."""
    _, sample = draw(verbatims(), annotations(), 300, 1)
    alike = np.mean([a.stratum == b.stratum for a, b in pairwise(sample)])
    chance = sum((n / len(sample)) ** 2 for n in Counter(drawn.stratum for drawn in sample).values())
    assert abs(alike - chance) < 0.1


# ---------------------------------------------------------------- the workbook


Fill = Callable[[dict[str, Any], int], None]


def filled_by(path: Path, target: Path, fill: Fill, name: str = "", lang: str = "fr") -> Path:
    """A copy of a workbook in which `fill` set the cells of each row (by column), and a person wrote a name."""
    book = load_workbook(path)
    sheet = book[guide()["sheets"]["verbatims"][lang]]
    for number, cells in enumerate(sheet.iter_rows(min_row=2)):
        row = {column: cell.value for column, cell in zip(COLUMNS, cells, strict=True)}
        before = dict(row)
        fill(row, number)
        for column, cell in zip(COLUMNS, cells, strict=True):
            if row[column] != before[column]:
                cell.value = row[column]
    for cells in book[guide()["sheets"]["read"][lang]].iter_rows():
        if cells[0].value == guide()["about"]["annotator"][lang]:
            cells[1].value = name or None
    book.save(target)
    return target


def negative(row: dict[str, Any], number: int) -> None:
    row |= {"sentiment": "Négatif", "not_valued": "oui" if number % 2 else "non", "codes": "Sans réponse; pas ecouté" if number % 2 else None}
    row |= {"valued": "non", "stage": "Usage", "dimension": "aucun", "gap_cue": "3 · Exécution"}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Audit, Path]:
    audit = an_audit()
    return audit, write_workbook(audit, {v.id: v for v in verbatims()}, tmp_path / "audit.xlsx")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_workbook_is_blind_and_explains_itself(tmp_path: Path, lang: str) -> None:
    """It shows each verbatim once with empty cells to fill, lists to choose from and a note on each, a guide, and nothing the model said."""
    audit = an_audit(lang=lang)
    book = load_workbook(write_workbook(audit, {v.id: v for v in verbatims()}, tmp_path / "audit.xlsx"))
    sheets = guide()["sheets"]
    sheet = book[sheets["verbatims"][lang]]
    heads, *rows = list(sheet.iter_rows(values_only=True))
    assert list(heads) == [head(column, lang) for column in COLUMNS]
    shown_rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert [row["id"] for row in shown_rows] == [drawn.verbatim_id for drawn in audit.sample]
    by_id = {v.id: v for v in verbatims()}
    assert all(row["text"] == by_id[row["id"]].text and row["lang"] == by_id[row["id"]].lang for row in shown_rows)
    assert all(row[column] is None for row in shown_rows for column in (*FIELDS, "comment"))
    assert sheet.freeze_panes == "C2" and sheet.page_setup.orientation == "landscape" and sheet.print_title_rows == "$1:$1"
    notes = {column: sheet.cell(1, place).comment for place, column in enumerate(COLUMNS, 1)}
    assert all(notes[column] and guide()["fields"][column]["what"][lang] in notes[column].text for column in (*FIELDS, "comment"))
    offered = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation if rule.type == "list"}
    assert len(offered) == len(FIELDS)
    lists = book[sheets["lists"][lang]]
    for place, field in enumerate(FIELDS, 1):
        words = [cell.value for cell in next(lists.iter_cols(place, place)) if cell.value]
        assert words == [shown(field, value, lang) for value in values(field)]
    words = {str(cell) for page in book.worksheets for row in page.iter_rows(values_only=True) for cell in row if cell is not None}
    assert audit.id in words and MODEL in words
    for field in FIELDS:
        for value in values(field):
            assert guide()["fields"][field]["values"][value]["example"][lang] in words
    strata = {stratum.source for stratum in audit.strata}
    assert not strata & {str(row[column]) for row in shown_rows for column in COLUMNS if column not in ("channel",)}


def test_a_verbatim_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    """A customer's words are never executed, and a text longer than a cell is cut and says so."""
    audit = an_audit(40)
    first, second = (drawn.verbatim_id for drawn in audit.sample[:2])
    texts = {first: '=HYPERLINK("http://evil.example","x")\x07', second: "mot " * 9000}
    book = load_workbook(write_workbook(audit, {v.id: replace(v, text=texts.get(v.id, v.text)) for v in verbatims()}, tmp_path / "audit.xlsx"))
    cells = [row[1] for row in book["Verbatims"].iter_rows(min_row=2, max_row=3)]
    assert cells[0].data_type == "s" and cells[0].value.startswith("=HYPERLINK")
    assert guide()["words"]["cut"]["fr"] in cells[1].value and len(cells[1].value) < 32_767


def test_a_workbook_is_never_written_over(made: tuple[Audit, Path]) -> None:
    """A file that is there may be filled in: another name is asked for."""
    audit, path = made
    with pytest.raises(AuditError, match="is there already"):
        write_workbook(audit, {v.id: v for v in verbatims()}, path)


def test_what_people_fill_in_comes_back(made: tuple[Audit, Path], tmp_path: Path) -> None:
    """Labels of either language, accents and capitals aside, become the codebook's words; blanks stay blank and are counted."""
    audit, path = made

    def fill(row: dict[str, Any], number: int) -> None:
        if number == 0:
            row |= {"sentiment": "MIXED", "not_valued": "Yes", "codes": "ignored", "gap_cue": 4, "dimension": "Fiabilite", "comment": "hésité"}
        elif number > 1:
            negative(row, number)

    filled = read_filled(filled_by(path, tmp_path / "copie de Zoé.xlsx", fill, "Zoé"), audit.id, {d.verbatim_id for d in audit.sample})
    assert (filled.audit_id, filled.annotator, len(filled.rows)) == (audit.id, "Zoé", 60)
    first, blank, third, fourth = filled.rows[:4]
    assert (first["sentiment"], first["not_valued"], first["codes"], first["gap_cue"]) == ("mixed", True, ("ignored",), "4")
    assert (first["dimension"], first["valued"], first["stage"], first["comment"]) == ("reliability", None, None, "hésité")
    assert all(blank[field] is None for field in FIELDS)
    assert (third["not_valued"], third["codes"], third["dimension"]) == (False, (), "none")
    assert fourth["codes"] == ("not_heard", "ignored")
    assert filled.blanks == {"sentiment": 1, "not_valued": 1, "codes": 1, "valued": 2, "stage": 2, "dimension": 1, "gap_cue": 1}
    rows = filled_rows(tmp_path / "copie de Zoé.xlsx")
    assert len(rows) == 59 and {"verbatim_id", "text", "lang", *FIELDS} <= set(rows[0])
    assert read_filled(filled_by(path, tmp_path / "marc.xlsx", fill)).annotator == "marc"


def test_every_wrong_cell_is_told_at_once(made: tuple[Audit, Path], tmp_path: Path) -> None:
    """Each problem names file, row and column, what was found and what is expected, all in one error."""
    audit, path = made

    def fill(row: dict[str, Any], number: int) -> None:
        negative(row, number)
        if number == 0:
            row |= {"sentiment": "Negatiff", "stage": "Livraisson"}
        if number == 2:
            row |= {"not_valued": "non", "codes": "Sans réponse"}
        if number == 3:
            row["codes"] = "Sans réponse; Fâché"

    target = filled_by(path, tmp_path / "faux.xlsx", fill)
    with pytest.raises(AuditError) as caught:
        read_filled(target, audit.id, {d.verbatim_id for d in audit.sample})
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 4
    assert told[0].startswith(f"{target}: row 2, column 'Sentiment'") and "'Negatiff'" in told[0]
    assert "row 2, column 'Étape'" in told[1]
    assert "row 4" in told[2] and "only where it is yes" in told[2]
    assert "'Fâché'" in told[3] and "semicolon" in told[3]


def _renamed(row: dict[str, Any], number: int) -> None:
    if number == 5:
        row["id"] = "0" * 32


def _twice(row: dict[str, Any], number: int, seen: dict[str, str]) -> None:
    if number == 0:
        seen["id"] = row["id"]
    if number == 1:
        row["id"] = seen["id"]


def test_changed_ids_and_other_audits_are_refused(made: tuple[Audit, Path], tmp_path: Path) -> None:
    """An id that is not of the audit, one that stands twice, one that is missing, or another audit's workbook is an error."""
    audit, path = made
    ids = {d.verbatim_id for d in audit.sample}
    with pytest.raises(AuditError) as caught:
        read_filled(filled_by(path, tmp_path / "a.xlsx", _renamed), audit.id, ids)
    assert len(caught.value.problems) == 2 and "not of this audit" in str(caught.value.problems[0]) and "missing" in str(caught.value.problems[1])
    seen: dict[str, str] = {}
    with pytest.raises(AuditError, match="stands 2 times"):
        read_filled(filled_by(path, tmp_path / "b.xlsx", lambda row, number: _twice(row, number, seen)), audit.id, ids)
    with pytest.raises(AuditError, match=f"it answers the audit {audit.id}.*the audit AUD-OTHER"):
        read_filled(path, "AUD-OTHER", ids)


def test_a_file_that_is_no_workbook_of_an_audit_is_refused(made: tuple[Audit, Path], tmp_path: Path) -> None:
    """A missing file, one that is no workbook, one without the sheets, columns or id of an audit: each says what is wrong."""
    from openpyxl import Workbook

    _, path = made
    with pytest.raises(AuditError, match="no such file"):
        read_filled(tmp_path / "nowhere.xlsx")
    (tmp_path / "text.xlsx").write_text("not a workbook", encoding="utf-8")
    with pytest.raises(AuditError, match="not a workbook that can be read"):
        read_filled(tmp_path / "text.xlsx")
    Workbook().save(tmp_path / "other.xlsx")
    with pytest.raises(AuditError, match="no sheet 'Read first'"):
        read_filled(tmp_path / "other.xlsx")
    for name, change, told in (
        ("c", ("Verbatims", "F1", "Humeur"), "no column 'Sentiment'"),
        ("d", ("À lire d'abord", "B4", None), "does not name the audit"),
    ):
        book = load_workbook(path)
        sheet, cell, value = change
        title = next(one for one in book.sheetnames if one == sheet or one.replace("\u00a0", " ") == sheet)
        book[title][cell].value = value
        book.save(tmp_path / f"{name}.xlsx")
        with pytest.raises(AuditError, match=told):
            read_filled(tmp_path / f"{name}.xlsx")


def test_every_word_of_the_guide_is_in_both_languages() -> None:
    """Each value of each list has a meaning and an example in French and in English, and no label of a column stands for two values."""
    for field in FIELDS:
        about = guide()["fields"][field]
        assert set(about["values"]) == set(values(field))
        for said in about["values"].values():
            assert all(said[part][lang].strip() for part in ("what", "example") for lang in ("fr", "en"))
        assert len(about["tree"]["fr"]) == len(about["tree"]["en"]) > 0
        for value in values(field):
            assert {known(field, shown(field, value, lang)) for lang in ("fr", "en")} == {value}


# ---------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0, 1, 0, 1], [0, 1, 0, 1], 1.0),
        ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], 0.095),
        ([0, 1], [1, 0], -0.5),
        ([1, 1, 1], [1, 1, 1], None),
        ([], [], None),
    ],
)
def test_alpha_on_known_examples(first: list[int], second: list[int], expected: float | None) -> None:
    """Krippendorff's own example of two observers and ten binary units is .095; full agreement is 1; one answer throughout tells nothing."""
    found = alpha(first, second)
    assert found is None if expected is None else found == pytest.approx(expected, abs=5e-4)


def test_verdicts_follow_the_gate_and_the_interval() -> None:
    """A gate is reached surely, reached but not surely, missed, or cannot be told."""
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, 400)
    clusters = np.arange(400)

    def verdict(wrong: float, gate: float | None = 0.65) -> str:
        other = np.where(rng.random(400) < wrong, 1 - gold, gold)
        return interval_of_alpha(gold, other, clusters, gate, replicates=200).verdict

    assert verdict(0.02) == "reached" and verdict(0.4) == "missed" and verdict(0.02, gate=None) == ""
    uncertain = interval_of_alpha(np.repeat([0, 1], 10), np.repeat([0, 1, 0, 1], [9, 1, 1, 9]), np.arange(20), 0.75, replicates=200)
    assert uncertain.verdict == "uncertain"
    same = np.zeros(50, dtype=np.int64)
    assert interval_of_alpha(same, same, np.arange(50), 0.65).verdict == "unknown"
    held = interval_of_alpha(gold, np.where(rng.random(400) < 0.13, 1 - gold, gold), clusters, 0.72, replicates=200)
    assert held.low is not None and held.high is not None and held.low < (held.value or 0) < held.high
    assert set(GATES) == {"sentiment", "not_valued", "code", "stage", "dimension", "gap_cue"}


def planted(rng: np.random.Generator, n: int, share: float, se: float, sp: float, per_customer: int = 1) -> tuple[Any, Any, Any]:
    """Truth, what an imperfect reader says, and customers."""
    truth = rng.random(n) < share
    said = np.where(truth, rng.random(n) < se, rng.random(n) >= sp)
    return truth, said, np.arange(n) // per_customer


def drawn_table(rng: np.random.Generator, truth: Any, said: Any, customers: Any, n: int, replicates: int = 300) -> Table:
    """A stratified sample of a population, as the audit draws it: strata are what the reader says."""
    sizes = np.array([int((~said).sum()), int(said.sum())])
    parts = allocate(sizes.tolist(), n)
    rows = np.concatenate([rng.choice(np.flatnonzero(said == bool(place)), part, replace=False) for place, part in enumerate(parts)])
    strata = said[rows].astype(np.int64)
    clusters = np.unique(customers[rows], return_inverse=True)[1]
    gold = truth[rows].astype(float)[:, None]
    return Table(gold, said[rows][:, None], spread(sizes, strata), strata, clusters, int(rng.integers(1 << 30)), replicates)


def test_the_corrected_share_finds_the_planted_one() -> None:
    """Over 300 simulated runs of an imperfect reader, the interval holds the true share 93 to 99 times in 100, and the estimate is not biased."""
    rng = np.random.default_rng(7)
    share, held, estimates = 0.22, 0, []
    for _ in range(300):
        truth, said, customers = planted(rng, 3000, share, 0.75, 0.93, per_customer=2)
        found = drawn_table(rng, truth, said, customers, 300).corrected(0, float(said.mean()), 3000.0)
        assert isinstance(found, Range)
        estimates.append(found.value)
        held += found.low <= share <= found.high
    assert 0.93 <= held / 300 <= 0.99
    assert np.mean(estimates) == pytest.approx(share, abs=0.006)


def test_an_audit_corrects_a_later_run_with_another_share() -> None:
    """Sensitivity and specificity measured on one run find the true share of a later one, whose raw share is far off."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(100):
        truth, said, customers = planted(rng, 3000, 0.25, 0.7, 0.9)
        table = drawn_table(rng, truth, said, customers, 400)
        _, later, _ = planted(rng, 1000, 0.4, 0.7, 0.9)
        found = table.corrected(0, float(later.mean()), 1000.0)
        assert isinstance(found, Range)
        held += found.low <= 0.4 <= found.high
    assert held >= 92


def test_rogan_gladen_inverts_the_reader() -> None:
    """The share a reader of known sensitivity and specificity would tell gives back the true one."""
    for share in (0.0, 0.1, 0.5, 1.0):
        told = share * 0.8 + (1 - share) * 0.1
        assert rogan_gladen(told, 0.8, 0.9) == pytest.approx(share)


def test_a_correction_that_would_mislead_is_refused() -> None:
    """Under 30 positives, under 30 negatives, or a reader hardly better than chance: the reason in the place of a share."""
    rng = np.random.default_rng(3)
    few, many, blind = (planted(rng, 2000, share, se, sp) for share, se, sp in ((0.03, 0.8, 0.95), (0.98, 0.8, 0.9), (0.4, 0.55, 0.52)))
    reasons = [drawn_table(rng, *made, 300).corrected(0, 0.3, 2000.0) for made in (few, many, blind)]
    assert reasons == ["few_positives", "few_negatives", "weak"]


def test_no_error_seen_is_not_certainty() -> None:
    """A model right on all forty positives of a sample has an interval that does not stop at 1, and the share stays within [0, 1]."""
    gold = np.repeat([1.0, 0.0], [40, 60])[:, None]
    table = Table(gold, gold > 0, np.ones(100), np.zeros(100, dtype=np.int64), np.arange(100), 0, 400)
    assert table.f1(0).value == 1.0 and table.f1(0).low < 0.99
    assert table.sensitivity(0).low < 0.97
    found = table.corrected(0, 0.0, 100.0)
    assert isinstance(found, Range) and 0 <= found.low <= found.value <= found.high <= 1


def test_f1_and_weights_agree_with_counting_the_population() -> None:
    """Where everybody is drawn, weighted figures are those of the population; a stratum drawn by a third weighs three times."""
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(5)
    truth, said, customers = planted(rng, 500, 0.3, 0.8, 0.9)
    whole = drawn_table(rng, truth, said, customers, 500)
    assert whole.f1(0).value == pytest.approx(f1_score(truth, said))
    assert spread(np.array([30, 7]), np.array([0] * 10 + [1] * 7)).tolist() == [3.0] * 10 + [1.0] * 7


def test_customers_who_speak_often_widen_intervals() -> None:
    """Ten copies of each customer's verbatim say no more than one: the interval stays as wide."""
    rng = np.random.default_rng(2)
    truth, said, _ = planted(rng, 200, 0.4, 0.8, 0.8)
    zeros = np.zeros(200, dtype=np.int64)
    once = Table(truth[:, None].astype(float), said[:, None], np.ones(200), zeros, np.arange(200), 0, 600).sensitivity(0)
    ten = Table(
        np.repeat(truth, 10)[:, None].astype(float),
        np.repeat(said, 10)[:, None],
        np.ones(2000),
        np.repeat(zeros, 10),
        np.repeat(np.arange(200), 10),
        0,
        600,
    ).sensitivity(0)
    assert ten.high - ten.low > 0.85 * (once.high - once.low)


# ---------------------------------------------------------------- figures


def figures(answered: Answered, model: str = MODEL) -> dict[tuple[str, str], Metric]:
    customers = {v.id: v.customer for v in verbatims()}
    found = audit_figures(answered, model, list(annotations().values()), customers, replicates=60)
    assert {metric.scope for metric in found} == {"audit"}
    return {(metric.key, metric.name): metric for metric in found}


def test_one_reader_gives_no_agreement_and_two_do() -> None:
    """Agreement is told of two people only; either way shares are corrected, and the sample says who read."""
    alone, both = (figures(read_by(people, verbatims(), annotations(), "run-0001")) for people in (("Anne",), ("Anne", "Karim")))
    assert not [key for key in alone if key[1] in ("alpha", "agreement")]
    assert both["not_valued", "alpha"].detail["gate"] == GATES["not_valued"]
    assert ("code=ignored", "agreement") in both
    assert alone["sentiment=negative", "corrected_share"].value and both["sentiment=negative", "corrected_share"].value
    assert both["", "sample"].detail["people"] == ["Anne", "Karim"] and both["", "sample"].detail["read_by_both"] == 300


def test_readers_who_agree_with_the_model_leave_its_shares_as_they_are() -> None:
    """Where people say what the model says, F1 is 1 and the corrected share is the raw one."""
    found = figures(read_by(("Anne",), verbatims(), annotations(), "run-0001", right=1.0))
    for key in ("sentiment=negative", "not_valued=yes"):
        raw, corrected = found[key, "raw_share"], found[key, "corrected_share"]
        assert found[key, "f1"].value == 1.0
        assert corrected.value == pytest.approx(raw.value, abs=1e-4)
        assert corrected.low is not None and corrected.high is not None and corrected.low <= raw.value <= corrected.high


def test_two_who_disagree_count_half_each() -> None:
    """Where one reader says negative throughout and the other positive throughout, each stance has half of every verbatim."""
    answered = read_by(("Anne", "Karim"), verbatims(), annotations(), "run-0001", n=100)
    opposed = [replace(a, sentiment=Sentiment.NEGATIVE if a.annotator == "Anne" else Sentiment.POSITIVE) for a in answered.answers]
    found = figures(replace(answered, answers=opposed))
    assert found["sentiment=negative", "positives"].value == found["sentiment=positive", "positives"].value == 50


def test_small_bases_give_no_figure_of_a_value() -> None:
    """A value that people gave fewer than 30 times has neither F1 nor corrected share, and says why."""
    found = figures(read_by(("Anne",), verbatims(), annotations(), "run-0001"))
    small = [key for key, name in found if name == "positives" and found[key, name].value < SMALL_BASE]
    assert small
    for key in small:
        assert (key, "f1") not in found and (key, "corrected_share") not in found
        assert found[key, "raw_share"].detail["refused"] == "few_positives"


def test_another_model_is_never_corrected() -> None:
    """A run of another model version keeps its raw shares, and the figures say that the audit judged another."""
    found = figures(read_by(("Anne",), verbatims(), annotations(), "run-0001"), model="voc-mini-other")
    assert not [key for key in found if key[1] == "corrected_share"]
    assert found["sentiment=negative", "raw_share"].detail["refused"] == "other_model"
    assert found["", "sample"].detail["same_model"] is False


def test_blanks_and_changed_texts_are_left_out_and_counted() -> None:
    """Blank answers weigh on nobody else's stratum, and a verbatim whose text has changed since is not scored."""
    answered = read_by(("Anne",), verbatims(), annotations(), "run-0001")
    silent = {d.verbatim_id for d in answered.audit.sample if d.stratum == 0}
    changed = next(d.verbatim_id for d in answered.audit.sample if d.stratum == 1)
    blank = {"sentiment": None, "not_valued": None, "codes": None, "valued": None, "stage": None, "dimension": None, "gap_cue": None}
    some = replace(
        answered,
        answers=[replace(a, **blank) if a.verbatim_id in silent else a for a in answered.answers],
        text_keys={**answered.text_keys, changed: "another text"},
    )
    sample = figures(some)["", "sample"]
    assert sample.value == 300 - len(silent) - 1 and sample.detail["changed"] == 1
    assert sample.detail["unheard_share"] == pytest.approx(answered.audit.strata[0].size / answered.audit.population)
    assert sample.detail["blank_cells"] == {"Anne": len(silent) * len(FIELDS)}


def test_the_audit_that_speaks_is_the_newest_of_those_read_as_much(tmp_path: Path) -> None:
    """A newer audit takes over once it is read nearly as much, one hardly begun does not; one of the run's own model goes before any other's."""
    run = invented().runs()[0]
    with open_store(f"sqlite:///{tmp_path}/voc.db") as store:
        store.start_run(run)
        for day, (name, model, read) in enumerate(
            (("AUD-OTHER", "older", 90), ("AUD-FIRST", MODEL, 60), ("AUD-BEGUN", MODEL, 20), ("AUD-BLANK", MODEL, 0))
        ):
            store.save_audit(replace(an_audit(100), id=name, model_version=model, drawn_at=DRAWN + timedelta(days=day)))
            some = [AuditAnswer(name, "Anne", f"{i:03d}", Sentiment.NEGATIVE if i < read else None) for i in range(100)]
            store.write_audit_answers(name, "Anne", some)

        def told(model: str) -> str:
            found = speaking(store, model)
            return found[0].id if found else ""

        assert (told(MODEL), told("older"), told("newest")) == ("AUD-FIRST", "AUD-OTHER", "AUD-OTHER")
        store.write_audit_answers("AUD-BEGUN", "Anne", [AuditAnswer("AUD-BEGUN", "Anne", f"{i:03d}", Sentiment.NEGATIVE) for i in range(50)])
        assert told(MODEL) == "AUD-BEGUN"


def test_an_audit_nobody_answered_says_nothing() -> None:
    """Without an answer there is no figure."""
    assert audit_figures(replace(read_by(("Anne",), verbatims(), annotations(), "r"), answers=[]), MODEL, list(annotations().values()), {}) == []
