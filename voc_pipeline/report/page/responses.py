"""Time to first response in chats: how long customers wait for a person, by group, and what goes with a long wait."""

from __future__ import annotations

import math

from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.schema import Metric

SHARES = ("person_share", "within_share", "robot_first_share")
COLUMNS = ("person_share", "person_median", "person_p90", "within_share", "robot_first_share")
MARKS = ("not_valued", "negative")
WHY_NOT = ("untimed", "backwards", "not_kept")
MOST_VALUES = 8
"""Values of one attribute on the page, those with most chats; the table has them all."""


def view(phrases: Phrases) -> View:
    """Counts, a row for all chats and one a group, and the two differences; nothing where there is no chat."""
    t, f = phrases.t, phrases.f
    timed = f.get("response", "", "timed_share")
    if timed is None:
        return {}
    without = [t.plural(f"responses.{name}", n) for name in WHY_NOT if (n := int(detail(timed, name, 0)))]
    found = [name for name in COLUMNS if any(name in f.of("response", key) for key in f.keys("response"))]
    person = f.get("response", "", "person_share")
    return {
        "summary": t.plural("responses.summary" if without else "responses.complete", timed.n, timed=t.number(int(detail(timed, "timed", 0)))),
        "without": ", ".join(without),
        "columns": [t(f"responses.{name}") for name in found],
        "rows": [_row(phrases, key, found) for key in _shown(phrases)],
        "silent": [t.plural(f"responses.{name}", n) for name in ("robot_only", "nobody") if (n := int(detail(person, name, 0)))],
        "robot": _robot(phrases, f.get("response", "", "robot_median")),
        "groups": t("responses.groups", most=MOST_VALUES),
        "due": _due(phrases, f.get("response", "", "within_share")),
        "together": [_together(phrases, mark, metric) for mark in MARKS if (metric := f.get("response", "", f"{mark}_difference"))],
    }


def _shown(phrases: Phrases) -> list[str]:
    """All chats first, then channels, languages and attributes by name, the commonest values of each."""
    sizes = {key: metric.n for key in phrases.f.keys("response") if (metric := phrases.f.get("response", key, "person_share"))}
    values: dict[str, list[str]] = {}
    for key in sorted(sizes, key=lambda key: (-sizes[key], key)):
        values.setdefault(parted(key)[0], []).append(key)
    order = sorted(values, key=lambda name: (name != "", name != "channel", name != "lang", name))
    return [key for name in order for key in values[name][:MOST_VALUES]]


def _row(phrases: Phrases, key: str, names: list[str]) -> View:
    figures = phrases.f.of("response", key)
    attribute, value = parted(key)
    name = f"{phrases.attribute(attribute)}{phrases.t('colon')}{phrases.attribute_value(attribute, value)}" if key else phrases.t("responses.all")
    return {"name": name, "whole": not key, "cells": [_cell(phrases, one, figures.get(one)) for one in names], "n": figures["person_share"].n}


def _cell(phrases: Phrases, name: str, metric: Metric | None) -> View | None:
    if metric is None:
        return None
    return {**(phrases.figure("share", interval(metric)) if name in SHARES else _wait(phrases, metric)), "n": metric.n}


def _wait(phrases: Phrases, metric: Metric) -> View:
    """A quantile of waits; a bound that is missing lies among those who are never answered."""
    t = phrases.t
    text = t("responses.never") if math.isinf(metric.value) else t.duration(metric.value)
    if metric.low is None:
        return {"text": text, "interval": ""}
    low = t.duration(metric.low)
    return {
        "text": text,
        "interval": t("responses.from", low=low) if metric.high is None else t("responses.range", low=low, high=t.duration(metric.high)),
    }


def _robot(phrases: Phrases, metric: Metric | None) -> str:
    if metric is None:
        return ""
    told = _wait(phrases, metric)
    return phrases.t("responses.robot", wait=told["text"], ends=told["interval"], n=phrases.t.number(metric.n))


def _due(phrases: Phrases, metric: Metric | None) -> str:
    limits = detail(metric, "seconds", {})
    told = ", ".join(f"{phrases.channel(channel)} {phrases.t.duration(float(seconds))}" for channel, seconds in sorted(limits.items()))
    return phrases.t("responses.due", limits=told) if told else ""


def _together(phrases: Phrases, mark: str, metric: Metric) -> str:
    t = phrases.t
    sure = metric.low is not None and metric.high is not None and (metric.low > 0 or metric.high < 0)
    ends = "" if metric.low is None or metric.high is None else t.range(metric.low * 100, metric.high * 100, 0, sign=True)
    later, sooner = (t.percent(float(detail(metric, f"share_{side}")), 0) for side in ("later", "sooner"))
    said = t("responses.apart" if sure else "responses.alike", gap=phrases.points(metric.value), ends=ends)
    bases = {f"n_{side}": t.number(int(detail(metric, f"n_{side}"))) for side in ("later", "sooner")}
    return t(f"responses.{mark}", later=later, sooner=sooner, wait=t.duration(float(detail(metric, "seconds"))), said=said, **bases)
