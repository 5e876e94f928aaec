"""A first look at a source for `voc check`: how its first rows map, and every problem at once, each with its remedy."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voc_pipeline.config import Source
from voc_pipeline.errors import SourceError
from voc_pipeline.schema import RawFeedback, Reason, Role, SourceKind, Unreadable
from voc_pipeline.sources.files import BrokenRow, Row, Table, matching
from voc_pipeline.sources.mapping import Column, Located, Mapper, columns_of, lookup
from voc_pipeline.sources.profiles import date_formats
from voc_pipeline.sources.reader import missing_columns
from voc_pipeline.sources.tables import open_table
from voc_pipeline.sources.values import MISSING, Refused, as_date, as_key, as_text

LOOKED_AT = 300
WIDTH = 70


@dataclass(frozen=True, slots=True)
class Preview:
    """How the first rows of a source map.

    Attributes:
        source: Its name.
        files: The files its path names.
        found: What was detected in the first file: type, encoding, delimiter, sheet, ...
        columns: Columns of the first file (paths of its first records, where each has its own).
        rows: The first rows as they map, shortened for a screen; one dict each, `problem` where a row cannot be used.
        looked_at: Records looked at for `counts` and `problems`.
        counts: How they would be received: `feedback`, and reasons.
        problems: Everything wrong or doubtful, each with its remedy.
        lacking: Settings that name a column some file does not have.
    """

    source: str
    files: tuple[str, ...] = ()
    found: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = field(default=(), repr=False)
    looked_at: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[SourceError, ...] = ()
    lacking: frozenset[str] = frozenset()

    @property
    def usable(self) -> bool:
        """Whether a run could read it: at least one row maps, and no column is missing."""
        return bool(self.counts.get("feedback")) and not self.lacking


def preview(source: Source, root: Path, n: int = 5) -> Preview:
    """The first rows of a source as they map. Raises nothing for what is wrong with it: that is in `problems`.

    Args:
        source: Its settings.
        root: Folder that its path starts from.
        n: Rows to show.
    """
    problems: list[SourceError] = []
    where = f"sources.{source.name}"
    try:
        mapper = Mapper(source)
        files = matching(source.path, root, f"{where}.path")
    except SourceError as error:
        return Preview(source.name, problems=(error,))
    located: list[Located] = []
    first: Table | None = None
    names: tuple[str, ...] = ()
    columns = columns_of(source)
    lacking: set[str] = set()
    for file in files:
        try:
            with open_table(file, source.format) as table:
                head = list(itertools.islice(table.rows, max(LOOKED_AT - len(located), 20)))
        except SourceError as error:
            problems.append(error)
            continue
        if first is None:
            first, names = table, table.columns if table.columns is not None else tuple(_paths(head))
        gone = missing_columns(file, table, head, columns)
        problems += gone
        lacking |= {problem.where.rpartition(": ")[2] for problem in gone}
        if not head:
            problems.append(
                SourceError(
                    str(file), "no records", "rows of feedback", "Export it again, or check format.header_row, format.sheet and format.records"
                )
            )
        elif table.columns is not None and len(table.columns) == 1 and len(columns) > 1:
            problems.append(SourceError(f"{file}: format.delimiter", "a single column", "several", "Name the delimiter"))
        located += [Located(len(located) + place, file.name, row, table.epoch) for place, row in enumerate(head, 1)]
    located = located[: max(LOOKED_AT, 20)]
    mapped = list(_mapped(mapper, located))
    problems += _about_rows(source, located, mapped, columns, lacking, mapper)
    counts = Counter("feedback" if isinstance(item, RawFeedback) else str(item.reason) for item in mapped)
    shown = tuple(_shown(item) for item in mapped[:n])
    return Preview(
        source.name,
        tuple(file.name for file in files),
        first.found if first else {},
        names,
        shown,
        len(located),
        dict(counts),
        tuple(problems),
        frozenset(lacking),
    )


def _paths(head: Iterable[Row | BrokenRow]) -> list[str]:
    from voc_pipeline.sources.reader import paths

    return list(dict.fromkeys(path for row in head if isinstance(row, Row) for path in paths(dict(row.values))))


def _mapped(mapper: Mapper, located: Sequence[Located]) -> Iterable[RawFeedback | Unreadable]:
    turns = mapper.fields.turns
    if mapper.source.kind is SourceKind.CHAT and turns is not None and turns.path is None:
        from voc_pipeline.sources.turns import conversations

        return conversations(mapper, lambda: iter(located))
    return (item for row in located for item in mapper.map(row))


# ---------------------------------------------------------------- problems


def _about_rows(
    source: Source,
    located: Sequence[Located],
    mapped: Sequence[RawFeedback | Unreadable],
    columns: Sequence[Column],
    lacking: set[str],
    mapper: Mapper,
) -> list[SourceError]:
    where = f"sources.{source.name}"
    records = [item for item in located if isinstance(item.row, Row)]
    problems: list[SourceError] = []
    if (broken := len(located) - len(records)) and located:
        example = next(item for item in located if isinstance(item.row, BrokenRow))
        problems.append(
            SourceError(
                f"{example.file}: {example.row.place}",
                f"{broken} of {len(located)} rows cannot be read ({_detail(example)})",
                "whole rows",
                "They will be quarantined; check quotes and delimiters there, or export again",
            )
        )
    if not records:
        return problems
    turns = source.fields.turns
    dates = [(source.fields.date, "fields.date", records)] if source.fields.date else []
    for path, setting, rows in dates:
        if setting not in lacking:
            problems += _about_dates(f"{where}.{setting}", source, path or "", rows, mapper)
    if not source.fields.date and not (turns and turns.time):
        problems.append(
            SourceError(
                f"{where}.fields.date",
                "no column named",
                "a date, for trends and --since/--until",
                "Name it, or accept that these rows count in every period",
            )
        )
    problems += _about_scores(where, source, records, mapped)
    if not lacking & {"fields.id", "fields.conversation"}:
        problems += _about_ids(where, source, records)
    feedback = [item for item in mapped if isinstance(item, RawFeedback)]
    if source.kind is SourceKind.CHAT and turns and feedback and not any(turn.role is Role.CUSTOMER for item in feedback for turn in item.turns):
        if not any(item.turns for item in feedback):
            problems.append(
                SourceError(
                    f"{where}.fields.turns",
                    f"no turn has any text at {turns.text!r}",
                    "the words of each turn",
                    "Check fields.turns.path and fields.turns.text",
                )
            )
        else:
            spoken = Counter(role for item in records for role in _roles(item, source))
            problems.append(
                SourceError(
                    f"{where}.fields.turns.customer_roles",
                    f"no turn is a customer's: the roles are {', '.join(role for role, _ in spoken.most_common(8))}",
                    f"one of {', '.join(turns.customer_roles)}",
                    "List the customer's roles in customer_roles",
                )
            )
    elif source.kind is not SourceKind.CHAT and feedback and not any(item.text for item in feedback) and not {"fields.text"} & lacking:
        problems.append(
            SourceError(
                f"{where}.fields",
                f"not one of {len(feedback)} rows has any text",
                "the column customers write in",
                f"Columns: {', '.join(sorted({name for item in records[:20] if isinstance(item.row, Row) for name in item.row.values})[:20])}",
            )
        )
    return problems


def _detail(item: Located) -> str:
    return item.row.detail if isinstance(item.row, BrokenRow) else ""


def _values(rows: Sequence[Located], path: str) -> list[Any]:
    return [lookup(item.row.values, path) for item in rows if isinstance(item.row, Row)]


def _text(value: Any) -> str:
    try:
        return as_text(value)
    except Refused:
        return ""


def _about_dates(where: str, source: Source, path: str, rows: Sequence[Located], mapper: Mapper) -> list[SourceError]:
    wrong: list[str] = []
    filled = 0
    for item in rows:
        value = lookup(item.row.values, path) if isinstance(item.row, Row) else None
        if _text(value).lower() in MISSING:
            continue
        filled += 1
        try:
            as_date(value, source.date_formats, mapper.zone, item.epoch)
        except Refused:
            wrong.append(_text(value))
    texts = [value for value in _values(rows, path) if isinstance(value, str)]
    better, doubt, share = date_formats(texts)
    if not filled:
        return [SourceError(where, f"{path!r} is empty in all {len(rows)} rows looked at", "dates", "Name another column, or accept undated rows")]
    if wrong and len(wrong) > 0.02 * filled:
        shape = re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "a", wrong[0]))[:30]
        remedy = (
            f"Set date_formats: [{', '.join(repr(pattern) for pattern in better)}]"
            if better and share > 0.5
            else "Name their format in date_formats (strptime patterns, or iso, excel, unix, unix_ms)"
        )
        return [
            SourceError(
                where,
                f"{'no date' if len(wrong) == filled else f'{len(wrong)} of {filled} dates'} can be read, such as one written {shape!r}",
                f"one of {', '.join(source.date_formats)}",
                remedy,
            )
        ]
    if "alike" in doubt and better and better[0] not in source.date_formats[:1]:
        return [SourceError(where, f"month or day first? {doubt.split(' / ')[0]}", "", "Check a date you know; date_formats decides")]
    return []


def _about_scores(where: str, source: Source, rows: Sequence[Located], mapped: Sequence[RawFeedback | Unreadable]) -> list[SourceError]:
    bad = [item for item in mapped if isinstance(item, Unreadable) and item.reason is Reason.BAD_VALUE]
    if not bad:
        return []
    kinds = Counter(item.detail.partition(": ")[2] for item in bad)
    problems = []
    for what, n in kinds.most_common():
        name = what.split(" ")[0]
        score = source.fields.scores.get(name)
        seen = (
            [float(text.replace(",", ".")) for value in _values(rows, score.field) if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", text := _text(value))]
            if score
            else []
        )
        remedy = f"Its numbers run from {min(seen):g} to {max(seen):g}: check low and high" if seen else "Check that it is the right column"
        side, _, dimension = name.partition(".")
        setting = f"fields.{side}.{dimension}" if dimension else f"fields.scores.{name}"
        problems.append(
            SourceError(
                f"{where}.{setting}", f"{n} of {len(rows)} rows: {what}", "a number of the scale, or nothing", f"They will be quarantined. {remedy}"
            )
        )
    return problems


def _about_ids(where: str, source: Source, rows: Sequence[Located]) -> list[SourceError]:
    path = source.fields.id
    if source.identity == "position" or path is None or (source.fields.turns and source.fields.turns.path is None):
        return []
    ids = [as_key(_text(value)) for value in _values(rows, path)]
    given = [value for value in ids if value]
    if not given:
        return [
            SourceError(
                f"{where}.fields.id", f"{path!r} is empty in all {len(ids)} rows looked at", "an id", "Name another column, or set identity: position"
            )
        ]
    repeated = len(given) - len(set(given))
    if repeated > 0.05 * len(given):
        return [
            SourceError(
                f"{where}.fields.id",
                f"{repeated} of {len(given)} rows repeat an id",
                "an id of its own for each row",
                "Name another column, or set identity: position",
            )
        ]
    return []


def _roles(item: Located, source: Source) -> list[str]:
    turns = source.fields.turns
    if turns is None or not isinstance(item.row, Row):
        return []
    inner = lookup(item.row.values, turns.path) if turns.path is not None else [item.row.values]
    return [_text(lookup(turn, turns.role))[:20] or "(empty)" for turn in inner] if isinstance(inner, list) else []


# ---------------------------------------------------------------- showing


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _shown(item: RawFeedback | Unreadable) -> dict[str, str]:
    if isinstance(item, Unreadable):
        return {"position": str(item.position), "problem": f"{item.reason.value}: {item.detail}"}
    words = " | ".join(f"{'robot' if turn.robot else turn.role.value}: {turn.text}" for turn in item.turns) if item.turns else item.text
    row = {
        "position": str(item.position),
        "id": item.row_id,
        "date": item.date.isoformat(" ", "minutes") if item.date else "",
        "customer": item.customer,
        "channel": item.channel,
        "title": _short(item.title),
        "question": _short(item.question),
        "text": _short(words),
        "scores": ", ".join(f"{name}={value:g}" for name, value in item.scores.items()),
        "attributes": ", ".join(f"{name}={value}" for name, value in item.attributes.items()),
    }
    return {name: value for name, value in row.items() if value}
