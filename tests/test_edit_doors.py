"""Edits through the store, on both databases, and through runs: they are kept, told, undone, and hold in every later run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main
from commands import voc
from test_store import a_verbatim, an_irritant, fill

from voc_pipeline import pipeline
from voc_pipeline import registry as pure
from voc_pipeline.cli import app
from voc_pipeline.config import Config, load_config
from voc_pipeline.edits import Registry, open_registry, read_review
from voc_pipeline.errors import EditError, StoreError
from voc_pipeline.schema import Edit, Exemplar, Irritant, IrritantKind
from voc_pipeline.store import Store, exclusive, open_store

A, B = "IRR-AAAAAAAA", "IRR-BBBBBBBB"


@pytest.fixture
def registry(store_url: str) -> Iterator[Registry]:
    with open_store(store_url) as store:
        fill(store, [a_verbatim(number) for number in (1, 2, 3)])
        store.save_irritants([an_irritant(A), an_irritant(B), an_irritant("STR-AAAAAAAA", kind=IrritantKind.STRENGTH)])
        yield Registry(store, store_url, "anne")


def kept(registry: Registry) -> dict[str, Irritant]:
    """Records as any reader of the store finds them."""
    return {record.id: record for record in registry._store.irritants(active=False)}


def test_edits_are_kept_with_author_and_time(registry: Registry) -> None:
    """Each edit is a line of the ledger, and any reader of the store finds the record as it was left."""
    named = registry.rename(A, fr="Colis égaré", reason="plus juste, dit 06 12 34 56 78")
    registry.owner(A, "logistics")
    assert (named.id, named.author, named.reason) == (1, "anne", "plus juste, dit [PHONE]")
    assert kept(registry)[A].label_fr == "Colis égaré" and kept(registry)[A].owner == "logistics"
    assert [edit.action for edit in registry.history(A)] == ["rename", "owner"] and registry.history(B) == []


def test_every_edit_passes_through_the_store(registry: Registry) -> None:
    """Each action is written, applied and read back; undone from the last to the first, all is as before."""
    before, place = kept(registry), (a_verbatim(1).id, 0)
    done = [
        registry.rename(A, en="Lost parcel"),
        registry.pin(A),
        registry.unpin(A),
        registry.note(A, inclusion="points relais", exclusion="retours"),
        registry.owner(A, ""),
        registry.split(A, ["relais"]),
        registry.split(A, examples=[place], fr="Jamais reçu"),
        registry.move(place, B),
        registry.reject(A),
        registry.restore(A),
        registry.merge(A, B),
    ]
    words, examples = done[5].payload["child"], done[6].payload["child"]
    stood = kept(registry)
    assert (stood[A].status, stood[A].redirect, stood[A].label_en, stood[A].inclusion) == ("merged", B, "Lost parcel", ("points relais",))
    assert stood[words].split_on == ("relais",) and stood[words].label_fr == "colis perdu (relais)"
    assert [e.text for e in stood[examples].exemplars] == ["Colis numéro 1 jamais reçu."]
    assert registry.standing().moves == {"colis numéro 1 jamais reçu.": B}
    for edit in reversed(done):
        registry.undo(edit.id)
    assert {key: kept(registry)[key] for key in before} == before
    assert registry.record(words).id == A and not registry.standing().moves


def test_the_last_edit_is_undone_by_default(registry: Registry) -> None:
    """Undo without a number takes back what was done last, and again brings it back."""
    registry.rename(A, fr="un")
    assert registry.undo().payload == {"edit": 1} and kept(registry)[A].label_fr == "colis perdu"
    assert registry.undo().payload == {"edit": 2} and kept(registry)[A].label_fr == "un"


def test_what_stands_on_an_edit_keeps_it_from_being_undone(registry: Registry) -> None:
    """An edit that later ones need is not undone; the message lists them."""
    part = registry.split(A, ["relais"]).payload["child"]
    named = registry.rename(part, fr="Relais fermé")
    with pytest.raises(EditError, match=rf"later edits stand on it: {named.id} \(rename {part}\)"):
        registry.undo(1)
    registry.undo(named.id)
    registry.undo(1)
    with pytest.raises(EditError, match="was undone before"):
        registry.undo(1)


def test_edits_come_all_or_none(registry: Registry) -> None:
    """Of several edits one of which cannot be made, none is; checked dry, none is written either."""
    good, bad = registry.edit("rename", A, {"fr": "un"}), registry.edit("merge", A, {"into": A})
    with pytest.raises(EditError, match="merged into itself"):
        registry.do([good, bad])
    registry.do([good], dry=True)
    assert registry.history() == [] and kept(registry)[A].label_fr == "colis perdu"


def test_the_ledger_is_in_the_order_of_its_times(registry: Registry) -> None:
    """An edit is as old as its line in the ledger, not as the moment its author began it."""
    begun = registry.edit("rename", A, {"fr": "un"})
    Registry(registry._store, registry._url, "karim").pin(B)
    (written,) = registry.do([begun])
    pinned, renamed = registry.history()
    assert (pinned.author, renamed.author) == ("karim", "anne")
    assert begun.at < pinned.at <= renamed.at == written.at


def test_many_edits_are_checked_in_one_reading(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many edits come at once, the ledger is replayed once to check them and once to apply them."""
    replays: list[int] = []
    replay = pure.replay

    def counted(given: list[Irritant], ledger: list[Edit]) -> pure.Replayed:
        replays.append(len(ledger))
        return replay(given, ledger)

    monkeypatch.setattr(pure, "replay", counted)
    registry.do([registry.edit("note", A, {"inclusion": f"cas {n}"}) for n in range(40)])
    assert replays == [0, 40]
    assert len(kept(registry)[A].inclusion) == 40


def test_edits_of_one_batch_stand_on_one_another(registry: Registry) -> None:
    """An edit may need one before it in the same batch, an undo among them; what one of them closes, the next cannot edit."""
    split = registry.split_edit(A, ["relais"])
    part = split.payload["child"]
    batch = [split, registry.edit("rename", part, {"fr": "Relais fermé"}), registry.edit("undo", part, {"edit": 2}), registry.edit("pin", part, {})]
    registry.do(batch)
    assert (kept(registry)[part].label_fr, kept(registry)[part].pinned) == ("colis perdu (relais)", True)
    with pytest.raises(EditError, match=f"{B} was rejected"):
        registry.do([registry.edit("reject", B, {}), registry.edit("pin", B, {})])
    with pytest.raises(EditError, match="later edits stand on it: 4"):
        registry.do([registry.edit("note", B, {"inclusion": "x"}), registry.edit("undo", A, {"edit": 1})])


def test_mistakes_about_edits_are_explained(registry: Registry) -> None:
    """A label with a person's name, a sentence that is not there, an edit that nobody made: each is refused with what to do."""
    with pytest.raises(EditError, match="personal data"):
        registry.rename(A, fr="Accueil de Mme Martin")
    with pytest.raises(EditError, match="no such verbatim"):
        registry.move(("absent", 0), A)
    with pytest.raises(EditError, match="no such sentence"):
        registry.move((a_verbatim(1).id, 9), A)
    with pytest.raises(EditError, match="is no edit of a person"):
        registry.undo(3)
    with pytest.raises(EditError, match="both words and examples"):
        registry.split(A, ["relais"], [(a_verbatim(1).id, 0)])


def test_edits_wait_for_a_run(registry: Registry, store_url: str) -> None:
    """While a run is at work nothing is edited: it would count by two registries."""
    holds, done = threading.Event(), threading.Event()

    def work() -> None:
        with exclusive(store_url):
            holds.set()
            done.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    holds.wait(20)
    try:
        with pytest.raises(StoreError, match="one run at a time"):
            registry.pin(A)
    finally:
        done.set()
        thread.join()
    assert registry.history() == []


def test_what_runs_give_is_kept_beside_what_people_say(registry: Registry) -> None:
    """An owner that a run finds shows until a person names another, and again when that is undone."""
    store: Store = registry._store
    store.give(A, owner="by the rules")
    store.write_standing(registry.standing().records.values())
    assert kept(registry)[A].owner == "by the rules"
    registry.owner(A, "by a person")
    assert kept(registry)[A].owner == "by a person"
    registry.undo()
    assert kept(registry)[A].owner == "by the rules"


# ---------------------------------------------------------------- through runs

SAID = ("La livraison a pris trois semaines, inadmissible.", "Personne ne répond au téléphone, lamentable.", "Ma facture est fausse, scandaleux.")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A store whose registry knows three irritants, and thirty reviews that tell of them."""
    folder = tmp_path_factory.mktemp("edits")
    rows = [f'{i},2026-0{1 + i % 6}-1{i % 9},"{SAID[i % 3]}"' for i in range(30)]
    (folder / "reviews.csv").write_text("\n".join(["id,date,text", *rows]), encoding="utf-8")
    settings = "project: edits\nstore: sqlite:///voc.db\noutput: out\nsources:\n  - {name: reviews, kind: review, path: reviews.csv, fields: {id: id, text: text, date: date}}\n"
    (folder / "voc.yaml").write_text(settings, encoding="utf-8")
    config = load_config(folder / "voc.yaml")
    known = [
        replace(an_irritant(f"IRR-{name * 8}"), exemplars=(Exemplar("v", 0, text, "fr"),), threshold=0.8, generation=0)
        for name, text in zip("ABC", SAID, strict=True)
    ]
    with open_store(config.store_url) as store:
        store.save_irritants(known)
    pipeline.run(config)
    return config


def _told(config: Config) -> dict[str, int]:
    """How many segments tell of each record in the last run."""
    with open_registry(config) as registry:
        held = [mention.irritant_id for mention in registry.mentions()]
    return {irritant_id: held.count(irritant_id) for irritant_id in sorted(set(held))}


def test_edits_hold_in_every_later_run(config: Config) -> None:
    """A run after an edit claims anew, by the edited registry: renamed, merged, split, moved and rejected stay so; undone, all is as it was."""
    c = "IRR-CCCCCCCC"
    first = _told(config)
    assert sorted(first) == [A, B, c] and min(first.values()) > 5
    assert pipeline.run(config).nothing_new
    with open_registry(config, "anne") as registry:
        registry.rename(A, fr="Livraison lente", en="Slow delivery")
        registry.merge(B, into=A)
        part = registry.split(A, ["téléphone"], fr="Injoignable").payload["child"]
        registry.reject(c)
    second = pipeline.run(config)
    assert not second.nothing_new and _told(config) == {A: first[A], part: first[B]}
    with open_store(config.store_url) as store:
        assert store.done_shards(second.run.id, "discover")[0]["irritant.rejected"] == first[c]
        assert {m.name: m.value for m in store.metrics(second.run.id, "run")}["n_rejected_segments"] == first[c]
        assert store.irritant(B).label_fr == "Livraison lente"
        place = next((m.verbatim_id, m.position) for m in store.mentions(second.run.id) if m.irritant_id == part)
    with open_registry(config, "anne") as registry:
        registry.move(place, A)
    pipeline.run(config, fresh=True)
    assert _told(config) == {A: first[A] + first[B]}, "the very words go there wherever they are said"
    with open_registry(config, "anne") as registry:
        for edit in reversed(registry.history()):
            if not edit.run_id and edit.action != "undo":
                registry.undo(edit.id)
    pipeline.run(config)
    assert _told(config) == first


def test_a_strength_has_no_gap_whatever_its_id(config: Config) -> None:
    """Gaps are read of what is an irritant by its record, never by what its id begins with."""
    praised = "IRRESISTIBLE"
    with open_registry(config, "anne") as registry:
        registry._store.save_irritants([an_irritant(praised, kind=IrritantKind.STRENGTH, threshold=1.0, generation=0)])
        place = next((m.verbatim_id, m.position) for m in registry.mentions() if m.irritant_id == A)
        moved = registry.move(place, praised)
    run = pipeline.run(config).run
    with open_registry(config, "anne") as registry:
        assert {m.irritant_id for m in registry.mentions()} == {B, "IRR-CCCCCCCC", praised}
        assert {gap.irritant_id for gap in registry._store.gaps(run.id)} == {B, "IRR-CCCCCCCC"}
        registry.undo(moved.id)


def test_a_run_cut_short_before_an_edit_is_not_gone_on_with(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was claimed before an edit is not mixed with what is claimed after: the run begins anew."""
    monkeypatch.setattr(pipeline, "STEPS", pipeline.STEPS[:-1])
    cut = pipeline.run(config, fresh=True).run
    with open_registry(config, "anne") as registry:
        registry._store.update_run(cut.id, status="failed")
        started = pipeline.begin(config, registry._store)
        assert started.resumed and started.run.id == cut.id
        registry._store.update_run(cut.id, status="failed")
        registry.pin(A)
        started = pipeline.begin(config, registry._store)
        assert not started.resumed and started.run.id != cut.id
        registry._store.update_run(started.run.id, status="failed")


# ---------------------------------------------------------------- on the command line

COMMANDS = typer.main.get_command(app).commands["irritants"].commands  # type: ignore[attr-defined]  # both are groups


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_action_is_documented(name: str) -> None:
    """Every action has help with an example of itself, and help for each of its options."""
    command = COMMANDS[name]
    assert f"voc irritants configs/demo.yaml {name}" in (command.help or "")
    assert all(getattr(option, "help", None) for option in command.params if option.name != "help")


def test_edits_on_the_command_line(config: Config, tmp_path: Path) -> None:
    """An edit says what it did and how to undo it; the history tells who did what and why; a mistake is one clear line."""
    with open_store(config.store_url) as store:
        place = next(f"{m.verbatim_id}:{m.position}" for m in store.mentions(store.runs()[0].id))
    file = config.root / "voc.yaml"
    said = voc("irritants", file, "rename", A.lower(), "--en", "Slow delivery", "--author", "anne", "--reason", "clearer").out
    assert f"{A} named 'Slow delivery' (en)" in said and "takes it back" in said
    for action in (
        ["note", A, "--covers", "late parcels", "--not", "lost ones"],
        ["note", A, "--covers", "slow parcels"],
        ["note", A, "--not", "gifts"],
        ["owner", A, "Transport"],
        ["pin", A],
        ["unpin", A],
        ["split", A, "--keyword", "trois semaines", "--en", "Three weeks"],
        ["move", place, "none"],
        ["reject", B],
        ["restore", B],
        ["merge", B, A],
        ["undo"],
    ):
        voc("irritants", file, *action, "--author", "karim")
    told = voc("irritants", file, "history", A).out
    for words in (
        "anne",
        "karim",
        "clearer",
        "covers 'slow parcels'",
        "does not cover 'gifts'",
        "owned by Transport",
        "pinned",
        "split: IRR-",
        f"{B} merged into {A} (undone)",
    ):
        assert words in " ".join(told.split()), words
    shown = voc("irritants", file, "show", A).out
    assert "covers late parcels" in shown and "does not cover lost ones" in shown
    assert "Did you mean 'IRR-AAAAAAAA'" in voc("irritants", file, "pin", "IRR-AAAAAAAB", code=2).err
    assert "does not say where a sentence stands" in voc("irritants", file, "move", "here", A, code=2).err


# ---------------------------------------------------------------- as a workbook


def _fill(path: Path, sheet: str, key: str, value: str, **cells: str) -> None:
    """Writes cells of the row whose column `key` begins with `value`, found by their heads."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    rows = book[sheet]
    heads = {cell.value: cell.column for cell in rows[1]}
    row = next(n for n in range(2, rows.max_row + 1) if str(rows.cell(n, heads[key]).value).startswith(value))
    for name, text in cells.items():
        rows.cell(row, heads[name.replace("_", " ")]).value = text
    book.save(path)


def test_a_review_workbook_comes_back_as_edits(config: Config, tmp_path: Path) -> None:
    """What was changed becomes edits, shown first with --dry-run; what somebody changed meanwhile is a conflict; the same file again changes nothing."""
    file, path = config.root / "voc.yaml", tmp_path / "review.xlsx"
    with open_registry(config, "anne") as registry:
        for edit in reversed(registry.history()):
            if not edit.run_id and edit.action != "undo" and edit.id not in pure.undone(registry.history()):
                registry.undo(edit.id)
    pipeline.run(config, fresh=True)
    voc("export", file, "--for-review", path, "--lang", "en")
    assert "is there already" in voc("export", file, "--for-review", path, code=2).err
    assert "0 edits would be made, 0 conflicts" in voc("import-review", file, path, "--dry-run").out
    _fill(path, "Irritants", "id", A, French_label="Livraison lente", pinned="yes", owner="Transport", reason="seen with Karim")
    _fill(path, "Irritants", "id", B, split_on_words="téléphone; répond", label_of_the_split_part="Injoignable")
    _fill(path, "Irritants", "id", "IRR-CCCCCCCC", decision="reject")
    _fill(path, "Mentions", "irritant", B, move_to=f"{A} · whatever")
    dry = voc("import-review", file, path, "--dry-run").out
    assert f"{A} named 'Livraison lente' (fr)" in dry and "6 edits would be made" in dry
    with open_registry(config, "karim") as registry:
        assert registry.standing().records[A].label_fr == "colis perdu"
        registry.rename("IRR-CCCCCCCC", fr="Facture fausse")
    taken = voc("import-review", file, path, "--author", "anne", code=1).out
    assert "5 edits made, 1 conflict" in taken and "yours, not done: IRR-CCCCCCCC rejected" in taken and "(karim," in taken
    with open_registry(config) as registry:
        records = registry.standing().records
        assert (records[A].label_fr, records[A].pinned, records[A].owner) == ("Livraison lente", True, "Transport")
        assert records["IRR-CCCCCCCC"].status == "active" and list(registry.standing().moves.values()) == [A]
        assert [r.label_fr for r in records.values() if r.parent == B and r.status == "active"] == ["Injoignable"]
        assert {edit.author for edit in registry.history(A)[-3:]} == {"anne"}
    assert "0 edits made, 1 conflict" in voc("import-review", file, path, code=1).out


def test_a_split_that_was_undone_can_be_asked_for_again(config: Config, tmp_path: Path) -> None:
    """A workbook that made a split which was then undone shows that as a conflict; one written since makes the split again, under the same id."""
    file, old, new = config.root / "voc.yaml", tmp_path / "old.xlsx", tmp_path / "new.xlsx"
    asked = {"split_on_words": "facture", "label_of_the_split_part": "Facture"}
    voc("export", file, "--for-review", old, "--lang", "en")
    _fill(old, "Irritants", "id", "IRR-CCCCCCCC", **asked)
    assert "1 edit made, 0 conflicts" in voc("import-review", file, old).out
    with open_registry(config) as registry:
        split = registry.history()[-1]
        registry.undo(split.id)
    assert "0 edits made, 1 conflict" in voc("import-review", file, old, code=1).out
    voc("export", file, "--for-review", new, "--lang", "en")
    _fill(new, "Irritants", "id", "IRR-CCCCCCCC", **asked)
    assert "1 edit made, 0 conflicts" in voc("import-review", file, new).out
    assert "0 edits made, 0 conflicts" in voc("import-review", file, new).out
    with open_registry(config) as registry:
        assert registry.standing().records[split.payload["child"]].status == "active"


def test_a_long_review_is_read_as_often_as_a_short_one(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sentences a workbook moves, mentions and ledger are read as often as for one."""
    from openpyxl import load_workbook

    file = config.root / "voc.yaml"
    reads: list[str] = []
    for name in ("mentions", "edits", "given_irritants"):
        read = getattr(Store, name)
        monkeypatch.setattr(Store, name, lambda *given, _name=name, _read=read: reads.append(_name) or _read(*given))
    counts = {}
    for n in (1, 9):
        path = tmp_path / f"{n}.xlsx"
        voc("export", file, "--for-review", path, "--lang", "en")
        book = load_workbook(path)
        column = next(cell.column for cell in book["Mentions"][1] if cell.value == "move to")
        for row in range(2, 2 + n):
            book["Mentions"].cell(row, column).value = "IRR-BBBBBBBB · whatever"
        book.save(path)
        with open_registry(config) as registry:
            reads.clear()
            assert len(read_review(registry, path).edits) == n
            counts[n] = sorted(reads)
    assert counts[1] == counts[9]


def test_wrong_cells_of_a_review_are_told_all_at_once(config: Config, tmp_path: Path) -> None:
    """Every wrong cell is named with what it may hold, and nothing is changed; a file that is no review is refused."""
    file, path = config.root / "voc.yaml", tmp_path / "revue.xlsx"
    voc("export", file, "--for-review", path)
    _fill(path, "Irritants", "id", A, décision="peut-être")
    _fill(path, "Irritants", "id", "IRR-CCCCCCCC", libellé_français=" ")
    with open_registry(config) as registry:
        before = registry.history()
    told = voc("import-review", file, path, code=2).err
    assert "'peut-être'" in told and "a label was emptied" in told
    assert "no such file" in voc("import-review", file, tmp_path / "absent.xlsx", code=2).err
    (tmp_path / "words.xlsx").write_text("words")
    assert "not a workbook that can be read" in voc("import-review", file, tmp_path / "words.xlsx", code=2).err
    with open_registry(config) as registry:
        assert registry.history() == before


def _ended(config: Config) -> None:
    """Takes every edit in force back, and runs."""
    with open_registry(config, "anne") as registry:
        for edit in reversed(registry.history()):
            if not edit.run_id and edit.action != "undo" and edit.id not in pure.undone(registry.history()):
                registry.undo(edit.id)
    pipeline.run(config, fresh=True)


def test_every_refused_row_is_told_with_its_sheet(config: Config, tmp_path: Path) -> None:
    """Rows that cannot be made are all told with sheet and row, beside the conflicts and what could be made; nothing is changed, dry or not."""
    _ended(config)
    file, path, c = config.root / "voc.yaml", tmp_path / "refused.xlsx", "IRR-CCCCCCCC"
    voc("export", file, "--for-review", path, "--lang", "en")
    _fill(path, "Irritants", "id", A, English_label="Slow delivery", merge_into="IRR-ZZZZZZZZ")
    _fill(path, "Irritants", "id", B, split_on_words="téléphone, répond")
    _fill(path, "Irritants", "id", c, owner="Billing")
    soon = {"what_will_be_done": "new carrier", "what_is_to_change": "NPS", "by_how_much_(-50%_or_-2)": "+2", "weeks_of_the_window": "8"}
    _fill(path, "Actions", "irritant", A, first_day_of_the_window="2026-01-05", **soon)
    with open_registry(config, "karim") as registry:
        registry.rename(c, fr="Facture fausse")
        before = registry.history()
    for options in (["--dry-run"], []):
        told = voc("import-review", file, path, *options, code=2)
        lines = told.err.splitlines()
        assert [sum(words in line for line in lines) for words in ("Irritants, row", "Actions, row", "no record IRR-ZZZZZZZZ")] == [2, 1, 1]
        assert "semicolons between them in the workbook" in told.err and len(lines) == 3
        assert f"would be: {A} named 'Slow delivery' (en)" in told.out and f"yours, not done: {c} owned by Billing" in told.out
        assert "1 edit would be made, 1 conflict, 3 refused" in told.out
    with open_registry(config) as registry:
        assert registry.history() == before


def test_a_note_of_one_side_comes_from_the_workbook(config: Config, tmp_path: Path) -> None:
    """A cell of what is covered, or of what is not, makes a note of that side alone, and is told so."""
    file, path = config.root / "voc.yaml", tmp_path / "notes.xlsx"
    voc("export", file, "--for-review", path, "--lang", "en")
    cells = {"covers_(note_to_add)": "parcels", "does_not_cover_(note_to_add)": "gifts"}
    for irritant_id, name in zip((A, B), cells, strict=True):
        _fill(path, "Irritants", "id", irritant_id, **{name: cells[name]})
    told = voc("import-review", file, path).out
    assert f"{A} covers 'parcels'" in told and f"{B} does not cover 'gifts'" in told and "2 edits made" in told


@pytest.mark.parametrize(("lang", "cell", "label"), [("fr", "nouveau : Trop de jours", "label_fr"), ("en", "New: Too many days", "label_en")])
def test_a_part_is_split_off_by_examples_in_the_workbook(config: Config, tmp_path: Path, lang: str, cell: str, label: str) -> None:
    """Mentions with one new label are the examples of one split; it can be undone, and the same workbook then shows it as a conflict."""
    from openpyxl import load_workbook

    _ended(config)
    file, path = config.root / "voc.yaml", tmp_path / "parts.xlsx"
    voc("export", file, "--for-review", path, "--lang", lang)
    book = load_workbook(path)
    sheet = book["Mentions"]
    move_to = next(column.column for column in sheet[1] if column.value in ("move to", "déplacer vers"))
    rows = [n for n in range(2, sheet.max_row + 1) if str(sheet.cell(n, 1).value).startswith(A)][:2]
    for row in rows:
        sheet.cell(row, move_to).value = cell
    book.save(path)
    assert "by 1 example, 1 among the" in voc("import-review", file, path, "--dry-run").out
    assert "1 edit made, 0 conflicts" in voc("import-review", file, path).out
    assert "0 edits made, 0 conflicts" in voc("import-review", file, path).out
    with open_registry(config, "anne") as registry:
        split = registry.history()[-1]
        part = registry.standing().records[split.payload["child"]]
        assert (part.parent, getattr(part, label)) == (A, cell.partition(":")[2].strip())
        assert [one.text for one in part.exemplars] == [SAID[0]], "the same words are one example"
        registry.undo(split.id)
        assert registry.record(part.id).id == A
    assert "0 edits made, 1 conflict" in voc("import-review", file, path, code=1).out
    sheet.cell(rows[1], move_to).value = B
    book.save(path)
    assert "the same words go elsewhere in row 2" in voc("import-review", file, path, code=2).err
    for row in rows:
        sheet.cell(row, move_to).value = cell.partition(":")[0] + ":"
    book.save(path)
    assert "a new part without a label" in voc("import-review", file, path, code=2).err


def test_a_part_of_what_was_merged_meanwhile_is_a_conflict(config: Config, tmp_path: Path) -> None:
    """A new part of an irritant that somebody merged after the workbook was written is told with that merge, and not made."""
    _ended(config)
    file, path = config.root / "voc.yaml", tmp_path / "late.xlsx"
    voc("export", file, "--for-review", path, "--lang", "en")
    _fill(path, "Mentions", "irritant", B, move_to="new: Nobody answers")
    with open_registry(config, "karim") as registry:
        merged = registry.merge(B, A)
    told = voc("import-review", file, path, code=1).out
    assert f"theirs: {merged.id}. {B} merged into {A} (karim," in told and "0 edits made, 1 conflict" in told


def test_a_split_says_what_it_takes(config: Config) -> None:
    """Of the sentences known, a split tells how many it takes and which words nobody says; one that takes none is refused with what to do."""
    _ended(config)
    file, n = config.root / "voc.yaml", _told(config)[B]
    told = voc("irritants", file, "split", B, "--keyword", "téléphone", "--keyword", "zzzqq", "--fr", "Injoignable").out
    assert f"takes {n} of the {n} sentences known of it, none says 'zzzqq'" in told
    assert "mentions" in voc("irritants", file, "split", A, "--keyword", "zzzqq", "--fr", "Rien", code=2).err
    assert "give each its own --keyword" in voc("irritants", file, "split", A, "--keyword", "trois, semaines", "--fr", "Rien", code=2).err
    with open_registry(config) as registry:
        elsewhere = next(f"{m.verbatim_id}:{m.position}" for m in registry.mentions() if m.irritant_id == B)
    assert "no example is among" in voc("irritants", file, "split", A, "--example", elsewhere, "--fr", "Rien", code=2).err
