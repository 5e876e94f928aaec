"""`voc action CONFIG ...`: from a cause to a measured result. Thin shells: what they do lives in `edits` and `composers`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voc_pipeline.command_shape import ConfigPath, Why, begin, day, group, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from voc_pipeline.edits import Actions
    from voc_pipeline.schema import Edit, Expected

app = group()

Id = Annotated[str, typer.Argument(metavar="ID", help="The irritant, such as IRR-ABCD2345.", show_default=False)]
ActionId = Annotated[str, typer.Argument(metavar="ACTION", help="The action, such as ACT-ABCD2345.", show_default=False)]
By = Annotated[str, typer.Option("--by", "--author", help="Who says so; default the login name.", show_default=False)]
Metric = Annotated[
    str,
    typer.Option(
        "--metric",
        help="verbatim_share, customer_share, contact_rate, not_valued_rate (of those who tell it), nps, csat, ces or stars.",
        show_default=False,
    ),
]
Change = Annotated[str, typer.Option("--change", metavar="CHANGE", help="Direction and size: -50% of what it was, or -2 points.", show_default=False)]
Start = Annotated[
    date | None,
    typer.Option("--start", parser=day("--start"), metavar="DATE", help="First day of the window it is measured in.", show_default=False),
]
Weeks = Annotated[int | None, typer.Option("--weeks", help="Length of that window.", show_default=False)]
Before = Annotated[int, typer.Option("--before", metavar="WEEKS", help="Weeks before it that it is set against.")]
Control = Annotated[
    str,
    typer.Option(
        "--control", metavar="ATTRIBUTE=VALUE", help="Customers for whom nothing changes; without it, an interrupted time series.", show_default=False
    ),
]
Treated = Annotated[
    str,
    typer.Option("--treated", metavar="ATTRIBUTE=VALUE", help="Those for whom it does; default all others of that attribute.", show_default=False),
]


@app.callback(invoke_without_command=True)
def action(
    context: typer.Context,
    config: ConfigPath,
) -> None:
    """Follow an irritant from its cause to a measured result: what is done, whose it is, what it is expected to change, what it changed.

    The expected result is declared before its window; later runs measure it: met, not met, or cannot tell.

    Examples:

        voc action configs/demo.yaml

        voc action configs/demo.yaml plan IRR-ABCD2345 "Virement sans signature" --owner billing --due 2026-11-15 --metric contact_rate --change -40% --start 2026-11-16 --weeks 8
    """
    begin(context, config, list_)


@app.command("list")
def list_(context: typer.Context) -> None:
    """List actions with their owner, due date and verdict, and what is late, unowned or expects nothing.

    Example:

        voc action configs/demo.yaml list
    """
    from voc_pipeline.composers import acting

    acting.show_list(settings(context))


@app.command()
def show(context: typer.Context, irritant_id: Id) -> None:
    """Show the loop of one irritant: causes, actions, what was declared when, what was measured.

    Example:

        voc action configs/demo.yaml show IRR-ABCD2345
    """
    from voc_pipeline.composers import acting

    acting.show_one(settings(context), irritant_id.upper())


@app.command()
def cause(
    context: typer.Context,
    irritant_id: Id,
    what: Annotated[str, typer.Argument(metavar="CAUSE", help="What was found to be behind it.", show_default=False)],
    found_by: Annotated[str, typer.Option("--found-by", help="Who found it; default who says so.", show_default=False)] = "",
    on: Annotated[date | None, typer.Option("--on", parser=day("--on"), metavar="DATE", help="When; default today.", show_default=False)] = None,
    reason: Why = "",
    by: By = "",
) -> None:
    """Enter the cause that was found: a person's finding, never the model's.

    Example:

        voc action configs/demo.yaml cause IRR-ABCD2345 "Le virement attend une signature" --found-by "Service facturation"
    """
    _edit(context, by, lambda actions: actions.cause(irritant_id.upper(), what, found_by, on, reason))


@app.command()
def plan(
    context: typer.Context,
    irritant_id: Id,
    what: Annotated[str, typer.Argument(metavar="ACTION", help="What will be done.", show_default=False)],
    owner: Annotated[str, typer.Option("--owner", help="Department that answers for it.", show_default=False)] = "",
    due: Annotated[date | None, typer.Option("--due", parser=day("--due"), metavar="DATE", help="Until when.", show_default=False)] = None,
    metric: Metric = "",
    change: Change = "",
    start: Start = None,
    weeks: Weeks = None,
    before: Before = 26,
    control: Control = "",
    treated: Treated = "",
    reason: Why = "",
    by: By = "",
) -> None:
    """Plan an action: owner, due date, and what it is expected to change, where and against what.

    Examples:

        voc action configs/demo.yaml plan IRR-ABCD2345 "Virement sans signature" --owner billing --due 2026-11-15

        voc action configs/demo.yaml plan IRR-ABCD2345 "SMS la veille" --owner operations --metric verbatim_share --change -40% --start 2026-11-16 --weeks 12 --control region=Bretagne
    """

    def make(actions: Actions) -> Edit:
        expected = _expected(f"plan {irritant_id.upper()}", metric, change, start, weeks, before, control, treated)
        return actions.plan(irritant_id.upper(), what, owner, due, expected, reason)

    _edit(context, by, make)


@app.command()
def expect(
    context: typer.Context,
    action_id: ActionId,
    metric: Metric,
    change: Change,
    start: Start = None,
    weeks: Weeks = None,
    before: Before = 26,
    control: Control = "",
    treated: Treated = "",
    reason: Why = "",
    by: By = "",
) -> None:
    """Declare what an action is expected to change, or declare it anew: before its window, never after data of it were analysed.

    Example:

        voc action configs/demo.yaml expect ACT-ABCD2345 --metric nps --change +5 --start 2026-11-16 --weeks 12
    """

    def make(actions: Actions) -> Edit:
        expected = _expected(f"expect {action_id.upper()}", metric, change, start, weeks, before, control, treated)
        assert expected is not None  # metric and change are asked for
        return actions.expect(action_id, expected, reason)

    _edit(context, by, make)


@app.command("start")
def start_(context: typer.Context, action_id: ActionId, reason: Why = "", by: By = "") -> None:
    """Say that an action was begun.

    Example:

        voc action configs/demo.yaml start ACT-ABCD2345
    """
    _edit(context, by, lambda actions: actions.start(action_id, reason))


@app.command()
def done(context: typer.Context, action_id: ActionId, reason: Why = "", by: By = "") -> None:
    """Say that an action was carried out; whether it helped is for the runs to measure.

    Example:

        voc action configs/demo.yaml done ACT-ABCD2345
    """
    _edit(context, by, lambda actions: actions.done(action_id, reason))


@app.command()
def drop(context: typer.Context, action_id: ActionId, reason: Why = "", by: By = "") -> None:
    """Give an action up, with the reason; what it was expected to change stays in the history.

    Example:

        voc action configs/demo.yaml drop ACT-ABCD2345 --reason "replaced by the new billing tool"
    """
    _edit(context, by, lambda actions: actions.drop(action_id, reason))


@app.command()
def close(
    context: typer.Context,
    irritant_id: Id,
    decision: Annotated[bool, typer.Option("--decision", help="Close without a measured result, with a reason; told as such.")] = False,
    reason: Why = "",
    by: By = "",
) -> None:
    """Close the loop of an irritant: because a measured result says met, or by decision with a reason. A run that sees it come back reopens it.

    Examples:

        voc action configs/demo.yaml close IRR-ABCD2345

        voc action configs/demo.yaml close IRR-ABCD2345 --decision --reason "offer withdrawn"
    """
    _edit(context, by, lambda actions: actions.close(irritant_id.upper(), decision, reason))


@app.command()
def reopen(context: typer.Context, irritant_id: Id, reason: Why = "", by: By = "") -> None:
    """Open the loop of an irritant again.

    Example:

        voc action configs/demo.yaml reopen IRR-ABCD2345 --reason "complaints in October"
    """
    _edit(context, by, lambda actions: actions.reopen(irritant_id.upper(), reason))


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The company's own register of actions.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be entered.")] = False,
    by: By = "",
) -> None:
    """Enter a register of actions that a company already keeps, each with the day it was declared there. Import it again whenever it changes.

    An irritant is named by its id, or by sentences that the registry knows it by. Each line tells both days: declared on, entered on.

    Imported again, new lines are entered and states that moved forward taken over; whatever else differs is listed with the command that changes it.
    The register is known by the name of its file: keep that name.

    Example:

        voc action configs/demo.yaml import data_samples/ondelia/actions_ondelia.yaml
    """
    from voc_pipeline.composers import acting

    acting.import_register(settings(context), file, by, dry_run)


def _expected(
    where: str, metric: str, change: str, start: date | None, weeks: int | None, before: int, control: str, treated: str
) -> Expected | None:
    from voc_pipeline.loop import expected_of

    if not any((metric, change, start, weeks, control, treated)):
        return None
    return expected_of(where, metric, change, start, weeks, before, control, treated)


def _edit(context: typer.Context, by: str, make: Callable[[Actions], Edit]) -> None:
    from voc_pipeline.composers import acting

    acting.edit(settings(context), by, make)
