"""The loop of an irritant: cause found, action, expected result declared before, measured result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

LOOP_STATUS = ("identified", "cause_found", "action", "measured_result", "closed", "reopened")
"""Where an irritant stands in its loop."""
VERDICTS = ("met", "not_met", "cannot_tell")
"""What a measured result says of an expected one."""
METRICS = ("verbatim_share", "customer_share", "contact_rate", "not_valued_rate", "nps", "csat", "ces", "stars")
"""What can be expected to change."""
SCORES = ("nps", "csat", "ces", "stars")
"""Those of them that are answers: of everyone the action is meant for, whatever they tell."""
LEAST_BEFORE = 8
"""Weeks before a window from which a trend can be told from a change of level."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What people found to be behind an irritant, who found it, and when."""

    what: str
    found_by: str
    found_on: date


@dataclass(frozen=True, slots=True)
class Expected:
    """What an action is expected to change, declared before.

    Attributes:
        metric: One of `METRICS`.
        change: By how much, negative for a fall: a share of what it was where `relative`, else points (of 100 %, per 1,000 contacts, or of the score).
        start: First day of the window.
        weeks: Its length.
        before_weeks: Weeks before it that it is set against.
        control: `attribute=value` of customers for whom nothing changes, or "" for an interrupted time series.
        treated: `attribute=value` of those for whom it does; "" for all others of that attribute.
    """

    metric: str
    change: float
    relative: bool
    start: date
    weeks: int
    before_weeks: int = 26
    control: str = ""
    treated: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of an action, as a run computed it.

    Attributes:
        verdict: One of `VERDICTS`, or "" while the window is not over.
        value, low, high: The change with its 95 % interval; a share of what was to be expected without the action (-0.4: 40 % less) where `relative`,
            else points. None where it cannot be computed.
        target: The declared change in the same unit; as declared where nothing stands before to convert it by.
        why: Why it cannot be told: `few`, `short`, `wide`, `partial`, `disagree` (trend and level), `no_base`, `zero` (nothing before to take a share of);
            `waiting` or `open` before the window is over; else "".
        before, after: What the metric was in the weeks before and in the window, for whom the action was meant.
        n_before, n_after: Verbatims that tell the irritant (or respondents) behind them.
        needed_weeks: Length of window that would tell an effect of the declared size, 8 times in 10; None where none under two years would.
        until: Last day of the data it stands on.
    """

    verdict: str
    value: float | None
    low: float | None
    high: float | None
    relative: bool
    target: float
    why: str
    before: float | None
    after: float | None
    n_before: int
    n_after: int
    needed_weeks: int | None
    until: date


@dataclass(frozen=True, slots=True)
class Action:
    """What is done about an irritant.

    Attributes:
        state: `planned`, `started`, `done` or `dropped`.
        declared_on: Day its expected result was declared (of the plan where it has none): as entered, or as the company's own register says.
        entered_on: Day it was entered here.
        register: The register whose word is taken for `declared_on`, or "" where it was entered that day.
        measured: The last result a run computed; None before.
        edit: Rank of the line of the ledger that planned it.
    """

    id: str
    irritant_id: str
    what: str
    owner: str
    due: date | None
    state: str
    planned_on: date
    declared_on: date
    entered_on: date
    author: str
    register: str = ""
    expected: Expected | None = None
    measured: Measured | None = None
    edit: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """Where one irritant stands between its gap and a measured result.

    Attributes:
        status: One of `LOOP_STATUS`.
        closed_how: `met` or `decision` where it was closed, else "".
        closed_on: Day it was closed.
        closed_why: Reason given.
        reopenings: How often it was opened again, by a person or by a run that saw it come back.
        recurrences: Those by a run.
    """

    irritant_id: str
    status: str = "identified"
    causes: tuple[Cause, ...] = ()
    actions: tuple[Action, ...] = ()
    closed_how: str = ""
    closed_on: date | None = None
    closed_why: str = ""
    reopenings: int = 0
    recurrences: int = 0
