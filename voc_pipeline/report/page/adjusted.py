"""Figures with other things held equal: what weighs on a score, what goes with not being valued, moments of truth, groups that stand apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voc_pipeline.discover.themes import load_themes
from voc_pipeline.report.charts import bounds, whisker
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.records import Records, label_of
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.report.words import capital
from voc_pipeline.schema import OUTCOMES, IrritantKind, Metric

SHOWN = 12
"""Rows kept of each table; the tables hold them all."""


def adjusted(phrases: Phrases, records: Records) -> View:
    """What the analyst's view shows of adjusted figures."""
    return {
        "base": _base(phrases, records),
        "weighs": _weighs(phrases, records),
        "regard": _regard(phrases),
        "moments": _moments(phrases),
        "apart": _apart(phrases, records),
        "aspects": _aspects(phrases),
    }


def _base(phrases: Phrases, records: Records) -> str:
    """What trends are a share of, in a sentence; empty without trends."""
    ratios = (phrases.f.get("irritant", key, "rate_ratio") for key in records.by_id)
    names = {str(detail(ratio, "base", "")) for ratio in ratios if ratio}
    if not names & {"verbatims", "contacts"}:
        return ""
    said = phrases.t("base.is.contacts" if "contacts" in names else "base.is.verbatims")
    counted = phrases.run("n_contacts")
    return f"{said} {phrases.t('base.contacts', n=phrases.t.number(counted.value))}" if counted else said


# ---------------------------------------------------------------- what weighs on a score


def _weighs(phrases: Phrases, records: Records) -> list[View]:
    groups = []
    for score in OUTCOMES:
        model = phrases.f.get("driver_model", score, "explained")
        if model is None:
            continue
        prefix = f"{score}="
        keys = [key for key in phrases.f.keys("driver") if key.startswith(prefix)]
        ranked = sorted(keys, key=lambda key: int(detail(phrases.f.get("driver", key, "importance"), "rank", 0)))[:SHOWN]
        effects = [interval(metric) for key in ranked if (metric := phrases.f.get("driver", key, "effect"))]
        axis = bounds(effects, zero=True)
        rows = [row for key in ranked if (row := _weight(phrases, records, score, key.removeprefix(prefix), axis))]
        told = phrases.t("weighs.says", n=phrases.t.number(model.n), share=phrases.t.percent(model.value, 0))
        groups.append({"title": phrases.t(f"drivers.{score}"), "says": f"{told} {_left_out(phrases, model)}".strip(), "rows": rows})
    return groups


def _weight(phrases: Phrases, records: Records, score: str, predictor: str, axis: tuple[float, float]) -> View | None:
    key, t = f"{score}={predictor}", phrases.t
    effect, weight, back = (phrases.f.get("driver", key, name) for name in ("effect", "importance", "recoverable"))
    if effect is None or weight is None or back is None:
        return None
    estimate, gain = interval(effect), interval(back)
    sure = _sure(phrases, effect)
    way = "lower" if estimate.value < 0 else "higher"
    ranks = [int(detail(weight, name, 0)) for name in ("rank", "rank_low", "rank_high")]
    return {
        **_predictor(phrases, records, predictor),
        "text": t.number(estimate.value, 1, sign=True),
        "interval": t.range(estimate.low, estimate.high, sign=True),
        "chart": whisker(estimate, *axis, zero=0, tone="bad" if estimate.value < 0 else "", width=180),
        "rank": t("weighs.rank", rank=ranks[0], best=ranks[1], worst=ranks[2]),
        "back": t.number(gain.value, 2, sign=True) if gain.value > 0 else "–",
        "back_low": t("weighs.least", x=t.number(max(0.0, gain.low), 2)) if gain.value > 0 else "",
        "n": effect.n,
        "reading": t("drivers.unsure" if not sure else f"drivers.{way}.few" if estimate.small_base else f"drivers.{way}"),
    }


def _predictor(phrases: Phrases, records: Records, predictor: str) -> View:
    if predictor in records.by_id:
        return label_of(records.by_id[predictor])
    kind, value = parted(predictor)
    words = phrases.t("weighs.stage", stage=phrases.stage(value)) if kind == "stage" else phrases.t(f"weighs.{predictor}")
    return {"id": "", "label": words, "label_lang": phrases.t.lang, "label_note": ""}


def _left_out(phrases: Phrases, model: Metric) -> str:
    """What the model does not hold by itself, counted by reason."""
    left = [one for one in detail(model, "left_out", []) if not str(one["predictor"]).startswith("stage=")]
    pooled = sum(bool(one["pooled"]) for one in left)
    twins = sum(one["reason"] == "collinear" for one in left)
    said = [phrases.t.plural(f"weighs.{name}", n) for name, n in (("pooled", pooled), ("twins", twins)) if n]
    return " ".join(said)


def _sure(phrases: Phrases, metric: Metric) -> bool:
    q = detail(metric, "q_value")
    return q is not None and float(q) <= phrases.reading.config.priority.q_value


# ---------------------------------------------------------------- not valued, and leaving


def _regard(phrases: Phrases) -> list[View]:
    rows = []
    for key in ("leaving", *OUTCOMES):
        metric = phrases.f.get("regard_effect", key, "effect")
        if metric is None:
            continue
        t, estimate, verdict = phrases.t, interval(metric), str(detail(metric, "verdict", ""))
        leaves = key == "leaving"
        plain, low, high = float(detail(metric, "plain", 0.0)), detail(metric, "plain_low"), detail(metric, "plain_high")
        few = verdict == "too_few"
        value = t.number(estimate.value, 1) if leaves else t.number(estimate.value, 1, sign=True)
        rows.append(
            {
                "name": t(f"regard.{key}"),
                "says": t(f"regard.leaving.{verdict}", x=t.number(estimate.value, 1))
                if leaves
                else t(f"regard.score.{verdict}", name=t(f"regard.{key}"), x=t.number(abs(estimate.value), 1)),
                "text": "–" if few else f"× {value}" if leaves else value,
                "interval": "" if few else t.range(estimate.low, estimate.high, sign=not leaves),
                "plain": f"× {t.number(plain, 1)}" if leaves else t.number(plain, 1, sign=True),
                "plain_interval": "" if low is None or high is None else t.range(float(low), float(high), sign=not leaves),
                "n": int(detail(metric, "n_with", metric.n)),
                "others": int(detail(metric, "n_without", 0)),
            }
        )
    return rows


# ---------------------------------------------------------------- moments of truth


def _moments(phrases: Phrases) -> list[View]:
    rows: list[View] = []
    found = {parted(key) for key in phrases.f.keys("moment")}
    for stage in phrases.in_order(stage for stage, _ in found):
        tested = [
            (score, kind, metric)
            for score in OUTCOMES
            for kind in ("severity", "not_valued")
            if (metric := phrases.f.get("moment", f"{stage}={score}", f"with_{kind}"))
        ]
        told = [one for one in tested if detail(one[2], "verdict") != "cannot_tell"]
        if told:
            rows += [_moment(phrases, stage, score, kind, metric) for score, kind, metric in tested]
        elif tested:
            rows.append(_untold(phrases, stage, max(metric.n for *_, metric in tested)))
    return rows


def _moment(phrases: Phrases, stage: str, score: str, kind: str, metric: Metric) -> View:
    t, estimate, verdict = phrases.t, interval(metric), str(detail(metric, "verdict", ""))
    told = verdict != "cannot_tell"
    return {
        "name": phrases.stage(stage),
        "score": t(f"drivers.{score}"),
        "kind": t(f"moments.{kind}"),
        "text": t.number(estimate.value, 1, sign=True) if told else "–",
        "interval": t.range(estimate.low, estimate.high, sign=True) if told else "",
        "n": metric.n,
        "verdict": t(f"moments.{verdict}"),
    }


def _untold(phrases: Phrases, stage: str, most: int) -> View:
    """One row for a stage of which nothing can be told, with the base of the score that has most."""
    dash = {"kind": "–", "text": "–", "interval": "", "n": most, "verdict": phrases.t("moments.cannot_tell")}
    return {"name": phrases.stage(stage), "score": phrases.t("moments.all_scores"), **dash}


# ---------------------------------------------------------------- groups that stand apart, aspects


class _Cell(NamedTuple):
    """A record (`cross`) or aspect (`aspect_cross`), a group, and how they differ."""

    scope: str
    key: str
    group: str
    metric: Metric


def _apart(phrases: Phrases, records: Records) -> View:
    cells = [
        _Cell(scope, *_halves(key), metric)
        for scope in ("cross", "aspect_cross")
        for key in phrases.f.keys(scope)
        if (metric := phrases.f.get(scope, key, "difference"))
    ]
    sure = [cell for cell in cells if _sure(phrases, cell.metric)]
    sure.sort(key=lambda cell: (float(detail(cell.metric, "q_value")), cell.scope, cell.key, cell.group))
    kept = [cell for cell in sure if not cell.group.startswith("stage=") and (cell.scope == "aspect_cross" or cell.key in records.by_id)][:SHOWN]
    axis = bounds([interval(cell.metric) for cell in kept], zero=True)
    rows = [_apart_row(phrases, records, cell, axis) for cell in kept]
    return {"rows": rows, "says": phrases.t("apart.says", n=phrases.t.number(len(sure)), all=phrases.t.number(len(cells))) if cells else ""}


def _halves(key: str) -> tuple[str, str]:
    told, group = key.rsplit("|", 1)
    return told, group


def _apart_row(phrases: Phrases, records: Records, cell: _Cell, axis: tuple[float, float]) -> View:
    t, estimate = phrases.t, interval(cell.metric)
    attribute, value = parted(cell.group)
    label = label_of(records.by_id[cell.key]) if cell.scope == "cross" else _aspect_label(phrases, cell.key)
    if cell.scope == "aspect_cross":
        label["label"] = t("apart.theme", name=label["label"])
    painful = cell.key.endswith("negative") if cell.scope == "aspect_cross" else phrases.reading.records[cell.key].kind is IrritantKind.IRRITANT
    return {
        **label,
        "group": f"{phrases.attribute(attribute)}{' : ' if t.lang == 'fr' else ': '}{phrases.attribute_value(attribute, value)}",
        "inside": phrases.written("share", float(detail(cell.metric, "share", 0.0))),
        "outside": phrases.written("share", float(detail(cell.metric, "share_elsewhere", 0.0))),
        "text": t.number(estimate.value * 100, 0, sign=True),
        "interval": t.range(estimate.low * 100, estimate.high * 100, 0, True),
        "chart": whisker(estimate, *axis, zero=0, tone="bad" if painful and estimate.value > 0 else "", width=160),
        "n": estimate.n,
    }


def _aspect_label(phrases: Phrases, key: str) -> View:
    theme, polarity = parted(key)
    known = load_themes().get(theme)
    kind = IrritantKind.IRRITANT if polarity == "negative" else IrritantKind.STRENGTH
    words = known.names[kind][phrases.t.lang] if known else theme.replace("_", " ")
    return {"id": "", "label": capital(words), "label_lang": phrases.t.lang, "label_note": ""}


def _aspects(phrases: Phrases) -> Sequence[View]:
    """Themes most spoken of, with what they displease and please by."""
    shares = phrases.f.crossed("aspect", "share")
    themes = sorted({theme for theme, _ in shares}, key=lambda theme: (-sum(m.value for (own, _), m in shares.items() if own == theme), theme))
    found = [interval(metric) for (theme, _), metric in shares.items() if theme in themes[:SHOWN]]
    _, high = bounds(found)
    rows = []
    for theme in themes[:SHOWN]:
        cells = []
        for polarity in ("negative", "positive"):
            metric = shares.get((theme, polarity))
            estimate = interval(metric)
            told = estimate and {
                **phrases.figure("share", estimate),
                "chart": whisker(estimate, 0, high, tone="bad" if polarity == "negative" else "", width=120),
                "mentions": int(detail(metric, "mentions", 0)),
            }
            cells.append(told)
        rows.append({"name": _aspect_label(phrases, f"{theme}=negative")["label"], "cells": cells})
    return rows
