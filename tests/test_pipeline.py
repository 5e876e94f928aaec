"""The engine: when a request is answered from the store, and when it is asked anew."""

from __future__ import annotations

import pytest

from voc_pipeline import pipeline
from voc_pipeline.config import Config, load_config

WORDS = ("La livraison a pris trois semaines.", "Personne ne répond au téléphone.", "Conseillère adorable, merci !", "Ma facture est fausse.")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("engine")
    rows = [f"{i},2026-0{1 + i % 6}-1{i % 9},{WORDS[i % 4]} Dossier suivi depuis la ville numéro {i}." for i in range(24)]
    (folder / "reviews.csv").write_text("\n".join(["id,date,text", *rows]), encoding="utf-8")
    settings = "project: engine\nstore: sqlite:///voc.db\noutput: out\nsources:\n  - {name: reviews, kind: review, path: reviews.csv, fields: {id: id, text: text, date: date}}\n"
    (folder / "voc.yaml").write_text(settings, encoding="utf-8")
    return load_config(folder / "voc.yaml")


def test_the_same_request_is_answered_once(config: Config) -> None:
    """Asked again on the same data by the same release, nothing is computed."""
    assert not pipeline.run(config).nothing_new
    assert pipeline.run(config).nothing_new


def test_another_release_answers_anew(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new release may read or count otherwise: the request is a new one, under a new run."""
    first = pipeline.run(config)
    monkeypatch.setattr(pipeline, "release", lambda package: "999.0.0")
    again = pipeline.run(config)
    assert not again.nothing_new and again.run.ordinal > first.run.ordinal
    assert pipeline.run(config).nothing_new


def test_a_reworded_row_is_new_data(config: Config) -> None:
    """A file that changed is read again; the run says one text was replaced."""
    pipeline.run(config)
    path = config.root / "reviews.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Ma facture est fausse. Dossier suivi depuis la ville numéro 3.", "Tout est réglé."),
        encoding="utf-8",
    )
    started = pipeline.run(config)
    assert not started.nothing_new and started.run.counts["replaced"] == 1
