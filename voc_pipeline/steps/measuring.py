"""What the mentions say: Servqual gaps, owners, stages, and every figure with its interval."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from voc_pipeline import journey, prioritise, servqual
from voc_pipeline.config import Config, Journey
from voc_pipeline.leaving import announces_leaving
from voc_pipeline.places import model_path
from voc_pipeline.schema import (
    Annotation,
    Gap,
    GapReading,
    Irritant,
    IrritantKind,
    Mention,
    Metric,
    Role,
    Sentiment,
    Stage,
    Telling,
    Verbatim,
    Voice,
)
from voc_pipeline.steps.auditing import audit_metrics, write_audited
from voc_pipeline.steps.carrying import swap_edit, swap_figures, swapped_from
from voc_pipeline.steps.context import Context, Counts, Step, model_name
from voc_pipeline.steps.grounding import SHARE, SPREAD, document_metrics, documents_of
from voc_pipeline.steps.telling import told_figures
from voc_pipeline.steps.watching import rest

T = TypeVar("T")


def read_run(context: Context) -> tuple[dict[str, Verbatim], dict[str, Annotation]]:
    """Verbatims of the base of a run, and what its model says of them, by id."""
    since, until = context.window
    verbatims = {v.id: v for v in context.store.verbatims(since, until)}
    annotations = {a.verbatim_id: a for a in context.store.annotations(context.run.model_version, since, until)}
    return verbatims, annotations


def voices_of(verbatims: Mapping[str, Verbatim], annotations: Mapping[str, Annotation], own: Journey) -> list[Voice]:
    """The verbatims of the base as statistics see them, sorted by id."""
    return [
        Voice(
            verbatim_id=i,
            source=v.source,
            channel=v.channel or v.kind.value,
            lang=v.lang,
            date=v.date,
            customer=v.customer,
            respondent=v.respondent,
            sentiment=a.sentiment,
            not_valued=a.not_valued,
            not_valued_codes=a.not_valued_codes,
            intensity=a.intensity,
            valued=a.valued,
            stage=journey.own_stage(own, a.stage, v.text),
            scores=v.scores,
            attributes={**a.labels, **v.attributes},
            repaired=a.repaired,
            precursor=a.precursor,
            leaving=_leaves(v, a),
            aspects=_aspects(a),
        )
        for i, v in sorted(verbatims.items())
        if (a := annotations.get(i)) is not None
    ]


def _leaves(verbatim: Verbatim, annotation: Annotation) -> bool:
    """Whether one of the customer's sentences says that they leave; plainer words are enough where the model reads the stage `leave`."""
    stages = {answer.position: answer.stage for answer in annotation.segments}
    stages |= {position: passage.stage for passage in annotation.passages for position in passage.segments}
    return any(
        announces_leaving(segment.text, Stage.LEAVE in (annotation.stage, stages.get(segment.position)))
        for segment in verbatim.segments
        if segment.role is Role.CUSTOMER
    )


def _aspects(annotation: Annotation) -> tuple[tuple[str, str], ...]:
    """Themes of the segments that please or displease, where the model is more sure than not."""
    polar = (Sentiment.NEGATIVE, Sentiment.POSITIVE)
    sure = {(one.theme, str(one.sentiment)) for one in annotation.segments if one.theme and one.p_theme >= 0.5 and one.sentiment in polar}
    return tuple(sorted(sure))


def tellings_of(mentions: Iterable[Mention], verbatims: Mapping[str, Verbatim], annotations: Mapping[str, Annotation], own: Journey) -> list[Telling]:
    """One telling per (irritant, verbatim): its best mention, with the stage, dimension and gap cue of the passage it stands in."""
    best: dict[tuple[str, str], Telling] = {}
    for mention in mentions:
        verbatim, annotation = verbatims.get(mention.verbatim_id), annotations.get(mention.verbatim_id)
        if mention.fallback or verbatim is None or annotation is None:
            continue
        answer = next(s for s in annotation.segments if s.position == mention.position)
        passage = next((p for p in annotation.passages if mention.position in p.segments), None)
        stage = passage.stage if passage else answer.stage
        telling = Telling(
            irritant_id=mention.irritant_id,
            verbatim_id=mention.verbatim_id,
            position=mention.position,
            score=mention.score,
            stage=journey.own_stage(own, stage, verbatim.text),
            dimension=passage.dimension if passage else answer.dimension,
            gap_cue=passage.gap_cue if passage else answer.gap_cue,
            p_gap_cue=answer.p_gap_cue,
            p_negative=answer.p_negative,
        )
        key = (mention.irritant_id, mention.verbatim_id)
        if key not in best or (telling.score, -telling.position) > (best[key].score, -best[key].position):
            best[key] = telling
    return [best[key] for key in sorted(best)]


def _map(context: Context, shard: int) -> Counts:
    """Gap, dimension, stage and owner of every irritant told in the base."""
    assert isinstance(context.config.journey, Journey)
    verbatims, annotations = read_run(context)
    customers = {i: v.customer or v.respondent for i, v in verbatims.items()}
    stages = {i: a.stage for i, a in annotations.items()}
    by_irritant: dict[str, list[Telling]] = {}
    every = tellings_of(context.store.mentions(context.run_id), verbatims, annotations, context.config.journey)
    for telling in every:
        by_irritant.setdefault(telling.irritant_id, []).append(telling)
    voices = voices_of(verbatims, annotations, context.config.journey)
    documents = documents_of(context, voices, every)
    grounds, figures = documents.grounds(), document_metrics(documents, voices, every)
    known = {i.id: i for i in context.store.given_irritants()}
    records = context.standing().records
    readings: list[GapReading] = []
    owned: dict[str, str] = {}
    for irritant_id, tellings in sorted(by_irritant.items()):
        painful = records[irritant_id].kind is IrritantKind.IRRITANT
        if painful:
            readings.append(servqual.read_gap(irritant_id, tellings, customers, grounds.get(irritant_id, servqual.Grounds())))
        irritant = known.get(irritant_id)
        if irritant is not None and not irritant.owner:
            gap = readings[-1].gap if painful else None
            owner = _owner(context, irritant, tellings, stages, gap)
            if owner:
                owned[irritant_id] = owner
    counts = {"gaps": len(readings), "owners": len(owned), "matches": sum(match.state.stands for match in documents.matches)}
    with context.finishing("map", shard, counts):
        context.store.write_gaps(context.run_id, readings)
        context.store.write_registers(context.run_id, documents.entries, documents.matches)
        for scope in (SPREAD, SHARE):
            context.store.replace_metrics(context.run_id, scope, [figure for figure in figures if figure.scope == scope])
        for irritant_id, owner in owned.items():
            context.store.give(irritant_id, owner=owner)
        events = rest(context, by_irritant, verbatims)
        for event in events:
            context.store.append_edit(event)
        context.store.write_standing(context.standing().records.values())
    context.on_progress("map", 1)
    return counts


def _measure(context: Context, shard: int) -> Counts:
    """Every figure of the run."""
    assert isinstance(context.config.journey, Journey)
    run = context.run
    verbatims, annotations = read_run(context)
    voices = voices_of(verbatims, annotations, context.config.journey)
    tellings = tellings_of(context.store.mentions(context.run_id), verbatims, annotations, context.config.journey)
    told = {telling.irritant_id for telling in tellings}
    counted = [record for record in context.store.irritants(active=False) if record.status == "active" or record.id in told]
    kinds = {record.id: record.kind for record in counted}
    previous = next((r for r in reversed(context.store.runs()) if r.status == "done" and r.ordinal < run.ordinal), None)
    metrics: list[Metric] = []
    if run.as_of is not None or voices:
        as_of = run.as_of or run.started_at.date()
        before = context.store.metrics(previous.id) if previous else []
        leaving = journey.stages_under(context.config.journey, Stage.LEAVE)
        metrics += prioritise.measure(
            voices,
            tellings,
            context.config.priority,
            as_of,
            kinds,
            before,
            leaving=leaving,
            scales=prioritise.scales_of(context.config.sources),
            contacts=contacts_of(context.config),
            moments=journey.moments_of_truth(context.config.journey),
            themes={record.id: record.theme for record in counted},
            owners={record.id: record.owner for record in counted},
        )
        scores = context.store.scores(*context.window)
        metrics += servqual.gap5(scores)
        metrics += told_figures(verbatims, annotations, voices, tellings, scores, context.config, as_of, kinds)
    metrics += [Metric("run", "", f"count.{name}", float(value)) for name, value in sorted(run.counts.items())]
    metrics += _coverage(context)
    metrics += _quality(context)
    swapped = swapped_from(context)
    moved = swap_figures(context, swapped) if swapped else []
    metrics += moved
    audited = audit_metrics(context.store, run, verbatims, annotations, metrics)
    counts = {"metrics": len(metrics) + len(audited)}
    with context.finishing("prioritise", shard, counts):
        context.store.write_metrics(context.run_id, metrics)
        write_audited(context.store, context.run_id, audited)
        if swapped:
            context.store.append_edit(swap_edit(context, swapped, moved))
    context.on_progress("prioritise", 1)
    return counts


def contacts_of(config: Config) -> dict[tuple[str, str], float]:
    """Contacts by month and channel; `load_config` has read their file."""
    return {} if isinstance(config.exposure, Path) else {(one.month, one.channel): one.contacts for one in config.exposure}


def _coverage(context: Context) -> list[Metric]:
    """How much of what is negative found an irritant: never hidden."""
    found = context.store.done_shards(context.run_id, "discover").get(0, {})
    out = []
    for kind, prefix in ((IrritantKind.IRRITANT, ""), (IrritantKind.STRENGTH, "strength."), (IrritantKind.SUGGESTION, "suggestion.")):
        n, unassigned, fallback, rejected = (found.get(f"{kind.value}.{name}", 0) for name in ("candidates", "unassigned", "fallback", "rejected"))
        n -= rejected  # a person said that they tell of nothing to count
        if rejected:
            out.append(Metric("run", "", f"{prefix}n_rejected_segments", float(rejected)))
        out += [replace(metric, name=prefix + metric.name) for metric in prioritise.coverage(n, n - unassigned, fallback)]
    return out


def _quality(context: Context) -> list[Metric]:
    """Figures of the model's own `metrics.json`, so that the report can show them beside what they judge."""
    file = model_path(model_name(context.config)) / "metrics.json"
    if not file.is_file():
        return []
    figures = json.loads(file.read_text(encoding="utf-8")).get("headline", {})
    return [
        Metric("quality", name, "value", f["value"], f.get("low"), f.get("high"), int(f.get("n", 0)), {"set": f.get("set", "")})
        for name, f in sorted(figures.items())
    ]


def _owner(context: Context, irritant: Irritant, tellings: list[Telling], stages: Mapping[str, Stage], gap: Gap | None) -> str:
    """The department the rules give an irritant, from what most of its tellings say."""
    stage = _most([stages[t.verbatim_id] for t in tellings]) or Stage.UNKNOWN
    dimension = _most([t.dimension for t in tellings if t.dimension])
    words = (irritant.label_fr, irritant.label_en, *irritant.keywords)
    return servqual.owner(servqual.Facts(stage, dimension, gap, irritant.theme, words), context.config.owners)


def _most(values: Sequence[T]) -> T | None:
    """The commonest value, the first in the alphabet among equals."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], str(value))) if counts else None


MAP = Step("map", lambda context: [0], _map)
PRIORITISE = Step("prioritise", lambda context: [0], _measure)
