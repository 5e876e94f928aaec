"""A filled workbook taken back: every cell checked, every problem told at once, blanks accepted and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voc_pipeline.audit.sheet import ABOUT, COLUMNS, FIELDS, guide, head, known, shown, values
from voc_pipeline.errors import AuditError, suggest
from voc_pipeline.workbooks import Rows, cell_text, folded, read_sheets

_FRAME = ("text", "channel", "lang", "question")
"""What `rows` tells of a verbatim beside its answers."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What one person wrote.

    Attributes:
        audit_id: Of the audit it answers.
        annotator: Name in the first sheet, else the file's.
        rows: One a verbatim, in the order of the sheet: `verbatim_id`, then `sentiment`, `stage`, `dimension`, `gap_cue` (words of the codebook, `"none"`
            where none applies; a gap is `"1"` to `"4"`), `not_valued`, `valued` (true or false), `codes` (a tuple), all None where blank; `comment`;
            and `text`, `question`, `channel`, `lang` as the sheet shows them.
        blanks: Empty cells, by column.
    """

    audit_id: str
    annotator: str
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)
    blanks: Mapping[str, int]


def filled_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a filled workbook as labels, those without any answer left out: what a training command can learn from.

    Args:
        path: A workbook made by `voc audit` and filled in, in French or English.

    Returns:
        As `Filled.rows`.

    Raises:
        AuditError: It is not such a workbook, or a cell is wrong; ``problems`` holds every one.
    """
    return [dict(row) for row in read_filled(path).rows if any(row[name] is not None for name in FIELDS)]


def audit_of(path: Path) -> str:
    """The id of the audit a workbook answers, its cells unread.

    Raises:
        AuditError: It is no workbook of an audit.
    """
    return _about(path, _sheets(path)["read"])["audit"]


def read_filled(path: Path, audit_id: str | None = None, expected: Collection[str] | None = None) -> Filled:
    """Reads a filled workbook, checking every cell.

    Args:
        path: The workbook.
        audit_id: The audit it must answer; None accepts any.
        expected: Ids it must hold, each once; None accepts any.

    Returns:
        What was written.

    Raises:
        AuditError: It is no workbook of an audit, or of another one, or its ids were changed, or cells are wrong; ``problems`` holds every one.
    """
    sheets = _sheets(path)
    about = _about(path, sheets["read"])
    if audit_id is not None and about["audit"] != audit_id:
        raise AuditError(
            str(path), f"it answers the audit {about['audit'] or 'without an id'}", f"the audit {audit_id}", "Give the workbook of this audit"
        )
    head_row, *body = sheets["verbatims"] or [()]
    places, lang = _places(path, head_row)
    problems: list[AuditError] = []
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(body, start=2):
        told = {name: cell_text(cells[place]) if place < len(cells) else "" for name, place in places.items()}
        if not any(told.values()):
            continue
        row, wrong = _row(f"{path}: row {number}", told, lang)
        problems += wrong
        rows.append(row)
    problems += _ids(path, [str(row["verbatim_id"]) for row in rows], expected)
    if problems:
        problems[0].problems = tuple(problems)
        raise problems[0]
    blanks = {name: sum(row[name] is None for row in rows) for name in FIELDS}
    return Filled(about["audit"], about["annotator"] or path.stem, tuple(rows), blanks)


def _sheets(path: Path) -> dict[str, Rows]:
    titles = {name: guide()["sheets"][name] for name in ("read", "verbatims")}
    return {name: rows for name, (_, rows) in read_sheets(path, titles, AuditError, "a workbook made by `voc audit` and saved as .xlsx").items()}


def _about(path: Path, rows: list[tuple[Any, ...]]) -> dict[str, str]:
    names = {folded(guide()["about"][key][lang]): key for key in ABOUT for lang in ("fr", "en")}
    found = dict.fromkeys(ABOUT, "")
    for first, *rest in (row for row in rows if row):
        key = names.get(folded(cell_text(first)))
        if key and rest and not found[key]:
            found[key] = cell_text(rest[0])
    if not found["audit"]:
        raise AuditError(
            str(path), "its first sheet does not name the audit", "the sheet as `voc audit` made it", "Copy it back from the original workbook"
        )
    return found


def _places(path: Path, cells: tuple[Any, ...]) -> tuple[dict[str, int], str]:
    """Where each column stands, and the language of most heads."""
    names = {(folded(head(column, lang)), lang): column for column in COLUMNS for lang in ("fr", "en")}
    found: dict[str, int] = {}
    spoken = Counter({"fr": 0, "en": 0})
    for place, cell in enumerate(cells):
        for lang in spoken:
            if column := names.get((folded(cell_text(cell)), lang)):
                found.setdefault(column, place)
                spoken[lang] += 1
    missing = [column for column in ("id", *FIELDS) if column not in found]
    if missing:
        told = ", ".join(f"{_titled(column, 'en')} ({_titled(column, 'fr')})" for column in missing)
        raise AuditError(
            f"{path}: row 1", f"no column {told}", "the heads that `voc audit` wrote", "Copy the first row back from the original workbook"
        )
    return found, max(spoken, key=lambda lang: spoken[lang])


def _titled(column: str, lang: str) -> str:
    """A column's head between quotes, its narrow spaces as plain ones."""
    return f"'{head(column, lang)}'".replace("\u202f", " ").replace("\u00a0", " ")


def _row(where: str, told: Mapping[str, str], lang: str) -> tuple[dict[str, Any], list[AuditError]]:
    row: dict[str, Any] = {"verbatim_id": told["id"]}
    problems = []
    for name in FIELDS:
        try:
            row[name] = _codes(where, told[name], lang) if name == "codes" else _value(where, name, told[name], lang)
        except AuditError as error:
            problems.append(error)
            row[name] = None
    if not problems:
        problems += _consistent(where, row, lang)
    if row["not_valued"] is False:
        row["codes"] = ()
    row["comment"] = told.get("comment", "")
    return row | {name: told.get(name, "") for name in _FRAME}, problems


def _consistent(where: str, row: Mapping[str, Any], lang: str) -> list[AuditError]:
    if row["codes"] and row["not_valued"] is not True:
        said, yes = "no" if row["not_valued"] is False else "blank", _titled("not_valued", lang)
        place = f"{where}, column {_titled('codes', lang)}"
        return [AuditError(place, f"ways are given, but {yes} is {said}", "ways only where it is yes", "Answer yes, or empty the ways")]
    return []


def _value(where: str, name: str, text: str, lang: str) -> bool | str | None:
    if not text:
        return None
    value = known(name, text)
    if value is None:
        raise _wrong(where, name, text, lang)
    return value == "yes" if name in ("not_valued", "valued") else value


def _codes(where: str, text: str, lang: str) -> tuple[str, ...] | None:
    parts = [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]
    found = {part: known("codes", part) for part in parts}
    for part, value in found.items():
        if value is None:
            raise _wrong(where, "codes", part, lang)
    order = values("codes")
    return tuple(sorted({str(value) for value in found.values()}, key=order.index)) or None


def _wrong(where: str, name: str, text: str, lang: str) -> AuditError:
    offered = [shown(name, value, lang) for value in values(name)]
    several = "one of the list, or several with a semicolon between them" if name == "codes" else "one of the list, or nothing"
    return AuditError(f"{where}, column {_titled(name, lang)}", f"{text[:60]!r}", several, suggest(text, offered))


def _ids(path: Path, found: list[str], expected: Collection[str] | None) -> list[AuditError]:
    remedy = "Copy the column of ids back from the original workbook"
    problems = [
        AuditError(str(path), f"the id {one or '(empty)'} stands {n} times", "each once", remedy) for one, n in Counter(found).items() if n > 1
    ]
    if expected is None:
        return problems
    strange = [one for one in dict.fromkeys(found) if one not in expected]
    missing = sorted(set(expected) - set(found))
    if strange:
        shown_ids = ", ".join(one or "(empty)" for one in strange[:3]) + (", ..." if len(strange) > 3 else "")
        problems.append(AuditError(str(path), f"{len(strange)} ids are not of this audit ({shown_ids})", "the ids that `voc audit` wrote", remedy))
    if missing:
        problems.append(
            AuditError(
                str(path),
                f"{len(missing)} verbatims of the audit are missing",
                f"all {len(expected)}",
                "Put their rows back; leave blank what is not answered",
            )
        )
    return problems
