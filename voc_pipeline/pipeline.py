"""The engine: a run is one loop over `STEPS`. Prefect and the command line are shells around it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as release

from voc_pipeline import sources
from voc_pipeline.annotate import trained
from voc_pipeline.config import Config
from voc_pipeline.encoder import folder_version
from voc_pipeline.errors import RunError
from voc_pipeline.loop import LOOP_ACTIONS
from voc_pipeline.schema import Edit
from voc_pipeline.steps.annotating import ANNOTATE
from voc_pipeline.steps.assigning import ASSIGN
from voc_pipeline.steps.carrying import CARRY
from voc_pipeline.steps.context import Context, Counts, Step, model_name
from voc_pipeline.steps.discovering import DISCOVER
from voc_pipeline.steps.ingest import INGEST
from voc_pipeline.steps.looping import LOOP
from voc_pipeline.steps.measuring import MAP, PRIORITISE
from voc_pipeline.steps.publishing import PUBLISH
from voc_pipeline.steps.watching import WATCH
from voc_pipeline.store import Run, Store, exclusive, open_store

STEPS: tuple[Step, ...] = (INGEST, ANNOTATE, CARRY, ASSIGN, DISCOVER, MAP, PRIORITISE, WATCH, LOOP, PUBLISH)


@dataclass(frozen=True, slots=True)
class Started:
    """A run that may begin, resume, or needs nothing: `nothing_new` says that a finished run answers the same request on the same data."""

    run: Run
    resumed: bool
    nothing_new: bool


def begin(config: Config, store: Store, run_id: str | None = None, fresh: bool = False) -> Started:
    """Find or make the run to do.

    Args:
        config: Settings, `since` and `until` included.
        store: Where runs are kept.
        run_id: Name to give the run; default `run-0001`, `run-0002`, ...
        fresh: Start a new run even if an unfinished one of the same settings could go on, or nothing is new.

    Raises:
        RunError: `run_id` belongs to a finished run of other settings.
        ModelError: The model cannot be found, or has no heads.
        SourceError: A source matches no file.
    """
    version = folder_version(trained(model_name(config)))
    request = _request_hash(config, version)
    fingerprint = _fingerprint(config)
    runs = store.runs()
    unfinished = store.unfinished_run(request)
    resumable = unfinished is not None and unfinished.fingerprint == fingerprint and not _edited_since(store, unfinished)
    if unfinished and not fresh and resumable and run_id in (None, unfinished.id):
        store.update_run(unfinished.id, status="running")
        return Started(store.run(unfinished.id), resumed=True, nothing_new=False)
    last, newest = store.last_done_run(request), store.last_done_run()
    if newest and newest.model_version != version:  # back to a model of before: the registry and the reports are those of the other one
        last = None
    if last and not fresh and run_id in (None, last.id) and last.fingerprint == fingerprint and not _edited_since(store, last):
        return Started(last, resumed=False, nothing_new=True)
    if run_id and any(run.id == run_id for run in runs):
        raise RunError(
            f"--run-id {run_id}", "a run of that name exists, of other settings or other data", "a new name", "Leave --run-id out, or choose another"
        )
    ordinal = max((run.ordinal for run in runs), default=0) + 1
    run = Run(
        id=run_id or f"run-{ordinal:04d}",
        ordinal=ordinal,
        project=config.project,
        config_hash=_hash(config.model_dump(mode="json")),
        request_hash=request,
        fingerprint=fingerprint,
        model_version=version,
        since=config.since,
        until=config.until,
        as_of=None,
        window_start=None,
        status="running",
        started_at=datetime.now(UTC).replace(tzinfo=None),
    )
    store.start_run(run)
    return Started(run, resumed=False, nothing_new=False)


def begin_or_republish(config: Config, run_id: str | None = None, fresh: bool = False) -> Started:
    """`begin` on a store opened for it; where nothing is new, the reports that a person deleted are written again."""
    with open_store(config.store_url) as store:
        started = begin(config, store, run_id, fresh)
        if started.nothing_new:
            republish_missing(config, store, started.run)
        return started


def run_step(context: Context, step: Step) -> Counts:
    """Every shard of a step that is not done yet; what they counted together."""
    for shard in step.shards(context):
        run_shard(context, step, shard)
    return total(context, step)


def run_shard(context: Context, step: Step, shard: int) -> Counts:
    """One shard; a shard already done is not done again."""
    done = context.store.done_shards(context.run_id, step.name)
    return done[shard] if shard in done else step.run_shard(context, shard)


def total(context: Context, step: Step) -> Counts:
    """What the shards of a step counted, summed."""
    out: dict[str, int] = {}
    for counts in context.store.done_shards(context.run_id, step.name).values():
        for name, value in counts.items():
            out[name] = out.get(name, 0) + value
    return out


def run(
    config: Config,
    run_id: str | None = None,
    *,
    fresh: bool = False,
    on_progress: Callable[[str, int], None] = lambda step, n: None,
    on_step: Callable[[Step, Context], None] = lambda step, context: None,
) -> Started:
    """A whole run in this process, without Prefect.

    Args:
        config: Settings.
        run_id: Name of the run.
        fresh: Do not resume, do not skip.
        on_progress: Told (step, units done) as a step goes on.
        on_step: Told each step before it begins.

    Returns:
        The run, as the store has it at the end.

    Raises:
        VocError: What stopped it; the run can be resumed.
        StoreError: Another run is at work on the store.
    """
    with exclusive(config.store_url), open_store(config.store_url) as store:
        started = begin(config, store, run_id, fresh)
        if started.nothing_new:
            republish_missing(config, store, started.run)
            return started
        context = Context(config, store, started.run.id, on_progress)
        with closing_run(context):
            for step in STEPS:
                on_step(step, context)
                run_step(context, step)
        return Started(store.run(started.run.id), started.resumed, nothing_new=False)


@contextmanager
def closing_run(context: Context) -> Iterator[None]:
    """A run is done when its steps are, and marked failed (to be resumed) whatever else ends it."""
    try:
        yield
    except BaseException:
        context.store.update_run(context.run_id, status="failed")
        raise
    context.store.update_run(context.run_id, status="done", finished_at=datetime.now(UTC).replace(tzinfo=None))


def republish_missing(config: Config, store: Store, run: Run) -> None:
    """Write the reports again where a person deleted them, if this run is the newest."""
    from voc_pipeline.steps.publishing import publish_to

    newest = store.last_done_run()
    wanted = [config.output_dir / f"report.{lang}.html" for lang in config.report.languages] + [config.output_dir / "tables.xlsx"]
    if newest and newest.id == run.id and not all(path.is_file() for path in wanted):
        publish_to(config, store, run.id, config.output_dir)


def unfinished(config: Config, store: Store) -> Run | None:
    """The run that `begin` would resume, or None."""
    found = store.unfinished_run(_request_hash(config, folder_version(trained(model_name(config)))))
    return found if found and found.fingerprint == _fingerprint(config) and not _edited_since(store, found) else None


def _edited_since(store: Store, run: Run) -> bool:
    """Whether a person changed the registry after a run ended, or since one that did not end began: it would count by two registries.

    What people do in the loop (causes, actions, expected results) changes no count: only the newest run is asked to measure it.
    """
    edits, newest = [edit for edit in store.edits() if not edit.run_id], store.last_done_run()
    overtaken = run.status == "done" and newest is not None and newest.id != run.id
    after = run.finished_at or run.started_at
    return any(edit.at > after and not (overtaken and _of_the_loop(edit, edits)) for edit in edits)


def _of_the_loop(edit: Edit, edits: Sequence[Edit]) -> bool:
    by_rank = {one.id: one for one in edits}
    while edit.action == "undo":
        edit = by_rank[int(edit.payload["edit"])]
    return edit.action in LOOP_ACTIONS


def _request_hash(config: Config, version: str) -> str:
    """What decides a run's answer apart from the data: settings, window, model, and the release of this package."""
    settings = config.model_dump(mode="json", exclude={"output", "cache", "flow", "report"})
    return _hash({"settings": settings, "model": version, "release": release("voc_pipeline")})


def _fingerprint(config: Config) -> str:
    return _hash({source.name: sources.fingerprint(source, config.root) for source in config.sources})


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()[:32]
