"""The demo's register of actions: what was planted is what the next run measures."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from commands import ROOT, demo_config, voc
from conftest import Demo

REGISTER = ROOT / "data_samples" / "ondelia" / "actions_ondelia.yaml"


@pytest.fixture(scope="module")
def acted(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Settings, what the register's entry said and what the run after it said: the order of `make demo`, what is encoded taken from the demo."""
    folder = tmp_path_factory.mktemp("acted")
    config = demo_config(folder)
    (folder / "out").mkdir(exist_ok=True)
    shutil.copytree(demo.out / "cache", folder / "out" / "cache")
    voc("run", config, "--until", "2026-09-30", "--direct")
    entered = voc("action", config, "import", REGISTER, "--by", "lea").out
    return config, entered, voc("run", config, "--until", "2026-10-31", "--direct").out


@pytest.mark.timeout(900)
def test_planted_actions_get_the_verdicts_that_were_planted(acted: tuple[Path, str, str]) -> None:
    """Named by sentences alone, advertising texts that end are met, the growth that was to halve is not, three that too few tell or whose intervals are wide cannot be told; one is late."""
    config, entered, said = acted
    assert "10 lines entered" in entered and "declared on 2026-05-20, entered on" in entered
    with (config.parent / "out" / "actions.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["what"].split(" ")[0]: row for row in csv.DictReader(file)}
    verdicts = {what: row["phase"] for what, row in rows.items()}
    assert verdicts == {
        "Plus": "met",
        "Courrier": "cannot_tell",
        "Contrôle": "not_met",
        "Repli": "cannot_tell",
        "Remise": "cannot_tell",
        "Rappel": "none",
    }
    assert float(rows["Plus"]["change_high"]) < 0 and rows["Courrier"]["why"] in ("disagree", "wide") and float(rows["Contrôle"]["change_low"]) > -0.5
    assert rows["Remise"]["why"] == "few" and rows["Remise"]["control"] == "region=Occitanie"
    assert rows["Rappel"]["late"] == "true" and rows["Courrier"]["register"] == REGISTER.name
    assert "6 actions: 1 met, 1 not met, 3 cannot tell, 1 without an expected result" in said and "1 late: ACT-" in said


def test_the_report_tells_the_loop_in_both_languages(acted: tuple[Path, str, str]) -> None:
    """The page of actions shows verdicts, both days of a declaration and what is late; nothing is entered twice."""
    config, _, _ = acted
    for lang, words in (
        ("fr", ("1 atteint", "1 non atteint", "1 sans résultat attendu", "même avec ce témoin", "en retard", "déclaré le 20", "n’est pas un score CEE de KPMG")),
        ("en", ("1 met", "1 not met", "1 without an expected result", "even with this control", "late", "declared 20", "not a KPMG CEE score")),
    ):
        page = (config.parent / "out" / f"report.{lang}.html").read_text(encoding="utf-8")
        assert [word for word in words if word not in page] == []
    assert "0 lines entered" in voc("action", config, "import", REGISTER).out
    assert "nothing new" in voc("run", config, "--until", "2026-10-31", "--direct").out
