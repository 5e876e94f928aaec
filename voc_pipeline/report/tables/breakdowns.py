"""Tables that break verbatims or tellings down: by stage, group, month, code and dimension."""

from __future__ import annotations

from voc_pipeline.journey import stage_label
from voc_pipeline.report.reading import Figures, Reading, detail, parted
from voc_pipeline.report.tables.cells import Row, corrected, estimate, value, wording
from voc_pipeline.schema import Dimension, Gap, IrritantKind
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS

TOP_IRRITANTS = 5
"""Irritants named beside a stage."""


def stage_rows(reading: Reading) -> list[Row]:
    """One row a stage somebody speaks of, in the order of the journey."""
    cells = reading.figures.crossed("stage_gap", "n")
    rows = []
    for order, (stage, maps_to) in enumerate(reading.stages.items(), start=1):
        if not reading.figures.of("stage", stage) and not any(of == stage for of, _ in cells):
            continue
        rows.append(
            {
                "order": order,
                "stage": stage,
                "label_fr": stage_label(reading.journey, stage, "fr"),
                "label_en": stage_label(reading.journey, stage, "en"),
                "maps_to": maps_to,
                **_mood(reading.figures, "stage", stage),
                **{f"gap_{int(cue)}_tellings": value(cells.get((stage, str(int(cue))))) or 0 for cue in Gap},
                "top_irritants": ", ".join(_told_most(reading, stage)),
            }
        )
    return rows


def _told_most(reading: Reading, stage: str) -> list[str]:
    told = {}
    for record in reading.ranked(IrritantKind.IRRITANT):
        share, mentions = (reading.figures.value("irritant", record.id, name) for name in (f"stage.{stage}", "mentions"))
        if share * mentions > 0:
            told[record.id] = round(share * mentions, 6)
    return sorted(told, key=lambda key: (-told[key], key))[:TOP_IRRITANTS]


def group_rows(figures: Figures) -> list[Row]:
    """One row a channel, language and value of an attribute."""
    rows = [{"attribute": group.attribute, "value": group.value, **_mood(figures, group.scope, group.key)} for group in figures.groups()]
    return sorted(rows, key=lambda row: (row["attribute"], row["value"]))


def month_rows(figures: Figures) -> list[Row]:
    """One row a month."""
    return [{"month": key, **_mood(figures, "month", key)} for key in figures.keys("month")]


def _mood(figures: Figures, scope: str, key: str) -> Row:
    f = figures.of(scope, key)
    row: Row = {"n_verbatims": value(f.get("n_verbatims")), **estimate(f.get("nps"), "nps")}
    for name in ("share_negative", "share_positive", "share_not_valued", "net_regard"):
        row |= estimate(f.get(name), name, base=False)
    for name in ("share_negative", "share_not_valued"):
        row |= corrected(figures, scope, key, name)
    return row


def share_rows(reading: Reading, scope: str) -> list[Row]:
    """One row a record and month (`irritant_month`), or a record and value of an attribute (`irritant_segment`)."""
    rows: list[Row] = []
    for (irritant_id, rest), metric in reading.figures.crossed(scope, "share").items():
        if irritant_id in reading.records:
            attribute, of = parted(rest)
            place = {"month": rest} if scope == "irritant_month" else {"attribute": attribute, "value": of}
            rows.append({"irritant_id": irritant_id, **place, "mentions": detail(metric, "mentions"), **estimate(metric, "share")})
    return rows


def code_rows(figures: Figures) -> list[Row]:
    """One row a way of not being valued."""
    return [
        {
            "code": key,
            **wording(CODE_LABELS, key),
            **estimate(figures.get("code", key, "share"), "share"),
            **estimate(figures.corrected("code", key, "share"), "corrected_share", base=False),
        }
        for key in figures.keys("code")
    ]


def code_stage_rows(figures: Figures) -> list[Row]:
    """One row a way of not being valued and stage."""
    return [{"code": code, "stage": stage, "n": metric.value} for (code, stage), metric in figures.crossed("code_stage", "n").items()]


def dimension_rows(figures: Figures) -> list[Row]:
    """One row a dimension of Servqual, and one for all of them."""
    told = figures.keys("dimension")
    rows = []
    for key in (name for name in (*map(str, Dimension), "total") if name in told):
        row: Row = {"dimension": key, **wording({**DIMENSION_LABELS, "total": {"fr": "ensemble", "en": "all of them"}}, key)}
        for name in ("share", "expectation", "perception", "gap5"):
            row |= estimate(figures.get("dimension", key, name), name)
        rows.append(row)
    return rows
