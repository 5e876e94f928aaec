"""`voc irritants CONFIG rename|merge|...|history`: edits made and told on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline import registry as pure
from voc_pipeline.config import Config
from voc_pipeline.edits import Registry, open_registry
from voc_pipeline.loop.declaring import read
from voc_pipeline.loop.telling import expected_told
from voc_pipeline.schema import Edit

WIDTH = 120
"""Columns that the history needs, also where the output goes into a file."""


def edit(config: Config, author: str, make: Callable[[Registry], Edit]) -> Edit:
    """Make an edit and say what it did.

    Args:
        config: Settings.
        author: Who; "" for the login name.
        make: The edit.

    Raises:
        EditError: It cannot be made.
        StoreError: A run is at work.
    """
    with open_registry(config, author) as registry:
        written = make(registry)
        taken_back = next((one for one in registry.history() if one.id == written.payload.get("edit")), None)
    console = Console(highlight=False)
    told = said(written) + (f": {said(taken_back)}" if taken_back else "")
    console.print(f"{written.id}. {escape(told)} [dim]({escape(written.author)})[/]", soft_wrap=True)
    console.print(f"`voc report CONFIG` shows it, the next `voc run CONFIG` counts with it, `undo {written.id}` takes it back.", soft_wrap=True)
    return written


def show_history(config: Config, irritant_id: str | None = None) -> None:
    """Tell the ledger, of one record or of all, and what of it cannot be applied.

    Raises:
        StoreError: No such id.
    """
    with open_registry(config) as registry:
        if irritant_id is not None:
            registry.record(irritant_id)
        lines, conflicts = registry.history(irritant_id), registry.conflicts()
        taken_back = pure.undone(registry.history())
    console = Console(highlight=False)
    if console.width < WIDTH and not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    if not lines:
        console.print("Nobody has edited anything, and no run has borne anything.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("n", "when", "who", "what", "why"):
        table.add_column(head, justify="right" if head == "n" else "left", no_wrap=head in {"n", "when"})
    for line in lines:
        what = escape(said(line)) + (" [dim](undone)[/]" if line.id in taken_back else "")
        table.add_row(str(line.id), f"{line.at:%Y-%m-%d %H:%M}", escape(line.author if not line.run_id else line.run_id), what, escape(line.reason))
    console.print(table)
    for conflict in conflicts:
        console.print(f"[yellow]{conflict.edit.id} cannot be applied[/]: {escape(str(conflict.why))}", soft_wrap=True)


def _split(p: Mapping[str, Any]) -> str:
    """A split, with what it takes of the sentences known when it was made; a line of before does not tell."""
    n, known = len(p.get("examples", ())), p.get("known")
    told = f"split: {p['child']} " + (f"on {', '.join(p['keywords'])}" if p.get("keywords") else f"by {n} example{'s' * (n != 1)}")
    if known is None:
        return told
    if not known:
        return f"{told}; none of its sentences is known yet"
    if not p.get("keywords"):
        return f"{told}, {p['takes']} among the {known} sentences known of it; the next run takes what is nearer to them than to the rest"
    unsaid = " or ".join(repr(word) for word in p.get("unsaid", ()))
    return f"{told}; takes {p['takes']} of the {known} sentences known of it" + (f", none says {unsaid}" if unsaid else "")


def said(line: Edit) -> str:
    """A line of the ledger in words.

    >>> from datetime import datetime
    >>> said(Edit(datetime(2026, 1, 1), "anne", "", "merge", "IRR-A", {"into": "IRR-B"}))
    'IRR-A merged into IRR-B'
    """
    told: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "rename": lambda p: "named " + ", ".join(f"{p[lang]!r} ({lang})" for lang in ("fr", "en") if p.get(lang)),
        "merge": lambda p: f"merged into {p['into']}",
        "split": _split,
        "reject": lambda p: "rejected",
        "restore": lambda p: "restored",
        "pin": lambda p: "pinned",
        "unpin": lambda p: "unpinned",
        "owner": lambda p: f"owned by {p['owner']}" if p.get("owner") else "owned by nobody",
        "move": lambda p: f"{p['text'][:60]!r} moved to {p['to'] or 'none'}",
        "note": lambda p: "; ".join(
            f"{verb} {p[side]!r}" for side, verb in (("inclusion", "covers"), ("exclusion", "does not cover")) if p.get(side)
        ),
        "confirm": lambda p: f"speaks of {p['entry']} ({p['words'][:60]})",
        "refuse": lambda p: f"does not speak of {p['entry']} ({p['words'][:60]})",
        "confirm-gap": lambda p: f"gap {p['gap']} confirmed" + (f" for its owner, {p['owner']}" if p.get("owner") else ""),
        "undo": lambda p: f"edit {p['edit']} undone",
        "cause": lambda p: f"cause: {p['what']}" + (f" (found by {p['found_by']})" if p.get("found_by") else ""),
        "plan": lambda p: (
            f"{p['action']} planned: {p['what']}" + (f", {p['owner']}" if p.get("owner") else "") + (f", due {p['due']}" if p.get("due") else "")
        ),
        "expect": lambda p: f"{p['action']} expected to change: {expected_told(read(p['expected']))}",
        "start": lambda p: f"{p['action']} begun",
        "done": lambda p: f"{p['action']} carried out",
        "drop": lambda p: f"{p['action']} given up",
        "close": lambda p: "closed: a measured result says met" if p.get("how") == "met" else "closed by decision",
        "reopen": lambda p: "reopened",
        "measured": lambda p: f"{p['action']} measured: {p['verdict'].replace('_', ' ')}",
        "recurred": lambda p: f"reopened: told {p['rate_ratio']:.1f} times as often as before",
        "born": lambda p: f"born, {p.get('exemplars', '?')} exemplars",
        "growth": lambda p: f"told {p['rate_ratio']:.1f} times as often as before",
        "drift": lambda p: f"moves away from its core: closeness {p['earlier']:.2f}, lately {p['recent']:.2f}",
        "retired": lambda p: f"laid to rest, untold for {p['days']} days",
        "returned": lambda p: f"back, told on {p['last_told']}",
    }
    what = told[line.action](line.payload) if line.action in told else line.action
    return f"{line.irritant_id} {what}".strip()
