"""From rows received to verbatims kept: staged while a run reads its sources, settled at once when all are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, func, or_, select, tuple_, update

from voc_pipeline.errors import StoreError
from voc_pipeline.schema import Dropped, Outcome, Reason, Segment, Unreadable, Verbatim
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, insert, upsert
from voc_pipeline.store.nouns import ScoreRow, StagedRow
from voc_pipeline.store.responses import keep_responses, stored_responses
from voc_pipeline.store.rows import chunks, from_staged, from_verbatim, segment_rows, staged_row, verbatim_row
from voc_pipeline.store.voices import stored_segments

_PAGE = 1000
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
_Place = tuple[str, int]


class Settling(Database):
    """The step from a pull of the sources to the verbatims of the store."""

    def clear_stage(self, run_id: str, source: str) -> None:
        """Forgets what a run has staged and dropped of one source, so that reading it can begin again."""
        with self._writing() as connection:
            for table in (t.staged, t.staged_score, t.dropped, t.received):
                connection.execute(delete(table).where(table.c.run_id == run_id, table.c.source == source))

    def stage(
        self,
        run_id: str,
        source: str,
        verbatims: Sequence[Verbatim],
        dropped: Sequence[Dropped | Unreadable],
        received: int,
        scores: Sequence[ScoreRow] = (),
    ) -> None:
        """Adds rows of one source to the stage; call it as often as there are batches, after one `clear_stage`.

        Args:
            run_id: The run.
            source: Source of all rows given.
            verbatims: Rows that could be analysed.
            dropped: Rows that cannot, with their reasons.
            received: Rows this batch stands for; over all batches it must equal the verbatims and dropped rows, or `settle` refuses.
            scores: Scores of respondents who wrote nothing.

        Raises:
            ValueError: A row of another source.
            StoreError: No such run.
        """
        strangers = sorted({row.source for row in (*verbatims, *dropped, *scores)} - {source})
        if strangers:
            raise ValueError(f"rows of source {strangers[0]!r} among those of {source!r}")
        with self._writing() as connection:
            n = _next(connection, t.staged, run_id, source)
            insert(connection, t.staged, [staged_row(verbatim, run_id, n + i) for i, verbatim in enumerate(verbatims)])
            _drop(connection, run_id, dropped)
            n = _next(connection, t.staged_score, run_id, source)
            insert(
                connection,
                t.staged_score,
                [
                    {
                        "run_id": run_id,
                        "source": source,
                        "n": n + i,
                        "respondent": s.respondent_hash,
                        "customer": s.customer_hash,
                        "date": s.date,
                        "name": s.name,
                        "value": s.value,
                    }
                    for i, s in enumerate(scores)
                    if s.value == s.value
                ],
            )
            before = (
                connection.execute(select(t.received.c.received).where(t.received.c.run_id == run_id, t.received.c.source == source)).scalar() or 0
            )
            open_ = dict.fromkeys((*_OUTCOMES, "known", "replaced"))
            upsert(connection, t.received, [{"run_id": run_id, "source": source, "received": before + received, **open_}])

    def staged(self, run_id: str) -> Iterator[StagedRow]:
        """What the search for duplicates needs of the staged verbatims, by source and order of arrival."""
        s, v = t.staged.c, t.verbatim.c
        known = and_(v.duplicate_of.is_(None), v.text_run != run_id, v.text_key == s.text_key)
        query = (
            select(
                s.verbatim_id.label("id"),
                s.source,
                s.n,
                s.position,
                s.customer,
                s.date,
                s.text,
                s.text_key,
                func.coalesce(known, False).label("known"),
            )
            .select_from(t.staged.outerjoin(t.verbatim, v.id == s.verbatim_id))
            .where(s.run_id == run_id)
            .order_by(s.source, s.n)
            .limit(_PAGE)
        )
        last: _Place = ("", -1)
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.where(tuple_(s.source, s.n) > last)).all()
            for row in rows:
                yield _staged(row, bool(row.known))
            if len(rows) < _PAGE:
                return
            last = (rows[-1].source, rows[-1].n)

    def earlier(self, run_id: str) -> Iterator[StagedRow]:
        """Verbatims of earlier runs, not staged now, that a staged one could repeat: same customer or, where neither has one, same text."""
        s, v = t.staged.c, t.verbatim.c
        mine = s.run_id == run_id
        alike = or_(
            and_(v.customer != "", exists().where(mine, s.customer == v.customer)),
            and_(v.customer == "", exists().where(mine, s.customer == "", s.text_key == v.text_key)),
        )
        query = (
            select(v.id, v.source, v.position, v.customer, v.date, v.text, v.text_key)
            .where(v.duplicate_of.is_(None), v.text_run != run_id, alike, ~exists().where(mine, s.verbatim_id == v.id))
            .order_by(v.id)
            .limit(_PAGE)
        )
        last = ""
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.where(v.id > last)).all()
            for row in rows:
                yield _staged(row, True)
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    def settle(self, run_id: str, conflicts: Collection[str] = (), duplicates: Mapping[str, tuple[str, Reason]] | None = None) -> dict[str, int]:
        """Moves what is staged into `verbatim` and `segment`, in one transaction, and says how every row received has ended.

        A verbatim that is new is kept; one stored before with the same text is `known`, its answers stay; one that comes with a new text is
        `replaced`: its old annotations, and all mentions that point into its old segments, go. One id with several texts is quarantined, and a
        verbatim of that id stored before stays as it was. One id several times with one text counts once. Duplicates are kept, marked, and not
        analysed; their scores do not count again.
        A second call, or a pull staged again by the same run, gives the same rows and counts.

        Args:
            run_id: The run.
            conflicts: Ids that came with several texts; ids whose `text_key` differ are found here.
            duplicates: Per id: the id of the verbatim it repeats, and why.

        Returns:
            Counts of `received`, `analysed`, `duplicate`, `rejected`, `quarantined`, of `known` and `replaced` among the analysed, and of each
            `<outcome>.<reason>` that occurs. They are stored with the run.

        Raises:
            ValueError: A duplicate repeats a verbatim that is neither staged nor stored.
            StoreError: No such run, or the rows do not add up to those received.
        """
        with self._writing() as connection:
            self._alone(connection, "settle")
            if connection.execute(select(t.run.c.id).where(t.run.c.id == run_id)).first() is None:
                raise StoreError(f"run {run_id}", "no such run", "a run started with start_run")
            pending = set(
                connection.execute(select(t.received.c.source).where(t.received.c.run_id == run_id, t.received.c.analysed.is_(None))).scalars()
            )
            if pending:
                tally = _settle(connection, run_id, set(conflicts), duplicates or {})
                _close(connection, run_id, pending, tally)
            counts = _reckon(connection, run_id)
            connection.execute(update(t.run).where(t.run.c.id == run_id).values(counts=counts))
            return counts

    def dropped(self, run_id: str, outcome: Outcome | None = None) -> list[Dropped]:
        """Rows of a run that are not analysed, of one outcome or of any, by source and order of arrival."""
        d = t.dropped.c
        query = select(t.dropped).where(d.run_id == run_id, *([d.outcome == outcome] if outcome else [])).order_by(d.source, d.n)
        with self._reading() as connection:
            return [Dropped(r.source, r.position, Outcome(r.outcome), Reason(r.reason), r.row_hash, r.detail) for r in connection.execute(query)]

    def received(self, run_id: str) -> dict[str, dict[str, int]]:
        """Per source of a run: how many rows it received and how they ended; a source not settled yet has its `received` alone."""
        with self._reading() as connection:
            rows = connection.execute(select(t.received).where(t.received.c.run_id == run_id).order_by(t.received.c.source)).all()
        return {r.source: {name: n for name, n in r._mapping.items() if name not in {"run_id", "source"} and n is not None} for r in rows}


def _settle(connection: Connection, run_id: str, conflicts: set[str], duplicates: Mapping[str, tuple[str, Reason]]) -> dict[str, dict[str, int]]:
    """Does the work of `settle` on everything staged; returns analysed, known and replaced by source."""
    s = t.staged.c
    places = connection.execute(
        select(s.source, s.n, s.verbatim_id, s.position, s.text_key).where(s.run_id == run_id).order_by(s.source, s.position, s.n)
    ).all()
    key_of: dict[str, str] = {}
    for row in places:
        if key_of.setdefault(row.verbatim_id, row.text_key) != row.text_key:
            conflicts.add(row.verbatim_id)
    kept: dict[str, _Place] = {}
    dropped: list[Dropped] = []
    for row in places:
        id_ = row.verbatim_id
        if id_ in conflicts:
            dropped.append(Dropped(row.source, row.position, Outcome.QUARANTINED, Reason.ID_CONFLICT, id_))
        elif id_ in kept:
            dropped.append(Dropped(row.source, row.position, Outcome.DUPLICATE, Reason.EXACT_DUPLICATE, id_, id_))
        else:
            kept[id_] = (row.source, row.n)
            if id_ in duplicates:
                dropped.append(Dropped(row.source, row.position, Outcome.DUPLICATE, duplicates[id_][1], id_, duplicates[id_][0]))
    repeats = {id_: duplicates[id_][0] for id_ in kept if id_ in duplicates}
    _check_originals(connection, repeats, kept)

    tally: dict[str, dict[str, int]] = {}
    scores = _silent_scores(connection, run_id)
    for ids in chunks(list(kept)):
        found = connection.execute(select(t.staged).where(s.run_id == run_id, s.verbatim_id.in_(ids)).order_by(s.source, s.n)).all()
        verbatims = [from_staged(row) for row in found if kept[row.verbatim_id] == (row.source, row.n)]
        _keep(connection, run_id, verbatims, repeats, tally)
        for verbatim in sorted(verbatims, key=lambda one: (one.source, one.position)):
            given = scores.setdefault((verbatim.source, verbatim.respondent or verbatim.id), {})
            if verbatim.id not in repeats:
                given |= {name: (verbatim.customer, verbatim.date, value) for name, value in verbatim.scores.items() if value is not None}
    _rewrite_scores(connection, scores)
    _drop(connection, run_id, dropped)
    for table in (t.staged, t.staged_score):
        connection.execute(delete(table).where(table.c.run_id == run_id))
    return tally


def _check_originals(connection: Connection, repeats: Mapping[str, str], kept: Mapping[str, _Place]) -> None:
    missing = sorted(set(repeats.values()) - set(kept))
    for ids in chunks(missing):
        stored = set(connection.execute(select(t.verbatim.c.id).where(t.verbatim.c.id.in_(ids))).scalars())
        if stored != set(ids):
            raise ValueError(f"a duplicate repeats {sorted(set(ids) - stored)[0]!r}, which is neither staged nor stored")


def _keep(connection: Connection, run_id: str, verbatims: Sequence[Verbatim], repeats: Mapping[str, str], tally: dict[str, dict[str, int]]) -> None:
    """Stores verbatims, touching only rows that change, and counts those that are analysed."""
    ids = [verbatim.id for verbatim in verbatims]
    old_rows = {row.id: row for row in connection.execute(select(t.verbatim).where(t.verbatim.c.id.in_(ids)))}
    old_segments: dict[str, list[Segment]] = {id_: [] for id_ in old_rows}
    for id_, segment in stored_segments(connection, list(old_rows)):
        old_segments[id_].append(segment)
    waits = stored_responses(connection, list(old_rows))
    rows, stale, segments, waited = [], [], [], []
    for verbatim in verbatims:
        repeat = repeats.get(verbatim.id)
        row = old_rows.get(verbatim.id)
        old = None if row is None else from_verbatim(row, old_segments[verbatim.id], waits.get(verbatim.id))
        first_run = run_id if row is None else row.first_run
        text_run = run_id if row is None or old is None or old.text != verbatim.text else row.text_run
        if row is None or old != verbatim or row.duplicate_of != repeat:
            rows.append(verbatim_row(verbatim, repeat, first_run, text_run))
            waited.append(verbatim)
        if old is None or _reading(old) != _reading(verbatim):
            segments.extend(segment_rows(verbatim))
            if old is not None:
                stale.append(verbatim.id)
        if repeat is None:
            counts = tally.setdefault(verbatim.source, {"analysed": 0, "known": 0, "replaced": 0})
            counts["analysed"] += 1
            if first_run != run_id:
                counts["replaced" if text_run == run_id else "known"] += 1
    if stale:
        connection.execute(delete(t.annotation).where(t.annotation.c.verbatim_id.in_(stale)))
        connection.execute(delete(t.segment).where(t.segment.c.verbatim_id.in_(stale)))
    upsert(connection, t.verbatim, rows)
    insert(connection, t.segment, segments)
    keep_responses(connection, waited)


def _reading(verbatim: Verbatim) -> tuple[object, ...]:
    """What an annotation depends on; where it changes, old answers are stale."""
    return verbatim.text, verbatim.lang, verbatim.kind, verbatim.question, verbatim.segments


_Scores = dict[tuple[str, str], dict[str, tuple[str, Any, float]]]


def _silent_scores(connection: Connection, run_id: str) -> _Scores:
    scores: _Scores = {}
    c = t.staged_score.c
    for row in connection.execute(select(t.staged_score).where(c.run_id == run_id).order_by(c.source, c.n)):
        scores.setdefault((row.source, row.respondent), {})[row.name] = (row.customer, row.date, row.value)
    return scores


def _rewrite_scores(connection: Connection, scores: _Scores) -> None:
    """Puts the scores of these respondents in the place of those they had."""
    c = t.score.c
    for source in sorted({source for source, _ in scores}):
        respondents = sorted(respondent for name, respondent in scores if name == source)
        for part in chunks(respondents):
            connection.execute(delete(t.score).where(c.source == source, c.respondent.in_(part)))
    rows = [
        {"source": source, "respondent": respondent, "name": name, "customer": customer, "date": date, "value": value}
        for (source, respondent), given in sorted(scores.items())
        for name, (customer, date, value) in sorted(given.items())
    ]
    insert(connection, t.score, rows)


def _close(connection: Connection, run_id: str, pending: set[str], tally: Mapping[str, Mapping[str, int]]) -> None:
    """Writes how the rows of each source ended.

    Raises:
        StoreError: They are not as many as were received.
    """
    r, d = t.received.c, t.dropped.c
    received = dict(connection.execute(select(r.source, r.received).where(r.run_id == run_id)).all())
    ended: dict[str, dict[str, int]] = {
        source: {**dict.fromkeys((*_OUTCOMES, "known", "replaced"), 0), **tally.get(source, {})} for source in pending
    }
    for row in connection.execute(select(d.source, d.outcome, func.count().label("n")).where(d.run_id == run_id).group_by(d.source, d.outcome)):
        if row.source in ended:
            ended[row.source][row.outcome] = row.n
    for source, counts in sorted(ended.items()):
        total = sum(counts[outcome] for outcome in _OUTCOMES)
        if total != received[source]:
            raise StoreError(
                f"run {run_id}: source {source}",
                f"{received[source]} rows were received and {total} are accounted for",
                "as many",
                "Nothing was written",
            )
    upsert(
        connection,
        t.received,
        [{"run_id": run_id, "source": source, "received": received[source], **counts} for source, counts in sorted(ended.items())],
    )


def _reckon(connection: Connection, run_id: str) -> dict[str, int]:
    """Counts of the whole run, from the tables."""
    r, d = t.received.c, t.dropped.c
    names = ("received", *_OUTCOMES, "known", "replaced")
    sums = connection.execute(select(*(func.coalesce(func.sum(r[name]), 0) for name in names)).where(r.run_id == run_id)).one()
    counts = {name: int(n) for name, n in zip(names, sums, strict=True)}
    reasons = (
        select(d.outcome, d.reason, func.count().label("n")).where(d.run_id == run_id).group_by(d.outcome, d.reason).order_by(d.outcome, d.reason)
    )
    return counts | {f"{row.outcome}.{row.reason}": row.n for row in connection.execute(reasons)}


def _drop(connection: Connection, run_id: str, dropped: Sequence[Dropped | Unreadable]) -> None:
    next_n: dict[str, int] = {}
    rows = []
    for row in dropped:
        n = next_n[row.source] if row.source in next_n else _next(connection, t.dropped, run_id, row.source)
        next_n[row.source] = n + 1
        rows.append(
            {
                "run_id": run_id,
                "source": row.source,
                "n": n,
                "position": row.position,
                "outcome": row.outcome,
                "reason": row.reason,
                "row_hash": row.row_hash,
                "detail": row.detail,
            }
        )
    insert(connection, t.dropped, rows)


def _next(connection: Connection, table: Any, run_id: str, source: str) -> int:
    return int(
        connection.execute(select(func.coalesce(func.max(table.c.n) + 1, 0)).where(table.c.run_id == run_id, table.c.source == source)).scalar_one()
    )


def _staged(row: Row[*tuple[Any, ...]], known: bool) -> StagedRow:
    return StagedRow(row.id, row.source, row.position, row.customer, row.date, row.text, row.text_key, known)
