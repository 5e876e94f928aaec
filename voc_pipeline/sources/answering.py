"""How long the customer of a chat waited for a first answer. Told where the chat is read: only there are its clock and the order it came in known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from voc_pipeline.schema import FirstResponse, Role, Timing, Turn

REVERSED_FROM = 3
"""Turns from which times that only fall are a tool that writes the newest first; two, the customer's before the company's, may as well be clocks that disagree."""


def first_response(turns: Sequence[Turn], zone: ZoneInfo) -> FirstResponse | None:
    """Seconds from the customer's first message to the first answer after it, of a person and of a robot.

    What the company says before the customer's first words is a greeting, and answers nothing. Seconds are those that pass, whatever the clock of the
    zone does in between: an hour that is put forward does not count, one that comes twice does (where the times tell which).

    Args:
        turns: In the order they came in.
        zone: In which their times are local.

    Returns:
        The waits; None where the customer says nothing.
    """
    moments = [turn.at for turn in turns if turn.at is not None]
    ordered = oldest_first(turns, zone)
    clock = [instant(turn.at, zone) for turn in ordered if turn.at is not None]
    first = next((place for place, turn in enumerate(ordered) if turn.role is Role.CUSTOMER), None)
    if first is None:
        return None
    answers = [turn for turn in ordered[first + 1 :] if turn.role is Role.AGENT]
    person = next((turn for turn in answers if not turn.robot), None)
    robot = next((turn for turn in answers if turn.robot), None)
    said = (person is not None, robot is not None)
    if any(a > b for a, b in pairwise(clock)):
        return FirstResponse(Timing.BACKWARDS, *said)
    days_only = all(moment.time() == time() for moment in moments)
    asked = ordered[first].at
    if asked is None or days_only or any(answer is not None and answer.at is None for answer in (person, robot)):
        return FirstResponse(Timing.UNTIMED, *said)
    return FirstResponse(Timing.TIMED, *said, *(_wait(asked, answer, zone) for answer in (person, robot)))


def oldest_first(turns: Sequence[Turn], zone: ZoneInfo) -> list[Turn]:
    """Turns as they came, turned round where their times say that the tool writes the newest first: what has one time then keeps its order as well."""
    clock = [instant(turn.at, zone) for turn in turns if turn.at is not None]
    whole = len(clock) == len(turns)
    falling = whole and len(clock) > 1 and clock[0] > clock[-1] and all(a >= b for a, b in pairwise(clock))
    newest_first = falling and (len(clock) >= REVERSED_FROM or turns[0].role is Role.AGENT)
    return list(reversed(turns)) if newest_first else list(turns)


def _wait(asked: datetime, answer: Turn | None, zone: ZoneInfo) -> float | None:
    return None if answer is None or answer.at is None else instant(answer.at, zone) - instant(asked, zone)


def instant(moment: datetime, zone: ZoneInfo) -> float:
    """Seconds of a local moment on a clock that is never put forward or back."""
    return moment.replace(tzinfo=zone).astimezone(UTC).timestamp()
