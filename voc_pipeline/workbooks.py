"""Workbooks that people fill in and give back: a new file replaces nobody's work, and what a cell says reads the same wherever it is read."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from voc_pipeline.errors import VocError

if TYPE_CHECKING:
    from xlsxwriter import Workbook

Rows = list[tuple[Any, ...]]


def folded(text: str) -> str:
    """Words without accents, capitals or spaces around, typographic apostrophes made plain.

    >>> folded("  Étape  d’achat ")
    "etape d'achat"
    """
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def cell_text(cell: Any) -> str:
    """What a cell says: nothing for an empty one, whole numbers without their point, yes and no for what a sheet holds as true and false.

    >>> cell_text(3.0), cell_text(True), cell_text(None), cell_text(" oui ")
    ('3', 'yes', '', 'oui')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


@contextmanager
def new_workbook(path: Path, error: type[VocError], held: str, remedy: str) -> Iterator[Workbook]:
    """A workbook to write, closed at the end.

    Args:
        path: Where to; there must be no file.
        error: What is raised.
        held: What an existing file may hold, such as "may be filled in".
        remedy: What to do then.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    if path.exists():
        raise error(str(path), f"is there already, and {held}", "a new file", remedy)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        book = Workbook(path)
        yield book
        book.close()
    except (OSError, FileCreateError) as why:
        raise error(str(path), f"cannot be written ({getattr(why, 'strerror', None) or why})", "a file that may be written", remedy) from None


def read_sheets(
    path: Path, titles: Mapping[str, Mapping[str, str]], error: type[VocError], made_by: str, optional: Collection[str] = ()
) -> dict[str, tuple[str, Rows]]:
    """Some sheets of a workbook, found by their title in either language.

    Args:
        path: The workbook.
        titles: Of each sheet, its title by language.
        error: What is raised.
        made_by: What the workbook should be, for the error.
        optional: Sheets that may be missing: older workbooks have none.

    Returns:
        Of each sheet its title as it stands there, and its rows.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError:
        raise error(str(path), "no such file", made_by, "Correct the path") from None
    except (InvalidFileException, BadZipFile, KeyError, OSError, ValueError):
        raise error(str(path), "not a workbook that can be read", made_by, "Save it again as .xlsx") from None
    try:
        there = {folded(title): title for title in book.sheetnames}
        found = {}
        for name, wanted in titles.items():
            title = next((there[folded(own)] for own in wanted.values() if folded(own) in there), None)
            if title is None and name in optional:
                continue
            if title is None:
                raise error(str(path), f"no sheet {wanted['en']!r} or {wanted['fr']!r}", made_by, "Give the workbook as it was made")
            found[name] = (title, [tuple(row) for row in book[title].iter_rows(values_only=True)])
        return found
    finally:
        book.close()
