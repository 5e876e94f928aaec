"""What training reads: text files and CSV tables, gzipped or plain, refused in words where they are something else."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from voc_pipeline.errors import TrainingError

GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path, expected: str, remedy: str) -> Iterator[TextIO]:
    """A file's text in UTF-8, with or without its mark, unzipped where it begins as gzip does.

    Raises:
        TrainingError: No such file, a folder, broken gzip or another encoding, whether on opening or while it is read; `expected` and `remedy` end it.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == GZIP
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") if zipped else path.open(encoding="utf-8-sig", newline="") as lines:
            yield lines
    except FileNotFoundError:
        raise TrainingError(str(path), "no such file", expected, remedy) from None
    except UnicodeDecodeError:
        raise TrainingError(f"{path}: line {_first_undecodable(path, zipped)}", "not UTF-8", expected, "Save it as UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingError(str(path), f"cannot be read: {error}", expected, remedy) from None


def _first_undecodable(path: Path, zipped: bool) -> int:
    """Number of the first line that is not UTF-8."""
    with gzip.open(path) if zipped else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{path} is UTF-8")


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV table that has at least these columns, each value a text.

    Raises:
        TrainingError: As `opened`; a column is missing, or a row has fewer values than there are columns.
    """
    expected = f"a CSV, which may be gzipped, with columns {', '.join(columns)}"
    with opened(path, expected, "Check the path and the file") as lines:
        table = csv.DictReader(lines)
        missing = [name for name in columns if name not in (table.fieldnames or ())]
        if missing:
            raise TrainingError(str(path), f"no column {missing[0]!r}", expected, "Rename the columns in the first line")
        try:
            for row in table:
                if any(row[name] is None for name in columns):
                    raise TrainingError(f"{path}: line {table.line_num}", "fewer values than columns", expected, "Mend or remove the line")
                yield row
        except csv.Error as error:
            raise TrainingError(f"{path}: line {table.line_num}", str(error), expected, "Mend or remove the line") from None
