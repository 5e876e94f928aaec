"""The loop closed by data: verdicts on what was declared, what comes back, how well the loop turns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

from voc_pipeline import loop as pure
from voc_pipeline import registry
from voc_pipeline.config import Journey
from voc_pipeline.loop.health import Standing, health_figures
from voc_pipeline.prioritise.base import Base, read_base
from voc_pipeline.prioritise.maturity import maturity_figures
from voc_pipeline.prioritise.responses import response_figures
from voc_pipeline.prioritise.results import measured_result
from voc_pipeline.schema import Action, Edit, Irritant, IrritantKind, Loop, Measured, Metric, Role, SourceKind, Verbatim
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.steps.measuring import contacts_of, read_run, tellings_of, voices_of

SCOPES = ("action", "loop", "maturity", "gap_mix", "pillar", "response")
"""Scopes of the figures this step writes."""


def loops_of(context: Context) -> dict[str, Loop]:
    """Every loop as the ledger has it now."""
    ledger = context.store.edits()
    return pure.replay_loops(ledger, registry.undone(ledger), context.standing().following)[0]


def known_since(context: Context) -> dict[str, date]:
    """By run, the last day of its data."""
    return {run.id: run.as_of or run.started_at.date() for run in context.store.runs()}


def _close_loop(context: Context, shard: int) -> Counts:
    """Verdicts, recurrences and health of one run."""
    assert isinstance(context.config.journey, Journey)
    run, own = context.run, context.config.journey
    as_of = run.as_of or run.started_at.date()
    verbatims, annotations = read_run(context)
    voices = voices_of(verbatims, annotations, own)
    tellings = tellings_of(context.store.mentions(context.run_id), verbatims, annotations, own)
    told = {telling.irritant_id for telling in tellings}
    records = {i.id: i for i in context.store.irritants(active=False)}
    kinds = {i: record.kind for i, record in records.items() if record.status == "active" or i in told}
    loops = loops_of(context)
    departed = pure.parted(context.store.edits(), context.standing().following)
    whole = [*tellings, *(replace(one, irritant_id=departed[one.irritant_id]) for one in tellings if one.irritant_id in departed)]
    results = _results(context, read_base(voices, whole, kinds), loops, as_of, records)
    events = [_measured_event(context, action, measured) for action, measured in results if _is_news(action, measured)]
    events += _recurrences(context, loops, as_of)
    metrics = [_metric(action, measured) for action, measured in results]
    stages = {stage.id: str(stage.maps_to) for stage in own.stages}
    metrics += maturity_figures(voices, tellings, kinds, own.channels, _answered(verbatims), stages)
    waits = {i: v.response for i, v in verbatims.items() if v.kind is SourceKind.CHAT}
    metrics += response_figures(voices, waits, context.config.response_seconds)
    with context.finishing("loop", shard, {"measured": len(results), "events": len(events)}):
        for event in events:
            context.store.append_edit(event)
        born = known_since(context)
        alive = [record for i, record in sorted(records.items()) if i in told and record.kind is IrritantKind.IRRITANT and record.status == "active"]
        standings = [Standing(record.id, record.owner, born.get(record.first_run, as_of)) for record in alive]
        metrics += health_figures(standings, pure.unrejected(loops_of(context), records), as_of)
        for scope in SCOPES:
            context.store.replace_metrics(context.run_id, scope, [metric for metric in metrics if metric.scope == scope])
    context.on_progress("loop", 1)
    return {"measured": len(results), "events": len(events)}


def _results(context: Context, base: Base, loops: Mapping[str, Loop], as_of: date, records: Mapping[str, Irritant]) -> list[tuple[Action, Measured]]:
    """What came of each declared result; one whose weeks before left the base, or whose irritant was rejected, keeps the verdict it has."""
    measured_on = pure.unrejected(loops, records)
    contacts, window_start = contacts_of(context.config), context.window[0]
    first = min((voice.date.date() for voice in base.voices if voice.date is not None), default=as_of)
    found: list[tuple[Action, Measured]] = []
    for loop in loops.values():
        for action in loop.actions:
            if action.expected is None or action.state == "dropped":
                continue
            earliest = action.expected.start.toordinal() - 7 * action.expected.before_weeks
            left = window_start is not None and earliest < window_start.toordinal()
            rejected = loop.irritant_id not in measured_on
            if (left or rejected) and action.measured is not None and action.measured.verdict:
                found.append((action, action.measured))
            elif not rejected:
                found.append((action, measured_result(base, loop.irritant_id, action.expected, as_of, first, contacts)))
    return found


def _is_news(action: Action, measured: Measured) -> bool:
    return bool(measured.verdict) and (action.measured is None or action.measured.verdict != measured.verdict)


def _measured_event(context: Context, action: Action, measured: Measured) -> Edit:
    payload = pure.measured_payload(action, measured)
    return Edit(context.run.started_at, "voc", context.run_id, "measured", action.irritant_id, payload, "computed from the data")


def _recurrences(context: Context, loops: Mapping[str, Loop], as_of: date) -> list[Edit]:
    """Irritants closed as met that are told clearly more often again: the test of every trend alert, on weeks that came after."""
    events, closed_at = [], _closings(context)
    first = as_of - timedelta(weeks=context.config.priority.recent_weeks) + timedelta(days=1)
    for metric in context.store.metrics(context.run_id, "irritant"):
        loop = loops.get(metric.key)
        if metric.name == "rate_ratio" and metric.detail.get("alert") and loop is not None and loop.closed_how == "met":
            windows = [pure.last_day(one.expected) for one in loop.actions if one.expected and one.measured and one.measured.verdict == "met"]
            known = _analysed_by(context, closed_at[metric.key])
            if (known is not None and as_of <= known) or any(first <= last for last in windows):
                continue
            figures = {"rate_ratio": metric.value, "low": metric.low, "high": metric.high, "q_value": metric.detail.get("q_value")}
            events.append(Edit(context.run.started_at, "voc", context.run_id, "recurred", metric.key, figures, "told clearly more often again"))
    return events


def _closings(context: Context) -> dict[str, datetime]:
    """By irritant, when its loop was last closed."""
    ledger, standing = context.store.edits(), context.standing()
    undone = registry.undone(ledger)
    return {standing.following(edit.irritant_id): edit.at for edit in ledger if edit.action == "close" and edit.id not in undone}


def _analysed_by(context: Context, moment: datetime) -> date | None:
    """Last day that a run begun before a moment has analysed."""
    days = [run.as_of for run in context.store.runs() if run.as_of is not None and run.started_at <= moment]
    return max(days, default=None)


def _metric(action: Action, measured: Measured) -> Metric:
    detail = {name: value for name, value in asdict(measured).items() if name not in ("value", "low", "high")}
    detail |= {"irritant_id": action.irritant_id, "until": measured.until.isoformat()}
    value = math.nan if measured.value is None else measured.value
    return Metric("action", action.id, "change", value, measured.low, measured.high, measured.n_before + measured.n_after, detail)


def _answered(verbatims: Mapping[str, Verbatim]) -> dict[str, bool]:
    """Of each chat, whether somebody of the company (an agent or a robot) said something after the customer's first words."""
    return {i: _answers([s.role for s in v.segments]) for i, v in verbatims.items() if v.kind is SourceKind.CHAT}


def _answers(roles: Sequence[Role]) -> bool:
    first = roles.index(Role.CUSTOMER) if Role.CUSTOMER in roles else len(roles)
    return Role.AGENT in roles[first:]


LOOP = Step("loop", lambda context: [0], _close_loop)
