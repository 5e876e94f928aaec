"""The flow `voc-run`: the steps of the pipeline as tasks, one task a shard, retried and timed by the settings."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from voc_pipeline import pipeline
from voc_pipeline.config import Config, load_config
from voc_pipeline.steps.context import Context, Step
from voc_pipeline.store import open_store

_SETTINGS = "VOC_FLOW_SETTINGS"
_contexts: dict[str, Context] = {}


def open_context(config: Config, run_id: str, on_progress: Any = None) -> Context:
    """The context of a run in this process; another process finds the settings in its environment."""
    os.environ[_SETTINGS] = json.dumps({"root": str(config.root), "settings": config.model_dump(mode="json", by_alias=True)})
    _contexts[run_id] = Context(config, open_store(config.store_url), run_id, on_progress or (lambda step, n: None))
    return _contexts[run_id]


def close_context(run_id: str) -> None:
    """Let go of the run's store."""
    context = _contexts.pop(run_id, None)
    if context:
        context.store.close()


def _context(run_id: str) -> Context:
    if run_id not in _contexts:
        held = json.loads(os.environ[_SETTINGS])
        config = Config.model_validate({**held["settings"], "root": Path(held["root"])})
        _contexts[run_id] = Context(config, open_store(config.store_url), run_id)
    return _contexts[run_id]


def _shard_task(step: Step) -> Any:
    def run_one(run_id: str, shard: int) -> None:
        pipeline.run_shard(_context(run_id), step, shard)

    run_one.__name__ = run_one.__qualname__ = f"{step.name}_shard"
    globals()[run_one.__name__] = run_one  # a process pool finds the function by its name
    return task(run_one, name=step.name, cache_policy=NO_CACHE, persist_result=False, task_run_name=step.name + "-{shard}")


TASKS = {step.name: _shard_task(step) for step in pipeline.STEPS}


def runner(config: Config) -> TaskRunner[Any]:
    """The task runner of the settings."""
    match config.flow.task_runner:
        case "processes":
            return ProcessPoolTaskRunner(max_workers=config.flow.workers)
        case "sequential":
            return ThreadPoolTaskRunner(max_workers=1)
        case _:
            return ThreadPoolTaskRunner(max_workers=config.flow.workers)


def run_steps(config: Config, run_id: str, on_step: Any = None) -> None:
    """Every step of a run as tasks of the flow that calls this; a step begins when the one before has no shard left.

    Raises:
        Exception: What a shard failed with after its retries.
    """
    context = _context(run_id)
    for step in pipeline.STEPS:
        if on_step:
            on_step(step, context)
        done = context.store.done_shards(run_id, step.name)
        shard_task = TASKS[step.name].with_options(
            retries=config.flow.retries, retry_delay_seconds=config.flow.retry_delay_seconds, timeout_seconds=config.flow.timeout_seconds
        )
        open_shards = [shard for shard in step.shards(context) if shard not in done]
        first, last = (open_shards[:-1], open_shards[-1:]) if step.name == "ingest" else (open_shards, [])
        for group in (first, last):  # what settles the sources waits for them
            futures = [shard_task.submit(run_id, shard) for shard in group]
            wait(futures)
            for future in futures:
                future.result()


def publish_artifacts(config: Config, run_id: str) -> None:
    """Link the report and show the counts in Prefect's pages."""
    context = _context(run_id)
    counts = context.run.counts
    rows = [{"what": name, "rows": value} for name, value in sorted(counts.items())]
    create_table_artifact(key="voc-counts", table=rows, description=f"How the received rows of {run_id} ended")
    for lang in config.report.languages:
        file = config.output_dir / f"report.{lang}.html"
        create_link_artifact(key=f"voc-report-{lang}", link=file.as_uri(), link_text=f"Report ({lang})", description=str(file))


def flow_of(config: Config, on_step: Any = None) -> Any:
    """The flow for one set of settings."""

    @flow(name="voc-run", task_runner=runner(config), persist_result=False, validate_parameters=False, flow_run_name="{run_id}")
    def voc_run(run_id: str) -> None:
        run_steps(config, run_id, on_step)
        publish_artifacts(config, run_id)

    return voc_run


def run_with_prefect(config: Config, run_id: str | None = None, *, fresh: bool = False, on_progress: Any = None, on_step: Any = None) -> pipeline.Started:
    """A whole run as a Prefect flow, on the server that ``PREFECT_API_URL`` names.

    Returns:
        The run as the store has it at the end; a run with nothing new starts no flow.
    """
    with open_store(config.store_url) as store:
        started = pipeline.begin(config, store, run_id, fresh)
        if started.nothing_new:
            pipeline.republish_missing(config, store, started.run)
            return started
    return run_started(config, started, on_progress=on_progress, on_step=on_step)


def run_started(config: Config, started: pipeline.Started, *, on_progress: Any = None, on_step: Any = None) -> pipeline.Started:
    """The flow of a run that has begun.

    Returns:
        The run as the store has it at the end.
    """
    name = started.run.id
    context = open_context(config, name, on_progress)
    try:
        with pipeline.closing_run(context):
            flow_of(config, on_step)(name)
        return pipeline.Started(context.store.run(name), started.resumed, nothing_new=False)
    finally:
        close_context(name)


@flow(name="voc-scheduled", persist_result=False)
def scheduled(config_path: str, since: str | None = None, until: str | None = None) -> str:
    """A scheduled run of a settings file: resumes a crashed one at the step and shard where it stopped.

    Args:
        config_path: The YAML file.
        since: First day received, as YYYY-MM-DD.
        until: Last day received, as YYYY-MM-DD.

    Returns:
        The run's id.
    """
    days = {name: date.fromisoformat(day) for name, day in (("since", since), ("until", until)) if day}
    return run_with_prefect(load_config(config_path, days)).run.id


