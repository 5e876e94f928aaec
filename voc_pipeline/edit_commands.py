"""`voc irritants CONFIG ...`: what a run found, and every edit of the registry. Thin shells: what they do lives in `edits` and `composers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voc_pipeline.command_shape import ConfigPath, Why, begin, group, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from voc_pipeline.edits import Registry
    from voc_pipeline.schema import Edit

app = group()

Id = Annotated[str, typer.Argument(metavar="ID", help="The record, such as IRR-ABCD2345.", show_default=False)]
Author = Annotated[str, typer.Option("--author", help="Who edits; default the login name.", show_default=False)]
French = Annotated[str | None, typer.Option("--fr", help="French label: object + failure.", show_default=False)]
English = Annotated[str | None, typer.Option("--en", help="English label.", show_default=False)]


@app.callback(invoke_without_command=True)
def irritants(
    context: typer.Context,
    config: ConfigPath,
) -> None:
    """List the irritants of the last run, show one, or edit the registry: every edit is kept with author and time, and holds in every later run.

    Examples:

        voc irritants configs/demo.yaml

        voc irritants configs/demo.yaml show IRR-ABCD2345

        voc irritants configs/demo.yaml rename IRR-ABCD2345 --fr "Remboursement tardif" --en "Late refund"
    """
    begin(context, config, list_)


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the irritants of the last run, first in rank first.

    Example:

        voc irritants configs/demo.yaml list
    """
    from voc_pipeline.composers import reading

    reading.irritants(settings(context))


@app.command()
def show(context: typer.Context, irritant_id: Id) -> None:
    """Show one with its figures, quotes, notes and what people did to it; an id that was merged shows what it was merged into.

    Example:

        voc irritants configs/demo.yaml show IRR-ABCD2345
    """
    from voc_pipeline.composers import reading

    reading.irritants(settings(context), "show", irritant_id)


@app.command()
def rename(context: typer.Context, irritant_id: Id, fr: French = None, en: English = None, reason: Why = "", author: Author = "") -> None:
    """Name a record in French, in English or in both; no run takes the name away.

    Example:

        voc irritants configs/demo.yaml rename IRR-ABCD2345 --fr "Remboursement tardif" --en "Late refund"
    """
    _edit(context, author, lambda registry: registry.rename(irritant_id.upper(), fr, en, reason))


@app.command()
def merge(
    context: typer.Context,
    irritant_id: Id,
    into: Annotated[str, typer.Argument(metavar="INTO", help="What it is merged into.", show_default=False)],
    reason: Why = "",
    author: Author = "",
) -> None:
    """Merge a record into another of its kind: what it claims goes there, and its id leads there for ever.

    Example:

        voc irritants configs/demo.yaml merge IRR-EFGH2345 IRR-ABCD2345 --reason "same cause"
    """
    _edit(context, author, lambda registry: registry.merge(irritant_id.upper(), into.upper(), reason))


@app.command()
def split(
    context: typer.Context,
    irritant_id: Id,
    keyword: Annotated[
        list[str] | None, typer.Option("--keyword", help="Word, or its beginning, that makes a sentence the part's; as often as needed.")
    ] = None,
    example: Annotated[
        list[str] | None, typer.Option("--example", metavar="VERBATIM:POSITION", help="A sentence of the part, as the table `mentions` numbers them.")
    ] = None,
    fr: French = None,
    en: English = None,
    reason: Why = "",
    author: Author = "",
) -> None:
    """Split a part off a record: its sentences that hold one of some keywords, or that are nearer to examples than to the rest.

    Examples:

        voc irritants configs/demo.yaml split IRR-ABCD2345 --keyword "double" --keyword "deux fois" --fr "Double prélèvement"

        voc irritants configs/demo.yaml split IRR-ABCD2345 --example 4f0c:2 --example 9b1d:0 --en "Charged twice"
    """
    _edit(context, author, lambda registry: registry.split(irritant_id.upper(), keyword or (), [place(one) for one in example or ()], fr, en, reason))


@app.command()
def reject(context: typer.Context, irritant_id: Id, reason: Why = "", author: Author = "") -> None:
    """Reject a record: what it would claim is counted as rejected, and it never comes back under a new id.

    Example:

        voc irritants configs/demo.yaml reject IRR-ABCD2345 --reason "chatter"
    """
    _edit(context, author, lambda registry: registry.reject(irritant_id.upper(), reason))


@app.command()
def restore(context: typer.Context, irritant_id: Id, reason: Why = "", author: Author = "") -> None:
    """Open a rejected record again, under its id.

    Example:

        voc irritants configs/demo.yaml restore IRR-ABCD2345
    """
    _edit(context, author, lambda registry: registry.restore(irritant_id.upper(), reason))


@app.command()
def pin(context: typer.Context, irritant_id: Id, reason: Why = "", author: Author = "") -> None:
    """Pin a record: no run retires it, however long nobody tells of it.

    Example:

        voc irritants configs/demo.yaml pin IRR-ABCD2345
    """
    _edit(context, author, lambda registry: registry.pin(irritant_id.upper(), reason))


@app.command()
def unpin(context: typer.Context, irritant_id: Id, reason: Why = "", author: Author = "") -> None:
    """Unpin a record: runs may retire it again.

    Example:

        voc irritants configs/demo.yaml unpin IRR-ABCD2345
    """
    _edit(context, author, lambda registry: registry.unpin(irritant_id.upper(), reason))


@app.command()
def owner(
    context: typer.Context,
    irritant_id: Id,
    department: Annotated[str, typer.Argument(metavar="OWNER", help='Department that answers for it; "" for nobody.', show_default=False)],
    reason: Why = "",
    author: Author = "",
) -> None:
    """Give a record to the department that answers for it, in the place of the one that the rules found.

    Example:

        voc irritants configs/demo.yaml owner IRR-ABCD2345 "Service facturation"
    """
    _edit(context, author, lambda registry: registry.owner(irritant_id.upper(), department, reason))


@app.command()
def move(
    context: typer.Context,
    sentence: Annotated[
        str, typer.Argument(metavar="VERBATIM:POSITION", help="The sentence, as the table `mentions` numbers them.", show_default=False)
    ],
    to: Annotated[str, typer.Argument(metavar="ID", help="The record it belongs to, or `none`.", show_default=False)],
    reason: Why = "",
    author: Author = "",
) -> None:
    """Move a sentence to the record it belongs to, or to none; the same words go there wherever they are said.

    Example:

        voc irritants configs/demo.yaml move 4f0c2a:2 IRR-ABCD2345
    """
    _edit(context, author, lambda registry: registry.move(place(sentence), "" if to.lower() == "none" else to.upper(), reason))


@app.command()
def note(
    context: typer.Context,
    irritant_id: Id,
    inclusion: Annotated[str, typer.Option("--covers", help="What the record covers.", show_default=False)] = "",
    exclusion: Annotated[str, typer.Option("--not", help="What it does not cover.", show_default=False)] = "",
    reason: Why = "",
    author: Author = "",
) -> None:
    """Note what a record covers, or does not, for those who read it after you.

    Example:

        voc irritants configs/demo.yaml note IRR-ABCD2345 --covers "refunds of deposits" --not "commercial gestures"
    """
    _edit(context, author, lambda registry: registry.note(irritant_id.upper(), inclusion, exclusion, reason))


@app.command()
def undo(
    context: typer.Context,
    edit: Annotated[
        int | None, typer.Argument(metavar="[N]", help="Which edit, as `history` numbers it; default the last.", show_default=False)
    ] = None,
    reason: Why = "",
    author: Author = "",
) -> None:
    """Undo an edit; undoing an undo brings it back.

    Example:

        voc irritants configs/demo.yaml undo 17
    """
    _edit(context, author, lambda registry: registry.undo(edit, reason))


@app.command()
def history(
    context: typer.Context,
    irritant_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only what touches this record.", show_default=False)] = None,
) -> None:
    """Tell what people and runs did to the registry, oldest first, and which edits cannot be applied any more.

    Example:

        voc irritants configs/demo.yaml history IRR-ABCD2345
    """
    from voc_pipeline.composers import editing

    editing.show_history(settings(context), irritant_id.upper() if irritant_id else None)


def place(told: str) -> tuple[str, int]:
    """Where a sentence stands, from `verbatim:position`."""
    from voc_pipeline.errors import EditError

    verbatim_id, _, position = told.rpartition(":")
    if not verbatim_id or not position.isdigit():
        raise EditError(
            f"{told!r}", "does not say where a sentence stands", "VERBATIM:POSITION, such as 4f0c2a:2", "Take both from the table `mentions`"
        )
    return verbatim_id, int(position)


def _edit(context: typer.Context, author: str, make: Callable[[Registry], Edit]) -> None:
    from voc_pipeline.composers import editing

    editing.edit(settings(context), author, make)
