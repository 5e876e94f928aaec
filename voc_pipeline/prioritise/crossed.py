"""Aspects, and every record and aspect held against every group of customers, with one correction for all of it.

An aspect is a theme with a polarity: what is spoken of, and whether it pleases. A cell compares the share inside a group (channel, language, stage, value of
an attribute) with the share outside of it. Cells that could not show anything are not tested: groups under 30 verbatims, and cells where fewer than
`EXPECTED` would be told by chance on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from voc_pipeline.intervals import Ints, mean_contrasts, q_values
from voc_pipeline.prioritise.base import Base, figure, share_of, shares_of
from voc_pipeline.prioritise.crossings import grouped, main_channel, segments
from voc_pipeline.schema import SMALL_BASE, Metric

EXPECTED = 5.0
"""Verbatims expected in a cell, and outside of it, were groups alike."""


def aspect_rows(base: Base) -> dict[str, Ints]:
    """Verbatims of each aspect, `<theme>=<polarity>`, sorted."""
    rows: dict[str, list[int]] = {}
    for place, voice in enumerate(base.voices):
        for theme, polarity in sorted(set(voice.aspects)):
            rows.setdefault(f"{theme}={polarity}", []).append(place)
    return {key: np.array(rows[key], dtype=np.int64) for key in sorted(rows)}


def aspect_figures(base: Base) -> Iterator[Metric]:
    """Figures of scope `aspect`: share of verbatims, and how many of those say that the customer is not valued."""
    found = aspect_rows(base)
    if not found:
        return
    share = shares_of(list(found.values()), base.clusters)
    for place, (key, rows) in enumerate(found.items()):
        detail = {"mentions": len(rows), "effective_n": float(share.effective_n[place])}
        yield Metric("aspect", key, "share", float(share.value[place]), float(share.low[place]), float(share.high[place]), len(base), detail)
        marked, negative = (base.marks[name][rows] for name in ("share_not_valued", "share_negative"))
        about = {"verbatims": int(marked.sum()), "negative": float(negative.mean()), **main_channel(base, rows)}
        yield from figure("aspect", key, "not_valued_rate", share_of(marked, base.clusters[rows]), about)


def crossed_figures(base: Base) -> list[Metric]:
    """Figures of scope `cross`, key `<record>|<attribute>=<value>`, and `aspect_cross`, key `<theme>=<polarity>|<attribute>=<value>`.

    The value is the share inside the group minus the share outside; n is the group. q-values run over all cells of records and aspects together.
    """
    groups = {key: rows for key, rows in _groups(base).items() if SMALL_BASE <= len(rows) <= len(base) - 1}
    told: list[tuple[str, str, Ints]] = [("cross", key, rows) for key, rows in zip(base.ids, base.rows_of, strict=True)]
    told += [("aspect_cross", key, rows) for key, rows in aspect_rows(base).items()]
    n, found = len(base), []
    for scope, key, rows in told:
        kept = [name for name, group in groups.items() if len(rows) * min(len(group), n - len(group)) >= EXPECTED * n]
        if not kept:
            continue
        marked = np.zeros(n)
        marked[rows] = 1.0
        row = np.concatenate([groups[name] for name in kept])
        column = np.concatenate([np.full(len(groups[name]), place, dtype=np.int64) for place, name in enumerate(kept)])
        for name, contrast in zip(kept, mean_contrasts(marked, row, column, len(kept), base.clusters), strict=True):
            if contrast is not None:
                inside = int(marked[groups[name]].sum())
                detail: dict[str, object] = {
                    "mentions": inside,
                    "share": inside / len(groups[name]),
                    "share_elsewhere": (len(rows) - inside) / (n - len(groups[name])),
                    "p_value": contrast.p_value,
                }
                found.append((Metric(scope, f"{key}|{name}", "difference", contrast.value, contrast.low, contrast.high, len(groups[name])), detail))
    metrics = []
    for (metric, detail), q in zip(found, q_values([detail["p_value"] for _, detail in found]), strict=True):  # type: ignore[misc]  # floats or None
        metrics.append(Metric(metric.scope, metric.key, metric.name, metric.value, metric.low, metric.high, metric.n, {**detail, "q_value": q}))
    return metrics


def _groups(base: Base) -> Mapping[str, Ints]:
    """Verbatims by `attribute=value`: channel, language, stage, then every attribute."""
    plain = {
        "channel": [voice.channel or "unknown" for voice in base.voices],
        "lang": [voice.lang or "unknown" for voice in base.voices],
        "stage": [voice.stage or "unknown" for voice in base.voices],
    }
    out = {f"{name}={value}": rows for name, keys in plain.items() for value, rows in grouped(keys).items()}
    return out | segments(base)
