"""What is read along one customer's way through all channels: the seams they tell of, their contacts, and the story these make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from voc_pipeline.schema.labels import NotValuedCode

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a seam.

    Attributes:
        place: Id of a place of the seams' lexicon (`shop`, `billing`, `partner`, ...), or `unknown`.
        stage: Stage of the journey its side is read as, or `unknown`.
        confidence: In [0, 1]; 0 where the place is unknown.
    """

    place: str = UNKNOWN
    stage: str = UNKNOWN
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class SeamTold:
    """A seam as one verbatim tells it (codebook 4): responsibility or information passes from one side to another, and something is lost.

    Attributes:
        from_, to: Its sides, in the order the customer was sent along.
        kind: `channel`, `department`, `partner`, `adviser`, `stage` or `unknown`.
        lost: `ownership`, `context`, `promise`, `consistency` or `unknown`.
        lost_confidence: In [0, 1].
        start, end: The quoted span, characters of the text it was read in.
    """

    from_: Side
    to: Side
    kind: str
    lost: str
    lost_confidence: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Contact:
    """What one customer said on one occasion: a chat, a review, or all answers of one form on one day.

    Attributes:
        verbatim_ids: The worst answer, which stands for it, then the others sorted.
        position: Segment of the first of them that speaks for it.
        solicited: Whether the company asked for it, as by a survey.
        mood: Emotional score from -2 (worst) to +2 (best), the mean of its answers.
        irritants: Ids of the irritants it tells.
        told_again: Whether its words say that the customer had to repeat themselves.
        handed_on: Whether its words tell of a hand-off: passed around, or a seam.
        settled: Positive, or told as repaired: what was open is taken as closed.
        scores, attributes: As given with it.
    """

    customer: str
    date: datetime
    channel: str
    source: str
    respondent: str
    solicited: bool
    verbatim_ids: tuple[str, ...]
    position: int
    stage: str
    mood: float
    negative: bool
    not_valued: bool
    codes: tuple[NotValuedCode, ...]
    repaired: bool
    settled: bool
    told_again: bool
    handed_on: bool
    leaving: bool
    irritants: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Episode:
    """One irritant as one customer tells it, from the first mention to the last one before it is settled or falls silent.

    Attributes:
        contacts: Places in the story, ascending.
        settled: Whether a positive or repaired contact follows.
    """

    irritant_id: str
    contacts: tuple[int, ...]
    days_open: float
    settled: bool


@dataclass(frozen=True, slots=True)
class Story:
    """One customer over all channels, in the order of time (codebook 6, cumulative experience).

    Attributes:
        repeats: By number of days, contacts that tell an irritant again within them.
        retellings: Contacts where the customer has to tell again: their words say so, or they tell an irritant anew in another channel.
        switches: (from channel, to channel, irritant) of contacts on one irritant within thirty days.
        days_open: Of the longest episode; None where no irritant is told.
        peak, end, mean: Worst, last and mean mood, -2 to +2.
        score: The weighted sum of these.
        slope: Change of mood in thirty days, least squares; None on fewer than two days.
        decayed_not_valued: Contacts that are not valued, each halved with every half-life passed.
    """

    customer: str
    contacts: tuple[Contact, ...]
    episodes: tuple[Episode, ...]
    repeats: Mapping[int, int]
    retellings: int
    switches: tuple[tuple[str, str, str], ...]
    hand_offs: int
    days_open: float | None
    peak: float
    peak_at: int
    end: float
    mean: float
    score: float
    slope: float | None
    decayed_not_valued: float
    repaired: bool
