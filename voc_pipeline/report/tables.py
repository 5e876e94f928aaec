"""The tables of a run: the same rows whatever the run, the machine or the day, and every column explained in French and in English."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from voc_pipeline.config import Config
from voc_pipeline.journey import stage_label
from voc_pipeline.report.quotes import passage
from voc_pipeline.report.reading import Figures, Readable, Reading, detail, interval, main_part, parted, read
from voc_pipeline.report.words import typeset
from voc_pipeline.schema import Dimension, Gap, IrritantKind, Metric
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS, GAP_NAMES

if TYPE_CHECKING:
    from pandas import DataFrame

DECIMALS = 4
"""Floats are rounded to this many decimals in every table."""
SHEET_ROWS = 200_000
"""Rows of one sheet of `tables.xlsx` at most; the CSV and Parquet files hold them all."""

Row = dict[str, Any]
_PARTS = ("volume", "customers", "severity", "not_valued", "trend", "impact")
_OUTCOMES = ("nps", "csat", "stars")
_GROUP = ("n_verbatims", "share_negative", "share_positive", "share_not_valued", "net_regard", "nps")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def tables(store: Readable, config: Config, run_id: str) -> dict[str, DataFrame]:
    """All tables of a run.

    Args:
        store: Read, never written.
        config: Settings of the run (its journey names the stages).
        run_id: The run.

    Returns:
        By name: `irritants`, `strengths`, `suggestions`, `mentions`, `gaps`, `stages`, `segments`, `months`, `irritant_months`, `irritant_segments`,
        `drivers`, `codes`, `code_stages`, `dimensions`, `figures`, `counts`, `quality`. Rows sorted, floats rounded; `columns` explains the columns.

    Raises:
        RunError: no run has that id.
    """
    reading = read(store, config, run_id)
    told = _told(reading)
    best = _best_quotes(told)
    made: dict[str, list[Row]] = {
        **{f"{kind}s": _records(reading, kind, best) for kind in IrritantKind},
        "mentions": told,
        "gaps": _gaps(reading, told),
        "stages": _stages(reading),
        "segments": _groups(reading.figures),
        "months": [{"month": key, **_group(reading.figures, "month", key)} for key in reading.figures.keys("month")],
        "irritant_months": _crossed(reading, "irritant_month", "month"),
        "irritant_segments": _crossed(reading, "irritant_segment", "attribute"),
        "drivers": _drivers(reading),
        "codes": [
            {"code": key, **_named(CODE_LABELS, key), **_estimate(reading.figures.get("code", key, "share"), "share")}
            for key in reading.figures.keys("code")
        ],
        "code_stages": [
            {"code": parted(key)[0], "stage": parted(key)[1], "n": int(reading.figures.value("code_stage", key, "n"))}
            for key in reading.figures.keys("code_stage")
        ],
        "dimensions": _dimensions(reading),
        "figures": [
            {"figure": name, **_estimate(metric, "value")}
            for name, metric in sorted(reading.figures.of("run").items())
            if not name.startswith("count.")
        ],
        "counts": _counts(reading.figures),
        "quality": [
            {"head": key, "figure": name, **_estimate(metric, "value")}
            for key in reading.figures.keys("quality")
            for name, metric in sorted(reading.figures.of("quality", key).items())
        ],
    }
    return {name: _frame(name, rows) for name, rows in made.items()}


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
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue().encode("utf-8")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type (`text`, `int`, `float`, `flag`) and what it holds, in both languages."""

    type: str
    fr: str
    en: str


@cache
def columns(table: str) -> dict[str, Column]:
    """The columns of a table, in order; the column "" speaks of the table itself.

    Raises:
        KeyError: no such table.
    """
    raw = cast(dict[str, dict[str, list[str]]], yaml.safe_load(Path(__file__).with_name("columns.yaml").read_text(encoding="utf-8")))
    known: dict[str, Column] = {}
    for name, (kind, french, english) in raw[table].items():
        fr, en = typeset(french, "fr"), typeset(english, "en")
        known[name] = Column("float" if kind in ("estimate", "interval") else kind, fr, en)
        if kind in ("estimate", "interval"):
            known[f"{name}_low"] = Column(
                "float", typeset(f"{name} : borne basse de l'intervalle à 95 %", "fr"), f"{name}: lower end of the 95% interval"
            )
            known[f"{name}_high"] = Column(
                "float", typeset(f"{name} : borne haute de l'intervalle à 95 %", "fr"), f"{name}: upper end of the 95% interval"
            )
        if kind == "estimate":
            known[f"{name}_n"] = Column("int", typeset(f"{name} : effectif sur lequel porte le chiffre", "fr"), f"{name}: base the figure stands on")
    return known


# ---------------------------------------------------------------- rows


def _records(reading: Reading, kind: IrritantKind, best: Mapping[str, list[str]]) -> list[Row]:
    rows = []
    for place, record in enumerate(reading.ranked(kind), start=1):
        f = reading.figures.of("irritant", record.id)
        gap = reading.gaps.get(record.id)
        stage = main_part(f, "stage.")
        change = f.get("change_share")
        trend = f.get("rate_ratio")
        quotes = best.get(record.id, [])
        row: Row = {
            "rank": int(f["rank"].value) if "rank" in f else place,
            "id": record.id,
            "label_fr": record.label_fr,
            "label_en": record.label_en,
            "label_status_fr": record.label_status.get("fr", ""),
            "label_status_en": record.label_status.get("en", ""),
            "theme": record.theme,
            "keywords": ", ".join(record.keywords),
            "owner": record.owner,
            "status": record.status,
            "stage": stage[0] if stage else "",
            "stage_share": stage[1].value if stage else None,
            "dimension": _first_dimension(gap.dimensions) if gap else "",
            "gap": int(gap.gap) if gap and gap.gap is not None else None,
            "gap_confidence": gap.confidence if gap else None,
            "mentions": _count(f.get("mentions")),
            "customers": _count(f.get("customers")),
            **_estimate(f.get("share"), "share"),
            "severity": _value(f.get("severity")),
            **_estimate(f.get("not_valued_rate"), "not_valued_rate"),
            **_estimate(f.get("not_valued_lift"), "not_valued_lift", base=False),
            **_estimate(trend, "rate_ratio", base=False),
            "recent": detail(trend, "recent"),
            "baseline": detail(trend, "baseline"),
            "trend_q_value": detail(trend, "q_value"),
            "alert": bool(detail(trend, "alert", False)),
        }
        for outcome in _OUTCOMES:
            row |= _estimate(f.get(f"{outcome}_difference"), f"{outcome}_difference")
        row |= {f"part_{part}": _value(f.get(f"part.{part}")) for part in _PARTS}
        row |= {
            "priority": _value(f.get("priority")),
            "previous_rank": _count(f.get("previous_rank")),
            "previous_mentions": _count(f.get("previous_mentions")),
            **_estimate(change, "change_share", base=False),
            "change_q_value": detail(change, "q_value"),
            "more_than_noise": bool(detail(change, "more_than_noise", False)),
            "first_seen": str(detail(f.get("mentions"), "first_seen", "") or "")[:10],
            "last_seen": str(detail(f.get("mentions"), "last_seen", "") or "")[:10],
            "small_base": (_count(f.get("mentions")) or 0) < 30,
            **{f"quote_{i + 1}": quotes[i] if i < len(quotes) else "" for i in range(3)},
        }
        rows.append(row)
    return rows


def _told(reading: Reading) -> list[Row]:
    """One row a mention: what was said, where, by whom (hashed), and what the models made of it."""
    by_verbatim: dict[str, list[Any]] = defaultdict(list)
    for mention in reading.mentions:
        by_verbatim[mention.verbatim_id].append(mention)
    answers = reading.store.annotations(reading.run.model_version, ids=by_verbatim)
    answer = next(answers, None)
    rows = []
    for verbatim in reading.store.verbatims(ids=by_verbatim):
        while answer is not None and answer.verbatim_id < verbatim.id:
            answer = next(answers, None)
        own = answer if answer is not None and answer.verbatim_id == verbatim.id else None
        segments = {segment.position: segment for segment in own.segments} if own else {}
        for mention in by_verbatim[verbatim.id]:
            segment = segments.get(mention.position)
            record = reading.records[mention.irritant_id]
            rows.append(
                {
                    "irritant_id": mention.irritant_id,
                    "kind": str(record.kind),
                    "label_fr": record.label_fr,
                    "label_en": record.label_en,
                    "verbatim_id": verbatim.id,
                    "position": mention.position,
                    "quote": passage(verbatim, mention.position),
                    "score": mention.score,
                    "fallback": mention.fallback,
                    "source": verbatim.source,
                    "row_id": verbatim.row_id,
                    "channel": verbatim.channel or str(verbatim.kind),
                    "lang": verbatim.lang,
                    "date": verbatim.date.date().isoformat() if verbatim.date else "",
                    "customer": verbatim.customer,
                    "stage": str(segment.stage) if segment else "",
                    "dimension": str(segment.dimension) if segment and segment.dimension else "",
                    "gap_cue": int(segment.gap_cue) if segment and segment.gap_cue is not None else None,
                    "p_negative": segment.p_negative if segment else None,
                    "sentiment": str(own.sentiment) if own else "",
                    "not_valued": own.not_valued if own else None,
                    "model_version": reading.run.model_version,
                }
            )
    return sorted(rows, key=lambda row: (row["irritant_id"], row["verbatim_id"], row["position"]))


def _best_quotes(told: Sequence[Row]) -> dict[str, list[str]]:
    """Three quotes an irritant, the closest to its exemplars first, different texts."""
    best: dict[str, list[str]] = defaultdict(list)
    for row in sorted(told, key=lambda row: (-round(row["score"], 6), row["verbatim_id"], row["position"])):
        quotes = best[row["irritant_id"]]
        if not row["fallback"] and len(quotes) < 3 and row["quote"] and row["quote"] not in quotes:
            quotes.append(row["quote"])
    return best


def _gaps(reading: Reading, told: Sequence[Row]) -> list[Row]:
    words = {(row["verbatim_id"], row["position"]): row["quote"] for row in told}
    rows = []
    for key in sorted(reading.gaps):
        gap = reading.gaps[key]
        record = reading.records[key]
        row: Row = {
            "irritant_id": key,
            "label_fr": record.label_fr,
            "label_en": record.label_en,
            "gap": int(gap.gap) if gap.gap is not None else None,
            **(_named(GAP_NAMES, gap.gap, "gap") if gap.gap is not None else {"gap_fr": "", "gap_en": ""}),
            "alternative": int(gap.alternative) if gap.alternative is not None else None,
            "confidence": gap.confidence,
            "confirmed": gap.confirmed,
            "n": gap.n,
        }
        for cue in Gap:
            share = gap.shares.get(int(cue))
            row |= {f"gap_{int(cue)}_share{end}": getattr(share, name, None) for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))}
        for dimension in Dimension:
            estimate = gap.dimensions.get(str(dimension))
            row |= {f"{dimension}_share{end}": getattr(estimate, name, None) for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))}
        quotes = [words[place] for place in gap.evidence if words.get(place)]
        row |= {
            "refuting_question_fr": gap.refuting_question.get("fr", ""),
            "refuting_question_en": gap.refuting_question.get("en", ""),
            "owner": record.owner,
            **{f"quote_{i + 1}": quotes[i] if i < len(quotes) else "" for i in range(3)},
        }
        rows.append(row)
    return rows


def _stages(reading: Reading) -> list[Row]:
    cells = {parted(key): int(reading.figures.value("stage_gap", key, "n")) for key in reading.figures.keys("stage_gap")}
    rows = []
    for order, (stage, maps_to) in enumerate(reading.stages.items(), start=1):
        if not reading.figures.of("stage", stage) and not any(of == stage for of, _ in cells):
            continue
        told = Counter(
            {
                record.id: reading.figures.value("irritant", record.id, f"stage.{stage}") * reading.figures.value("irritant", record.id, "mentions")
                for record in reading.ranked(IrritantKind.IRRITANT)
            }
        )
        top = sorted((key for key, weight in told.items() if weight > 0), key=lambda key: (-round(told[key], 6), key))[:5]
        rows.append(
            {
                "order": order,
                "stage": stage,
                "label_fr": stage_label(reading.journey, stage, "fr"),
                "label_en": stage_label(reading.journey, stage, "en"),
                "maps_to": str(maps_to),
                **_group(reading.figures, "stage", stage),
                **{f"gap_{int(cue)}_tellings": cells.get((stage, str(int(cue))), 0) for cue in Gap},
                "top_irritants": ", ".join(top),
            }
        )
    return rows


def _groups(figures: Figures) -> list[Row]:
    rows = []
    for scope in ("channel", "lang", "segment"):
        for key in figures.keys(scope):
            attribute, value = parted(key) if scope == "segment" else (scope, key)
            rows.append({"attribute": attribute, "value": value, **_group(figures, scope, key)})
    return sorted(rows, key=lambda row: (row["attribute"], row["value"]))


def _group(figures: Figures, scope: str, key: str) -> Row:
    f = figures.of(scope, key)
    row: Row = {"n_verbatims": _count(f.get("n_verbatims"))}
    for name in _GROUP[1:]:
        row |= _estimate(f.get(name), name, base=name == "nps")
    return row


def _crossed(reading: Reading, scope: str, second: str) -> list[Row]:
    rows = []
    for key in reading.figures.keys(scope):
        irritant_id, rest = parted(key)
        if irritant_id not in reading.records:
            continue
        metric = reading.figures.get(scope, key, "share")
        row: Row = {"irritant_id": irritant_id}
        if second == "attribute":
            row["attribute"], row["value"] = parted(rest)
        else:
            row[second] = rest
        mentions = detail(metric, "mentions")
        row |= {"mentions": int(mentions) if mentions is not None else None, **_estimate(metric, "share")}
        rows.append(row)
    return rows


def _drivers(reading: Reading) -> list[Row]:
    rows = []
    for key, record in sorted(reading.records.items()):
        for outcome in _OUTCOMES:
            metric = reading.figures.get("irritant", key, f"{outcome}_difference")
            if metric is not None:
                row = {"irritant_id": key, "kind": str(record.kind), "label_fr": record.label_fr, "label_en": record.label_en, "outcome": outcome}
                rows.append({**row, **_estimate(metric, "difference"), "q_value": detail(metric, "q_value")})
    return rows


def _dimensions(reading: Reading) -> list[Row]:
    known = [*(str(dimension) for dimension in Dimension), "total"]
    rows = []
    for key in (name for name in known if name in reading.figures.keys("dimension")):
        f = reading.figures.of("dimension", key)
        row = {"dimension": key, **_named(DIMENSION_LABELS, key)}
        for name in ("share", "expectation", "perception", "gap5"):
            row |= _estimate(f.get(name), name)
        rows.append(row)
    return rows


def _counts(figures: Figures) -> list[Row]:
    rows = []
    for name, metric in sorted(figures.of("run").items()):
        if name.startswith("count."):
            outcome, _, reason = name.removeprefix("count.").partition(".")
            rows.append({"outcome": outcome, "reason": reason, "n": int(metric.value)})
    return rows


# ---------------------------------------------------------------- cells


def _estimate(metric: Metric | None, name: str, base: bool = True) -> Row:
    """A figure, the ends of its interval and its base as columns named after it."""
    ends = {name: _value(metric), f"{name}_low": metric.low if metric else None, f"{name}_high": metric.high if metric else None}
    return {**ends, f"{name}_n": metric.n if metric else None} if base else ends


def _value(metric: Metric | None) -> float | None:
    found = interval(metric)
    return found.value if found else None


def _count(metric: Metric | None) -> int | None:
    return None if metric is None else round(metric.value)


def _named(labels: Mapping[Any, Mapping[str, str]], key: Any, stem: str = "label") -> Row:
    words = labels.get(key, {})
    return {f"{stem}_fr": words.get("fr", str(key)), f"{stem}_en": words.get("en", str(key))}


def _first_dimension(dimensions: Mapping[str, Any]) -> str:
    return min(dimensions, key=lambda name: (-dimensions[name].value, name), default="")


def _frame(name: str, rows: Sequence[Row]) -> DataFrame:
    """Rows as a frame whose columns and types depend on the table alone, never on what happens to be missing."""
    import pandas as pd

    made: dict[str, Any] = {}
    for column, about in columns(name).items():
        if not column:
            continue
        values = [row.get(column) for row in rows]
        if about.type == "int":
            made[column] = pd.array([None if value is None else round(value) for value in values], dtype="Int64")
        elif about.type == "flag":
            made[column] = pd.array([None if value is None else bool(value) for value in values], dtype="boolean")
        elif about.type == "text":
            made[column] = pd.array(["" if value is None else str(value) for value in values], dtype="str")
        else:
            made[column] = pd.array([float("nan") if value is None else round(float(value), DECIMALS) + 0.0 for value in values], dtype="float64")
    return pd.DataFrame(made)


def _missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value)


def _cell(value: Any) -> str:
    """A value as the canonical CSV writes it."""
    if _missing(value):
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".") or "0"
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") else text


# ---------------------------------------------------------------- workbook


def _write_workbook(frames: Mapping[str, DataFrame], path: Path) -> None:
    """One sheet a table, its header frozen; the first sheet says in both languages what every column holds."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    bold, fill, wrap = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="17494D"), Alignment(wrap_text=True, vertical="top")

    def sheet(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float], wrapped: bool) -> None:
        page = book.create_sheet(name)
        page.freeze_panes = "A2"
        for index, width in enumerate(widths, start=1):
            page.column_dimensions[_letters(index)].width = width

        def cell(value: Any) -> Any:
            made = WriteOnlyCell(page, value=_sheet_value(value))
            if isinstance(value, str):
                made.data_type = "s"  # a text that starts with = stays text
            if wrapped:
                made.alignment = wrap
            return made

        heads = []
        for text in header:
            head = WriteOnlyCell(page, value=text)
            head.font, head.fill = bold, fill
            heads.append(head)
        page.append(heads)
        n = 0
        for row in rows:
            if n == SHEET_ROWS:
                break
            page.append([cell(value) for value in row])
            n += 1
        page.auto_filter.ref = f"A1:{_letters(len(header))}{n + 1}"

    book = Workbook(write_only=True)
    lines = []
    for name, frame in frames.items():
        about = columns(name)
        lines += [(name, column, about[column].fr, about[column].en) for column in ("", *frame.columns)]
    sheet("LISEZ-MOI README", ("table", "colonne / column", "français", "English"), lines, (20, 26, 70, 70), True)
    for name, frame in frames.items():
        sheet(name, list(frame.columns), frame.itertuples(index=False, name=None), [_width(frame, column) for column in frame.columns], False)
    book.save(path)


def _sheet_value(value: Any) -> Any:
    if _missing(value):
        return None
    if isinstance(value, str):
        return _FORBIDDEN.sub("", value)[:32_000]
    return value.item() if hasattr(value, "item") else value


def _width(frame: DataFrame, column: str) -> float:
    longest = max((len(str(value)) for value in frame[column].head(200)), default=0)
    return float(min(max(longest, len(column)) + 3, 60))


def _letters(index: int) -> str:
    """Spreadsheet name of a column counted from 1.

    >>> _letters(28)
    'AB'
    """
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
