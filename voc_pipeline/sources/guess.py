"""A starter config from a user's own files: their kind, columns, dates and scales, guessed from names and values, and said so in comments.

Nothing a customer wrote goes into it: only names of columns, date formats, scales and counts do.
"""

from __future__ import annotations

import glob
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from voc_pipeline.chat_settings import ROBOT_ROLES
from voc_pipeline.config import FileFormat
from voc_pipeline.errors import SourceError
from voc_pipeline.schema import Dimension, SourceKind
from voc_pipeline.sources import delimited, spreadsheet
from voc_pipeline.sources.files import Row, detect_type
from voc_pipeline.sources.json_records import lists_of_records
from voc_pipeline.sources.lexicon import (
    AGENT_ROLES,
    CES,
    CHANNEL,
    CONVERSATION,
    CSAT,
    CUSTOMER,
    CUSTOMER_ROLES,
    DATE,
    DIMENSIONS,
    EXPECTED,
    ID,
    LANG,
    NPS,
    PERCEIVED,
    ROLE,
    STARS,
    TEXT,
    TITLE,
    TURNS,
    WEIGHTED,
)
from voc_pipeline.sources.mapping import lookup
from voc_pipeline.sources.profiles import DAY_FORMATS, NUMERIC, Profile, profiles
from voc_pipeline.sources.reader import paths
from voc_pipeline.sources.starter import Draft, written
from voc_pipeline.sources.tables import open_table
from voc_pipeline.sources.values import as_text, fold, parse_date

LOOKED_AT = 5000
_UTC = ZoneInfo("UTC")


def guess(files: Sequence[Path], directory: Path) -> str:
    """A commented starter config for a user's own files.

    Args:
        files: The files; those with the same columns and alike names become one source.
        directory: Folder the config will be written to; its paths start from there.

    Returns:
        YAML that `load_config` accepts.

    Raises:
        SourceError: No file is given, one cannot be read, or one has no column of free text.
    """
    if not files:
        raise SourceError("voc init", "no file", "one or more files of feedback", "Name them: voc init DIR FILE...")
    drafts: list[Draft] = []
    for group in _alike(list(dict.fromkeys(Path(file).resolve() for file in files))):
        draft = _draft(group, Path(directory).resolve())
        taken = {other.name for other in drafts}
        draft.name = next(name for n in itertools.count(1) if (name := draft.name if n == 1 else f"{draft.name}-{n}") not in taken)
        drafts.append(draft)
    return written(drafts, Path(directory).resolve())


# ---------------------------------------------------------------- looking


def _alike(files: list[Path]) -> list[list[Path]]:
    """Files that one glob names and no other, with the same columns, together."""
    groups: dict[tuple[Any, ...], list[Path]] = {}
    for file in sorted(files):
        if not file.is_file():
            raise SourceError(str(file), "no such file", "a file of feedback", "Check the path")
        with open_table(file, FileFormat(header_row=_header_row(file))) as table:
            groups.setdefault((file.parent, "".join(file.suffixes), table.columns or file), []).append(file)
    together: list[list[Path]] = []
    for group in groups.values():
        pattern = _glob(group)
        exactly = len(group) > 1 and pattern is not None and _matched(pattern) == sorted(group)
        together += [group] if exactly else [[file] for file in group]
    return together


def _matched(pattern: str) -> list[Path]:
    return sorted(Path(name) for name in glob.glob(pattern))  # noqa: PTH207 - Path.glob takes no absolute pattern


def _glob(group: Sequence[Path]) -> str | None:
    names = [file.name for file in group]
    start = _common_start(names)
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    return f"{glob.escape(str(group[0].parent))}/{glob.escape(start)}*{glob.escape(end)}" if start else None


def _common_start(names: Sequence[str]) -> str:
    low, high = min(names), max(names)
    return low[: next((place for place, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))]


def _header_row(file: Path) -> int:
    """The row (from 1) that names the columns: titles above it are passed over.

    Raises:
        SourceError: The first full row holds values, not names.
    """
    kind = detect_type(file)
    if kind not in {"csv", "tsv", "xlsx"}:
        return 1
    layout = FileFormat.model_validate({"type": kind})
    rows = spreadsheet.peek(file, layout, 40) if kind == "xlsx" else delimited.peek(file, layout, 40)
    filled = [sum(value not in (None, "") for value in row) for row in rows]
    if not any(filled):
        raise SourceError(str(file), "an empty file", "a row of column names and rows of feedback", "Export it again")
    usual = Counter(n for n in filled if n).most_common(1)[0][0]
    place = next((place for place, n in enumerate(filled) if n >= max(usual, 1) * 0.8), 0)
    header = [as_text(value) for value in rows[place] if value not in (None, "")]
    valued = sum(bool(NUMERIC.fullmatch(cell)) for cell in header)
    odd = any(
        "@" in cell or len(cell) > 250 or any(parse_date(cell, pattern, _UTC) for pattern in (*DAY_FORMATS, "iso"))
        for cell in header
        if not NUMERIC.fullmatch(cell)
    )
    if odd or valued > len(header) / 2 or len(set(header)) < len(header) / 2:
        raise SourceError(
            f"{file}: row {place + 1}",
            "values where names of columns should be",
            "a first row that names the columns",
            "Add one, such as `id,date,text`",
        )
    return place + 1


# ---------------------------------------------------------------- deciding


def _draft(files: Sequence[Path], directory: Path) -> Draft:
    file = files[0]
    kind = detect_type(file)
    layout: dict[str, Any] = {}
    if (header_row := _header_row(file)) > 1:
        layout["header_row"] = header_row
    lists = lists_of_records(file)[0] if kind == "json" else []
    if lists and lists[0] != "item":
        layout["records"] = lists[0].removesuffix(".item")
    with open_table(file, FileFormat(**layout)) as table:
        rows = list(itertools.islice(table.rows, LOOKED_AT + 1))
    found = table.found
    if "sheet" in found:
        layout["sheet"] = found["sheet"]
    records = [row.values for row in rows[:LOOKED_AT] if isinstance(row, Row)]
    if not records:
        raise SourceError(
            str(file), "no record can be read", "rows of feedback under a row of names", "Look at it in a text editor, or export it again"
        )
    names = list(table.columns) if table.columns is not None else list(dict.fromkeys(path for record in records for path in paths(record)))
    pattern = _glob(files) if len(files) > 1 else None
    path = _relative(pattern or str(file), directory)
    counted = f"{len(records)} rows read" if len(rows) <= LOOKED_AT else f"the first {LOOKED_AT} rows read"
    detected = ", ".join(
        f"{name} {value}" for name, value in found.items() if value and name in {"type", "encoding", "delimiter", "sheet", "records"}
    )
    draft = Draft(_name(files), SourceKind.REVIEW, path, layout, {}, (), f"{detected}; {counted}")
    columns = profiles(records, names, kind == "xlsx")
    if not (_nested_chat(draft, records, names) or _row_chat(draft, columns)):
        _review_or_survey(draft, columns, file)
    used = _used(draft.fields)
    _common(draft, columns, used)
    _attributes(draft, columns, used)
    return draft


def _relative(path: str, directory: Path) -> str:
    try:
        return Path(os.path.relpath(path, directory)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_posix()


def _name(files: Sequence[Path]) -> str:
    stem = _common_start([file.name for file in files]) if len(files) > 1 else files[0].name.split(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", fold(re.sub(r"[\d_ -]+$", "", stem.split(".")[0]))).strip("-") or "feedback"


def _nested_chat(draft: Draft, records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bool:
    """A list of turns inside each record."""
    for name in sorted(names, key=lambda name: not re.search(TURNS, fold(name))):
        turns = [turn for record in records[:500] if isinstance(inner := lookup(record, name), list) for turn in inner if isinstance(turn, Mapping)]
        if not turns:
            continue
        inner_columns = profiles(turns[:LOOKED_AT], dict.fromkeys(path for turn in turns for path in paths(turn)), False)
        text = _pick(inner_columns, lambda column: column.is_text, TEXT) or _pick(
            inner_columns, lambda column: column.named(TEXT) and column.filled > 0, TEXT
        )
        role = _role(inner_columns, text)
        if text is None or role is None:
            continue
        draft.kind = SourceKind.CHAT
        draft.fields["turns"] = {"path": name, **_turn_fields(draft, inner_columns, text, role)}
        return True
    return False


def _row_chat(draft: Draft, columns: Sequence[Profile]) -> bool:
    """One turn a row: a conversation that comes again, a role of few values, a text."""
    text = _pick(columns, lambda column: column.is_text, TEXT)
    role = _role(columns, text)
    groups = [column for column in columns if column.named(CONVERSATION) and column not in (text, role) and 1 < column.distinct < 0.8 * column.filled]
    if text is None or role is None or not groups:
        return False
    draft.kind = SourceKind.CHAT
    conversation = max(groups, key=lambda column: (re.search(rf"\b{ID}\b", column.folded) is not None, column.distinct))
    draft.fields["conversation"] = conversation.name
    draft.fields["turns"] = _turn_fields(draft, columns, text, role)
    return True


def _role(columns: Sequence[Profile], text: Profile | None) -> Profile | None:
    known = CUSTOMER_ROLES | AGENT_ROLES

    def spoken(column: Profile) -> float:
        return sum(fold(as_text(value)) in known for value in column.values) / max(column.filled, 1)

    candidates = [column for column in columns if column is not text and column.distinct <= 12 and spoken(column) > 0.5]
    return max(candidates, key=lambda column: (column.named(ROLE), spoken(column)), default=None)


def _turn_fields(draft: Draft, columns: Sequence[Profile], text: Profile, role: Profile) -> dict[str, Any]:
    fields: dict[str, Any] = {"role": role.name, "text": text.name}
    when = _pick(columns, lambda column: column.dated_share > 0.8, DATE)
    if when:
        fields["time"] = when.name
        draft.formats, draft.notes["date"] = when.formats, when.doubt
    spoken = Counter(fold(as_text(value)) for value in role.values)
    customers = [name for name in spoken if name in CUSTOMER_ROLES]
    written = sorted({as_text(value) for value in role.values if fold(as_text(value)) in customers})
    if customers:
        fields["customer_roles"] = written
    robots = {fold(name) for name in ROBOT_ROLES}
    if automatic := sorted({as_text(value) for value in role.values if fold(as_text(value)) in robots}):
        fields["robot_roles"] = automatic
    others = sorted(name for name in spoken if name not in CUSTOMER_ROLES | AGENT_ROLES | robots)
    if others:
        draft.notes["roles"] = (
            f"{len(others)} other value(s) of {role.name!r} are taken for people of the company; list robots in robot_roles / "
            "les autres valeurs comptent comme des personnes de l'entreprise ; les robots vont dans robot_roles"
        )
    return fields


def _review_or_survey(draft: Draft, columns: Sequence[Profile], file: Path) -> None:
    texts = [column for column in columns if column.is_text and not (column.named(TITLE) and not column.asks)]
    title = _pick(
        columns,
        lambda column: (
            bool(column.filled) and column.named(TITLE) and not column.personal and column.dated_share < 0.5 and column.numeric_share < 0.5
        ),
        TITLE,
    )
    if not texts:
        loose = [column for column in columns if column.named(TEXT) and column.filled and column.numeric_share < 0.5 and column.dated_share < 0.5]
        texts = loose[:1] or ([title] if title else [])
        title = None if title in texts else title
    if not texts:
        raise SourceError(
            str(file), "no column of free text", "a column in which customers write", f"Columns: {', '.join(column.name for column in columns[:20])}"
        )
    paired = _pairs(draft, columns)
    nps = next((column for column in columns if column.named(NPS) and column.scale((0, 10))), None)
    asked = [column for column in texts if column.asks]
    many = len(texts) > 1 and title is None
    if paired or nps or asked or many:
        draft.kind = SourceKind.SURVEY
        draft.fields["questions"] = [{"field": column.name, "question": column.name} for column in (texts + ([title] if title else []))]
    else:
        best = _pick(texts, lambda column: True, TEXT) or texts[0]
        draft.fields["text"] = best.name
        if title:
            draft.fields["title"] = title.name
    _scores(draft, columns)


def _pairs(draft: Draft, columns: Sequence[Profile]) -> bool:
    sides: dict[str, dict[str, Profile]] = {"expectation": {}, "perception": {}, "weight": {}}
    for column in columns:
        dimension = next((dimension for dimension, pattern in DIMENSIONS.items() if re.search(pattern, column.folded)), None)
        side = next(
            (
                side
                for side, pattern in (("expectation", EXPECTED), ("perception", PERCEIVED), ("weight", WEIGHTED))
                if re.search(pattern, column.folded)
            ),
            None,
        )
        if dimension and side and column.numeric_share > 0.9 and (side == "weight" or 0 <= column.low <= column.high <= 10):
            sides[side].setdefault(dimension.value, column)
    both = [dimension.value for dimension in Dimension if dimension.value in sides["expectation"] and dimension.value in sides["perception"]]
    if not both:
        return False
    for side in ("expectation", "perception"):
        draft.fields[side] = {dimension: sides[side][dimension].name for dimension in both}
    if sides["weight"]:
        draft.fields["weight"] = {dimension: column.name for dimension, column in sides["weight"].items() if column.high <= 100}
    highest = max(sides[side][dimension].high for side in ("expectation", "perception") for dimension in both)
    lowest = min(sides[side][dimension].low for side in ("expectation", "perception") for dimension in both)
    draft.likert = (int(min(lowest, 1)), 5 if highest <= 5 else 7 if highest <= 7 else 10)
    return True


def _scores(draft: Draft, columns: Sequence[Profile]) -> None:
    used = _used(draft.fields)
    scores: dict[str, Any] = {}
    stars = [("stars", STARS, ((1, 5), (0, 5), (1, 10), (0, 10), (0, 20), (0, 100)))] if draft.kind is SourceKind.REVIEW else []
    for name, pattern, scales in (
        ("nps", NPS, ((0, 10),)),
        ("csat", CSAT, ((1, 5), (0, 5), (1, 7), (1, 10), (0, 10), (0, 100))),
        ("ces", CES, ((1, 5), (1, 7), (0, 10))),
        *stars,
    ):
        column = next(
            (
                column
                for column in columns
                if column.name not in used and column.named(pattern) and column.scale(*scales) and not column.dated_share and not column.personal
            ),
            None,
        )
        scale = column.scale(*scales) if column else None
        if column and scale:
            scores[name] = {"field": column.name, "low": scale[0], "high": scale[1]}
            used.add(column.name)
    if scores:
        draft.fields["scores"] = scores


def _common(draft: Draft, columns: Sequence[Profile], used: set[str]) -> None:
    """Id, date, customer, channel and language."""
    free = [column for column in columns if column.name not in used and column.filled]
    when = _pick([column for column in free if column.dated_share > 0.8], lambda column: True, DATE)
    if when:
        draft.fields["date"] = when.name
        draft.notes["date"] = "; ".join(filter(None, (when.doubt, draft.notes.get("date", ""))))
        draft.formats = tuple(dict.fromkeys((*when.formats, *draft.formats)))
        used.add(when.name)
    customer = _pick(
        [
            column
            for column in free
            if column.name not in used
            and column.named(CUSTOMER)
            and column.words < 3
            and column.dated_share < 0.5
            and column.distinct > 1
            and not column.named(r"\b(type|segment|since|depuis|age)\b")
        ],
        lambda column: True,
        rf"\b{ID}\b",
    )
    unique = [
        column
        for column in free
        if column.name not in used
        and column is not customer
        and column.distinct == column.filled == column.n_rows
        and column.words < 3
        and not column.personal
        and column.dated_share < 0.5
    ]
    row_id = _pick([column for column in unique if re.search(rf"\b{ID}\b", column.folded)], lambda column: True, rf"(^{ID}$)")
    if row_id:
        draft.fields["id"] = row_id.name
        used.add(row_id.name)
    elif "conversation" not in draft.fields:
        near = next(
            (column for column in free if re.fullmatch(rf"({ID}|.*\bid)", column.folded) and column is not customer and column.name not in used),
            None,
        )
        if near and near.distinct > 0.9 * near.n_rows and near.words < 3:
            draft.fields["id"] = near.name
            draft.notes["id"] = (
                f"{near.n_rows - near.distinct} row(s) repeat or lack it: they will be set aside / lignes sans id ou en double, mises de côté"
            )
            used.add(near.name)
        else:
            draft.identity = "position"
    if customer:
        draft.fields["customer"] = customer.name
        used.add(customer.name)
    for setting, pattern in (("channel", CHANNEL), ("lang", LANG)):
        column = next(
            (
                column
                for column in free
                if column.name not in used and column.named(pattern) and column.distinct <= 30 and column.words < 4 and column.numeric_share < 0.5
            ),
            None,
        )
        if column:
            draft.fields[setting] = column.name
            used.add(column.name)


def _attributes(draft: Draft, columns: Sequence[Profile], used: set[str]) -> None:
    attributes: dict[str, str] = {}
    for column in columns:
        if column.name in used or not column.filled:
            continue
        few = 2 <= column.distinct <= min(40, max(2, column.filled // 3)) and column.length <= 40
        if few and not column.personal and column.dated_share < 0.5 and not column.is_text:
            name = re.sub(r"[^a-z0-9]+", "_", column.folded).strip("_") or "attribute"
            attributes[next(unique for n in itertools.count(1) if (unique := name if n == 1 else f"{name}_{n}") not in attributes)] = column.name
        else:
            draft.left_out.append(column.name)
    if attributes:
        draft.fields["attributes"] = attributes


def _pick(columns: Iterable[Profile], accepts: Callable[[Profile], bool], named: str) -> Profile | None:
    """The column that fits best: named so, then with most words, then the first."""
    return max(
        (column for column in columns if accepts(column)), key=lambda column: (column.named(named), round(column.words), column.filled), default=None
    )


def _used(fields: Any) -> set[str]:
    if isinstance(fields, Mapping):
        return {name for key, value in fields.items() if key not in {"question", "customer_roles", "robot_roles"} for name in _used(value)}
    if isinstance(fields, list):
        return {name for value in fields for name in _used(value)}
    return {fields} if isinstance(fields, str) else set()
