"""What an action is expected to change: read from words, written to the ledger, and refused where its window was already looked at."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from voc_pipeline.errors import EditError, suggest
from voc_pipeline.keys import fold
from voc_pipeline.schema import LEAST_BEFORE, METRICS, Expected

LEAST_WEEKS, MOST_WEEKS = 2, 104


def expected_of(
    where: str,
    metric: str,
    change: str,
    start: date | None,
    weeks: int | None,
    before_weeks: int = 26,
    control: str = "",
    treated: str = "",
) -> Expected:
    """An expected result from what a person wrote.

    Args:
        where: For messages.
        metric: One of `METRICS`.
        change: `-50%` of what it was, or `-2` points; a plus may be left out. The NPS takes points only: it may be nothing, or less.
        start: First day of the window.
        weeks: Its length.
        before_weeks: Weeks before it.
        control: `attribute=value`, or "".
        treated: `attribute=value`, or "".

    Raises:
        EditError: Something is missing or makes no sense.

    >>> expected_of("x", "nps", "+5", date(2026, 3, 2), 8).change
    5.0
    """
    if metric not in METRICS:
        raise EditError(f"{where}: metric", f"{metric!r} is no metric of a result", "", suggest(metric, METRICS))
    read = re.fullmatch(r"([+\-−]?)\s*(\d+(?:[.,]\d+)?)\s*(%?)", change.strip())
    if read is None or not float(read[2].replace(",", ".")):
        raise EditError(f"{where}: change", f"{change!r} is no change", "-50% (of what it was) or -2 (points)", "Give its direction and size")
    size = float(read[2].replace(",", ".")) * (-1 if read[1] in ("-", "−") else 1)
    if read[3] and metric == "nps":
        raise EditError(f"{where}: change", f"{change!r} of an NPS, which may be nothing or less", "points, such as +5", "Give points")
    if read[3] and size <= -100:
        raise EditError(f"{where}: change", f"{change!r} leaves less than nothing", "a fall of less than 100 %", "Give a smaller one")
    if start is None or weeks is None:
        raise EditError(f"{where}: window", "no first day, or no length", "both: from a day on, so many weeks", "Give the start and the weeks")
    if not LEAST_WEEKS <= weeks <= MOST_WEEKS or not LEAST_BEFORE <= before_weeks <= MOST_WEEKS:
        told = f"{LEAST_WEEKS} to {MOST_WEEKS} weeks, and {LEAST_BEFORE} to {MOST_WEEKS} before"
        raise EditError(f"{where}: window", f"{weeks} weeks after {before_weeks}", told, "Change the window")
    for name, value in (("control", control), ("treated", treated)):
        if value and not re.fullmatch(r"[^=\s][^=]*=[^=]+", value):
            raise EditError(f"{where}: {name}", f"{value!r} names no group", "attribute=value, such as region=Bretagne", "Write it so")
    if metric == "contact_rate" and control:
        raise EditError(f"{where}: control", f"a rate per contact beside {control!r}", "verbatim_share", "Nobody counts the contacts of a group")
    if treated and (not control or control.split("=")[0] != treated.split("=")[0] or control == treated):
        raise EditError(f"{where}: treated", f"{treated!r} beside the control {control!r}", "another value of the control's attribute", "Name both")
    return Expected(metric, size / 100 if read[3] else size, bool(read[3]), start, weeks, before_weeks, control, treated)


def written(expected: Expected) -> dict[str, Any]:
    """An expected result as the ledger keeps it."""
    fields: dict[str, Any] = {name: getattr(expected, name) for name in Expected.__slots__}
    return fields | {"start": expected.start.isoformat()}


def read(payload: Mapping[str, Any]) -> Expected:
    """An expected result as the ledger kept it."""
    return Expected(**{**payload, "start": date.fromisoformat(payload["start"])})


def last_day(expected: Expected) -> date:
    """Last day of its window."""
    return expected.start + timedelta(weeks=expected.weeks) - timedelta(days=1)


def check_before(where: str, expected: Expected, entered: date, analysed: date | None, declared: date | None = None) -> None:
    """Refuses a result declared after its window could be seen.

    Args:
        where: For the message.
        expected: The result.
        entered: Today.
        analysed: Last day that any run has analysed; None where none has.
        declared: Day of the declaration by the company's own register, or None where it is declared now.

    Raises:
        EditError: Its window had begun and its data were analysed, or the register declares it after its start.
    """
    if declared is not None:
        if declared > max(entered, analysed or entered):
            raise EditError(where, f"declared on {declared}, which is to come", "a day up to today", "Mend the register")
        if declared >= expected.start:
            told = f"declared on {declared}, its window began on {expected.start}"
            raise EditError(where, told, "a result declared before its window", "Choose a later window: nobody declares after seeing")
    elif entered >= expected.start and analysed is not None and analysed >= expected.start:
        told = f"its window begins on {expected.start}, and data up to {analysed} were analysed"
        raise EditError(where, told, f"a window that begins after {analysed}", "Choose a later one: nobody declares after seeing")


def doubts(due: date | None, expected: Expected | None, planned: date) -> list[str]:
    """What looks wrong in a plan, and may be meant.

    Args:
        due: Day it is due.
        expected: What it is expected to change.
        planned: Day of the plan.

    >>> doubts(date(1999, 3, 31), None, date(2026, 5, 20))
    ['due on 1999-03-31, before the day of the plan, 2026-05-20: late from the first day']
    """
    if due is None:
        return []
    told = [f"due on {due}, before the day of the plan, {planned}: late from the first day"] if due < planned else []
    if expected is not None and due > last_day(expected):
        told.append(f"due on {due}, after the last day of its window, {last_day(expected)}: measured before it need be done")
    return told


def check_groups(where: str, expected: Expected, groups: Mapping[str, Collection[str]]) -> None:
    """Refuses a control, or a group concerned, that no verbatim belongs to: nothing could ever be measured of it.

    Args:
        where: For the message.
        expected: The result.
        groups: Values of each attribute of the data, channel and language among them; nothing before the first verbatim.

    Raises:
        EditError: No such attribute, or no verbatim with the value.
    """
    for name in ("control", "treated"):
        attribute, _, value = getattr(expected, name).partition("=")
        if not attribute or not groups:
            continue
        if attribute not in groups:
            raise EditError(f"{where}: {name}", f"{attribute!r} is no attribute of the data", "", suggest(attribute, sorted(groups)))
        if value not in groups[attribute]:
            raise EditError(f"{where}: {name}", f"no verbatim has {attribute}={value}", "", suggest(value, sorted(groups[attribute])))


def action_id(irritant_id: str, what: str, owner: str, due: str) -> str:
    """The id of an action: from what it is, whose and until when, so that the same plan has the same id."""
    digest = hashlib.sha256("\n".join([irritant_id, fold(what), fold(owner), due]).encode()).digest()
    return f"ACT-{base64.b32encode(digest).decode()[:8]}"
