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
    from pandas import DataFrame
    from xlsxwriter import Workbook

SHEET_ROWS = 200_000
"""Rows of one sheet of `tables.xlsx` at most; the CSV and Parquet files hold them all."""
LONGEST = 32_000
"""Characters of one cell of it at most; Excel takes 32,767."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_tables(frames: Mapping[str, DataFrame], folder: Path) -> list[Path]:
    """Writes each table as canonical CSV and as Parquet, and all of them as `tables.xlsx`.

    The CSVs are byte-identical between runs over the same answers: UTF-8, `\\n`, rows sorted, floats rounded, flags `true` or `false`, no date of writing.
    A text that a spreadsheet would take for a formula gets an apostrophe before it there (never in the Parquet).

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
    if type(value).__name__ in ("bool", "bool_"):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".") or "0"
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") else text


# ---------------------------------------------------------------- workbook


def _write_workbook(frames: Mapping[str, DataFrame], path: Path) -> None:
    """One sheet a table, its header frozen; the first sheet says in both languages what every column holds."""
    from xlsxwriter import Workbook

    lines = []
    for name, frame in frames.items():
        about = columns(name)
        lines += [(name, column, about[column].fr, about[column].en) for column in ("", *frame.columns)]
    with Workbook(path, {"constant_memory": True}) as book:
        _write_sheet(book, "LISEZ-MOI README", ("table", "colonne / column", "français", "English"), lines, (20, 26, 70, 70), wrapped=True)
        for name, frame in frames.items():
            widths = [_width(frame, column) for column in frame.columns]
            _write_sheet(book, name, frame.columns.tolist(), frame.itertuples(index=False, name=None), widths)


def _write_sheet(
    book: Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float], wrapped: bool = False
) -> None:
    head = book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#17494D"})
    body = book.add_format({"text_wrap": True, "valign": "top"}) if wrapped else None
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.write_row(0, 0, header, head)
    last = 0
    for last, row in enumerate(islice(rows, SHEET_ROWS), start=1):
        for column, value in enumerate(row):
            if _missing(value) or value == "":
                continue
            if isinstance(value, str):  # a text that starts with = stays text
                sheet.write_string(last, column, _FORBIDDEN.sub("", value)[:LONGEST], body)
            else:
                sheet.write(last, column, value.item() if hasattr(value, "item") else value, body)
    sheet.autofilter(0, 0, last, len(header) - 1)


def _width(frame: DataFrame, column: str) -> float:
    longest = max((len(str(value)) for value in frame[column].head(200)), default=0)
    return float(min(max(longest, len(column)) + 3, 60))
