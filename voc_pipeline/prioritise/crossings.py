"""Figures of the whole run and of its crossings: months, channels, languages, stages, segments, codes, stage x gap, dimensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from voc_pipeline.intervals import Ints, mean, shares
from voc_pipeline.prioritise.base import Base, figure, mood, recoded, share_of
from voc_pipeline.schema import Dimension, IrritantKind, Metric, NotValuedCode

MAX_SEGMENTS = 50
"""Values of one attribute that are crossed: those with most verbatims."""

TOP_IRRITANTS = 5


def run_figures(base: Base, as_of: date, scales: Mapping[str, tuple[float, float]]) -> Iterator[Metric]:
    """Figures of scope `run`. NPS in points; `n_verbatims` tells the dates of the base."""
    everyone = np.arange(len(base))
    dates = [voice.date.date().isoformat() for voice in base.voices if voice.date]
    span = {"as_of": as_of.isoformat(), "undated": len(base) - len(dates), "first": min(dates, default=None), "last": max(dates, default=None)}
    for metric in mood(base, everyone, "run", "", list(base.marks)):
        yield Metric("run", "", metric.name, metric.value, n=metric.n, detail=span) if metric.name == "n_verbatims" else metric
    yield customers(base, everyone, "run", "", "n_customers")
    csat = base.answers["csat"]
    yield from figure("run", "", "csat_top2", share_of(csat.values >= scales["csat"][1] - 1, csat.clusters), {"scale": list(scales["csat"])})
    for name in ("ces", "stars"):
        estimate = mean(base.answers[name].values, recoded(base.answers[name].clusters))
        yield from figure("run", "", f"{name}_mean", estimate, {"scale": list(scales[name])})


def regard_figures(base: Base) -> Iterator[Metric]:
    """Of verbatims that tell of not being valued, the share that was repaired; of the others, the share that tells what often comes before it."""
    felt = np.flatnonzero(base.marks["share_not_valued"])
    others = np.flatnonzero(~base.marks["share_not_valued"])
    repaired = np.array([base.voices[row].repaired for row in felt], dtype=bool)
    before = np.array([base.voices[row].precursor is not None for row in others], dtype=bool)
    events = Counter(str(voice.precursor) for voice in base.voices if voice.precursor is not None)
    detail = {"verbatims": int(repaired.sum())}
    yield from figure("run", "", "share_repaired", share_of(repaired, recoded(base.clusters[felt])), detail)
    yield from figure("run", "", "share_precursor", share_of(before, recoded(base.clusters[others])), {"verbatims": int(before.sum()), **events})


def customers(base: Base, rows: Ints, scope: str, key: str, name: str) -> Metric:
    """How many customers some verbatims come from; each verbatim of an unknown one counts as one more. n is that of the whole base."""
    known = base.known[rows]
    detail = {"known": len(np.unique(base.clusters[rows][known])), "verbatims_of_unknown": int((~known).sum())}
    return Metric(scope, key, name, len(np.unique(base.clusters[rows])), n=len(np.unique(base.clusters)), detail=detail)


def crossing_figures(base: Base) -> Iterator[Metric]:
    """Mood by month, channel, language, stage and segment, and the share of each irritant by month and by segment."""
    months = grouped([f"{voice.date:%Y-%m}" if voice.date else "" for voice in base.voices])
    by_segment = segments(base)
    crossings = {
        "month": months,
        "channel": grouped([voice.channel or "unknown" for voice in base.voices]),
        "lang": grouped([voice.lang or "unknown" for voice in base.voices]),
        "stage": grouped([voice.stage or "unknown" for voice in base.voices]),
        "segment": by_segment,
    }
    for scope, groups in crossings.items():
        for key, rows in groups.items():
            for metric in mood(base, rows, scope, key, ("share_negative", "share_positive", "share_not_valued")):
                yield replace(metric, detail=main_channel(base, rows)) if metric.name == "n_verbatims" else metric
    for scope, groups in (("irritant_month", months), ("irritant_segment", by_segment)):
        for key, rows in groups.items():
            yield from _told_in(base, scope, key, rows)


def main_channel(base: Base, rows: Ints) -> dict[str, object]:
    """The channel most of some verbatims come from, with its share of them, so that whoever corrects a figure knows what sort of texts it is of."""
    counts = Counter(base.voices[row].channel or "unknown" for row in rows)
    name = min(counts, key=lambda name: (-counts[name], name), default="")
    return {"channels": {name: counts[name] / len(rows)}} if name else {}


def grouped(keys: Sequence[str]) -> dict[str, Ints]:
    """Rows under each key, "" left aside, keys sorted."""
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    return {key: np.array(groups[key], dtype=np.int64) for key in sorted(groups) if key}


def segments(base: Base) -> dict[str, Ints]:
    """Rows under `attribute=value`, the `MAX_SEGMENTS` most frequent values of each attribute."""
    out: dict[str, Ints] = {}
    for name in sorted({name for voice in base.voices for name in voice.attributes}):
        groups = grouped([voice.attributes.get(name, "") for voice in base.voices])
        kept = sorted(groups, key=lambda value: (-len(groups[value]), value))[:MAX_SEGMENTS]
        out |= {f"{name}={value}": groups[value] for value in sorted(kept)}
    return out


def _told_in(base: Base, scope: str, key: str, rows: Ints) -> Iterator[Metric]:
    """Share of each irritant among some rows: every one of them by month (a line needs its zeros), only those told there by segment."""
    local = np.full(len(base), -1, dtype=np.int64)
    local[rows] = np.arange(len(rows))
    inside = local[base.row] >= 0
    found = shares(local[base.row[inside]], base.column[inside], len(base.ids), recoded(base.clusters[rows]))
    counts = np.bincount(base.column[inside], minlength=len(base.ids))
    for place, irritant_id in enumerate(base.ids):
        if counts[place] or scope == "irritant_month":
            value, low, high = (float(bound[place]) for bound in (found.value, found.low, found.high))
            yield Metric(scope, f"{irritant_id}={key}", "share", value, low, high, found.n, {"mentions": int(counts[place])})


def code_figures(base: Base) -> Iterator[Metric]:
    """Codes of not being valued: share of verbatims, and how many at each stage (n: verbatims there)."""
    stages = [voice.stage or "unknown" for voice in base.voices]
    staged = Counter(stages)
    for code in NotValuedCode:
        marked = np.array([voice.not_valued and code in voice.not_valued_codes for voice in base.voices], dtype=bool)
        yield from figure("code", str(code), "share", share_of(marked, base.clusters), {"verbatims": int(marked.sum())})
        where = Counter(stages[place] for place in np.flatnonzero(marked))
        yield from (Metric("code_stage", f"{code}={stage}", "n", count, n=staged[stage]) for stage, count in where.items())


def place_figures(base: Base) -> Iterator[Metric]:
    """Tellings of irritants by stage and gap cue, and shares of Servqual dimensions among those tellings that have one."""
    places = [place for place, kind in enumerate(base.kinds) if kind is IrritantKind.IRRITANT]
    pairs = [(row, telling) for place in places for row, telling in zip(base.rows_of[place].tolist(), base.told_of[place], strict=True)]
    cells: dict[str, Counter[str]] = {}
    for _, telling in pairs:
        if telling.gap_cue is not None:
            cells.setdefault(f"{telling.stage or 'unknown'}={int(telling.gap_cue)}", Counter())[telling.irritant_id] += 1
    for key, counts in cells.items():
        top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP_IRRITANTS]
        yield Metric("stage_gap", key, "n", counts.total(), n=counts.total(), detail={"top_irritants": [[irritant_id, n] for irritant_id, n in top]})
    placed = [(row, telling.dimension) for row, telling in pairs if telling.dimension is not None]
    clusters = base.clusters[[row for row, _ in placed]] if placed else base.clusters[:0]
    for dimension in Dimension:
        marked = np.array([own is dimension for _, own in placed], dtype=bool)
        detail = {"tellings": int(marked.sum()), "without": len(pairs) - len(placed)}
        yield from figure("dimension", str(dimension), "share", share_of(marked, clusters), detail)
