"""Table of the waits for a first answer in chats."""

from __future__ import annotations

from sqlalchemy import Boolean, Table

from voc_pipeline.schema import Timing
from voc_pipeline.store.columns import Real, Words
from voc_pipeline.store.tables import _CLUSTERED, _col, _key, metadata

__all__ = ["first_response", "metadata"]

first_response = Table(
    "first_response",
    metadata,
    _key("verbatim_id", Words(), "The chat", "verbatim.id", cascade=True),
    _col(
        "timing", Words(), "What its clock allows to say: untimed where a time is missing, backwards where times contradict the order", values=Timing
    ),
    _col("person", Boolean(), "Whether a person of the company answers after the customer's first message"),
    _col("robot", Boolean(), "Whether a robot does"),
    _col("person_seconds", Real(), "Seconds until a person first answers; null where none does, or nothing is timed", null=True),
    _col("robot_seconds", Real(), "Seconds until a robot first answers; null likewise", null=True),
    comment="One row per chat: how long its customer waited for a first answer. Of the times of messages, nothing else is kept.",
    **_CLUSTERED,
)
