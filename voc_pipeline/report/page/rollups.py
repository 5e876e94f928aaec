"""Irritants by theme, department and stage, each group with figures of its own and its irritants beneath."""

from __future__ import annotations

from voc_pipeline.report.charts import bounds, whisker
from voc_pipeline.report.page.corrections import beside
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.ranks import trend_ends, trend_words
from voc_pipeline.report.page.records import Records, label_of
from voc_pipeline.report.reading import detail, interval
from voc_pipeline.report.rollups import Rolled, group_label, rolled
from voc_pipeline.report.words import capital, typeset
from voc_pipeline.schema import IrritantKind, Level

LISTED = 24
"""Irritants named beneath a group, besides those to be looked at; the table `rollups` holds them all."""
KIND = IrritantKind.IRRITANT


def view(phrases: Phrases, records: Records, level: Level) -> View:
    """The groups of a level and what remains beside them; no rows for a run of before roll-ups were counted."""
    groups = rolled(phrases.reading, KIND, level)
    _, high = bounds([estimate for one in groups if (estimate := interval(one.figures.get("share")))], zero=True)
    return {
        "title": phrases.t(f"rollup.{level}"),
        "caption": phrases.t(f"rollup.{level}.caption"),
        "rows": [_group(phrases, records, one, high) for one in groups],
        "rest": _rest(phrases, level) if groups else [],
    }


def _group(phrases: Phrases, records: Records, one: Rolled, high: float) -> View:
    t, f = phrases.t, one.figures
    share, rate, severity = (interval(f.get(name)) for name in ("share", "not_valued_rate", "severity"))
    tags = [t.plural("rollup.late", len(one.late))] if one.late else []
    tags += [t.plural("rollup.unowned", len(one.unowned))] if one.unowned else []
    known = [records.by_id[key] for key in one.ids if key in records.by_id]
    shown = [item for place, item in enumerate(known) if place < LISTED or item["alert"] or _tags(phrases, one, item["id"])]
    return {
        "name": capital(typeset(group_label(phrases.reading, one, t.lang), t.lang)),
        "records": t.plural("irritants.n", len(one.ids)),
        "n": one.n,
        "customers": t.plural("customers.n", round(f["customers"].value)),
        "chart": whisker(share, 0, high, tone="bad", width=130) if share else "",
        "share": phrases.figure("share", share) if share else None,
        "not_valued": {**phrases.figure("share_not_valued", rate), **beside(phrases, f"rollup_{one.level}", f"{KIND}={one.group}", "not_valued_rate")}
        if rate
        else None,
        "severity": phrases.figure("severity", severity) if severity else None,
        "trend": trend_words(phrases, f.get("rate_ratio"), short=True),
        "trend_interval": trend_ends(phrases, f.get("rate_ratio")),
        "alert": bool(detail(f.get("rate_ratio"), "alert", False)),
        "tags": tags,
        "irritants": [
            {**label_of(item), "share": item["share"], "few": item["mentions"], "alert": item["alert"], "tags": _tags(phrases, one, item["id"])}
            for item in shown
        ],
        "more": t.plural("rollup.more", len(one.ids) - len(shown)) if len(one.ids) > len(shown) else "",
    }


def _tags(phrases: Phrases, one: Rolled, irritant_id: str) -> list[str]:
    marked = (("rollup.is_late", one.late), ("rollup.is_unowned", one.unowned))
    return [phrases.t(key) for key, ids in marked if irritant_id in ids]


def _rest(phrases: Phrases, level: Level) -> list[View]:
    """What overlaps and what tells of nothing: with it the counts add up to every verbatim."""
    t, f = phrases.t, phrases.f.of("rollup", KIND)
    several = round(phrases.f.value("rollup", f"{KIND}={level}", "several"))
    rows: list[View] = []
    for name in ("told", "untold"):
        if name in f:
            share = phrases.figure("share", interval(f[name]))
            rows.append({"name": t(f"rollup.{name}"), "n": int(detail(f[name], "verbatims", 0)), "inner": False, **share})
        if name == "told":
            rows.append({"name": t(f"rollup.several.{level}"), "n": several, "inner": True, "text": "", "interval": ""})
    rows.append({"name": t("verbatims.analysed"), "n": round(phrases.f.value("run", "", "n_verbatims")), "inner": False, "text": "", "interval": ""})
    return rows
