"""What command groups such as `voc irritants CONFIG ...` share: settings first, the list where nothing else is asked for, an author and a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voc_pipeline.errors import ConfigError

if TYPE_CHECKING:
    from voc_pipeline.config import Config

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML settings, such as configs/demo.yaml.", show_default=False)]
Why = Annotated[str, typer.Option("--reason", help="Why, for those who read the history.", show_default=False)]


def day(option: str) -> Callable[[str], date]:
    """A reader of the days that an option takes, which says what is wrong with one in the words of every other error.

    >>> day("--due")("31/03/2026")
    Traceback (most recent call last):
        ...
    voc_pipeline.errors.ConfigError: --due: '31/03/2026' is no day. Expected: a day of the calendar, such as 2026-05-20. Write it so.
    """

    def read(text: str) -> date:
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise ConfigError(option, f"{text!r} is no day", "a day of the calendar, such as 2026-05-20", "Write it so") from None

    return read


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
