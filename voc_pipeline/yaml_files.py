"""YAML that people write, read with its mistakes told: a fault of its form, or a value that is none, such as the 31st of February."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from voc_pipeline.errors import VocError

DAY = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """The safe loader, which knows the line of a value that cannot be made."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError):
            raise _NoValueError(node) from None


class _NoValueError(Exception):
    """A value that is written as a day or a number, and is none."""

    def __init__(self, node: yaml.Node) -> None:
        super().__init__()
        self.node = node


def parsed(text: str, path: Path, kind: type[VocError]) -> Any:
    """What a YAML text says.

    Args:
        text: Of the file.
        path: Of the file, for messages.
        kind: The error to raise.

    Raises:
        VocError: Of that kind: not YAML, or a value that is none, with its line.

    >>> parsed("due: 2026-02-31", Path("actions.yaml"), VocError)
    Traceback (most recent call last):
        ...
    voc_pipeline.errors.VocError: actions.yaml: line 1: '2026-02-31' is no day. Expected: a day of the calendar, such as 2026-05-20. Correct it there.
    """
    try:
        return yaml.load(text, _Loader)  # a safe loader
    except yaml.YAMLError as error:
        raise kind(str(path), f"not valid YAML: {' '.join(str(error).split())}", "YAML", "Check indentation and quotes there") from None
    except _NoValueError as error:
        where, value = f"{path}: line {error.node.start_mark.line + 1}", error.node.value
        if error.node.tag == DAY:
            raise kind(where, f"{value!r} is no day", "a day of the calendar, such as 2026-05-20", "Correct it there") from None
        raise kind(where, f"{value!r} cannot be read", "a number, or words in quotes", "Correct it there") from None
