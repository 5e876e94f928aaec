"""The store keeps its promises on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, NullPool, create_engine, event, select, text

from voc_pipeline.errors import StoreError
from voc_pipeline.schema import (
    Annotation,
    Audit,
    AuditAnswer,
    Dimension,
    Drawn,
    Dropped,
    Exemplar,
    Gap,
    GapReading,
    Interval,
    Irritant,
    IrritantKind,
    Mention,
    NotValuedCode,
    Outcome,
    Passage,
    Reason,
    Role,
    Segment,
    SegmentAnnotation,
    Sentiment,
    SourceKind,
    Stage,
    Stratum,
    Unreadable,
    Verbatim,
)
from voc_pipeline.store import Edit, Metric, Run, ScoreRow, Store, open_store
from voc_pipeline.store import tables as t
from voc_pipeline.store.columns import storable, to_json
from voc_pipeline.store.database import HEAD, MIGRATIONS, VERSION_TABLE

ROOT = Path(__file__).parent.parent
NOW = datetime(2025, 3, 1, 9, 30)
MODEL = "voc-mini-1"


# ---------------------------------------------------------------- things to store


def a_run(ordinal: int = 1, request: str = "demande", **changes: Any) -> Run:
    run = Run(f"run-{ordinal:04d}", ordinal, "démo", "c0", request, "f0", MODEL, None, None, None, None, "running", NOW + timedelta(days=ordinal))
    return replace(run, **changes)


def a_verbatim(number: int, words: str = "", source: str = "avis", **changes: Any) -> Verbatim:
    words = words or f"Colis numéro {number} jamais reçu. Personne ne répond."
    cut = words.find(". ") + 1 or len(words)
    spans = [(0, cut)] + ([(cut + 1, len(words))] if cut < len(words) else [])
    verbatim = Verbatim(
        id=f"{number * 7919 % 1009:032x}",
        source=source,
        row_id=str(number),
        position=number,
        kind=SourceKind.REVIEW,
        channel="site",
        lang="fr",
        text=words,
        text_key=f"clef {words.casefold()}",
        question="",
        date=datetime(2025, 1, 1, 12) + timedelta(days=number),
        customer=f"client-{number}",
        respondent="",
        scores={"stars": float(number % 5 + 1)},
        attributes={"région": "Île-de-France"},
        segments=tuple(Segment(i, start, end, words[start:end], Role.CUSTOMER) for i, (start, end) in enumerate(spans)),
    )
    return replace(verbatim, **changes)


def an_annotation(verbatim: Verbatim, model: str = MODEL, p: float = 0.75) -> Annotation:
    return Annotation(
        verbatim_id=verbatim.id,
        sentiment=Sentiment.NEGATIVE,
        p_sentiment={"negative": p, "neutral": 1 - p},
        not_valued=True,
        p_not_valued=p,
        not_valued_codes=(NotValuedCode.IGNORED, NotValuedCode.NOT_HEARD),
        intensity=2,
        valued=False,
        stage=Stage.DELIVER,
        p_stage={"deliver": 0.9},
        dimension=Dimension.RELIABILITY,
        p_dimension={"reliability": 0.8},
        gap_cue=Gap.DELIVERY,
        p_gap_cue={"3": 0.7},
        passages=(
            Passage((0,), Stage.DELIVER, Dimension.RELIABILITY, Gap.DELIVERY, "livraison", 0.6),
            Passage((1,), Stage.SUPPORT, None, None, "", 0.1),
        ),
        abstained=("gap_cue",),
        segments=tuple(
            SegmentAnnotation(s.position, Sentiment.NEGATIVE, p, 0.1, 0.2, 0.0, "livraison", 0.5, Stage.DELIVER, 0.9, None, 0.1, Gap.DELIVERY, 0.3)
            for s in verbatim.segments
        ),
        model_version=model,
    )


def an_irritant(name: str = "IRR-AAAAAAAA", **changes: Any) -> Irritant:
    exemplars = (Exemplar("v1", 0, "Colis jamais reçu", "fr"), Exemplar("v2", 1, "Where is my parcel", "en"))
    status = {"fr": "derived", "en": "missing"}
    return replace(
        Irritant(name, IrritantKind.IRRITANT, "colis perdu", "", status, "livraison", ("colis", "perdu"), exemplars, 0.62, 1, "run-0001"), **changes
    )


def a_gap(name: str = "IRR-AAAAAAAA") -> GapReading:
    share = Interval(0.5, 0.25, 0.75, 12)
    question = {"fr": "Le délai est-il écrit ?", "en": "Is the lead time written down?"}
    return GapReading(name, Gap.DELIVERY, None, 0.5, {3: share, 2: share}, {"reliability": share}, 12, False, (("v1", 0), ("v2", 1)), question)


def fill(store: Store, verbatims: list[Verbatim], run: Run | None = None, **settling: Any) -> dict[str, int]:
    """One run that stages these verbatims, by source, and settles them."""
    run = run or a_run(len(store.runs()) + 1)
    store.start_run(run)
    for source in sorted({verbatim.source for verbatim in verbatims}):
        mine = [verbatim for verbatim in verbatims if verbatim.source == source]
        store.clear_stage(run.id, source)
        store.stage(run.id, source, mine, [], len(mine))
    return store.settle(run.id, **settling)


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the database holds it."""
    with looking_at(url).connect() as connection:
        return {table.name: sorted((tuple(row) for row in connection.execute(query)), key=repr) for table, query in _EVERYTHING}


def empty(url: str) -> None:
    """Deletes every row, leaving the tables."""
    with looking_at(url).begin() as connection:
        for table in reversed(t.metadata.sorted_tables):
            connection.execute(table.delete())


@cache
def looking_at(url: str) -> Engine:
    """An engine of the test's own, with no connection kept open."""
    return create_engine(url, poolclass=NullPool)


_EVERYTHING = [(table, select(table)) for table in t.metadata.sorted_tables]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        yield opened


# ---------------------------------------------------------------- opening


def test_schema_is_the_tables(store_url: str) -> None:
    """Migrations make exactly the tables that the code declares, comments included, and opening again changes nothing."""
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    for _ in range(2):
        open_store(store_url).close()
    engine = create_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, t.metadata) == []
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_store_is_opened_by_many_at_once(store_url: str) -> None:
    """Those who open a new store at the same moment wait for the one who makes its tables."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with open_store(store_url) as opened:
                assert opened.runs() == []
        except BaseException as error:  # handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_store_waits_for_who_holds_a_file_not_yet_logging_ahead(tmp_path: Path) -> None:
    """SQLite does not wait by itself for the change to WAL: whoever opens the store does."""
    file = tmp_path / "voc.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, other.rollback)
    release.start()
    try:
        with open_store(f"sqlite:///{file}") as opened:
            assert opened.runs() == []
    finally:
        release.join()
        other.close()


def test_migrations_can_be_undone(store_url: str) -> None:
    """Downgrading to nothing leaves no table of ours but the version's."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import inspect

    open_store(store_url).close()
    engine = create_engine(store_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == [VERSION_TABLE]
    engine.dispose()
    with open_store(store_url) as again:
        assert again.runs() == []


def test_irritants_of_an_older_store_are_kept_as_given(store_url: str) -> None:
    """Records of a store from before people could edit are what runs gave: an edit of them can be undone."""
    from alembic import command
    from alembic.config import Config

    older = an_irritant("IRR-BBBBBBBB", status="merged", redirect="IRR-AAAAAAAA", owner="logistique")
    with open_store(store_url) as store:
        store.save_irritants([an_irritant(), older])
    engine, config = create_engine(store_url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    engine.dispose()
    with open_store(store_url) as store:
        assert store.irritants(active=False) == [an_irritant(), older]
        assert store.given_irritants() == [an_irritant(), older]


def test_importing_the_store_is_light() -> None:
    """SQLAlchemy is loaded when a store is opened, not when the package is imported."""
    code = "import sys, voc_pipeline.store; sys.exit('sqlalchemy' in sys.modules or 'alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_newer_schema_is_refused(store_url: str) -> None:
    """A store made by a newer version is refused with the remedy, and left as it is."""
    open_store(store_url).close()
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"9999, newer than this version knows.*Install the newer voc_pipeline"):
        open_store(store_url)
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == "9999"
    engine.dispose()


def test_foreign_database_is_refused(store_url: str) -> None:
    """A database that holds somebody else's tables is refused, naming them, and left as it is."""
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE factures (id INTEGER)"))
    with pytest.raises(StoreError, match=r"not a store of voc_pipeline: it holds other tables \(factures\)"):
        open_store(store_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM factures")).scalar() == 0
    engine.dispose()


def test_unreachable_server_is_explained(tmp_path: Path) -> None:
    """A server that does not answer gives a StoreError that names it, without the password, and says what to do."""
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        open_store(f"postgresql+psycopg://marie:s3cret@/voc?host={tmp_path}")
    assert "s3cret" not in str(caught.value)
    assert "Start the server" in str(caught.value)


def test_missing_database_is_explained(postgres_url: Callable[..., str]) -> None:
    """A database that was never created gives a StoreError that says how to create it."""
    with pytest.raises(StoreError, match=r"does not exist.*createdb"):
        open_store(postgres_url().replace("/voc_", "/not_made_"))


def test_other_encoding_is_refused(postgres_url: Callable[..., str]) -> None:
    """A PostgreSQL database that cannot hold every text is refused."""
    with pytest.raises(StoreError, match="its encoding is SQL_ASCII"):
        open_store(postgres_url("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", "Correct `store:`"),
        ("pas une adresse", "Correct `store:`"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_wrong_url_is_explained(url: str, words: str) -> None:
    """A URL that names no database we know gives a StoreError with examples of right ones."""
    with pytest.raises(StoreError, match=r"sqlite:///file\.db or postgresql") as caught:
        open_store(url)
    assert words in str(caught.value)


def test_wrong_file_is_explained(tmp_path: Path) -> None:
    """A folder, a file that is no database and a folder that cannot be made are each told apart."""
    letter = tmp_path / "lettre.txt"
    letter.write_text("Ceci n'est pas une base de données. " * 50)
    with pytest.raises(StoreError, match="not a SQLite database"):
        open_store(f"sqlite:///{letter}")
    with pytest.raises(StoreError, match="a folder"):
        open_store(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match="its folder cannot be made"):
        open_store(f"sqlite:///{letter}/voc.db")


def test_file_not_writable_is_explained() -> None:
    """A file that may not be written is refused at once, and so is a write to a store opened for reading."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voc.db"
        with open_store(f"sqlite:///{path}"):
            pass
        Path(folder).chmod(0o755)
        path.chmod(0o444)
        was = os.geteuid()
        try:
            if was == 0:
                os.seteuid(65534)
            with pytest.raises(StoreError, match=r"not writable.*right to write"):
                open_store(f"sqlite:///{path}")
        finally:
            os.seteuid(was)
        with open_store(f"sqlite:///file:{path}?mode=ro&uri=true") as reading:
            assert reading.runs() == []
            with pytest.raises(StoreError, match="not writable"):
                reading.start_run(a_run())


def test_new_folder_is_made(tmp_path: Path) -> None:
    """The folder of a new SQLite file is made, and the file is in WAL mode."""
    path = tmp_path / "sortie" / "démo 100 %" / "voc.db"
    with open_store(f"sqlite:///{path}") as opened:
        assert opened.runs() == []
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


# ---------------------------------------------------------------- transactions


def test_transaction_keeps_all_or_nothing(store: Store) -> None:
    """What is written inside a transaction is seen inside it, and forgotten if anything is raised."""
    with pytest.raises(RuntimeError, match="panne"), store.transaction():
        store.start_run(a_run())
        store.shard_done("run-0001", "ingest", 0, {"n": 1})
        assert store.run("run-0001").ordinal == 1
        raise RuntimeError("panne")
    assert store.runs() == []


def test_failed_write_cannot_be_passed_over(store: Store) -> None:
    """A transaction in which a write failed is not kept, even if the caller caught the error."""
    with pytest.raises(StoreError, match="passed over"), store.transaction():
        store.start_run(a_run())
        with pytest.raises(StoreError, match="not stored"):
            store.shard_done("run-9999", "ingest", 0, {})
    assert store.runs() == []


def test_threads_write_at_once(store: Store) -> None:
    """Threads share a store: each has a transaction of its own, and nobody's rows are lost."""
    verbatims = [a_verbatim(number) for number in range(40)]
    fill(store, verbatims)
    failures: list[BaseException] = []

    def work(shard: int) -> None:
        try:
            with store.transaction():
                store.write_annotations([an_annotation(verbatim) for verbatim in verbatims[shard::4]])
                store.shard_done("run-0001", "annotate", shard, {"annotated": 10})
        except BaseException as error:  # handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(shard,)) for shard in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(store.annotations(MODEL))) == 40
    assert store.done_shards("run-0001", "annotate") == {shard: {"annotated": 10} for shard in range(4)}


# ---------------------------------------------------------------- runs


def test_runs_are_kept_in_order(store: Store) -> None:
    """Runs come back oldest first, whole, and their fields can be set."""
    for ordinal in (1, 2, 3):
        store.start_run(a_run(ordinal))
    store.update_run("run-0002", status="done", finished_at=NOW.replace(tzinfo=UTC), as_of=datetime(2025, 2, 28, 23), window_start=date(2024, 3, 1))
    assert [run.ordinal for run in store.runs()] == [1, 2, 3]
    assert store.runs()[0] == a_run(1)
    assert store.run("run-0002") == a_run(2, status="done", finished_at=NOW, as_of=date(2025, 2, 28), window_start=date(2024, 3, 1))


def test_unfinished_run_is_the_newest_of_its_request(store: Store) -> None:
    """Only the newest run of a request can be resumed, and only if it is not done."""
    store.start_run(a_run(1))
    assert store.unfinished_run("demande") == a_run(1)
    store.update_run("run-0001", status="failed")
    assert store.unfinished_run("demande") == a_run(1, status="failed")
    store.start_run(a_run(2))
    store.start_run(a_run(3, request="autre"))
    store.update_run("run-0002", status="done")
    assert store.unfinished_run("demande") is None
    assert store.unfinished_run("autre") == a_run(3, request="autre")
    assert store.last_done_run() == store.last_done_run("demande") == a_run(2, status="done")
    assert store.last_done_run("autre") is None


def test_starting_a_run_twice_changes_nothing(store: Store) -> None:
    """The same run may be started again; another one under its id or number is refused."""
    store.start_run(a_run())
    store.update_run("run-0001", fingerprint="f1")
    store.start_run(a_run())
    assert store.run("run-0001").fingerprint == "f1"
    with pytest.raises(StoreError, match=r"is there already.*--run-id"):
        store.start_run(a_run(request="autre"))
    with pytest.raises(StoreError, match="is there already"):
        store.start_run(a_run(id="run-x"))


def test_a_fresh_run_gives_up_the_older_one(store: Store) -> None:
    """Starting a request anew lets go what its unfinished run had staged, and only that."""
    store.start_run(a_run(1))
    store.start_run(a_run(2, request="autre"))
    for ordinal in (1, 2):
        store.stage(f"run-{ordinal:04d}", "avis", [a_verbatim(1)], [], 1)
        store.shard_done(f"run-{ordinal:04d}", "ingest", 0, {})
    store.start_run(a_run(3))
    assert list(store.staged("run-0001")) == [] and store.done_shards("run-0001", "ingest") == {}
    assert len(list(store.staged("run-0002"))) == 1 and store.done_shards("run-0002", "ingest") == {0: {}}


def test_mistakes_about_runs_are_explained(store: Store) -> None:
    """An unknown run, field or status is named, with what is known."""
    with pytest.raises(StoreError, match="start one with `voc run`"):
        store.run("run-0001")
    store.start_run(a_run())
    with pytest.raises(StoreError, match=r"Did you mean 'run-0001'\?"):
        store.update_run("run-001", status="done")
    with pytest.raises(ValueError, match=r"Did you mean 'status'\?"):
        store.update_run("run-0001", statut="done")
    with pytest.raises(ValueError, match="not a status"):
        store.update_run("run-0001", status="finished")
    with pytest.raises(ValueError, match="'id' cannot be set"):
        store.update_run("run-0001", id="run-0002")
    with pytest.raises(StoreError, match="no such run"):
        store.settle("run-0009")


# ---------------------------------------------------------------- intake


def test_verbatims_come_back_as_they_were(store: Store) -> None:
    """What was stored is what is read: every field, in the order of ids, whatever the order of arrival."""
    chat = "client: Bonjour\nagent: Oui ?"
    turns = (Segment(0, 8, 15, "Bonjour", Role.CUSTOMER), Segment(1, 23, 28, "Oui ?", Role.AGENT))
    verbatims = [
        a_verbatim(3),
        a_verbatim(1, "L'écran 📱 a lâché", date=None, customer="", attributes={}),
        a_verbatim(2, chat, source="chat", kind=SourceKind.CHAT, segments=turns, scores={}),
        a_verbatim(
            4,
            "Nul !!",
            source="enquête",
            kind=SourceKind.SURVEY,
            question="Pourquoi ?",
            respondent="r4",
            scores={"nps": 3.0, "expectation.empathy": 6.5},
        ),
    ]
    fill(store, verbatims)
    assert list(store.verbatims()) == sorted(verbatims, key=lambda one: one.id)


def test_ids_sort_by_code_point(store: Store) -> None:
    """Both databases sort as Python does, capitals and accents included."""
    names = ["z", "Z", "é", "e", "É", "a-b", "ab", "a b", "œ", "10", "9", "\U0001f600", "\uffee"]
    fill(store, [a_verbatim(number, id=name) for number, name in enumerate(names)])
    assert [verbatim.id for verbatim in store.verbatims()] == sorted(names)


def test_counts_reconcile(store: Store) -> None:
    """Every row received ends as analysed, duplicate, rejected or quarantined, by source and in all, with its reason."""
    store.start_run(a_run())
    twice = a_verbatim(5)
    one, other = a_verbatim(6, "Un texte."), a_verbatim(6, "Un autre texte.")
    dropped: list[Dropped | Unreadable] = [
        Dropped("avis", 8, Outcome.REJECTED, Reason.EMPTY, "h8"),
        Unreadable("avis", 9, Reason.BAD_DATE, "h9", "date: month 13"),
    ]
    store.stage("run-0001", "avis", [a_verbatim(1), a_verbatim(2), twice, replace(twice, position=50), one, other], dropped, 8)
    store.stage("run-0001", "avis", [a_verbatim(3)], [], 1)
    store.stage("run-0001", "chat", [a_verbatim(7, source="chat")], [], 1)
    counts = store.settle("run-0001", set(), {a_verbatim(2).id: (a_verbatim(1).id, Reason.NEAR_DUPLICATE)})
    assert counts == {
        "received": 10,
        "analysed": 4,
        "duplicate": 2,
        "rejected": 1,
        "quarantined": 3,
        "known": 0,
        "replaced": 0,
        "duplicate.exact_duplicate": 1,
        "duplicate.near_duplicate": 1,
        "quarantined.bad_date": 1,
        "quarantined.id_conflict": 2,
        "rejected.empty": 1,
    }
    assert store.run("run-0001").counts == counts
    assert store.received("run-0001")["chat"] == {
        "received": 1,
        "analysed": 1,
        "duplicate": 0,
        "rejected": 0,
        "quarantined": 0,
        "known": 0,
        "replaced": 0,
    }
    assert [verbatim.row_id for verbatim in sorted(store.verbatims(), key=lambda v: v.position)] == ["1", "3", "5", "7"]
    assert store.dropped("run-0001", Outcome.REJECTED) == [Dropped("avis", 8, Outcome.REJECTED, Reason.EMPTY, "h8")]
    near = next(row for row in store.dropped("run-0001") if row.reason is Reason.NEAR_DUPLICATE)
    assert (near.row_hash, near.detail) == (a_verbatim(2).id, a_verbatim(1).id)
    assert list(store.staged("run-0001")) == []


def test_missing_rows_are_refused(store: Store) -> None:
    """Rows that do not add up to those received stop the run, and nothing is written."""
    store.start_run(a_run())
    store.stage("run-0001", "avis", [a_verbatim(1)], [], 2)
    with pytest.raises(StoreError, match="2 rows were received and 1 are accounted for"):
        store.settle("run-0001")
    assert store.count_verbatims() == 0
    assert len(list(store.staged("run-0001"))) == 1
    with pytest.raises(ValueError, match="'chat' among those of 'avis'"):
        store.stage("run-0001", "avis", [a_verbatim(2, source="chat")], [], 1)


def test_known_verbatims_keep_their_answers(store: Store) -> None:
    """A verbatim that comes again with the same text is known: its answers stay, what else changed is taken over."""
    verbatim = a_verbatim(1)
    fill(store, [verbatim])
    store.write_annotations([an_annotation(verbatim)])
    moved = replace(verbatim, position=40, scores={"stars": 5.0}, attributes={"région": "Bretagne"})
    counts = fill(store, [moved, a_verbatim(2)])
    assert (counts["analysed"], counts["known"], counts["replaced"]) == (2, 1, 0)
    assert list(store.verbatims(ids=[verbatim.id])) == [moved]
    assert list(store.annotations(MODEL)) == [an_annotation(verbatim)]
    assert [score.value for score in store.scores() if score.respondent_hash == verbatim.id] == [5.0]


def test_replaced_verbatims_lose_stale_answers(store: Store) -> None:
    """The same id with a new text replaces the old one: its annotations and the mentions into its old segments go, others stay."""
    old, other = a_verbatim(1), a_verbatim(2)
    fill(store, [old, other])
    store.write_annotations([an_annotation(old), an_annotation(other)])
    store.save_irritants([an_irritant()])
    store.write_mentions("run-0001", 0, [Mention(v.id, 1, "IRR-AAAAAAAA", 0.9) for v in (old, other)])
    new = a_verbatim(1, "Finalement livré.")
    counts = fill(store, [new, other])
    assert (counts["analysed"], counts["known"], counts["replaced"]) == (2, 1, 1)
    assert list(store.verbatims(missing_model=MODEL)) == [new]
    assert [mention.verbatim_id for mention in store.mentions("run-0001")] == [other.id]


def test_new_sentence_bounds_make_answers_stale(store: Store) -> None:
    """A known text that is cut otherwise is annotated again."""
    verbatim = a_verbatim(1)
    fill(store, [verbatim])
    store.write_annotations([an_annotation(verbatim)])
    whole = replace(verbatim, segments=(Segment(0, 0, len(verbatim.text), verbatim.text),))
    assert fill(store, [whole])["known"] == 1
    assert list(store.verbatims(missing_model=MODEL)) == [whole]


def test_duplicates_are_kept_but_not_analysed(store: Store) -> None:
    """A duplicate is left out of every reading, its score counts once, and it returns when it repeats nothing any more."""
    first, again = a_verbatim(1), a_verbatim(2, customer="client-1", text_key=a_verbatim(1).text_key)
    counts = fill(store, [first, again], duplicates={again.id: (first.id, Reason.EXACT_DUPLICATE)})
    assert counts["duplicate"] == counts["duplicate.exact_duplicate"] == counts["analysed"] == 1
    assert list(store.verbatims()) == list(store.verbatims(ids=[first.id, again.id])) == [first]
    assert store.count_verbatims() == 1
    assert [score.respondent_hash for score in store.scores()] == [first.id]
    assert store.latest_date() == date(2025, 1, 2)
    assert fill(store, [first, again])["analysed"] == 2
    assert store.count_verbatims() == len(store.scores()) == 2


def test_duplicate_of_nothing_is_refused(store: Store) -> None:
    """A duplicate must repeat a verbatim that is there; one stored by an earlier run will do."""
    fill(store, [a_verbatim(1)])
    with pytest.raises(ValueError, match="neither staged nor stored"):
        fill(store, [a_verbatim(2)], duplicates={a_verbatim(2).id: ("absent", Reason.EXACT_DUPLICATE)})
    assert fill(store, [a_verbatim(2)], run=a_run(2), duplicates={a_verbatim(2).id: (a_verbatim(1).id, Reason.EXACT_DUPLICATE)})["analysed"] == 0


def test_conflict_leaves_the_stored_verbatim(store: Store) -> None:
    """An id that comes with several texts is quarantined, every row of it, and a verbatim stored before stays."""
    stored = a_verbatim(1)
    fill(store, [stored])
    counts = fill(store, [a_verbatim(1, "Texte A."), a_verbatim(1, "Texte A !", text_key="clef texte a.")], conflicts={stored.id})
    assert counts["quarantined.id_conflict"] == counts["received"] == 2
    assert list(store.verbatims()) == [stored]
    assert len(store.scores()) == 1


def test_staged_rows_say_what_is_known(store: Store) -> None:
    """The search for duplicates sees what is staged, what of it an earlier run analysed, and what of earlier runs it could repeat."""
    known, changed, mine, silent = a_verbatim(1), a_verbatim(2), a_verbatim(3, customer="client-9"), a_verbatim(4, "Rien ne marche.", customer="")
    fill(store, [known, changed, mine, silent, a_verbatim(5)])
    store.start_run(a_run(2))
    store.stage(
        "run-0002",
        "avis",
        [known, a_verbatim(2, "Un nouveau texte."), a_verbatim(9), a_verbatim(8, "Rien ne marche.", customer="")],
        [],
        4,
    )
    assert [(row.id, row.known) for row in store.staged("run-0002")] == [
        (known.id, True),
        (changed.id, False),
        (a_verbatim(9).id, False),
        (a_verbatim(8).id, False),
    ]
    assert {row.id for row in store.earlier("run-0002")} == {mine.id, silent.id}
    assert all(row.known for row in store.earlier("run-0002"))


def test_settling_again_changes_nothing(store: Store, store_url: str) -> None:
    """A run that settles twice, or stages and settles its pull again, gives the same rows and counts."""
    fill(store, [a_verbatim(1), a_verbatim(2), a_verbatim(3)])
    pull = [a_verbatim(1), a_verbatim(2, "Un nouveau texte."), a_verbatim(4), replace(a_verbatim(4), position=90), a_verbatim(5)]
    duplicates = {a_verbatim(5).id: (a_verbatim(1).id, Reason.EXACT_DUPLICATE)}
    counts = fill(store, pull, run=a_run(2), duplicates=duplicates)
    rows = rows_of(store_url)
    assert store.settle("run-0002") == counts
    assert fill(store, pull, run=a_run(2), duplicates=duplicates) == counts
    assert rows_of(store_url) == rows


def test_order_of_arrival_changes_no_verbatim(new_store_url: Callable[[], str]) -> None:
    """The same pull in another order, in other batches, gives the same verbatims, segments and scores."""
    pull = [a_verbatim(number) for number in range(12)] + [replace(a_verbatim(3), position=77)]
    found = []
    for order, size in ((pull, 5), (pull[::-1], 2)):
        url = new_store_url()
        with open_store(url) as opened:
            opened.start_run(a_run())
            for start in range(0, len(order), size):
                batch = order[start : start + size]
                opened.stage("run-0001", "avis", batch, [], len(batch))
            opened.settle("run-0001")
        rows = rows_of(url)
        found.append([rows[name] for name in ("verbatim", "segment", "score", "dropped", "received")])
    assert found[0] == found[1]


def test_scores_of_silent_respondents_count(store: Store) -> None:
    """Scores land once per respondent, whether they wrote several answers, one or none."""
    answers = [
        a_verbatim(number, source="enquête", respondent="r1", customer="c1", date=NOW, scores={"nps": 2.0, "csat": 1.0}, kind=SourceKind.SURVEY)
        for number in (1, 2)
    ]
    silent = [ScoreRow("enquête", "r2", "c2", None, "nps", 9.0), ScoreRow("enquête", "r3", "", NOW, "nps", math.nan)]
    store.start_run(a_run())
    store.stage("run-0001", "enquête", answers, [Dropped("enquête", 3, Outcome.REJECTED, Reason.EMPTY, "h")], 3, silent)
    store.settle("run-0001")
    expected = [
        ScoreRow("enquête", "r1", "c1", NOW, "csat", 1.0),
        ScoreRow("enquête", "r1", "c1", NOW, "nps", 2.0),
        ScoreRow("enquête", "r2", "c2", None, "nps", 9.0),
    ]
    assert store.scores() == expected
    assert store.scores(until=date(2025, 2, 28)) == expected[2:]


# ---------------------------------------------------------------- reading by date and id


def test_windows_include_both_days_and_the_undated(store: Store) -> None:
    """A window holds all of its first and last day; undated verbatims are in every window; a datetime is meant exactly."""
    late = a_verbatim(1, date=datetime(2025, 1, 31, 23, 59, 59, 999999))
    early = a_verbatim(2, date=datetime(2025, 1, 1))
    before, after, undated = a_verbatim(3, date=datetime(2024, 12, 31, 23, 59)), a_verbatim(4, date=datetime(2025, 2, 1)), a_verbatim(5, date=None)
    fill(store, [late, early, before, after, undated])
    january = (date(2025, 1, 1), date(2025, 1, 31))
    expected = sorted([late, early, undated], key=lambda one: one.id)
    assert list(store.verbatims(*january)) == expected
    assert store.count_verbatims(*january) == 3
    assert {one.id for one in store.verbatims(until=datetime(2025, 1, 1))} == {early.id, before.id, undated.id}
    store.write_annotations([an_annotation(one) for one in (late, early, before, after, undated)])
    assert [one.verbatim_id for one in store.annotations(MODEL, *january)] == [one.id for one in expected]
    assert store.latest_date() == date(2025, 2, 1)


def test_many_verbatims_are_paged(store: Store) -> None:
    """Reading pages through any number of rows, sorted, and what is written meanwhile does no harm."""
    verbatims = [a_verbatim(number, "Trop long.", id=f"{number * 7919 % 10007:032x}") for number in range(1203)]
    fill(store, verbatims)
    seen = []
    for verbatim in store.verbatims(missing_model=MODEL):
        seen.append(verbatim.id)
        if len(seen) % 400 == 1:
            store.write_annotations([an_annotation(verbatim)])
    assert seen == sorted(verbatim.id for verbatim in verbatims)
    assert [one.id for one in store.verbatims(ids=seen[::-1])] == seen
    assert store.count_verbatims(ids=[*seen, "absent"]) == 1203
    assert store.count_verbatims(missing_model=MODEL) == 1199
    assert list(store.verbatims(ids=[])) == []


# ---------------------------------------------------------------- annotations


def test_annotations_are_replaced_whole(store: Store) -> None:
    """An annotation comes back as it was; the newest of a verbatim and model version wins, other versions stay."""
    verbatim = a_verbatim(1)
    fill(store, [verbatim])
    store.write_annotations([an_annotation(verbatim, p=0.1), an_annotation(verbatim, "voc-mini-2")])
    newest = an_annotation(replace(verbatim, segments=verbatim.segments[:1]), p=1 / 3)
    store.write_annotations([newest])
    assert list(store.annotations(MODEL)) == [newest]
    assert list(store.annotations("voc-mini-2", ids=[verbatim.id])) == [an_annotation(verbatim, "voc-mini-2")]
    assert list(store.annotations("voc-mini-3")) == []


def test_numpy_numbers_are_stored_as_plain_ones(store: Store) -> None:
    """Numbers of numpy are stored as the same doubles, alone and inside JSON."""
    numpy = pytest.importorskip("numpy")
    verbatim = a_verbatim(1)
    fill(store, [verbatim])
    p = numpy.float32(0.1)
    given_ = replace(an_annotation(verbatim), p_not_valued=p, p_sentiment={"negative": p}, not_valued=numpy.bool_(True), intensity=numpy.int64(2))
    store.write_annotations([given_])
    (found,) = store.annotations(MODEL)
    assert (found.p_not_valued, found.p_sentiment, found.not_valued, found.intensity) == (float(p), {"negative": float(p)}, True, 2)


def test_annotation_of_nothing_is_refused(store: Store) -> None:
    """An annotation of a verbatim that is not stored is refused, with no words of it in the error."""
    with pytest.raises(StoreError, match="points to one that is not stored") as caught:
        store.write_annotations([an_annotation(a_verbatim(1))])
    assert "livraison" not in str(caught.value)
    assert caught.value.__cause__ is None


# ---------------------------------------------------------------- the registry


def test_irritants_are_kept_whole(store: Store) -> None:
    """The registry gives back what was saved, sorted by id, by kind, the active ones unless all are wanted."""
    one, strength = an_irritant(), an_irritant("STR-AAAAAAAA", kind=IrritantKind.STRENGTH)
    gone = an_irritant("IRR-00000000", status="rejected")
    store.save_irritants([strength, one, gone])
    assert store.irritants() == [one, strength]
    assert store.irritants(IrritantKind.STRENGTH) == [strength]
    assert store.irritants(active=False) == [gone, one, strength]
    renamed = replace(one, label_fr="colis égaré", label_status={"fr": "edited"}, exemplars=one.exemplars[1:])
    store.save_irritants([renamed])
    assert store.irritant(one.id) == renamed


def test_redirects_are_followed(store: Store) -> None:
    """A merged irritant leads to what it was merged into; an unknown one is explained, and so is a circle."""
    with pytest.raises(StoreError, match="the registry is empty"):
        store.irritant("IRR-AAAAAAAA")
    merged = [
        an_irritant("IRR-AAAAAAAA", status="merged", redirect="IRR-BBBBBBBB"),
        an_irritant("IRR-BBBBBBBB", status="merged", redirect="IRR-CCCCCCCC"),
    ]
    store.save_irritants([*merged, an_irritant("IRR-CCCCCCCC")])
    assert store.irritant("IRR-AAAAAAAA").id == "IRR-CCCCCCCC"
    with pytest.raises(StoreError, match=r"Did you mean 'IRR-CCCCCCCC'\?"):
        store.irritant("IRR-CCCCCCC")
    store.save_irritants([an_irritant("IRR-CCCCCCCC", status="merged", redirect="IRR-AAAAAAAA")])
    with pytest.raises(StoreError, match="go round"):
        store.irritant("IRR-BBBBBBBB")


def test_mentions_are_replaced_by_shard(store: Store) -> None:
    """A shard's mentions take the place of those it wrote before and of no others; the irritant may be saved later in the transaction."""
    verbatims = [a_verbatim(number) for number in (1, 2, 3)]
    fill(store, verbatims)
    first = [Mention(verbatims[0].id, 1, "IRR-AAAAAAAA", 0.9), Mention(verbatims[0].id, 0, "IRR-AAAAAAAA", 0.5, True)]
    with store.transaction():
        store.write_mentions("run-0001", 0, first)
        store.save_irritants([an_irritant()])
    store.write_mentions("run-0001", -1, [Mention(verbatims[1].id, 0, "IRR-AAAAAAAA", 0.7)])
    store.write_mentions("run-0001", 0, first[:1])
    expected = [*first[:1], Mention(verbatims[1].id, 0, "IRR-AAAAAAAA", 0.7)]
    assert store.mentions("run-0001") == sorted(expected, key=lambda m: (m.verbatim_id, m.position))
    assert store.mentions("run-0002") == []
    for stray in (
        Mention("absent", 0, "IRR-AAAAAAAA", 0.1),
        Mention(verbatims[2].id, 7, "IRR-AAAAAAAA", 0.1),
        Mention(verbatims[2].id, 0, "IRR-ZZZZZZZZ", 0.1),
    ):
        with pytest.raises(StoreError, match="points to one that is not stored"):
            store.write_mentions("run-0001", 5, [stray])


def test_ledger_is_appended_once_per_run(store: Store) -> None:
    """The ledger keeps the order of writing; a run's edit is written once, a person's every time."""
    born = Edit(NOW, "discover", "run-0001", "propose", "IRR-AAAAAAAA", {"mentions": 12})
    named = Edit(NOW, "marie", "", "rename", "IRR-BBBBBBBB", {"fr": "colis égaré"}, "plus juste")
    store.append_edit(born)
    store.append_edit(named)
    store.append_edit(replace(born, at=NOW + timedelta(hours=1)))
    store.append_edit(named)
    store.append_edit(replace(born, run_id="run-0002"))
    assert store.edits() == [born, named, named, replace(born, run_id="run-0002")]
    assert store.edits("IRR-BBBBBBBB") == [named, named]


# ---------------------------------------------------------------- results


def an_audit(verbatims: list[Verbatim], name: str = "AUD-AAAAAAAA", **changes: Any) -> Audit:
    strata = (Stratum("avis", False, True, 40, 2), Stratum("avis", True, True, 3, 1))
    sample = tuple(Drawn(verbatim.id, place % 2, verbatim.text_key) for place, verbatim in enumerate(verbatims))
    return replace(Audit(name, "run-0001", MODEL, NOW, 13, "fr", 300, strata, sample), **changes)


def test_audits_and_their_answers_come_back(store: Store) -> None:
    """A draw and every answer, blanks and "none" among them, come back as they were; drawn again it is left as first written."""
    verbatims = [a_verbatim(1), a_verbatim(2), a_verbatim(3)]
    fill(store, verbatims)
    audit = an_audit(verbatims)
    assert store.save_audit(audit) == audit
    assert store.save_audit(replace(audit, lang="en", drawn_at=NOW + timedelta(days=9))) == audit
    store.save_audit(an_audit(verbatims, "AUD-BBBBBBBB", drawn_at=NOW - timedelta(days=1)))
    assert [one.id for one in store.audits()] == ["AUD-BBBBBBBB", "AUD-AAAAAAAA"] and store.audit(audit.id) == audit
    answers = [
        AuditAnswer(
            audit.id,
            "Zoé",
            verbatims[0].id,
            Sentiment.MIXED,
            True,
            (NotValuedCode.IGNORED,),
            False,
            Stage.PAY,
            Dimension.EMPATHY,
            Gap.DELIVERY,
            "non",
        ),
        AuditAnswer(audit.id, "Zoé", verbatims[1].id, None, False, (), None, None, "none", "none"),
        AuditAnswer(audit.id, "Zoé", verbatims[2].id),
    ]
    store.write_audit_answers(audit.id, "Zoé", answers)
    assert store.audit_answers(audit.id) == sorted(answers, key=lambda answer: answer.verbatim_id)


def test_a_person_s_answers_are_replaced_whole(store: Store) -> None:
    """Taking the same answers back changes nothing, new ones replace that person's alone, and another's stay."""
    verbatims = [a_verbatim(1), a_verbatim(2)]
    fill(store, verbatims)
    audit = store.save_audit(an_audit(verbatims))
    for name in ("Anne", "Karim"):
        store.write_audit_answers(audit.id, name, [AuditAnswer(audit.id, name, v.id, Sentiment.NEGATIVE) for v in verbatims])
    before = store.audit_answers(audit.id)
    store.write_audit_answers(audit.id, "Anne", before[:2])
    assert store.audit_answers(audit.id) == before
    store.write_audit_answers(audit.id, "Anne", [AuditAnswer(audit.id, "Anne", verbatims[0].id, Sentiment.POSITIVE)])
    assert [(a.annotator, a.sentiment) for a in store.audit_answers(audit.id)] == [("Anne", "positive"), ("Karim", "negative"), ("Karim", "negative")]
    with pytest.raises(ValueError, match="not Karim's"):
        store.write_audit_answers(audit.id, "Karim", before[:1])


def test_mistakes_about_audits_are_explained(store: Store) -> None:
    """An audit that was not drawn here, or of a run that is not there, is refused."""
    with pytest.raises(StoreError, match=r"AUD-CCCCCCCC: was not drawn from this store.*voc audit CONFIG"):
        store.audit("AUD-CCCCCCCC")
    with pytest.raises(StoreError, match="a row points to one that is not stored"):
        store.save_audit(an_audit([]))


def test_a_store_of_the_first_schema_is_migrated(store_url: str) -> None:
    """A store made before audits keeps its rows and gains their tables when it is opened."""
    from alembic import command
    from alembic.config import Config

    with open_store(store_url) as opened:
        fill(opened, [a_verbatim(1)])
    engine = create_engine(store_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
    with open_store(store_url) as again:
        assert again.verbatim_ids() == [a_verbatim(1).id] and again.audits() == []


def test_figures_of_one_scope_are_replaced_whole(store: Store) -> None:
    """Replacing a scope removes what it no longer has and leaves other scopes and other runs alone."""
    for ordinal in (1, 2):
        store.start_run(a_run(ordinal))
        store.write_metrics(f"run-{ordinal:04d}", [Metric("run", "", "a", 1.0), Metric("audit", "x", "f1", 0.5), Metric("audit", "y", "f1", 0.6)])
    store.replace_metrics("run-0001", "audit", [Metric("audit", "y", "f1", 0.7)])
    assert [(m.scope, m.key, m.value) for m in store.metrics("run-0001")] == [("audit", "y", 0.7), ("run", "", 1.0)]
    assert len(store.metrics("run-0002")) == 3
    with pytest.raises(ValueError, match="audit"):
        store.replace_metrics("run-0001", "audit", [Metric("run", "", "a", 2.0)])


def test_gaps_and_metrics_come_back(store: Store) -> None:
    """Gap readings are replaced by run, figures one by one; what is no number is None on both databases."""
    store.start_run(a_run())
    store.write_gaps("run-0001", [a_gap("IRR-BBBBBBBB")])
    store.write_gaps("run-0001", [a_gap("IRR-CCCCCCCC"), a_gap()])
    assert store.gaps("run-0001") == [a_gap(), a_gap("IRR-CCCCCCCC")]
    metrics = [
        Metric("stage", "pay", "share", -0.0, None, math.nan, 40, {"b": math.nan, "a": [1, 2.5]}),
        Metric("irritant", "IRR-AAAAAAAA", "priority", 1 / 3, 0.1, 1e300, 29),
    ]
    store.write_metrics("run-0001", metrics)
    store.write_metrics("run-0001", metrics[1:])
    expected = [metrics[1], Metric("stage", "pay", "share", 0.0, None, None, 40, {"a": [1, 2.5], "b": None})]
    assert store.metrics("run-0001") == expected
    assert math.copysign(1, store.metrics("run-0001", "stage")[0].value or 0.0) == 1
    assert store.metrics("run-0001", "irritant") == [metrics[1]]


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_stored(words: str) -> None:
    """Any text becomes one that both databases hold, of the same length, and stays as it is from then on."""
    kept = storable(words + "\x00\ud83d")
    assert len(kept) == len(words) + 2
    assert kept == storable(kept)
    assert "\x00" not in kept and kept.encode()


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(_JSON)
def test_json_is_exact_and_ordered(value: Any) -> None:
    """JSON is read back equal, and equal values are equal bytes whatever the order of their keys."""
    import json

    assert json.loads(to_json(value)) == value
    if isinstance(value, dict):
        assert to_json(dict(reversed(value.items()))) == to_json(value)


def test_strange_text_is_the_same_on_both(store: Store) -> None:
    """A NUL or half a surrogate pair in a text does not stop a run, moves no offset, and the verbatim is known when it comes again."""
    strange = a_verbatim(1, "Écran\x00 noir \ud83d cassé. Rien.", attributes={"plan": "\x00"})
    fill(store, [strange])
    (found,) = store.verbatims()
    assert found.text == "Écran\ufffd noir \ufffd cassé. Rien."
    assert all(found.text[segment.start : segment.end] == segment.text for segment in found.segments)
    assert fill(store, [strange])["known"] == 1


def test_both_databases_hold_the_same_rows(new_store_url: Callable[[], str], tmp_path: Path) -> None:
    """The same life gives, value for value, the rows that a SQLite file holds."""
    found = []
    for url in (f"sqlite:///{tmp_path}/reference.db", new_store_url()):
        with open_store(url) as opened:
            live(opened)
        found.append(rows_of(url))
    assert found[0] == found[1]


# ---------------------------------------------------------------- killed at any moment


def live(store: Store) -> None:
    """Two runs from beginning to end, as the pipeline does them; called again it goes on where it stopped."""
    pulls = [
        [a_verbatim(number) for number in range(6)],
        [
            a_verbatim(0),
            a_verbatim(1, "Un nouveau texte."),
            a_verbatim(7),
            replace(a_verbatim(7), position=70),
            a_verbatim(8),
            a_verbatim(9, source="chat"),
        ],
    ]
    for ordinal, pull in enumerate(pulls, start=1):
        run = store.unfinished_run(f"demande {ordinal}") or a_run(ordinal, f"demande {ordinal}")
        if store.last_done_run(run.request_hash):
            continue
        store.start_run(run)
        if not store.done_shards(run.id, "ingest"):
            for source in ("avis", "chat"):
                mine = [verbatim for verbatim in pull if verbatim.source == source]
                store.clear_stage(run.id, source)
                for batch in (mine[:2], mine[2:]):
                    store.stage(
                        run.id,
                        source,
                        batch,
                        [Dropped(source, 99, Outcome.REJECTED, Reason.EMPTY, "h")],
                        len(batch) + 1,
                        [ScoreRow(source, "muet", "", None, "nps", 4.0)],
                    )
            repeats = {row.id: (a_verbatim(0).id, Reason.NEAR_DUPLICATE) for row in store.staged(run.id) if row.id == a_verbatim(8).id}
            counts = store.settle(run.id, set(), repeats)
            store.shard_done(run.id, "ingest", 0, counts)
        for shard in (0, 1):
            if shard not in store.done_shards(run.id, "annotate"):
                todo = sorted(store.verbatims(), key=lambda one: one.id)[shard::2]
                with store.transaction():
                    store.write_annotations([an_annotation(verbatim) for verbatim in todo])
                    store.shard_done(run.id, "annotate", shard, {"annotated": len(todo)})
        store.save_irritants([an_irritant(generation=1)])
        store.append_edit(Edit(NOW, "discover", run.id, "propose", "IRR-AAAAAAAA"))
        store.write_mentions(run.id, 0, [Mention(verbatim.id, 0, "IRR-AAAAAAAA", 0.8) for verbatim in store.verbatims()])
        store.write_gaps(run.id, [a_gap()])
        store.write_metrics(run.id, [Metric("all", "", "volume", float(store.count_verbatims()), n=store.count_verbatims())])
        store.update_run(run.id, status="done", finished_at=NOW)


class _Killed(BaseException):
    """A death that no code of ours may catch."""


def test_stopped_at_any_commit(new_store_url: Callable[[], str]) -> None:
    """A life stopped before any one of its commits, or in the midst of a transaction, and started again, ends with the same rows."""
    url = new_store_url()
    writes: list[str] = []
    deadline = -1

    def tick(connection: Any, cursor: Any = None, statement: str = "COMMIT", *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) or (statement == "COMMIT" and writes[-1:] not in ([], ["COMMIT"])):
            writes.append(statement)
            if len(writes) == deadline:
                raise _Killed

    with open_store(url) as opened:
        for name in ("before_cursor_execute", "commit"):
            event.listen(Engine, name, tick)
        try:
            live(opened)
            expected = rows_of(url)
            moments = [n for n, statement in enumerate(writes, start=1) if statement == "COMMIT" or n % 9 == 0]
            assert len(moments) > 40
            assert len(expected["mention"]) > 10
            for deadline in moments if url.startswith("sqlite") else moments[::3]:
                empty(url)
                writes.clear()
                with pytest.raises(_Killed):
                    live(opened)
                live(opened)
                assert rows_of(url) == expected, f"stopped before write {deadline}"
        finally:
            for name in ("before_cursor_execute", "commit"):
                event.remove(Engine, name, tick)


_VICTIM = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
sys.path[:0] = [{tests!r}, {root!r}]
from test_store import live
from voc_pipeline.store import open_store

def kill(connection, cursor, statement, *rest):
    if statement.startswith({statement!r}):
        kill.left -= 1
        if kill.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

kill.left = {times}
with open_store({url!r}) as store:
    event.listen(Engine, "{moment}_cursor_execute", kill)
    live(store)
"""


@pytest.mark.parametrize(
    ("statement", "moment", "times"),
    [("INSERT INTO segment ", "after", 2), ("INSERT INTO segment_annotation", "after", 3)],
    ids=["in-settle", "in-annotate"],
)
def test_killed_outright(new_store_url: Callable[[], str], statement: str, moment: str, times: int) -> None:
    """A process killed by the system in the middle of a transaction leaves a store that a new one brings to the same end."""
    reference, url = new_store_url(), new_store_url()
    code = _VICTIM.format(tests=str(ROOT / "tests"), root=str(ROOT), statement=statement, moment=moment, times=times, url=url)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    for place in (reference, url):
        with open_store(place) as opened:
            live(opened)
    assert rows_of(url) == rows_of(reference)


# ---------------------------------------------------------------- speed and documents


def test_writes_are_in_bulk(store: Store) -> None:
    """Four times as many verbatims, with their segments and annotations, take no more statements: rows go many at a time."""
    words = "Colis perdu depuis lundi. Personne ne répond. Deux appels. Je pars."
    cuts = [(0, 25), (26, 45), (46, 57), (58, 66)]
    segments = tuple(Segment(i, a, b, words[a:b]) for i, (a, b) in enumerate(cuts))
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    def statements(first: int, n: int) -> int:
        verbatims = [a_verbatim(number, words, id=f"{number * 7919 % 10007:032x}", segments=segments) for number in range(first, first + n)]
        annotations = [an_annotation(verbatim) for verbatim in verbatims]
        heard.clear()
        event.listen(Engine, "before_cursor_execute", hear)
        try:
            fill(store, verbatims)
            store.write_annotations(annotations)
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
        return len(heard)

    few, many = statements(0, 100), statements(100, 400)
    assert 0 < many <= few + 4, (few, many)
    assert sum(len(annotation.segments) for annotation in store.annotations(MODEL)) == 2000


def test_data_dictionary_is_current() -> None:
    """docs/data_dictionary.md is what the tables say today, and every table and column says something."""
    assert (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8") == Store.dictionary()
    for table in t.metadata.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns)
