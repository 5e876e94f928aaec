"""`voc schedule`: a Prefect deployment served until stopped."""

from __future__ import annotations

import contextlib
from pathlib import Path

from flows.server import given_server, starting
from voc_pipeline.config import Config
from voc_pipeline.errors import ConfigError


def serve(path: Path, config: Config, cron: str, timezone: str) -> None:
    """Serve the flow on a schedule: one run at a time, late runs collapse into one.

    A run that comes due while another is at work is cancelled as a duplicate: the next one reads the same sources anyway, so nothing is lost.

    Args:
        path: The settings file.
        config: Its settings.
        cron: When, in cron's five fields.
        timezone: In which the cron line is read.

    Raises:
        ConfigError: The cron line or the time zone cannot be read.
    """
    check_cron(cron, timezone)
    ours = given_server() is None
    with starting(config.output_dir / ".prefect", services=True) as ready:
        from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
        from prefect.schedules import Cron

        from flows.run import scheduled

        api_url = ready()
        print(
            f"Serving {config.project!r}: {cron} ({timezone}), server {api_url.removesuffix('/api')}{' (ours)' if ours else ''}; Ctrl-C stops",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            scheduled.serve(
                name=config.project,
                parameters={"config_path": str(path)},
                schedules=[Cron(cron, timezone=timezone)],
                limit=1,
                global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
                print_starting_message=False,
            )


def check_cron(cron: str, timezone: str) -> None:
    """Refuse what cannot be scheduled.

    Raises:
        ConfigError: The cron line or the time zone cannot be read.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from cronsim import CronSim, CronSimError

    try:
        from datetime import datetime

        CronSim(cron, datetime(2026, 1, 1))
    except CronSimError as error:
        raise ConfigError(
            f"--cron {cron!r}", f"{error}", 'five fields, such as "0 6 * * 1"', "Quote the line so that the shell leaves its stars alone"
        ) from None
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError("--timezone", f"{timezone!r} is not a time zone", "a name such as Europe/Paris", "") from None
