"""The measured result of an action: its declared metric in its declared window, against what was to be expected without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from voc_pipeline.intervals import Floats, Ints
from voc_pipeline.prioritise.base import Base, Bools
from voc_pipeline.prioritise.effects import LEAST_ANSWERS, Effect, controlled, interrupted, joint, mean_change, verdict, weeks_needed
from voc_pipeline.prioritise.exposure import PER, Contacts, counts_by_week, dispersion, weekly
from voc_pipeline.schema import LEAST_BEFORE, SCORES, Expected, Measured


@dataclass(frozen=True, slots=True)
class _Window:
    """Weeks of a base.

    Attributes:
        week: Of each verbatim, -1 outside. *Shape:* (n,)
        after: Which weeks are the window. *Shape:* (W,)
        exposure: Base of each week. *Shape:* (W,)
        name: Of the base: `verbatims` or `contacts`.
    """

    week: Ints
    after: Bools
    exposure: Floats
    name: str


def measured_result(base: Base, irritant_id: str, expected: Expected, as_of: date, first_day: date, contacts: Contacts) -> Measured:
    """What came of what was declared, as far as the data of a run go.

    Args:
        base: Verbatims of the run.
        irritant_id: Whose action.
        expected: As declared.
        as_of: Last day of the run.
        first_day: First day of its data.
        contacts: Contacts by (month, channel), or nothing.

    Returns:
        A verdict once the window is over; before, `why` says `waiting` or `open`.
    """
    last = expected.start + timedelta(weeks=expected.weeks) - timedelta(days=1)
    nothing = Measured("", None, None, None, expected.relative, expected.change, "", None, None, 0, 0, None, min(as_of, last))
    if as_of < last:
        return replace(nothing, why="waiting" if as_of < expected.start else "open")
    before_weeks = min(expected.before_weeks, (expected.start - first_day).days // 7)
    if before_weeks < LEAST_BEFORE:
        return replace(nothing, verdict="cannot_tell", why="short")
    return _measured(base, irritant_id, replace(expected, before_weeks=before_weeks), last, contacts, nothing)


def _measured(base: Base, irritant_id: str, expected: Expected, last: date, contacts: Contacts, nothing: Measured) -> Measured:
    weeks = expected.before_weeks + expected.weeks
    counted = contacts if expected.metric == "contact_rate" else {}
    exposure, week, name = weekly(base, counted, last, weeks)
    window = _Window(week, np.arange(weeks) >= expected.before_weeks, exposure, name)
    untellable = replace(nothing, verdict="cannot_tell")
    if expected.metric == "contact_rate" and (name != "contacts" or expected.control):
        return replace(untellable, why="no_base")  # nobody counts the contacts of a group
    treated, control = _groups(base, expected)
    place = base.ids.index(irritant_id) if irritant_id in base.ids else -1
    rows = base.rows_of[place] if place >= 0 else np.zeros(0, dtype=np.int64)
    rows = rows[week[rows] >= 0]
    if expected.metric in (*SCORES, "not_valued_rate"):
        return _of_means(base, rows, expected, window, (treated, control), untellable)
    return _of_counts(base, rows, expected, window, (treated, control), untellable)


def _groups(base: Base, expected: Expected) -> tuple[Bools, Bools | None]:
    """Rows for whom something changes, and the control's; all and None without one."""
    if not expected.control:
        return np.ones(len(base), dtype=bool), None
    attribute, _, value = expected.control.partition("=")
    told = np.array([_value(base, row, attribute) for row in range(len(base))], dtype=object)
    control = told == value
    meant = expected.treated.partition("=")[2]
    return (told == meant if meant else (told != "") & ~control), control


def _value(base: Base, row: int, attribute: str) -> str:
    voice = base.voices[row]
    return {"channel": voice.channel, "lang": voice.lang}.get(attribute) or voice.attributes.get(attribute, "")


def _of_counts(base: Base, rows: Ints, expected: Expected, window: _Window, groups: tuple[Bools, Bools | None], untellable: Measured) -> Measured:
    treated, control = groups
    weeks, after = len(window.after), window.after
    customers = expected.metric == "customer_share"
    spoken = np.stack([window.week[rows], base.clusters[rows]])
    week, cluster = np.unique(spoken, axis=1) if customers and len(rows) else spoken
    spread = dispersion(cluster * 2 + after[week].astype(np.int64))

    def told(group: Bools) -> tuple[Floats, Floats]:
        mine, everyone = rows[group[rows]], np.flatnonzero(group & (window.week >= 0))
        if customers:
            return _customers(base, window, mine), _customers(base, window, everyone)
        of_all = window.exposure if window.name == "contacts" or control is None else counts_by_week(window.week, everyone, weeks)
        return counts_by_week(window.week, mine, weeks), of_all

    y, e = told(treated)
    if control is None:
        effects, control_rate = [interrupted(y, e, after, spread, trend) for trend in (True, False)], None
    else:
        yc, ec = told(control)
        effects, control_rate = [controlled(y, yc, e, ec, after, spread)], float(yc[~after].sum()) / spread / expected.before_weeks
    scale = PER if expected.metric == "contact_rate" else 100.0
    rates = [float(y[part].sum() / e[part].sum()) if e[part].sum() else None for part in (~after, after)]
    result = replace(
        untellable,
        before=None if rates[0] is None else rates[0] * scale,
        after=None if rates[1] is None else rates[1] * scale,
        n_before=int(y[~after].sum()),
        n_after=int(y[after].sum()),
    )
    target = expected.change
    if rates[0]:  # with nothing before, points are no share of it: the target stays as it was declared
        target = target if expected.relative else max(-0.99, target / (rates[0] * scale))
        result = replace(result, relative=True, target=target)
    per_week = float(y[~after].sum()) / spread / expected.before_weeks
    needed = weeks_needed(per_week, effects[0].spread if effects[0] else 0.0, target, expected.before_weeks, control_rate)
    return _judged(result, effects, needed)


def _customers(base: Base, window: _Window, rows: Ints) -> Floats:
    """Distinct customers behind some verbatims, by week. *Shape:* (W,)"""
    pairs = np.unique(np.stack([window.week[rows], base.clusters[rows]]), axis=1) if len(rows) else np.zeros((2, 0), dtype=np.int64)
    return np.bincount(pairs[0], minlength=len(window.after)).astype(np.float64)


def _of_means(base: Base, rows: Ints, expected: Expected, window: _Window, groups: tuple[Bools, Bools | None], untellable: Measured) -> Measured:
    """Of those who tell the irritant: how often they are not valued, or the score they give."""
    treated, control = groups
    if expected.metric == "not_valued_rate":
        values, clusters, who = base.marks["share_not_valued"][rows].astype(np.float64) * 100, base.clusters[rows], rows
    else:
        answers = base.answers[expected.metric]
        every = np.flatnonzero((window.week >= 0) & (answers.of_row >= 0))
        _, first = np.unique(answers.of_row[every], return_index=True)
        who = every[first]
        values, clusters = answers.values[answers.of_row[who]], base.clusters[who]
        if expected.metric == "nps":
            values = np.where(values >= 9, 100.0, np.where(values <= 6, -100.0, 0.0)).astype(np.float64)
    kept = treated[who] | (control[who] if control is not None else True)
    who, values, clusters = who[kept], values[kept], clusters[kept]
    inside = window.after[window.week[who]]
    mine = treated[who]
    sides = [values[mine & ~inside], values[mine & inside]]
    means = [float(side.mean()) if len(side) else None for side in sides]
    before = means[0]
    result = replace(untellable, before=before, after=means[1], n_before=len(sides[0]), n_after=len(sides[1]))
    target = expected.change
    if before is not None:
        target = target * abs(before) if expected.relative else target
        result = replace(result, relative=False, target=target)
    if not target:
        return replace(result, why="zero")
    effects = [
        mean_change(values, clusters, window.week[who], inside, mine if control is not None else None, trend)
        for trend in ((True, False) if control is None else (False,))
    ]
    return _judged(result, effects, _weeks_for_mean(effects[0], target, len(sides[1]), expected.weeks))


def _weeks_for_mean(effect: Effect | None, target: float, n: int, weeks: int) -> int | None:
    """Weeks until the interval is as narrow as the target asks, the answers of a week staying as many."""
    if not n or not target:
        return None
    least = LEAST_ANSWERS * weeks / n
    half = (effect.high - effect.low) / 2 if effect else 0.0
    wanted = max(least, weeks * (1.43 * half / abs(target)) ** 2)  # 1.43: half of an interval that excludes no change, 8 times in 10
    return round(wanted + 0.5) if wanted < 104 else None


def _judged(result: Measured, effects: Sequence[Effect | None], needed: int | None) -> Measured:
    found = [effect for effect in effects if effect is not None]
    if len(found) < len(effects):
        return replace(result, why="few", needed_weeks=needed)
    effect, judged = joint(found, result.target)
    low, high = (None if not np.isfinite(bound) or bound > 1e4 else round(bound, 6) for bound in (effect.low, effect.high))
    told = judged == "cannot_tell"
    alone = {verdict(one, result.target) for one in found}
    why = "" if not told else "disagree" if len(alone) > 1 else "partial" if _excludes_no_change(effect, result.target) else "wide"
    return replace(result, verdict=judged, value=round(effect.value, 6), low=low, high=high, why=why, needed_weeks=needed if told else None)


def _excludes_no_change(effect: Effect, target: float) -> bool:
    return effect.high < 0 if target < 0 else effect.low > 0
