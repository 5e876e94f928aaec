"""A Prefect server on the loopback that we start, own and stop, with a home of its own and its noise in a log file.

The server is this module run as a process: it serves on a socket it is given and ends when its owner does, however the owner ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from voc_pipeline.errors import RunError
from voc_pipeline.offline import switch_off_telemetry
from voc_pipeline.places import ROOT

START_SECONDS = 180.0
"""How long a slow machine may take to start the server."""

LOG = "VOC_PREFECT_LOG"
"""Environment variable: the file that takes what Prefect would say in the terminal, in this process and in those it starts."""

_FOREIGN = ("PREFECT_API_", "PREFECT_SERVER_API_", "PREFECT_SERVER_DATABASE_", "PREFECT_PROFILE")
"""Settings of another server, its database among them, which ours must not take over."""


def given_server() -> str | None:
    """The server the user has: ``PREFECT_API_URL``, or None."""
    return os.environ.get("PREFECT_API_URL") or None


def prepare(home: Path) -> None:
    """Settle Prefect's environment; must come before Prefect is imported.

    Args:
        home: ``PREFECT_HOME`` where the user has not set one: nothing is written to the user's own folder.
    """
    switch_off_telemetry()
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(home))
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "false")
    os.environ[LOG] = str(home / "prefect.log")


class Server:
    """The server as a process of its own group. `start` returns at once; `wait` until it answers.

    Args:
        home: Its folder: database and log.
        services: Whether it also schedules, marks late runs and shows its pages; a single run needs none of that.
    """

    def __init__(self, home: Path, *, services: bool) -> None:
        self.home, self.services = home, services
        self.log = home / "server.log"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def api_url(self) -> str:
        """Address of its API, once started."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Start it in the background; it dies with `stop`, or with this process."""
        prepare(self.home)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        environment |= {
            "PREFECT_HOME": str(self.home),
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PREFECT__SERVER_FINAL": "1",
        }
        if not self.services:
            environment |= {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT_UI_ENABLED": "false"}
        with socket.socket() as listening, self.log.open("wb") as log:
            listening.bind(("127.0.0.1", 0))
            listening.listen(128)  # who comes before it serves waits, and is not refused
            self.port = listening.getsockname()[1]
            command = [sys.executable, "-m", "flows.server", str(listening.fileno()), str(self.port)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, pass_fds=[listening.fileno()], start_new_session=True
            )

    def wait(self) -> None:
        """Until it answers.

        Raises:
            RunError: It ended, or does not answer in time.
        """
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RunError(
                    "Prefect server", f"ended at start with code {self._process.returncode}", "a running server", f"See {self.log}, or use --direct"
                )
            with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{self.api_url}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise RunError("Prefect server", f"no answer after {START_SECONDS:.0f} s", "a running server", f"See {self.log}, or use --direct")

    def stop(self, patience: float = 8.0) -> None:
        """End it and whatever it started; nothing stays.

        Args:
            patience: Seconds it may take to end by itself.
        """
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
        if process.stdin:
            process.stdin.close()


@contextlib.contextmanager
def starting(home: Path, *, services: bool = False) -> Iterator[Callable[[], str]]:
    """The user's server if there is one, else one of our own for as long as the block lasts.

    Args:
        home: Folder of our server, and ``PREFECT_HOME`` of this process where the user has set none.
        services: Whether our server schedules too.

    Yields:
        What waits for the server and gives its address, so that other work can go on while it starts. The address is set as
        ``PREFECT_API_URL`` for this process from the beginning, since Prefect reads it when it is imported.
    """
    given = given_server()
    if given:
        prepare(home)
        yield lambda: _answering(given)
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


def _answering(api_url: str) -> str:
    """The address of the user's server, if it answers at all.

    Raises:
        RunError: Nobody does.
    """
    try:
        with urllib.request.urlopen(f"{api_url.rstrip('/')}/health", timeout=20):
            return api_url
    except urllib.error.HTTPError:
        return api_url  # somebody answers; whether we may come in is for Prefect to say
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RunError(
            "PREFECT_API_URL", f"{api_url} does not answer ({reason})", "a running Prefect server", "Start it, unset PREFECT_API_URL, or use --direct"
        ) from None


def serve_until_orphaned(file: int, port: int) -> None:
    """Serve Prefect's API on a listening socket until told to stop, or until standard input ends: then the owner is no more."""
    import uvicorn
    from prefect.server.api.server import create_app

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.killpg(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    config = uvicorn.Config(create_app, factory=True, host="127.0.0.1", port=port, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    with socket.socket(fileno=file) as listening:
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    serve_until_orphaned(int(sys.argv[1]), int(sys.argv[2]))
