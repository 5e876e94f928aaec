"""Which edits cannot be made on the registry and the loops as they stand, and why: all of them are found, none is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from voc_pipeline import loop
from voc_pipeline import registry as pure
from voc_pipeline.errors import EditError
from voc_pipeline.schema import Edit, Irritant, IrritantKind, Loop


def refusals(
    edits: Sequence[Edit], given: list[Irritant], ledger: Sequence[Edit], analysed_until: Callable[[], date | None]
) -> list[tuple[int, EditError]]:
    """Which of some edits cannot be made in their order, those before them made; what was refused counts as not made.

    One replay of the ledger, and one more for each undo: a workbook of many rows is checked in time that grows with them.

    Args:
        edits: What is to be made.
        given: Records as runs gave them.
        ledger: All of it.
        analysed_until: Last day that any run has analysed.

    Returns:
        Place among the edits and why, registry, loop and undo alike.
    """
    refused: list[tuple[int, EditError]] = []
    lines = list(ledger)
    replayed, n = pure.replay(given, lines), max((edit.id for edit in lines), default=0)
    numbered = [replace(edit, id=rank) for rank, edit in enumerate(edits, start=n + 1)]
    for sort, some in groupby(numbered, key=_sort):
        made = list(some)
        if sort == "undo":
            for edit in made:
                try:
                    replayed = _undone(replayed, [*lines, edit], given, analysed_until)
                    lines.append(edit)
                except EditError as why:
                    refused.append((edit.id - n - 1, why))
        elif sort == "loop":
            for edit in made:
                try:
                    _check_loop(replayed.standing, lines, edit)
                    lines.append(edit)
                except EditError as why:
                    refused.append((edit.id - n - 1, why))
        else:
            standing, conflicts = pure.apply_all(replayed.standing, made)
            refused += [(conflict.edit.id - n - 1, conflict.why) for conflict in conflicts]
            replayed = replace(replayed, standing=standing)
            stranded = {conflict.edit.id for conflict in conflicts}
            lines += [edit for edit in made if edit.id not in stranded]
    return refused


def _undone(before: pure.Replayed, ledger: list[Edit], given: list[Irritant], analysed_until: Callable[[], date | None]) -> pure.Replayed:
    """The registry after the last line of a ledger, an undo, if that can be made."""
    undone = int(ledger[-1].payload["edit"])
    where = f"undo {undone}"
    if undone in pure.undone(ledger[:-1]):
        raise EditError(where, "was undone before", "an edit in force", "To have it back, undo its undo: `history` shows the number")
    loops, conflicts = loops_of(ledger[:-1], before.standing)
    known = {c.edit.id for c in before.conflicts} | {c.edit.id for c in conflicts}
    after = pure.replay(given, ledger)
    loops_after, conflicts = loops_of(ledger, after.standing)
    if changed := loop.redeclared(loops, loops_after, analysed_until()):
        told = f"another result would be declared of {', '.join(changed)}, and a window of it was analysed"
        raise EditError(where, told, "a declaration before its window", "What was declared stays; drop the action with a reason")
    found: tuple[pure.Conflict | loop.LoopConflict, ...] = (*after.conflicts, *conflicts)
    stranded = [conflict for conflict in found if conflict.edit.id not in known]
    if stranded:
        listed = ", ".join(f"{c.edit.id} ({c.edit.action} {c.edit.irritant_id})" for c in stranded)
        raise EditError(where, f"later edits stand on it: {listed}", "an edit that nothing stands on", "Undo those first")
    return after


def _sort(edit: Edit) -> str:
    return "undo" if edit.action == "undo" else "loop" if edit.action in loop.LOOP_ACTIONS else "registry"


def loops_of(ledger: Sequence[Edit], standing: pure.Standing) -> tuple[dict[str, Loop], list[loop.LoopConflict]]:
    """Loops by irritant, and lines that could not be applied."""
    return loop.replay_loops(ledger, pure.undone(ledger), standing.following)


def _check_loop(standing: pure.Standing, ledger: Sequence[Edit], edit: Edit) -> None:
    """Refuses a line of the loop that cannot be made."""
    record = pure.open_record(standing, edit)
    if record.kind is not IrritantKind.IRRITANT:
        raise EditError(f"{edit.action} {record.id}", f"is a {record.kind.value}", "an irritant", "`voc irritants CONFIG list` shows them")
    loop.apply_loop(loops_of(ledger, standing)[0], edit, standing.following)
