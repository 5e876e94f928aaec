"""The int8 form of a graph says nearly what the graph says, also where a few channels outgrow the others."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from voc_pipeline.training.export import write_onnx
from voc_pipeline.training.quantise import TABLE, _even_out, _matrices, _part, _reach, quantise

DIM = 48
Array = np.ndarray[tuple[int, ...], np.dtype[Any]]


class _Layer(nn.Module):
    """A table, and a feed-forward layer behind a norm that lets three channels reach far beyond the others."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2 * TABLE, DIM)
        self.norm, self.up, self.down = nn.LayerNorm(DIM), nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)
        with torch.no_grad():
            self.norm.weight[:3] = 40.0
            self.up.weight[:, :3] /= 40.0
            self.table.weight[::7] *= 20.0

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        read: torch.Tensor = x + self.down(nn.functional.gelu(self.up(self.norm(x))))
        return read


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("graph") / "plain.onnx"
    write_onnx(_Layer().eval(), (torch.tensor([[1, 2, 3]]),), path, ["ids"], "read", {"ids": {1: "n"}, "read": {1: "n"}}, int8=False)
    return path


def _ids(seed: int, n: int) -> list[dict[str, Array]]:
    rng = np.random.default_rng(seed)
    return [{"ids": rng.integers(0, 2 * TABLE, (1, 12))} for _ in range(n)]


def _answers(graph: bytes | Path, feeds: list[dict[str, Array]]) -> Array:
    session = onnxruntime.InferenceSession(graph if isinstance(graph, bytes) else str(graph), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0][0] for feed in feeds])


def _error(graph: Path, plain: Path) -> float:
    unseen = _ids(2, 20)
    wanted = _answers(plain, unseen)
    return float(np.linalg.norm(_answers(graph, unseen) - wanted) / np.linalg.norm(wanted))


def test_evening_out_changes_no_answer(plain: Path) -> None:
    """Channels divided by their scales, and weights multiplied, say what they said; no channel of the evened inputs stands out as it did."""
    model = onnx.load(plain)
    matrices = _matrices(model)
    names = {node.input[0] for node, _ in matrices}
    before = _reach(model, names, _ids(1, 20))
    _even_out(model, matrices, before)
    after = _reach(model, {f"{name}.even" for name in names}, _ids(1, 20))
    assert np.allclose(_answers(model.SerializeToString(), _ids(2, 20)), _answers(plain, _ids(2, 20)), atol=1e-4)
    normed = next(name for name in names if len(before[name]) == DIM)
    assert before[normed].max() / np.median(before[normed]) > 10 > 4 > after[f"{normed}.even"].max() / np.median(after[f"{normed}.even"])


def _narrowing(graph: Path) -> tuple[Any, Any, Array, Array]:
    """A graph, its narrowing product, the weights, and how far the channels that it reads reach."""
    model = onnx.load(graph)
    node, weight = next((node, weight) for node, weight in _matrices(model) if weight.shape[0] > weight.shape[1])
    return model, node, weight, _reach(model, {node.input[0]}, _ids(1, 20))[node.input[0]]


def test_parts_change_no_answer(plain: Path) -> None:
    """A narrowing product in three, its channels sorted by reach and every token brought to one size, says what it said; the farthest are few."""
    model, node, weight, reach = _narrowing(plain)
    out = node.output[0]
    assert _part(model, node, weight, reach)
    onnx.checker.check_model(model)
    parts = [w.shape for one, w in _matrices(model) if one.output[0].startswith(node.name)]
    assert parts == [(152, DIM), (32, DIM), (8, DIM)] and out in {name for one in model.graph.node for name in one.output}
    assert np.allclose(_answers(model.SerializeToString(), _ids(2, 20)), _answers(plain, _ids(2, 20)), atol=1e-4)
    split = next(one.input[0] for one in model.graph.node if one.op_type == "Split")
    after = _reach(model, {split}, _ids(1, 20))[split]
    assert after[-8:].min() >= after[:152].mean()


class _Gated(_Layer):
    """A feed-forward layer whose halves are multiplied."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        half, gate = self.up(self.norm(x)).chunk(2, dim=-1)
        read: torch.Tensor = x + self.down(torch.cat([half * torch.sigmoid(gate), half], -1))
        return read


class _ReadTwice(_Layer):
    """A feed-forward layer whose inner channels are read elsewhere too."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        inner = nn.functional.gelu(self.up(self.norm(x)))
        read: torch.Tensor = x + self.down(inner) + inner[..., :1]
        return read


@pytest.mark.parametrize("kind", [_Gated, _ReadTwice])
def test_channels_that_mix_or_go_elsewhere_are_left_in_their_order(kind: type[_Layer], tmp_path: Path) -> None:
    """Where sorting would change an answer nothing is sorted, and the graph is still near."""
    torch.manual_seed(3)
    path, made = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    write_onnx(kind().eval(), (torch.tensor([[1, 2, 3]]),), path, ["ids"], "read", {"ids": {1: "n"}, "read": {1: "n"}}, int8=False)
    model, node, weight, reach = _narrowing(path)
    before = model.SerializeToString()
    assert not _part(model, node, weight, reach) and model.SerializeToString() == before
    quantise(path, made, _ids(1, 20))
    assert _error(made, path) < 0.05
    assert "MatMulNBits" in {one.op_type for one in onnx.load(made).graph.node}


@pytest.mark.parametrize("shown", [True, False], ids=["shown what it will read", "shown nothing"])
def test_it_is_nearer_than_one_scale_for_all(plain: Path, tmp_path: Path, shown: bool) -> None:
    """A third of the error of onnxruntime's dynamic quantisation alone, at about its size."""
    ours, theirs = tmp_path / "ours.onnx", tmp_path / "theirs.onnx"
    quantise(plain, ours, _ids(1, 20) if shown else ())
    quantize_dynamic(str(plain), str(theirs), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm", "Gather"])
    assert _error(ours, plain) < _error(theirs, plain) / 3
    assert ours.stat().st_size < theirs.stat().st_size * 1.3


@pytest.mark.parametrize("n_shown", [0, 20])
def test_it_is_made_alike_twice(plain: Path, tmp_path: Path, n_shown: int) -> None:
    """The same graph and the same inputs, in whatever order they are shown, give the same file to the last bit."""
    once, again = tmp_path / "once.onnx", tmp_path / "again.onnx"
    quantise(plain, once, _ids(1, n_shown))
    quantise(plain, again, _ids(1, n_shown)[::-1])
    assert once.read_bytes() == again.read_bytes()


def test_a_token_of_zeros_is_read_as_zeros(tmp_path: Path) -> None:
    """Where nothing reaches the narrowing matrix, its answer is its bias, never a number that is none."""
    layer = _Layer()
    with torch.no_grad():
        layer.up.weight.zero_()
        layer.up.bias.zero_()
    path, made = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    write_onnx(layer.eval(), (torch.tensor([[1, 2, 3]]),), path, ["ids"], "read", {"ids": {1: "n"}, "read": {1: "n"}}, int8=False)
    quantise(path, made, _ids(1, 20))
    assert np.isfinite(_answers(made, _ids(2, 20))).all() and _error(made, path) < 0.05
