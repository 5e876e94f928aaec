"""The wheel: what a user gets who installs the package instead of cloning it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, environment


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder a wheel of this tree was installed into, far from the tree."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]
    tree = place / "tree"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith(("voc_pipeline/", "flows/", "models/", "configs/")) or "/" not in name:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                os.link(ROOT / name, tree / name)
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(place), str(tree)], check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(place / "site"), str(wheel)], check=True, capture_output=True)
    return place / "site"


def _python(installed: Path, folder: Path, *args: str) -> str:
    ended = subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_everything_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The package, its flows, models, settings and migrations are those of the wheel, not of the clone."""
    said = _python(
        installed,
        tmp_path,
        "-c",
        "import flows.run, voc_pipeline.places as p, voc_pipeline; print(voc_pipeline.__file__); print(flows.run.__file__); print(p.model_path('voc-mini'))",
    )
    assert [line for line in said.splitlines() if not line.startswith(str(installed))] == []
    assert list(installed.glob("configs/*.yaml")) and list(installed.glob("models/voc-fr/*")) and not list(installed.glob("tests"))


def test_a_user_without_a_clone_gets_a_report(installed: Path, tmp_path: Path) -> None:
    """`init`, `check`, `run` and `annotate` work on a file of the user's, outside the clone."""
    with (ROOT / "data_samples" / "evaluation" / "written.jsonl").open(encoding="utf-8") as lines:
        texts = [" ".join(json.loads(line)["sents"]) for line in lines if '"channel": "review"' in line][:60]
    with (tmp_path / "avis.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "date", "avis"), *((i, f"2026-0{1 + i % 9}-11", text) for i, text in enumerate(texts))])
    voc = ("-m", "voc_pipeline.cli")
    _python(installed, tmp_path, *voc, "init", "essai", "avis.csv")
    _python(installed, tmp_path, *voc, "check", "essai/voc.yaml")
    said = _python(installed, tmp_path, *voc, "run", "essai/voc.yaml", "--direct")
    assert f"{len(texts)} received" in said
    assert (tmp_path / "essai" / "out" / "report.fr.html").is_file()
    (tmp_path / "avis.jsonl").write_text('{"id": 1, "text": "Deux heures d\'attente, personne ne décroche."}\n', encoding="utf-8")
    _python(installed, tmp_path, *voc, "annotate", "avis.jsonl", "lu.jsonl")
    assert json.loads((tmp_path / "lu.jsonl").read_text(encoding="utf-8"))["sentiment"] == "negative"
