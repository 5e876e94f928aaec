"""The cells every table is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voc_pipeline.report.reading import Figures, detail
from voc_pipeline.schema import Interval, Irritant, Metric

Row = dict[str, Any]
"""Values by column; a column that is missing is empty."""


def value(metric: Metric | None) -> float | None:
    """A figure without the rest of it."""
    return metric.value if metric else None


def estimate(metric: Metric | Interval | None, name: str, base: bool = True) -> Row:
    """A figure, the ends of its interval and its base as columns named after it."""
    if metric is None:
        return {}
    ends = {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}
    return {**ends, f"{name}_n": metric.n} if base else ends


def corrected(figures: Figures, scope: str, key: str, name: str) -> Row:
    """A group's share with the model's errors taken out, which verbatims of the audit those were measured on (or why it is not corrected), and whether it was
    brought back into [0, 1]."""
    found, refused = figures.get("audit_group", f"{scope}={key}", name), figures.uncorrected(scope, key, name)
    if found is None:
        return {f"{name}_errors": f"refused: {detail(refused, 'refused')}" if refused else ""}
    seen, spared = (str(detail(found, f"{rate}_on")) for rate in ("sensitivity", "specificity"))
    told = seen if seen == spared else f"sensitivity: {seen}, specificity: {spared}"
    return {**estimate(found, f"{name}_corrected", base=False), f"{name}_errors": told, f"{name}_clipped": bool(detail(found, "clipped"))}


def labels(record: Irritant) -> Row:
    """A record's label in both languages."""
    return {"label_fr": record.label_fr, "label_en": record.label_en}


def wording(words: Mapping[Any, Mapping[str, str]], key: Any, stem: str = "label") -> Row:
    """The name of what has a fixed wording in both languages."""
    known = words.get(key, {})
    return {f"{stem}_{lang}": known.get(lang, str(key)) for lang in ("fr", "en")}


def quoted(quotes: Sequence[str]) -> Row:
    """Three quotes."""
    return {f"quote_{place}": quote for place, quote in enumerate(quotes[:3], start=1)}
