"""Runs, and the shards of theirs that are finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from voc_pipeline.errors import StoreError, suggest
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, upsert
from voc_pipeline.store.nouns import Run

_STATUSES = ("running", "done", "failed")
_FIELDS = tuple(field.name for field in fields(Run))


class Runs(Database):
    """Which runs there were and how far each one came."""

    def start_run(self, run: Run) -> None:
        """Writes a new run; the same run again changes nothing. Unfinished runs of the same request are given up: what they
        had staged is let go, and should one be resumed by its id after all, it does every step again.

        Raises:
            StoreError: Another run has that id or ordinal.
        """
        _check_status(run.status)
        with self._writing() as connection:
            self._alone(connection, "run")
            found = connection.execute(select(t.run).where((t.run.c.id == run.id) | (t.run.c.ordinal == run.ordinal))).first()
            if found is not None:
                if (found.id, found.ordinal, found.request_hash) == (run.id, run.ordinal, run.request_hash):
                    return
                raise StoreError(
                    f"run {run.id}",
                    f"run {found.id}, number {found.ordinal}, is there already",
                    "an id and a number not used before",
                    "Choose another --run-id",
                )
            left = select(t.run.c.id).where(t.run.c.request_hash == run.request_hash, t.run.c.status != "done")
            for table in (t.staged, t.staged_score, t.shard):
                connection.execute(delete(table).where(table.c.run_id.in_(left)))
            connection.execute(t.run.insert(), asdict(run))

    def update_run(self, run_id: str, **changes: Any) -> None:
        """Sets fields of a run, such as ``status="done", finished_at=...``.

        Raises:
            ValueError: A field that a run does not have, or a status it cannot have.
            StoreError: No such run.
        """
        unknown = sorted(set(changes) - set(_FIELDS) | {"id"} & set(changes))
        if unknown:
            raise ValueError(f"{unknown[0]!r} cannot be set on a run. {suggest(unknown[0], [name for name in _FIELDS if name != 'id'])}")
        if "status" in changes:
            _check_status(changes["status"])
        with self._writing() as connection:
            if changes and connection.execute(update(t.run).where(t.run.c.id == run_id).values(**changes)).rowcount == 0:
                raise self._no_run(run_id)

    def run(self, run_id: str) -> Run:
        """One run.

        Raises:
            StoreError: No such run.
        """
        with self._reading() as connection:
            row = connection.execute(select(t.run).where(t.run.c.id == run_id)).first()
        if row is None:
            raise self._no_run(run_id)
        return Run(**row._mapping)

    def runs(self) -> list[Run]:
        """Every run, oldest first."""
        with self._reading() as connection:
            return [Run(**row._mapping) for row in connection.execute(select(t.run).order_by(t.run.c.ordinal))]

    def unfinished_run(self, request_hash: str) -> Run | None:
        """The newest run of a request if it is not done: the one to resume. Older ones were given up with `--fresh`."""
        newest = self._newest(t.run.c.request_hash == request_hash)
        return newest if newest is not None and newest.status != "done" else None

    def last_done_run(self, request_hash: str | None = None) -> Run | None:
        """The newest run that is done, of one request or of any."""
        wanted = [t.run.c.status == "done"]
        return self._newest(*wanted, *([t.run.c.request_hash == request_hash] if request_hash is not None else []))

    def shard_done(self, run_id: str, step: str, shard: int, counts: Mapping[str, int]) -> None:
        """Marks a shard of a step as finished; in the transaction of what the shard wrote, both are kept or neither."""
        with self._writing() as connection:
            upsert(connection, t.shard, [{"run_id": run_id, "step": step, "shard": shard, "counts": counts}])

    def done_shards(self, run_id: str, step: str) -> dict[int, dict[str, int]]:
        """Finished shards of a step, and what each counted."""
        with self._reading() as connection:
            found = connection.execute(
                select(t.shard.c.shard, t.shard.c.counts).where(t.shard.c.run_id == run_id, t.shard.c.step == step).order_by(t.shard.c.shard)
            )
            return {row.shard: row.counts for row in found}

    def latest_date(self) -> date | None:
        """Day of the latest dated verbatim that is analysed, None if none is dated."""
        query = (
            select(t.verbatim.c.date)
            .where(t.verbatim.c.date.is_not(None), t.verbatim.c.duplicate_of.is_(None))
            .order_by(t.verbatim.c.date.desc())
            .limit(1)
        )
        with self._reading() as connection:
            latest: datetime | None = connection.execute(query).scalar()
        return None if latest is None else latest.date()

    def _newest(self, *conditions: ColumnElement[bool]) -> Run | None:
        with self._reading() as connection:
            row = connection.execute(select(t.run).where(*conditions).order_by(t.run.c.ordinal.desc()).limit(1)).first()
        return None if row is None else Run(**row._mapping)

    def _no_run(self, run_id: str) -> StoreError:
        known = [run.id for run in self.runs()]
        return StoreError(
            f"run {run_id}", "no such run", "", suggest(run_id, known) if known else "The store holds no run yet: start one with `voc run`"
        )


def _check_status(status: object) -> None:
    if status not in _STATUSES:
        raise ValueError(f"{status!r} is not a status of a run. {suggest(str(status), _STATUSES)}")
