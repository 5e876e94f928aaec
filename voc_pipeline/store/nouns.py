"""What the store keeps beside the nouns of `schema`: runs, edits, scores. No SQLAlchemy here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from voc_pipeline.schema import Edit, Metric

__all__ = ["Edit", "Metric", "Run", "RunStatus", "ScoreRow", "StagedRow"]

RunStatus = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the pipeline over one pull of the sources.

    Attributes:
        id: Such as `run-0001`.
        ordinal: 1 for the first run of the store, then 2, ...
        request_hash: What was asked (settings, window, model); equal for a run that resumes or repeats another.
        fingerprint: Content hash of all sources.
        as_of: Day the figures speak of.
        window_start: First day inside the window of the figures.
        counts: How the received rows ended, written by `Store.settle`.
    """

    id: str
    ordinal: int
    project: str
    config_hash: str
    request_hash: str
    fingerprint: str
    model_version: str
    since: date | None
    until: date | None
    as_of: date | None
    window_start: date | None
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One number a respondent gave; `respondent_hash` is the verbatim's id where the source knows no respondent."""

    source: str
    respondent_hash: str
    customer_hash: str
    date: datetime | None
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class StagedRow:
    """What the search for duplicates needs of a verbatim. `known`: an earlier run analysed this very text under this id."""

    id: str
    source: str
    position: int
    customer: str
    date: datetime | None
    text: str
    text_key: str
    known: bool
