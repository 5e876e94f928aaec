"""Known irritants to another model: their exemplars are embedded anew, what a claim must reach is measured in its space, and what moved is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from voc_pipeline import prioritise, registry
from voc_pipeline.schema import Irritant, Mention, Metric
from voc_pipeline.steps.assigning import crowds_of, gather
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.store import Edit, Run

MIN_CROWD = 30
"""Segments from which it can be told what chance reaches; with fewer, records keep the threshold they were born with until a run sees more."""


def _carry(context: Context, shard: int) -> Counts:
    """A threshold in the topic space of this run's model for every record that has none there. Once measured it stays, for a return to that model too."""
    run, space = context.run, context.annotator.space
    context.store.write_standing(context.standing().records.values())
    known = [irritant for irritant in context.store.irritants(active=False) if irritant.generation < run.ordinal]
    there = context.store.thresholds(space)
    missing = [irritant for irritant in known if irritant.id not in there]
    measured = _measured(context, missing) if missing else {}
    counts = {"known": len(known), "carried": len(measured)}
    with context.finishing("carry", shard, counts):
        context.store.write_thresholds(run.id, space, measured)
    context.on_progress("carry", 1)
    return counts


def _measured(context: Context, records: list[Irritant]) -> dict[str, float]:
    born_under = {run.id: run.model_version for run in context.store.runs()}
    at_home = {r.id: r.threshold for r in records if born_under.get(r.first_run) == context.run.model_version}
    if len(at_home) == len(records):
        return at_home
    crowds = crowds_of(context, gather(context, None))
    if sum(map(len, crowds.by_kind.values())) < MIN_CROWD:
        return at_home
    level = {kind: registry.claim_level([x, crowds.all]) for kind, x in crowds.by_kind.items()}
    return {r.id: level[r.kind] for r in records if r.kind in level} | at_home


def swapped_from(context: Context) -> Run | None:
    """The run before this one, if it is of another model."""
    run = context.run
    previous = next((r for r in reversed(context.store.runs()) if r.status == "done" and r.ordinal < run.ordinal), None)
    return previous if previous is not None and previous.model_version != run.model_version else None


def swap_figures(context: Context, previous: Run) -> list[Metric]:
    """What became of the records and mentions of the run before, under this run's model."""
    store, run = context.store, context.run
    records = {irritant.id: irritant for irritant in store.irritants(active=False)}
    read = {annotation.verbatim_id for annotation in store.annotations(previous.model_version, *context.window)}
    both = read & set(store.verbatim_ids(previous.window_start, previous.as_of)) & set(context.base_ids())
    known = {metric.key for metric in store.metrics(previous.id, "irritant")}
    kinds = {i: irritant.kind for i, irritant in records.items()}
    return prioritise.swap_figures(_told(store.mentions(previous.id), records), _told(store.mentions(run.id), records), both, kinds, known)


def _told(mentions: list[Mention], records: Mapping[str, Irritant]) -> Iterator[tuple[str, str]]:
    """(verbatim, irritant) of mentions that count, what people merged or rejected since seen as it is now."""
    for mention in mentions:
        target = registry.claims_for(records[mention.irritant_id], records) if not mention.fallback else ""
        if target:
            yield mention.verbatim_id, target


def swap_edit(context: Context, previous: Run, figures: list[Metric]) -> Edit:
    """The line of the ledger that tells of the change."""
    run = context.run
    told = {metric.name: metric.value for metric in figures} | {"from": previous.model_version, "to": run.model_version, "previous_run": previous.id}
    return Edit(run.started_at, "voc", run.id, "swap", "", told, "another model: exemplars embedded anew, ids kept")


CARRY = Step("carry", lambda context: [0], _carry)
