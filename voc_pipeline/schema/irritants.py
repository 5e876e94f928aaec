"""The registry's records, who tells them, and what figures are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from voc_pipeline.schema.labels import Dimension, Gap, IrritantKind, NotValuedCode, Sentiment


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
        threshold: Claim score from which a segment is one of its mentions, in [0, 1], in the topic space it was born in; the store keeps that of others.
        generation: Rank of the run that bore it; older generations claim first.
        status: `active`, `merged`, `rejected` or `retired`.
        redirect: Id it was merged into, or "".
        first_run: Run that bore it; for a part that was split off, the run that bore the whole.
        owner: Department that owns it, or "".
        pinned: A person holds it: no run retires it.
        inclusion, exclusion: What people noted that it covers, and does not.
        parent: Id of the record it was split off, or "": it takes its mentions from that one's alone.
        split_on: Words that make a mention of the parent one of its own; none where its exemplars decide.
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
    pinned: bool = False
    inclusion: tuple[str, ...] = ()
    exclusion: tuple[str, ...] = ()
    parent: str = ""
    split_on: tuple[str, ...] = ()


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
"""Under this many verbatims a figure is greyed and marked: read with care."""
OUTCOMES = ("nps", "csat", "stars")
"""Scores that a record is set against, in the order they are told."""


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
class Ground:
    """One piece of evidence of a gap reading.

    Attributes:
        kind: `cues` of the text, `spread` over units, `entry` of a register, `missing` from a register, a gap confirmed by its
            `owner` or by another `person`.
        supports: The gap whose share it multiplies; None where it says nothing.
        weight: By how much; under 1 it speaks against that gap.
        said: Its figures and words.
    """

    kind: str
    supports: Gap | None
    weight: float
    said: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class GapReading:
    """What the mentions of one irritant, and the company's documents, say about the provider's gap (codebook 3.3).

    Attributes:
        gap: Most probable gap, or None where too few mentions carry a cue.
        confidence: In [0, ceiling].
        shares: Share of mentions per gap, with interval.
        confirmed: Whether at least 20 verbatims stand behind it.
        evidence: (verbatim id, segment position) of quotes, most typical first.
        refuting_question: The question whose answer would refute it, by language.
        ceiling: Highest confidence that this evidence can carry; 0 where no gap is read.
        grounds: The evidence, piece by piece.
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
    ceiling: float = 0.0
    grounds: tuple[Ground, ...] = ()


# ---------------------------------------------------------------- what figures are made from


@dataclass(frozen=True, slots=True)
class Voice:
    """A verbatim as statistics see it: no words.

    Attributes:
        customer: Keyed hash, or "" where unknown: such a verbatim is a cluster of its own.
        stage: The company's own stage where its journey has one, else the default stage.
        respondent: Joins the answers of one survey respondent, whose scores count once; "" where each verbatim is a response of its own.
        repaired, precursor: As in `Annotation`.
        leaving: Whether its words say that the customer leaves.
        aspects: (theme, `negative` or `positive`) of what it speaks of, each once.
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
    repaired: bool = False
    precursor: NotValuedCode | None = None
    leaving: bool = False
    aspects: tuple[tuple[str, str], ...] = ()


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
