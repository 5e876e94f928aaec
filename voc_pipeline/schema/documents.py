"""What ties an irritant to an entry of the company's registers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MatchState(StrEnum):
    """Where a match stands. `near` is too near to call the entry absent, too far to propose it."""

    CONFIRMED = "confirmed"
    PROPOSED = "proposed"
    NEAR = "near"
    REFUSED = "refused"

    @property
    def stands(self) -> bool:
        """Whether it counts as a match: a person confirmed it, or nobody refused a proposal."""
        return self in (MatchState.CONFIRMED, MatchState.PROPOSED)


@dataclass(frozen=True, slots=True)
class Match:
    """An irritant and an entry that speak of one thing.

    Attributes:
        register: `priorities`, `standards` or `promises`.
        score: Closeness of the entry's words to the irritant's exemplars, 0 to 1.
        level: Score from which a match is proposed: well above that of two of the company's sentences taken by chance.
        author: Who confirmed or refused it, or "".
        at: When, UTC; None where nobody did.
    """

    irritant_id: str
    register: str
    entry_id: str
    score: float
    level: float
    state: MatchState
    author: str = ""
    at: datetime | None = None
