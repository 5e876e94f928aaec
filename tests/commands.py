"""How tests run `voc`: as a user does, in a process of its own, on the demo's settings in a folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "configs" / "demo.yaml"
LIMIT = 540.0
UNDISCOVERED = {"min_segments": 100_000}
"""Settings of discovery under which nothing is looked for: BERTopic takes half a minute to start, and most of what is tested has no need of it."""


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: nothing of Prefect's from outside, the clone importable from anywhere."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "VOC_"))}
    return inherited | {"PYTHONPATH": str(ROOT), "VOC_TRACEBACK": "1", "COLUMNS": "140", "NO_COLOR": "1"} | dict(extra or {})


def start(*args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A command at work, in a process group of its own, as a terminal starts it: a shell in the background would have it ignore Ctrl-C."""
    command = [sys.executable, "-m", "voc_pipeline.cli", *map(str, args)]
    return subprocess.Popen(
        command,
        cwd=cwd or ROOT,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def voc(*args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, code: int | None = 0) -> Ended:
    """Runs a command to its end; its exit code is checked unless `code` is None."""
    process = start(*args, cwd=cwd, env=env)
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert code is None or process.returncode == code, f"voc {' '.join(map(str, args))} ended with {process.returncode}\n{out}\n{err}"
    return Ended(process.returncode, out, err)


def demo_config(folder: Path, sources: Sequence[str] = (), sources_are: Sequence[object] = (), **changes: object) -> Path:
    """The demo's settings with outputs in a folder, paths made absolute, and some settings changed.

    Args:
        folder: Where `demo.yaml` and everything it makes go.
        sources: Names of the sources to keep; all by default.
        sources_are: Sources in the place of the demo's.
        changes: Settings to put in the place of the demo's.
    """
    settings = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for source in settings["sources"]:
        source["path"] = str((DEMO.parent / source["path"]).resolve())
    settings["sources"] = [source for source in settings["sources"] if not sources or source["name"] in sources]
    settings["sources"] = list(sources_are) or settings["sources"]
    settings["exposure"] = str((DEMO.parent / settings["exposure"]).resolve())
    settings["registers"] = {name: str((DEMO.parent / file).resolve()) for name, file in settings["registers"].items()}
    settings |= {"journey": str(DEMO.parent / "journey.yaml"), "output": "out", "store": "sqlite:///out/voc.db"} | changes
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo.yaml"
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def canonical(folder: Path) -> dict[str, bytes]:
    """The canonical CSVs of an output folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


WATCHER = """
import os, sys

def _watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        place = args[0] if event.startswith(("socket.getaddrinfo", "socket.gethostbyname")) else args[1]
        host = place[0] if isinstance(place, tuple) else place
        with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
            file.write(f"{event} {host!r} {os.path.basename(sys.argv[0] if hasattr(sys, 'argv') and sys.argv else '')}\\n")
        if str(host) not in ("127.0.0.1", "localhost", "::1", "None", "") and isinstance(place, (tuple, str)) and not str(host).startswith("/"):
            raise ConnectionRefusedError(f"{event} {host}: only the loopback is there")

sys.addaudithook(_watch)
"""
"""A `sitecustomize` that notes where each Python process connects to, and lets it reach the loopback alone."""


def watching(folder: Path) -> tuple[dict[str, str], Path]:
    """The environment that makes commands, and whatever Python they start, note where they connect to; and the file of notes."""
    place = folder / "watcher"
    place.mkdir(exist_ok=True)
    (place / "sitecustomize.py").write_text(WATCHER, encoding="utf-8")
    notes = folder / "connections.txt"
    notes.touch()
    return {"PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]), "WATCHED": str(notes)}, notes


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that speak of a folder: its servers, its runs, their workers."""
    out = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            around = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        ours = any(name in words for name in ("flows.server", "voc_pipeline", "spawn_main", "resource_tracker", "prefect"))
        if int(process.name) != os.getpid() and ours and str(folder) in words + around:
            out.append(words)
    return out
