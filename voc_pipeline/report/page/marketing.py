"""What customers feel of how they are regarded, what to promise and what to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from voc_pipeline.report.charts import bounds, dumbbell, shade, whisker
from voc_pipeline.report.page.corrections import attenuated, beside, note
from voc_pipeline.report.page.phrases import LEAST_GROUP, PAINFUL, Phrases, View
from voc_pipeline.report.page.records import Records
from voc_pipeline.report.quotes import CELL_QUOTES, Quote, Quotes, lead_of
from voc_pipeline.report.reading import Group, detail, interval
from voc_pipeline.schema import Dimension, Gap

FEW_TOLD = 5
"""Verbatims under which a code is greyed."""
GROUPS = 30
"""Groups of one attribute; the tables hold them all."""


def view(phrases: Phrases, records: Records, quotes: Quotes) -> View:
    """What customers feel of how they are regarded, what to promise and what to keep."""
    t = phrases.t
    not_valued = phrases.run("share_not_valued")
    promises = [item for item in records.irritants if item["sort"]["gap"] == int(Gap.COMMUNICATION)]
    return {
        "summary": t(
            "marketing.summary",
            not_valued=_with(t.percent(not_valued.value) if not_valued else "–", phrases.corrected("run", "", "share_not_valued", ends=False)),
            promises=_promises(phrases, promises),
            strengths=t.plural("strengths.n", len(records.strengths)),
        ),
        "codes": _codes(phrases, quotes),
        "regard": _regard(phrases),
        "code_stages": _code_stages(phrases, quotes),
        "promises": promises,
        "strengths": records.strengths,
        "gap5": _gap5(phrases),
        "groups": _groups(phrases),
        "groups_note": f"{note(phrases)} {attenuated(phrases)}".strip(),
    }


def _promises(phrases: Phrases, items: Sequence[View]) -> str:
    """How many irritants come from a promise contradicted, and how many only perhaps do: nobody has confirmed it."""
    t, vouched = phrases.t, sum(item["gap"]["vouched"] for item in items)
    if items and not vouched:
        return t.plural("promises.perhaps", len(items))
    told = t.plural("promises.n", vouched)
    return told if vouched == len(items) else f"{told}, {t.plural('promises.others', len(items) - vouched)}"


def _with(share: str, corrected: str) -> str:
    return f"{share} ({corrected})" if corrected else share


def _codes(phrases: Phrases, quotes: Quotes) -> list[View]:
    t, f = phrases.t, phrases.f
    found = [(key, e) for key in f.keys("code") if (e := interval(f.get("code", key, "share")))]
    _, high = bounds([e for _, e in found])
    everyone = f.value("run", "", "n_verbatims")
    rows: list[View] = []
    leads: list[Quote] = []
    for key, estimate in sorted(found, key=lambda pair: (-pair[1].value, pair[0])):
        told = quotes.of("code", key)
        lead = lead_of(told, t.lang, leads)
        leads += [lead] if lead else []
        rows.append(
            {
                "name": phrases.code(key),
                "says": t.known(f"code.{key}"),
                **phrases.figure("share", estimate),
                "corrected": phrases.corrected("code", key, "share"),
                "chart": whisker(estimate, 0, high, tone="bad"),
                "n": estimate.n or None,
                "few": round(estimate.value * (estimate.n or everyone)) < FEW_TOLD,
                "lead": lead,
                "quotes": told,
            }
        )
    return rows


def _regard(phrases: Phrases) -> list[str]:
    """What became of the feeling, and what often comes before it: one sentence each, where somebody told of it."""
    t, said = phrases.t, []
    for name in ("share_repaired", "share_precursor"):
        metric = phrases.f.get("run", "", name)
        estimate = interval(metric)
        if estimate and metric and metric.value > 0:
            few = f" {t('small.long')}" if estimate.small_base else ""
            said.append(t(f"nv.{name}", share=t.percent(estimate.value), interval=phrases.ends(name, estimate), n=t.number(estimate.n)) + few)
    return said


def _code_stages(phrases: Phrases, quotes: Quotes) -> View:
    t = phrases.t
    counts = {key: round(metric.value) for key, metric in phrases.f.crossed("code_stage", "n").items()}
    stages = phrases.in_order(stage for _, stage in counts)
    most = max(counts.values(), default=0)
    totals: Counter[str] = Counter()
    for (code, _), n in counts.items():
        totals[code] += n
    rows = []
    for code in sorted(totals, key=lambda code: (-totals[code], code)):
        cells = []
        for stage in stages:
            n = counts.get((code, stage), 0)
            label = t("nv.cell", code=phrases.code(code), stage=phrases.stage(stage), verbatims=t.plural("verbatims.n", n))
            told = quotes.of("code_stage", code, stage, most=CELL_QUOTES) if n else []
            cells.append({"n": n, "level": shade(n, most), "id": f"code-{code}-{stage}", "label": label, "quotes": told})
        rows.append({"name": phrases.code(code), "cells": cells})
    return {"stages": [phrases.stage(stage) for stage in stages], "rows": rows}


def _gap5(phrases: Phrases) -> View:
    t = phrases.t
    known = []
    for dimension in Dimension:
        f = phrases.f.of("dimension", str(dimension))
        expected, perceived, gap = (interval(f.get(name)) for name in ("expectation", "perception", "gap5"))
        if expected and perceived and gap:
            known.append((dimension, expected, perceived, gap))
    if not known:
        return {"rows": []}
    low, high = bounds([estimate for _, expected, perceived, _ in known for estimate in (expected, perceived)])
    scale = _likert(phrases)
    low, high = (min(scale[0], low), max(scale[1], high)) if scale else (low, high)
    rows = [
        {
            "name": phrases.dimension(dimension),
            "says": t(f"dimension.{dimension}"),
            "n": gap.n,
            "chart": dumbbell(expected, perceived, low, high),
            "expectation": t.number(expected.value, 1),
            "expectation_interval": t.range(expected.low, expected.high),
            "perception": t.number(perceived.value, 1),
            "perception_interval": t.range(perceived.low, perceived.high),
            "gap": t.number(gap.value, 1, sign=True),
            "gap_interval": t.range(gap.low, gap.high, sign=True),
        }
        for dimension, expected, perceived, gap in known
    ]
    total = interval(phrases.f.get("dimension", "total", "gap5"))
    sentence = (
        t(
            "gap5.total.weighted" if detail(phrases.f.get("dimension", "total", "gap5"), "weighted") else "gap5.total",
            gap=t.number(total.value, 2, sign=True),
            interval=t.range(total.low, total.high, 2, sign=True),
            n=t.number(total.n),
        )
        if total
        else ""
    )
    return {"rows": rows, "total": sentence, "axis": t("gap5.axis", low=t.number(round(low)), high=t.number(round(high)))}


def _likert(phrases: Phrases) -> tuple[int, int] | None:
    """Ends of the scale customers answered on, where all surveys share one."""
    scales = {source.likert for source in phrases.reading.config.sources if source.fields.expectation}
    return next(iter(scales)) if len(scales) == 1 else None


def _groups(phrases: Phrases) -> list[View]:
    attributes: dict[str, list[Group]] = {}
    for group in phrases.f.groups():
        if phrases.f.value(group.scope, group.key, "n_verbatims") < LEAST_GROUP:
            continue
        attributes.setdefault(group.attribute, []).append(group)
    tables = []
    for attribute, groups in attributes.items():
        if len(groups) < 2:
            continue
        rows = sorted((_group(phrases, group) for group in groups), key=lambda row: (-row["n"], row["name"]))
        tables.append({"title": phrases.attribute(attribute), "rows": rows[:GROUPS]})
    return tables


def _group(phrases: Phrases, group: Group) -> View:
    cells: list[View | None] = []
    for name in (*PAINFUL, "net_regard"):
        estimate = interval(phrases.f.get(group.scope, group.key, name))
        tone = "bad" if name in PAINFUL else ""
        cells.append(
            {
                "chart": phrases.drawn(name, estimate, tone, width=130),
                **phrases.figure(name, estimate),
                **beside(phrases, group.scope, group.key, name),
            }
            if estimate
            else None
        )
    n = round(phrases.f.value(group.scope, group.key, "n_verbatims"))
    return {"name": phrases.attribute_value(group.attribute, group.value), "n": n, "cells": cells}
