"""What parted from an irritant that somebody acts on: it stays in what the action is measured on, and the verdict says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voc_pipeline.loop.standing import LOOP_ACTIONS
from voc_pipeline.loop.telling import UNCOUNTED
from voc_pipeline.schema import SCORES, Action, Edit, Irritant


def parted_from(ledger: Sequence[Edit]) -> dict[str, str]:
    """Of each record that a run bore inside of another, that other one."""
    return {edit.irritant_id: str(edit.payload["inside"]) for edit in ledger if edit.action == "born" and edit.payload.get("inside")}


def parted(ledger: Sequence[Edit], following: Callable[[str], str]) -> dict[str, str]:
    """Of each irritant that parted from one somebody acts on, that one: what grew inside it is no improvement of it.

    Only what parted after the first line of its loop: before, the action was declared on what was left.
    """
    begun: set[str] = set()
    found: dict[str, str] = {}
    for edit in ledger:
        if edit.action in LOOP_ACTIONS:
            begun.add(following(edit.irritant_id))
        elif edit.action == "born" and (inside := str(edit.payload.get("inside", ""))):
            target = following(found.get(inside, inside))
            if target in begun:
                found[edit.irritant_id] = target
    return found


def counted_with(action: Action, departed: Mapping[str, str], records: Mapping[str, Irritant]) -> tuple[str, ...]:
    """Ids of the irritants counted with that of an action in its measured result.

    Args:
        action: Measured or not.
        departed: What `parted` gave.
        records: Of the registry: what was merged or rejected since counts no more.

    Returns:
        In the order of their ids; none where nothing was counted, or a score of everyone.
    """
    expected, measured = action.expected, action.measured
    if expected is None or measured is None or not measured.verdict or measured.why in UNCOUNTED or expected.metric in SCORES:
        return ()
    standing = (i for i, target in departed.items() if target == action.irritant_id and i in records)
    return tuple(sorted(i for i in standing if records[i].status not in ("merged", "rejected")))
