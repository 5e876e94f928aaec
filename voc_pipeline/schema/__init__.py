"""The nouns: frozen dataclasses and enums, no behaviour. `Verbatim` is the unit of voice, `Segment` the unit of meaning."""

from __future__ import annotations

from voc_pipeline.schema.audits import Audit, AuditAnswer, Drawn, Stratum
from voc_pipeline.schema.feedback import Annotation, Dropped, Passage, RawFeedback, Segment, SegmentAnnotation, Turn, Unreadable, Verbatim
from voc_pipeline.schema.irritants import SMALL_BASE, Exemplar, GapReading, Interval, Irritant, Mention, Metric, Proposal, Telling, Voice
from voc_pipeline.schema.labels import EVENT_CODES, Dimension, Gap, IrritantKind, NotValuedCode, Outcome, Reason, Role, Sentiment, SourceKind, Stage
from voc_pipeline.schema.ledger import Edit
from voc_pipeline.schema.loop import LOOP_STATUS, VERDICTS, Action, Cause, Expected, Loop, Measured

__all__ = [
    "EVENT_CODES",
    "LOOP_STATUS",
    "SMALL_BASE",
    "VERDICTS",
    "Action",
    "Annotation",
    "Audit",
    "AuditAnswer",
    "Cause",
    "Dimension",
    "Drawn",
    "Dropped",
    "Edit",
    "Exemplar",
    "Expected",
    "Gap",
    "GapReading",
    "Interval",
    "Irritant",
    "IrritantKind",
    "Loop",
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
    "Segment",
    "SegmentAnnotation",
    "Sentiment",
    "SourceKind",
    "Stage",
    "Stratum",
    "Telling",
    "Turn",
    "Unreadable",
    "Verbatim",
    "Voice",
]
