"""Tables of a run into a database of the user's own, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, MetaData, Table, Text, create_engine, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from voc_pipeline.errors import StoreError
from voc_pipeline.store.database import _explain, _where

LEDGER = "voc_export"
"""Names the tables that `voc export` made, so that it never replaces one it did not make."""

_TYPES = {"text": Text, "int": BigInteger, "float": Double, "flag": Boolean}
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Exported:
    """One table to export.

    Attributes:
        columns: Name, type and comment of each.
        rows: Values by column, None where there is none.
    """

    name: str
    columns: Sequence[tuple[str, Literal["text", "int", "float", "flag"], str]]
    rows: Sequence[dict[str, Any]] = field(repr=False)


def write(url: str, tables: Sequence[Exported], run_id: str) -> None:
    """Writes tables, as `voc_pipeline.store.export`."""
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        shown = url.split("://", 1)[0]
        raise StoreError(
            "--to",
            f"no database is known by a URL that begins with {shown!r}",
            "a folder, sqlite:///file.db or postgresql+psycopg://user@host/database",
            "Correct it",
        ) from None
    where = _where(parsed)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver alone would commit each table as it is made
            _replace(connection, where, tables, run_id)
    except SQLAlchemyError as error:
        raise _explain(error, where) from None
    finally:
        engine.dispose()


def _replace(connection: Connection, where: str, tables: Sequence[Exported], run_id: str) -> None:
    metadata = MetaData()
    ledger = Table(
        LEDGER, metadata, Column("name", Text, primary_key=True), Column("run_id", Text, nullable=False), Column("rows", BigInteger, nullable=False)
    )
    ledger.create(connection, checkfirst=True)
    ours = set(connection.execute(select(ledger.c.name)).scalars())
    there = set(inspect(connection).get_table_names())
    for one in tables:
        if one.name in there - ours:
            raise StoreError(
                where,
                f"it has a table {one.name!r} that `voc export` did not make",
                "a name that is free",
                "Export into another database or schema, or rename that table",
            )
        made = Table(one.name, metadata, *(Column(name, _TYPES[kind], comment=comment) for name, kind, comment in one.columns))
        made.drop(connection, checkfirst=True)
        made.create(connection)
        for start in range(0, len(one.rows), _BATCH):
            connection.execute(made.insert(), list(one.rows[start : start + _BATCH]))
        connection.execute(ledger.delete().where(ledger.c.name == one.name))
        connection.execute(ledger.insert(), {"name": one.name, "run_id": run_id, "rows": len(one.rows)})
