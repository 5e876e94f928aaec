"""A register of actions read again: which line is which action, which state moved forward since, and what differs and is not taken. Pure logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from voc_pipeline.errors import EditError
from voc_pipeline.loop.telling import expected_told
from voc_pipeline.schema import Action, Edit, Expected, Loop

STATES = ("planned", "started", "done", "dropped")
"""States of an action, in the order they may follow each other."""
EDITS: Mapping[str, str] = {"started": "start", "done": "done", "dropped": "drop"}
"""The edit that leads to each state."""


@dataclass(frozen=True, slots=True)
class CauseTold:
    """A cause as a register tells it; `found_by` may be ""."""

    what: str
    found_by: str
    found_on: date


@dataclass(frozen=True, slots=True)
class Line:
    """An action as a register tells it.

    Attributes:
        where: For messages.
        number: Which action of the file, from 1.
        irritant: Its id, or a mapping with `examples`.
        what: What is done, personal data out.
    """

    where: str
    number: int
    irritant: Any
    what: str
    owner: str
    due: date | None
    state: str
    declared: date
    expected: Expected | None
    cause: CauseTold | None
    reason: str


@dataclass(frozen=True, slots=True)
class Entered:
    """An action that a register brought, with the name of the register and the day it declared."""

    loop: Loop
    action: Action
    register: str
    declared: date


@dataclass(frozen=True, slots=True)
class Untaken:
    """What a register says otherwise than the ledger: where, what differs and why it is not taken, and the command that would change it."""

    where: str
    told: str
    remedy: str


def entered(ledger: Sequence[Edit], loops: Mapping[str, Loop]) -> list[Entered]:
    """Actions that registers brought and that stand, in the order they were entered."""
    standing = {action.edit: (loop, action) for loop in loops.values() for action in loop.actions}
    plans = (edit for edit in ledger if edit.action == "plan" and edit.id in standing and edit.payload.get("register"))
    return [Entered(*standing[edit.id], str(edit.payload["register"]), date.fromisoformat(edit.payload["declared"])) for edit in plans]


def matched(lines: Sequence[Line], register: str, known: Sequence[Entered], following: Callable[[str], str]) -> dict[int, Entered]:
    """By number of a line, the action it was entered as before, whoever claims its examples today.

    Args:
        lines: Of the file.
        register: Its name: what it is known by.
        known: What `entered` gave.
        following: Where an id leads, merges followed.

    Raises:
        EditError: Lines were entered under the name of another register.
    """
    found: dict[int, Entered] = {}
    for least in (_same_plan, _same_day, _same_terms):
        left = [one for one in known if one.register == register and one.action.id not in {own.action.id for own in found.values()}]
        for line in lines:
            if line.number not in found and (own := next((one for one in left if _may_be(line, one, following) and least(line, one)), None)):
                found[line.number] = own
                left.remove(own)
    elsewhere: dict[str, list[str]] = {}
    for line in lines:
        others = (one for one in known if one.register != register and _may_be(line, one, following) and _same_day(line, one))
        if line.number not in found and (other := next(others, None)):
            elsewhere.setdefault(other.register, []).append(f"action {line.number} is {other.action.id}")
    if elsewhere:
        name, told = next(iter(elsewhere.items()))
        raise EditError(
            register,
            f"{name} brought lines of it already: {', '.join(told)}",
            f"the name {name}: a register is known by the name of its file",
            f"Import it as {name}; an action that only reads the same needs words of its own",
        )
    return found


def moved_on(line: Line, action: Action) -> str:
    """The edit that the state of a line asks for: `start`, `done` or `drop`; "" where it did not move forward.

    Raises:
        EditError: Given up without a reason.
    """
    if action.state == "dropped" or STATES.index(line.state) <= STATES.index(action.state) or (line.state == "dropped" and _decided(action)):
        return ""
    if line.state == "dropped" and not line.reason.strip():
        raise EditError(f"{line.where}: reason", f"none, and {action.id} is given up", "why it is", "Add `reason:`")
    return EDITS[line.state]


def untaken(line: Line, own: Entered) -> Iterator[Untaken]:
    """What a line says otherwise than the action it was entered as, and an import does not change."""
    action = own.action
    where, drop = f"{line.where} ({action.id})", f"`voc action CONFIG drop {action.id} --reason ...`, then plan another"
    if line.state != action.state and not moved_on(line, action):
        verdict = _decided(action) and line.state == "dropped"
        why = "a measured result stays" if verdict else "what was given up stays so" if action.state == "dropped" else "a state only goes forward"
        undo = "Correct the file; `voc irritants CONFIG history` has the number of the edit, `voc irritants CONFIG undo NUMBER` takes it back"
        yield Untaken(where, f"state is {action.state} here, {line.state} in the file: {why}", "Correct the file" if verdict else undo)
    for name, here, there in (("owner", action.owner, line.owner), ("due", action.due, line.due)):
        if here != there:
            yield Untaken(where, f"{name} is {here or 'empty'} here, {there or 'empty'} in the file: a plan is not rewritten", drop)
    if line.expected != action.expected:
        told = [expected_told(one) if one else "nothing" for one in (action.expected, line.expected)]
        why = "what was declared is only changed before its window, on the day it is"
        declare = f"`voc action CONFIG expect {action.id} --metric ... --change ...`, before the window"
        remedy = "Correct the file: it was measured" if action.measured and action.measured.verdict else declare if line.expected else drop
        yield Untaken(where, f"expected is {told[0]} here, {told[1]} in the file: {why}", remedy)
    if line.declared != own.declared:
        yield Untaken(where, f"declared is {own.declared} here, {line.declared} in the file: that day stays as it was first told", "Correct the file")
    cause = next((one for one in own.loop.causes if line.cause and one.what == line.cause.what), None)
    if cause and line.cause and ((line.cause.found_by or cause.found_by) != cause.found_by or line.cause.found_on != cause.found_on):
        told = [f"{one.found_by or cause.found_by} on {one.found_on}" for one in (cause, line.cause)]
        remedy = f"Undo the cause, then `voc action CONFIG cause {own.loop.irritant_id} ...`"
        yield Untaken(where, f"its cause was found by {told[0]} here, by {told[1]} in the file: a cause is not rewritten", remedy)


def left_out(register: str, known: Sequence[Entered], found: Mapping[int, Entered]) -> Iterator[Untaken]:
    """Actions under way that a register brought, and tells of no more."""
    there = {own.action.id for own in found.values()}
    for one in known:
        if one.register == register and one.action.id not in there and one.action.state in ("planned", "started") and one.loop.status != "closed":
            told = f"{one.action.id} ({one.action.what}) is in the file no more, or under other words: it stays {one.action.state}"
            yield Untaken(register, told, f"`voc action CONFIG drop {one.action.id} --reason ...` gives it up")


def _may_be(line: Line, one: Entered, following: Callable[[str], str]) -> bool:
    """Whether the words are the same, and the irritant where it is named by its id."""
    named = line.irritant.strip().upper() if isinstance(line.irritant, str) else ""
    return line.what == one.action.what and (not named or following(named) == one.loop.irritant_id)


def _same_plan(line: Line, one: Entered) -> bool:
    return _same_day(line, one) and _same_terms(line, one)


def _same_day(line: Line, one: Entered) -> bool:
    return line.declared == one.declared


def _same_terms(line: Line, one: Entered) -> bool:
    return (line.owner, line.due) == (one.action.owner, one.action.due)


def _decided(action: Action) -> bool:
    return action.measured is not None and action.measured.verdict in ("met", "not_met")
