"""Tables of customers' stories and of seams: hashed ids, and the two matrices of what is told and what is done."""

from __future__ import annotations

from collections.abc import Iterable

from voc_pipeline.report.quotes import spoken
from voc_pipeline.report.reading import Reading, detail, parted
from voc_pipeline.report.tables.cells import Row, estimate
from voc_pipeline.schema import Metric, Verbatim

LISTED = ("peak", "end", "mean", "slope", "retellings", "switches", "hand_offs", "days_open", "decayed_not_valued", "repaired", "first", "last")


def story_rows(reading: Reading) -> list[Row]:
    """One row a customer, by hashed id."""
    rows: list[Row] = []
    for key in reading.figures.keys("story"):
        metric = reading.figures.get("story", key, "score")
        repeats = detail(metric, "repeats", {})
        about: Row = {"customer": key, "contacts": metric.n if metric else 0, "score": metric.value if metric else None}
        about |= {f"repeats_{days}": n for days, n in repeats.items()}
        lists = {name: " ".join(detail(metric, name, [])) for name in ("channels", "irritants")}
        rows.append({**about, **{name: detail(metric, name) for name in LISTED}, **lists})
    return rows


def story_stat_rows(reading: Reading) -> list[Row]:
    """One row a figure over all stories."""
    rows: list[Row] = []
    for scope in ("story_stat", "story_score"):
        for name, metric in sorted(reading.figures.of(scope).items()):
            verdict = detail(metric, "verdict", "")
            told = {} if verdict == "cannot_tell" else estimate(metric, "value")
            rows.append({"figure": name, **told, "value_n": metric.n, "verdict": verdict})
    return rows


def seam_rows(reading: Reading) -> list[Row]:
    """One row a seam that a verbatim tells."""
    found = [(key, metric) for key in reading.figures.keys("seam") if (metric := reading.figures.get("seam", key, "confidence"))]
    said = _said(reading, (parted(key)[0] for key, _ in found))
    rows: list[Row] = []
    for key, metric in found:
        verbatim_id, rank = parted(key)
        row: Row = {"verbatim_id": verbatim_id, "rank": int(rank), "transition_confidence": metric.value}
        for side in ("from", "to"):
            place, stage, sure = detail(metric, side)
            row |= {side: place, f"{side}_stage": stage, f"{side}_confidence": sure}
        lost, sure = detail(metric, "lost")
        row |= {"kind": detail(metric, "kind"), "lost": lost, "lost_confidence": sure}
        row |= {name: detail(metric, name) for name in ("declared", "channel", "customer", "not_valued")}
        start, end = detail(metric, "span")
        rows.append(row | {"start": start, "end": end, "quote": _quote(said, verbatim_id, start, end)})
    return rows


def seam_matrix_rows(reading: Reading) -> list[Row]:
    """One row a cell: seams told between two places or two stages, and switches of channel that customers made."""
    cells: list[tuple[str, str, str, Metric]] = []
    for key in reading.figures.keys("seam_cell"):
        kind, rest = parted(key)
        metric = reading.figures.get("seam_cell", key, "verbatims")
        if metric is not None:
            cells.append((kind, *parted(rest), metric))
    for (a, b), metric in sorted(reading.figures.crossed("switch", "switches").items()):
        cells.append(("switch", a, b, metric))
    said = _said(reading, (place[0] for _, _, _, metric in cells for place in detail(metric, "places", [])))
    rows: list[Row] = []
    for kind, a, b, metric in cells:
        rate = reading.figures.get("seam_cell", f"{kind}={a}={b}", "not_valued_rate")
        counted = {"verbatims": metric.value} if kind != "switch" else {"switches": metric.value}
        quotes = [_quote(said, *place) for place in detail(metric, "places", [])]
        about: Row = {"matrix": kind, "from": a, "to": b, **counted, "customers": detail(metric, "customers")}
        rows.append({**about, **estimate(rate, "not_valued_rate"), **{f"quote_{n}": quote for n, quote in enumerate(quotes, start=1)}})
    return rows


def _said(reading: Reading, ids: Iterable[str]) -> dict[str, Verbatim]:
    return {verbatim.id: verbatim for verbatim in reading.store.verbatims(ids=set(ids))}


def _quote(said: dict[str, Verbatim], verbatim_id: str, start: int, end: int) -> str:
    return spoken(said[verbatim_id], start, end) if verbatim_id in said else ""
