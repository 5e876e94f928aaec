"""XLSX workbooks, row by row (openpyxl in its streaming mode)."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from voc_pipeline.config import FileFormat
from voc_pipeline.errors import SourceError, suggest
from voc_pipeline.sources.delimited import column_names
from voc_pipeline.sources.files import BrokenRow, Row, Table, seekable

BATCH = 256


def open_spreadsheet(path: Path, layout: FileFormat) -> Table:
    """A sheet as a table: the one named in the config, else the first that holds anything.

    Raises:
        SourceError: It is no workbook, or has no such sheet.
    """
    book, release = _open(path)
    try:
        name = _sheet(book, path, layout)
    except SourceError:
        release()
        raise
    cells = _sheet_cells(book[name], layout.header_row) if name else iter(())
    header: Sequence[Any] = next((row for _, row in cells if isinstance(row, tuple) and any(value is not None for value in row)), ())
    columns = column_names(header)
    return Table(_rows(cells, columns), columns, {"sheet": name}, release, book.epoch)


def peek(path: Path, layout: FileFormat, n: int) -> list[list[Any]]:
    """The first rows of cells as they stand, header and whatever is above it included.

    *Shape:* at most n rows, ragged.
    """
    book, release = _open(path)
    try:
        name = _sheet(book, path, layout)
        return [list(row) for _, row in itertools.islice(_sheet_cells(book[name], 1), n) if isinstance(row, tuple)] if name else []
    finally:
        release()


def _open(path: Path) -> tuple[Any, Callable[[], None]]:
    from openpyxl import load_workbook

    file = seekable(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that openpyxl leaves out: no values
            book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever zip and XML do
        file.close()
        raise SourceError(
            str(path), f"a workbook that cannot be opened ({type(error).__name__})", "XLSX", "Open it in a spreadsheet and save it again"
        ) from None

    def release() -> None:
        book.close()
        file.close()

    return book, release


def _sheet(book: Any, path: Path, layout: FileFormat) -> str:
    names = [sheet.title for sheet in book.worksheets]
    if layout.sheet is not None:
        if layout.sheet not in names:
            raise SourceError(f"{path}: format.sheet", f"no sheet {layout.sheet!r}", "", suggest(layout.sheet, names))
        return layout.sheet
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" and any(any(value is not None for value in row) for _, row in itertools.islice(_sheet_cells(sheet, 1), 50)):
            return str(sheet.title)
    return str(names[0]) if names else ""


def _sheet_cells(sheet: Any, first: int) -> Iterator[tuple[int, tuple[Any, ...] | str]]:
    """Rows with their number, read in small batches; the last may be the name of what broke."""
    sheet.reset_dimensions()  # many tools write a wrong extent, which openpyxl would believe
    rows = enumerate(map(tuple, sheet.iter_rows(min_row=first, values_only=True)), first)
    while True:
        batch: list[tuple[int, tuple[Any, ...] | str]] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a date cell beyond the calendar: its value says #VALUE!, and is quarantined
            try:
                batch.extend(itertools.islice(rows, BATCH))
            except Exception as error:  # broken XML or zip: what was read is kept
                batch.append((batch[-1][0] + 1 if batch else first, type(error).__name__))
                yield from batch
                return
        yield from batch
        if len(batch) < BATCH:
            return


def _rows(cells: Iterator[tuple[int, tuple[Any, ...] | str]], columns: tuple[str, ...]) -> Iterator[Row | BrokenRow]:
    for number, row in cells:
        if isinstance(row, str):
            yield BrokenRow(f"row {number}", f"the sheet is damaged from here ({row})")
            return
        values = [_plain(value) for value in row]
        if not any(value not in (None, "") for value in values[: len(columns)]):  # notes beside the table are no record
            continue
        yield Row(f"row {number}", dict(zip(columns, itertools.chain(values, itertools.repeat(None)), strict=False)))


def _plain(value: Any) -> Any:
    """Text without the `_x000D_` that Excel writes for control characters."""
    return (
        re.sub(r"_x00([01][0-9A-F])_", lambda match: "\n" if match[1] == "0A" else "", value).strip()
        if isinstance(value, str) and "_x00" in value
        else value
    )
