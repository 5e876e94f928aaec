"""The table of roll-ups: themes, stages and departments with figures of their own, and the rows that let a reader check the counts to the last verbatim."""

from __future__ import annotations

from voc_pipeline.report.reading import Reading, detail
from voc_pipeline.report.rollups import Rolled, group_label, rolled
from voc_pipeline.report.tables.cells import Row, corrected, estimate, value
from voc_pipeline.schema import SMALL_BASE, IrritantKind, Level

NONE = "none"
"""What stands for the group of records without a theme or department."""


def rollup_rows(reading: Reading) -> list[Row]:
    """By kind and level, one row a group, then what overlaps, what tells a record at all, and what tells none."""
    rows: list[Row] = []
    for kind in IrritantKind:
        for level in Level:
            rows += [_group(reading, one) for one in rolled(reading, kind, level)]
            rows += _remainder(reading, kind, level)
    return rows


def _group(reading: Reading, one: Rolled) -> Row:
    f = one.figures
    trend = f.get("rate_ratio")
    row: Row = {
        "level": one.level,
        "kind": one.kind,
        "part": "group",
        "group": one.group or NONE,
        "label_fr": group_label(reading, one, "fr"),
        "label_en": group_label(reading, one, "en"),
        **{name: value(f.get(name)) for name in ("records", "verbatims", "alone", "mentions", "customers")},
        **estimate(f.get("share"), "share"),
        **estimate(f.get("not_valued_rate"), "not_valued_rate"),
        **corrected(reading.figures, f"rollup_{one.level}", f"{one.kind}={one.group}", "not_valued_rate"),
        **estimate(f.get("severity"), "severity"),
        **estimate(trend, "rate_ratio", base=False),
        **{name: detail(trend, name) for name in ("recent", "baseline")},
        "trend_q_value": detail(trend, "q_value"),
        "alert": bool(detail(trend, "alert", False)),
        "trend_base": detail(trend, "base"),
        "trend_test": detail(trend, "test"),
        "small_base": one.n < SMALL_BASE,
        "ids": ", ".join(one.ids),
    }
    return row | ({"late": len(one.late), "unowned": len(one.unowned)} if one.kind is IrritantKind.IRRITANT else {})


def _remainder(reading: Reading, kind: IrritantKind, level: Level) -> list[Row]:
    f, about = reading.figures.of("rollup", kind), {"level": level, "kind": kind}
    several = reading.figures.get("rollup", f"{kind}={level}", "several")
    rows: list[Row] = [{**about, "part": "several", "verbatims": several.value}] if several else []
    for name in ("told", "untold"):
        if name in f:
            counts = {key: detail(f[name], key) for key in ("verbatims", "mentions", "customers")}
            rows.append({**about, "part": name, **counts, **estimate(f[name], "share")})
    return rows
