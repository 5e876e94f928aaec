"""A look at a store from outside, for `voc check`: nothing is created, migrated or changed."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from voc_pipeline.errors import StoreError
from voc_pipeline.store.database import HEAD, _engine, _explain, _parsed, _revision, _where


def look(url: str) -> str:
    """What is at a URL, as `voc_pipeline.store.looked_at`."""
    parsed = _parsed(url)
    where = _where(parsed)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not path.exists():
            return _new_file(path)
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10))
    else:
        engine = _engine(parsed)
    try:
        with engine.connect() as connection:
            return _described(connection, where, parsed)
    except SQLAlchemyError as error:
        raise _explain(error, where) from None
    finally:
        engine.dispose()


def _new_file(path: Path) -> str:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise StoreError(
            str(folder), "not writable", "a folder that may be written", "Give yourself the right to write it, or name another file under `store:`"
        )
    return f"{path} (new)"


def _described(connection: Connection, where: str, parsed: URL) -> str:
    found = _revision(connection, where)
    if found is None:
        return f"{where} (empty)"
    n, last = connection.execute(text("SELECT count(*), max(ordinal) FROM run")).one()
    newest = connection.execute(text("SELECT id FROM run WHERE ordinal = :last"), {"last": last}).scalar()
    runs = f"{n} run{'s' if n > 1 else ''}, the last {newest}" if n else "no run yet"
    return f"{where} ({runs}{'' if found == HEAD else '; its schema will be migrated'})"
