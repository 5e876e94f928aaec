"""What command groups such as `voc irritants CONFIG ...` share: settings first, the list where nothing else is asked for, an author and a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voc_pipeline.config import Config

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML settings, such as configs/demo.yaml.", show_default=False)]
Why = Annotated[str, typer.Option("--reason", help="Why, for those who read the history.", show_default=False)]


def group() -> typer.Typer:
    """A group of commands whose callback calls `begin`."""
    return typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False)


def begin(context: typer.Context, config: Path, list_: Callable[[typer.Context], None]) -> None:
    """Keeps the settings' path for the command that follows; without one, lists."""
    context.obj = config
    if context.invoked_subcommand is None:
        list_(context)


def settings(context: typer.Context) -> Config:
    """The settings a command was given.

    Raises:
        ConfigError: They cannot be read.
    """
    from voc_pipeline.config import load_config

    return load_config(context.obj)
