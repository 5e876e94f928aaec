"""A Prefect server on the loopback that we start, own and stop, with a home of its own and its noise in a log file."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from voc_pipeline.errors import RunError
from voc_pipeline.offline import switch_off_telemetry

START_SECONDS = 180.0
"""How long a slow machine may take to start the server."""


def given_server() -> str | None:
    """The server the user has: ``PREFECT_API_URL``, or None."""
    return os.environ.get("PREFECT_API_URL") or None


def prepare(home: Path, log: Path) -> None:
    """Settle Prefect's environment; must come before Prefect is imported.

    Args:
        home: ``PREFECT_HOME`` where the user has not set one: nothing is written to the user's own folder.
        log: File that takes what Prefect says.
    """
    switch_off_telemetry()
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(home))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "false")
    log.parent.mkdir(parents=True, exist_ok=True)


class Server:
    """The server as a process of its own group. `start` returns at once; `wait` until it answers."""

    def __init__(self, home: Path, *, services: bool, port: int | None = None) -> None:
        self.home, self.services = home, services
        self.port = port or _free_port()
        self.log = home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def api_url(self) -> str:
        """Address of its API."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Start it in the background; it dies with `stop`, or with this process."""
        prepare(self.home, self.log)
        environment = {**os.environ, "PREFECT_HOME": str(self.home), "PREFECT_API_URL": "", "PREFECT_UI_ENABLED": "true" if self.services else "false"}
        environment.pop("PREFECT_API_URL")
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port), "--analytics-off"]
        if not self.services:
            command += ["--no-services", "--no-ui"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True)

    def wait(self) -> None:
        """Until it answers.

        Raises:
            RunError: It ended, or does not answer in time.
        """
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RunError("Prefect server", f"ended at start with code {self._process.returncode}", "a running server", f"See {self.log}, or use --direct")
            with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{self.api_url}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.2)
        raise RunError("Prefect server", f"no answer after {START_SECONDS:.0f} s", "a running server", f"See {self.log}, or use --direct")

    def stop(self) -> None:
        """End it and whatever it started; nothing stays."""
        if self._process is None:
            return
        for number, patience in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            try:
                self._process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None


@contextlib.contextmanager
def starting(home: Path, *, services: bool = False) -> Iterator[Callable[[], str]]:
    """The user's server if there is one, else one of our own for as long as the block lasts.

    Yields:
        What waits for the server and gives its address, so that other work can go on while it starts. The address is set as
        ``PREFECT_API_URL`` for this process from the beginning, since Prefect reads it when it is imported.
    """
    given = given_server()
    if given:
        prepare(home, home / "server.log")
        yield lambda: given
        return
    own = Server(home, services=services)
    own.start()
    os.environ["PREFECT_API_URL"] = own.api_url

    def ready() -> str:
        own.wait()
        return own.api_url

    try:
        yield ready
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        own.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
