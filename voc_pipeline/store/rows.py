"""Nouns to rows and back; no SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row

from voc_pipeline.schema import (
    Annotation,
    Dimension,
    Exemplar,
    FirstResponse,
    Gap,
    GapReading,
    Ground,
    Interval,
    Irritant,
    IrritantKind,
    NotValuedCode,
    Passage,
    Role,
    Segment,
    SegmentAnnotation,
    Sentiment,
    SourceKind,
    Stage,
    Timing,
    Verbatim,
)

T = TypeVar("T")

# a look-up costs a third of a call of the enum
_ROLES = {role.value: role for role in Role}
_SENTIMENTS = {sentiment.value: sentiment for sentiment in Sentiment}
_STAGES = {stage.value: stage for stage in Stage}
_DIMENSIONS = {dimension.value: dimension for dimension in Dimension}
_GAPS = {gap.value: gap for gap in Gap}
_RESPONSE = ("timing", "person", "robot", "person_seconds", "robot_seconds")


def chunks(items: Sequence[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists of at most `size`: a statement takes only so many parameters."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


# ---------------------------------------------------------------- verbatims


def staged_row(verbatim: Verbatim, run_id: str, n: int) -> dict[str, Any]:
    """Row of `staged`; fields that nothing searches are packed in `rest`."""
    return {
        "run_id": run_id,
        "source": verbatim.source,
        "n": n,
        "verbatim_id": verbatim.id,
        "position": verbatim.position,
        "customer": verbatim.customer,
        "date": verbatim.date,
        "text": verbatim.text,
        "text_key": verbatim.text_key,
        "rest": {
            "row_id": verbatim.row_id,
            "kind": verbatim.kind,
            "channel": verbatim.channel,
            "lang": verbatim.lang,
            "question": verbatim.question,
            "respondent": verbatim.respondent,
            "scores": {name: float(value) for name, value in verbatim.scores.items()},
            "attributes": dict(verbatim.attributes),
            "segments": [(s.position, s.start, s.end, s.text, s.role) for s in verbatim.segments],
            "response": [getattr(verbatim.response, name) for name in _RESPONSE] if verbatim.response else None,
        },
    }


def from_staged(row: Row[Any]) -> Verbatim:
    """Verbatim of a row of `staged`."""
    rest: dict[str, Any] = dict(row.rest)
    segments = tuple(Segment(position, start, end, text, _ROLES[role]) for position, start, end, text, role in rest.pop("segments"))
    kind = SourceKind(rest.pop("kind"))
    waited = rest.pop("response", None)  # a stage written before waits were kept has none
    return Verbatim(
        id=row.verbatim_id,
        source=row.source,
        position=row.position,
        customer=row.customer,
        date=row.date,
        text=row.text,
        text_key=row.text_key,
        kind=kind,
        segments=segments,
        response=from_response(*waited) if waited else None,
        **rest,
    )


def verbatim_row(verbatim: Verbatim, duplicate_of: str | None, first_run: str, text_run: str) -> dict[str, Any]:
    """Row of `verbatim`."""
    names = (
        "id",
        "source",
        "row_id",
        "position",
        "kind",
        "channel",
        "lang",
        "text",
        "text_key",
        "question",
        "date",
        "customer",
        "respondent",
        "scores",
        "attributes",
    )
    return {name: getattr(verbatim, name) for name in names} | {"duplicate_of": duplicate_of, "first_run": first_run, "text_run": text_run}


def segment_rows(verbatim: Verbatim) -> list[dict[str, Any]]:
    """Rows of `segment`."""
    return [
        {"verbatim_id": verbatim.id, "position": s.position, "start_char": s.start, "end_char": s.end, "text": s.text, "role": s.role}
        for s in verbatim.segments
    ]


def from_segment(position: int, start: int, end: int, text: str, role: str) -> Segment:
    """Segment of its columns."""
    return Segment(position, start, end, text, _ROLES[role])


def response_row(verbatim: Verbatim) -> dict[str, Any]:
    """Row of `first_response`, of a verbatim that has one."""
    return {"verbatim_id": verbatim.id} | {name: getattr(verbatim.response, name) for name in _RESPONSE}


def from_response(timing: str, person: bool, robot: bool, person_seconds: float | None, robot_seconds: float | None) -> FirstResponse:
    """First response of its columns."""
    return FirstResponse(Timing(timing), person, robot, person_seconds, robot_seconds)


def from_verbatim(row: Row[Any], segments: Sequence[Segment], response: FirstResponse | None = None) -> Verbatim:
    """Verbatim of a row, its segments in order, and the wait for its first answer."""
    return Verbatim(
        id=row.id,
        source=row.source,
        row_id=row.row_id,
        position=row.position,
        kind=SourceKind(row.kind),
        channel=row.channel,
        lang=row.lang,
        text=row.text,
        text_key=row.text_key,
        question=row.question,
        date=row.date,
        customer=row.customer,
        respondent=row.respondent,
        scores=row.scores,
        attributes=row.attributes,
        segments=tuple(segments),
        response=response,
    )


# ---------------------------------------------------------------- annotations


def annotation_row(a: Annotation) -> dict[str, Any]:
    """Row of `annotation`."""
    return {
        "verbatim_id": a.verbatim_id,
        "model_version": a.model_version,
        "sentiment": a.sentiment,
        "p_sentiment": a.p_sentiment,
        "not_valued": bool(a.not_valued),
        "p_not_valued": a.p_not_valued,
        "not_valued_codes": a.not_valued_codes,
        "intensity": int(a.intensity),
        "repaired": bool(a.repaired),
        "precursor": a.precursor,
        "valued": bool(a.valued),
        "stage": a.stage,
        "p_stage": a.p_stage,
        "dimension": a.dimension,
        "p_dimension": a.p_dimension,
        "gap_cue": _number(a.gap_cue),
        "p_gap_cue": a.p_gap_cue,
        "passages": [
            {"segments": p.segments, "stage": p.stage, "dimension": p.dimension, "gap_cue": _number(p.gap_cue), "theme": p.theme, "p": float(p.p)}
            for p in a.passages
        ],
        "abstained": a.abstained,
        "labels": a.labels,
    }


def segment_annotation_rows(a: Annotation) -> list[dict[str, Any]]:
    """Rows of `segment_annotation`."""
    return [
        {
            "verbatim_id": a.verbatim_id,
            "model_version": a.model_version,
            "position": s.position,
            "sentiment": s.sentiment,
            "p_negative": s.p_negative,
            "p_positive": s.p_positive,
            "p_not_valued": s.p_not_valued,
            "p_suggestion": s.p_suggestion,
            "theme": s.theme,
            "p_theme": s.p_theme,
            "stage": s.stage,
            "p_stage": s.p_stage,
            "dimension": s.dimension,
            "p_dimension": s.p_dimension,
            "gap_cue": _number(s.gap_cue),
            "p_gap_cue": s.p_gap_cue,
        }
        for s in a.segments
    ]


def from_annotation(row: Row[Any], segments: Sequence[SegmentAnnotation]) -> Annotation:
    """Annotation of a row and those of its segments, in order."""
    return Annotation(
        verbatim_id=row.verbatim_id,
        sentiment=_SENTIMENTS[row.sentiment],
        p_sentiment=row.p_sentiment,
        not_valued=row.not_valued,
        p_not_valued=row.p_not_valued,
        not_valued_codes=tuple(NotValuedCode(code) for code in row.not_valued_codes),
        intensity=row.intensity,
        valued=row.valued,
        stage=_STAGES[row.stage],
        p_stage=row.p_stage,
        dimension=_dimension(row.dimension),
        p_dimension=row.p_dimension,
        gap_cue=_gap(row.gap_cue),
        p_gap_cue=row.p_gap_cue,
        passages=tuple(
            Passage(tuple(p["segments"]), _STAGES[p["stage"]], _dimension(p["dimension"]), _gap(p["gap_cue"]), p["theme"], p["p"])
            for p in row.passages
        ),
        abstained=tuple(row.abstained),
        segments=tuple(segments),
        model_version=row.model_version,
        repaired=row.repaired,
        precursor=NotValuedCode(row.precursor) if row.precursor else None,
        labels=row.labels,
    )


def from_segment_annotation(values: Sequence[Any]) -> SegmentAnnotation:
    """Annotation of a segment, of its columns from `position` on, in the order of the table."""
    position, sentiment, negative, positive, not_valued, suggestion, theme, p_theme, stage, p_stage, dimension, p_dimension, gap_cue, p_gap_cue = (
        values
    )
    return SegmentAnnotation(
        position,
        _SENTIMENTS[sentiment],
        negative,
        positive,
        not_valued,
        suggestion,
        theme,
        p_theme,
        _STAGES[stage],
        p_stage,
        _dimension(dimension),
        p_dimension,
        _gap(gap_cue),
        p_gap_cue,
    )


# ---------------------------------------------------------------- registry and results


GIVEN = ("label_fr", "label_en", "label_status", "status", "redirect", "owner")
"""Fields of an irritant that runs give and people change."""


def irritant_row(i: Irritant) -> dict[str, Any]:
    """Row of `irritant`; its exemplars have rows of their own."""
    names = (
        "id",
        "kind",
        "label_fr",
        "label_en",
        "label_status",
        "theme",
        "keywords",
        "threshold",
        "generation",
        "first_run",
        "status",
        "redirect",
        "owner",
        "pinned",
        "inclusion",
        "exclusion",
        "parent",
        "split_on",
    )
    return {name: getattr(i, name) for name in names} | {"given": {name: getattr(i, name) for name in GIVEN}}


def from_irritant(row: Row[Any], exemplars: Sequence[Row[Any]]) -> Irritant:
    """Irritant of a row and its exemplars, in order."""
    values = dict(row._mapping)
    del values["given"]
    values |= {
        "kind": IrritantKind(row.kind),
        **{name: tuple(values[name]) for name in ("keywords", "inclusion", "exclusion", "split_on")},
        "exemplars": tuple(Exemplar(e.verbatim_id, e.position, e.text, e.lang) for e in exemplars),
    }
    return Irritant(**values)


def gap_row(reading: GapReading, run_id: str) -> dict[str, Any]:
    """Row of `gap`."""
    return {
        "run_id": run_id,
        "irritant_id": reading.irritant_id,
        "gap": _number(reading.gap),
        "alternative": _number(reading.alternative),
        "confidence": reading.confidence,
        "shares": {str(int(key)): _bounds(value) for key, value in reading.shares.items()},
        "dimensions": {str(key): _bounds(value) for key, value in reading.dimensions.items()},
        "n": int(reading.n),
        "confirmed": bool(reading.confirmed),
        "evidence": reading.evidence,
        "refuting_question": dict(reading.refuting_question),
        "ceiling": float(reading.ceiling),
        "grounds": [[one.kind, _number(one.supports), float(one.weight), dict(one.said)] for one in reading.grounds],
    }


def from_gap(row: Row[Any]) -> GapReading:
    """Gap reading of a row."""
    return GapReading(
        irritant_id=row.irritant_id,
        gap=_gap(row.gap),
        alternative=_gap(row.alternative),
        confidence=row.confidence,
        shares={int(key): _interval(value) for key, value in row.shares.items()},
        dimensions={key: _interval(value) for key, value in row.dimensions.items()},
        n=row.n,
        confirmed=row.confirmed,
        evidence=tuple((verbatim_id, position) for verbatim_id, position in row.evidence),
        refuting_question=row.refuting_question,
        ceiling=row.ceiling,
        grounds=tuple(Ground(kind, _gap(supports), weight, said) for kind, supports, weight, said in row.grounds),
    )


def text_keys(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Keys of a mapping as the text they will be in JSON."""
    return {str(key): item for key, item in value.items()}


def _bounds(interval: Interval) -> tuple[float, float, float, int]:
    return float(interval.value), float(interval.low), float(interval.high), int(interval.n)


def _interval(bounds: Sequence[float | None]) -> Interval:
    value, low, high = (float("nan") if bound is None else bound for bound in bounds[:3])
    return Interval(value, low, high, int(bounds[3] or 0))


def _number(gap: Gap | None) -> int | None:
    return None if gap is None else int(gap)


def _gap(number: int | None) -> Gap | None:
    return None if number is None else _GAPS[number]


def _dimension(name: str | None) -> Dimension | None:
    return None if name is None else _DIMENSIONS[name]
