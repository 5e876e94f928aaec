"""Segments to irritants: known ones claim first, BERTopic proposes from what is left, newborns claim by the same rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from voc_pipeline import discover, registry
from voc_pipeline.encoder import Floats
from voc_pipeline.keys import fold
from voc_pipeline.schema import Annotation, Irritant, IrritantKind, Mention, Role, Segment, SegmentAnnotation, Verbatim
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.store import Edit

DISCOVERY_SHARD = 1_000_000
"""Shard number under which discovery writes its mentions, beyond every shard of assignment."""

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
            kind = kind_of(answer, thresholds)
        if kind is not None:
            yield kind, Told(verbatim, segment, answer)


def kind_of(answer: SegmentAnnotation, thresholds: dict[str, float]) -> IrritantKind | None:
    """Which kind of record a segment can tell of; one at most."""
    if answer.p_suggestion >= thresholds["suggestion"] and answer.p_negative < thresholds["segment_negative"]:
        return IrritantKind.SUGGESTION
    if answer.p_negative >= thresholds["segment_negative"] and answer.p_negative >= answer.p_positive:
        return IrritantKind.IRRITANT
    if answer.p_positive >= thresholds["segment_positive"]:
        return IrritantKind.STRENGTH
    return None


def _kinds(context: Context) -> list[IrritantKind]:
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
    gathered: dict[IrritantKind, list[Told]] = {kind: [] for kind in _kinds(context)}
    standing = context.standing()
    moved = {text: standing.records[target].kind for text, to in standing.moves.items() if (target := standing.following(to)) in standing.records}
    for verbatim in verbatims:
        if verbatim.id in annotations:
            for kind, item in told(verbatim, annotations[verbatim.id], thresholds, moved):
                if kind in gathered:
                    gathered[kind].append(item)
    return gathered


def _snapshot(context: Context, kind: IrritantKind, below: int) -> registry.Snapshot:
    reach = context.store.thresholds(context.annotator.space)
    standing = context.standing()
    of_kind = [i for i in standing.records.values() if i.kind is kind and i.generation < below]
    return registry.freeze([replace(i, threshold=reach.get(i.id, i.threshold)) for i in of_kind], context.embed, standing.moves)


def _texts(rows: Sequence[Told]) -> list[str]:
    return [row.segment.text for row in rows]


def _x(context: Context, rows: Sequence[Told]) -> Floats:
    return context.embed(_texts(rows))


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
        claims = registry.claim(_x(context, rows), _snapshot(context, kind, context.run.ordinal), _texts(rows))
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


def _discover(context: Context, shard: int) -> Counts:
    """Newborns from what no known irritant claimed; what stays unclaimed is shown with its nearest irritant, flagged."""
    run = context.run
    claimed = {(m.verbatim_id, m.position) for m in context.store.mentions(context.run_id)}
    mentions: list[Mention] = []
    newborn: list[Irritant] = []
    counts: dict[str, int] = {}
    told_of = gather(context, None)
    crowds = crowds_of(context, told_of)
    for kind, every in told_of.items():
        before = _snapshot(context, kind, run.ordinal)
        free = [i for i, row in enumerate(every) if (row.verbatim.id, row.segment.position) not in claimed]
        claims = registry.claim(crowds.by_kind[kind][free], before, _texts([every[i] for i in free]))
        left = [i for i, c in zip(free, claims, strict=True) if not c.barred]
        rest, x = [every[i] for i in left], crowds.by_kind[kind][left]
        candidates = [
            discover.Candidate(
                key=f"{row.verbatim.id}:{row.segment.position:05d}",
                verbatim_id=row.verbatim.id,
                position=row.segment.position,
                text=row.segment.text,
                lang=row.verbatim.lang,
                theme=row.answer.theme,
                p_theme=row.answer.p_theme,
            )
            for row in rest
        ]
        proposals = discover.propose(candidates, x, kind=kind, settings=context.config.discovery, languages=context.config.languages)
        born = registry.register(
            proposals, before, [crowds.by_kind[kind], crowds.all], kind=kind, run_id=run.id, ordinal=run.ordinal, embed=context.embed
        )
        newborn += born
        after = registry.freeze([*before.irritants, *born], context.embed, before.moves)
        for row, c in zip(rest, registry.claim(x, after, _texts(rest)), strict=True):
            if c.irritant_id:
                mentions.append(Mention(row.verbatim.id, row.segment.position, c.irritant_id, c.score, c.fallback))
        counts |= {f"{kind.value}.candidates": len(every), f"{kind.value}.born": len(born), f"{kind.value}.known": len(before.irritants)}
        unclaimed = len(rest) - sum(not m.fallback for m in mentions if m.irritant_id[:3] == _PREFIX[kind])
        fallback = sum(m.fallback for m in mentions if m.irritant_id[:3] == _PREFIX[kind])
        counts |= {f"{kind.value}.unassigned": unclaimed, f"{kind.value}.fallback": fallback, f"{kind.value}.rejected": len(free) - len(left)}
        context.on_progress("discover", 1)
    with context.finishing("discover", shard, counts):
        context.store.save_irritants(newborn)
        context.store.write_thresholds(run.id, context.annotator.space, {irritant.id: irritant.threshold for irritant in newborn})
        for irritant in newborn:
            context.store.append_edit(
                Edit(run.started_at, "voc", run.id, "born", irritant.id, {"exemplars": len(irritant.exemplars)}, "proposed by discovery")
            )
        context.store.write_mentions(context.run_id, DISCOVERY_SHARD, mentions)
    return counts


_PREFIX = {IrritantKind.IRRITANT: "IRR", IrritantKind.STRENGTH: "STR", IrritantKind.SUGGESTION: "SUG"}

ASSIGN = Step("assign", Context.chunks, _assign, lambda context: len(context.base_ids()))
DISCOVER = Step("discover", lambda context: [0], _discover, lambda context: len(_kinds(context)))
