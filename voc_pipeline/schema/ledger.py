"""The ledger of the registry: what runs and people did to it, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of the ledger of the registry. `run_id` is "" for what a person did.

    Attributes:
        at: When, UTC.
        author: Who: a person, or `voc` for a run.
        action: What was done: `rename`, `merge`, ... by people; `born`, `retired`, ... by runs.
        payload: What the action needs to be understood and done again.
        reason: Why, in the author's words.
        id: Rank in the ledger, from 1; 0 for one that is not written yet.
    """

    at: datetime
    author: str
    run_id: str
    action: str
    irritant_id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    id: int = field(default=0, compare=False)
