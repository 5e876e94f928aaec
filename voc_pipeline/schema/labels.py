"""The labels of the codebook, and how rows and records are told apart."""

from __future__ import annotations

from enum import IntEnum, StrEnum


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


EVENT_CODES = (NotValuedCode.IGNORED, NotValuedCode.REPEAT_SELF, NotValuedCode.PASSED_AROUND, NotValuedCode.BROKEN_PROMISE)
"""Codes that tell an event: one that happened once, and without a mark of how it felt, is a precursor only (codebook 2.3)."""


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


class Timing(StrEnum):
    """What the clock of a chat allows to say."""

    TIMED = "timed"
    UNTIMED = "untimed"
    BACKWARDS = "backwards"


class IrritantKind(StrEnum):
    """What a record of the registry stands for: what to mend, what to keep, what is asked for."""

    IRRITANT = "irritant"
    STRENGTH = "strength"
    SUGGESTION = "suggestion"


class Level(StrEnum):
    """What records roll up to: themes for marketing, stages and departments for owners."""

    THEME = "theme"
    STAGE = "stage"
    DEPARTMENT = "department"
