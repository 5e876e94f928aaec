"""Tables of the loop: actions with what was expected and measured, and how well it turns."""

from __future__ import annotations

import json

from voc_pipeline.loop.health import is_late, phase
from voc_pipeline.report.reading import Reading
from voc_pipeline.report.tables.cells import Row, estimate, labels
from voc_pipeline.schema import Action, Loop

SCOPES = ("loop", "maturity", "gap_mix", "pillar")


def action_rows(reading: Reading) -> list[Row]:
    """One row an action, by irritant and id."""
    return [_row(reading, loop, action) for loop in reading.loops.values() for action in sorted(loop.actions, key=lambda one: one.id)]


def _row(reading: Reading, loop: Loop, action: Action) -> Row:
    record, day = reading.everyone.get(loop.irritant_id), reading.run.as_of or reading.run.started_at.date()
    row: Row = {
        "id": action.id,
        "irritant_id": loop.irritant_id,
        **(labels(record) if record is not None else {}),
        "loop_status": loop.status,
        "closed_how": loop.closed_how,
        "causes": " · ".join(cause.what for cause in loop.causes),
        "what": action.what,
        "owner": action.owner,
        "due": str(action.due or ""),
        "state": action.state,
        "late": is_late(loop, action, day),
        "declared_on": str(action.declared_on),
        "entered_on": str(action.entered_on),
        "register": action.register,
        "phase": phase(action, day),
    }
    expected, measured = action.expected, action.measured
    if expected is not None:
        row |= {name: getattr(expected, name) for name in ("metric", "relative", "weeks", "before_weeks", "control", "treated")}
        row |= {"expected_change": expected.change, "start": str(expected.start)}
    if measured is not None and measured.verdict:
        row |= {name: getattr(measured, name) for name in ("target", "before", "after", "n_before", "n_after", "why", "needed_weeks")}
        row["counted_with"] = ", ".join(reading.counted_with(action))
        row |= {"change": measured.value, "change_low": measured.low, "change_high": measured.high, "measured_relative": measured.relative}
    return row


def loop_rows(reading: Reading) -> list[Row]:
    """One row a figure of the loop's health, of maturity, of gaps by quarter and of the pillars."""
    return [
        {
            "scope": scope,
            "key": key,
            "name": name,
            **estimate(metric, "value"),
            "detail": json.dumps(metric.detail, ensure_ascii=False, sort_keys=True),
        }
        for scope in SCOPES
        for key in reading.figures.keys(scope)
        for name, metric in sorted(reading.figures.of(scope, key).items())
    ]
