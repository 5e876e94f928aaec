"""The nouns: frozen dataclasses and enums, no behaviour. `Verbatim` is the unit of voice, `Segment` the unit of meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

# ---------------------------------------------------------------- labels of the codebook


class Sentiment(StrEnum):
    """The customer's overall stance toward the company's experience (codebook 1)."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    MIXED = "mixed"


class NotValuedCode(StrEnum):
    """Ways of not being valued (codebook 2.2): five of regard, then four of events."""

    NOT_HEARD = "not_heard"
    JUST_A_NUMBER = "just_a_number"
    LOYALTY_UNREWARDED = "loyalty_unrewarded"
    DISRESPECT = "disrespect"
    INDIFFERENCE = "indifference"
    IGNORED = "ignored"
    REPEAT_SELF = "repeat_self"
    PASSED_AROUND = "passed_around"
    BROKEN_PROMISE = "broken_promise"


class Stage(StrEnum):
    """Stages of the customer journey; `TRANSITION` is the seam between them (codebook 4)."""

    DISCOVER = "discover"
    CHOOSE = "choose"
    BUY = "buy"
    DELIVER = "deliver"
    USE = "use"
    PAY = "pay"
    SUPPORT = "support"
    CLAIM = "claim"
    LOYALTY = "loyalty"
    LEAVE = "leave"
    TRANSITION = "transition"
    UNKNOWN = "unknown"


class Dimension(StrEnum):
    """Servqual dimensions (codebook 3.1)."""

    TANGIBLES = "tangibles"
    RELIABILITY = "reliability"
    RESPONSIVENESS = "responsiveness"
    ASSURANCE = "assurance"
    EMPATHY = "empathy"


class Gap(IntEnum):
    """Provider-side Servqual gaps that a text can be a cue for; gap 5 is computed, never a class (codebook 3.2)."""

    KNOWLEDGE = 1
    SPECIFICATION = 2
    DELIVERY = 3
    COMMUNICATION = 4


class SourceKind(StrEnum):
    """What a source yields."""

    CHAT = "chat"
    REVIEW = "review"
    SURVEY = "survey"


class Role(StrEnum):
    """Whose words a segment holds; only the customer's are evidence."""

    CUSTOMER = "customer"
    AGENT = "agent"


class Outcome(StrEnum):
    """How a received row ends. The four sum to what was received."""

    ANALYSED = "analysed"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why a row was not analysed."""

    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    EMPTY = "empty"
    NO_CUSTOMER_TURN = "no_customer_turn"
    LANGUAGE = "language"
    BAD_DATE = "bad_date"
    BAD_ROW = "bad_row"
    BAD_VALUE = "bad_value"
    MISSING_ID = "missing_id"
    ID_CONFLICT = "id_conflict"
    TOO_LONG = "too_long"


class IrritantKind(StrEnum):
    """What a record of the registry stands for: what to mend, what to keep, what is asked for."""

    IRRITANT = "irritant"
    STRENGTH = "strength"
    SUGGESTION = "suggestion"


# ---------------------------------------------------------------- from the street to the shelf


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a chat as it came: not redacted, never stored."""

    role: Role
    text: str = field(repr=False)
    at: datetime | None = None


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
    """Answers for one verbatim, made by one model version. `abstained` names the fields that stand on too little."""

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


# ---------------------------------------------------------------- the registry


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A segment an irritant is known by. Its vector is derived, and re-embedded when the encoder changes."""

    verbatim_id: str
    position: int
    text: str
    lang: str


@dataclass(frozen=True, slots=True)
class Irritant:
    """A long-lived record: an irritant, a strength or a suggestion.

    Attributes:
        id: `IRR-`, `STR-` or `SUG-` and 8 base32 characters from the founding exemplars.
        label_fr, label_en: Object + failure; empty where none could be given with enough evidence.
        label_status: Per language: `derived` from the mentions, `category` from the nearest canonical one, `edited` by a person, `missing`.
        theme: Canonical category, or "".
        keywords: Lemmas and noun phrases, most telling first.
        exemplars: Founding segments, most typical first.
        threshold: Claim score from which a segment is one of its mentions, in [0, 1].
        generation: Rank of the run that bore it; older generations claim first.
        status: `active`, `merged`, `rejected` or `retired`.
        redirect: Id it was merged into, or "".
        first_run: Run that bore it.
    """

    id: str
    kind: IrritantKind
    label_fr: str
    label_en: str
    label_status: Mapping[str, str]
    theme: str
    keywords: tuple[str, ...]
    exemplars: tuple[Exemplar, ...]
    threshold: float
    generation: int
    first_run: str
    status: str = "active"
    redirect: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A group of segments that discovery holds for one irritant; the registry decides whether it becomes one.

    Attributes:
        members: Indexes of its candidates, ascending.
        exemplars: Segments it would be known by, most typical first, no two with the same text.
        keywords: Lemmas and noun phrases, most telling first.
        label_fr, label_en: Object + failure; empty where the mentions do not support one.
        label_status: Per language: `derived`, `category` or `missing`.
        theme: Canonical category most of its members point to, or "".
    """

    members: tuple[int, ...]
    exemplars: tuple[Exemplar, ...]
    keywords: tuple[str, ...]
    label_fr: str
    label_en: str
    label_status: Mapping[str, str]
    theme: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A segment that tells of an irritant. `fallback` marks a nearest irritant below its threshold: shown, never counted."""

    verbatim_id: str
    position: int
    irritant_id: str
    score: float
    fallback: bool = False


SMALL_BASE = 30
"""Under this many verbatims a figure is marked: read with care."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval and the base it stands on."""

    value: float
    low: float
    high: float
    n: int

    @property
    def small_base(self) -> bool:
        """Whether the figure stands on fewer than `SMALL_BASE` verbatims."""
        return self.n < SMALL_BASE


@dataclass(frozen=True, slots=True)
class GapReading:
    """What the mentions of one irritant say about the provider's gap (codebook 3.3).

    Attributes:
        gap: Most probable gap cue, or None where too few mentions carry one.
        confidence: In [0, ceiling of text alone].
        shares: Share of mentions per gap, with interval.
        confirmed: Whether at least 20 verbatims stand behind it.
        evidence: (verbatim id, segment position) of quotes, most typical first.
        refuting_question: The question whose answer would refute it, by language.
    """

    irritant_id: str
    gap: Gap | None
    alternative: Gap | None
    confidence: float
    shares: Mapping[int, Interval]
    dimensions: Mapping[str, Interval]
    n: int
    confirmed: bool
    evidence: tuple[tuple[str, int], ...]
    refuting_question: Mapping[str, str]


# ---------------------------------------------------------------- what figures are made from


@dataclass(frozen=True, slots=True)
class Voice:
    """A verbatim as statistics see it: no words.

    Attributes:
        customer: Keyed hash, or "" where unknown: such a verbatim is a cluster of its own.
        stage: The company's own stage where its journey has one, else the default stage.
        respondent: Joins the answers of one survey respondent, whose scores count once; "" where each verbatim is a response of its own.
    """

    verbatim_id: str
    source: str
    channel: str
    lang: str
    date: datetime | None
    customer: str
    sentiment: Sentiment
    not_valued: bool
    not_valued_codes: tuple[NotValuedCode, ...]
    intensity: int
    valued: bool
    stage: str
    scores: Mapping[str, float]
    attributes: Mapping[str, str]
    respondent: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """One irritant told by one verbatim (its mentions there folded into one): all counts count these."""

    irritant_id: str
    verbatim_id: str
    position: int
    score: float
    stage: str
    dimension: Dimension | None
    gap_cue: Gap | None
    p_gap_cue: float
    p_negative: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a run.

    Attributes:
        scope: What it is about: `run`, `month`, `stage`, `irritant`, `irritant_month`, ...
        key: Which one; parts joined by `=`, such as `IRR-ABCD2345=2026-09`.
        name: Of the figure: `share`, `not_valued_rate`, ...
        n: Base it stands on, in verbatims (or customers where the name says so).
        detail: Whatever explains it: tests, windows, parts.
    """

    scope: str
    key: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    detail: Mapping[str, object] = field(default_factory=dict)
