"""Tables of the company's registers: what a run read of them, and what it held against irritants."""

from __future__ import annotations

from sqlalchemy import Table

from voc_pipeline.registers import Register
from voc_pipeline.schema import MatchState
from voc_pipeline.store.columns import Day, Moment, Real, Words
from voc_pipeline.store.tables import _col, _key, metadata

__all__ = ["metadata", "register_entry", "register_match"]

register_entry = Table(
    "register_entry",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("id", Words(), "Id of the entry, its own over all registers"),
    _col("register", Words(), "Researched customer priorities, service standards or public promises", values=Register),
    _col("fr", Words(), "Its words in French, redacted, or empty"),
    _col("en", Words(), "Its words in English, redacted, or empty"),
    _col("owner", Words(), "Who answers for it, or empty"),
    _col("stage", Words(), "Stage of the journey it speaks of, or empty"),
    _col("source", Words(), "Where it is written, or empty"),
    _col("channel", Words(), "Channel it was made through, or empty"),
    _col("date", Day(), "When it was written; null if unknown", null=True),
    _col("valid_from", Day(), "First day it holds; null if always", null=True),
    _col("valid_until", Day(), "Last day it holds; null if still", null=True),
    comment="One row per run and entry of the company's registers, as the run read them.",
)

register_match = Table(
    "register_match",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("irritant_id", Words(), "The irritant"),
    _key("entry_id", Words(), "The entry"),
    _col("register", Words(), "Its register", values=Register),
    _col("score", Real(), "Closeness of the entry's words to the irritant's exemplars, 0 to 1"),
    _col("level", Real(), "Score from which a match is proposed"),
    _col("state", Words(), "Where it stands; near: not proposed, yet not absent", values=MatchState),
    _col("author", Words(), "Who confirmed or refused it, or empty"),
    _col("at", Moment(), "When, UTC; null where nobody did", null=True),
    comment="One row per run, irritant and entry that may speak of one thing.",
)
