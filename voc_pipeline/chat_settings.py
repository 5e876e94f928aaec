"""Settings of chats: where their turns are, who speaks, and how soon a first answer is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from voc_pipeline.errors import suggest

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
    """Refuses a limit for a channel that no source has.

    Raises:
        ValueError: One is unknown.
    """
    for channel in limits:
        if channel not in channels:
            raise ValueError(
                f"no source has the channel {channel!r}; they have {', '.join(sorted(set(channels)))}. {suggest(channel, sorted(set(channels)))}".strip()
            )
