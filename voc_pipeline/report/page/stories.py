"""One customer's story: how experience adds up over channels, where it passes from hand to hand, and a few stories told whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from voc_pipeline.report.charts import shade, whisker
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.quotes import passage, spoken
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.report.words import capital
from voc_pipeline.schema import SMALL_BASE, UNKNOWN, Interval, Metric, Verbatim

SHARES = ("share_repeat_7", "share_repeat_30", "share_retelling", "share_switch", "share_hand_off")
"""Shares of customers, in the order they are told."""
SIDES = 9
"""Places of a matrix at most, those of most verbatims; the table `seam_matrix` holds them all."""
OPENED = 6
"""Cells whose quotes are shown."""


def view(phrases: Phrases) -> View:
    """How experience adds up over channels, and where it passes from hand to hand."""
    cells = _told(phrases)
    said = _said(phrases, cells)
    return {
        "summary": _summary(phrases),
        "figures": _figures(phrases),
        "first_later": _first_later(phrases),
        "score": _score(phrases),
        "matrices": [one for kind in ("place", "switch", "stage") if (one := _matrix(phrases, kind, cells[kind]))],
        "counts": _counts(phrases, cells),
        "opened": _opened(phrases, cells["place"], said),
        "lost": _lost(phrases),
        "declared": _declared(phrases),
        "exemplars": _exemplars(phrases, said),
    }


# ---------------------------------------------------------------- figures


def _summary(phrases: Phrases) -> str:
    """How verbatims, customers and contacts relate, to the last verbatim."""
    t, f = phrases.t, phrases.f
    total, apart, undated, customers, contacts = (
        round(f.value(scope, "", name))
        for scope, name in (
            ("run", "n_verbatims"),
            ("story_stat", "verbatims_without_customer"),
            ("story_stat", "verbatims_without_date"),
            ("story_stat", "customers"),
            ("story_stat", "contacts"),
        )
    )
    own = total - apart - undated
    without = ", ".join(t(f"stories.summary.{name}", n=t.number(n)) for name, n in (("apart", apart), ("undated", undated)) if n)
    if not own:
        return t("stories.summary.none", total=t.plural("verbatims.n", total), without=without) if total else t("stories.none")
    holes = {"own": t.plural("stories.summary.own", own), "customers": t.plural("customers.n", customers)}
    told = t("stories.summary", total=t.plural("verbatims.n", total), **holes)
    told += t.plural("stories.summary.rest", apart + undated, without=without) if without else "."
    joined = t.plural("stories.summary.joined", own - contacts) if own > contacts else ""
    return f"{told} {t('stories.summary.contacts', own=t.plural('verbatims.n', own), contacts=t.plural('contacts.n', contacts))}{joined}."


def _figures(phrases: Phrases) -> list[View]:
    t = phrases.t
    rows: list[View] = []
    for name in SHARES:
        estimate = interval(phrases.f.get("story_stat", "", name))
        if estimate:
            chart = whisker(estimate, 0, 1, tone="bad", width=180)
            rows.append({"name": t(f"stories.{name}"), **phrases.figure("share", estimate), "chart": chart, "n": estimate.n})
    days = interval(phrases.f.get("story_stat", "", "median_days_open"))
    if days:
        ends = t.range(days.low, days.high, 0) if days.low < days.high else ""
        rows.append(
            {"name": t("stories.median_days_open"), "text": t("days.n", n=t.number(days.value, 0)), "interval": ends, "chart": "", "n": days.n}
        )
    return rows


def _first_later(phrases: Phrases) -> list[View]:
    t, f = phrases.t, phrases.f
    rows: list[View] = []
    for name in ("negative", "not_valued"):
        first, later = (interval(f.get("story_stat", "", f"{name}_{side}")) for side in ("first", "later"))
        gap = f.get("story_stat", "", f"{name}_difference")
        if first is None or later is None or gap is None:
            continue
        sure = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0) and min(first.n, later.n) >= SMALL_BASE
        reading = "stories.unsure" if not sure else "stories.worse" if gap.value > 0 else "stories.better"
        ends = "" if gap.low is None or gap.high is None else t.range(gap.low * 100, gap.high * 100, 0, sign=True)
        sides = [{**phrases.figure("share", one), "n": one.n} for one in (first, later)]
        rows.append({"name": t(f"stories.is_{name}"), "sides": sides, "gap": phrases.points(gap.value), "gap_interval": ends, "reading": t(reading)})
    return rows


def _score(phrases: Phrases) -> View:
    t, f = phrases.t, phrases.f
    estimate = interval(f.get("story_stat", "", "score"))
    if estimate is None:
        return {}
    weights = {name: t.number(f.value("story_score", "", f"weight_{name}"), 2) for name in ("peak", "end", "mean")}
    refit = f.get("story_score", "", "refit_gain")
    said = ""
    if refit is not None:
        verdict = str(detail(refit, "verdict"))
        ends = "" if refit.low is None or refit.high is None else t.range(refit.low, refit.high, 2, sign=True)
        outcome = t(f"stories.outcome.{phrases.reading.config.stories.outcome.partition(':')[0]}")
        said = t(f"stories.refit.{verdict}", outcome=outcome, n=t.number(refit.n), gain=t.number(refit.value, 2, sign=True), ends=ends)
    return {
        "text": t.number(estimate.value, 2, sign=True),
        "interval": t.range(estimate.low, estimate.high, 2, sign=True),
        "chart": whisker(estimate, -2, 2, zero=0, width=260),
        "n": estimate.n,
        "weights": t("stories.weights", **weights),
        "refit": said or t("stories.refit.off"),
    }


# ---------------------------------------------------------------- matrices

Cells = Mapping[tuple[str, str], Metric]


def _told(phrases: Phrases) -> dict[str, Cells]:
    """Cells of each matrix by both sides."""
    found: dict[str, dict[tuple[str, str], Metric]] = {"place": {}, "stage": {}, "switch": phrases.f.crossed("switch", "switches")}
    for key in phrases.f.keys("seam_cell"):
        kind, rest = parted(key)
        metric = phrases.f.get("seam_cell", key, "verbatims")
        if metric is not None and kind in found:
            found[kind][parted(rest)] = metric
    return dict(found)


def _matrix(phrases: Phrases, kind: str, cells: Cells) -> View | None:
    """One matrix as rows of cells, the busiest sides first, unknown ones last."""
    t = phrases.t
    if not cells:
        return None
    busy: dict[str, float] = {}
    for (a, b), metric in cells.items():
        for side in {a, b}:
            busy[side] = busy.get(side, 0.0) + metric.value
    kept = sorted(busy, key=lambda side: (-busy[side], side))[:SIDES]
    sides = phrases.in_order(kept) if kind == "stage" else sorted(kept, key=lambda side: (side == UNKNOWN, -busy[side], side))
    rows_of = [side for side in sides if any(a == side and b in sides for a, b in cells)]
    cols_of = [side for side in sides if any(b == side and a in sides for a, b in cells)]
    most = max((metric.value for pair, metric in cells.items() if UNKNOWN not in pair), default=1.0)
    rows = [{"name": _side(phrases, kind, a), "cells": [_cell(phrases, kind, a, b, cells.get((a, b)), most) for b in cols_of]} for a in rows_of]
    total = sum(round(metric.value) for metric in cells.values())
    shown = sum(round(metric.value) for pair, metric in cells.items() if {*pair} <= {*kept})
    says = t(f"matrix.{kind}.says") + (f" {t('matrix.cut', shown=t.number(shown), total=t.number(total))}" if shown < total else "")
    return {"title": t(f"matrix.{kind}"), "says": says, "cols": [_side(phrases, kind, side) for side in cols_of], "rows": rows}


def _cell(phrases: Phrases, kind: str, a: str, b: str, metric: Metric | None, most: float) -> View:
    t = phrases.t
    if metric is None:
        return {"text": "·", "level": 0, "hint": "", "rate": ""}
    rate = interval(phrases.f.get("seam_cell", f"{kind}={a}={b}", "not_valued_rate"))
    told = t("matrix.not_valued", share=phrases.written("share", rate.value), ends=phrases.ends("share", rate)) if rate else ""
    hint = f"{_side(phrases, kind, a)} → {_side(phrases, kind, b)}, {t.plural('customers.n', int(detail(metric, 'customers', 0)))}"
    level = 1 if UNKNOWN in (a, b) else shade(metric.value, most)
    return {"text": t.number(metric.value), "level": level, "hint": hint, "rate": told}


def _side(phrases: Phrases, kind: str, side: str) -> str:
    if kind == "stage":
        return phrases.stage(side)
    return phrases.channel(side) if kind == "switch" else (phrases.t.known(f"place.{side}") or side)


def _counts(phrases: Phrases, cells: Mapping[str, Cells]) -> str:
    """How the sums of the matrices of what is told, and of what was lost, relate."""
    t = phrases.t
    passages, staged = (sum(round(metric.value) for metric in cells[kind].values()) for kind in ("place", "stage"))
    if not passages:
        return ""
    verbatims = round(phrases.f.value("story_stat", "", "seam_verbatims"))
    told = t("matrix.counts", passages=t.plural("passages.n", passages), verbatims=t.plural("verbatims.n", verbatims))
    return " ".join([told, *([t.plural("matrix.counts.stages", staged)] if staged else []), t("matrix.counts.lost")])


def _opened(phrases: Phrases, cells: Cells, said: Mapping[str, Verbatim]) -> list[View]:
    """The busiest cells with what customers say of them."""
    known = [(pair, metric) for pair, metric in cells.items() if UNKNOWN not in pair]
    out: list[View] = []
    for (a, b), metric in sorted(known, key=lambda one: (-one[1].value, one[0]))[:OPENED]:
        quotes = [_quote(said, place) for place in detail(metric, "places", [])]
        title = f"{_side(phrases, 'place', a)} → {_side(phrases, 'place', b)}"
        out.append({"title": title, "n": phrases.t.plural("verbatims.n", round(metric.value)), "quotes": [quote for quote in quotes if quote]})
    return out


def _lost(phrases: Phrases) -> str:
    """What was lost, most often first; each verbatim once."""
    counts: dict[str, set[str]] = {}
    for key in phrases.f.keys("seam"):
        lost = str(detail(phrases.f.get("seam", key, "confidence"), "lost", [UNKNOWN])[0])
        counts.setdefault(lost, set()).add(parted(key)[0])
    ordered = sorted(counts, key=lambda lost: (lost == UNKNOWN, -len(counts[lost]), lost))
    return ", ".join(f"{phrases.t(f'lost.{lost}')} ({len(counts[lost])})" for lost in ordered)


def _declared(phrases: Phrases) -> list[str]:
    """The company's own transitions with how many verbatims tell them."""
    t, journey = phrases.t, phrases.reading.journey
    told: dict[str, set[str]] = {}
    for key in phrases.f.keys("seam"):
        told.setdefault(str(detail(phrases.f.get("seam", key, "confidence"), "declared", "")), set()).add(parted(key)[0])
    return [
        f"{phrases.stage(seam.from_)} → {phrases.stage(seam.to)}{phrases.t('colon')}{t.plural('verbatims.n', len(told.get(seam.id, ())))}"
        for seam in journey.transitions
    ]


# ---------------------------------------------------------------- stories


def _exemplars(phrases: Phrases, said: Mapping[str, Verbatim]) -> list[View]:
    f, t = phrases.f, phrases.t
    shown = [(key, metric) for key in f.keys("story") if (metric := f.get("story", key, "score")) and detail(metric, "exemplar")]
    out: list[View] = []
    for key, metric in sorted(shown, key=lambda one: int(detail(one[1], "exemplar"))):
        moments = [_moment(phrases, said, one) for one in detail(metric, "contacts", [])]
        facts = [t.plural(f"stories.fact.{name}", int(n)) for name in ("retellings", "switches", "hand_offs") if (n := detail(metric, name, 0))]
        days = detail(metric, "days_open")
        facts += [t("stories.fact.open", days=t("days.n", n=t.number(float(days))))] if days else []
        parts = {name: t.number(float(detail(metric, name, 0.0)), 1, sign=True) for name in ("peak", "end", "mean")}
        out.append(
            {
                "id": key[:8],
                "title": t("stories.one", n=len(moments), channels=t.number(len(detail(metric, "channels", [])))),
                "score": t("stories.one.score", score=t.number(metric.value, 1, sign=True), **parts),
                "facts": capital(" · ".join(facts)),
                "moments": moments,
            }
        )
    return out


def _moment(phrases: Phrases, said: Mapping[str, Verbatim], one: Mapping[str, object]) -> View:
    t, mood = phrases.t, float(str(one["mood"]))
    marks = [t(f"stories.mark.{name}") for name in ("not_valued", "told_again", "settled") if one[name]]
    at = Interval(mood, mood, mood, SMALL_BASE)
    place = one["place"]
    return {
        "day": phrases.day(str(one["date"])),
        "channel": phrases.channel(str(one["channel"])),
        "stage": phrases.stage(str(one["stage"])),
        "mood": t("stories.mood", mood=t.number(mood, 1, sign=True)),
        "chart": whisker(at, -2, 2, zero=0, tone="bad" if mood < 0 else "", width=120),
        "marks": marks,
        "quote": _quote(said, place) if isinstance(place, Sequence) else None,
    }


def _said(phrases: Phrases, cells: Mapping[str, Cells]) -> dict[str, Verbatim]:
    """Verbatims that the view quotes."""

    def places() -> Iterable[Sequence[object]]:
        for metric in cells["place"].values():
            yield from detail(metric, "places", [])
        for key in phrases.f.keys("story"):
            for one in detail(phrases.f.get("story", key, "score"), "contacts", []):
                yield one["place"]

    return {verbatim.id: verbatim for verbatim in phrases.reading.store.verbatims(ids={str(place[0]) for place in places()})}


def _quote(said: Mapping[str, Verbatim], place: Sequence[object]) -> View | None:
    """What is said at a place: (verbatim, segment), or (verbatim, start, end)."""
    verbatim = said.get(str(place[0]))
    if verbatim is None:
        return None
    first, *rest = (int(str(one)) for one in place[1:])
    text = spoken(verbatim, first, rest[0]) if rest else passage(verbatim, first)
    return {"text": text, "lang": verbatim.lang, "fr": verbatim.lang == "fr"}
