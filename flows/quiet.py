"""Prefect's own words go to a file and to its server: the terminal is the user's."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from flows.server import LOG


def hush() -> None:
    """Send what Prefect logs in this process to the file that `server.LOG` names; where it names none, leave it be.

    What goes to Prefect's server, to be read in its pages, still goes there.
    """
    file = os.environ.get(LOG)
    if not file:
        return
    from prefect.logging.configuration import setup_logging

    setup_logging()
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(file, encoding="utf-8", delay=True)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    for name in ("", *logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                logger.removeHandler(handler)
                logger.addHandler(to_file)
    warnings.filterwarnings("ignore", module=r"prefect|httpx|websockets|uvicorn")


def take_leave(seconds: float = 10.0) -> None:
    """Send what Prefect still holds for its server (logs, events) while the server is there; at exit it may be no more.

    Args:
        seconds: At most, for each of the two.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=seconds)
