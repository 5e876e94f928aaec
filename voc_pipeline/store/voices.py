"""Verbatims, scores and annotations, read in pages so that memory stays small however many there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, delete, exists, func, or_, select

from voc_pipeline.schema import Annotation, Segment, SegmentAnnotation, Verbatim
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, insert, upsert
from voc_pipeline.store.nouns import ScoreRow
from voc_pipeline.store.responses import stored_responses
from voc_pipeline.store.rows import (
    annotation_row,
    chunks,
    from_annotation,
    from_segment,
    from_segment_annotation,
    from_verbatim,
    segment_annotation_rows,
)

T = TypeVar("T")
_PAGE = 500


class Voices(Database):
    """What customers said and what the model made of it. Duplicates are always left out, undated verbatims are in every window."""

    def verbatims(
        self, since: date | None = None, until: date | None = None, missing_model: str | None = None, ids: Collection[str] | None = None
    ) -> Iterator[Verbatim]:
        """Analysed verbatims, sorted by id.

        Args:
            since: First day, inclusive.
            until: Last day, inclusive.
            missing_model: Only those without an annotation of this model version.
            ids: Only these.

        Yields:
            Verbatims. Writing between two of them is allowed: each page of some hundreds is a reading of its own.
        """
        query = select(t.verbatim).where(*_wanted(since, until, missing_model))
        return _paged(self, _fetch_verbatims, query, t.verbatim.c.id, ids, lambda verbatim: verbatim.id)

    def verbatim_ids(self, since: date | None = None, until: date | None = None) -> list[str]:
        """Ids of what `verbatims` would yield for a window, in its order."""
        query = select(t.verbatim.c.id).where(*_wanted(since, until, None)).order_by(t.verbatim.c.id)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def count_verbatims(
        self, since: date | None = None, until: date | None = None, missing_model: str | None = None, ids: Collection[str] | None = None
    ) -> int:
        """How many `verbatims` would yield with the same arguments."""
        query = select(func.count()).select_from(t.verbatim).where(*_wanted(since, until, missing_model))
        with self._reading() as connection:
            if ids is None:
                return int(connection.execute(query).scalar_one())
            return sum(int(connection.execute(query.where(t.verbatim.c.id.in_(part))).scalar_one()) for part in chunks(sorted(set(ids))))

    def groups(self) -> dict[str, set[str]]:
        """Values of `channel` (the kind of source where none is told), `lang` and each attribute over all verbatims; nothing where there is none."""
        found: dict[str, set[str]] = {}
        c = t.verbatim.c
        with self._reading() as connection:
            query = select(c.channel, c.kind, c.lang, c.attributes).where(*_wanted(None, None, None)).distinct()
            for channel, kind, lang, attributes in connection.execute(query):
                for name, value in {**attributes, "channel": channel or str(kind), "lang": lang}.items():
                    found.setdefault(name, set()).update({value} - {""})
        return found

    def scores(self, since: date | None = None, until: date | None = None) -> list[ScoreRow]:
        """Scores given from `since` to `until` (days, inclusive) or undated, sorted by source, respondent, name; rows for a `DataFrame`."""
        c = t.score.c
        query = (
            select(c.source, c.respondent, c.customer, c.date, c.name, c.value)
            .where(*_within(c.date, since, until))
            .order_by(c.source, c.respondent, c.name)
        )
        with self._reading() as connection:
            return [ScoreRow(*row) for row in connection.execute(query)]

    def write_annotations(self, annotations: Sequence[Annotation]) -> None:
        """Stores answers; one that is there already for the same verbatim and model version is replaced whole.

        Raises:
            StoreError: A verbatim that is not stored.
        """
        latest = {(a.verbatim_id, a.model_version): a for a in annotations}
        ordered = [latest[key] for key in sorted(latest)]
        c = t.segment_annotation.c
        with self._writing() as connection:
            upsert(connection, t.annotation, [annotation_row(a) for a in ordered])
            for version in sorted({a.model_version for a in ordered}):
                for part in chunks([a.verbatim_id for a in ordered if a.model_version == version]):
                    connection.execute(delete(t.segment_annotation).where(c.model_version == version, c.verbatim_id.in_(part)))
            insert(connection, t.segment_annotation, [row for a in ordered for row in segment_annotation_rows(a)])

    def annotations(
        self, model_version: str, since: date | None = None, until: date | None = None, ids: Collection[str] | None = None
    ) -> Iterator[Annotation]:
        """Answers of one model version for analysed verbatims, sorted by verbatim id; arguments as in `verbatims`."""
        a = t.annotation.c
        joined = t.annotation.join(t.verbatim, t.verbatim.c.id == a.verbatim_id)
        query = select(t.annotation).select_from(joined).where(a.model_version == model_version, *_wanted(since, until))

        def fetch(connection: Connection, page: Select[Any]) -> list[Annotation]:
            return _fetch_annotations(connection, page, model_version)

        return _paged(self, fetch, query, a.verbatim_id, ids, lambda annotation: annotation.verbatim_id)


def _paged(
    store: Voices,
    fetch: Callable[[Connection, Select[Any]], list[T]],
    query: Select[Any],
    key: Column[Any],
    ids: Collection[str] | None,
    id_of: Callable[[T], str],
) -> Iterator[T]:
    if ids is not None:
        for part in chunks(sorted(set(ids)), _PAGE):
            with store._reading() as connection:
                found = fetch(connection, query.where(key.in_(part)).order_by(key))
            yield from found
        return
    last = ""
    while True:
        with store._reading() as connection:
            found = fetch(connection, query.where(key > last).order_by(key).limit(_PAGE))
        yield from found
        if len(found) < _PAGE:
            return
        last = id_of(found[-1])


def stored_segments(connection: Connection, verbatim_ids: Sequence[str]) -> Iterator[tuple[str, Segment]]:
    """Segments of these verbatims (at most some hundreds), each with the id of its verbatim, in order."""
    c = t.segment.c
    query = (
        select(c.verbatim_id, c.position, c.start_char, c.end_char, c.text, c.role)
        .where(c.verbatim_id.in_(verbatim_ids))
        .order_by(c.verbatim_id, c.position)
    )
    for verbatim_id, *values in connection.execute(query):
        yield verbatim_id, from_segment(*values)


def _fetch_verbatims(connection: Connection, page: Select[Any]) -> list[Verbatim]:
    rows = connection.execute(page).all()
    segments: dict[str, list[Segment]] = {row.id: [] for row in rows}
    for verbatim_id, segment in stored_segments(connection, list(segments)):
        segments[verbatim_id].append(segment)
    waits = stored_responses(connection, list(segments))
    return [from_verbatim(row, segments[row.id], waits.get(row.id)) for row in rows]


def _fetch_annotations(connection: Connection, page: Select[Any], model_version: str) -> list[Annotation]:
    rows = connection.execute(page).all()
    c = t.segment_annotation.c
    columns = [column for column in c if column.name != "model_version"]
    segments: dict[str, list[SegmentAnnotation]] = {row.verbatim_id: [] for row in rows}
    query = select(*columns).where(c.model_version == model_version, c.verbatim_id.in_(list(segments))).order_by(c.verbatim_id, c.position)
    for verbatim_id, *values in connection.execute(query):
        segments[verbatim_id].append(from_segment_annotation(values))
    return [from_annotation(row, segments[row.verbatim_id]) for row in rows]


def _wanted(since: date | None, until: date | None, missing_model: str | None = None) -> list[ColumnElement[bool]]:
    conditions = [t.verbatim.c.duplicate_of.is_(None), *_within(t.verbatim.c.date, since, until)]
    if missing_model is not None:
        a = t.annotation.c
        conditions.append(~exists().where(a.verbatim_id == t.verbatim.c.id, a.model_version == missing_model))
    return conditions


def _within(column: Column[Any], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Dated from `since` to `until`, both inclusive, or undated; a day means all of it, a datetime that moment."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(or_(column.is_(None), column >= (since if isinstance(since, datetime) else datetime.combine(since, time.min))))
    if until is not None:
        before = column <= until if isinstance(until, datetime) else column < datetime.combine(until + timedelta(days=1), time.min)
        conditions.append(or_(column.is_(None), before))
    return conditions
