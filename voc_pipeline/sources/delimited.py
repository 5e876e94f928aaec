"""CSV and TSV as people really export them: any delimiter, quote and encoding, quotes left open, ragged rows, streamed."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voc_pipeline.config import FileFormat
from voc_pipeline.errors import SourceError
from voc_pipeline.sources.files import BrokenRow, ByteStream, Row, Table, open_text

DELIMITERS = ",;\t|"
SINGLE_COLUMN = "\x1f"
SAMPLE_LINES = 400
SAMPLE_CHARS = 1 << 18
MAX_LINE = 1 << 20
MAX_RECORD_LINES = 500
MAX_RECORD_CHARS = 100_000
_NAMES = {"\t": "tab", SINGLE_COLUMN: "none (one column)"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are parted and quoted; `preamble` lines stand above the header."""

    delimiter: str
    quote: str
    escape: str | None = None
    preamble: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `csv.reader`."""
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {"delimiter": self.delimiter, "quotechar": self.quote or None, "quoting": quoting, "escapechar": self.escape, "doublequote": True}


def open_delimited(path: Path, layout: FileFormat) -> Table:
    """A delimited file as a table; the header names its columns.

    Raises:
        SourceError: The encoding or the delimiter of the config cannot be used.
    """
    dialect, encoding = sniff(path, layout)
    text, stream, _ = open_text(path, encoding)
    lines = _Lines(text)
    for _ in range(dialect.preamble):
        lines.skip()
    records = _records(lines, stream, dialect)
    header = next((cells for _, cells, _ in records if isinstance(cells, list)), [])
    columns = column_names(header)
    lines.width = len(columns)
    found = {"encoding": encoding, "delimiter": _NAMES.get(dialect.delimiter, dialect.delimiter), "quote": dialect.quote}
    return Table(_rows(records, columns), columns, found, text.close)


def peek(path: Path, layout: FileFormat, n: int) -> list[list[str]]:
    """The first rows of cells as they stand, header and whatever is above it included.

    *Shape:* at most n rows, ragged.
    """
    dialect, encoding = sniff(path, layout)
    text, stream, _ = open_text(path, encoding)
    with text:
        rows = (cells for _, cells, _ in _records(_Lines(text), stream, dialect, blanks=True) if isinstance(cells, list))
        return list(itertools.islice(rows, n))


def column_names(header: Sequence[Any]) -> tuple[str, ...]:
    """Names without outer blanks or line breaks; a name that comes again gets a number, an empty one is called by its place.

    >>> column_names(["Note", " Avis\\nclient ", "Note", ""])
    ('Note', 'Avis client', 'Note (2)', 'column 4')
    """
    names = [" ".join(("" if cell is None else str(cell)).replace("\ufeff", "").replace("\0", "").split()) for cell in header]
    taken: Counter[str] = Counter()
    unique: list[str] = []
    for place, name in enumerate(names, 1):
        name = name or f"column {place}"
        taken[name] += 1
        unique.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return tuple(unique)


# ---------------------------------------------------------------- dialect


def sniff(path: Path, layout: FileFormat) -> tuple[Dialect, str]:
    """Delimiter, quote and encoding of a file, from what the config says and, for the rest, from its first lines."""
    text, _, encoding = open_text(path, layout.encoding)
    lines: list[str] = []
    with text:
        size = 0
        while len(lines) < SAMPLE_LINES + layout.header_row and size < SAMPLE_CHARS and (line := text.readline(MAX_LINE)):
            lines.append(line.replace("\0", ""))
            size += len(line)
    preamble = layout.header_row - 1
    told = re.fullmatch(r"\s*sep=(.)\s*", lines[0]) if lines else None
    if told:
        preamble = max(preamble, 1)
    sample = lines[preamble:]
    delimiter = _named_delimiter(layout, path) or (told[1] if told else None) or _guess_delimiter(sample)
    quote = layout.quote if layout.quote is not None else _guess_quote(sample, delimiter)
    if len(quote) > 1:
        raise SourceError(
            f"{path}: format.quote", f"{quote!r} is more than one character", "one character, or '' for none", "Leave it out and it is detected"
        )
    return Dialect(delimiter, quote, _guess_escape(sample, quote), preamble), encoding


def _named_delimiter(layout: FileFormat, path: Path) -> str | None:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(layout.delimiter or "", layout.delimiter) or ("\t" if layout.type == "tsv" else None)
    if delimiter is not None and len(delimiter) != 1:
        raise SourceError(
            f"{path}: format.delimiter", f"{delimiter!r} is more than one character", "one character, or `tab`", "Leave it out and it is detected"
        )
    return delimiter


def _guess_delimiter(sample: Sequence[str]) -> str:
    """The delimiter under which most rows have as many cells as the header, and the header more than one."""
    best, best_score = SINGLE_COLUMN, (0.0, 0)
    for delimiter in DELIMITERS:
        rows = _parsed(sample, Dialect(delimiter, '"'))
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        alike = sum(len(row) == width for row in rows[1:]) / len(rows[1:]) if rows[1:] else 1.0
        score = (round(alike, 1), width)
        if score > best_score and (alike > 0.3 or width > 2):
            best, best_score = delimiter, score
    return best


def _parsed(sample: Sequence[str], dialect: Dialect) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(sample, **dialect.options)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows
        except csv.Error:
            continue
        if row:
            rows.append(row)


def _guess_quote(sample: Sequence[str], delimiter: str) -> str:
    edge = re.escape(delimiter)
    counts = {
        quote: sum(len(re.findall(rf"(?:^|{edge}){quote}(?:[^{quote}{edge}]*){quote}(?={edge}|[\r\n]|$)", line)) for line in sample)
        for quote in ("'", '"')
    }
    doubles = sum(len(re.findall(rf'(?:^|{edge})"', line)) for line in sample)
    return "'" if counts["'"] > len(sample) / 5 and doubles == 0 else '"'


def _guess_escape(sample: Sequence[str], quote: str) -> str | None:
    if not quote:
        return None
    content = "".join(sample)
    return "\\" if content.count("\\" + quote) > content.count(quote * 2) else None


# ---------------------------------------------------------------- records


class _Lines:
    """Physical lines that can be put back, numbered, none over `MAX_LINE`."""

    def __init__(self, text: Any) -> None:
        self._text, self._back = text, deque[str]()
        self.taken: list[str] = []
        self.number, self.width = 0, 0
        self.ended = self.oversized = False
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_RECORD_LINES or self._size > MAX_RECORD_CHARS:
            self.oversized = True
            raise StopIteration
        line = self._back.popleft() if self._back else self._read()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        return line

    def _read(self) -> str:
        line: str = self._text.readline(MAX_LINE)
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            while (rest := self._text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
                pass
            line += "\n"
        return line.replace("\0", "")

    def start(self) -> None:
        """A record begins."""
        self.taken, self._size, self.ended, self.oversized = [], 0, False, False

    def skip(self) -> None:
        """One line is passed over."""
        self.start()
        next(self, "")

    def put_back_all_but_first(self) -> None:
        """Only the first line of the record is spent."""
        rest = self.taken[1:]
        self._back.extendleft(reversed(rest))
        self.number -= len(rest)
        self.taken = self.taken[:1]


_Record = tuple[int, list[str] | str, str]  # line number, cells or what is wrong, content


def _records(lines: _Lines, stream: ByteStream, dialect: Dialect, blanks: bool = False) -> Iterator[_Record]:
    """Records, each with its first line's number. A quote left open costs its own line only: the lines it swallowed are read again."""
    reported = False
    while True:
        lines.start()
        number = lines.number + 1
        cells: list[str] | str
        try:
            cells = next(csv.reader(lines, **dialect.options))
        except StopIteration:
            break
        except csv.Error:
            cells = "a cell beyond any size"
        if not cells:
            if blanks:
                yield number, [], ""
            continue
        content = "".join(lines.taken)
        if stream.damage and not lines.taken[-1].endswith(("\n", "\r")):
            reported = True
            yield number, stream.damage, content
            continue
        if isinstance(cells, str) or lines.ended or lines.oversized or (len(lines.taken) > 1 and not _well_quoted(lines.taken, dialect, lines.width)):
            following = lines.taken[1] if len(lines.taken) > 1 else ""
            lines.put_back_all_but_first()
            content = lines.taken[0]
            cells = _without_quotes(content, following, dialect, lines.width) or "a quote that is never closed, or a cell beyond any size"
        yield number, cells, content
    if stream.damage and not reported:
        yield lines.number + 1, stream.damage, ""


def _well_quoted(taken: Iterable[str], dialect: Dialect, width: int) -> bool:
    try:
        cells = next(csv.reader(taken, strict=True, **dialect.options))
    except (csv.Error, StopIteration):
        return False
    return not width or len(cells) == width or (not any(cells[width:]) and len(cells) > width)


def _without_quotes(line: str, following: str, dialect: Dialect, width: int) -> list[str] | None:
    """A line whose quote is left open, read as if it had none: right if it then has every cell, and the line after it too."""
    if not width or len(line) > MAX_RECORD_CHARS:
        return None
    bare = {**dialect.options, "quoting": csv.QUOTE_NONE, "quotechar": None}
    try:
        cells = next(csv.reader([line], **bare))
        after = next(csv.reader([following], **dialect.options)) if following.strip() else None
    except (csv.Error, StopIteration):
        return None
    if len(cells) != width or (after is not None and len(after) != width):
        return None
    return [cell.removeprefix(dialect.quote) if cell.count(dialect.quote) % 2 else cell.strip(dialect.quote) for cell in cells]


def _rows(records: Iterator[_Record], columns: tuple[str, ...]) -> Iterator[Row | BrokenRow]:
    width, before = len(columns), 0
    window = next(records, None)
    while window is not None:
        following = next(records, None)
        number, cells, content = window
        if isinstance(cells, str):
            yield BrokenRow(f"line {number}", cells, content)
        elif any(cell.strip() for cell in cells):
            after = len(following[1]) if following and isinstance(following[1], list) else 0
            if wrong := _ragged(cells, width, before, after):
                yield BrokenRow(f"line {number}", wrong, content)
            else:
                yield Row(f"line {number}", dict(zip(columns, itertools.chain(cells, itertools.repeat("")), strict=False)))
        before = len(cells) if isinstance(cells, list) else 0
        window = following


def _ragged(cells: list[str], width: int, before: int, after: int) -> str:
    """What is wrong with the number of cells, or "". Empty cells may be left out at the end; a row cut in two by a line break is not mended."""
    n = len(cells)
    if any(cell.strip() for cell in cells[width:]):
        return f"{n} cells where the header has {width}"
    if n >= width:
        return ""
    halves = any(0 < neighbour < width and n + neighbour - 1 == width for neighbour in (before, after))
    alone = width >= 3 and sum(bool(cell.strip()) for cell in cells) == 1
    return f"{n} cells where the header has {width}" if halves or alone else ""
