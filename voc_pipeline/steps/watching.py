"""What becomes of irritants from run to run: who grows, who drifts, who rests, and what no irritant claims; each an event of the ledger with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from voc_pipeline import registry
from voc_pipeline.keys import fold
from voc_pipeline.registry.watching import Drift, Said, drifts, loose_groups, remainder_growth, resting
from voc_pipeline.schema import Edit, IrritantKind, Mention, Metric, Telling, Verbatim
from voc_pipeline.steps.context import Context, Counts, Step

SCOPES = ("drift", "remainder")
"""Scopes of the figures this step writes."""
MOST = 4000
"""Unclaimed sentences that the mini-map is drawn from, at most: the first by id."""


def rest(context: Context, tellings: Mapping[str, Sequence[Telling]], verbatims: Mapping[str, Verbatim]) -> list[Edit]:
    """Retires what nobody told for long, and brings back what was told again: written with the standing, told as events.

    Args:
        context: The run.
        tellings: Of its base, by irritant.
        verbatims: Of its base.
    """
    run = context.run
    as_of = run.as_of or run.started_at.date()
    days = {i: v.date.date() for i, v in verbatims.items() if v.date is not None}
    last = {i: max((days.get(t.verbatim_id, as_of) for t in told), default=date.min) for i, told in tellings.items()}
    n_days = context.config.discovery.retire_days
    resting_, back = resting(list(context.standing().records.values()), last, as_of, min(days.values(), default=None), n_days)
    events = []
    for irritant_id in resting_:
        context.store.give(irritant_id, status="retired")
        events.append(_event(context, "retired", irritant_id, {"days": n_days}, f"nobody told of it for {n_days} days"))
    for irritant_id in back:
        context.store.give(irritant_id, status="active")
        events.append(_event(context, "returned", irritant_id, {"last_told": str(last[irritant_id])}, "told again"))
    return events


def _watch(context: Context, shard: int) -> Counts:
    """Events and figures of one run."""
    run = context.run
    since, until = context.window
    verbatims = {v.id: v for v in context.store.verbatims(since, until)}
    mentions = context.store.mentions(context.run_id)
    found = drifts(_said(context, mentions, verbatims), run.as_of or run.started_at.date())
    metrics = [_drift_metric(drift) for drift in found]
    metrics += _remainder(context, mentions, verbatims)
    events = [_drift_event(context, drift) for drift in found if drift.flagged]
    for metric in context.store.metrics(context.run_id, "irritant"):
        if metric.name == "rate_ratio" and metric.detail.get("alert"):
            figures = {"rate_ratio": metric.value, "low": metric.low, "high": metric.high, "q_value": metric.detail.get("q_value")}
            events.append(_event(context, "growth", metric.key, figures, "told clearly more often than before"))
    counts = {"drifting": sum(drift.flagged for drift in found), "events": len(events)}
    with context.finishing("watch", shard, counts):
        for scope in SCOPES:
            context.store.replace_metrics(context.run_id, scope, [metric for metric in metrics if metric.scope == scope])
        for event in events:
            context.store.append_edit(event)
    context.on_progress("watch", 1)
    return counts


def _said(context: Context, mentions: Sequence[Mention], verbatims: Mapping[str, Verbatim]) -> dict[str, list[Said]]:
    """Dated mentions by irritant, those left out that are the founding exemplars themselves or were moved by a person."""
    standing = context.standing()
    founding = {i: {fold(exemplar.text) for exemplar in record.exemplars} for i, record in standing.records.items()}
    said: dict[str, list[Said]] = {}
    for mention in mentions:
        verbatim = verbatims.get(mention.verbatim_id)
        if mention.fallback or verbatim is None or verbatim.date is None:
            continue
        text = fold(next(s.text for s in verbatim.segments if s.position == mention.position))
        if text not in founding.get(mention.irritant_id, set()) and text not in standing.moves:
            said.setdefault(mention.irritant_id, []).append(Said(mention.verbatim_id, mention.position, verbatim.date.date(), mention.score))
    return said


def _drift_metric(drift: Drift) -> Metric:
    detail = {
        "q_value": drift.q,
        "flagged": drift.flagged,
        "recent": drift.recent,
        "earlier": drift.earlier,
        "n_recent": drift.n_recent,
        "n_earlier": drift.n_earlier,
        "examples": [list(place) for place in drift.examples],
    }
    return Metric("drift", drift.irritant_id, "effect", drift.effect, n=drift.n_recent + drift.n_earlier, detail=detail)


def _drift_event(context: Context, drift: Drift) -> Edit:
    figures = {"effect": drift.effect, "q_value": drift.q, "recent": drift.recent, "earlier": drift.earlier}
    figures_ = {**figures, "propose": "split", "examples": [list(place) for place in drift.examples]}
    return _event(
        context, "drift", drift.irritant_id, figures_, "its recent mentions lie farther from its founding sentences: look whether it should be split"
    )


def _remainder(context: Context, mentions: Sequence[Mention], verbatims: Mapping[str, Verbatim]) -> list[Metric]:
    """The loose groups of what no irritant claims, and whether there is more of it than in the run before."""
    records = context.standing().records
    loose = [m for m in mentions if m.fallback and records[m.irritant_id].kind is IrritantKind.IRRITANT and m.verbatim_id in verbatims][:MOST]
    words = {m: next(s.text for s in verbatims[m.verbatim_id].segments if s.position == m.position) for m in loose}
    distinct: dict[str, Mention] = {}
    for mention in loose:
        distinct.setdefault(fold(words[mention]), mention)
    points = list(distinct.values())
    metrics = []
    if points:
        x = context.embed([words[mention] for mention in points])
        level = registry.above_chance(x, registry.BIRTH_SPREADS)
        for rank, group in enumerate(loose_groups(x, level), start=1):
            nearest = max(group, key=lambda row: (points[row].score, -row))
            detail = {
                "quotes": [[points[row].verbatim_id, points[row].position] for row in group[:3]],
                "nearest": points[nearest].irritant_id,
                "nearest_score": points[nearest].score,
            }
            metrics.append(Metric("remainder", f"{rank:02d}", "size", float(len(group)), n=len(points), detail=detail))
    now = _unclaimed(context.store.metrics(context.run_id, "run"))
    previous = next((r for r in reversed(context.store.runs()) if r.status == "done" and r.ordinal < context.run.ordinal), None)
    if previous is not None:
        before = _unclaimed(context.store.metrics(previous.id, "run"))
        difference, p, warning = remainder_growth(now, before)
        detail = {"p_value": p, "warning": warning, "before": before[0] / before[1] if before[1] else None, "previous_run": previous.id}
        metrics.append(Metric("remainder", "", "growth", difference, n=now[1], detail=detail))
    return metrics


def _unclaimed(metrics: Sequence[Metric]) -> tuple[int, int]:
    """(unclaimed, all) negative sentences of a run."""
    figures = {metric.name: metric.value for metric in metrics}
    n = round(figures.get("n_candidate_segments", 0.0))
    return n - round(figures.get("n_assigned_segments", 0.0)), n


def _event(context: Context, action: str, irritant_id: str, figures: Mapping[str, object], reason: str) -> Edit:
    return Edit(context.run.started_at, "voc", context.run_id, action, irritant_id, dict(figures), reason)


WATCH = Step("watch", lambda context: [0], _watch)
