"""Tables of figures with other things held equal: drivers by segment, not valued and leaving, moments of truth, aspects, crossings."""

from __future__ import annotations

from voc_pipeline.discover.themes import load_themes
from voc_pipeline.report.reading import Reading, detail, parted
from voc_pipeline.report.tables.cells import Row, corrected, estimate, labels
from voc_pipeline.schema import OUTCOMES, IrritantKind, Metric

PREDICTORS = {
    "not_valued": {"label_fr": "ne pas se sentir considéré", "label_en": "not feeling valued"},
    "others": {"label_fr": "irritants plus rares, réunis", "label_en": "rarer irritants, together"},
}
"""Predictors that are no record of the registry."""


def driver_rows(reading: Reading) -> list[Row]:
    """One row a score and what is told beside it: the plain difference of records, then what holds with the rest being equal."""
    rows: list[Row] = []
    left = {
        (score, str(one["predictor"])): str(one["reason"])
        for score in OUTCOMES
        for one in detail(reading.figures.get("driver_model", score, "explained"), "left_out", [])
    }
    for key, record in sorted(reading.records.items()):
        for score in OUTCOMES:
            plain = reading.figures.get("irritant", key, f"{score}_difference")
            if plain is not None:
                about: Row = {"irritant_id": key, "kind": record.kind, **labels(record), "outcome": score}
                about |= {**estimate(plain, "difference"), "q_value": detail(plain, "q_value"), "left_out": left.get((score, key), "")}
                rows.append(about | _adjusted(reading, score, key))
    for key in reading.figures.keys("driver"):
        score, predictor = parted(key)
        if predictor not in reading.records:
            rows.append(
                {"irritant_id": "", "kind": predictor, **PREDICTORS.get(predictor, {}), "outcome": score, **_adjusted(reading, score, predictor)}
            )
    return rows


def _adjusted(reading: Reading, score: str, predictor: str) -> Row:
    f = reading.figures.of("driver", f"{score}={predictor}")
    if "effect" not in f:
        return {}
    weight = f.get("importance")
    return {
        **estimate(f["effect"], "adjusted_effect"),
        "adjusted_q_value": detail(f["effect"], "q_value"),
        **estimate(weight, "importance", base=False),
        **{f"importance_{name}": detail(weight, name) for name in ("rank", "rank_low", "rank_high")},
        **estimate(f.get("recoverable"), "recoverable", base=False),
        **estimate(f.get("recoverable_nps"), "recoverable_nps", base=False),
    }


def driver_segment_rows(reading: Reading) -> list[Row]:
    """One row a score, irritant and segment with respondents enough for a model of its own."""
    rows: list[Row] = []
    for key in reading.figures.keys("driver_segment"):
        score, rest = parted(key)
        irritant_id, segment = parted(rest)
        attribute, of = parted(segment)
        metric = reading.figures.get("driver_segment", key, "effect")
        if irritant_id in reading.records:
            about = {"outcome": score, "irritant_id": irritant_id, **labels(reading.records[irritant_id]), "attribute": attribute, "value": of}
            rows.append({**about, **estimate(metric, "effect"), "respondents": detail(metric, "respondents"), "q_value": detail(metric, "q_value")})
    return rows


def regard_rows(reading: Reading) -> list[Row]:
    """One row a thing that is compared between customers who are not valued and the others."""
    rows: list[Row] = []
    for key in reading.figures.keys("regard_effect"):
        metric = reading.figures.get("regard_effect", key, "effect")
        plain = {"plain": detail(metric, "plain"), "plain_low": detail(metric, "plain_low"), "plain_high": detail(metric, "plain_high")}
        told = {name: detail(metric, name) for name in ("n_with", "n_without", "events_with", "events_without", "q_value", "verdict")}
        rows.append({"outcome": key, **estimate(metric, "effect", base=False), **plain, **told})
    return rows


def moment_rows(reading: Reading) -> list[Row]:
    """One row a declared moment of truth, score and kind of bad experience."""
    rows: list[Row] = []
    for key in reading.figures.keys("moment"):
        stage, score = parted(key)
        for kind in ("severity", "not_valued"):
            metric = reading.figures.get("moment", key, f"with_{kind}")
            if metric is not None:
                about = {"stage": stage, "outcome": score, "bad_experience": kind, "verdict": detail(metric, "verdict"), "respondents": metric.n}
                told = {} if detail(metric, "verdict") == "cannot_tell" else estimate(metric, "more_than_elsewhere", base=False)
                slopes = {name: detail(metric, name) for name in ("slope_there", "slope_elsewhere", "q_value")}
                rows.append({**about, **told, **slopes})
    return rows


def aspect_rows(reading: Reading) -> list[Row]:
    """One row a theme and polarity."""
    return [
        {
            "theme": theme,
            "polarity": polarity,
            **_theme(theme, polarity),
            "mentions": detail(metric, "mentions"),
            **estimate(metric, "share"),
            **_regarded(reading, theme, polarity),
        }
        for (theme, polarity), metric in reading.figures.crossed("aspect", "share").items()
    ]


def _regarded(reading: Reading, theme: str, polarity: str) -> Row:
    key, name = f"{theme}={polarity}", "not_valued_rate"
    return estimate(reading.figures.get("aspect", key, name), name) | corrected(reading.figures, "aspect", key, name)


def crossing_rows(reading: Reading) -> list[Row]:
    """One row a record or aspect and group of customers that were compared."""
    rows: list[Row] = []
    for scope in ("cross", "aspect_cross"):
        for key in reading.figures.keys(scope):
            told, group = key.rsplit("|", 1)
            attribute, of = parted(group)
            metric = reading.figures.get(scope, key, "difference")
            if scope == "cross" and told not in reading.records:
                continue
            named = labels(reading.records[told]) if scope == "cross" else _theme(*parted(told))
            about = {"kind": reading.records[told].kind if scope == "cross" else "aspect", "told": told, **named, "attribute": attribute, "value": of}
            rows.append({**about, **_sides(metric), **estimate(metric, "difference"), "q_value": detail(metric, "q_value")})
    return rows


def _sides(metric: Metric | None) -> Row:
    return {name: detail(metric, name) for name in ("mentions", "share", "share_elsewhere")}


def _theme(theme: str, polarity: str) -> Row:
    known = load_themes().get(theme)
    names = known.names[IrritantKind.IRRITANT if polarity == "negative" else IrritantKind.STRENGTH] if known else {}
    return {f"label_{lang}": names.get(lang, theme) for lang in ("fr", "en")}
