"""The nouns: frozen dataclasses and enums, no behaviour. `Verbatim` is the unit of voice, `Segment` the unit of meaning."""

from __future__ import annotations

from voc_pipeline.schema.audits import Audit, AuditAnswer, Drawn, Stratum
from voc_pipeline.schema.documents import Match, MatchState
from voc_pipeline.schema.feedback import Annotation, Dropped, Passage, RawFeedback, Segment, SegmentAnnotation, Turn, Unreadable, Verbatim
from voc_pipeline.schema.irritants import (
    OUTCOMES,
    SMALL_BASE,
    Exemplar,
    GapReading,
    Ground,
    Interval,
    Irritant,
    Mention,
    Metric,
    Proposal,
    Telling,
    Voice,
)
from voc_pipeline.schema.labels import EVENT_CODES, Dimension, Gap, IrritantKind, NotValuedCode, Outcome, Reason, Role, Sentiment, SourceKind, Stage
from voc_pipeline.schema.ledger import Edit
from voc_pipeline.schema.loop import LEAST_BEFORE, LOOP_STATUS, METRICS, SCORES, VERDICTS, Action, Cause, Expected, Loop, Measured
from voc_pipeline.schema.stories import UNKNOWN, Contact, Episode, SeamTold, Side, Story

__all__ = [
    "EVENT_CODES",
    "LEAST_BEFORE",
    "LOOP_STATUS",
    "METRICS",
    "OUTCOMES",
    "SCORES",
    "SMALL_BASE",
    "UNKNOWN",
    "VERDICTS",
    "Action",
    "Annotation",
    "Audit",
    "AuditAnswer",
    "Cause",
    "Contact",
    "Dimension",
    "Drawn",
    "Dropped",
    "Edit",
    "Episode",
    "Exemplar",
    "Expected",
    "Gap",
    "GapReading",
    "Ground",
    "Interval",
    "Irritant",
    "IrritantKind",
    "Loop",
    "Match",
    "MatchState",
    "Measured",
    "Mention",
    "Metric",
    "NotValuedCode",
    "Outcome",
    "Passage",
    "Proposal",
    "RawFeedback",
    "Reason",
    "Role",
    "SeamTold",
    "Segment",
    "SegmentAnnotation",
    "Sentiment",
    "Side",
    "SourceKind",
    "Stage",
    "Story",
    "Stratum",
    "Telling",
    "Turn",
    "Unreadable",
    "Verbatim",
    "Voice",
]
