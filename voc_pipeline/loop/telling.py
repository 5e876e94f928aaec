"""Expected and measured results in words, for the command line."""

from __future__ import annotations

from collections.abc import Sequence

from voc_pipeline.loop.declaring import last_day
from voc_pipeline.schema import SCORES, Expected, Measured

METRIC_NAMES = {
    "verbatim_share": "share of verbatims",
    "customer_share": "share of customers",
    "contact_rate": "rate per 1,000 contacts",
    "not_valued_rate": "not valued among those who tell it",
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "stars": "stars",
}
WHY = {
    "few": "too few verbatims or answers",
    "short": "under eight weeks of data before the window",
    "wide": "the interval holds both the target and no change",
    "disagree": "set against its trend and against its level, it does not say the same",
    "partial": "it moved, but whether by enough the interval leaves open",
    "no_base": "nobody counts the contacts of every week",
    "zero": "it stood at nothing before, of which there is no share",
}

UNCOUNTED = ("short", "no_base")
"""Reasons for which nothing was counted."""
LONGER = ("few", "wide", "partial")
"""Reasons that a longer window would take away."""


def expected_told(expected: Expected, short: bool = False) -> str:
    """What was declared.

    >>> from datetime import date
    >>> expected_told(Expected("nps", 5.0, False, date(2026, 3, 2), 8), short=True)
    'NPS +5 points'
    """
    size = f"{expected.change * 100:+.0f} %" if expected.relative else f"{expected.change:+g} points"
    told = f"{METRIC_NAMES[expected.metric]} {size}"
    if short:
        return told
    against = f"against {expected.control}" if expected.control else "against its own trend and level"
    treated = f" ({expected.treated})" if expected.treated else ""
    return f"{told}{treated}, {expected.start} to {last_day(expected)}, {against}, {expected.before_weeks} weeks before"


def change_told(measured: Measured, metric: str, beside: Sequence[str] = ()) -> str:
    """A verdict with the change behind it, and what it counts: verbatims that tell it, or the answers of everyone the action is meant for.

    Args:
        measured: With a verdict.
        metric: What was expected to change.
        beside: Names of irritants that parted from the one acted on, and are counted with it.

    >>> from datetime import date
    >>> change_told(Measured("met", -0.8, -0.9, -0.5, True, -0.5, "", 9.3, 5.1, 44, 11, None, date(2026, 8, 23)), "verbatim_share")
    'met: -80 % [-90, -50], 44 told it before, 11 in the window'
    >>> change_told(Measured("met", 6.0, 2.0, 10.0, False, 5.0, "", 9.3, 15.1, 440, 110, None, date(2026, 8, 23)), "nps")
    'met: +6 points [+2, +10], 440 answers before, 110 in the window'
    """
    counted = f"{measured.n_before} {'answers' if metric in SCORES else 'told it'} before, {measured.n_after} in the window"
    counted += f", with {', '.join(repr(name) for name in beside)}, which parted from it" if beside else ""
    verdict = measured.verdict.replace("_", " ")
    if measured.value is None:
        return f"{verdict}: {WHY.get(measured.why, measured.why)}" + ("" if measured.why in UNCOUNTED else f" ({counted})")
    times, unit = (100, " %") if measured.relative else (1, " points")
    low, high = (f"{bound * times:+.0f}" if bound is not None else "open" for bound in (measured.low, measured.high))
    return f"{verdict}: {measured.value * times:+.0f}{unit} [{low}, {high}], {counted}"


def measured_told(measured: Measured, metric: str, beside: Sequence[str] = (), controlled: bool = False) -> str:
    """The same with why it cannot be told, and what it would take; `controlled` where it has a control already."""
    told = change_told(measured, metric, beside)
    if measured.verdict != "cannot_tell":
        return told
    why = f"; {WHY[measured.why]}" if measured.value is not None and measured.why in WHY else ""
    needed = (
        f"; a window of {measured.needed_weeks} weeks would tell a change of the declared size 8 times in 10"
        if measured.needed_weeks
        else f"; no window under two years would tell a change of that size: {'only a larger irritant' if controlled else 'a control, or a larger irritant,'} might"
        if measured.why in LONGER
        else ""
    )
    return told + why + needed


def phase_told(phase: str) -> str:
    """Where a result stands before there is one."""
    return {
        "none": "nothing is expected",
        "waiting": "its window has not begun",
        "open": "its window is open",
        "due": "the next run measures it",
    }.get(phase, phase)
