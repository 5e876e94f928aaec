"""Words and pieces of words beside the encoder: what is seen, what is learnt, and how it is mixed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voc_pipeline.annotate import load_annotator
from voc_pipeline.composers.training import prepared
from voc_pipeline.errors import ModelError
from voc_pipeline.heads import VERBATIM_TASKS, Heads
from voc_pipeline.ngrams import NGrams, load_ngrams, ngrams_of
from voc_pipeline.places import ROOT
from voc_pipeline.training.calibrate import SHARES, share
from voc_pipeline.training.labelled import Labelled, read_labelled
from voc_pipeline.training.lexical import write_ngrams

LATE = "Mon colis est en retard depuis {n} jours."
RUDE = "La vendeuse du rayon {n} m'a parlé sèchement."


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    def record(i: int) -> dict[str, Any]:
        stage, text, theme = ("deliver", LATE, "delivery_late") if i % 2 else ("buy", RUDE, "staff_rude")
        passage = {"at": [0], "stage": stage, "dim": "reliability" if i % 2 else "assurance", "gap": 3, "cat": theme}
        return {"id": f"r{i}", "sents": [text.format(n=i)], "sent": "negative", "segs": "-", "nv": i % 2, "stage": stage, "irritants": [passage]}

    path = tmp_path_factory.mktemp("ngrams") / "rows.jsonl"
    path.write_text("".join(json.dumps(record(i), ensure_ascii=False) + "\n" for i in range(40)), encoding="utf-8")
    return read_labelled([path])


@pytest.fixture(scope="module")
def learnt(records: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> NGrams:
    folder = tmp_path_factory.mktemp("model")
    write_ngrams(records, prepared(records), ("delivery_late", "staff_rude", "site_down"), folder)
    found = load_ngrams(folder)
    assert found is not None
    return found


def test_case_and_accents_make_no_difference() -> None:
    """ "RÉCLAMÉ" and "reclame" are the same n-grams, and a word's edges are part of its pieces."""
    assert sorted(ngrams_of("RÉCLAMÉ deux")) == sorted(ngrams_of("reclame deux"))
    assert {"reclame", "reclame deux", "# re", "#ame ", "!"} <= set(ngrams_of("reclame deux !"))


def test_what_was_seen_often_is_learnt(learnt: NGrams) -> None:
    """N-grams learn which stage and category go with which words, and say nothing sure of words they never saw."""
    stages = VERBATIM_TASKS["stage"]
    assert stages[int(learnt.logits(learnt.see("Encore un retard de colis"), "stage").argmax())] == "deliver"
    assert stages[int(learnt.logits(learnt.see("une vendeuse qui parle sèchement"), "stage").argmax())] == "buy"
    assert int(learnt.logits(learnt.see("colis en retard"), "theme").argmax()) == 0
    unseen = learnt.see("zzz")
    assert len(unseen.rows) == 0 and np.array_equal(learnt.logits(unseen, "stage"), learnt.biases["stage"])


def test_a_label_that_training_never_showed_is_never_the_likeliest(learnt: NGrams) -> None:
    """The third category has no row: it stands below the two others whatever the words."""
    for text in ("colis en retard", "vendeuse", "", "site en panne"):
        assert int(learnt.logits(learnt.see(text), "theme").argmin()) == 2


def test_a_head_takes_its_share_of_the_words(learnt: NGrams) -> None:
    """Logits are mixed in the share a head is given: none leaves the encoder alone, all leaves the words alone."""
    rng = np.random.default_rng(2)
    weights = {
        f"{part}.{task}": rng.normal(size=shape).astype(np.float32)
        for task, labels in VERBATIM_TASKS.items()
        for part, shape in (("query", (8,)), ("weight", (len(labels), 16)), ("bias", (len(labels),)))
    }
    hidden, evidence = rng.normal(size=(5, 8)).astype(np.float32), np.ones(5, bool)
    alone = Heads(weights, (), {}).verbatim(hidden, evidence, "colis en retard")["stage"]
    for part, want in ((0.0, alone), (1.0, None)):
        got = Heads(weights, (), {}, learnt, {"stage": part}).verbatim(hidden, evidence, "colis en retard")["stage"]
        if want is None:
            logits = learnt.logits(learnt.see("colis en retard"), "stage")
            want = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_the_share_is_what_development_rows_profit_from() -> None:
    """Words that know get a share, words that do not get next to none, and too few rows get none."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 400)
    knowing = np.eye(3)[truth] * 4 + rng.normal(size=(400, 3))
    blind = rng.normal(size=(400, 3))
    unsure = np.exp(blind) / np.exp(blind).sum(1, keepdims=True)
    sure = np.exp(knowing) / np.exp(knowing).sum(1, keepdims=True)
    assert share("stage", unsure, knowing, truth) == SHARES[-1]
    assert share("stage", sure, 3 * blind, truth) <= 0.1
    assert share("stage", unsure[:20], knowing[:20], truth[:20]) == 0.0


def test_half_of_the_files_is_said(records: list[Labelled], tmp_path: Path) -> None:
    """A folder with the weights but not the vocabulary does not load in silence; one without both has no n-grams."""
    assert load_ngrams(tmp_path) is None
    write_ngrams(records, prepared(records), ("delivery_late", "staff_rude", "site_down"), tmp_path)
    names = json.loads((tmp_path / "ngrams.json").read_text(encoding="utf-8"))
    (tmp_path / "ngrams.json").write_text(json.dumps(names[1:]), encoding="utf-8")
    with pytest.raises(ModelError, match="n-grams"):
        load_ngrams(tmp_path)
    (tmp_path / "ngrams.json").unlink()
    with pytest.raises(ModelError, match=r"ngrams\.json"):
        load_ngrams(tmp_path)


def test_a_model_copied_without_its_ngrams_is_refused(tmp_path: Path) -> None:
    """Where voc.json gives n-grams a share, their absence is an error and never another answer."""
    for file in (ROOT / "models" / "voc-mini").iterdir():
        if not file.name.startswith(("ngrams", "model.safetensors")):
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(ModelError, match=r"ngrams\.json"):
        load_annotator(tmp_path)


def test_the_shipped_model_reads_a_question_as_context() -> None:
    """A survey's question is read before its answer, changes no segment, and an answer without one is read as before."""
    from voc_pipeline.composers.annotating import feedback_of
    from voc_pipeline.intake import Intake

    annotator = load_annotator("voc-mini")
    intake = Intake(b"k" * 32, ("fr", "en"))
    asked, bare = (
        intake.prepare(feedback_of("1", "Rien du tout.", lang="fr", channel="survey", question=question))
        for question in ("Que devrions-nous améliorer dans la livraison ?", "")
    )
    (first, x), (second, y) = annotator.annotate([asked, bare], threads=1)
    assert np.array_equal(x, y) and first.segments == second.segments
    assert first.p_stage != second.p_stage
