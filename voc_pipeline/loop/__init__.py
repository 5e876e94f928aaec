"""The loop to a measured result: cause found, action, expected result declared before, measured result, closed or reopened. Pure logic on a ledger."""

from __future__ import annotations

from voc_pipeline.loop.declaring import action_id, check_before, check_groups, doubts, expected_of, last_day, read, written
from voc_pipeline.loop.parting import counted_with, parted, parted_from
from voc_pipeline.loop.standing import (
    LOOP_ACTIONS,
    LOOP_EVENTS,
    LoopConflict,
    Loops,
    apply_loop,
    closable,
    find_action,
    measured_payload,
    redeclared,
    replay_loops,
    unrejected,
    with_figures,
)

__all__ = [
    "LOOP_ACTIONS",
    "LOOP_EVENTS",
    "LoopConflict",
    "Loops",
    "action_id",
    "apply_loop",
    "check_before",
    "check_groups",
    "closable",
    "counted_with",
    "doubts",
    "expected_of",
    "find_action",
    "last_day",
    "measured_payload",
    "parted",
    "parted_from",
    "read",
    "redeclared",
    "replay_loops",
    "unrejected",
    "with_figures",
    "written",
]
