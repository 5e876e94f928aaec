"""`voc schedule`: a Prefect deployment served until stopped."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.server import given_server, starting
from voc_pipeline import pipeline
from voc_pipeline.config import Config
from voc_pipeline.errors import ConfigError, VocError
from voc_pipeline.places import ROOT
from voc_pipeline.store import exclusive, open_store

AT_ONCE = 20
"""Late runs taken up at once after an interruption: the first has the only slot, the others are cancelled as it begins."""


def serve(path: Path, config: Config, cron: str, timezone: str) -> None:
    """Serve the flow on a schedule: one run at a time, late runs collapse into one.

    A run that comes due while another is at work is cancelled: the next one reads the same sources anyway, so nothing is lost. A run that crashed
    before goes on first.

    Args:
        path: The settings file.
        config: Its settings.
        cron: When, in cron's five fields.
        timezone: In which the cron line is read.

    Raises:
        ConfigError: The cron line or the time zone cannot be read.
        RunError: Prefect's server does not start, or does not answer.
    """
    check_cron(cron, timezone)
    ours = given_server() is None
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with starting(config.output_dir / ".prefect", services=True) as ready:
            os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])  # for the processes of its runs
            from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
            from prefect.schedules import Cron
            from prefect.types.entrypoint import EntrypointType

            from flows.quiet import take_leave
            from flows.run import run_with_prefect, scheduled

            address = ready().removesuffix("/api")
            print(f"Serving {config.project!r}: {cron} ({timezone}), Prefect at {address}{' (ours)' if ours else ''}; Ctrl-C stops", flush=True)
            if interrupted(config):
                ended = run_with_prefect(config)
                print(f"{ended.run.id}: resumed and done", flush=True)
            try:
                scheduled.serve(
                    name=config.project,
                    parameters={"config_path": str(path)},
                    schedules=[Cron(cron, timezone=timezone)],
                    limit=AT_ONCE,
                    global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
                    print_starting_message=False,
                    entrypoint_type=EntrypointType.MODULE_PATH,
                )
            finally:
                take_leave()
    except KeyboardInterrupt:
        print("stopped", flush=True)
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def interrupted(config: Config) -> bool:
    """Whether a run of these very settings began and did not end, and nobody is at work on it."""
    try:
        with exclusive(config.store_url), open_store(config.store_url) as store:
            return pipeline.unfinished(config, store) is not None
    except VocError:
        return False


def check_cron(cron: str, timezone: str) -> None:
    """Refuse what cannot be scheduled.

    Raises:
        ConfigError: The cron line or the time zone cannot be read.
    """
    from cronsim import CronSim, CronSimError

    try:
        if len(cron.split()) != 5:
            raise CronSimError(f"{len(cron.split())} fields")
        CronSim(cron, datetime(2026, 1, 1))
    except CronSimError as error:
        remedy = "Quote the line so that the shell leaves its stars alone"
        raise ConfigError(f"--cron {cron!r}", f"cannot be read ({error})", 'five fields, such as "0 6 * * 1"', remedy) from None
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError("--timezone", f"{timezone!r} is not a time zone", "a name such as Europe/Paris", "") from None
