"""How well the loop turns: what has an owner, a cause, an action, a measured result; how long it takes; what is late, unowned, or comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from voc_pipeline.intervals import LEVEL, wilson_interval
from voc_pipeline.schema import VERDICTS, Action, Loop, Metric


@dataclass(frozen=True, slots=True)
class Standing:
    """An irritant as its loop is judged.

    Attributes:
        owner: Department that answers for it, or "".
        known_since: Last day of the data of the run that bore it.
    """

    irritant_id: str
    owner: str
    known_since: date


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is to be looked at: `late`, `no_expected` (both of an action) or `unowned` (of an irritant)."""

    kind: str
    irritant_id: str
    action: Action | None = None


def is_late(loop: Loop, action: Action, as_of: date) -> bool:
    """Whether an action is past its due date and not carried out, or carried out and its window over without a measured result."""
    if action.due is None or action.due >= as_of or action.state == "dropped" or loop.status == "closed":
        return False
    return action.state != "done" or phase(action, as_of) == "due"


def phase(action: Action, as_of: date) -> str:
    """What can be said of a result: `none` declared, `waiting` for its window, `open`, `due` (over, the next run measures it), or the verdict."""
    if action.expected is None:
        return "none"
    if action.measured is not None and action.measured.verdict:
        return action.measured.verdict
    over = action.expected.start.toordinal() + 7 * action.expected.weeks - 1
    return "waiting" if as_of < action.expected.start else "open" if as_of.toordinal() < over else "due"


def troubles(irritants: Sequence[Standing], loops: Mapping[str, Loop], as_of: date) -> list[Trouble]:
    """Late actions, actions that expect nothing, irritants without an owner; by kind, then id."""
    found = [Trouble("unowned", one.irritant_id) for one in irritants if not one.owner and not _owned(loops.get(one.irritant_id))]
    for irritant_id, loop in sorted(loops.items()):
        for action in loop.actions:
            if is_late(loop, action, as_of):
                found.append(Trouble("late", irritant_id, action))
            if action.expected is None and action.state != "dropped" and loop.status != "closed":
                found.append(Trouble("no_expected", irritant_id, action))
    order = ("late", "no_expected", "unowned")
    return sorted(found, key=lambda one: (order.index(one.kind), one.irritant_id, one.action.id if one.action else ""))


def health_figures(irritants: Sequence[Standing], loops: Mapping[str, Loop], as_of: date) -> list[Metric]:
    """The loop's health over the irritants of a run: shares with Wilson intervals over irritants, the median of days with its exact interval.

    The rate of closed loops (`closed_share`) is over all irritants that somebody acts on, told in the run or not: what is solved falls silent.

    Args:
        irritants: Those told in the run.
        loops: By irritant.
        as_of: Last day of the run.
    """
    n = len(irritants)
    of = [loops.get(one.irritant_id, Loop(one.irritant_id)) for one in irritants]
    actions = [[action for action in loop.actions if action.state != "dropped"] for loop in of]
    has = {
        "owner": [bool(one.owner) or _owned(loop) for one, loop in zip(irritants, of, strict=True)],
        "cause": [bool(loop.causes) for loop in of],
        "action": [bool(own) for own in actions],
        "result": [any(action.measured and action.measured.verdict in ("met", "not_met") for action in own) for own in actions],
    }
    figures = [_share(f"{name}_share", sum(marks), n) for name, marks in has.items() if n]
    every = [(loop, action) for loop in loops.values() for action in loop.actions if action.state != "dropped"]
    if every:
        figures.append(_share("expected_share", sum(action.expected is not None for _, action in every), len(every)))
        figures.append(_share("late_share", sum(is_late(loop, action, as_of) for loop, action in every), len(every)))
    verdicts = [action.measured.verdict for _, action in every if action.measured and action.measured.verdict]
    figures += [_share(f"{verdict}_share", verdicts.count(verdict), len(verdicts)) for verdict in VERDICTS if verdicts]
    begun = [loop for loop in loops.values() if loop.causes or any(action.state != "dropped" for action in loop.actions)]
    if begun:
        closed = [loop.closed_how for loop in begun if loop.status == "closed"]
        figures.append(_share("closed_share", closed.count("met"), len(begun), decided=closed.count("decision")))
    ended = [loop for loop in loops.values() if loop.closed_how == "met" or loop.recurrences]
    if ended:
        figures.append(_share("recurrence_share", sum(loop.recurrences > 0 for loop in ended), len(ended)))
    days = [wait for one, loop, own in zip(irritants, of, actions, strict=True) if own and (wait := _days(one, loop, own)) is not None]
    return figures + ([_median(days)] if days else [])


def _days(one: Standing, loop: Loop, actions: Sequence[Action]) -> int | None:
    """Days from identified (known to a run, or its cause found, whichever came first) to the first action; None where the action came before both."""
    known = min([one.known_since, *(cause.found_on for cause in loop.causes)])
    wait = (min(action.planned_on for action in actions) - known).days
    return wait if wait >= 0 else None


def _owned(loop: Loop | None) -> bool:
    return loop is not None and any(action.owner and action.state != "dropped" for action in loop.actions)


def _share(name: str, k: int, n: int, **detail: int) -> Metric:
    low, high = wilson_interval(k, n)
    return Metric("loop", "", name, round(k / n, 6), round(low, 6), round(high, 6), n, {"count": k, **detail})


def _median(days: Sequence[int]) -> Metric:
    """Median with the exact interval of order statistics; no bounds where so few carry none."""
    from scipy.stats import quantile_test

    low, high = quantile_test(np.array(days, dtype=np.float64), q=0, p=0.5).confidence_interval(LEVEL)
    bounds = [float(bound) if np.isfinite(bound) else None for bound in (low, high)]
    return Metric("loop", "", "days_to_action", float(np.median(days)), bounds[0], bounds[1], len(days))
