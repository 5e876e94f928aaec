"""An fp32 graph to int8, near enough that labels stay what they were.

Token vectors of these encoders have a few channels ten times as large as the others; one scale for a whole sequence then leaves the others a handful of steps. So:
each channel is first evened out against the weights that read it (Xiao et al. 2023, "SmoothQuant"), and tables of embeddings get a scale for every row. Where a
matrix narrows, behind a feed-forward layer's activation, every token is brought to one size first, and the channels are sorted by their reach into three parts, each
with scales of its own: what a scale for every 32 inputs would do, at twice its speed (onnxruntime 1.31 multiplies whole int8 matrices far faster than blocks).
Measured on voc-mini with written sentences of 16 tokens and passages of 98, relative error of token vectors and one thread's time: .036 and .046 in 1.5 and
6.6 ms; with a scale for every 32 inputs .032 and .039 in 2.1 and 10.0; onnxruntime's dynamic quantisation alone .112 and .132 in 1.3 and 5.5; fp32 3.4 and 16.9.
"""

from __future__ import annotations

import logging
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

EVENED = 0.75
"""How much of a channel's reach goes over to the weights that read it. Evening alone, before the scales for blocks and rows: relative error .068 to .075 between
.7 and .9, .103 at .6, .173 at .5, .121 without."""
PARTS = (1 / 24, 1 / 6)
"""Shares of the channels of a narrowing matrix that reach farthest, and next farthest: each has a scale of its own, and so has the rest."""
BLOCK = 32
"""Inputs that share a scale in a matrix whose channels cannot be sorted."""
ELEMENTWISE = frozenset({"Add", "Div", "Erf", "Gelu", "Mul", "Pow", "Relu", "Sigmoid", "Sqrt", "Sub", "Tanh"})
"""What may stand between two matrices without mixing channels."""
LEAST = 1e-6
"""Size of a token of zeros: nothing is divided by less."""
TABLE = 256
"""Rows from which a table of embeddings is worth eight bits."""


def quantise(plain: Path, path: Path, shown: Sequence[Mapping[str, Array]] = ()) -> None:
    """Write a graph's int8 form.

    Args:
        plain: An fp32 ONNX graph.
        path: Where to.
        shown: Inputs of the graph, of the kind that it will see: they tell each channel's reach. None: every matrix gets a scale for every
            `BLOCK` inputs, which is as near and slower.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(plain)
    matrices = _matrices(model)
    if shown:
        _even_out(model, matrices, _reach(model, {node.input[0] for node, _ in matrices}, shown))
    _tables_by_row(model)
    blocked = {node.name for node, _ in matrices}
    if shown:
        narrowing = [(node, weight) for node, weight in _matrices(model) if weight.shape[0] > weight.shape[1]]
        reach = _reach(model, {node.input[0] for node, _ in narrowing}, shown) if narrowing else {}
        blocked = {node.name for node, weight in narrowing if not _part(model, node, weight, reach[node.input[0]])}
    others = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.name not in blocked]
    blocks = _blockwise()(model, bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4, nodes_to_exclude=others)
    blocks.process()
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        halfway = Path(work) / "blocks.onnx"
        blocks.model.save_model_to_file(str(halfway))
        quantize_dynamic(str(halfway), str(path), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"])


def _blockwise() -> Any:
    """onnxruntime's blockwise quantiser, whose import would have the root logger tell every step."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    from onnxruntime.quantization import matmul_nbits_quantizer

    root.handlers[:] = handlers
    root.setLevel(level)
    matmul_nbits_quantizer.logger.setLevel(logging.WARNING)
    return matmul_nbits_quantizer.MatMulNBitsQuantizer


def _matrices(model: Any) -> list[tuple[Any, Array]]:
    """Products with a matrix of weights: the node and the weights. *Shape:* (n_inputs, n_outputs)."""
    from onnx import numpy_helper

    weights = {weight.name: weight for weight in model.graph.initializer if len(weight.dims) == 2}
    return [
        (node, numpy_helper.to_array(weights[node.input[1]])) for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights
    ]


def _reach(model: Any, names: set[str], shown: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """The largest size of each channel of some values inside the graph. *Shape:* (n_channels,)."""
    import onnx
    import onnxruntime

    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    asked = sorted(names - {value.name for value in seen.graph.output})
    seen.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in asked)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(seen.SerializeToString(), options, providers=["CPUExecutionProvider"])
    known = {value.name for value in session.get_inputs()}
    reach: dict[str, Array] = {}
    for feed in shown:
        found = session.run(sorted(names), {name: value for name, value in feed.items() if name in known})
        for name, value in zip(sorted(names), found, strict=True):
            size = np.abs(value).reshape(-1, value.shape[-1]).max(0)
            reach[name] = np.maximum(reach.get(name, size), size)
    return reach


def _even_out(model: Any, matrices: list[tuple[Any, Array]], reach: Mapping[str, Array]) -> None:
    """Divide each channel by its own scale, and multiply the weights that read it: the product stays what it was."""
    from onnx import helper, numpy_helper

    readers: dict[str, list[int]] = defaultdict(list)
    for index, (node, _) in enumerate(matrices):
        readers[node.input[0]].append(index)
    for value, indexes in readers.items():
        strength = np.max([np.abs(matrices[index][1]).max(1) for index in indexes], axis=0)
        log_scale = EVENED * np.log(np.maximum(reach[value], 1e-3)) - (1 - EVENED) * np.log(np.maximum(strength, 1e-4))
        scale = np.exp(log_scale - log_scale.mean()).astype(np.float32)
        first = min(list(model.graph.node).index(matrices[index][0]) for index in indexes)
        model.graph.initializer.append(numpy_helper.from_array(1 / scale, f"{value}.evening"))
        model.graph.node.insert(first, helper.make_node("Mul", [value, f"{value}.evening"], [f"{value}.even"], name=f"{value}.Even"))
        for index in indexes:
            node, weight = matrices[index]
            name = f"{node.input[1]}.{index}.even"  # weights may be shared with a product over other channels
            model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weight * scale[:, None]), name))
            node.input[0], node.input[1] = f"{value}.even", name
    _drop_unread(model)


def _part(model: Any, node: Any, weight: Array, reach: Array) -> bool:
    """A product as the sum of products over channels of like reach, every token brought to one size before and back after; False where channels mix upstream.

    Channels are sorted in the weights that make them, so that sorting costs nothing when the graph runs.
    """
    from onnx import helper, numpy_helper

    upstream = _makers(model, node, len(reach))
    if upstream is None:
        return False
    order = np.argsort(reach, kind="stable")
    known = {value.name: value for value in model.graph.initializer}

    def added(name: str, value: Array) -> str:
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    for maker, place in upstream:
        value = numpy_helper.to_array(known[maker.input[place]])
        maker.input[place] = added(f"{maker.output[0]}.{place}.sorted", value[..., order])
    far = [max(1, round(share * len(order))) for share in PARTS]
    sizes = np.array([len(order) - sum(far), *far[::-1]], np.int64)
    value, name, out = node.input[0], node.name, node.output[0]
    steps = [
        helper.make_node("ReduceMax", [value], [f"{name}.high"], axes=[-1], keepdims=1),
        helper.make_node("ReduceMin", [value], [f"{name}.low"], axes=[-1], keepdims=1),
        helper.make_node("Neg", [f"{name}.low"], [f"{name}.depth"]),
        helper.make_node("Max", [f"{name}.high", f"{name}.depth", added(f"{name}.least", np.array([LEAST], np.float32))], [f"{name}.size"]),
        helper.make_node("Div", [value, f"{name}.size"], [f"{name}.one_size"]),
        helper.make_node("Split", [f"{name}.one_size", added(f"{name}.sizes", sizes)], [f"{name}.{i}.in" for i in range(len(sizes))], axis=-1),
    ]
    for i, rows in enumerate(np.split(order, np.cumsum(sizes)[:-1])):
        part = added(f"{name}.{i}.weight", weight[rows])
        steps.append(helper.make_node("MatMul", [f"{name}.{i}.in", part], [f"{name}.{i}.out"], name=f"{name}.{i}"))
    steps.append(helper.make_node("Sum", [f"{name}.{i}.out" for i in range(len(sizes))], [f"{name}.sum"]))
    steps.append(helper.make_node("Mul", [f"{name}.sum", f"{name}.size"], [out]))
    at = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for offset, step in enumerate(steps):
        model.graph.node.insert(at + offset, step)
    _drop_unread(model)
    return True


def _makers(model: Any, node: Any, width: int) -> list[tuple[Any, int]] | None:
    """The matrix that makes a node's channels, and the vectors that touch them on their way: each a node and the place of its input. None where channels
    mix in between, or go anywhere else."""
    from onnx import numpy_helper

    weights = {weight.name: weight for weight in model.graph.initializer}
    made = {name: one for one in model.graph.node for name in one.output}
    read: dict[str, list[Any]] = defaultdict(list)
    for one in model.graph.node:
        for name in one.input:
            read[name].append(one)
    found: list[tuple[Any, int]] = []
    on_the_way: list[Any] = [node]
    asked = [node.input[0]]
    for value in asked:
        maker = made.get(value)
        if maker is None or value in {output.name for output in model.graph.output}:
            return None
        on_the_way.append(maker)
        if maker.op_type == "MatMul" and maker.input[1] in weights:
            found.append((maker, 1))
            continue
        if maker.op_type not in ELEMENTWISE:
            return None
        for place, name in enumerate(maker.input):
            constant = weights.get(name)
            if constant is None and name in made and made[name].op_type == "Constant":
                constant = made[name].attribute[0].t
            if constant is None:
                asked += [name] if name not in asked else []
            elif (size := numpy_helper.to_array(constant).size) == width and name in weights:
                found.append((maker, place))
            elif size != 1:
                return None
    known = {one.output[0] for one in on_the_way}
    if sum(maker.op_type == "MatMul" for maker, _ in found) != 1 or any(one.output[0] not in known for value in asked for one in read[value]):
        return None
    return found


def _drop_unread(model: Any) -> None:
    """Removes weights that nothing reads."""
    read = {name for node in model.graph.node for name in node.input}
    for weight in [weight for weight in model.graph.initializer if weight.name not in read]:
        model.graph.initializer.remove(weight)


def _tables_by_row(model: Any) -> None:
    """Tables that rows are looked up in, as int8 with a scale for each row."""
    from onnx import TensorProto, helper, numpy_helper

    tables = {table.name: table for table in model.graph.initializer if len(table.dims) == 2 and table.dims[0] >= TABLE}
    readers: dict[str, list[Any]] = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            if name in tables:
                readers[name].append(node)
    for name, nodes in readers.items():
        if len(nodes) > 1 or nodes[0].op_type != "Gather" or any(a.name == "axis" and a.i for a in nodes[0].attribute):
            continue
        node, rows = nodes[0], numpy_helper.to_array(tables[name])
        if rows.dtype != np.float32:
            continue
        scale = np.abs(rows).max(1, keepdims=True) / 127
        scale[scale == 0] = 1
        model.graph.initializer.remove(tables[name])
        model.graph.initializer.extend(
            [numpy_helper.from_array(np.round(rows / scale).astype(np.int8), f"{name}.int8"), numpy_helper.from_array(scale, f"{name}.scale")]
        )
        at = list(model.graph.node).index(node)
        steps = [
            helper.make_node("Gather", [f"{name}.int8", node.input[1]], [f"{name}.rows"]),
            helper.make_node("Cast", [f"{name}.rows"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scale", node.input[1]], [f"{name}.scales"]),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scales"], [node.output[0]]),
        ]
        model.graph.node.remove(node)
        for offset, step in enumerate(steps):
            model.graph.node.insert(at + offset, step)
