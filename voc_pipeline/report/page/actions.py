"""The loop: what is done, what was expected, what was measured; how well it turns; what of maturity the voice of customers can tell."""

from __future__ import annotations

from datetime import date

from voc_pipeline.loop import last_day, unrejected
from voc_pipeline.loop.health import Standing, Trouble, is_late, phase, troubles
from voc_pipeline.report.charts import bounds, whisker
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.report.verdicts import points_told, verdict_told
from voc_pipeline.report.words import HARD
from voc_pipeline.schema import SMALL_BASE, VERDICTS, Action, Expected, Gap, IrritantKind, Loop, Measured, Metric

HEALTH = (
    "owner_share",
    "cause_share",
    "action_share",
    "result_share",
    "closed_share",
    "expected_share",
    "met_share",
    "not_met_share",
    "cannot_tell_share",
    "late_share",
    "recurrence_share",
    "days_to_action",
)
MATURITY = {
    "channel_coverage": "maturity",
    "answered_share": "maturity",
    "share_settled": "story_stat",
    "repaired_share": "maturity",
    "not_valued_spread": "maturity",
}
"""Figures of maturity beside the loop's health, with the scope each stands in."""
PILLARS = ("personalisation", "integrity", "expectations", "resolution", "time_and_effort", "empathy")
TONES = {"met": "good", "not_met": "rising", "cannot_tell": ""}


def view(phrases: Phrases) -> View:
    """Actions, the loop's health, maturity and pillars."""
    day = _as_of(phrases)
    loops = phrases.reading.loops
    order = {"met": 0, "not_met": 1, "cannot_tell": 2}
    every = [(loop, action) for loop in loops.values() for action in loop.actions]
    every.sort(key=lambda one: (one[1].state == "dropped", order.get(phase(one[1], day), 3), one[1].due or date.max, one[1].id))
    return {
        "summary": _summary(phrases, [action for _, action in every if action.state != "dropped"]),
        "rows": [_row(phrases, loop, action, day) for loop, action in every],
        "causes": [_cause(phrases, loop) for loop in loops.values() if loop.causes and not loop.actions],
        "look": _look(phrases, day),
        "health": [_health(phrases, name, metric) for name in HEALTH if (metric := phrases.f.get("loop", "", name))],
        "maturity": [_maturity(phrases, name, metric) for name, scope in MATURITY.items() if (metric := phrases.f.get(scope, "", name))],
        "gaps": _gap_mix(phrases),
        "gap_heads": [phrases.gap(gap) for gap in Gap],
        "pillars": _pillars(phrases),
    }


def _as_of(phrases: Phrases) -> date:
    run = phrases.reading.run
    return run.as_of or run.started_at.date()


def _summary(phrases: Phrases, actions: list[Action]) -> str:
    if not actions:
        return phrases.t("actions.summary.none")
    told = [action.measured.verdict for action in actions if action.measured and action.measured.verdict]
    counts = [phrases.t(f"actions.count.{one}", n=told.count(one)) for one in VERDICTS if one in told]
    unexpecting = sum(action.expected is None for action in actions)
    if unexpecting:
        counts.append(phrases.t("actions.count.none", n=unexpecting))
    if counts and (pending := len(actions) - len(told) - unexpecting):
        counts.append(phrases.t.plural("actions.count.pending", pending))
    return phrases.t.plural("actions.summary", len(actions), verdicts=", ".join(counts) or phrases.t("actions.unmeasured"))


# ---------------------------------------------------------------- actions


def _row(phrases: Phrases, loop: Loop, action: Action, day: date) -> View:
    t, measured = phrases.t, action.measured
    owner = phrases.department(action.owner) or t("actions.nobody")
    late = is_late(loop, action, day)
    closed = ""
    if loop.closed_how:
        closed = t(f"actions.closed.{loop.closed_how}", day=t.day(loop.closed_on, short=True), why=loop.closed_why)
    elif loop.status == "reopened":
        closed = t("actions.reopened")
    return {
        "id": action.id,
        "what": action.what,
        "irritant_id": loop.irritant_id,
        "irritant": _name(phrases, loop.irritant_id),
        "cause": _cause(phrases, loop) if loop.causes else "",
        "closed": closed,
        "owner": owner,
        "due": t("actions.due", day=t.day(action.due, short=True)) if action.due else "",
        "state": t(f"actions.state.{action.state}"),
        "late": t("actions.late") if late else "",
        "expected": _expected(phrases, action.expected) if action.expected else t("actions.none"),
        "window": _window(phrases, action.expected) if action.expected else "",
        "declared": _declared(phrases, action) if action.expected else "",
        "result": _result(phrases, action, action.expected, measured) if action.expected and measured and measured.verdict else None,
        "phase": t({"waiting": "actions.waiting", "open": "actions.open", "due": "actions.due.next"}.get(phase(action, day), "actions.unexpected")),
        "dropped": action.state == "dropped",
    }


def _cause(phrases: Phrases, loop: Loop) -> str:
    told = [phrases.t("actions.cause", what=one.what, who=one.found_by, day=phrases.t.day(one.found_on, short=True)) for one in loop.causes]
    return " · ".join(told)


def _expected(phrases: Phrases, expected: Expected) -> str:
    t = phrases.t
    size = t.percent(expected.change, 0, sign=True) if expected.relative else points_told(t, expected.change)
    return f"{t(f'actions.metric.{expected.metric}')}{' : ' if t.lang == 'fr' else ': '}{size}"


def _window(phrases: Phrases, expected: Expected) -> str:
    t = phrases.t
    against = "control" if expected.control else "trend"
    told = t(f"actions.against.{against}", control=expected.control, n=expected.before_weeks)
    return t("actions.window", start=t.day(expected.start, short=True), end=t.day(last_day(expected), short=True), against=told)


def _declared(phrases: Phrases, action: Action) -> str:
    t, declared, entered = phrases.t, phrases.t.day(action.declared_on, short=True), phrases.t.day(action.entered_on, short=True)
    if action.register:
        return t("actions.declared.register", day=declared, register=action.register, entered=entered)
    begun = action.expected is not None and action.declared_on >= action.expected.start
    return t("actions.declared.begun" if begun else "actions.declared", day=declared)


def _result(phrases: Phrases, action: Action, expected: Expected, measured: Measured) -> View:
    beside = [_name(phrases, one) for one in phrases.reading.counted_with(action)]
    told = verdict_told(phrases.t, expected.metric, measured, beside, bool(expected.control))
    return {
        "verdict": told.verdict,
        "tone": TONES[measured.verdict],
        "text": told.change,
        "interval": told.interval,
        "n": told.counted,
        "few": measured.n_before + measured.n_after < SMALL_BASE,
        "why": told.why,
    }


def _name(phrases: Phrases, irritant_id: str) -> str:
    record = phrases.reading.everyone.get(irritant_id)
    return str(phrases.label(record)["label"]) if record is not None else irritant_id


# ---------------------------------------------------------------- what to look at


def _look(phrases: Phrases, day: date) -> list[View]:
    irritants = [
        Standing(record.id, record.owner, day) for record in phrases.reading.ranked(IrritantKind.IRRITANT, told=True) if record.status == "active"
    ]
    found = troubles(irritants, unrejected(phrases.reading.loops, phrases.reading.everyone), day)
    kinds = dict.fromkeys(one.kind for one in found)
    return [
        {"kind": phrases.t(f"actions.look.{kind}"), "told": "; ".join(_trouble(phrases, one) for one in found if one.kind == kind)} for kind in kinds
    ]


def _trouble(phrases: Phrases, one: Trouble) -> str:
    if one.action is None:
        return _name(phrases, one.irritant_id)
    due = f" ({phrases.t.day(one.action.due, short=True)})" if one.kind == "late" else ""
    return f"{one.action.what}{due}"


# ---------------------------------------------------------------- health, maturity, pillars


def _health(phrases: Phrases, name: str, metric: Metric) -> View:
    t, estimate = phrases.t, interval(metric)
    days = name == "days_to_action"
    text = t.number(estimate.value, 0) if days else t.percent(estimate.value, 0)
    ends = "" if estimate.low == estimate.high else t.range(estimate.low, estimate.high, 0) if days else t.percents(estimate.low, estimate.high, 0)
    return {"name": t(f"health.{name}"), "text": text, "interval": ends, "n": metric.n, "chart": None if days else whisker(estimate, 0, 1)}


def _maturity(phrases: Phrases, name: str, metric: Metric) -> View:
    t, estimate = phrases.t, interval(metric)
    says = ""
    if name == "channel_coverage" and detail(metric, "silent"):
        says = t("maturity.silent", channels=", ".join(phrases.channel(one) for one in detail(metric, "silent")))
    if name == "not_valued_spread":
        p = detail(metric, "p_value")
        found = phrases.listed((phrases.channel(one), share) for one, share in sorted(detail(metric, "channels", {}).items()))
        says = found if p is None else f"{found} ({t('maturity.spread.more' if float(p) < 0.05 else 'maturity.spread.chance')})"
    if name == "share_settled":
        says = t("maturity.least")
    spread = name == "not_valued_spread"
    text = phrases.points(estimate.value, 1).lstrip("+").replace(" ", HARD) if spread else t.percent(estimate.value)
    ends = t.range(100 * estimate.low, 100 * estimate.high) if spread else t.percents(estimate.low, estimate.high)
    ends = ends if estimate.low < estimate.high else ""
    few = None if name in ("channel_coverage", "not_valued_spread") else metric.n  # channels are counted, not sampled
    return {"name": t(f"maturity.{name}"), "text": text, "interval": ends, "n": metric.n, "few": few, "says": says}


def _gap_mix(phrases: Phrases) -> list[View]:
    quarters: dict[str, dict[str, Metric]] = {}
    for (quarter, gap), metric in phrases.f.crossed("gap_mix", "share").items():
        quarters.setdefault(quarter, {})[gap] = metric
    rows = []
    for quarter, found in sorted(quarters.items()):
        year, n = parted(quarter.replace("-Q", "="))
        cells = [phrases.figure("share", estimate) if (estimate := interval(found.get(str(int(gap))))) else None for gap in Gap]
        rows.append({"name": phrases.t("gapmix.name", year=year, n=n), "n": next(iter(found.values())).n, "cells": cells})
    return rows


def _pillars(phrases: Phrases) -> list[View]:
    found = {name: phrases.f.of("pillar", name) for name in PILLARS if phrases.f.of("pillar", name)}
    _, high = bounds([interval(metric) for figures in found.values() for metric in figures.values()])
    rows = []
    for name, figures in found.items():
        cells = []
        for side, tone in (("share_against", "bad"), ("share_for", "")):
            estimate = interval(figures.get(side))
            cells.append({**phrases.figure("share", estimate), "chart": whisker(estimate, 0, high, tone=tone), "n": estimate.n} if estimate else None)
        rows.append({"name": phrases.t(f"pillars.{name}"), "from": phrases.t(f"pillars.{name}.from"), "cells": cells})
    return rows
