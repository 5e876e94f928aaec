"""Another encoder under a store that knows irritants: ids outlive it, thresholds are measured in its space, and what moved is told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from commands import demo_config
from families import hub_checkpoint

from voc_pipeline import pipeline, report
from voc_pipeline.annotate import load_annotator, trained
from voc_pipeline.composers.running import swap
from voc_pipeline.config import Config, load_config
from voc_pipeline.errors import ModelError
from voc_pipeline.places import model_path
from voc_pipeline.prioritise import swap_figures
from voc_pipeline.schema import IrritantKind
from voc_pipeline.store import Edit, Run, Store, open_store

UNTIL = date(2026, 1, 15)
"""Of the demo, its first months: enough for irritants to be born."""


def _settings(folder: Path, model: str) -> Config:
    return load_config(demo_config(folder, model=model), {"until": UNTIL})


def _other_model(folder: Path) -> Path:
    """The shipped model in full precision, with half its topic axes: other weights, another dimension, about the same answers."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(model_path("voc-mini"), folder, ignore=shutil.ignore_patterns("model.int8.onnx"))
    weights = load_file(folder / "heads.safetensors")
    for name in ("topic.axes", "topic.mean", "topic.scale"):
        weights[name] = np.ascontiguousarray(weights[name][..., :64])
    save_file(weights, folder / "heads.safetensors")
    return folder


@dataclass(frozen=True)
class Swapped:
    """A store after a run with the shipped model, edits by a person, a run with another model, and a return to the first."""

    config: Config
    folder: Path
    runs: tuple[Run, Run, Run]
    renamed: str
    rejected: str


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Swapped:
    folder = tmp_path_factory.mktemp("swap")
    other = _other_model(folder / "other")
    first = pipeline.run(config := _settings(folder, "voc-mini")).run
    with open_store(config.store_url) as store:
        one, two, *_ = store.irritants(kind=IrritantKind.IRRITANT)
        store.save_irritants([replace(one, label_fr="à notre façon", label_status={"fr": "edited"}), replace(two, status="rejected")])
        store.append_edit(Edit(datetime(2026, 4, 1), "Ana", "", "rename", one.id, {"fr": "à notre façon"}))
    second = pipeline.run(_settings(folder, str(other))).run
    third = pipeline.run(_settings(folder, "voc-mini")).run
    return Swapped(config, folder, (first, second, third), one.id, two.id)


def _counted(store: Store, run: Run) -> dict[tuple[str, int], str]:
    return {(m.verbatim_id, m.position): m.irritant_id for m in store.mentions(run.id) if not m.fallback}


def test_every_id_and_every_edit_outlives_the_model(swapped: Swapped) -> None:
    """Records known before are there after, as people left them; those told before are told by the verbatims that told them."""
    first, second, _ = swapped.runs
    with open_store(swapped.config.store_url) as store:
        assert first.model_version != second.model_version
        told, now = _counted(store, first), _counted(store, second)
        records = {i.id: i for i in store.irritants(active=False)}
        assert set(told.values()) <= set(records)
        assert records[swapped.renamed].label_fr == "à notre façon"
        assert swapped.rejected not in now.values()
        theirs = {place: i for place, i in told.items() if i != swapped.rejected}
        assert theirs and sum(now.get(place) == i for place, i in theirs.items()) > 0.6 * len(theirs)
        assert store.count_verbatims(missing_model=second.model_version) == 0


def test_thresholds_are_those_of_the_space(swapped: Swapped) -> None:
    """What a claim must reach is measured in the space of the model that claims, once for each."""
    annotators = [load_annotator("voc-mini"), load_annotator(swapped.folder / "other")]
    with open_store(swapped.config.store_url) as store:
        here, there = (store.thresholds(annotator.space) for annotator in annotators)
        known = [i for i in store.irritants(active=False) if i.generation == 1]
    assert all(here[i.id] == i.threshold for i in known)
    assert all(there[i.id] > i.threshold for i in known), "with half the axes, two segments taken by chance are nearer"


def test_a_return_to_the_first_model_finds_what_it_found(swapped: Swapped) -> None:
    """Back under the model of before, every mention of before is there again, but those of records that a person rejected and the few that a record born meanwhile is clearly nearer to."""
    first, _, third = swapped.runs
    with open_store(swapped.config.store_url) as store:
        told, again = _counted(store, first), _counted(store, third)
        born_since = {i.id for i in store.irritants(active=False) if i.generation > 1}
    assert first.model_version == third.model_version
    theirs = {place: i for place, i in told.items() if i != swapped.rejected}
    others = [again.get(place, "") for place, i in theirs.items() if again.get(place) != i]
    assert set(others) <= born_since and len(others) <= 0.05 * len(theirs)


def test_the_change_is_told_wherever_a_run_is(swapped: Swapped) -> None:
    """Figures of the run, a line of the ledger, the terminal and both reports tell the ids kept and the shares that moved; a first run tells none."""
    first, second, third = swapped.runs
    with open_store(swapped.config.store_url) as store:
        figures = {m.name: m for m in store.metrics(second.id, "run") if m.name.startswith("swap.")}
        assert not [m for m in store.metrics(first.id, "run") if "swap." in m.name]
        assert figures["swap.records_kept"].value == figures["swap.records_kept"].n >= 2
        assert figures["swap.mentions_before"].n == store.count_verbatims()
        assert sum(figures[f"swap.{name}_share"].value for name in ("kept", "moved", "lost")) == pytest.approx(1, abs=1e-5)
        edits = [edit for edit in store.edits() if edit.action == "swap"]
        assert [edit.run_id for edit in edits] == [second.id, third.id]
        assert edits[0].payload["to"] == second.model_version and edits[0].payload["swap.kept_share"] == figures["swap.kept_share"].value
        assert "of 2 " not in swap(figures) and "ids kept" in swap(figures)
        for lang, title in (("fr", "Un autre modèle"), ("en", "Another model")):
            page = report.write_html(store, swapped.config, second.id, swapped.folder, lang).read_text(encoding="utf-8")
            assert title in page and second.model_version in page
            page = report.write_html(store, swapped.config, first.id, swapped.folder, lang).read_text(encoding="utf-8")
            assert title not in page


def test_mentions_stay_move_go_and_come() -> None:
    """In a verbatim, what goes and what comes are paired as moves; verbatims that one model alone has read count for nothing."""
    kinds = dict.fromkeys("abc", IrritantKind.IRRITANT) | {"s": IrritantKind.STRENGTH}
    before = [("1", "a"), ("1", "b"), ("2", "a"), ("3", "a"), ("9", "a"), ("2", "s")]
    after = [("1", "a"), ("1", "c"), ("3", "a"), ("4", "b"), ("8", "c"), ("2", "s")]
    found = {m.name: (m.value, m.n) for m in swap_figures(before, after, {"1", "2", "3", "4"}, kinds, ["a", "gone"])}
    assert found["swap.records_kept"] == (1, 2)
    assert found["swap.mentions_before"] == (4, 4) and found["swap.mentions_after"] == (4, 4)
    assert [found[f"swap.{name}_share"] for name in ("kept", "moved", "lost", "gained")] == [(0.5, 4), (0.25, 4), (0.25, 4), (0.25, 4)]
    assert found["strength.swap.kept_share"] == (1.0, 1)
    assert "suggestion.swap.kept_share" not in found


def test_a_checkpoint_without_heads_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """A run and a check refuse an encoder alone, by path or by hub name, with the command that gives it heads."""
    bare = hub_checkpoint("bert", tmp_path / "bare")
    for name in (str(bare), "almanach/camembertv2-base"):
        with pytest.raises(ModelError, match=rf"voc train .* --encoder {name}"):
            pipeline.run(_settings(tmp_path, name))
        with pytest.raises(ModelError, match=r"no heads|without heads"):
            trained(name)
    with open_store(_settings(tmp_path, "voc-mini").store_url) as store:
        assert store.runs() == []
