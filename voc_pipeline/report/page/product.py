"""What to mend, where on the journey it happens, and what customers ask for."""

from __future__ import annotations

from collections.abc import Sequence

from voc_pipeline.report.charts import shade
from voc_pipeline.report.page.corrections import NOTHING, beside, note
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.records import Records, label_of
from voc_pipeline.report.quotes import CELL_QUOTES, Quote, Quotes
from voc_pipeline.report.reading import detail, interval
from voc_pipeline.schema import Gap, Stage

SEAM_SHARE = 0.2
"""Share of an irritant's tellings from which it counts as told between two stages."""
SEAM_IRRITANTS = 8


def view(phrases: Phrases, records: Records, quotes: Quotes) -> View:
    """What to mend, where it happens, and what customers ask for."""
    t = phrases.t
    rising = sum(1 for item in records.irritants if item["alert"])
    return {
        "summary": t("product.summary", irritants=t.plural("irritants.n", len(records.irritants)), rising=t.plural("rising.n", rising)),
        "irritants": records.irritants,
        "cut": records.cut,
        "filters": _filters(phrases, records),
        "corrections": note(phrases),
        "heat": _heat(phrases, records, quotes),
        "seams": _seams(phrases, records, quotes),
        "suggestions": records.suggestions,
    }


def _filters(phrases: Phrases, records: Records) -> list[View]:
    t = phrases.t
    stages, gaps = ({item["sort"][name] for item in records.irritants} for name in ("stage", "gap"))
    owners = {item["owner"] for item in records.irritants} - {""}
    fields: list[View] = [
        {
            "name": "stage",
            "label": t("stage"),
            "options": [{"value": s, "label": s} for s in map(phrases.stage, phrases.reading.stages) if s in stages],
        },
        {
            "name": "gap",
            "label": t("gap"),
            "options": [{"value": int(gap), "label": f"{int(gap)} · {phrases.gap(gap)}"} for gap in Gap if int(gap) in gaps],
        },
        {"name": "owner", "label": t("owner"), "options": [{"value": owner, "label": owner} for owner in sorted(owners)]},
    ]
    return [field for field in fields if field["options"]]


def _heat(phrases: Phrases, records: Records, quotes: Quotes) -> View:
    t = phrases.t
    counts = phrases.f.crossed("stage_gap", "n")
    most = max((metric.value for metric in counts.values()), default=0)
    rows = []
    for stage in phrases.in_order(stage for stage, _ in counts):
        cells: list[View] = []
        for gap in Gap:
            metric = counts.get((stage, str(int(gap))))
            n = round(metric.value) if metric else 0
            top = [irritant_id for irritant_id, _ in detail(metric, "top_irritants", ())]
            said = {"stage": phrases.stage(stage), "gap": int(gap), "name": phrases.gap(gap), "tellings": t.plural("tellings.n", n)}
            cells.append(
                {
                    "n": n,
                    "level": shade(n, most),
                    "id": f"cell-{stage}-{int(gap)}",
                    "title": t("heat.cell", **said),
                    "label": t("heat.cell.label", **said),
                    "irritants": [label_of(records.by_id[one]) for one in top if one in records.by_id],
                    "quotes": _cell_quotes(phrases, quotes, stage, gap, top) if n else [],
                }
            )
        rows.append({"name": phrases.stage(stage), "cells": cells, "n": sum(cell["n"] for cell in cells)})
    gaps = [{"number": int(gap), "name": phrases.gap(gap), "says": t(f"gap.{int(gap)}.says")} for gap in Gap]
    return {"rows": rows, "gaps": gaps}


def _cell_quotes(phrases: Phrases, quotes: Quotes, stage: str, gap: Gap, top: Sequence[str]) -> list[Quote]:
    found = quotes.of("cell", stage, str(int(gap)), most=CELL_QUOTES)
    if found or stage not in phrases.reading.stages:
        return found
    # no passage read there itself: what its irritants are told with
    return [quote for irritant_id in top for quote in quotes.of("irritant", irritant_id, most=2)][:CELL_QUOTES]


def _seams(phrases: Phrases, records: Records, quotes: Quotes) -> View:
    t, seam, journey = phrases.t, str(Stage.TRANSITION), phrases.reading.journey
    f = phrases.f.of("stage", seam)
    figures = []
    total = phrases.f.value("run", "", "n_verbatims")
    if "n_verbatims" in f:
        n = f["n_verbatims"].value
        told = {"text": t.percent(n / total) if total else t.number(n), "interval": t.plural("verbatims.n", round(n))}
        figures.append({"name": t("seams.share"), **told, "chart": "", **NOTHING})
    for name in ("share_negative", "share_not_valued", "net_regard"):
        estimate = interval(f.get(name))
        if estimate:
            figures.append(
                {
                    "name": phrases.title(name),
                    **phrases.figure(name, estimate),
                    "chart": phrases.drawn(name, estimate, width=180),
                    **beside(phrases, "stage", seam, name),
                }
            )
    shares = [(item, phrases.f.value("irritant", item["id"], f"stage.{seam}")) for item in records.irritants]
    seamed = sorted((pair for pair in shares if pair[1] >= SEAM_SHARE), key=lambda pair: -pair[1] * pair[0]["mentions"])
    declared = [
        f"{phrases.stage(s.from_)} → {phrases.stage(s.to)}" + (f" ({phrases.department(s.owner)})" if s.owner else "") for s in journey.transitions
    ]
    return {
        "figures": figures,
        "declared": declared,
        "irritants": [{**label_of(item), "seam": t("seams.told", share=t.percent(share, 0))} for item, share in seamed[:SEAM_IRRITANTS]],
        "quotes": quotes.of("seam"),
    }
