"""The flow `voc-run`: the steps of the pipeline as tasks, one task a shard, retried and timed by the settings."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.quiet import hush, take_leave
from voc_pipeline import pipeline
from voc_pipeline.config import Config, load_config
from voc_pipeline.errors import RunError, StoreError, VocError
from voc_pipeline.steps.context import Context, Step
from voc_pipeline.store import exclusive, open_store

_SETTINGS = "VOC_FLOW_SETTINGS"
_OWNER = "VOC_FLOW_OWNER"
_contexts: dict[str, Context] = {}
_listeners: dict[str, Callable[[Step, Context], None]] = {}
_opening = threading.Lock()

if multiprocessing.parent_process():  # a worker of the pool: Ctrl-C is its owner's to answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
hush()  # here, so that a process of the pool or of a schedule is quiet too: each imports this module to find its task or flow


def open_context(config: Config, run_id: str, on_progress: Callable[[str, int], None] | None = None) -> Context:
    """The context of a run in this process; another process finds the settings in its environment."""
    os.environ[_SETTINGS] = json.dumps({"root": str(config.root), "settings": config.model_dump(mode="json", by_alias=True)})
    os.environ[_OWNER] = str(os.getpid())
    if config.flow.task_runner == "processes":  # a pool whose owner is killed says nothing of its semaphores
        os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    _contexts[run_id] = Context(config, open_store(config.store_url), run_id, on_progress or (lambda step, n: None))
    return _contexts[run_id]


def close_context(run_id: str) -> None:
    """Let go of the run's store."""
    os.environ.pop(_SETTINGS, None)
    os.environ.pop(_OWNER, None)
    context = _contexts.pop(run_id, None)
    if context:
        context.store.close()


def _context(run_id: str) -> Context:
    with _opening:
        if run_id not in _contexts:  # a process of the pool
            if os.environ[_OWNER] == str(os.getppid()):
                threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
            held = json.loads(os.environ[_SETTINGS])
            config = Config.model_validate({**held["settings"], "root": Path(held["root"])})
            _contexts[run_id] = Context(config, open_store(config.store_url), run_id)
        return _contexts[run_id]


def _end_with(owner: int) -> None:
    """Ends this process when the one that started it is no more: a killed run leaves no worker behind."""
    while os.getppid() == owner:
        time.sleep(0.5)
    os._exit(1)


def _worth_retrying(task: Any, task_run: Any, state: Any) -> bool:
    """What is wrong with settings, sources or model stays wrong; a busy database or a machine short of memory may not."""
    try:
        state.result(raise_on_failure=True)
    except StoreError:
        return True
    except VocError:
        return False
    except BaseException:
        return True
    return False


def _shard_task(step: Step) -> Any:
    def run_one(run_id: str, shard: int) -> None:
        pipeline.run_shard(_context(run_id), step, shard)

    run_one.__name__ = run_one.__qualname__ = f"{step.name}_shard"
    globals()[run_one.__name__] = run_one  # a process pool finds the function by its name
    as_task = task(
        name=step.name, cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_worth_retrying, task_run_name=step.name + "-{shard}"
    )
    return as_task(run_one)


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


def run_steps(run_id: str) -> None:
    """Every step of a run as tasks of the flow that calls this; a step begins when the one before has no shard left.

    Raises:
        VocError: What a shard failed with after its retries, or that it took too long.
        Exception: Any other failure of a shard.
    """
    context = _context(run_id)
    config, on_step = context.config, _listeners.get(run_id)
    for step in pipeline.STEPS:
        if on_step:
            on_step(step, context)
        done = context.store.done_shards(run_id, step.name)
        shard_task = TASKS[step.name].with_options(
            retries=config.flow.retries, retry_delay_seconds=config.flow.retry_delay_seconds, timeout_seconds=config.flow.timeout_seconds
        )
        left = [shard for shard in step.shards(context) if shard not in done]
        groups = [left[:-1], left[-1:]] if step.name == "ingest" else [left]  # what settles the sources waits for them
        for group in groups:
            futures = {shard: shard_task.submit(run_id, shard) for shard in group}
            wait(list(futures.values()))
            for shard, future in futures.items():
                _outcome(config, step, shard, future)
                if config.flow.task_runner == "processes":  # a worker's own progress does not cross the border
                    context.on_progress(step.name, max(1, (step.size(context) or 0) // max(1, len(left))))


def _outcome(config: Config, step: Step, shard: int, future: Any) -> None:
    try:
        future.result()
    except TimeoutError:
        found = f"not done after {config.flow.timeout_seconds:g} s, {config.flow.retries + 1} times"
        raise RunError(f"step {step.name}, shard {shard}", found, "less than flow.timeout_seconds", "Raise it, or lower shard_size") from None


def publish_artifacts(run_id: str) -> None:
    """Link the report and show the counts in Prefect's pages."""
    config, counts = _context(run_id).config, _context(run_id).run.counts
    rows = [{"what": name, "rows": value} for name, value in sorted(counts.items())]
    create_table_artifact(key="voc-counts", table=rows, description=f"How the received rows of {run_id} ended")
    for lang in config.report.languages:
        file = config.output_dir / f"report.{lang}.html"
        create_link_artifact(key=f"voc-report-{lang}", link=file.as_uri(), link_text=f"Report of {run_id} ({lang})", description=str(file))


@flow(name="voc-run", persist_result=False, validate_parameters=False, flow_run_name="{run_id}")
def voc_run(run_id: str) -> None:
    """A run that has begun: its steps, then its artifacts. Holds nothing of its own, so that a process pool can be handed it."""
    run_steps(run_id)
    publish_artifacts(run_id)


def run_with_prefect(config: Config, run_id: str | None = None, *, fresh: bool = False) -> pipeline.Started:
    """A whole run as a Prefect flow, on the server that ``PREFECT_API_URL`` names.

    Returns:
        The run as the store has it at the end; a run with nothing new starts no flow.

    Raises:
        StoreError: Another run is at work on the store.
    """
    with exclusive(config.store_url):
        started = pipeline.begin_or_republish(config, run_id, fresh)
        return started if started.nothing_new else run_started(config, started)


def run_started(
    config: Config,
    started: pipeline.Started,
    *,
    on_progress: Callable[[str, int], None] | None = None,
    on_step: Callable[[Step, Context], None] | None = None,
) -> pipeline.Started:
    """The flow of a run that has begun; the caller holds the store (`store.exclusive`).

    Returns:
        The run as the store has it at the end.
    """
    name = started.run.id
    context = open_context(config, name, on_progress)
    if on_step:
        _listeners[name] = on_step
    try:
        with temporary_settings({PREFECT_API_URL: os.environ.get("PREFECT_API_URL")}), pipeline.closing_run(context):
            voc_run.with_options(task_runner=runner(config))(name)
        return pipeline.Started(context.store.run(name), started.resumed, nothing_new=False)
    finally:
        _listeners.pop(name, None)
        close_context(name)
        take_leave()


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
    ended = run_with_prefect(load_config(config_path, days))
    how = "nothing new" if ended.nothing_new else "resumed and done" if ended.resumed else "done"
    print(f"{ended.run.id}: {how}, {ended.run.counts.get('received', 0)} received, {ended.run.counts.get('analysed', 0)} analysed", flush=True)
    return ended.run.id
