"""`voc registers CONFIG ...`: what irritants say of the company's promises, standards and priorities, and what people say of that. Thin shells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voc_pipeline.command_shape import ConfigPath, Why, begin, group, settings
from voc_pipeline.edit_commands import Author, Id

if TYPE_CHECKING:
    from collections.abc import Callable

    from voc_pipeline.edits import Registry
    from voc_pipeline.schema import Edit

app = group()

Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="The entry of a register, such as PRO-01.", show_default=False)]


@app.callback(invoke_without_command=True)
def registers(
    context: typer.Context,
    config: ConfigPath,
) -> None:
    """Hold irritants against the company's promises, standards and priorities: list the matches, confirm or refuse them, confirm a gap.

    Every answer is kept with author and time, and holds in every later run; `voc irritants CONFIG undo` takes it back.

    Examples:

        voc registers configs/demo.yaml

        voc registers configs/demo.yaml confirm IRR-ABCD2345 PRO-01 --reason "same call-backs"

        voc registers configs/demo.yaml confirm-gap IRR-ABCD2345 4 --for-owner --author "head of care"
    """
    begin(context, config, list_)


@app.command("list")
def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also what is near, yet not proposed, and what was refused.")] = False,
) -> None:
    """List each entry of the registers with the irritants that speak of it, their scores, and what people said.

    Example:

        voc registers configs/demo.yaml list --all
    """
    from voc_pipeline.composers import holding

    holding.registers(settings(context), every)


@app.command()
def confirm(context: typer.Context, irritant_id: Id, entry: Entry, reason: Why = "", author: Author = "") -> None:
    """Confirm that an irritant contradicts a promise, breaks a standard, or tells of a need that was researched.

    Example:

        voc registers configs/demo.yaml confirm IRR-ABCD2345 PRO-01 --reason "same call-backs"
    """
    _edit(context, author, lambda registry: registry.confirm(irritant_id.upper(), entry, reason))


@app.command()
def refuse(context: typer.Context, irritant_id: Id, entry: Entry, reason: Why = "", author: Author = "") -> None:
    """Refuse a match: the irritant and the entry do not speak of one thing.

    Example:

        voc registers configs/demo.yaml refuse IRR-ABCD2345 NOR-06 --reason "waiting on the telephone, not for the technician"
    """
    _edit(context, author, lambda registry: registry.refuse(irritant_id.upper(), entry, reason))


@app.command("confirm-gap")
def confirm_gap(
    context: typer.Context,
    irritant_id: Id,
    gap: Annotated[
        int | None,
        typer.Argument(
            metavar="[GAP]", help="1 knowledge, 2 design, 3 delivery, 4 promise; default the one the last run read.", show_default=False, min=1, max=4
        ),
    ] = None,
    for_owner: Annotated[bool, typer.Option("--for-owner", help="You own the irritant, or speak for its owner: confidence 1.")] = False,
    reason: Why = "",
    author: Author = "",
) -> None:
    """Confirm the gap of an irritant: confidence up to .9, and 1 where its owner does so (--for-owner, or --author bears the owner's name).

    Your word is taken for it: it is kept with your name, and the report tells who spoke for whom.

    Example:

        voc registers configs/demo.yaml confirm-gap IRR-ABCD2345 4 --for-owner --author "head of care" --reason "the page still says 24 hours"
    """
    _edit(context, author, lambda registry: registry.confirm_gap(irritant_id.upper(), gap, reason, for_owner))


def _edit(context: typer.Context, author: str, make: Callable[[Registry], Edit]) -> None:
    from voc_pipeline.composers import editing

    editing.edit(settings(context), author, make)
