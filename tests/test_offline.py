"""Nothing leaves the machine: only the loopback is spoken to, from the first import to the last shard."""

from __future__ import annotations

import sys

from commands import environment, watching
from conftest import Demo

LOOPBACK = ("'127.0.0.1'", "'localhost'", "'::1'", "None", "''")


def test_demo_speaks_to_the_loopback_alone(demo: Demo) -> None:
    """A run through Prefect connects to its own server and to nobody else, and asks no name server anything."""
    lines = [line.split(" ", 2) for line in demo.connections.read_text(encoding="utf-8").splitlines()]
    assert any(event == "socket.connect" and host == "'127.0.0.1'" for event, host, *_ in lines), "the watcher saw not even Prefect's own server"
    assert [line for line in lines if line[1] not in LOOPBACK and not line[1].startswith("'/")] == []


def test_watcher_sees_and_refuses_the_outside(tmp_path: object) -> None:
    """The watch itself works: a process that wants out is noted and refused."""
    import subprocess
    from pathlib import Path

    extra, notes = watching(Path(str(tmp_path)))
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    ended = subprocess.run([sys.executable, "-c", code], env=environment(extra), capture_output=True, text=True)
    assert ended.returncode == 1
    assert "only the loopback" in ended.stderr
    assert "192.0.2.1" in notes.read_text(encoding="utf-8")
