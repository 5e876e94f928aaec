"""The heads in numpy are the heads that were trained in torch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from voc_pipeline.errors import ModelError
from voc_pipeline.heads import SEGMENT_TASKS, SIGMOID_TASKS, VERBATIM_TASKS, Heads, load_heads
from voc_pipeline.training.network import IGNORE, Network, loss_of

THEMES = ("refund_late", "staff_rude", "site_down")


@pytest.fixture
def network() -> Network:
    torch.manual_seed(3)
    body = BertModel(BertConfig(vocab_size=60, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64))
    return Network(body, THEMES).eval()


@pytest.fixture
def heads(network: Network, tmp_path: Path) -> Heads:
    save_file({k: v.contiguous() for k, v in network.head_weights().items()}, tmp_path / "heads.safetensors")
    return load_heads(tmp_path / "heads.safetensors", THEMES, {})


def test_verbatim_heads_agree_with_torch(network: Network, heads: Heads) -> None:
    """Probabilities over a whole verbatim are those of the trained network, agent tokens left out on both sides."""
    hidden = torch.randn(1, 9, 32)
    evidence = torch.tensor([[False, True, True, False, False, True, True, True, False]])
    with torch.inference_mode():
        logits = network.verbatim(hidden, evidence)
    got = heads.verbatim(hidden[0].numpy(), evidence[0].numpy())
    for task in VERBATIM_TASKS:
        want = logits[task].sigmoid() if task in SIGMOID_TASKS else logits[task].softmax(-1)
        np.testing.assert_allclose(got[task], want[0].numpy(), atol=1e-5)


def test_segment_heads_agree_with_torch(network: Network, heads: Heads) -> None:
    """Probabilities over segments are those of the trained network."""
    x = torch.nn.functional.normalize(torch.randn(4, 32), dim=-1)
    with torch.inference_mode():
        logits = network.segments(x)
    got = heads.segments(x.numpy())
    for task in (*SEGMENT_TASKS, "theme"):
        want = logits[task].sigmoid() if task in SIGMOID_TASKS else logits[task].softmax(-1)
        np.testing.assert_allclose(got[task], want.numpy(), atol=1e-5)


def test_words_of_the_agent_are_never_evidence(heads: Heads) -> None:
    """Whatever vectors stand at the agent's tokens, the pooled evidence and so the answer stay the same."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(6, 32)).astype(np.float32)
    evidence = np.array([True, True, False, False, True, True])
    other = hidden.copy()
    other[~evidence] = rng.normal(size=(2, 32)).astype(np.float32) * 50
    first, second = heads.verbatim(hidden, evidence), heads.verbatim(other, evidence)
    assert all(np.array_equal(first[task], second[task]) for task in first)


def test_a_missing_head_is_named(tmp_path: Path, network: Network) -> None:
    """A file without one of the heads is refused with the name of what is missing."""
    weights = {k: v.contiguous() for k, v in network.head_weights().items() if k != "weight.theme"}
    save_file(weights, tmp_path / "heads.safetensors")
    with pytest.raises(ModelError, match=r"weight\.theme"):
        load_heads(tmp_path / "heads.safetensors", THEMES, {})


def test_ignored_targets_weigh_nothing() -> None:
    """Rows without a label change no loss, softmax or sigmoid."""
    logits, weight = torch.randn(3, 4), torch.ones(3)
    some = loss_of("stage", logits[:2], torch.tensor([1, 2]), weight[:2])
    with_ignored = loss_of("stage", logits, torch.tensor([1, 2, IGNORE]), weight)
    torch.testing.assert_close(some, with_ignored)
    some = loss_of("suggestion", logits[:2, :1], torch.tensor([[1.0], [0.0]]), weight[:2])
    torch.testing.assert_close(some, loss_of("suggestion", logits[:, :1], torch.tensor([[1.0], [0.0], [-1.0]]), weight))
