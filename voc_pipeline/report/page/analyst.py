"""Every figure with its interval: through time, beside scores, between groups and by dimension."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from markupsafe import Markup

from voc_pipeline.report.charts import Point, bounds, shade, trend, whisker
from voc_pipeline.report.page.adjusted import adjusted
from voc_pipeline.report.page.corrections import NOTHING, attenuated, beside, note
from voc_pipeline.report.page.phrases import LEAST_GROUP, PAINFUL, Phrases, View
from voc_pipeline.report.page.records import Records, label_of
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.schema import OUTCOMES, Dimension, Interval, Metric

TRENDS = 9
"""Irritants drawn through time."""
LEAST_SCORES = 5
"""Scores under which a difference is left to the tables."""
LOWEST, HIGHEST = 10, 6
"""Rows kept from each end where too many records have a difference."""
CROSSED = 10
"""Irritants, and values of one attribute, that are crossed; the tables hold them all."""


def view(phrases: Phrases, records: Records) -> View:
    """Every figure with its interval."""
    months = phrases.f.keys("month")
    names = [name for name in (*PAINFUL, "net_regard", "nps") if any(phrases.f.get("month", month, name) for month in months)]
    return {
        "summary": phrases.t("analyst.summary", run=phrases.reading.run.id),
        "trends": [_month_trend(phrases, months, name) for name in names] if len(months) > 1 else [],
        "irritant_trends": _irritant_trends(phrases, records),
        "month_heads": [phrases.title(name) for name in names],
        "months": [_month(phrases, month, names) for month in months],
        "months_note": note(phrases),
        "attenuated": attenuated(phrases),
        "drivers": _drivers(phrases, records),
        "adjusted": adjusted(phrases, records),
        "crossed": _crossed(phrases, records),
        "dimensions": _dimensions(phrases),
    }


# ---------------------------------------------------------------- through time


def _month_trend(phrases: Phrases, months: Sequence[str], name: str) -> View:
    told = [(month, metric) for month in months if (metric := phrases.f.get("month", month, name))]
    title = phrases.title(name)
    return {"title": title, "chart": _trend(phrases, told, name, title, "bad" if name in PAINFUL else "")}


def _irritant_trends(phrases: Phrases, records: Records) -> list[View]:
    """Those that rise clearly first, then by rank."""
    shown: list[View] = []
    for item in sorted(records.irritants, key=lambda item: not item["alert"]):
        chart = _trend(phrases, phrases.f.months_of(item["id"]), "share", item["label"], "bad" if item["alert"] else "")
        if chart:
            shown.append({**label_of(item), "chart": chart, "says": item["trend"]})
        if len(shown) == TRENDS:
            break
    return shown


def _trend(phrases: Phrases, told: Sequence[tuple[str, Metric]], name: str, title: str, tone: str) -> Markup:
    t = phrases.t
    if len(told) < 2:
        return Markup("")
    colon = " : " if t.lang == "fr" else ": "
    points = []
    for month, metric in told:
        estimate = interval(metric)
        few = f" {t('small.long')}" if estimate.small_base else ""
        what = f"{phrases.written(name, estimate.value)} ({phrases.ends(name, estimate)}){few}"
        points.append(Point(t.month(month), estimate, f"{t.month(month)}{colon}{what}"))
    label = phrases.trend_label(name, title, [(month, metric.value) for month, metric in told])
    return trend(points, label, partial(phrases.tick, name), tone)


def _month(phrases: Phrases, month: str, names: Sequence[str]) -> View:
    cells = []
    for name in names:
        estimate = interval(phrases.f.get("month", month, name))
        cells.append(
            {**phrases.figure(name, estimate), **beside(phrases, "month", month, name)} if estimate else {"text": "–", "interval": "", **NOTHING}
        )
    return {"name": phrases.t.month(month), "n": round(phrases.f.value("month", month, "n_verbatims")), "cells": cells}


# ---------------------------------------------------------------- beside scores


def _drivers(phrases: Phrases, records: Records) -> list[View]:
    groups = []
    for outcome in OUTCOMES:
        differences = {key: phrases.f.get("irritant", key, f"{outcome}_difference") for key in records.by_id}
        found = [(key, metric) for key, metric in differences.items() if metric and metric.n >= LEAST_SCORES]
        if not found:
            continue
        found.sort(key=lambda one: (one[1].value, one[0]))
        found = found if len(found) <= LOWEST + HIGHEST else [*found[:LOWEST], *found[-HIGHEST:]]
        axis = bounds([interval(metric) for _, metric in found], zero=True)
        rows = [_driver(phrases, records.by_id[key], metric, axis) for key, metric in found]
        groups.append({"title": phrases.t(f"drivers.{outcome}"), "rows": rows})
    return groups


def _driver(phrases: Phrases, item: View, metric: Metric, axis: tuple[float, float]) -> View:
    t, estimate, q = phrases.t, interval(metric), detail(metric, "q_value")
    sure = q is not None and float(q) <= phrases.reading.config.priority.q_value
    way = "drivers.lower" if estimate.value < 0 else "drivers.higher"
    return {
        **label_of(item),
        "text": t.number(estimate.value, 1, sign=True),
        "interval": t.range(estimate.low, estimate.high, sign=True) if estimate.low < estimate.high else "",
        "chart": whisker(estimate, *axis, zero=0, tone="bad" if estimate.value < 0 else "", width=220),
        "n": estimate.n,
        "q": "–" if q is None else t("q.less") if float(q) < 0.001 else t.number(float(q), 3),
        "reading": t("drivers.unsure" if not sure else f"{way}.few" if estimate.small_base else way),
    }


# ---------------------------------------------------------------- between groups, by dimension


def _crossed(phrases: Phrases, records: Records) -> list[View]:
    cells: dict[str, dict[tuple[str, str], Interval]] = {}
    for (irritant_id, rest), metric in phrases.f.crossed("irritant_segment", "share").items():
        attribute, value = parted(rest)
        if irritant_id in records.by_id:
            cells.setdefault(attribute, {})[(irritant_id, value)] = interval(metric)
    groups = []
    for attribute, found in cells.items():
        bases: dict[str, int] = {}
        for (_, value), estimate in found.items():
            bases[value] = max(bases.get(value, 0), estimate.n)
        values = sorted((value for value in bases if bases[value] >= LEAST_GROUP), key=lambda value: (-bases[value], value))[:CROSSED]
        if len(values) < 2:
            continue
        most = max(estimate.value for (_, value), estimate in found.items() if value in values)
        told = [item for item in records.irritants if any((item["id"], value) in found for value in values)]
        rows = [
            {**label_of(item), "cells": [_crossing(phrases, found.get((item["id"], value)), most) for value in values]} for item in told[:CROSSED]
        ]
        cols = [phrases.attribute_value(attribute, value) for value in values]
        groups.append({"title": phrases.attribute(attribute), "cols": cols, "rows": rows})
    return groups


def _crossing(phrases: Phrases, estimate: Interval | None, most: float) -> View:
    if estimate is None:
        return {"text": "·", "interval": "", "level": 0, "few": False, "n": None, "hint": ""}
    return {
        **phrases.figure("share", estimate),
        "level": shade(estimate.value, most),
        "few": estimate.small_base,
        "n": estimate.n,
        "hint": phrases.t.plural("verbatims.n", estimate.n),
    }


def _dimensions(phrases: Phrases) -> list[View]:
    found = [(d, e) for d in Dimension if (e := interval(phrases.f.get("dimension", str(d), "share")))]
    _, high = bounds([e for _, e in found])
    return [
        {
            "name": phrases.dimension(d),
            "says": phrases.t(f"dimension.{d}"),
            "chart": whisker(e, 0, high),
            **phrases.figure("share", e),
            "n": e.n,
        }
        for d, e in sorted(found, key=lambda pair: (-pair[1].value, pair[0]))
    ]
