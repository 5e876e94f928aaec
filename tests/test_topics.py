"""How groups found are held against categories known, and that the pages of figures say what was measured."""

from __future__ import annotations

import json
from types import ModuleType

import numpy as np
import pytest

from benchmarks import folds, throughput, topics
from benchmarks.overlap import overlap
from voc_pipeline.places import ROOT


def test_overlap_counts_what_is_left_out_as_alone() -> None:
    """By hand: three of four `a` together with the one `b`, the fourth `a` left out: precision 3.5/5, recall 3.5/5; one group, three quarters pure."""
    found, gold = np.array([0, 0, 0, 0, -1]), np.array(["a", "a", "a", "b", "a"])
    got = overlap(found, gold)
    precision = (3 * 3 / 4 + 1 / 4 + 1) / 5
    recall = (3 * 3 / 4 + 1 / 4 + 1) / 5
    assert got["b_cubed_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert (got["noise"], got["purity"], got["groups"]) == (0.2, 0.75, 1)
    assert overlap(gold == "a", gold)["b_cubed_f1"] == overlap(gold == "a", gold)["v_measure"] == 1.0


def test_nothing_found_is_no_group() -> None:
    """Where everything is left out there is no group, and no purity to speak of."""
    got = overlap(np.full(4, -1), np.array(["a", "a", "b", "b"]))
    assert (got["noise"], got["purity"], got["groups"]) == (1.0, 0.0, 0)


@pytest.mark.parametrize("benchmark", [folds, throughput, topics], ids=["folds", "throughput", "topics"])
def test_the_page_says_what_the_file_of_figures_says(benchmark: ModuleType) -> None:
    """The Markdown that is read is made from the figures that were measured, to the last digit."""
    name = benchmark.__name__.rpartition(".")[2]
    figures = json.loads((ROOT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))
    assert benchmark.page(figures) == (ROOT / "benchmarks" / f"{name}.md").read_text(encoding="utf-8")
