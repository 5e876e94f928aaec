"""The command line: documented, quick to answer, clear when something is wrong, and enough for a new user's own file."""

from __future__ import annotations

import csv
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import typer.main
from commands import ROOT, demo_config, environment, voc
from conftest import Demo

from voc_pipeline import cli
from voc_pipeline.cli import app

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # the app has several commands, so it is a group
README = ROOT / "README.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    """Every command has help with an example of itself, and is named in the README."""
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]  # a group, for the same reason: several commands
    assert "Example" in (command.help or ""), f"voc {name} shows no example"
    assert re.search(rf"voc {name}\b", command.help or "")
    assert all(option.help for option in command.params if option.name != "help"), f"an option of voc {name} has no help"
    assert re.search(rf"`?voc {name}\b|, `voc {name}", README.read_text(encoding="utf-8")), f"README does not name voc {name}"


def test_help_answers_at_once() -> None:
    """`voc --help` loads no heavy library, and takes less than a second of processor time."""
    code = "import sys; from voc_pipeline.cli import app; print(sorted({'torch', 'spacy', 'prefect', 'bertopic', 'sqlalchemy', 'pandas', 'numpy', 'sklearn'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
    before = os.times()
    assert "annotate" in voc("--help").out
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    assert spent < 1.0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "nowhere.yaml"], "no such file"),
        (["check", "nowhere.yaml"], "voc init"),
        (["schedule", "configs/demo.yaml", "--cron", "every day"], "five fields"),
        (["schedule", "configs/demo.yaml", "--cron", "0 6 * * 1", "--timezone", "Mars/Base"], "time zone"),
        (["annotate", "nowhere.csv", "out.jsonl"], "no such file"),
    ],
)
def test_what_is_wrong_is_one_clear_line(words: list[str], told: str) -> None:
    """An error of the user's is one line with its remedy and exit code 2, never a traceback."""
    ended = voc(*words, code=2)
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    """Three wrong settings are three lines, each with where it is and what is known."""
    path = demo_config(tmp_path, langages=["fr"], window_days=3, flow={"task_runner": "thread"})
    ended = voc("check", path, code=2)
    assert ended.err.count("error:") == 3
    assert "Did you mean 'languages'?" in ended.err
    assert "Did you mean 'threads'?" in ended.err


def test_check_shows_rows_and_problems_and_changes_nothing(tmp_path: Path) -> None:
    """`voc check` shows how first rows map and what will be set aside, and creates neither store nor output."""
    path = demo_config(tmp_path)
    ended = voc("check", path)
    assert "CV-2025-00001" in ended.out
    assert "off its scale" in ended.out
    assert "Next: voc run" in ended.out
    assert [file.name for file in tmp_path.iterdir()] == ["demo.yaml"]


def test_check_says_no_when_a_run_could_not_begin(tmp_path: Path) -> None:
    """A missing column, model and file are all told at once, each with its remedy, and the exit code is 1."""
    path = demo_config(tmp_path, ["reviews"], model="voc-mega")
    path.write_text(path.read_text(encoding="utf-8").replace("text: Commentaire", "text: Comentaire"), encoding="utf-8")
    ended = voc("check", path, code=1)
    assert "A run cannot begin" in ended.out
    assert "Did you mean 'Commentaire'?" in ended.out
    assert "voc-mega" in ended.out


def test_init_never_overwrites_without_force(tmp_path: Path) -> None:
    """`voc init` leaves an existing voc.yaml as it is unless told --force."""
    reviews = ROOT / "data_samples" / "ondelia" / "avis_ondelia.csv"
    (tmp_path / "voc.yaml").write_text("mine\n", encoding="utf-8")
    assert "--force" in voc("init", tmp_path, reviews, code=2).err
    assert (tmp_path / "voc.yaml").read_text(encoding="utf-8") == "mine\n"
    voc("init", tmp_path, reviews, "--force")
    assert "sources:" in (tmp_path / "voc.yaml").read_text(encoding="utf-8")


OWN = [
    ("Livraison jamais arrivée, personne ne répond au téléphone.", 1),
    ("Très bon accueil en magasin, la vendeuse connaît ses produits.", 5),
    ("Facture en double et aucun remboursement depuis un mois.", 1),
    ("RAS", 4),
]


def test_new_user_goes_from_own_file_to_report(tmp_path: Path) -> None:
    """With an own CSV of a few dozen rows: init, check and run, without touching a setting, end with a report that says what it cannot tell."""
    rows = [(f"R{i:03d}", f"{1 + i % 28:02d}/0{1 + i % 9}/2026", *OWN[i % 4], f"cli{i}") for i in range(40)]
    with (tmp_path / "avis.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Numéro", "Date", "Avis", "Note", "Client"])
        writer.writerows((number, day, f"{words} ({number})", stars, customer) for number, day, words, stars, customer in rows)
    said = voc("init", "mine", "avis.csv", cwd=tmp_path).out
    assert "voc check mine/voc.yaml" in said
    voc("check", "mine/voc.yaml", cwd=tmp_path)
    ended = voc("run", "mine/voc.yaml", "--direct", cwd=tmp_path)
    assert "40 received" in ended.out
    assert (tmp_path / "mine" / "out" / "report.fr.html").stat().st_size > 10_000


# ---------------------------------------------------------------- what a run found


def _first(demo: Demo) -> str:
    with (demo.out / "irritants.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))["id"]


@pytest.mark.timeout(1500)
def test_irritants_are_listed_and_shown(demo: Demo) -> None:
    """The list names the first irritant; show gives its figures with intervals, its gap with confidence and refuting question, owner and quotes."""
    first = _first(demo)
    assert first in voc("irritants", demo.config).out
    shown = voc("irritants", demo.config, "show", first.lower()).out
    for expected in (first, "share of verbatims", "95 % interval", "owner", "Servqual", "In their words"):
        assert expected in shown


@pytest.mark.timeout(1500)
def test_unknown_irritant_is_answered_with_the_nearest(demo: Demo) -> None:
    """An id with a slip of the finger gets an error that names the one that was meant."""
    first = _first(demo)
    wrong = first[:-1] + ("A" if first[-1] != "A" else "B")
    assert first in voc("irritants", demo.config, "show", wrong, code=2).err
    assert "Did you mean 'show'?" in voc("irritants", demo.config, "shwo", code=2).err


@pytest.mark.timeout(1500)
def test_export_into_a_database_is_whole_and_never_takes_a_foreign_table(demo: Demo, tmp_path: Path) -> None:
    """The exported tables hold the rows of the CSVs; exporting again replaces them; a table of somebody else is left alone."""
    url = f"sqlite:///{tmp_path}/tables.db"
    for _ in range(2):
        voc("export", demo.config, "--to", url)
    with sqlite3.connect(tmp_path / "tables.db") as connection, (demo.out / "mentions.csv").open(encoding="utf-8", newline="") as file:
        assert connection.execute("SELECT count(*) FROM mentions").fetchone()[0] == len(list(csv.reader(file))) - 1
        connection.execute("CREATE TABLE kept (a)")
    with sqlite3.connect(tmp_path / "theirs.db") as connection:
        connection.execute("CREATE TABLE gaps (theirs TEXT)")
    ended = voc("export", demo.config, "--to", f"sqlite:///{tmp_path}/theirs.db", code=2)
    assert "did not make" in ended.err
    with sqlite3.connect(tmp_path / "theirs.db") as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")] == ["gaps"]


@pytest.mark.timeout(1500)
def test_report_is_written_again_from_the_store(demo: Demo, tmp_path: Path) -> None:
    """An exported folder holds the very tables of the run, and an older run's report goes beside the newest, not over it."""
    voc("export", demo.config, "--to", tmp_path / "tables")
    assert (tmp_path / "tables" / "irritants.csv").read_bytes() == (demo.out / "irritants.csv").read_bytes()
    before = (demo.out / "irritants.csv").read_bytes()
    assert str(demo.out / "run-0001") in voc("report", demo.config, "--run-id", "run-0001").out
    assert (demo.out / "irritants.csv").read_bytes() == before


# ---------------------------------------------------------------- replay, one at a time, Ctrl-C


def _reviews(folder: Path, rows: list[list[str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "avis.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["id", "date", "texte", "note"], *rows])
    source = {
        "name": "avis",
        "kind": "review",
        "path": "avis.csv",
        "date_formats": ["%d/%m/%Y"],
        "fields": {"id": "id", "text": "texte", "date": "date", "scores": {"stars": {"field": "note", "low": 1, "high": 5}}},
    }
    return demo_config(folder, sources_are=[source])


def test_replay_says_what_became_of_each_row(tmp_path: Path) -> None:
    """What was quarantined and then corrected is analysed, what was not stays so, and the two sum to what was held."""
    good = [[f"A{i}", "03/04/2026", f"Le colis numéro {i} est arrivé ouvert et sans bon de livraison.", "2"] for i in range(6)]
    bad = [["B1", "31/02/2026", "Date impossible mais avis bien réel.", "2"], ["B2", "03/04/2026", "Note hors échelle.", "9"]]
    config = _reviews(tmp_path, good + bad)
    voc("run", config, "--direct")
    unchanged = voc("replay", config)
    assert "2 quarantined by run-0001 = 2 quarantined still" in unchanged.out
    corrected = tmp_path / "corrected.csv"
    with corrected.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "date", "texte", "note"], ["B1", "28/02/2026", bad[0][2], "2"], ["B2", "03/04/2026", bad[1][2], "8"]])
    ended = voc("replay", config, "--source", "avis", "--file", corrected)
    assert "2 quarantined by run-0001 = 1 analysed + 1 quarantined still" in ended.out
    assert "2 received = 1 analysed" in ended.out
    stored = (tmp_path / "out" / "voc.db").read_bytes() + b"".join(path.read_bytes() for path in (tmp_path / "out").glob("voc.db-wal"))
    assert "Note hors échelle".encode() not in stored
    assert "Did you mean 'avis'?" in voc("replay", config, "--source", "avi", code=2).err


def test_second_run_on_a_held_store_is_refused_and_a_dead_one_forgotten(tmp_path: Path) -> None:
    """While somebody holds the store, a run is refused with the owner's process id; when the owner is killed, nothing of it is in the way."""
    config = _reviews(tmp_path, [["A1", "03/04/2026", "Le colis est arrivé ouvert.", "2"]])
    code = (
        "import sys, time\nfrom voc_pipeline.store import exclusive\nwith exclusive(sys.argv[1]):\n    print('held', flush=True)\n    time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{tmp_path}/out/voc.db"], env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused = voc("run", config, "--direct", code=2)
        assert f"process {holder.pid} " in refused.err
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / "out" / "voc.db.lock").exists()
    assert "1 received" in voc("run", config, "--direct").out
    assert not (tmp_path / "out" / "voc.db.lock").exists()


def test_one_run_at_a_time_on_postgresql(postgres_url: object) -> None:
    """On PostgreSQL too the store is held by one, who is named, and let go at the end."""
    from voc_pipeline.errors import StoreError
    from voc_pipeline.store import exclusive

    url = postgres_url()  # type: ignore[operator]  # a fixture that makes URLs
    with exclusive(url), pytest.raises(StoreError, match=f"process {os.getpid()} "), exclusive(url):
        pass
    with exclusive(url):
        pass


@pytest.mark.timeout(600)
def test_ctrl_c_ends_quietly_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """Interrupted in the middle, a direct run ends with 130, one line and no traceback; the same command then resumes it."""
    from commands import UNDISCOVERED, start

    config = demo_config(tmp_path, ["survey"], shard_size=16, discovery=UNDISCOVERED)
    process = start("run", config, "--direct")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None and not _has_begun(tmp_path / "out" / "voc.db"):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.strip() == "stopped; run the same command again to go on where it stopped"
    assert "Traceback" not in out
    assert "resumed" in voc("run", config, "--direct").out


def _has_begun(database: Path) -> bool:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return bool(connection.execute("SELECT count(*) FROM shard WHERE step = 'annotate'").fetchone()[0])
    except sqlite3.Error:
        return False


@pytest.mark.parametrize(("cause", "code", "told"), [(KeyboardInterrupt(), 130, ""), (OSError("disk"), 1, "fault of voc")])
def test_ctrl_c_while_a_library_is_imported_is_a_quiet_end(
    cause: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library stopped while it is imported answers with an ImportError: told as Ctrl-C is; any other is told as our fault."""

    def fails(*_: object, **__: object) -> None:
        raise ImportError("the library could not be loaded") from cause

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == code and (told in said if told else said == "")


# ---------------------------------------------------------------- audit


def _fill(database: Path, source: Path, target: Path, name: str, wrong: bool = False, n: int = 1000) -> None:
    """A copy of an audit's workbook whose first `n` verbatims are filled in by a person who differs from the model on every seventh."""
    from openpyxl import load_workbook

    from voc_pipeline.audit.sheet import COLUMNS, guide

    with sqlite3.connect(database) as connection:
        said = {row[0]: row[1:] for row in connection.execute("SELECT verbatim_id, sentiment, not_valued FROM annotation")}
    book = load_workbook(source)
    place = {column: rank for rank, column in enumerate(COLUMNS)}
    for number, row in enumerate(islice(book[guide()["sheets"]["verbatims"]["fr"]].iter_rows(min_row=2), n)):
        sentiment, not_valued = said[row[place["id"]].value]
        differs = (number + len(name)) % 7 == 0
        answers = {"sentiment": "Neutre" if differs else sentiment, "not_valued": "oui" if bool(not_valued) != differs else "non", "valued": "non"}
        for column, value in answers.items():
            row[place[column]].value = "peut-être" if wrong and number == 0 and column == "not_valued" else value
        row[place["comment"]].value = "Voir avec Nadia, 06 12 34 56 78" if number == 0 else None
    for row in book[guide()["sheets"]["read"]["fr"]].iter_rows():
        if row[0].value == guide()["about"]["annotator"]["fr"]:
            row[1].value = name
    book.save(target)


def test_an_audit_goes_out_and_comes_back(demo: Demo, tmp_path: Path) -> None:
    """A sample of the last run is drawn, filled in by two people and taken back twice: figures are told, stored once, and shown in the reports."""
    config = demo_config(tmp_path)
    (tmp_path / "out").mkdir()
    with sqlite3.connect(demo.out / "voc.db") as source, sqlite3.connect(tmp_path / "out" / "voc.db") as copy:
        source.backup(copy)
    book = tmp_path / "audit.xlsx"
    drawn = voc("audit", config, "--n", "200", "--to", book, "--seed", "5").out
    assert "200 of" in drawn and "run-0002" in drawn and "--filled" in drawn
    assert "is there already" in voc("audit", config, "--n", "200", "--to", book, "--seed", "5", code=2).err
    assert "nothing is filled in" in voc("audit", config, "--filled", book, code=2).err
    again = tmp_path / "again.xlsx"
    assert voc("audit", config, "--n", "200", "--to", again, "--seed", "5", "--lang", "en").out.split(":")[0] == drawn.split(":")[0]
    _fill(tmp_path / "out" / "voc.db", book, tmp_path / "anne.xlsx", "Anne")
    _fill(tmp_path / "out" / "voc.db", book, tmp_path / "karim.xlsx", "Karim", wrong=True)
    refused = voc("audit", config, "--filled", tmp_path / "anne.xlsx", "--filled", tmp_path / "karim.xlsx", code=2).err
    assert "karim.xlsx: row 2, column 'Peu considéré ?'" in refused and "peut-être" in refused
    alone = voc("audit", config, "--filled", tmp_path / "anne.xlsx").out
    assert "One person has read" in alone and "asks for 300" in alone and "gates of the codebook" not in alone and "human" not in alone
    _fill(tmp_path / "out" / "voc.db", book, tmp_path / "karim.xlsx", "Karim")
    both = [voc("audit", config, "--filled", tmp_path / "anne.xlsx", "--filled", tmp_path / "karim.xlsx").out for _ in range(2)]
    assert both[0] == both[1] and "gates of the codebook" in both[0] and "read by both" in both[0]
    _fill(tmp_path / "out" / "voc.db", book, tmp_path / "third.xlsx", "Zoé")
    _fill(tmp_path / "out" / "voc.db", book, tmp_path / "few.xlsx", "anne", n=9)
    assert "answers are gone" in voc("audit", config, "--filled", tmp_path / "few.xlsx").out
    assert "answers are gone" not in voc("audit", config, "--filled", tmp_path / "anne.xlsx").out
    assert "Anne, Karim answered it already" in voc("audit", config, "--filled", tmp_path / "third.xlsx", code=2).err
    assert "200 verbatims that Karim read" in voc("audit", config, "--withdraw", " karim").out
    assert "Anne" in voc("audit", config, "--withdraw", "Karim", code=2).err
    assert "ends in .csv" in voc("audit", config, "--n", "200", "--to", tmp_path / "audit.csv", code=2).err
    voc("audit", config, "--filled", tmp_path / "karim.xlsx")
    with sqlite3.connect(tmp_path / "out" / "voc.db") as database:
        assert database.execute("SELECT count(*), count(DISTINCT annotator) FROM audit_answer").fetchone() == (400, 2)
        comments = {row[0] for row in database.execute("SELECT comment FROM audit_answer")}
        assert not any("06 12" in comment or "Nadia" in comment for comment in comments)
        assert database.execute("SELECT count(*) FROM metric WHERE scope = 'audit' AND run_id = 'run-0001'").fetchone() == (0,)
    out = tmp_path / "out"
    assert 'class="audited"' in (out / "report.fr.html").read_text(encoding="utf-8")
    with (out / "audit.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["label"], row["value"]): row for row in csv.DictReader(file)}
    assert rows["sentiment", "negative"]["people"] == "Anne, Karim" and rows["sentiment", "negative"]["corrected_share"]
    learnt = voc("train", config, "--labels", tmp_path / "anne.xlsx", "--out", tmp_path / "model").out
    assert "stage" in learnt and "200 rows" in learnt and (tmp_path / "model" / "voc.json").is_file()
    later = voc("run", config, "--fresh", "--direct", "--run-id", "later")
    assert "later" in later.out
    assert 'class="audited"' in (out / "report.fr.html").read_text(encoding="utf-8")


def test_an_audit_without_a_run_is_refused(tmp_path: Path) -> None:
    """There is nothing to draw from before a run is done, and the remedy says so."""
    assert "no run is done yet" in voc("audit", demo_config(tmp_path), code=2).err
