"""Registers a company keeps: the customer priorities it has researched, its service standards, its public promises.

A register is a YAML list, a CSV or a workbook, one entry a row: `id`, its words in French (`fr`), in English (`en`) or both, and, where known,
`owner`, `stage`, `date`, `source`, `channel`, `from` and `until` (the days it holds).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zipfile import BadZipFile

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voc_pipeline.errors import ConfigError, suggest
from voc_pipeline.workbooks import cell_text, folded
from voc_pipeline.yaml_files import parsed

Day = date  # an entry has a field of the name
TYPES = (".yaml", ".yml", ".csv", ".xlsx")
HEADS: Mapping[str, tuple[str, ...]] = {
    "id": ("identifiant",),
    "fr": ("francais", "texte", "libelle", "libelle fr", "french"),
    "en": ("anglais", "english", "text", "label", "libelle en"),
    "owner": ("responsable", "direction"),
    "stage": ("etape",),
    "date": (),
    "source": (),
    "channel": ("canal",),
    "from": ("du", "valable du", "valid from"),
    "until": ("au", "jusqu'au", "valable jusqu'au", "valid until"),
}
"""Columns of a register, and what else each may be called (accents and capitals do not matter)."""


class Register(StrEnum):
    """Which register: each answers one question of the codebook's tree."""

    PRIORITIES = "priorities"
    STANDARDS = "standards"
    PROMISES = "promises"


class Entry(BaseModel):
    """One line of a register: a need that was researched, a standard, a promise."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, coerce_numbers_to_str=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    fr: str = ""
    en: str = ""
    owner: str = ""
    stage: str = ""
    date: Day | None = None
    source: str = ""
    channel: str = ""
    from_: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None

    @model_validator(mode="after")
    def _whole(self) -> Entry:
        if not (self.fr.strip() or self.en.strip()):
            raise ValueError("no words: write them under `fr`, under `en` or under both")
        if self.from_ and self.until and self.until < self.from_:
            raise ValueError(f"ends on {self.until}, before it begins on {self.from_}")
        return self

    def holds(self, first: Day | None, last: Day | None) -> bool:
        """Whether it holds on one day at least of a window; an open end is no limit."""
        return not (self.until and first and self.until < first) and not (self.from_ and last and self.from_ > last)


class Registers(BaseModel):
    """The three registers: files named in the settings, read by `load_config`. None is a register that the company does not keep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priorities: Path | tuple[Entry, ...] | None = None
    standards: Path | tuple[Entry, ...] | None = None
    promises: Path | tuple[Entry, ...] | None = None

    @property
    def declared(self) -> tuple[Register, ...]:
        """Those that the company keeps."""
        return tuple(register for register in Register if getattr(self, register) is not None)

    def of(self, register: Register) -> tuple[Entry, ...]:
        """Entries of one, once read; none where it is not kept."""
        found = getattr(self, register)
        return found if isinstance(found, tuple) else ()

    def entries(self) -> Iterator[tuple[Register, Entry]]:
        """All of them, register by register, in the order of their files."""
        for register in Register:
            for entry in self.of(register):
                yield register, entry


def read_registers(registers: Registers, root: Path, stages: Collection[str]) -> Registers:
    """The registers with the entries of their files.

    Args:
        registers: As the settings name them.
        root: Folder their paths start from.
        stages: Known stages, the company's own ones among them.

    Raises:
        ConfigError: A file cannot be read, or a row is wrong; ``problems`` holds every one, with file and row.
    """
    problems: list[ConfigError] = []
    seen: dict[str, str] = {}
    found: dict[str, tuple[Entry, ...]] = {}
    for register in registers.declared:
        given = getattr(registers, register)
        try:
            path = (root / given).resolve() if isinstance(given, Path) else None
            rows = list(_rows(path)) if path else [(f"registers.{register}[{i}]", entry) for i, entry in enumerate(given)]
        except ConfigError as error:
            problems.append(error)
            continue
        entries: list[Entry] = []
        for where, row in rows:
            try:
                entry = row if isinstance(row, Entry) else _entry(where, row)
                _check(where, entry, seen, stages)
            except ConfigError as error:
                problems.append(error)
                continue
            seen[entry.id.upper()] = where
            entries.append(entry)
        if not rows:
            problems.append(ConfigError(str(path or f"registers.{register}"), "no entry", "one at least", "Leave the register out until it has one"))
        found[register] = tuple(entries)
    if problems:
        problems[0].problems = tuple(problems)
        raise problems[0]
    return registers.model_copy(update=found)


def _check(where: str, entry: Entry, seen: Mapping[str, str], stages: Collection[str]) -> None:
    if entry.id.upper() in seen:
        raise ConfigError(
            f"{where}: id", f"{entry.id!r} is there already ({seen[entry.id.upper()]})", "an id of its own over all registers", "Rename one"
        )
    if entry.stage and entry.stage not in stages:
        raise ConfigError(f"{where}: stage", f"{entry.stage!r} is not a stage", "", suggest(entry.stage, stages))


def _entry(where: str, row: Mapping[str, Any]) -> Entry:
    try:
        return Entry.model_validate({name: value for name, value in row.items() if value not in (None, "")})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        where = f"{where}: {name}" if name else where
        if first["type"] == "extra_forbidden":
            raise ConfigError(where, f"{name!r} is no part of an entry", "", suggest(name, HEADS)) from None
        if first["type"] == "missing":
            raise ConfigError(where, "missing", "an id of its own, such as PRO-01", "Add it") from None
        remedies = {"id": "Use letters, figures, `-`, `_` or `.`, without spaces"} | dict.fromkeys(
            ("date", "from", "until"), "Write it as 2026-09-30"
        )
        told = first["msg"].removeprefix("Value error, ")
        raise ConfigError(where, told if not name else f"{row.get(name)!r} cannot be read", "", remedies.get(name, "Correct the row")) from None


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of a file, each with where it stands."""
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        raise ConfigError(str(path), f"a register of type {suffix or 'unknown'!r}", "a file in .yaml, .csv or .xlsx", "Save it as one of these")
    try:
        if suffix in (".yaml", ".yml"):
            yield from _from_yaml(path)
        else:
            yield from _from_table(path, list(_sheet(path) if suffix == ".xlsx" else _csv(path)))
    except FileNotFoundError:
        raise ConfigError(str(path), "no such file", "a register", "Correct the path under `registers:`, or leave it out") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "not UTF-8", "a UTF-8 text file", "Save it as UTF-8") from None
    except (OSError, BadZipFile, KeyError):
        raise ConfigError(str(path), "cannot be read", "a register in .yaml, .csv or .xlsx", "Save it again") from None


def _from_yaml(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = parsed(path.read_text(encoding="utf-8"), path, ConfigError)
    if content is not None and not isinstance(content, list):
        raise ConfigError(str(path), f"a {type(content).__name__}", "a list of entries: `- id: ...`", "See data_samples/ondelia for examples")
    for n, row in enumerate(content or (), start=1):
        if not isinstance(row, dict):
            raise ConfigError(f"{path}: entry {n}", f"a {type(row).__name__}", "an entry: `id`, `fr`, `en`, ...", "Indent its lines under its dash")
        yield f"{path}: entry {n}", {str(name): value.strip() if isinstance(value, str) else value for name, value in row.items()}


def _csv(path: Path) -> Iterator[tuple[Any, ...]]:
    text = path.read_text(encoding="utf-8-sig")
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",")
    try:
        yield from (tuple(row) for row in reader)
    except csv.Error:
        told = f"no cell of a register: longer than {csv.field_size_limit():,} characters, or broken"
        raise ConfigError(
            f"{path}: line {reader.line_num}", told, "a few sentences", "A quote that is never closed may have swallowed what follows"
        ) from None


def _sheet(path: Path) -> Iterator[tuple[Any, ...]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, ValueError):
        raise ConfigError(str(path), "not a workbook that can be read", "an .xlsx file", "Save it again as .xlsx") from None
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def _from_table(path: Path, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    names = {word: name for name, others in HEADS.items() for word in (name, *others)}
    heads = [folded(cell_text(cell)) for cell in rows[0]] if rows else []
    unknown = [head for head in heads if head and head not in names]
    if "id" not in [names.get(head) for head in heads] or unknown:
        found = f"no column {unknown[0]!r} is known" if unknown else "no column 'id'"
        raise ConfigError(f"{path}: row 1", found, ", ".join(HEADS), "Name the columns so in the first row")
    first: dict[str, str] = {}
    for head in filter(None, heads):
        other = first.setdefault(names[head], head)
        if other != head or heads.count(head) > 1:
            told = f"columns {other!r} and {head!r} are both {names[head]!r}"
            raise ConfigError(f"{path}: row 1", told, "one column of each", "Keep one of them")
    for number, cells in enumerate(rows[1:], start=2):
        row = {names[head]: _day_or_text(cell) for head, cell in zip(heads, cells, strict=False) if head}
        if any(value for value in row.values()):
            yield f"{path}: row {number}", row


def _day_or_text(cell: Any) -> Any:
    return cell.date() if isinstance(cell, datetime) else cell if isinstance(cell, Day) else cell_text(cell)
