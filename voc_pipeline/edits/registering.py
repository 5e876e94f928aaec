"""A register of actions that a company already keeps, read: every line checked before any is entered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from voc_pipeline.edits.acting import Actions, Declared, cleaned
from voc_pipeline.errors import EditError, VocError, suggest
from voc_pipeline.loop import expected_of
from voc_pipeline.schema import Edit, Expected, Loop
from voc_pipeline.yaml_files import parsed

FIELDS = ("irritant", "cause", "action", "owner", "due", "state", "declared", "expected", "reason")
CAUSE_FIELDS = ("what", "found_by", "found_on")
EXPECTED_FIELDS = ("metric", "change", "start", "weeks", "before_weeks", "control", "treated")
STATES = ("planned", "started", "done")

Resolve = Callable[[str, Sequence[str]], str]
"""(where, sentences) to the id of the irritant that the registry knows them by."""


def read_register(actions: Actions, path: Path, resolve: Resolve) -> list[Edit]:
    """The edits that a register asks for, those already entered left out.

    Args:
        actions: Of the author who enters it.
        path: A YAML file: a list, or `actions:` with a list.
        resolve: Finds an irritant by sentences.

    Raises:
        EditError: It cannot be read, or a line is wrong; ``problems`` holds every one.
    """
    edits: list[Edit] = []
    problems: list[EditError] = []
    for number, line in enumerate(_lines(path), start=1):
        where = f"{path.name}: action {number}"
        try:
            edits += _edits(actions, where, path.name, line, resolve)
        except VocError as error:
            problems.append(error if isinstance(error, EditError) else EditError(where, str(error)))
    if problems:
        problems[0].problems = tuple(problems)
        raise problems[0]
    return edits


def _edits(actions: Actions, where: str, register: str, line: Any, resolve: Resolve) -> Iterator[Edit]:
    _known(where, line, FIELDS)
    declared = _date(f"{where}: declared", line.get("declared"))
    if declared is None:
        raise EditError(f"{where}: declared", "no day", "the day it was declared in the register, as 2026-05-20", "Add it")
    loops = actions.loops()
    irritant_id = _entered(loops, register, line, declared) or _irritant(where, line.get("irritant"), resolve)
    loop = loops.get(irritant_id)
    if line.get("cause"):
        cause = line["cause"] if isinstance(line["cause"], Mapping) else {"what": line["cause"]}
        _known(f"{where}: cause", cause, CAUSE_FIELDS)
        found_on = _date(f"{where}: found_on", cause.get("found_on")) or declared
        edit = actions.cause_edit(irritant_id, str(cause.get("what") or ""), str(cause.get("found_by") or ""), found_on)
        if loop is None or edit.payload["what"] not in {known.what for known in loop.causes}:
            yield edit
    state = str(line.get("state") or "planned")
    if state not in STATES:
        raise EditError(f"{where}: state", f"{state!r} is no state", "", suggest(state, STATES))
    edit = actions.plan_edit(
        irritant_id,
        str(line.get("action") or ""),
        str(line.get("owner") or ""),
        _date(f"{where}: due", line.get("due")),
        _expected(f"{where}: expected", line.get("expected")),
        str(line.get("reason") or ""),
        state,
        Declared(declared, register),
    )
    if loop is None or edit.payload["action"] not in {known.id for known in loop.actions}:
        yield edit


def _entered(loops: Mapping[str, Loop], register: str, line: Mapping[str, Any], declared: date) -> str:
    """The irritant that the line was entered for before, whoever claims its examples today; "" for a new line."""
    what = cleaned(str(line.get("action") or ""))
    known = ((key, action) for key, loop in loops.items() for action in loop.actions if action.register == register and action.what == what)
    return next((key for key, action in known if declared in (action.planned_on, action.declared_on)), "")


def _irritant(where: str, named: Any, resolve: Resolve) -> str:
    if isinstance(named, str) and named.strip():
        return named.strip().upper()
    sentences = named.get("examples") if isinstance(named, Mapping) else None
    if not isinstance(sentences, list) or not sentences:
        raise EditError(f"{where}: irritant", "names none", "its id, or `examples:` with sentences that tell it", "Add either")
    return resolve(where, [str(sentence) for sentence in sentences])


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
