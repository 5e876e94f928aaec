"""Databases to test on: a SQLite file, and a PostgreSQL server of our own that lives as long as the tests."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from commands import demo_config, voc, watching
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)  # how long an example takes says nothing on a busy machine
settings.register_profile("exploring", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))  # "exploring" looks for new cases: what it finds becomes an @example


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3].split(".")[0]))
    on_path = shutil.which("postgres")
    if not found and on_path is None:
        pytest.fail("PostgreSQL is not installed, and the store is tested on it too. Remedy: apt-get install -y postgresql", pytrace=False)
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Linux sends the server its fast shutdown when the tests are killed before they could."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Folder of the unix socket of a private PostgreSQL server, user `postgres`, no password, no network."""
    binaries = _binaries()
    home = Path(tempfile.mkdtemp(prefix="voc-pg-"))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.fail("PostgreSQL does not run as root and there is no user `postgres`. Remedy: apt-get install -y postgresql", pytrace=False)
        os.chown(home, account.pw_uid, account.pw_gid)
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    log = home / "log"
    server: subprocess.Popen[bytes] | None = None
    try:
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            home / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        made = subprocess.run(initdb, env=environment, cwd=home, capture_output=True, text=True, **owner)
        if made.returncode:
            pytest.fail(f"initdb failed: {made.stderr.strip()}", pytrace=False)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": home,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": 50,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", home / "data", *options],
                env=environment,
                cwd=home,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_parent,
                **owner,
            )
        for _ in range(300):
            ready = subprocess.run([binaries / "pg_isready", "-q", "-h", home, "-U", "postgres", "-d", "postgres"], env=environment)
            if ready.returncode == 0:
                break
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            ready.returncode = 1
        if ready.returncode:
            pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}", pytrace=False)
        yield str(home)
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: open sessions are cut
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(home, ignore_errors=True)


_numbers = count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Makes empty databases, each gone after the test; call it for the URL of a new one."""
    import psycopg

    made: list[str] = []
    with psycopg.connect(host=postgres_server, user="postgres", dbname="postgres", autocommit=True) as admin:

        def new(options: str = "ENCODING 'UTF8'") -> str:
            name = f"voc_{os.getpid()}_{next(_numbers)}"
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
            made.append(name)
            return f"postgresql+psycopg://postgres@/{name}?host={postgres_server}"

        yield new
        for name in made:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of empty databases: the same test runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        made: Callable[[], str] = request.getfixturevalue("postgres_url")
        return made
    return lambda: f"sqlite:///{tmp_path}/voc-{next(_numbers)}.db"


@pytest.fixture
def store_url(new_store_url: Callable[[], str]) -> str:
    """URL of one empty database, on SQLite and on PostgreSQL."""
    return new_store_url()


@dataclass(frozen=True)
class Demo:
    """The demo, run as `make demo` does: month eleven, then month twelve, with only the loopback to talk to.

    Attributes:
        folder: Holds `demo.yaml` and `out/`.
        config: Its settings.
        out: Where reports and tables are.
        first, second: What each run said.
        connections: Every address that a process of it connected to or asked for.
    """

    folder: Path
    config: Path
    out: Path
    first: str
    second: str
    connections: Path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One run of the demo for every test that only reads it."""
    folder = tmp_path_factory.mktemp("demo")
    config = demo_config(folder)
    watched, connections = watching(folder)
    first = voc("run", config, "--until", "2026-09-30", env=watched)
    second = voc("run", config, "--until", "2026-10-31", env=watched)
    return Demo(folder, config, folder / "out", first.out + first.err, second.out + second.err, connections)
