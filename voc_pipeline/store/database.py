"""Connections, transactions and the schema's version: what is different between SQLite and PostgreSQL stays here."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from voc_pipeline.errors import StoreError
from voc_pipeline.store.columns import bound

HEAD = "0007"
"""Revision of the present schema, the last of `migrations/versions`."""

VERSION_TABLE = "voc_schema"
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 60
_WRITES = "voc_writes"
_FAMILIES: dict[str, tuple[Any, Any]] = {"postgresql": (postgresql, psycopg), "sqlite": (sqlite, sqlite)}
_REMEDIES = (
    ("database is locked", "another program holds it", "Wait until it has finished, or stop it, and start again"),
    ("readonly", "not writable", "Give yourself the right to write the file and its folder, or name another file under `store:`"),
    ("unable to open", "cannot be opened", "Check that the folder exists and may be written, or name another file under `store:`"),
    ("disk is full", "the disk is full", "Free some space and start again: the run goes on where it stopped"),
    ("no space left", "the disk is full", "Free some space and start again: the run goes on where it stopped"),
    ("not a database", "not a SQLite database", "Name another file under `store:`"),
    ("malformed", "the file is damaged", "Restore it from a copy, or remove it and run again from the sources"),
    ("password authentication", "the database refuses the user or password", "Check both in `store:`"),
    ("does not exist", "no such database, table or role", "Create the database, for instance with `createdb`, or correct `store:`"),
    ("permission denied", "the user may not do this", "Grant the user the right to create and write tables there"),
    ("violates foreign key", "a row points to one that is not stored", "Write the verbatims, runs and irritants before what refers to them"),
    ("foreign key constraint", "a row points to one that is not stored", "Write the verbatims, runs and irritants before what refers to them"),
    ("unique", "a row is there already", "Start again: what was written is kept"),
    ("connection", "cannot be reached", "Start the server, or correct host and port in `store:`"),
    ("could not translate host", "cannot be reached", "Correct the host in `store:`"),
    ("failed to resolve host", "cannot be reached", "Correct the host in `store:`"),
)


class Database:
    """One database: short reading transactions, and one writing transaction per thread that nested writes join."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._where = _where(engine.url)
        snapshots = engine.dialect.name == "postgresql"
        self._reader = engine.execution_options(isolation_level="REPEATABLE READ") if snapshots else engine
        self._open = threading.local()

    @classmethod
    def open(cls, url: str) -> Self:
        """As `voc_pipeline.store.open_store`."""
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite":
            _make_room(parsed)
        engine = _engine(parsed)
        database = cls(engine)
        try:
            with database._explained():
                _migrate(engine, database._where)
        except BaseException:
            engine.dispose()
            raise
        return database

    def close(self) -> None:
        """Closes every connection; an open transaction of another thread is rolled back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside, by this thread, is kept at the end and forgotten if anything is raised.

        A transaction inside another joins it.

        Raises:
            StoreError: A write inside failed, even if the caller caught its error; or the database did.
        """
        with self._writing():
            yield

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        joined: Connection | None = getattr(self._open, "connection", None)
        if joined is not None:
            try:
                with self._explained():
                    yield joined
            except BaseException:
                self._open.spoiled = True
                raise
            return
        with self._explained(), self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            self._open.connection, self._open.spoiled = connection, False
            try:
                yield connection
                if self._open.spoiled:
                    raise StoreError(self._where, "a write inside a transaction failed and was passed over", "all or nothing", "Nothing was written")
            finally:
                self._open.connection = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        joined: Connection | None = getattr(self._open, "connection", None)
        with self._explained():
            if joined is not None:
                yield joined
            else:
                with self._reader.connect() as connection, connection.begin():
                    yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the driver as `StoreError`: its first line only, for the others may hold words of a row."""
        try:
            yield
        except SQLAlchemyError as error:
            raise _explain(error, self._where) from None

    def _alone(self, connection: Connection, name: str) -> None:
        """Until the transaction ends, nobody else passes here under this name (on SQLite a writer is alone anyway)."""
        alone(connection, name)


def alone(connection: Connection, name: str) -> None:
    """Takes PostgreSQL's advisory lock of that name until the transaction ends; SQLite has one writer at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"voc_pipeline.{name}"})


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or sets all their other columns where the key is there already.

    Args:
        connection: In a writing transaction.
        table: Where to.
        rows: Each with every column of the table.
    """
    _bulk(connection, table, rows, replacing=True)


def insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, each with every column of the table."""
    _bulk(connection, table, rows, replacing=False)


def _bulk(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], replacing: bool) -> None:
    """Hands all rows to the driver in one batch, converted column by column; SQLAlchemy alone would convert value by value."""
    if not rows:
        return
    dialect = connection.dialect
    names = [column.name for column in table.columns]
    columns = [bound(column.type, [row[column.name] for row in rows], dialect) for column in table.columns]
    statement = _statement(table, dialect.name, replacing)
    if dialect.name == "postgresql":
        connection.exec_driver_sql(statement, [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)])
    else:
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))


@cache
def _statement(table: Table, dialect: str, replacing: bool) -> str:
    """SQL that inserts a row of every column, in the driver's own style: named parameters for psycopg, positional ones for SQLite."""
    family, driver = _FAMILIES[dialect]
    statement = family.insert(table)
    if replacing:
        changes = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
        statement = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
    return str(statement.compile(dialect=driver.dialect(), column_keys=[column.name for column in table.columns]))


# ---------------------------------------------------------------- opening


def _parsed(url: str) -> URL:
    expected = "sqlite:///file.db or postgresql+psycopg://user@host/database"
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):
        shown = url.split("://", 1)[0]
        raise StoreError("store", f"no database is known by a URL that begins with {shown!r}", expected, "Correct `store:`") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError("store", f"{parsed.get_backend_name()} is not supported", expected, "Correct `store:`")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("store", "a SQLite database in memory is gone when the run ends", expected, "Name a file in `store:`")
    return parsed


def _where(url: URL) -> str:
    """The database without its password."""
    return url.database or "store" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _make_room(url: URL) -> None:
    """Makes the folder of a SQLite file, and refuses a file or folder that cannot be written."""
    if url.query.get("uri"):
        return
    path = Path(url.database or "")
    remedy = "Give yourself the right to write the file and its folder, or name another file under `store:`"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(str(path), f"its folder cannot be made ({error.strerror})", "a folder that may be written", remedy) from None
    if path.is_dir():
        raise StoreError(str(path), "a folder", "a file", "Name a file under `store:`")
    effective = os.access in os.supports_effective_ids
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK, effective_ids=effective):
            raise StoreError(str(place), "not writable", "the database of a run may be written", remedy)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10, "client_encoding": "utf8"})
    else:
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begins)
    return engine


def _sqlite_connected(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own: _sqlite_begins does
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    _log_ahead(connection)
    for pragma in (
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _log_ahead(connection: Any) -> None:
    """Asks for WAL until it is granted: SQLite answers "locked" at once, whatever its timeout, while another program makes the same change."""
    last = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
            time.sleep(0.01)


def _sqlite_begins(connection: Connection) -> None:
    """A writer takes its lock at once, so that two of them wait for each other instead of failing half way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


# ---------------------------------------------------------------- schema


def _migrate(engine: Engine, where: str) -> None:
    with engine.connect() as connection, connection.begin():
        if _revision(connection, where) == HEAD:
            return
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        alone(connection, "schema")
        if _revision(connection, where) != HEAD:
            _upgrade(connection, where)


def _revision(connection: Connection, where: str) -> str | None:
    """Revision of the schema, None where there is none yet.

    Raises:
        StoreError: The database holds tables of somebody else, or cannot hold every text.
    """
    names = sorted(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        return str(found) if found is not None else None
    if names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        remedy = "Name another file under `store:`"
        if connection.dialect.name == "postgresql":
            remedy = "Name another database, or a schema of its own by adding ?options=-csearch_path%3DNAME to the URL"
        raise StoreError(where, f"not a store of voc_pipeline: it holds other tables ({shown})", "an empty database, or a store", remedy)
    if connection.dialect.name == "postgresql":
        encoding = str(connection.execute(text("SHOW server_encoding")).scalar())
        if encoding != "UTF8":
            raise StoreError(where, f"its encoding is {encoding}", "UTF8", "Create it with `createdb --encoding=UTF8 --template=template0 NAME`")
    return None


def _upgrade(connection: Connection, where: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _revision(connection, where)
    if found is not None and found not in known:
        raise StoreError(
            where, f"its schema is {found}, newer than this version knows", f"{HEAD} or older", "Install the newer voc_pipeline that made it"
        )
    command.upgrade(config, "head")


def _explain(error: SQLAlchemyError, where: str) -> StoreError:
    origin = error.orig if isinstance(error, DBAPIError) else error
    lines = str(origin).strip().splitlines() or [type(origin).__name__]
    words = lines[0].casefold()
    for sign, found, remedy in _REMEDIES:
        if sign in words:
            return StoreError(where, f"{found} ({lines[0]})", "", remedy)
    return StoreError(where, lines[0], "", "Start again: what was written before is kept")
