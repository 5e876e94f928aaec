"""Errors a user can act on: where, what was found, what was expected, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_ID = re.compile(r"[A-Z]{3}-[A-Z2-7]{8}")
"""Ids of irritants and actions: three letters that tell what it is, eight at random."""


class VocError(Exception):
    """Base of every error raised on purpose.

    Args:
        where: File, field or table the trouble sits in, such as ``configs/journey.yaml: stages[3].maps_to``.
        found: What was there.
        expected: What would have been right.
        remedy: What to do about it.
    """

    def __init__(self, where: str, found: str, expected: str = "", remedy: str = "") -> None:
        self.where, self.found, self.expected, self.remedy = where, found, expected, remedy
        super().__init__(where, found, expected, remedy)

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found.rstrip('.')}."]
        if self.expected:
            parts.append(f"Expected: {self.expected.rstrip('.')}.")
        if self.remedy:
            parts.append(self.remedy if self.remedy.endswith(("?", ".")) else f"{self.remedy}.")
        return " ".join(parts)


class ConfigError(VocError):
    """A configuration that cannot be used. ``problems`` holds every one found, the first of them being this error."""

    problems: tuple[ConfigError, ...] = ()


class SourceError(VocError):
    """A source that cannot be read at all (a row that cannot be read is quarantined instead)."""


class StoreError(VocError):
    """A database that cannot be opened, or whose schema is not ours."""


class ModelError(VocError):
    """A model that cannot be loaded, or does not fit what is asked of it."""


class TrainingError(VocError):
    """Labelled data that cannot train or evaluate a model."""


class AuditError(VocError):
    """A sample that cannot be drawn, or a filled workbook that cannot be taken back. ``problems`` holds every one found, the first being this error."""

    problems: tuple[AuditError, ...] = ()


class EditError(VocError):
    """An edit of the registry that cannot be made. ``problems`` holds every one found, the first of them being this error."""

    problems: tuple[EditError, ...] = ()


class RunError(VocError):
    """A run that cannot start or go on."""


def suggest(word: str, known: Iterable[str]) -> str:
    """What is known, and the nearest of it, as a sentence for ``remedy``.

    >>> suggest("delivrey", ["buy", "deliver"])
    "Known: buy, deliver. Did you mean 'deliver'?"
    >>> suggest("IRR-NOPE", ["IRR-SSNVTPEI"])  # what all ids begin with brings none nearer
    'Known: IRR-SSNVTPEI.'
    >>> suggest("IRR-SSNVTPE1", ["IRR-SSNVTPEI"])
    "Known: IRR-SSNVTPEI. Did you mean 'IRR-SSNVTPEI'?"
    """
    names = [str(name) for name in known]
    near = [name for name in get_close_matches(word, names, n=1) if not _ID.fullmatch(name) or get_close_matches(word.rpartition("-")[2], [name[4:]])]
    return f"Known: {', '.join(names)}." + (f" Did you mean '{near[0]}'?" if near else "")
