"""What a run read of the company's registers, and what it held against irritants."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from voc_pipeline.registers import Entry, Register
from voc_pipeline.schema import Match, MatchState
from voc_pipeline.store import register_tables as t
from voc_pipeline.store.database import Database, insert

_PLAIN = ("id", "fr", "en", "owner", "stage", "source", "channel", "date")
_ORDER = {register: place for place, register in enumerate(Register)}


class RegisterRows(Database):
    """Entries and matches, by run."""

    def write_registers(self, run_id: str, entries: Sequence[tuple[Register, Entry]], matches: Sequence[Match]) -> None:
        """Puts entries and matches of a run in the place of those it had."""
        rows = [
            {
                "run_id": run_id,
                "register": str(register),
                **{name: getattr(entry, name) for name in _PLAIN},
                "valid_from": entry.from_,
                "valid_until": entry.until,
            }
            for register, entry in entries
        ]
        with self._writing() as connection:
            for table in (t.register_match, t.register_entry):
                connection.execute(delete(table).where(table.c.run_id == run_id))
            insert(connection, t.register_entry, rows)
            insert(
                connection,
                t.register_match,
                [
                    {"run_id": run_id, "state": str(one.state)}
                    | {name: getattr(one, name) for name in ("irritant_id", "entry_id", "register", "score", "level", "author", "at")}
                    for one in matches
                ],
            )

    def entries(self, run_id: str) -> list[tuple[Register, Entry]]:
        """Entries a run read, sorted by register and id."""
        c = t.register_entry.c
        with self._reading() as connection:
            rows = connection.execute(select(t.register_entry).where(c.run_id == run_id).order_by(c.id)).all()
        found = [
            (Register(row.register), Entry(**{name: getattr(row, name) for name in _PLAIN}, from_=row.valid_from, until=row.valid_until))
            for row in rows
        ]
        return sorted(found, key=lambda pair: _ORDER[pair[0]])

    def matches(self, run_id: str) -> list[Match]:
        """Matches of a run, sorted by irritant, register and entry."""
        c = t.register_match.c
        names = ("irritant_id", "register", "entry_id", "score", "level", "state", "author", "at")
        query = select(*(c[name] for name in names)).where(c.run_id == run_id).order_by(c.irritant_id, c.register, c.entry_id)
        with self._reading() as connection:
            return [Match(**{**row._mapping, "state": MatchState(row.state)}) for row in connection.execute(query)]
