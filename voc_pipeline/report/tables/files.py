"""Tables as files: canonical CSV, Parquet, and one workbook that explains itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voc_pipeline.report.tables.dictionary import DECIMALS, columns

if TYPE_CHECKING:
    from openpyxl import Workbook
    from pandas import DataFrame

SHEET_ROWS = 200_000
"""Rows of one sheet of `tables.xlsx` at most; the CSV and Parquet files hold them all."""
LONGEST = 32_000
"""Characters of one cell of it at most; Excel takes 32,767."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_tables(frames: Mapping[str, DataFrame], folder: Path) -> list[Path]:
    """Writes each table as canonical CSV and as Parquet, and all of them as `tables.xlsx`.

    The CSVs are byte-identical between runs over the same answers: UTF-8, `\\n`, rows sorted, floats rounded, no date of writing. A text that a spreadsheet
    would take for a formula gets an apostrophe before it there (never in the Parquet).

    Args:
        frames: What `tables` gave.
        folder: Made if missing.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frame in frames.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_bytes(canonical_csv(frame))
        paths.append(folder / f"{name}.parquet")
        frame.to_parquet(paths[-1], index=False)
    paths.append(folder / "tables.xlsx")
    _write_workbook(frames, paths[-1])
    return paths


def canonical_csv(frame: DataFrame) -> bytes:
    """A table as bytes that depend on its values alone."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_text(value) for value in row])
    return buffer.getvalue().encode("utf-8")


def _missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value)


def _text(value: Any) -> str:
    """A value as the canonical CSV writes it."""
    if _missing(value):
        return ""
    if isinstance(value, float):
        return f"{value + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".") or "0"
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") else text


# ---------------------------------------------------------------- workbook


def _write_workbook(frames: Mapping[str, DataFrame], path: Path) -> None:
    """One sheet a table, its header frozen; the first sheet says in both languages what every column holds."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    lines = []
    for name, frame in frames.items():
        about = columns(name)
        lines += [(name, column, about[column].fr, about[column].en) for column in ("", *frame.columns)]
    _write_sheet(book, "LISEZ-MOI README", ("table", "colonne / column", "français", "English"), lines, (20, 26, 70, 70), wrapped=True)
    for name, frame in frames.items():
        _write_sheet(
            book, name, frame.columns.tolist(), frame.itertuples(index=False, name=None), [_width(frame, column) for column in frame.columns]
        )
    book.save(path)


def _write_sheet(
    book: Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float], wrapped: bool = False
) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    bold, fill, wrap = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="17494D"), Alignment(wrap_text=True, vertical="top")
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width

    def head(text: str) -> Any:
        made = WriteOnlyCell(sheet, value=text)
        made.font, made.fill = bold, fill
        return made

    def cell(value: Any) -> Any:
        made = WriteOnlyCell(sheet, value=_sheet_value(value))
        if isinstance(value, str):
            made.data_type = "s"  # a text that starts with = stays text
        if wrapped:
            made.alignment = wrap
        return made

    sheet.append([head(text) for text in header])
    last = 1
    for row in islice(rows, SHEET_ROWS):
        sheet.append([cell(value) for value in row])
        last += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{last}"


def _sheet_value(value: Any) -> Any:
    if _missing(value):
        return None
    if isinstance(value, str):
        return _FORBIDDEN.sub("", value)[:LONGEST]
    return value.item() if hasattr(value, "item") else value


def _width(frame: DataFrame, column: str) -> float:
    longest = max((len(str(value)) for value in frame[column].head(200)), default=0)
    return float(min(max(longest, len(column)) + 3, 60))
