"""The heads in numpy are the heads that were trained in torch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from voc_pipeline.encoder import Tokens
from voc_pipeline.errors import ModelError
from voc_pipeline.heads import SEGMENT_TASKS, SIGMOID_TASKS, THEME_SHARE, VERBATIM_TASKS, Heads, likeness, load_heads
from voc_pipeline.places import ROOT
from voc_pipeline.training.axes import topic_axes, write_axes
from voc_pipeline.training.labelled import read_labelled
from voc_pipeline.training.network import IGNORE, Network, loss_of

THEMES = ("refund_late", "staff_rude", "site_down")


@pytest.fixture
def network() -> Network:
    torch.manual_seed(3)
    body = BertModel(BertConfig(vocab_size=60, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64))
    return Network(body, THEMES).eval()


@pytest.fixture
def heads(network: Network, tmp_path: Path) -> Heads:
    rng = np.random.default_rng(1)
    axes = topic_axes(rng.normal(size=(300, 32)).astype(np.float32) * np.linspace(3, 0.2, 32, dtype=np.float32) + 1)
    weights = {**network.head_weights(), **{name: torch.from_numpy(array) for name, array in axes.items()}}
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "heads.safetensors")
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


def test_topic_vectors_do_not_move_with_their_neighbours(heads: Heads) -> None:
    """A segment has the same topic vector, to the last bit, alone and in any batch, and it is of length one as float16 holds it."""
    x = np.random.default_rng(2).normal(size=(50, 32)).astype(np.float16).astype(np.float32)
    together = heads.topics(x)
    assert all(np.array_equal(heads.topics(x[i : i + 1])[0], together[i]) for i in range(50))
    assert np.array_equal(heads.topics(x[::-1])[::-1], together)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=2e-3)
    assert heads.topics(x[:0]).shape == (0, together.shape[1])


def test_only_segments_sure_of_one_theme_are_nearer_for_it(heads: Heads) -> None:
    """Two segments sure of one theme are nearer than their words alone, of two themes farther; what is said alone is the same, and `said` gives it back."""
    x = np.random.default_rng(2).normal(size=(2, 32)).astype(np.float16).astype(np.float32)

    def cosines(bias: tuple[tuple[float, float, float], tuple[float, float, float]]) -> tuple[float, float]:
        rows = [
            replace(heads, weights={**heads.weights, "weight.theme": np.zeros((3, 32), np.float32), "bias.theme": np.array(own, np.float32)}).topics(
                x[i : i + 1]
            )[0]
            for i, own in enumerate(bias)
        ]
        said = heads.said(np.stack(rows))
        np.testing.assert_allclose(np.linalg.norm(said, axis=1), 1, atol=2e-3)
        return float(rows[0] @ rows[1]), float(said[0] @ said[1])

    sure, words = cosines(((9, 0, 0), (9, 0, 0)))
    assert sure > words + 0.1
    apart, same_words = cosines(((9, 0, 0), (0, 9, 0)))
    assert apart < sure - 0.3 and abs(same_words - words) < 2e-3


def test_topic_space_takes_away_what_all_segments_share() -> None:
    """Vectors that share a strong direction have a mean cosine near nought along the topic axes, and strong axes are toned down."""
    rng = np.random.default_rng(4)
    x = (rng.normal(size=(400, 24)) * np.linspace(4, 1, 24) + 6).astype(np.float32)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    weights = topic_axes(x)
    seen = Heads(weights, (), {}).topics(x)
    assert abs(float((seen @ seen.T).mean())) < 0.02 < 0.5 < float((x @ x.T).mean())
    before, after = (x - x.mean(0)).std(0), seen.std(0)
    assert after.max() / after.min() < before.max() / before.min()


class _Counted:
    """An encoder of invented vectors: a text's are drawn from its own words."""

    dim, version = 32, "invented"

    def tokens(self, text: str) -> Tokens:
        hidden = np.random.default_rng(len(text)).normal(size=(3, 32)).astype(np.float32) + 1
        return Tokens(hidden, np.zeros((3, 2), np.int64))


def test_the_topic_space_is_read_back_as_it_was_fitted(network: Network, tmp_path: Path) -> None:
    """What is added to the file of the heads is orthonormal axes, read back as they were fitted, every head still there."""
    save_file({k: v.contiguous() for k, v in network.head_weights().items()}, tmp_path / "heads.safetensors")
    records = read_labelled([ROOT / "data_samples" / "evaluation" / "written.jsonl"])
    write_axes(_Counted(), records, tmp_path / "heads.safetensors")
    axes = load_heads(tmp_path / "heads.safetensors", THEMES, {}).weights["topic.axes"]
    assert axes.shape == (32, 32)
    np.testing.assert_allclose(axes.T @ axes, np.eye(32), atol=5e-3)


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


def test_likeness_weighs_what_is_said_and_what_it_is_about() -> None:
    """The cosine of two segments is that of their words and that of their themes in the given shares, each vector of length one."""
    said, themes = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for share in (0.0, 0.35, 1.0):
        x = likeness(said, themes, share)
        assert x.shape == (2, 5) and np.allclose((x * x).sum(1), 1, atol=2e-3)
        assert x[0] @ x[1] == pytest.approx((1 - share) * 0.6 + share, abs=2e-3)
    assert np.array_equal(likeness(said, themes), likeness(said, themes, THEME_SHARE))
