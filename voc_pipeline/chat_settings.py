"""Settings of chats: where their turns are, who speaks, and how soon a first answer is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A wait that is allowed."""

ROBOT_ROLES = (
    "bot",
    "robot",
    "chatbot",
    "callbot",
    "voicebot",
    "automate",
    "system",
    "système",
    "auto",
    "automatic",
    "automatique",
    "virtual assistant",
    "virtual agent",
    "assistant virtuel",
    "agent virtuel",
    "conseiller virtuel",
)
"""What tools call those who are no person; case, accents and punctuation do not count."""


class TurnFields(BaseModel):
    """Where a chat's turns are. Nested (`path` names a list inside each record) or one turn a row (`path` empty, rows grouped by `conversation`).

    Attributes:
        customer_roles: Who the customer is, in the words of the tool. Everybody else speaks for the company.
        robot_roles: Of those, who is no person: an answer of theirs is no person's answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    role: str
    text: str
    time: str | None = None
    customer_roles: tuple[str, ...] = ("customer", "client", "visitor", "user")
    robot_roles: tuple[str, ...] = ROBOT_ROLES


def check_channels(limits: Iterable[str], channels: Sequence[str]) -> None:
    """Refuses a limit whose channel is a misspelt one; one for a channel of a source that is left out for now may stay.

    Raises:
        ValueError: One is misspelt.
    """
    by_fold = {str(channel).casefold(): str(channel) for channel in channels}
    for channel in limits:
        meant = get_close_matches(channel.casefold(), by_fold, n=1)
        if channel not in channels and meant:
            raise ValueError(f"response_seconds: no source has the channel {channel!r}. Did you mean {by_fold[meant[0]]!r}?")
