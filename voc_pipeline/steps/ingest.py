"""Sources into the store: read, redact, stage; then settle what conflicts and what is said twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from voc_pipeline import sources
from voc_pipeline.intake import Candidate, Intake, duplicates
from voc_pipeline.schema import Dropped, RawFeedback, Unreadable, Verbatim
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.store import ScoreRow

BATCH = 500


def _shards(context: Context) -> list[int]:
    return list(range(len(context.config.sources) + 1))


def _run_shard(context: Context, shard: int) -> Counts:
    """One source a shard; the last shard settles them all."""
    if shard == len(context.config.sources):
        return _settle(context, shard)
    source = context.config.sources[shard]
    intake = Intake(context.config.key, context.config.languages)
    run = context.run
    counts = {"received": 0}
    context.store.clear_stage(context.run_id, source.name)
    verbatims: list[Verbatim] = []
    dropped: list[Dropped] = []
    scores: list[ScoreRow] = []
    received = 0

    def flush() -> None:
        nonlocal verbatims, dropped, scores, received
        context.store.stage(context.run_id, source.name, verbatims, dropped, received, scores=scores)
        context.on_progress("ingest", received)
        verbatims, dropped, scores, received = [], [], [], 0

    for row in sources.read(source, context.config.root, run.since, run.until):
        received += 1
        counts["received"] += 1
        if isinstance(row, Unreadable):
            dropped.append(Dropped(row.source, row.position, row.outcome, row.reason, row.row_hash, row.detail))
        else:
            result = intake.receive(row)
            if isinstance(result, Verbatim):
                verbatims.append(result)
            else:
                dropped.append(result)
                scores.extend(_silent_scores(row, intake))
        if received == BATCH:
            flush()
    flush()
    with context.finishing("ingest", shard, counts):
        pass
    return counts


def _silent_scores(row: RawFeedback, intake: Intake) -> list[ScoreRow]:
    """Scores of a respondent whose words are not analysed: the numbers still count."""
    respondent = intake.respondent(row)
    if not respondent:
        return []
    return [ScoreRow(row.source, respondent, intake.customer(row.customer), row.date, name, value) for name, value in row.scores.items()]


def _settle(context: Context, shard: int) -> Counts:
    rows = list(context.store.staged(context.run_id))
    texts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        texts[row.id].add(row.text)
    conflicts = {i for i, seen in texts.items() if len(seen) > 1}
    every = [*rows, *context.store.earlier(context.run_id)]
    said = {
        row.id: Candidate(row.id, row.source, row.customer, row.date, row.text, row.text_key, row.known) for row in every if row.id not in conflicts
    }
    twice = duplicates(said.values(), context.config.near_duplicates)
    counts: dict[str, int] = {}
    with context.finishing("ingest", shard, counts):
        counts |= context.store.settle(context.run_id, conflicts, twice)
        _set_window(context)
    return {}


def _set_window(context: Context) -> None:
    """Base of the figures: the days up to the last one asked for, or seen."""
    as_of = context.run.until or context.store.latest_date()
    start = as_of - timedelta(days=context.config.window_days - 1) if as_of else None
    context.store.update_run(context.run_id, as_of=as_of, window_start=start)


INGEST = Step("ingest", _shards, _run_shard, lambda context: None)
