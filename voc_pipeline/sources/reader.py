"""Readers by name. `files` is the one of today; each yields what its source holds, in order, streamed."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from pathlib import Path

from voc_pipeline.config import Source
from voc_pipeline.errors import SourceError, suggest
from voc_pipeline.schema import RawFeedback, SourceKind, Unreadable
from voc_pipeline.sources.files import CHUNK, BrokenRow, Row, Table, matching
from voc_pipeline.sources.mapping import Column, Located, Mapper, columns_of, lookup
from voc_pipeline.sources.tables import open_table
from voc_pipeline.sources.turns import conversations

Reader = Callable[[Source, Path, date | None, date | None], Iterator[RawFeedback | Unreadable]]
LOOKED_AT = 50


def read(source: Source, root: Path, since: date | None = None, until: date | None = None) -> Iterator[RawFeedback | Unreadable]:
    """Everything a source holds, in order, streamed.

    Args:
        source: Its settings.
        root: Folder that its path starts from.
        since: First day received; None for no bound. Undated rows are always received.
        until: Last day received; None for no bound.

    Returns:
        Feedback, or `Unreadable` for each record that cannot be used. Dates are local to the source's time zone, without offset.

    Raises:
        SourceError: The source cannot be read at all: no such file, column, sheet, reader.
    """
    return _reader(source)(source, root, since, until)


def fingerprint(source: Source, root: Path) -> str:
    """SHA-256 over the content of all its files, in order, hexadecimal: the same as long as there is nothing new to read.

    Raises:
        SourceError: No file matches.
    """
    _reader(source)
    total = hashlib.sha256()
    for file in matching(source.path, root, f"sources.{source.name}.path"):
        content = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                content.update(chunk)
        total.update(content.digest())
    return total.hexdigest()


def read_files(source: Source, root: Path, since: date | None = None, until: date | None = None) -> Iterator[RawFeedback | Unreadable]:
    """The reader of files: CSV, TSV, XLSX, JSONL, JSON and Parquet."""
    mapper = Mapper(source, since, until)
    files = matching(source.path, root, f"sources.{source.name}.path")
    return _mapped(mapper, files)


READERS: dict[str, Reader] = {"files": read_files}


def _reader(source: Source) -> Reader:
    if source.reader not in READERS:
        raise SourceError(f"sources.{source.name}.reader", f"{source.reader!r} is not a reader", "", suggest(source.reader, READERS))
    return READERS[source.reader]


def _mapped(mapper: Mapper, files: Sequence[Path]) -> Iterator[RawFeedback | Unreadable]:
    def rows() -> Iterator[Located]:
        return located_rows(mapper.source, files)

    turns = mapper.fields.turns
    if mapper.source.kind is SourceKind.CHAT and turns is not None and turns.path is None:
        yield from conversations(mapper, rows)
        return
    for located in rows():
        yield from mapper.map(located)


def located_rows(source: Source, files: Sequence[Path]) -> Iterator[Located]:
    """The records of all files, numbered from 1.

    Raises:
        SourceError: A file cannot be read, or lacks a column that the config names.
    """
    columns = columns_of(source)
    wanted = {column.name for column in columns}
    position = 0
    for file in files:
        with open_table(file, source.format, wanted) as table:
            head = list(itertools.islice(table.rows, LOOKED_AT)) if table.columns is None else []
            if missing := missing_columns(file, table, head, columns):
                raise missing[0]
            for row in itertools.chain(head, table.rows):
                position += 1
                yield Located(position, file.name, row, table.epoch)


def missing_columns(file: Path, table: Table, head: Sequence[Row | BrokenRow], columns: Collection[Column]) -> list[SourceError]:
    """One error for each column the config names and a file lacks.

    A file without columns at all (empty) lacks none. Where each record has its own fields (JSON), only those that a row means nothing without are
    missed, and only if none of the first records has them.
    """
    records = [row.values for row in head if isinstance(row, Row)]
    if table.columns is None:
        known = sorted({path for record in records for path in paths(record)})
        lacking = [column for column in columns if column.required and records and all(lookup(record, column.name) is None for record in records)]
    else:
        known = list(table.columns)
        tops = set(known)
        lacking = [
            column
            for column in columns
            if known and column.name not in tops and not (table.found["type"] == "parquet" and column.name.partition(".")[0] in tops)
        ]
    return [SourceError(f"{file}: {column.setting}", f"no column {column.name!r}", "", suggest(column.name, known)) for column in lacking]


def paths(record: object, depth: int = 3) -> Iterator[str]:
    """Dotted paths to the values of a record, lists not entered."""
    if isinstance(record, dict) and depth:
        for name, value in record.items():
            if isinstance(value, dict) and value:
                yield from (f"{name}.{inner}" for inner in paths(value, depth - 1))
            else:
                yield str(name)
