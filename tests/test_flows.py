"""Prefect: a server of our own or the user's, every task runner, artifacts, retries, interruption, and a schedule that runs one at a time."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import UNDISCOVERED, canonical, demo_config, environment, left_running, start, voc

from flows.schedule import check_cron
from voc_pipeline.errors import ConfigError
from voc_pipeline.pipeline import STEPS

FILTER: dict[str, Any] = {"limit": 100, "sort": "EXPECTED_START_TIME_ASC"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server as a user has one, with its services; its address."""
    from flows.server import Server

    before = dict(os.environ)
    own = Server(tmp_path_factory.mktemp("server"), services=True)
    own.start()
    try:
        own.wait()
        yield own.api_url
    finally:
        own.stop()
        os.environ.clear()
        os.environ.update(before)


def _post(api: str, path: str, **body: Any) -> Any:
    """One call to a Prefect server, said again while its database is busy (503), as Prefect's own client does."""
    for _ in range(20):
        answer = httpx.post(f"{api}/{path}", json=body, timeout=60)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(1)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Tables of the survey without Prefect."""
    folder = tmp_path_factory.mktemp("baseline")
    voc("run", demo_config(folder, ["survey"], shard_size=64, discovery=UNDISCOVERED), "--direct")
    return canonical(folder / "out")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("task_runner", ["threads", "processes", "sequential"])
def test_every_task_runner_gives_the_same_tables(task_runner: str, server: str, baseline: dict[str, bytes], tmp_path: Path) -> None:
    """With PREFECT_API_URL set the run goes to that server, whatever the task runner, and its tables are those of a run without Prefect."""
    config = demo_config(tmp_path, ["survey"], shard_size=64, discovery=UNDISCOVERED, flow={"task_runner": task_runner, "workers": 2})
    ended = voc("run", config, "--run-id", f"with-{task_runner}", env={"PREFECT_API_URL": server})
    assert "Traceback" not in ended.out + ended.err
    assert ended.err == ""
    assert canonical(tmp_path / "out") == baseline
    assert left_running(tmp_path) == []
    runs = _post(server, "flow_runs/filter", flow_runs={"name": {"any_": [f"with-{task_runner}"]}})
    assert [(run["state_type"], run["parameters"]) for run in runs] == [("COMPLETED", {"run_id": f"with-{task_runner}"})]
    tasks = _post(server, "task_runs/filter", flow_runs={"id": {"any_": [runs[0]["id"]]}}, limit=200)
    assert {task["name"].rpartition("-")[0] for task in tasks} == {step.name for step in STEPS}
    artifacts = _post(server, "artifacts/filter", flow_runs={"id": {"any_": [runs[0]["id"]]}})
    assert {artifact["key"] for artifact in artifacts} == {"voc-counts", "voc-report-fr", "voc-report-en"}


def test_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """A PREFECT_API_URL where nobody listens is one clear line that names the remedies."""
    ended = voc("run", demo_config(tmp_path, ["survey"]), env={"PREFECT_API_URL": "http://127.0.0.1:9/api"}, code=2)
    assert "does not answer" in ended.err
    assert "--direct" in ended.err


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-c", "kill", "kill -9"])
def test_interrupted_flow_leaves_nothing_and_resumes(number: signal.Signals, baseline: dict[str, bytes], tmp_path: Path) -> None:
    """Stopped in the middle by Ctrl-C, kill or kill -9, a run ends at once with nothing left running; the next one resumes to the same tables."""
    config = demo_config(tmp_path, ["survey"], shard_size=64, discovery=UNDISCOVERED)
    process = start("run", config)
    _until(lambda: _shards(tmp_path / "out" / "voc.db", "annotate") >= 1, 400, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert process.returncode == 128 + number
        assert err.strip() == "stopped; run the same command again to go on where it stopped"
    assert "Traceback" not in out + err
    _until(lambda: left_running(tmp_path) == [], 15)
    assert "resumed" in voc("run", config, "--direct").out
    assert canonical(tmp_path / "out") == baseline


def test_failed_shard_is_tried_again_and_wrong_settings_are_not(server: str, tmp_path: Path) -> None:
    """A shard that fails by accident is retried as the settings say; a source that is wrong is told at once, in one line."""
    code = """
import sys
from pathlib import Path
from flows.server import prepare
prepare(Path(sys.argv[2]))
import flows.run as run
from voc_pipeline.config import load_config
from voc_pipeline.errors import SourceError
from voc_pipeline import pipeline
tries = []
real = pipeline.run_shard
def failing(context, step, shard):
    if step.name == "ingest" and shard == 0:
        tries.append(shard)
        if sys.argv[3] == "accident" and len(tries) < 3:
            raise OSError("a disk that was busy")
        if sys.argv[3] == "wrong":
            raise SourceError("reviews.csv", "no column 'x'")
    return real(context, step, shard)
pipeline.run_shard = failing
try:
    run.run_with_prefect(load_config(sys.argv[1]))
except SourceError as error:
    print(error)
print(len(tries))
"""
    for how, said in (("accident", "3"), ("wrong", "reviews.csv: no column 'x'.\n1")):
        config = demo_config(tmp_path / how, ["survey"], shard_size=256, discovery=UNDISCOVERED, flow={"retries": 2, "retry_delay_seconds": 0})
        ended = subprocess.run(
            [sys.executable, "-c", code, str(config), str(tmp_path / "home"), how],
            env=environment({"PREFECT_API_URL": server}),
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert ended.stdout.strip() == said, ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("cron", ["0 6 * * 1", "*/15 8-18 * * mon-fri"])
def test_good_cron_lines_pass(cron: str) -> None:
    """Five fields of cron are accepted."""
    check_cron(cron, "Europe/Paris")


@pytest.mark.parametrize("cron", ["", "* * * *", "0 6 * * 1 1", "61 * * * *", "daily"])
def test_bad_cron_lines_are_told(cron: str) -> None:
    """What cron cannot read is refused with an example."""
    with pytest.raises(ConfigError, match="five fields"):
        check_cron(cron, "Europe/Paris")


@pytest.mark.timeout(900)
def test_schedule_runs_one_at_a_time_and_collapses_late_runs(tmp_path: Path) -> None:
    """Five runs due at once on a server of our own become one that works, the others cancelled; a crashed run goes on first; stopping leaves nothing."""
    config = demo_config(tmp_path, ["survey"], shard_size=64, discovery=UNDISCOVERED)
    crashed = start("run", config, "--direct")
    _until(lambda: _shards(tmp_path / "out" / "voc.db", "annotate") >= 1, 400, crashed)
    crashed.kill()
    crashed.communicate()
    serving = start("schedule", config, "--cron", "0 6 1 1 *")
    try:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        api = line.split("Prefect at ")[1].split(" ")[0] + "/api"
        assert "(ours)" in line
        assert serving.stdout.readline() == "run-0001: resumed and done\n"
        found: list[dict[str, Any]] = []
        _until(lambda: bool(found.extend(_post(api, "deployments/filter")) or found), 120)
        _submit(api, found[0]["id"], 5)
        _until(lambda: {run["state_type"] for run in _runs(api, found[0]["id"])} <= {"COMPLETED", "CANCELLED"}, 240)
        states = sorted(run["state_type"] for run in _runs(api, found[0]["id"]))
        assert states.count("COMPLETED") >= 1
        assert states.count("CANCELLED") >= 3
        with sqlite3.connect(tmp_path / "out" / "voc.db") as connection:
            assert connection.execute("SELECT id, status FROM run").fetchall() == [("run-0001", "done")]
    finally:
        serving.send_signal(signal.SIGINT)
        out, err = serving.communicate(timeout=90)
    assert serving.returncode == 0, err
    assert "Traceback" not in out + err
    _until(lambda: left_running(tmp_path) == [], 30)


def _submit(api: str, deployment: str, n: int) -> None:
    """Runs of a deployment due now, as after a night without power."""
    for _ in range(n):
        _post(api, f"deployments/{deployment}/create_flow_run", state={"type": "SCHEDULED"})


def _runs(api: str, deployment: str) -> list[dict[str, Any]]:
    runs = _post(api, "flow_runs/filter", deployments={"id": {"any_": [deployment]}}, **FILTER)
    return [run for run in runs if not run["auto_scheduled"]]


def _until(done: Callable[[], bool], seconds: float, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert process is None or process.poll() is None, process.communicate() if process else ""
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def _shards(database: Path, step: str) -> int:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM shard WHERE step = ?", (step,)).fetchone()[0])
    except sqlite3.Error:
        return 0
