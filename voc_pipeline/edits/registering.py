"""A register of actions that a company already keeps, read, the first time and again: every line checked before any is entered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from voc_pipeline.edits.acting import Actions, Declared, cleaned
from voc_pipeline.edits.reentering import STATES, CauseTold, Entered, Line, Untaken, entered, left_out, matched, moved_on, untaken
from voc_pipeline.errors import EditError, VocError, suggest
from voc_pipeline.loop import expected_of
from voc_pipeline.schema import Edit, Expected, Loop
from voc_pipeline.yaml_files import parsed

FIELDS = ("irritant", "cause", "action", "owner", "due", "state", "declared", "expected", "reason")
CAUSE_FIELDS = ("what", "found_by", "found_on")
EXPECTED_FIELDS = ("metric", "change", "start", "weeks", "before_weeks", "control", "treated")

Resolve = Callable[[str, Sequence[str]], str]
"""(where, sentences) to the id of the irritant that the registry knows them by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a register asks for: edits, and what it says otherwise than the ledger and is not taken."""

    edits: list[Edit]
    untaken: list[Untaken]


def read_register(actions: Actions, path: Path, resolve: Resolve) -> Asked:
    """The edits that a register asks for: lines that are new, states that moved forward since it was last read.

    Args:
        actions: Of the author who enters it.
        path: A YAML file: a list, or `actions:` with a list. It is known by its name.
        resolve: Finds an irritant by sentences.

    Raises:
        EditError: It cannot be read, a line is wrong, or its lines were entered under another name; ``problems`` holds every one.
    """
    asked = Asked([], [])
    problems: list[EditError] = []
    lines: list[Line] = []
    for number, told in enumerate(_lines(path), start=1):
        with _collected(where := f"{path.name}: action {number}", problems):
            lines.append(_line(where, number, told))
    loops, standing = actions.loops(), actions.registry.standing()
    known = entered(actions.registry.history(), loops)
    found = matched(lines, path.name, known, standing.following)
    for line in lines:
        with _collected(line.where, problems):
            own = found.get(line.number)
            irritant_id = own.loop.irritant_id if own else standing.following(_irritant(line, resolve))
            asked.edits.extend(_cause(actions, line, irritant_id, loops.get(irritant_id)))
            edits = _new(actions, line, irritant_id, path.name) if own is None else []
            if own is None:
                own = _planned_here(loops.get(irritant_id), edits[0])
            asked.edits.extend(edits if own is None else _moves(actions, line, own))
            asked.untaken.extend(untaken(line, own) if own else ())
    _raise_all(problems)
    asked.untaken.extend(left_out(path.name, known, found))
    return asked


@contextmanager
def _collected(where: str, problems: list[EditError]) -> Iterator[None]:
    """Keeps what is wrong with a line for the end."""
    try:
        yield
    except VocError as error:
        problems.append(error if isinstance(error, EditError) else EditError(where, str(error)))


def _raise_all(problems: list[EditError]) -> None:
    if problems:
        problems[0].problems = tuple(problems)
        raise problems[0]


def _line(where: str, number: int, told: Any) -> Line:
    _known(where, told, FIELDS)
    declared = _date(f"{where}: declared", told.get("declared"))
    if declared is None:
        raise EditError(f"{where}: declared", "no day", "the day it was declared in the register, as 2026-05-20", "Add it")
    state = str(told.get("state") or "planned")
    if state not in STATES:
        raise EditError(f"{where}: state", f"{state!r} is no state", "", suggest(state, STATES))
    cause = None
    if told.get("cause"):
        given = told["cause"] if isinstance(told["cause"], Mapping) else {"what": told["cause"]}
        _known(f"{where}: cause", given, CAUSE_FIELDS)
        found_on = _date(f"{where}: found_on", given.get("found_on")) or declared
        cause = CauseTold(cleaned(str(given.get("what") or "")), str(given.get("found_by") or "").strip(), found_on)
    return Line(
        where=where,
        number=number,
        irritant=told.get("irritant"),
        what=cleaned(str(told.get("action") or "")),
        owner=str(told.get("owner") or "").strip(),
        due=_date(f"{where}: due", told.get("due")),
        state=state,
        declared=declared,
        expected=_expected(f"{where}: expected", told.get("expected")),
        cause=cause,
        reason=str(told.get("reason") or ""),
    )


def _cause(actions: Actions, line: Line, irritant_id: str, loop: Loop | None) -> Iterator[Edit]:
    if line.cause is not None and (loop is None or line.cause.what not in {known.what for known in loop.causes}):
        yield actions.cause_edit(irritant_id, line.cause.what, line.cause.found_by, line.cause.found_on)


def _new(actions: Actions, line: Line, irritant_id: str, register: str) -> list[Edit]:
    """The plan of a line, and where it was given up there, that too."""
    dropped = line.state == "dropped"
    if dropped and not line.reason.strip():
        raise EditError(f"{line.where}: reason", "none, and it is given up", "why it is", "Add `reason:`")
    state, declared = "planned" if dropped else line.state, Declared(line.declared, register)
    plan = actions.plan_edit(irritant_id, line.what, line.owner, line.due, line.expected, line.reason, state, declared)
    drop = [actions.registry.edit("drop", irritant_id, {"action": plan.payload["action"]}, line.reason)] if dropped else []
    return [plan, *drop]


def _planned_here(loop: Loop | None, plan: Edit) -> Entered | None:
    """The action that the same plan made before, by a command or the workbook."""
    same = next((action for action in loop.actions if action.id == plan.payload["action"]), None) if loop else None
    return Entered(loop, same, same.register, same.planned_on) if loop and same else None


def _moves(actions: Actions, line: Line, own: Entered) -> Iterator[Edit]:
    if what := moved_on(line, own.action):
        yield actions.state_edit(what, own.action.id, line.reason)


def _irritant(line: Line, resolve: Resolve) -> str:
    named = line.irritant
    if isinstance(named, str) and named.strip():
        return named.strip().upper()
    sentences = named.get("examples") if isinstance(named, Mapping) else None
    if not isinstance(sentences, list) or not sentences:
        raise EditError(f"{line.where}: irritant", "names none", "its id, or `examples:` with sentences that tell it", "Add either")
    return resolve(line.where, [str(sentence) for sentence in sentences])


def _expected(where: str, told: Any) -> Expected | None:
    if told is None:
        return None
    _known(where, told, EXPECTED_FIELDS)
    weeks, before = told.get("weeks"), told.get("before_weeks", 26)
    if not isinstance(weeks, int) or not isinstance(before, int):
        raise EditError(f"{where}: weeks", f"{weeks!r} after {before!r}", "numbers of weeks", "Write them as whole numbers")
    control, treated = str(told.get("control") or ""), str(told.get("treated") or "")
    start = _date(f"{where}: start", told.get("start"))
    return expected_of(where, str(told.get("metric") or ""), str(told.get("change") or ""), start, weeks, before, control, treated)


def _known(where: str, told: Any, fields: Sequence[str]) -> None:
    if not isinstance(told, Mapping):
        raise EditError(where, f"{told!r}", "names and values", f"Known: {', '.join(fields)}")
    for name in told:
        if name not in fields:
            raise EditError(where, f"{name!r} is not known", "", suggest(str(name), fields))


def _date(where: str, told: Any) -> date | None:
    if told in (None, ""):
        return None
    try:
        if isinstance(told, datetime):
            return told.date()
        return told if isinstance(told, date) else date.fromisoformat(str(told))
    except ValueError:
        raise EditError(where, f"{told!r} is no day", "a day as 2026-05-20", "Write it so") from None


def _lines(path: Path) -> list[Any]:
    try:
        content = parsed(path.read_text(encoding="utf-8"), path, EditError)
    except (OSError, UnicodeDecodeError) as error:
        raise EditError(str(path), f"cannot be read ({getattr(error, 'strerror', 'not UTF-8')})", "a YAML file in UTF-8", "Name it") from None
    lines = content.get("actions") if isinstance(content, Mapping) else content
    if not isinstance(lines, list):
        raise EditError(str(path), "no list of actions", "`actions:` with a list", "See data_samples/ondelia/actions_ondelia.yaml")
    return lines
