"""`voc action CONFIG ...`: the loop told and edited on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline.composers.editing import WIDTH, said
from voc_pipeline.config import Config
from voc_pipeline.edits import Actions, Registry, open_registry
from voc_pipeline.edits.registering import read_register
from voc_pipeline.errors import RunError
from voc_pipeline.loop import counted_with, doubts, parted, read, unrejected
from voc_pipeline.loop.health import Standing, Trouble, phase, troubles
from voc_pipeline.loop.telling import change_told, expected_told, measured_told, phase_told
from voc_pipeline.registry import Standing as RegistryStanding
from voc_pipeline.schema import VERDICTS, Action, Edit, IrritantKind, Loop
from voc_pipeline.steps.context import Context
from voc_pipeline.steps.resolving import irritant_told
from voc_pipeline.store import Run, Store, open_store


def edit(config: Config, by: str, make: Callable[[Actions], Edit]) -> Edit:
    """Make an edit of the loop and say what it did.

    Raises:
        EditError: It cannot be made.
        StoreError: A run is at work.
    """
    with open_registry(config, by) as registry:
        written = make(Actions(registry))
        loop = registry.loops()[registry.standing().following(written.irritant_id)]
    console = _console()
    console.print(f"{written.id}. {escape(said(written))} [dim]({escape(written.author)})[/]", soft_wrap=True)
    action = next((one for one in loop.actions if one.id == written.payload.get("action")), None)
    if action is not None and written.action in ("plan", "expect"):
        if action.expected is None:
            console.print(f"Nothing is expected of it yet: voc action CONFIG expect {action.id} --metric ... --change ...", soft_wrap=True)
        else:
            console.print(f"Expected: {expected_told(action.expected)}. Runs measure it once the window is over.", soft_wrap=True)
        for doubt in doubts(action.due, action.expected, action.planned_on):
            console.print(f"[yellow]To check[/]: {doubt}", soft_wrap=True)
    console.print(f"`voc action CONFIG list` shows it, `voc irritants CONFIG undo {written.id}` takes it back.", soft_wrap=True)
    return written


def import_register(config: Config, path: Path, by: str = "", dry_run: bool = False) -> list[Edit]:
    """Enter a company's register of actions: what is new in it, and states that moved forward; what differs otherwise is told, not taken.

    Raises:
        EditError: A line is wrong, or was entered under another file's name; none is entered then.
        RunError: Irritants are named by sentences, and no run has borne any yet.
        StoreError: A run is at work.
    """
    with open_registry(config, by) as registry, open_store(config.store_url) as store:
        context = Context(config, store, _last(store).id)
        asked = read_register(Actions(registry), path, lambda where, sentences: irritant_told(context, where, sentences))
        done = registry.do(asked.edits, dry=dry_run)
        standing = registry.standing()
    console = _console()
    for one in done:
        day = f" [dim](declared on {one.payload['declared']}, entered on {one.at:%Y-%m-%d})[/]" if "declared" in one.payload else ""
        console.print(
            f"{f'{one.id}. ' if one.id else 'would be: '}{escape(said(one))} · {escape(_label(standing, one.irritant_id))}{day}", soft_wrap=True
        )
        for doubt in _doubts_of(one):
            console.print(f"    [yellow]To check[/]: {doubt}", soft_wrap=True)
    for left in asked.untaken:
        console.print(f"[yellow]Not taken[/]: {escape(left.where)}: {escape(left.told)}. {escape(left.remedy)}.", soft_wrap=True)
    n, kept = len(done), len(asked.untaken)
    differs = f"; {kept} difference{'s' * (kept != 1)} not taken, see above" if kept else ""
    console.print(f"{n} line{'s' * (n != 1)} {'would be entered' if dry_run else 'entered'} of {escape(path.name)}{differs}", soft_wrap=True)
    return done


def _doubts_of(edit: Edit) -> list[str]:
    """What looks wrong in a plan that a register brings."""
    p = edit.payload
    if edit.action != "plan":
        return []
    due = date.fromisoformat(p["due"]) if p.get("due") else None
    return doubts(due, read(p["expected"]) if p.get("expected") else None, date.fromisoformat(p["declared"]))


def show_list(config: Config) -> None:
    """Tell every action, and what is late, unowned or expects nothing.

    Raises:
        RunError: No run is done yet.
    """
    with open_registry(config) as registry, open_store(config.store_url) as store:
        run, loops, standing = _last(store), registry.loops(), registry.standing()
        found = troubles(irritants_of(store, run), unrejected(loops, standing.records), as_of(run))
        beside = _beside(registry, standing)
    console = _console()
    actions = [(loop, action) for loop in loops.values() for action in loop.actions]
    if not actions:
        console.print("No action yet: voc action CONFIG plan ID ... plans one, voc action CONFIG import FILE.yaml enters a register.", soft_wrap=True)
    else:
        console.print(_table(standing, actions, as_of(run), beside))
    for loop in loops.values():
        if loop.status == "closed":
            how = "a measured result" if loop.closed_how == "met" else f"decision: {loop.closed_why}"
            console.print(f"{loop.irritant_id} {escape(_label(standing, loop.irritant_id))}: closed by {escape(how)}", soft_wrap=True)
    for line in trouble_lines(found, standing):
        console.print(line, soft_wrap=True)
    console.print(f"[dim]as of {as_of(run)}, the last day of {run.id}[/]")


def show_one(config: Config, irritant_id: str) -> None:
    """Tell the loop of one irritant.

    Raises:
        StoreError: No such id.
    """
    with open_registry(config) as registry, open_store(config.store_url) as store:
        record, day = registry.record(irritant_id), as_of(_last(store))
        loop, standing = registry.loops().get(record.id, Loop(record.id)), registry.standing()
        beside = _beside(registry, standing)
    console = _console()
    console.print(f"[bold]{record.id}[/] {escape(_label(standing, record.id))}: {loop.status.replace('_', ' ')}", soft_wrap=True)
    console.print(f"owner: {escape(record.owner or 'nobody')}", soft_wrap=True)
    for cause in loop.causes:
        console.print(f"cause: {escape(cause.what)} [dim]({escape(cause.found_by)}, {cause.found_on})[/]", soft_wrap=True)
    for action in loop.actions:
        due = f", due {action.due}" if action.due else ""
        console.print(f"{action.id} {action.state}: {escape(action.what)} [dim]({escape(action.owner or 'nobody')}{due})[/]", soft_wrap=True)
        if action.expected is not None:
            console.print(f"    expected: {expected_told(action.expected)}; {declared_told(action)}", soft_wrap=True)
        told, expected = phase_told(phase(action, day)), action.expected
        if action.measured and expected:
            told = measured_told(action.measured, expected.metric, beside(action), bool(expected.control))
        console.print(f"    result: {escape(told)}", soft_wrap=True)
    if not loop.causes and not loop.actions:
        console.print("No cause, no action yet.")
    if loop.status == "closed":
        console.print(
            f"closed on {loop.closed_on} ({'measured' if loop.closed_how == 'met' else 'by decision'}) {escape(loop.closed_why)}", soft_wrap=True
        )


def declared_told(action: Action) -> str:
    """When a result was declared, and by whose word."""
    if action.register:
        return f"declared on {action.declared_on} by {action.register}, entered on {action.entered_on}"
    late = action.expected is not None and action.declared_on >= action.expected.start
    return f"declared on {action.declared_on}" + (", its window begun, before any run analysed it" if late else "")


def trouble_lines(found: Sequence[Trouble], standing: RegistryStanding) -> list[str]:
    """What is late, expects nothing, or has no owner: a line each kind, in rich markup."""
    lines = []
    for kind, head in (
        ("late", "late"),
        ("no_expected", "without an expected result"),
        ("unowned", "irritants without an owner"),
    ):
        named = [
            f"{one.action.id} (due {one.action.due})" if kind == "late" and one.action else one.action.id if one.action else one.irritant_id
            for one in found
            if one.kind == kind
        ]
        if named:
            lines.append(f"[yellow]{len(named)} {head}[/]: {', '.join(named[:8])}{' ...' if len(named) > 8 else ''}")
    return lines


def closing_lines(store: Store, registry: Registry, run: Run) -> list[str]:
    """What the end of a run says of the loop; nothing where nobody has begun one."""
    loops = unrejected(registry.loops(), registry.standing().records)
    actions = [action for loop in loops.values() for action in loop.actions if action.state != "dropped"]
    if not actions:
        return []
    told = [action.measured.verdict for action in actions if action.measured and action.measured.verdict]
    n, unexpecting = len(actions), sum(action.expected is None for action in actions)
    counts = [f"{told.count(name)} {name.replace('_', ' ')}" for name in VERDICTS if name in told]
    counts += [f"{unexpecting} without an expected result"] * bool(unexpecting)
    pending = n - len(told) - unexpecting
    counts += [f"{pending} not measured yet"] * bool(counts and pending)
    head = f"{n} action{'s' * (n != 1)}: {', '.join(counts) or 'no result measured yet'}"
    back = [loop.irritant_id for loop in loops.values() if loop.status == "reopened"]
    lines = [head + (f"; reopened: {', '.join(back)}" if back else "")]
    return lines + trouble_lines(troubles(irritants_of(store, run), loops, as_of(run)), registry.standing())


def irritants_of(store: Store, run: Run) -> list[Standing]:
    """Irritants told in a run, as their loops are judged."""
    born = {one.id: as_of(one) for one in store.runs()}
    told = {metric.key for metric in store.metrics(run.id, "irritant") if metric.name == "mentions" and metric.value}
    kept = store.irritants(kind=IrritantKind.IRRITANT, active=True)
    return [Standing(one.id, one.owner, born.get(one.first_run, as_of(run))) for one in kept if one.id in told]


def as_of(run: Run) -> date:
    """The day a run speaks of."""
    return run.as_of or run.started_at.date()


def _table(standing: RegistryStanding, actions: Sequence[tuple[Loop, Action]], day: date, beside: Callable[[Action], list[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("action", "what", "irritant", "owner", "due", "state", "expected", "result"):
        table.add_column(head, no_wrap=head in ("action", "due"))
    for _, action in actions:
        result = phase_told(phase(action, day))
        if action.expected is not None and action.measured is not None and action.measured.verdict:
            result = change_told(action.measured, action.expected.metric, beside(action))
        cells: Mapping[str, str] = {
            "what": action.what,
            "irritant": _label(standing, action.irritant_id),
            "owner": action.owner or "-",
            "expected": expected_told(action.expected, short=True) if action.expected else "-",
            "result": result,
        }
        shown = {name: escape(text) for name, text in cells.items()}
        due = f"{action.due}" if action.due else "-"
        table.add_row(action.id, shown["what"], shown["irritant"], shown["owner"], due, action.state, shown["expected"], shown["result"])
    return table


def _beside(registry: Registry, standing: RegistryStanding) -> Callable[[Action], list[str]]:
    """Of an action, the names of the irritants that parted from its own and are counted with it."""
    departed = parted(registry.history(), standing.following)
    return lambda action: [_label(standing, one) for one in counted_with(action, departed, standing.records)]


def _label(standing: RegistryStanding, irritant_id: str) -> str:
    record = standing.records.get(standing.following(irritant_id))
    return (record.label_fr or record.label_en or ", ".join(record.keywords[:3])) if record else irritant_id


def _last(store: Store) -> Run:
    run = store.last_done_run()
    if run is None:
        raise RunError("store", "no run is done yet", "a finished run", "`voc run CONFIG` makes the first one")
    return run


def _console() -> Console:
    console = Console(highlight=False)
    return Console(highlight=False, width=WIDTH) if console.width < WIDTH and not console.is_terminal else console
