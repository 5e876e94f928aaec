"""Where each irritant stands in its loop: the lines of the ledger that speak of causes, actions and results, replayed in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from voc_pipeline.errors import EditError, suggest
from voc_pipeline.loop.declaring import read
from voc_pipeline.schema import Action, Cause, Edit, Irritant, Loop, Measured, Metric

Loops = Mapping[str, Loop]
DECIDED = ("met", "not_met")
"""Verdicts that say something."""


@dataclass(frozen=True, slots=True)
class LoopConflict:
    """A line in force that cannot be applied, and why."""

    edit: Edit
    why: EditError


def replay_loops(ledger: Sequence[Edit], undone: Collection[int], following: Callable[[str], str]) -> tuple[dict[str, Loop], list[LoopConflict]]:
    """Every loop as it stands, and the lines that cannot be applied.

    Args:
        ledger: All of it, in order.
        undone: Ranks of lines that were taken back.
        following: Where an id leads, merges followed.
    """
    loops: dict[str, Loop] = {}
    conflicts: list[LoopConflict] = []
    for edit in ledger:
        if edit.id in undone or edit.action not in LOOP_ACTIONS + LOOP_EVENTS:
            continue
        try:
            loops = apply_loop(loops, edit, following)
        except EditError as why:
            if not edit.run_id:
                conflicts.append(LoopConflict(edit, why))
    return dict(sorted(loops.items())), conflicts


def apply_loop(loops: Loops, edit: Edit, following: Callable[[str], str]) -> dict[str, Loop]:
    """The loops after one line.

    Raises:
        EditError: It cannot be made as they stand.
    """
    irritant_id = following(edit.irritant_id)
    loop = loops.get(irritant_id, Loop(irritant_id))
    return {**loops, irritant_id: _LINES[edit.action](loop, edit)}


def find_action(loops: Loops, action_id: str) -> Action:
    """An action by its id, in any loop.

    Raises:
        EditError: No such action.
    """
    known = {action.id: action for loop in loops.values() for action in loop.actions}
    if action_id not in known:
        remedy = suggest(action_id, known) if known else "`voc action CONFIG plan` makes one"
        raise EditError(f"action {action_id}", "no such action", "an id of `voc action CONFIG list`", remedy)
    return known[action_id]


# ---------------------------------------------------------------- one function a line


def _cause(loop: Loop, edit: Edit) -> Loop:
    what = str(edit.payload.get("what", "")).strip()
    if not what:
        raise EditError(f"cause {loop.irritant_id}", "no cause", "what was found to be behind it", "Say it in a sentence")
    cause = Cause(what, str(edit.payload.get("found_by", "")) or edit.author, _day(edit, "found_on"))
    if cause in loop.causes:
        raise EditError(f"cause {loop.irritant_id}", "this cause was entered before", "a new one", "Nothing is to be done")
    status = "cause_found" if loop.status in ("identified", "reopened") else loop.status
    return replace(loop, causes=(*loop.causes, cause), status=status)


def _plan(loop: Loop, edit: Edit) -> Loop:
    p = edit.payload
    if any(action.id == p["action"] for action in loop.actions):
        raise EditError(f"plan {loop.irritant_id}", f"the same plan made {p['action']} before", "a new action", f"Use {p['action']}")
    if not str(p.get("what", "")).strip():
        raise EditError(f"plan {loop.irritant_id}", "no action", "what will be done", "Say it in a sentence")
    if loop.status == "closed":
        raise EditError(f"plan {loop.irritant_id}", "its loop is closed", "an open one", f"Reopen {loop.irritant_id} first")
    action = Action(
        id=str(p["action"]),
        irritant_id=loop.irritant_id,
        what=str(p["what"]),
        owner=str(p.get("owner", "")),
        due=date.fromisoformat(p["due"]) if p.get("due") else None,
        state=str(p.get("state") or "planned"),
        planned_on=_day(edit, "declared"),
        declared_on=_day(edit, "declared"),
        entered_on=edit.at.date(),
        author=edit.author,
        register=str(p.get("register", "")),
        expected=read(p["expected"]) if p.get("expected") else None,
        edit=edit.id,
    )
    return replace(loop, actions=(*loop.actions, action), status="action")


def _expect(loop: Loop, edit: Edit) -> Loop:
    declared, entered, register = _day(edit, "declared"), edit.at.date(), str(edit.payload.get("register", ""))
    expected = read(edit.payload["expected"])
    return _with(loop, edit, expected=expected, measured=None, declared_on=declared, entered_on=entered, register=register)


def _start(loop: Loop, edit: Edit) -> Loop:
    return _with(loop, edit, only=("planned",), state="started")


def _done(loop: Loop, edit: Edit) -> Loop:
    return _with(loop, edit, only=("planned", "started"), state="done")


def _drop(loop: Loop, edit: Edit) -> Loop:
    if not edit.reason:
        raise EditError(f"drop {edit.payload['action']}", "no reason", "why it is given up", "Add --reason")
    measured = next((action.measured for action in loop.actions if action.id == edit.payload["action"]), None)
    if measured is not None and measured.verdict in DECIDED:
        told = f"its result was measured: {measured.verdict.replace('_', ' ')}"
        remedy = "It stays as it was measured; plan another action, or close the loop by decision"
        raise EditError(f"drop {edit.payload['action']}", told, "an action without a verdict", remedy)
    dropped = _with(loop, edit, only=("planned", "started", "done"), state="dropped")
    if loop.status in ("action", "measured_result") and all(action.state == "dropped" for action in dropped.actions):
        return replace(dropped, status="cause_found" if loop.causes else "identified")
    return dropped


def _close(loop: Loop, edit: Edit) -> Loop:
    where, how = f"close {loop.irritant_id}", str(edit.payload.get("how", "met"))
    if loop.status == "closed":
        raise EditError(where, "is closed", "an open one", "Nothing is to be done")
    if how == "met" and not closable(loop):
        told = "no action of it has the measured verdict met, or one has not met"
        remedy = "Wait for the runs to measure it, or close it by decision: --decision --reason ..."
        raise EditError(where, told, "a measured result that says met", remedy)
    if how == "decision" and not edit.reason:
        raise EditError(where, "closed by decision without a reason", "why it is closed", "Add --reason")
    return replace(loop, status="closed", closed_how=how, closed_on=edit.at.date(), closed_why=edit.reason)


def _reopen(loop: Loop, edit: Edit) -> Loop:
    if loop.status != "closed":
        raise EditError(f"reopen {loop.irritant_id}", f"is not closed ({loop.status})", "a closed one", "Nothing is to be done")
    recurrences = loop.recurrences + (edit.action == "recurred")
    return replace(loop, status="reopened", closed_how="", closed_on=None, closed_why="", reopenings=loop.reopenings + 1, recurrences=recurrences)


def _measured(loop: Loop, edit: Edit) -> Loop:
    p: Mapping[str, Any] = edit.payload
    measured = Measured(**{**{name: p[name] for name in Measured.__slots__}, "until": date.fromisoformat(p["until"])})
    known = {action.id: action for action in loop.actions}
    action = known.get(str(p["action"]))
    if action is None or action.expected is None:
        raise EditError(f"measured {p['action']}", "no such action", "", "")
    decided = measured.verdict in DECIDED
    status = "measured_result" if decided and loop.status in ("action", "cause_found", "identified") else loop.status
    return replace(_with(loop, edit, measured=measured), status=status)


_LINES: Mapping[str, Callable[[Loop, Edit], Loop]] = {
    "cause": _cause,
    "plan": _plan,
    "expect": _expect,
    "start": _start,
    "done": _done,
    "drop": _drop,
    "close": _close,
    "reopen": _reopen,
    "measured": _measured,
    "recurred": _reopen,
}
LOOP_ACTIONS = ("cause", "plan", "expect", "start", "done", "drop", "close", "reopen")
"""What people do in the loop."""
LOOP_EVENTS = ("measured", "recurred")
"""What runs do in it."""


def redeclared(before: Loops, after: Loops, analysed: date | None) -> list[str]:
    """Actions whose expected result is another one, though the window of the one or of the other was looked at.

    Args:
        before: The loops as they stand.
        after: As they would stand.
        analysed: Last day that any run has analysed; None where none has.
    """
    old, new = ({action.id: action.expected for loop in loops.values() for action in loop.actions} for loops in (before, after))
    changed = [i for i in sorted({*old, *new}) if old.get(i) != new.get(i)]
    return [i for i in changed if any(one is not None and analysed is not None and one.start <= analysed for one in (old.get(i), new.get(i)))]


def unrejected(loops: Loops, records: Mapping[str, Irritant]) -> dict[str, Loop]:
    """The loops that are judged: those of irritants that people rejected keep what was measured and are late no more."""
    return {i: loop for i, loop in loops.items() if i not in records or records[i].status != "rejected"}


def closable(loop: Loop) -> bool:
    """Whether measured results say that it is met: one at least does, and none says that it is not."""
    verdicts = {action.measured.verdict for action in loop.actions if action.measured and action.state != "dropped"}
    return "met" in verdicts and "not_met" not in verdicts


def with_figures(loops: Loops, metrics: Iterable[Metric]) -> dict[str, Loop]:
    """The loops with the figures of one run in the place of those of the run that gave the verdict first.

    Args:
        loops: As the ledger has them.
        metrics: Of scope `action`, as the run wrote them.
    """
    names = set(Measured.__slots__) - {"value", "low", "high", "until"}
    figures = {
        metric.key: Measured(
            value=None if metric.value is None or metric.value != metric.value else metric.value,
            low=metric.low,
            high=metric.high,
            until=date.fromisoformat(str(metric.detail["until"])),
            **{name: cast(Any, metric.detail[name]) for name in names},
        )
        for metric in metrics
    }

    def told(action: Action) -> Action:
        now = figures.get(action.id)
        return replace(action, measured=now) if now is not None and now.verdict and action.measured is not None else action

    return {i: replace(loop, actions=tuple(map(told, loop.actions))) for i, loop in loops.items()}


def measured_payload(action: Action, measured: Measured) -> dict[str, Any]:
    """A measured result as the ledger keeps it."""
    fields: dict[str, Any] = {name: getattr(measured, name) for name in Measured.__slots__}
    return {"action": action.id, **fields, "until": measured.until.isoformat()}


def _day(edit: Edit, name: str) -> date:
    return date.fromisoformat(edit.payload[name]) if edit.payload.get(name) else edit.at.date()


def _with(loop: Loop, edit: Edit, only: tuple[str, ...] = (), **changes: Any) -> Loop:
    """The loop with one of its actions changed."""
    where = f"{edit.action} {edit.payload.get('action', '')}"
    action = next((one for one in loop.actions if one.id == edit.payload.get("action")), None)
    if action is None:
        raise EditError(where, f"no such action of {loop.irritant_id}", "an id of `voc action CONFIG list`", "Look at the list")
    if action.state == "dropped" or (only and action.state not in only):
        raise EditError(where, f"is {action.state}", " or ".join(only) or "an action that was not dropped", "Nothing is to be done")
    changed = replace(action, **changes)
    return replace(loop, actions=tuple(changed if one.id == action.id else one for one in loop.actions))
