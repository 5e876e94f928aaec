"""The reader's training: a light network over segments that were encoded alone, taught by the labels and by a pass over the whole verbatim.

The encoder stays as it is, so that topic vectors do, and its states are computed once: the int8 ones that inference will see.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voc_pipeline.encoder import FROM_END, FROM_START, Encoder, Floats, Laid, Tokens, laid_of, n_cores
from voc_pipeline.heads import SIGMOID_TASKS, VERBATIM_TASKS, Heads
from voc_pipeline.schema import Role, Segment, Verbatim
from voc_pipeline.training.fit import WEIGHTS, Averaged, batches, verbatim_targets
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.network import Descent, attended, loss_of

SHOWN = 200
"""Verbatims that tell the int8 graph how far its channels reach."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A verbatim as the reader sees it, and what a teacher says of it, such as the heads after a pass over the whole: by task, *Shape:* (n_labels,).

    A task of which the teacher says nothing is learnt from the labels alone.
    """

    laid: Laid
    taught: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class ReaderRecipe:
    """Numbers of a training run. `taught`: share of the loss that is likeness to the pass over the whole."""

    epochs: int = 3
    batch: int = 24
    rate: float = 4e-4
    taught: float = 0.5
    dropout: float = 0.1
    head_dropout: float = 0.15
    ema: float = 0.998
    seed: int = 7


class Block(nn.Module):
    """A transformer layer that begins as the identity: norm first, zeros where its two branches end."""

    def __init__(self, dim: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(dropout)
        for last in (self.out, self.down):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, hidden_from: Tensor | None) -> Tensor:
        """Token vectors to token vectors. `hidden_from` is added to scores: minus infinity for padding. *Shape:* (n, n_tokens, dim)."""
        n, _, dim = x.shape
        q, k, v = (part.reshape(n, -1, self.n_heads, dim // self.n_heads).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(dim, -1))
        scores = (q * (dim // self.n_heads) ** -0.5) @ k.transpose(2, 3)
        attention = (scores if hidden_from is None else scores + hidden_from).softmax(-1)
        x = x + self.dropout(self.out((attention @ v).transpose(1, 2).reshape(n, -1, dim)))
        read: Tensor = x + self.dropout(self.down(self.dropout(nn.functional.gelu(self.up(self.norm2(x))))))
        return read


class ReaderNetwork(nn.Module):
    """Token vectors of segments, told who speaks and where the segment stands, then `n_layers` of attention over them all.

    Args:
        dim: Of the encoder's vectors.
        n_layers: Two did as well as a pass of the whole encoder on development verbatims.
        n_heads: Of attention, at most: as many as divide `dim`.
        dropout: Inside the layers.
    """

    def __init__(self, dim: int, n_layers: int = 2, n_heads: int = 12, dropout: float = 0.1) -> None:
        super().__init__()
        self.role, self.start, self.end = (nn.Parameter(torch.randn(n, dim) * 0.1) for n in (2, FROM_START, FROM_END))
        self.layers = nn.ModuleList(Block(dim, max(n for n in range(1, n_heads + 1) if dim % n == 0), dropout) for _ in range(n_layers))

    def forward(self, hidden: Tensor, customer: Tensor, start: Tensor, end: Tensor, mask: Tensor | None = None) -> Tensor:
        """Token vectors in the light of the whole verbatim. *Shape:* (n, n_tokens, dim); the others (n, n_tokens), integers, `mask` booleans."""
        x = hidden + self.role[customer] + self.start[start] + self.end[end]
        hidden_from = None if mask is None else torch.zeros(mask.shape).masked_fill(~mask, -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, hidden_from)
        return x


class _Reading(nn.Module):
    """The reader and the verbatim heads behind it, which begin as the heads of the pass over the whole."""

    def __init__(self, reader: ReaderNetwork, heads: Heads, dropout: float) -> None:
        super().__init__()
        self.reader, self.dropout = reader, nn.Dropout(dropout)
        self.query = nn.ParameterDict({task: nn.Parameter(torch.tensor(heads.weights[f"query.{task}"])) for task in VERBATIM_TASKS})
        self.weight = nn.ParameterDict({task: nn.Parameter(torch.tensor(heads.weights[f"weight.{task}"])) for task in VERBATIM_TASKS})
        self.bias = nn.ParameterDict({task: nn.Parameter(torch.tensor(heads.weights[f"bias.{task}"])) for task in VERBATIM_TASKS})

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        x = self.reader(batch["hidden"], batch["customer"], batch["start"], batch["end"], batch["mask"])
        seen = {task: self.dropout(attended(x, batch["evidence"], self.query[task])) for task in VERBATIM_TASKS}
        return {task: nn.functional.linear(seen[task], self.weight[task], self.bias[task]) for task in VERBATIM_TASKS}


def examples(verbatims: Sequence[Verbatim], encoder: Encoder, heads: Heads) -> list[Example]:
    """Verbatims, split as intake splits them, encoded by segment; and what `heads`, fitted on whole passes, say of each."""
    from concurrent.futures import ThreadPoolExecutor

    def example(verbatim: Verbatim) -> Example:
        whole = encoder.tokens(verbatim.text)
        laid, _ = laid_of(encoder, verbatim)
        taught = heads.verbatim(whole.hidden, _evidence(whole, verbatim.segments))
        return Example(replace(laid, hidden=laid.hidden.astype(np.float16)), taught)

    with ThreadPoolExecutor(n_cores()) as pool:
        return list(pool.map(example, verbatims))


def fit_reader(
    reader: ReaderNetwork,
    heads: Heads,
    records: Sequence[Labelled | None],
    shown: Sequence[Example],
    recipe: ReaderRecipe | None = None,
    *,
    after_epoch: Callable[[int, Callable[[Sequence[Example]], dict[str, Tensor]]], None] | None = None,
) -> dict[str, Floats]:
    """Train the reader in place, ending on the average of its weights.

    Args:
        reader: What to train.
        heads: The heads of the pass over the whole: where the verbatim heads begin.
        records: Labelled verbatims; None for one that nobody labelled, from which only likeness is learnt.
        shown: The same, as `examples` gives them.
        recipe: Numbers of the run.
        after_epoch: Called with the epoch's number and a function from examples to logits by task.

    Returns:
        Weights of the verbatim heads behind the reader, by name.
    """
    recipe = recipe or ReaderRecipe()
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    network = _Reading(reader, heads, recipe.head_dropout)
    pairs = list(zip(records, shown, strict=True))
    n_steps = recipe.epochs * ((len(pairs) + recipe.batch - 1) // recipe.batch)
    descent = Descent(network, [(network.parameters(), recipe.rate)], n_steps, decay=0.02)
    average = Averaged(network, recipe.ema)
    began = time.monotonic()

    def logits_of(some: Sequence[Example]) -> dict[str, Tensor]:
        network.eval()
        with torch.inference_mode():
            parts = [network(_padded(some[at : at + 32])) for at in range(0, len(some), 32)]
        return {task: torch.cat([part[task] for part in parts]) for task in VERBATIM_TASKS}

    for epoch in range(recipe.epochs):
        network.train()
        running, n = 0.0, 0
        for chosen in batches(pairs, recipe.batch, lambda pair: len(pair[1].laid.hidden), rng):
            with torch.autocast("cpu", torch.bfloat16):
                out = network(_padded([example for _, example in chosen]))
            loss = _loss({task: value.float() for task, value in out.items()}, chosen, recipe.taught)
            running, n = running + descent.step(loss), n + 1
            average.update(network)
        held = {name: value.detach().clone() for name, value in network.state_dict().items()}
        average.load_into(network)
        print(f"reader: epoch {epoch + 1}/{recipe.epochs} loss {running / max(n, 1):.4f} {time.monotonic() - began:.0f} s", flush=True)
        if after_epoch:
            after_epoch(epoch + 1, logits_of)
        if epoch + 1 < recipe.epochs:
            network.load_state_dict(held)
    network.eval()
    found = {"query": network.query, "weight": network.weight, "bias": network.bias}
    return {f"{part}.{task}": np.ascontiguousarray(values[task].detach().numpy()) for part, values in found.items() for task in VERBATIM_TASKS}


def add_reader(folder: Path, encoder: Encoder, heads: Heads, records: Sequence[Labelled | None], verbatims: Sequence[Verbatim]) -> None:
    """Train a reader for an encoder and write it into the model folder, with the heads that stand behind it.

    Args:
        folder: Model folder, its heads fitted on whole passes.
        encoder: The graph that ships.
        heads: Those of the folder.
        records: Labelled verbatims, None for those that nobody labelled.
        verbatims: The same, as intake makes them.
    """
    from safetensors.numpy import load_file, save_file

    reader, shown = ReaderNetwork(encoder.dim), examples(verbatims, encoder, heads)
    weights = fit_reader(reader, heads, records, shown)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as work:
        place = Path(work)
        save_file({**load_file(folder / "heads.safetensors"), **weights}, place / "heads.safetensors")
        write_reader(reader, place / "reader.int8.onnx", shown=[one.laid for one in shown[:: max(1, len(shown) // SHOWN)]])
        for name in ("heads.safetensors", "reader.int8.onnx"):  # heads without their reader do not load; a reader without its heads would
            (place / name).chmod(0o644)
            (place / name).replace(folder / name)


def _loss(out: Mapping[str, Tensor], chosen: Sequence[tuple[Labelled | None, Example]], taught: float) -> Tensor:
    """Labels, and likeness to what the pass over the whole says (Hinton et al. 2015, "Distilling the knowledge in a neural network")."""
    records = [record for record, _ in chosen if record is not None]
    labelled = torch.tensor([i for i, (record, _) in enumerate(chosen) if record is not None], dtype=torch.long)
    targets, weight = verbatim_targets(records), torch.tensor([record.weight for record in records])
    loss = torch.zeros(())
    for task in VERBATIM_TASKS:
        told = loss_of(task, out[task][labelled], targets[task], weight) if records else torch.zeros(())
        if any(task not in example.taught for _, example in chosen):
            loss = loss + WEIGHTS[task] * told
            continue
        p = torch.from_numpy(np.stack([example.taught[task] for _, example in chosen])).clamp(1e-4, 1 - 1e-4)
        if task in SIGMOID_TASKS:
            likeness = nn.functional.binary_cross_entropy_with_logits(out[task], p)
        else:
            likeness = nn.functional.cross_entropy(out[task], p / p.sum(-1, keepdim=True))
        loss = loss + WEIGHTS[task] * ((1 - taught) * told + taught * likeness)
    return loss


def _padded(some: Sequence[Example]) -> dict[str, Tensor]:
    """Examples as tensors. *Shape:* (n, n_tokens, ...)."""

    def stack(arrays: Sequence[np.ndarray]) -> Tensor:
        return nn.utils.rnn.pad_sequence([torch.from_numpy(array) for array in arrays], batch_first=True)

    laid = [example.laid for example in some]
    batch = {name: stack([getattr(one, name) for one in laid]) for name in ("customer", "start", "end", "evidence")}
    hidden = stack([one.hidden.astype(np.float32) for one in laid])
    return batch | {"hidden": hidden, "mask": stack([np.ones(len(one.hidden), np.bool_) for one in laid])}


def _evidence(tokens: Tokens, segments: Sequence[Segment]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which tokens of a whole verbatim stand in the customer's own segments; all where none does. *Shape:* (n_tokens,)."""
    starts, ends = tokens.offsets[:, 0], tokens.offsets[:, 1]
    out = np.zeros(len(starts), np.bool_)
    for segment in segments:
        if segment.role is Role.CUSTOMER:
            out |= (starts >= segment.start) & (ends <= segment.end) & (ends > starts)
    return out if out.any() else ~out


def write_reader(reader: ReaderNetwork, path: Path, *, int8: bool = True, shown: Sequence[Laid] = ()) -> None:
    """The reader as an ONNX graph from (hidden, customer, start, end) to token vectors, one verbatim a call; `shown` tells its int8 form what to hold."""
    from voc_pipeline.training.export import write_onnx

    dim = reader.role.shape[1]
    places = tuple(torch.tensor([values]) for values in ([1, 1, 0, 0, 1], [0, 0, 1, 1, 2], [2, 2, 1, 1, 0]))
    names = ["hidden", "customer", "start", "end"]
    axes = {name: {1: "n_tokens"} for name in (*names, "read")}
    feeds = [laid.feed() for laid in shown]
    write_onnx(reader.eval().float(), (torch.randn(1, 5, dim), *places), path, names, "read", axes, int8=int8, shown=feeds)
