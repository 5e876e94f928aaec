"""The sheet of actions in the review workbook: one row an action, and one empty row an irritant to plan another; and what a changed row asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from voc_pipeline.edits.acting import Actions
from voc_pipeline.edits.desk import Registry
from voc_pipeline.edits.sheet import HIDDEN, digest, head, known, shown
from voc_pipeline.errors import EditError
from voc_pipeline.loop import expected_of
from voc_pipeline.registry import Standing
from voc_pipeline.report.verdicts import verdict_sentence
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import METRICS, Action, Edit, Expected, Irritant, IrritantKind, Loop

PLANNED = ("what", "action_owner", "due")
EXPECTED = ("metric", "change", "start", "weeks", "before_weeks", "control", "treated")
FILLED = ("cause", "found_by", *PLANNED, "action_state", *EXPECTED, "loop_decision", "reason")
"""Those columns that people fill in."""
ACTIONS = ("irritant", "action_id", *FILLED[:6], *EXPECTED, "result", *FILLED[-2:], *HIDDEN)
"""Columns of the sheet, in order."""
STATES: Mapping[str, str] = {"started": "start", "done": "done", "dropped": "drop"}
DECISIONS = ("close", "close_by_decision", "reopen")


def state_of_loop(record: Irritant, loop: Loop | None) -> str:
    """A digest of how a loop stands: another one, and somebody, or a run, changed it."""
    if loop is None:
        return digest(record.status)
    actions = [(one.id, one.state, repr(one.expected), one.measured.verdict if one.measured else "") for one in loop.actions]
    return digest(record.status, loop.status, [cause.what for cause in loop.causes], actions)


def cells_of_action(action: Action | None) -> dict[str, str]:
    """What the cells that people may change hold before they do."""
    cells = dict.fromkeys(FILLED, "")
    if action is None:
        return cells
    cells |= {"what": action.what, "action_owner": action.owner, "due": str(action.due or ""), "action_state": action.state}
    expected = action.expected
    if expected is not None:
        size = f"{_digits(expected.change * 100)}%" if expected.relative else _digits(expected.change)
        cells |= {"metric": expected.metric, "change": size, "start": str(expected.start), "weeks": str(expected.weeks)}
        cells |= {"before_weeks": str(expected.before_weeks), "control": expected.control, "treated": expected.treated}
    return cells


def _digits(size: float) -> str:
    """A size with its sign and every digit that was written."""
    return f"{Decimal(f'{size:.15g}'):+f}"


def action_rows(
    standing: Standing, loops: Mapping[str, Loop], order: Sequence[str], names: Mapping[str, str], since: int, lang: str
) -> Iterator[dict[str, Any]]:
    """Rows of the sheet.

    Args:
        standing: The registry.
        loops: By irritant.
        order: Ids of irritants, first in rank first.
        names: How each is shown.
        since: Rank of the last line of the ledger.
        lang: `fr` or `en`.
    """
    open_ = {i for i, one in standing.records.items() if one.kind is IrritantKind.IRRITANT and one.status in ("active", "retired")}
    for irritant_id in sorted(open_, key=lambda i: (order.index(i) if i in order else len(order), i)):
        record, loop = standing.records[irritant_id], loops.get(irritant_id)
        for action in (*(loop.actions if loop else ()), None):
            cells = cells_of_action(action)
            yield {
                **cells,
                "metric": shown(cells["metric"], lang) if cells["metric"] else "",
                "action_state": shown(cells["action_state"], lang) if cells["action_state"] else "",
                "irritant": names[irritant_id],
                "action_id": action.id if action else "",
                "result": _told(action, lang),
                "state": state_of_loop(record, loop),
                "cells": digest(cells),
                "since": since,
            }


def _told(action: Action | None, lang: str) -> str:
    if action is None or action.expected is None or action.measured is None or not action.measured.verdict:
        return ""
    return verdict_sentence(Words(cast(Lang, lang)), action.expected.metric, action.measured, bool(action.expected.control))


def offered(lang: str) -> dict[str, list[str]]:
    """What the lists of the sheet offer, by column."""
    values = {"action_state": ("planned", "started", "done", "dropped"), "metric": METRICS, "loop_decision": DECISIONS}
    return {column: [shown(value, lang) for value in own] for column, own in values.items()}


def action_row(registry: Registry, standing: Standing, where: str, row: Mapping[str, str]) -> tuple[str, bool, list[Edit]]:
    """What a row asks for: (irritant, whether its loop changed since, edits)."""
    irritant_id = row["irritant"].split(" ")[0].upper()
    record = standing.records.get(irritant_id)
    if record is None:
        raise EditError(where, f"no record {irritant_id or '(no id)'}", "the irritants that `voc export --for-review` wrote", "Copy the column back")
    cells = {name: row[name] for name in FILLED}
    cells["metric"] = _choice(where, "metric", row["metric"], METRICS)
    cells["action_state"] = _choice(where, "action_state", row["action_state"], ("planned", *STATES))
    cells["loop_decision"] = _choice(where, "loop_decision", row["loop_decision"], DECISIONS)
    cells["due"], cells["start"] = (_day_text(cells[name]) for name in ("due", "start"))
    cells["weeks"], cells["before_weeks"] = (cells[name].removesuffix(".0") for name in ("weeks", "before_weeks"))
    if digest(cells) == row["cells"]:
        return irritant_id, False, []
    loop = registry.loops().get(irritant_id)
    actions = Actions(registry)
    asked = list(_asked(actions, where, record, loop, row["action_id"], cells))
    return irritant_id, row["state"] != state_of_loop(record, loop), asked


def _asked(actions: Actions, where: str, record: Irritant, loop: Loop | None, action_id: str, cells: Mapping[str, str]) -> Iterator[Edit]:
    known_causes = {cause.what for cause in loop.causes} if loop else set()
    if cells["cause"]:
        edit = actions.cause_edit(record.id, cells["cause"], cells["found_by"], reason=cells["reason"])
        if edit.payload["what"] not in known_causes:
            yield edit
    before = next((one for one in loop.actions if one.id == action_id), None) if loop else None
    if action_id and before is None:
        raise EditError(where, f"no action {action_id} of {record.id}", "the ids that `voc export --for-review` wrote", "Copy the column back")
    expected = _expected(where, cells)
    if before is None:
        if cells["what"]:
            state = cells["action_state"] if cells["action_state"] in ("started", "done") else "planned"
            edit = actions.plan_edit(record.id, cells["what"], cells["action_owner"], _day(where, cells["due"]), expected, cells["reason"], state)
            if loop is None or edit.payload["action"] not in {one.id for one in loop.actions}:
                yield edit
        elif any(cells[name] for name in (*PLANNED, *EXPECTED, "action_state")):
            raise EditError(f"{where}, column {head('what', 'en')!r}", "no action", "what will be done", "Say it in a sentence")
    else:
        yield from _changes(actions, where, before, expected, cells)
    if cells["loop_decision"]:
        how = {"how": "decision" if cells["loop_decision"] == "close_by_decision" else "met"} if cells["loop_decision"] != "reopen" else {}
        status = loop.status if loop else "identified"
        if (cells["loop_decision"] == "reopen") == (status == "closed"):
            yield actions.registry.edit("reopen" if cells["loop_decision"] == "reopen" else "close", record.id, dict(how), cells["reason"])


def _changes(actions: Actions, where: str, before: Action, expected: Expected | None, cells: Mapping[str, str]) -> Iterator[Edit]:
    was = cells_of_action(before)
    if any(cells[name] != was[name] for name in PLANNED):
        raise EditError(where, f"{before.id} was rewritten", "its state, or another expected result", "Drop it, and plan another in an empty row")
    if before.expected is not None and expected is None:
        raise EditError(where, f"the expected result of {before.id} was emptied", "the one declared", "Copy it back; drop the action instead")
    if expected is not None and expected != before.expected:
        yield actions.expect_edit(before.id, expected, cells["reason"])
    if cells["action_state"] != before.state:
        if cells["action_state"] not in STATES:
            raise EditError(where, f"{before.id} is {before.state}", "a later state", "Undo what was done with `voc irritants CONFIG undo`")
        yield actions.state_edit(STATES[cells["action_state"]], before.id, cells["reason"])


def _expected(where: str, cells: Mapping[str, str]) -> Expected | None:
    if not any(cells[name] for name in EXPECTED):
        return None
    for name in ("weeks", "before_weeks"):
        if cells[name] and not cells[name].isdigit():
            raise EditError(f"{where}, column {head(name, 'en')!r}", f"{cells[name]!r}", "a whole number of weeks", "Write it so")
    weeks, before = (int(cells[name]) if cells[name] else None for name in ("weeks", "before_weeks"))
    start = _day(where, cells["start"])
    return expected_of(where, cells["metric"], cells["change"], start, weeks, before or 26, cells["control"], cells["treated"])


def _choice(where: str, column: str, text: str, values: Sequence[str]) -> str:
    found = known(text, values) if text else ""
    if found is None:
        told = ", ".join(shown(value, "en") for value in values)
        raise EditError(f"{where}, column {head(column, 'en')!r}", f"{text!r}", told, "Choose it from the list, or leave it empty")
    return found


def _day_text(text: str) -> str:
    """A day as the ledger writes it, from what a spreadsheet makes of one."""
    french = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip())
    return f"{french[3]}-{int(french[2]):02d}-{int(french[1]):02d}" if french else text.strip()[:10]


def _day(where: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise EditError(where, f"{text!r} is no day", "a day as 2026-05-20", "Write it so") from None
