"""One run at a time on a store: who is at work holds it, and lets it go however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from voc_pipeline.errors import StoreError
from voc_pipeline.store.database import _engine, _explain, _make_room, _parsed, _where

_NAME = "voc_pipeline.work"
_REMEDY = "Wait until it has ended, or stop it; the next `voc run` goes on where it stopped"


@contextmanager
def holding(url: str) -> Iterator[None]:
    """Holds a store for one piece of work, as `voc_pipeline.store.exclusive`.

    SQLite: a lock on `<file>.lock`, which the system lets go when its owner ends, even by SIGKILL; the file names the owner. PostgreSQL: an advisory
    lock on a connection of its own, let go when that connection ends.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        _make_room(parsed)
        with _file_lock(Path(f"{parsed.database}.lock")):
            yield
    else:
        with _advisory_lock(parsed):
            yield


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(file)
            os.close(file)
            raise StoreError(str(path.with_suffix("")), f"another run is at work on it{owner}", "one run at a time", _REMEDY) from None
        if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
            break
        os.close(file)  # its last owner removed it between our opening and our locking
    try:
        os.ftruncate(file, 0)
        os.write(file, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _read_owner(file: int) -> str:
    try:
        owner: dict[str, Any] = json.loads(os.pread(file, 1000, 0))
        return f" (process {owner['pid']} on {owner['host']}, since {owner['since']})"
    except (ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _advisory_lock(parsed: Any) -> Iterator[None]:
    engine = _engine(parsed)
    where = _where(parsed)
    key = {"name": _NAME}
    try:
        try:
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            mine = f"voc {os.getpid()} {socket.gethostname()[:24]} {_now()}"
            connection.execute(text("SELECT set_config('application_name', :mine, false)"), {"mine": mine[:63]})
            lock = "hashtext(:name || '.' || current_schema())"
            got = connection.execute(text(f"SELECT pg_try_advisory_lock({lock})"), key).scalar()
        except SQLAlchemyError as error:
            raise _explain(error, where) from None
        with connection:
            if not got:
                owner = connection.execute(text(_WHO.format(lock=lock)), key).scalar()
                told = str(owner or "").split(" ", 3)
                shown = f" (process {told[1]} on {told[2]}, since {told[3]})" if len(told) == 4 else ""
                raise StoreError(where, f"another run is at work on it{shown}", "one run at a time", _REMEDY)
            yield
    finally:
        engine.dispose()


_WHO = """SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND ((l.classid::bigint << 32) | l.objid::bigint) = (({lock})::bigint & (-1)::bigint) LIMIT 1"""


def _now() -> str:
    return datetime.now().isoformat(" ", "minutes")
