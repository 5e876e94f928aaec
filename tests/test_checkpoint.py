"""Encoders that a user brings: one contract on every family and form, and clear words where a checkpoint is not to be had."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from commands import voc
from families import FAMILIES, hub_checkpoint

from voc_pipeline.annotate import load_annotator
from voc_pipeline.checkpoint import find, load, n_positions, settings_of, trimmed
from voc_pipeline.encoder import MAX_TOKENS, Encoder, OnnxEncoder, TorchEncoder, encode_all, load_encoder
from voc_pipeline.errors import ModelError
from voc_pipeline.places import ROOT

TEXTS = [
    "Déçue 😡 : l'été dernier, ça n'a rien donné…",
    "They passed me from desk to desk all afternoon.",
    "Nul !!",
    "  deux  espaces, puis\nune ligne ",
    "👩‍👩‍👧 bien reçues à l'accueil",
]
FORMS = ("checkpoint", "int8", "fp32")


@pytest.fixture(scope="module", params=[*FAMILIES, "voc-mini"])
def forms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    """An encoder of each family by form: the checkpoint as it came, its int8 graph, its fp32 graph."""
    from voc_pipeline.training.export import write_graph

    folder = tmp_path_factory.mktemp(request.param)
    bare = folder / "bare"
    if request.param in FAMILIES:
        hub_checkpoint(request.param, bare)
    else:
        shutil.copytree(ROOT / "models" / request.param, bare, ignore=shutil.ignore_patterns("*.onnx"))
    tokenizer, model = load(find(bare))
    encoders: dict[str, Encoder] = {"checkpoint": load_encoder(bare)}
    for form in ("int8", "fp32"):
        place = folder / form
        shutil.copytree(bare, place)
        tokenizer.save_pretrained(place)
        write_graph(model, tokenizer, place / f"model.{form}.onnx", int8=form == "int8")
        encoders[form] = load_encoder(place)
    assert isinstance(encoders["checkpoint"], TorchEncoder) and isinstance(encoders["int8"], OnnxEncoder)
    return encoders


@pytest.mark.parametrize("form", FORMS)
def test_a_vector_depends_on_its_text_alone(forms: dict[str, Encoder], form: str) -> None:
    """Alone, among others, in any order, on any number of threads: bit for bit the same token vectors."""
    encoder = forms[form]
    alone = [encoder.tokens(text) for text in TEXTS]
    for threads in (1, 2, 4):
        shuffled = list(encode_all(encoder, (TEXTS * 3)[::-1], threads))[::-1]
        assert all(np.array_equal(a.hidden, b.hidden) for a, b in zip(alone * 3, shuffled, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_offsets_are_characters_of_the_text(forms: dict[str, Encoder], form: str) -> None:
    """Accents and emojis shift nothing: offsets never go back, no span begins or ends with a space, and together they cover every word."""
    for text in TEXTS:
        offsets = forms[form].tokens(text).offsets
        inner = offsets[offsets[:, 1] > offsets[:, 0]]
        assert (np.diff(inner[:, 0]) >= 0).all() and inner[-1, 1] <= len(text)
        covered = np.zeros(len(text), bool)
        for start, end in inner:
            assert text[start:end] == text[start:end].strip()
            covered[start:end] = True
        assert all(covered[i] for i, letter in enumerate(text) if letter.isalnum())


@pytest.mark.parametrize("form", FORMS)
def test_a_text_of_nothing_has_a_vector(forms: dict[str, Encoder], form: str) -> None:
    """An empty text and one of spaces get finite vectors of length one, even where the tokenizer has no word for a beginning."""
    for text in ("", "   "):
        vector = forms[form].tokens(text).vector()
        assert np.isfinite(vector).all() and np.linalg.norm(vector) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("form", FORMS)
def test_a_long_text_keeps_both_ends(forms: dict[str, Encoder], form: str) -> None:
    """Beyond what the encoder can take the middle goes, whatever its family calls its first position."""
    text = "Bonjour, " + "je rappelle encore et encore, " * 300 + "au final je pars"
    tokens = forms[form].tokens(text)
    assert 32 < len(tokens.hidden) <= MAX_TOKENS and np.isfinite(tokens.hidden).all()
    assert tokens.offsets[:, 1].max() == len(text) and tokens.offsets[tokens.offsets[:, 1] > 0].min() == 0


def test_the_graph_agrees_with_the_checkpoint(forms: dict[str, Encoder]) -> None:
    """On short and on long texts, the fp32 graph gives the checkpoint's token vectors, and the int8 graph nearly its topic vectors."""
    for text in [*TEXTS, " ".join(TEXTS * 6)]:
        as_it_came, int8, fp32 = (forms[form].tokens(text) for form in FORMS)
        assert np.array_equal(as_it_came.offsets, fp32.offsets)
        assert np.abs(as_it_came.hidden - fp32.hidden).max() < 2e-4 * max(1.0, np.abs(as_it_came.hidden).max())
        assert float(as_it_came.vector() @ int8.vector()) > 0.97


def test_positions_are_counted_as_the_family_counts() -> None:
    """RoBERTa's positions begin after the padding's, BERT's at zero; a model of relative positions has no limit but ours."""
    assert n_positions({"model_type": "camembert", "max_position_embeddings": 514, "pad_token_id": 1}) == MAX_TOKENS
    assert n_positions({"model_type": "camembert", "max_position_embeddings": 130, "pad_token_id": 1}) == 128
    assert n_positions({"model_type": "bert", "max_position_embeddings": 128, "pad_token_id": 0}) == 128
    assert n_positions({"model_type": "deberta-v2", "max_position_embeddings": -1}) == MAX_TOKENS


def test_spaces_belong_to_no_word() -> None:
    """Offsets that count the space before a word into it lose it; a token of spaces alone covers nothing."""
    assert trimmed(np.array([[0, 0], [0, 3], [3, 6], [6, 8]]), "Oui mon  x").tolist() == [[0, 0], [0, 3], [4, 6], [6, 7]]
    assert trimmed(np.array([[1, 3]]), "a  b").tolist() == [[3, 3]]


# ---------------------------------------------------------------- what is not to be had


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of the hub's client, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    yield tmp_path / "hub"


def cached(hub: Path, name: str, family: str) -> Path:
    """A checkpoint as the hub's client keeps it."""
    place = hub / f"models--{name.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit, encoding="utf-8")
    return hub_checkpoint(family, place / "snapshots" / commit)


def test_a_hub_name_out_of_reach_is_one_clear_error(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither cached nor within reach: the name, the files that are wanted and where the cache is, without a word of any library."""
    with pytest.raises(ModelError, match=r"almanach/camembertv2-base.*tokenizer\.json.*cache is"):
        load_encoder("almanach/camembertv2-base")
    assert capfd.readouterr() == ("", "")


def test_a_hub_name_in_the_cache_is_used(cache: Path) -> None:
    """What the hub's client has downloaded once is found by its name, without a network."""
    folder = cached(cache, "intfloat/tiny", "xlm-roberta")
    encoder = load_encoder("intfloat/tiny")
    assert np.array_equal(encoder.tokens(TEXTS[0]).hidden, load_encoder(folder).tokens(TEXTS[0]).hidden)


def test_sentence_transformers_with_a_folder_of_its_own_is_found(tmp_path: Path) -> None:
    """Older downloads keep the encoder one folder down, as modules.json tells."""
    hub_checkpoint("mpnet", tmp_path / "0_Transformer")
    (tmp_path / "modules.json").write_text(
        json.dumps([{"idx": 0, "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]), encoding="utf-8"
    )
    assert find(tmp_path) == tmp_path / "0_Transformer"


@pytest.mark.parametrize("harm", ["weights", "half", "tokenizer", "config", "decoder", "family"])
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Without weights, with half of them, without a tokenizer, without settings, or no encoder at all: an error that names the folder, and no noise."""
    from safetensors.numpy import load_file, save_file

    folder = hub_checkpoint("bert", tmp_path / "hub")
    capfd.readouterr()
    settings = dict(settings_of(folder))
    match harm:
        case "weights":
            (folder / "model.safetensors").unlink()
        case "half":
            weights = load_file(folder / "model.safetensors")
            save_file({name: value for name, value in weights.items() if "attention" not in name}, folder / "model.safetensors", {"format": "pt"})
        case "tokenizer":
            (folder / "tokenizer.json").unlink()
        case "config":
            (folder / "config.json").write_text("{", encoding="utf-8")
        case "decoder":
            (folder / "config.json").write_text(json.dumps({**settings, "is_decoder": True}), encoding="utf-8")
        case "family":
            (folder / "config.json").write_text(json.dumps({**settings, "model_type": "unheard-of"}), encoding="utf-8")
    with pytest.raises(ModelError, match="hub"):
        load_encoder(folder)
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- from a checkpoint to answers


def test_voc_train_gives_a_checkpoint_heads(tmp_path: Path) -> None:
    """`voc train --encoder` on a hub name, then `voc annotate --model` and `model:` in the settings: the trained folder is a model like any other."""
    cached(tmp_path / "hub", "intfloat/tiny", "xlm-roberta")
    lines = (ROOT / "data_samples" / "training" / "written.jsonl").read_text(encoding="utf-8").splitlines()[:80]
    (tmp_path / "labelled.jsonl").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "mine"
    offline = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    ended = voc("train", tmp_path / "labelled.jsonl", "--encoder", "intfloat/tiny", "--epochs", "1", "--out", out, env=offline)
    assert ended.err == "" and "WARNING" not in ended.out
    annotator = load_annotator(out)
    assert isinstance(annotator.encoder, OnnxEncoder) and annotator.encoder.dim == 36
    (tmp_path / "reviews.csv").write_text("id,text\n1,La facture est fausse et personne ne répond.\n2,Merci beaucoup !\n", encoding="utf-8")
    voc("annotate", tmp_path / "reviews.csv", tmp_path / "answers.jsonl", "--model", out)
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [answer["model_version"] for answer in answers] == [annotator.version] * 2
    source = {"name": "reviews", "kind": "review", "path": "reviews.csv", "fields": {"id": "id", "text": "text"}}
    (tmp_path / "voc.yaml").write_text(yaml.safe_dump({"project": "mine", "model": "mine", "output": "out", "sources": [source]}), encoding="utf-8")
    assert annotator.version in voc("check", tmp_path / "voc.yaml").out
