"""The company's registers: read with every mistake told, held against irritants, answered by people, and replayed in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import typer.main
from commands import ROOT, voc
from test_store import an_irritant

from voc_pipeline import pipeline
from voc_pipeline import registry as pure
from voc_pipeline.cli import app
from voc_pipeline.config import Config, load_config
from voc_pipeline.edits import open_registry
from voc_pipeline.errors import ConfigError, EditError
from voc_pipeline.registers import Entry, Register, Registers, read_registers
from voc_pipeline.registry import Standing, Word
from voc_pipeline.report.grounds import ceiling_told, sentences
from voc_pipeline.report.words import Words
from voc_pipeline.schema import Exemplar, Gap, GapReading, Irritant, IrritantKind, Match, MatchState
from voc_pipeline.store import open_store
from voc_pipeline.training.labelled import read_labelled

A, B, C = "IRR-AAAAAAAA", "IRR-BBBBBBBB", "IRR-CCCCCCCC"

# ---------------------------------------------------------------- reading


def read(folder: Path, **files: str) -> Registers:
    """Registers of files in a folder."""
    return read_registers(Registers.model_validate(files), folder, ["support", "pay"])


def test_a_register_reads_the_same_from_yaml_csv_and_workbook(tmp_path: Path) -> None:
    """A YAML list, a CSV and a workbook with French heads give the same entries, dates and open ends among them."""
    from openpyxl import Workbook

    (tmp_path / "a.yaml").write_text(
        "- {id: P-1, fr: On vous rappelle, owner: care, stage: support, date: 2026-01-05, until: 2026-12-31}\n- {id: P-2, en: Open on Sunday}\n",
        encoding="utf-8",
    )
    (tmp_path / "a.csv").write_text(
        "\ufeffid;fr;en;owner;stage;date;until\nP-1;On vous rappelle;;care;support;2026-01-05;2026-12-31\nP-2;;Open on Sunday;;;;\n;;;;;;\n", "utf-8"
    )
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Identifiant", "Français", "Anglais", "Responsable", "Étape", "Date", "Jusqu’au"],
        ["P-1", "On vous rappelle", None, "care", "support", datetime(2026, 1, 5), date(2026, 12, 31)],
        ["P-2", None, "Open on Sunday"],
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    found = [read(tmp_path, promises=name).promises for name in ("a.yaml", "a.csv", "a.xlsx")]
    assert found[0] == found[1] == found[2]
    assert isinstance(found[0], tuple) and [entry.id for entry in found[0]] == ["P-1", "P-2"]
    assert found[0][0].date == date(2026, 1, 5) and found[0][1].fr == ""


def test_a_cell_of_several_lines_stays_whole(tmp_path: Path) -> None:
    """A line break within a quoted cell of a CSV is kept, and so are the rarer separators that are no end of a row."""
    (tmp_path / "a.csv").write_bytes('id;fr;en\r\nP-1;"rappel sous\r\n24 h";x\r\nP-2;on\u2028vous\x85rappelle;\r\n'.encode())
    found = read(tmp_path, promises="a.csv").promises
    assert isinstance(found, tuple) and [entry.fr.split() for entry in found] == [["rappel", "sous", "24", "h"], ["on", "vous", "rappelle"]]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "id;fr;texte\nP-1;x;", ["row 1", "'fr' and 'texte'", "both", "Keep one of them"]),
        ("a.csv", f"id;fr\nP-1;{'x' * 140_000}", ["line 2", "131,072", "never closed"]),
        ("a.yaml", "- {fr: sans id}", ["entry 1: id: missing", "Add it"]),
        ("a.yaml", "- {id: P 1, fr: x}", ["entry 1: id", "without spaces"]),
        ("a.yaml", "- {id: P-1}", ["entry 1", "no words", "`fr`"]),
        ("a.yaml", "- {id: P-1, fr: x}\n- {id: p-1, fr: y}", ["entry 2: id", "is there already", "entry 1"]),
        ("a.yaml", "- {id: P-1, fr: x, stage: suport}", ["entry 1: stage", "Did you mean 'support'?"]),
        ("a.yaml", "- {id: P-1, fr: x, ownr: y}", ["'ownr' is no part of an entry", "Did you mean 'owner'?"]),
        ("a.yaml", "- {id: P-1, fr: x, from: 2026-02-01, until: 2026-01-01}", ["ends on 2026-01-01, before it begins"]),
        ("a.yaml", "promises: []", ["a dict", "a list of entries"]),
        ("a.yaml", "", ["no entry", "Leave the register out"]),
        ("a.csv", "id;fr;date\nP-1;x;le 5 mai", ["row 2: date", "'le 5 mai'", "2026-09-30"]),
        ("a.yaml", "- {id: P-1, fr: x}\n- id: P-2\n  fr: y\n  date: 2025-13-10", ["line 4", "'2025-13-10' is no day", "such as 2026-05-20"]),
        ("a.csv", "numero;fr\n1;x", ["row 1", "no column 'numero' is known"]),
        ("a.docx", "x", ["type '.docx'", ".xlsx"]),
        ("a.xlsx", "x", ["cannot be read", "Save it again"]),
    ],
)
def test_what_is_wrong_in_a_register_is_told_with_file_row_and_remedy(tmp_path: Path, name: str, text: str, told: Sequence[str]) -> None:
    """Each mistake names its file and row, what was found and what to do."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, promises=name)
    assert all(words in str(caught.value) for words in (name, *told)), str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Mistakes in two registers, and a file that is not there, come together."""
    (tmp_path / "a.yaml").write_text("- {id: P-1}\n- {fr: x}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, promises="a.yaml", standards="absent.csv")
    assert len(caught.value.problems) == 3


def test_an_entry_holds_in_its_days() -> None:
    """An entry that ended before the window or begins after it does not hold; an open end is no limit."""
    window = (date(2026, 1, 1), date(2026, 12, 31))
    ended, begins, always = (
        Entry(id="a", fr="x", until=date(2025, 12, 31)),
        Entry.model_validate({"id": "b", "fr": "x", "from": "2027-01-01"}),
        Entry(id="c", fr="x"),
    )
    assert [entry.holds(*window) for entry in (ended, begins, always)] == [False, False, True] and ended.holds(None, None)


# ---------------------------------------------------------------- held against irritants


def embed(texts: Sequence[str]) -> np.ndarray:
    """A vector a text: what it is about, by its first word."""
    axes = {"rappel": (1.0, 0.0, 0.0), "facture": (0.0, 1.0, 0.0), "entre": (0.75, 0.0, 0.66), "autre": (0.0, 0.0, 1.0)}
    return np.array([axes[text.split()[0]] for text in texts], dtype=np.float32)


def known(irritant_id: str, word: str, status: str = "active") -> Irritant:
    """An irritant that speaks of one thing."""
    exemplars = tuple(Exemplar("v", n, f"{word} {n}", "fr") for n in range(3))
    return replace(an_irritant(irritant_id), kind=IrritantKind.IRRITANT, exemplars=exemplars, status=status)


def test_matches_are_told_by_what_chance_makes_of_sentences() -> None:
    """An entry of the same words is proposed, one well above chance but not enough is near, others are not told; a rejected irritant is not compared."""
    random = np.random.default_rng(2)
    crowd = random.normal(size=(400, 3)).astype(np.float32)
    crowd[:, 2] *= 0.2
    crowd = np.hstack([crowd, random.normal(size=(400, 20)).astype(np.float32)])
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)

    def wide(texts: Sequence[str]) -> np.ndarray:
        return np.hstack([embed(texts), np.zeros((len(texts), 20), dtype=np.float32)])

    snapshot = pure.freeze([known(A, "rappel"), known(B, "facture"), known(C, "rappel", "rejected")], wide)
    entries = [(Register.PROMISES, Entry(id="P", fr="autre chose", en="rappel promis")), (Register.STANDARDS, Entry(id="N", fr="autre norme"))]
    found = pure.compare(entries, snapshot, [crowd], wide)
    assert found.irritants == {A, B}
    assert [(match.irritant_id, match.entry_id, match.state) for match in found.matches] == [(A, "P", MatchState.PROPOSED)]
    assert found.matches[0].score == 1.0 and 0 < found.matches[0].level < 1
    assert pure.compare(entries[::-1], snapshot, [crowd[::-1]], wide) == found


def test_peoples_words_follow_merges_and_outlive_scores() -> None:
    """What was said of a merged irritant holds for its target, the last word counts, and a pair that no score reached stands by a person's word."""
    standing = Standing(
        {A: known(A, "rappel"), B: replace(known(B, "facture"), status="merged", redirect=A)},
        matches={
            (B, "P"): Word("refused", "anne", datetime(2026, 1, 1)),
            (A, "P"): Word("confirmed", "karim", datetime(2026, 1, 2)),
            (A, "N"): Word("confirmed", "anne", datetime(2026, 1, 1)),
        },
    )
    scored = [Match(A, "promises", "P", 0.6, 0.44, MatchState.PROPOSED)]
    found = pure.settled(scored, standing, {"P": Register.PROMISES, "N": Register.STANDARDS}, {A})
    assert [(one.entry_id, one.state, one.author, one.score) for one in found] == [("P", "confirmed", "karim", 0.6), ("N", "confirmed", "anne", 0.0)]
    assert pure.settled(scored, standing, {}, {A}) == tuple(scored)


# ---------------------------------------------------------------- through runs, on the command line and in the workbook

SAID = (
    "Un conseiller devait me rappeler sous 24 heures, jamais rappelé.",
    "Deux prélèvements ce mois-ci, ma facture est fausse.",
    "Mon magasin a fermé, je suis déçu.",
)


OTHERS = tuple(
    record.words(record.raw["segs"].index("-")).replace('"', "'")
    for record in read_labelled([ROOT / "data_samples" / "development" / "written.jsonl"])
    if record.channel != "chat" and "-" in record.raw["segs"]
)
"""What else customers complain of: chance is measured on it."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Three irritants told by sixty reviews among others, and two registers."""
    folder = tmp_path_factory.mktemp("registers")
    texts = [*(SAID[i % 3] for i in range(60)), *OTHERS]
    rows = [f'{i},2026-0{1 + i % 6}-1{i % 9},"{text}",client-{i}' for i, text in enumerate(texts)]
    (folder / "reviews.csv").write_text("\n".join(["id,date,text,customer", *rows]), encoding="utf-8")
    (folder / "promises.yaml").write_text(
        "- {id: PRO-1, fr: Un conseiller vous rappelle sous 24 heures, owner: care}\n- {id: PRO-2, fr: Un arbre planté pour chaque forfait}\n",
        "utf-8",
    )
    (folder / "standards.csv").write_text("id,fr\nNOR-1,Un seul prélèvement par mois sur la facture\n", encoding="utf-8")
    (folder / "voc.yaml").write_text(
        "project: registers\nstore: sqlite:///voc.db\noutput: out\nregisters: {promises: promises.yaml, standards: standards.csv}\nowners: [{department: care}]\nsources:\n"
        "  - {name: reviews, kind: review, path: reviews.csv, fields: {id: id, text: text, date: date, customer: customer}}\n",
        encoding="utf-8",
    )
    config = load_config(folder / "voc.yaml")
    records = [
        replace(an_irritant(f"IRR-{name * 8}"), exemplars=(Exemplar("v", 0, text, "fr"),), threshold=0.8, generation=0)
        for name, text in zip("ABC", SAID, strict=True)
    ]
    with open_store(config.store_url) as store:
        store.save_irritants(records)
    pipeline.run(config)
    return config


def gaps(config: Config) -> dict[str, GapReading]:
    """Readings of the last run."""
    with open_store(config.store_url) as store:
        run = store.last_done_run()
        assert run is not None
        return {reading.irritant_id: reading for reading in store.gaps(run.id)}


def test_answers_hold_in_every_later_run_and_are_undone(config: Config) -> None:
    """A confirmed promise makes it gap 4 under .9, the owner's word the owner's gap at 1, a refused standard speaks for gap 2; undone, all is as before."""
    before = gaps(config)
    with open_registry(config, "anne") as registry:
        done = [registry.confirm(A, "pro-1", "same calls"), registry.refuse(B, "NOR-1"), registry.confirm_gap(C, 2, for_owner=True)]
        assert done[0].payload == {"entry": "PRO-1", "register": "promises", "words": "Un conseiller vous rappelle sous 24 heures"}
    pipeline.run(config)
    after = gaps(config)
    assert (after[A].gap, after[A].ceiling) == (Gap.COMMUNICATION, 0.9) and after[A].confidence <= 0.9
    assert [(ground.said["state"], ground.said["author"]) for ground in after[A].grounds if ground.said.get("id") == "PRO-1"] == [
        ("confirmed", "anne")
    ]
    assert (after[C].gap, after[C].confidence, after[C].ceiling) == (2, 1.0, 1.0)
    assert any(ground.kind == "missing" and ground.said["refused"] for ground in after[B].grounds)
    pipeline.run(config, fresh=True)
    assert gaps(config) == after
    with open_registry(config, "anne") as registry:
        for edit in reversed(done):
            registry.undo(edit.id)
        assert not registry.standing().matches and not registry.standing().gaps
    pipeline.run(config)
    assert gaps(config) == before


def test_only_the_owner_confirms_for_sure(config: Config) -> None:
    """A gap is confirmed for its owner where the author bears the owner's name or declares it; any other word is a person's, and read under .9."""
    with open_registry(config, "anne") as registry:
        done = [registry.owner(B, "Service client"), registry.confirm_gap(B, 1)]
    with open_registry(config, "service CLIENT") as registry:
        own = registry.confirm_gap(B, 1)
        assert ("owner" not in done[1].payload, own.payload["owner"], registry.standing().gaps[B].owner) == (True, "Service client", "Service client")
        registry.undo(own.id)
    pipeline.run(config)
    reading = gaps(config)[B]
    assert (reading.gap, reading.ceiling, reading.grounds[-1].kind) == (1, 0.9, "person") and reading.confidence <= 0.9
    told = " ".join(sentences(reading, Words("fr")))
    assert "confirmé par anne, pas encore par le responsable" in told and "pas encore le responsable" in ceiling_told(reading, Words("fr"))
    with open_registry(config, "anne") as registry:
        for edit in reversed(done):
            registry.undo(edit.id)
    pipeline.run(config)


def test_what_people_cannot_answer_is_explained(config: Config) -> None:
    """An entry nobody wrote, a gap that is none, and a match of a strength are refused with what to do."""
    with open_registry(config, "anne") as registry:
        with pytest.raises(EditError, match="Did you mean 'PRO-"):
            registry.confirm(A, "PRO-12")
        with pytest.raises(EditError, match="Gap 5 is computed from a survey"):
            registry.confirm_gap(A, 5)
        unowned = registry.owner(C, "")
        with pytest.raises(EditError, match="nobody owns it"):
            registry.confirm_gap(C, 2, for_owner=True)
        registry.undo(unowned.id)
        with pytest.raises(EditError, match="no record"):
            registry.refuse("IRR-ZZZZZZZZ", "PRO-1")


def test_the_registers_on_the_command_line(config: Config) -> None:
    """The list tells each entry with who contradicts it; an answer says what it did; the history and `undo` know it; `check` counts entries."""
    file = config.root / "voc.yaml"
    listed = voc("registers", file, "list", "--all").out
    assert f"{A}  " in listed and "PRO-2" in listed and "nobody contradicts it" in listed
    assert f"{A} speaks of PRO-1" in voc("registers", file, "confirm", A.lower(), "PRO-1", "--author", "anne", "--reason", "same").out
    assert "does not speak of NOR-1" in voc("registers", file, "refuse", B, "NOR-1", "--author", "anne").out
    assert "gap 3 confirmed (karim)" in voc("registers", file, "confirm-gap", B, "3", "--author", "karim").out
    assert "confirmed by anne" in voc("registers", file).out
    assert "gap 3 confirmed" in voc("irritants", file, "history", B).out
    for _ in range(3):
        with open_registry(config) as registry:
            last = [e for e in registry.history() if not e.run_id and e.action != "undo" and e.id not in pure.undone(registry.history())][-1]
        voc("irritants", file, "undo", str(last.id))
    assert "registers 1 standards, 2 promises" in voc("check", file).out


def test_answers_come_back_from_the_workbook(config: Config, tmp_path: Path) -> None:
    """A match answered in the workbook and a gap confirmed there become edits; answered by somebody else meanwhile, the row is a conflict."""
    from openpyxl import load_workbook

    file, path = config.root / "voc.yaml", tmp_path / "review.xlsx"
    voc("export", file, "--for-review", path, "--lang", "en")
    book = load_workbook(path)
    sheet = book["Registers"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    row = next(
        r
        for r in range(2, sheet.max_row + 1)
        if str(sheet.cell(r, heads["irritant"]).value).startswith(A) and sheet.cell(r, heads["entry"]).value == "PRO-1"
    )
    sheet.cell(row, heads["answer"]).value = "confirm"
    records = book["Irritants"]
    heads = {cell.value: cell.column for cell in records[1]}
    mine = next(r for r in range(2, records.max_row + 1) if records.cell(r, heads["id"]).value == C)
    records.cell(mine, heads["gap confirmed"]).value = "2 · Design (pour le responsable)"
    book.save(path)
    dry = voc("import-review", file, path, "--dry-run").out
    assert f"would be: {A} speaks of PRO-1" in dry and f"would be: {C} gap 2 confirmed for its owner, care" in dry
    with open_registry(config, "karim") as registry:
        theirs = registry.refuse(A, "PRO-1")
    told = voc("import-review", file, path, "--dry-run", code=None).out
    assert "conflict" in told and f"theirs: {theirs.id}." in told
    with open_registry(config, "karim") as registry:
        registry.undo(theirs.id)
    assert "2 edits made" in voc("import-review", file, path, "--author", "anne").out
    with open_registry(config, "karim") as registry:
        standing = registry.standing()
        assert standing.matches[A, "PRO-1"].said == "confirmed" and standing.gaps[C].author == "anne"


COMMANDS = typer.main.get_command(app).commands["registers"].commands  # type: ignore[attr-defined]  # both are groups


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_answer_is_documented(name: str) -> None:
    """Every action has help with an example of itself, and help for each of its options."""
    command = COMMANDS[name]
    assert f"voc registers configs/demo.yaml {name}" in (command.help or "")
    assert all(getattr(option, "help", None) for option in command.params if option.name != "help")
