"""From the street to the shelf: a row as it comes, what intake makes of it, and the answers of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from voc_pipeline.schema.labels import Dimension, Gap, NotValuedCode, Outcome, Reason, Role, Sentiment, SourceKind, Stage, Timing


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a chat as it came: not redacted, never stored. `robot`: no person of the company wrote it."""

    role: Role
    text: str = field(repr=False)
    at: datetime | None = None
    robot: bool = False


@dataclass(frozen=True, slots=True)
class FirstResponse:
    """How long a chat's customer waited, from their first message to the first answer after it. Times themselves are not kept.

    Attributes:
        timing: `timed`; `untimed` where a time is missing or tells only the day; `backwards` where times contradict the order of messages.
        person: Whether a person of the company answers at all.
        robot: Whether a robot does.
        person_seconds: Until a person first answers; None where none does, or nothing is timed.
        robot_seconds: The same for a robot.
    """

    timing: Timing
    person: bool
    robot: bool
    person_seconds: float | None = None
    robot_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RawFeedback:
    """A row as a source gave it. Lives in memory only; `repr` shows none of its words."""

    source: str
    kind: SourceKind
    row_id: str
    position: int
    text: str = field(repr=False)
    turns: tuple[Turn, ...] = field(default=(), repr=False)
    title: str = field(default="", repr=False)
    question: str = ""
    channel: str = ""
    date: datetime | None = None
    customer: str = field(default="", repr=False)
    respondent: str = field(default="", repr=False)
    scores: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    response: FirstResponse | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that a reader could not turn into `RawFeedback`: where it stands and why, never its text."""

    source: str
    position: int
    reason: Reason
    row_hash: str
    detail: str = ""
    outcome: Outcome = Outcome.QUARANTINED


@dataclass(frozen=True, slots=True)
class Segment:
    """The unit of meaning: a sentence or a turn's sentence, `text == verbatim.text[start:end]`."""

    position: int
    start: int
    end: int
    text: str
    role: Role = Role.CUSTOMER


@dataclass(frozen=True, slots=True)
class Verbatim:
    """The unit of voice, redacted. Only `intake` makes one, and the store accepts nothing else.

    Attributes:
        id: Keyed hash of (source, row id), 32 hexadecimal characters.
        row_id: The source's own id where it holds no personal data, else its keyed hash.
        text: Redacted words, the offsets of `segments` refer to it; a chat has `client:` / `agent:` at the head of each turn.
        text_key: Keyed hash of the folded text: equal for double submits.
        customer: Keyed hash of the customer's id, or "".
        respondent: Keyed hash that joins a survey's answers and `scores`, or "".
        scores: `nps` 0-10, `csat`, `ces`, `stars`, and `expectation.<dimension>`, `perception.<dimension>`, `weight.<dimension>` on the survey's own scale.
        response: How long a chat's customer waited for a first answer; None where it is no chat, or its source was read before that was kept.
    """

    id: str
    source: str
    row_id: str
    position: int
    kind: SourceKind
    channel: str
    lang: str
    text: str
    text_key: str
    question: str
    date: datetime | None
    customer: str
    respondent: str
    scores: Mapping[str, float]
    attributes: Mapping[str, str]
    segments: tuple[Segment, ...]
    response: FirstResponse | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A received row that is not analysed, and why. Never its text."""

    source: str
    position: int
    outcome: Outcome
    reason: Reason
    row_hash: str
    detail: str = ""


# ---------------------------------------------------------------- answers of the models


@dataclass(frozen=True, slots=True)
class SegmentAnnotation:
    """Answers for one segment; probabilities in [0, 1]."""

    position: int
    sentiment: Sentiment
    p_negative: float
    p_positive: float
    p_not_valued: float
    p_suggestion: float
    theme: str
    p_theme: float
    stage: Stage
    p_stage: float
    dimension: Dimension | None
    p_dimension: float
    gap_cue: Gap | None
    p_gap_cue: float


@dataclass(frozen=True, slots=True)
class Passage:
    """One irritant told by a verbatim: the segments that tell it and what they point to."""

    segments: tuple[int, ...]
    stage: Stage
    dimension: Dimension | None
    gap_cue: Gap | None
    theme: str
    p: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """Answers for one verbatim, made by one model version.

    Attributes:
        repaired: Felt not valued, then repaired by this company.
        precursor: An event that often comes before: once, told without a mark; None where the verbatim is not valued, or tells of none.
        labels: Answers of heads that users trained for labels of their own, by label.
        abstained: Fields that stand on too little.
    """

    verbatim_id: str
    sentiment: Sentiment
    p_sentiment: Mapping[str, float]
    not_valued: bool
    p_not_valued: float
    not_valued_codes: tuple[NotValuedCode, ...]
    intensity: int
    valued: bool
    stage: Stage
    p_stage: Mapping[str, float]
    dimension: Dimension | None
    p_dimension: Mapping[str, float]
    gap_cue: Gap | None
    p_gap_cue: Mapping[str, float]
    passages: tuple[Passage, ...]
    abstained: tuple[str, ...]
    segments: tuple[SegmentAnnotation, ...]
    model_version: str
    repaired: bool = False
    precursor: NotValuedCode | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
