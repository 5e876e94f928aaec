"""Segments to irritants: which of them tell of something, and what known irritants claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from voc_pipeline import registry
from voc_pipeline.encoder import Floats
from voc_pipeline.keys import fold
from voc_pipeline.schema import Annotation, IrritantKind, Mention, Role, Segment, SegmentAnnotation, Verbatim
from voc_pipeline.steps.context import Context, Counts, Step

MIN_WORDS = 3
"""Shorter segments ("Nul !!") have a polarity but no object: they join no irritant, unless a person says that they do."""


@dataclass(frozen=True, slots=True)
class Told:
    """A segment that goes to the registry, with what it came from."""

    verbatim: Verbatim
    segment: Segment
    answer: SegmentAnnotation


def told(
    verbatim: Verbatim, annotation: Annotation, thresholds: dict[str, float], moved: Mapping[str, IrritantKind] = MappingProxyType({})
) -> Iterator[tuple[IrritantKind, Told]]:
    """Customer segments of a verbatim that tell of an irritant, a strength or a suggestion, each with which.

    Args:
        verbatim: What was said.
        annotation: What the model says of it.
        thresholds: Probabilities from which a segment tells of each.
        moved: For each folded text that a person moved to a record, the kind of that record.
    """
    answers = {answer.position: answer for answer in annotation.segments}
    for segment in verbatim.segments:
        answer = answers.get(segment.position)
        if answer is None or segment.role is not Role.CUSTOMER:
            continue
        kind = moved.get(fold(segment.text)) if moved else None
        if kind is None and len(segment.text.split()) >= MIN_WORDS:
            kind = kind_of(answer, thresholds, bool(annotation.passages))
        if kind is not None:
            yield kind, Told(verbatim, segment, answer)


def kind_of(answer: SegmentAnnotation, thresholds: dict[str, float], complains: bool) -> IrritantKind | None:
    """Which kind of record a segment can tell of; one at most.

    Args:
        answer: What the model says of the segment alone.
        thresholds: Probabilities from which a segment tells of each.
        complains: Whether the verbatim as a whole tells an irritant. Praise is often told in sentences that alone sound like trouble ("He told me not to
            buy it"): of the negative segments of positive verbatims .48 are gold with this, .22 without (502 real ones); of all, .753 and .736,
            with .886 and .887 of the gold found.
    """
    if answer.p_suggestion >= thresholds["suggestion"] and answer.p_negative < thresholds["segment_negative"]:
        return IrritantKind.SUGGESTION
    if complains and answer.p_negative >= thresholds["segment_negative"] and answer.p_negative >= answer.p_positive:
        return IrritantKind.IRRITANT
    if answer.p_positive >= thresholds["segment_positive"]:
        return IrritantKind.STRENGTH
    return None


def kinds(context: Context) -> list[IrritantKind]:
    """Kinds of records that the settings ask for."""
    settings = context.config.discovery
    return [
        IrritantKind.IRRITANT,
        *([IrritantKind.STRENGTH] if settings.strengths else []),
        *([IrritantKind.SUGGESTION] if settings.suggestions else []),
    ]


def gather(context: Context, ids: Sequence[str] | None) -> dict[IrritantKind, list[Told]]:
    """Segments by kind, each in the order of (verbatim id, position): of some verbatims, or of the whole base."""
    thresholds = dict(context.annotator.decisions.thresholds)
    since, until = context.window
    version = context.run.model_version
    verbatims = context.store.verbatims(ids=ids) if ids is not None else context.store.verbatims(since, until)
    found = context.store.annotations(version, ids=ids) if ids is not None else context.store.annotations(version, since, until)
    annotations = {annotation.verbatim_id: annotation for annotation in found}
    gathered: dict[IrritantKind, list[Told]] = {kind: [] for kind in kinds(context)}
    standing = context.standing()
    moved = {text: standing.records[target].kind for text, to in standing.moves.items() if (target := standing.following(to)) in standing.records}
    for verbatim in verbatims:
        if verbatim.id in annotations:
            for kind, item in told(verbatim, annotations[verbatim.id], thresholds, moved):
                if kind in gathered:
                    gathered[kind].append(item)
    return gathered


def snapshot_of(context: Context, kind: IrritantKind, below: int) -> registry.Snapshot:
    """The registry of one kind as it stood before a run, by its ordinal."""
    reach = context.store.thresholds(context.annotator.space)
    standing = context.standing()
    of_kind = [i for i in standing.records.values() if i.kind is kind and i.generation < below]
    return registry.freeze([replace(i, threshold=reach.get(i.id, i.threshold)) for i in of_kind], context.embed, standing.moves)


def texts_of(rows: Sequence[Told]) -> list[str]:
    """Words of each."""
    return [row.segment.text for row in rows]


def _x(context: Context, rows: Sequence[Told]) -> Floats:
    return context.embed(texts_of(rows))


@dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """Topic vectors of the run's segments, by kind and all together: what chance is measured on. *Shape:* (n, n_axes) each."""

    by_kind: dict[IrritantKind, Floats]
    all: Floats


def crowds_of(context: Context, gathered: dict[IrritantKind, list[Told]]) -> Crowds:
    """Topic vectors of what `gather` found."""
    by_kind = {kind: _x(context, rows) for kind, rows in gathered.items()}
    return Crowds(by_kind, np.vstack(list(by_kind.values())))


def _assign(context: Context, shard: int) -> Counts:
    """Known irritants, as they stood when the run began, claim the segments of one shard."""
    ids = context.chunk(shard)
    mentions: list[Mention] = []
    n = 0
    for kind, rows in gather(context, ids).items():
        n += len(rows)
        claims = registry.claim(_x(context, rows), snapshot_of(context, kind, context.run.ordinal), texts_of(rows))
        mentions += [
            Mention(row.verbatim.id, row.segment.position, c.irritant_id, c.score)
            for row, c in zip(rows, claims, strict=True)
            if c.irritant_id and not c.fallback and not c.barred
        ]
    counts = {"candidates": n, "claimed": len(mentions)}
    with context.finishing("assign", shard, counts):
        context.store.write_mentions(context.run_id, shard, mentions)
    context.on_progress("assign", len(ids))
    return counts


ASSIGN = Step("assign", Context.chunks, _assign, lambda context: len(context.base_ids()))
