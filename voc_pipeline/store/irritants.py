"""The registry's shelf: irritants, their mentions, and the ledger of edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from voc_pipeline.errors import StoreError, suggest
from voc_pipeline.schema import Irritant, IrritantKind, Mention
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, insert, upsert
from voc_pipeline.store.nouns import Edit
from voc_pipeline.store.rows import chunks, from_irritant, irritant_row, text_keys


class Irritants(Database):
    """Irritants, strengths and suggestions, kept from run to run."""

    def irritants(self, kind: IrritantKind | None = None, active: bool = True) -> list[Irritant]:
        """Records of the registry, sorted by id.

        Args:
            kind: Only of this kind.
            active: Only those that are active; False gives all, merged and rejected ones too.
        """
        c = t.irritant.c
        conditions = ([c.kind == kind] if kind is not None else []) + ([c.status == "active"] if active else [])
        with self._reading() as connection:
            return _fetch(connection, *conditions)

    def irritant(self, irritant_id: str) -> Irritant:
        """The record of an id; of one that was merged, the record it was merged into.

        Raises:
            StoreError: No such id, or redirects that go round in a circle.
        """
        seen: list[str] = []
        current = irritant_id
        with self._reading() as connection:
            while current not in seen:
                seen.append(current)
                found = _fetch(connection, t.irritant.c.id == current)
                if not found:
                    raise self._unknown(connection, current)
                if not found[0].redirect:
                    return found[0]
                current = found[0].redirect
        raise StoreError(f"irritant {irritant_id}", f"its redirects go round: {' -> '.join([*seen, current])}", "an end", "Undo one of these merges")

    def save_irritants(self, irritants: Sequence[Irritant]) -> None:
        """Writes records whole, in the place of those of the same ids."""
        latest = {one.id: one for one in irritants}
        ordered = [latest[key] for key in sorted(latest)]
        exemplars = [
            {"irritant_id": one.id, "rank": rank, "verbatim_id": e.verbatim_id, "position": e.position, "text": e.text, "lang": e.lang}
            for one in ordered
            for rank, e in enumerate(one.exemplars)
        ]
        with self._writing() as connection:
            upsert(connection, t.irritant, [irritant_row(one) for one in ordered])
            for part in chunks([one.id for one in ordered]):
                connection.execute(delete(t.exemplar).where(t.exemplar.c.irritant_id.in_(part)))
            insert(connection, t.exemplar, exemplars)

    def given_irritants(self) -> list[Irritant]:
        """Records as runs bore and kept them, before people's edits, sorted by id; parts that people split off are not among them."""
        with self._reading() as connection:
            rows = connection.execute(select(t.irritant.c.id, t.irritant.c.given).where(t.irritant.c.parent == "")).all()
            found = {record.id: record for record in _fetch(connection, t.irritant.c.parent == "")}
        plain: dict[str, Any] = {"pinned": False, "inclusion": (), "exclusion": ()}
        return [replace(found[row.id], **plain, **row.given) for row in sorted(rows, key=lambda row: row.id)]

    def give(self, irritant_id: str, **values: str) -> None:
        """Changes what a run gives a record (`status`, `owner`), before people's edits: how it stands is written by `write_standing`."""
        c = t.irritant.c
        with self._writing() as connection:
            given = connection.execute(select(c.given).where(c.id == irritant_id)).scalar_one()
            connection.execute(update(t.irritant).where(c.id == irritant_id).values(given={**given, **values}))

    def write_standing(self, irritants: Iterable[Irritant]) -> int:
        """Writes how records stand after people's edits, what runs gave them left as it is; parts not yet known are added.

        Returns:
            How many records changed.
        """
        c = t.irritant.c
        with self._writing() as connection:
            before = {record.id: record for record in _fetch(connection)}
            wanted = {record.id: record for record in irritants}
            self.save_irritants([record for key, record in wanted.items() if key not in before])
            changed = [record for key, record in wanted.items() if key in before and record != before[key]]
            for record in changed:
                row = {name: value for name, value in irritant_row(record).items() if name not in ("id", "given")}
                connection.execute(update(t.irritant).where(c.id == record.id).values(row))
            return len(changed) + len(set(wanted) - set(before))

    def thresholds(self, space: str) -> dict[str, float]:
        """By irritant, the score from which a segment is a mention in a topic space; those that were never claimed in it are missing."""
        c = t.reach.c
        with self._reading() as connection:
            rows = connection.execute(select(c.irritant_id, c.threshold).where(c.space == space).order_by(c.irritant_id))
            return {row.irritant_id: row.threshold for row in rows}

    def write_thresholds(self, run_id: str, space: str, thresholds: Mapping[str, float]) -> None:
        """Writes thresholds of irritants in a topic space, each once: one that is there stays.

        Raises:
            StoreError: An irritant that is not stored.
        """
        with self._writing() as connection:
            there = set(connection.execute(select(t.reach.c.irritant_id).where(t.reach.c.space == space)).scalars())
            fresh = {name: value for name, value in sorted(thresholds.items()) if name not in there}
            insert(connection, t.reach, [{"irritant_id": i, "space": space, "threshold": value, "run_id": run_id} for i, value in fresh.items()])

    def write_mentions(self, run_id: str, shard: int, mentions: Sequence[Mention], instead: bool = False) -> None:
        """Puts the mentions of one shard of a run in the place of those it wrote before.

        Steps that both write mentions need shards of different numbers. With `instead`, a segment that another shard gave to another irritant is taken
        from that one.

        Raises:
            StoreError: A run, segment or irritant that is not stored, or the mention of another shard.
        """
        rows = [
            {
                "run_id": run_id,
                "verbatim_id": m.verbatim_id,
                "position": m.position,
                "irritant_id": m.irritant_id,
                "shard": shard,
                "score": m.score,
                "fallback": bool(m.fallback),
            }
            for m in mentions
        ]
        with self._writing() as connection:
            connection.execute(delete(t.mention).where(t.mention.c.run_id == run_id, t.mention.c.shard == shard))
            if instead:
                c = t.mention.c
                wanted = {(m.verbatim_id, m.position) for m in mentions}
                for part in chunks(sorted({verbatim_id for verbatim_id, _ in wanted})):
                    found = connection.execute(select(c.verbatim_id, c.position).where(c.run_id == run_id, c.verbatim_id.in_(part))).all()
                    for row in found:
                        if (row.verbatim_id, row.position) in wanted:
                            connection.execute(
                                delete(t.mention).where(c.run_id == run_id, c.verbatim_id == row.verbatim_id, c.position == row.position)
                            )
            insert(connection, t.mention, rows)

    def mentions(self, run_id: str) -> list[Mention]:
        """Mentions of a run, sorted by verbatim, segment and irritant."""
        c = t.mention.c
        query = (
            select(c.verbatim_id, c.position, c.irritant_id, c.score, c.fallback)
            .where(c.run_id == run_id)
            .order_by(c.verbatim_id, c.position, c.irritant_id)
        )
        with self._reading() as connection:
            return [Mention(*row) for row in connection.execute(query)]

    def append_edit(self, edit: Edit) -> int:
        """Adds a line to the ledger; its rank is returned. The same edit of the same run is written once, however often the run is started again."""
        c = t.edit.c
        payload = text_keys(edit.payload)
        with self._writing() as connection:
            self._alone(connection, "edit")
            if edit.run_id:
                same = (
                    c.run_id == edit.run_id,
                    c.author == edit.author,
                    c.action == edit.action,
                    c.irritant_id == edit.irritant_id,
                    c.payload == payload,
                )
                known = connection.execute(select(c.id).where(*same).limit(1)).first()
                if known is not None:
                    return int(known.id)
            rank = int(connection.execute(select(func.coalesce(func.max(c.id), 0) + 1)).scalar_one())
            row = {"id": rank, "at": edit.at, "author": edit.author, "run_id": edit.run_id, "action": edit.action}
            insert(connection, t.edit, [{**row, "irritant_id": edit.irritant_id, "payload": payload, "reason": edit.reason}])
        return rank

    def edits(self, irritant_id: str | None = None) -> list[Edit]:
        """The ledger in the order it was written, of one irritant or of all."""
        c = t.edit.c
        query = select(t.edit).where(*([c.irritant_id == irritant_id] if irritant_id is not None else [])).order_by(c.id)
        with self._reading() as connection:
            return [Edit(r.at, r.author, r.run_id, r.action, r.irritant_id, r.payload, r.reason, r.id) for r in connection.execute(query)]

    def _unknown(self, connection: Connection, irritant_id: str) -> StoreError:
        known = list(connection.execute(select(t.irritant.c.id).order_by(t.irritant.c.id)).scalars())
        if not known:
            return StoreError(f"irritant {irritant_id}", "the registry is empty", "", "Run `voc run` first")
        near = suggest(irritant_id, known).rpartition("Did you mean")
        return StoreError(
            f"irritant {irritant_id}",
            f"not one of the {len(known)} of the registry",
            "",
            "".join(near[1:]) if near[1] else "`voc irritants CONFIG list` shows them all",
        )


def _fetch(connection: Connection, *conditions: ColumnElement[bool]) -> list[Irritant]:
    found = connection.execute(select(t.irritant).where(*conditions).order_by(t.irritant.c.id)).all()
    exemplars: dict[str, list[Any]] = {row.id: [] for row in found}
    c = t.exemplar.c
    for part in chunks(list(exemplars)):
        for row in connection.execute(select(t.exemplar).where(c.irritant_id.in_(part)).order_by(c.irritant_id, c.rank)):
            exemplars[row.irritant_id].append(row)
    return [from_irritant(row, exemplars[row.id]) for row in found]
