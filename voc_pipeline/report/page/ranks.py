"""Why a record ranks where it does: the parts of its priority, and each part in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voc_pipeline.config import PARTS, Part
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.reading import detail, interval
from voc_pipeline.report.words import NARROW, capital
from voc_pipeline.schema import Metric

FARTHEST = 100.0
"""Times above which the upper end of a trend is not written: it only says that hardly anything was told before."""


def rank_parts(phrases: Phrases, figures: Mapping[str, Metric]) -> list[View]:
    """The parts of a record's rank, the one that weighs most first.

    Args:
        phrases: The run in words.
        figures: Those of the record.
    """
    t = phrases.t
    weights: Mapping[Part, float] = detail(figures.get("priority"), "weights") or phrases.reading.config.priority.weights
    total = sum(weights.values()) or 1.0
    largest = max(weights.values(), default=1.0) or 1.0
    parts = []
    for name in PARTS:
        part = figures.get(f"part.{name}")
        if part is None:
            continue
        weight = weights.get(name, 0.0)
        got = min(max(part.value, 0.0), 1.0)
        text = t("why.text", got=t.number(got * weight / total, 2), full=t.number(weight / total, 2))
        bar = {"full": round(weight / largest * 100), "got": round(got * 100), "text": text}
        parts.append({"name": name, **bar, "weighs": got * weight, "says": _says(phrases, figures, name)})
    return sorted(parts, key=lambda part: -part["weighs"])


def _says(phrases: Phrases, f: Mapping[str, Metric], name: str) -> str:
    t = phrases.t
    share, rate, lift = (interval(f.get(key)) for key in ("share", "not_valued_rate", "not_valued_lift"))
    if name == "volume" and share and "mentions" in f:
        return t("says.volume", share=t.percent(share.value), verbatims=t.plural("verbatims.n", round(f["mentions"].value)))
    if name == "customers" and "customers" in f:
        return t.plural("says.customers", round(f["customers"].value))
    if name == "severity" and "severity" in f:
        return t("says.severity", severity=t.number(f["severity"].value, 2))
    if name == "not_valued" and rate:
        times = t("says.lift", x=t.number(lift.value, 1), interval=t.range(lift.low, lift.high)) if lift and 1 < lift.low < lift.high else ""
        return t("says.not_valued", rate=t.percent(rate.value, 0)) + times
    if name == "trend" and "rate_ratio" in f:
        return trend_words(phrases, f["rate_ratio"])
    return (_effect(phrases, f) if name == "impact" else "") or t("says.unknown")


def _effect(phrases: Phrases, f: Mapping[str, Metric]) -> str:
    """The score that set the part, and by how much it differs; empty without one."""
    t = phrases.t
    outcome = detail(f.get("part.impact"), "outcome", "")
    difference = interval(f.get(f"{outcome}_difference"))
    if difference is None:
        return ""
    clear = difference.high < 0 or difference.low > 0
    key = f"says.{outcome}.{'lower' if difference.value < 0 else 'higher'}" if clear else f"says.{outcome}.unsure"
    return t(key, x=t.number(abs(difference.value), 1))


def why(phrases: Phrases, parts: Sequence[View], rising: bool) -> str:
    """The three parts that weigh most, as one sentence; a clear rise is always told."""
    told = [part for part in parts if part["weighs"] > 0 and part["says"] != phrases.t("says.unknown")]
    kept = told[:3] + [part for part in told[3:] if rising and part["name"] == "trend"]
    sentence = (f"{NARROW}; " if phrases.t.lang == "fr" else "; ").join(part["says"] for part in kept)
    return f"{capital(sentence)}." if sentence else ""


def trend_words(phrases: Phrases, ratio: Metric | None, short: bool = False) -> str:
    """A trend is only told where it stands after the correction for many tests."""
    if ratio is None:
        return ""
    q = detail(ratio, "q_value")
    falling = ratio.high is not None and ratio.high < 1 and q is not None and float(q) <= phrases.reading.config.priority.q_value
    way = "rising" if detail(ratio, "alert", False) else "steady" if not falling else "gone" if ratio.value < 0.05 else "falling"
    told = phrases.t(f"trend.{way}{'.short' if short else ''}", x=phrases.t.number(ratio.value, 1))
    if short or way not in ("rising", "falling"):
        return told
    return f"{told} ({trend_ends(phrases, ratio)})" if ratio.low is not None else told


def trend_ends(phrases: Phrases, ratio: Metric | None) -> str:
    """The interval of a trend that is told; its lower end alone where the upper one is none, or so far that it says nothing."""
    t = phrases.t
    if ratio is None or ratio.low is None or trend_words(phrases, ratio, short=True) == t("trend.steady.short"):
        return ""
    if ratio.high is None or ratio.high > FARTHEST:
        return t("trend.least", x=t.number(ratio.low, 1))
    return t.range(ratio.low, ratio.high, 1 if ratio.value > 1 else 2)
