"""The reader: segments encoded alone, read together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from voc_pipeline.encoder import FROM_END, FROM_START, MAX_READ, Tokens, lay_out, load_reader
from voc_pipeline.errors import ModelError
from voc_pipeline.heads import VERBATIM_TASKS, Heads
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.reading import Example, ReaderNetwork, ReaderRecipe, fit_reader, write_reader

DIM = 24


def tokens(*vectors: np.ndarray) -> Tokens:
    """A segment of words, between the two special tokens that every encoder adds."""
    offsets = [(0, 0), *((i, i + 1) for i in range(len(vectors))), (0, 0)]
    return Tokens(np.stack([np.zeros(DIM), *vectors, np.zeros(DIM)]).astype(np.float32), np.array(offsets, np.int64))


def untrained() -> Heads:
    rng = np.random.default_rng(0)
    sizes = {task: len(labels) for task, labels in VERBATIM_TASKS.items()}
    weights = {f"query.{task}": np.zeros(DIM, np.float32) for task in sizes}
    weights |= {f"weight.{task}": rng.normal(size=(n, 2 * DIM)).astype(np.float32) * 0.02 for task, n in sizes.items()}
    weights |= {f"bias.{task}": np.zeros(n, np.float32) for task, n in sizes.items()}
    return Heads(weights, (), {})


def labelled(number: int, sentiment: str) -> Labelled:
    return Labelled(
        id=str(number),
        lang="fr",
        channel="review",
        text="",
        spans=(),
        sentiment=sentiment,
        polarities=(),
        not_valued=False,
        codes=(),
        not_valued_at=(),
        intensity=0,
        valued=False,
        stage="unknown",
        passages=(),
    )


def test_segments_lie_end_to_end_with_speaker_and_place() -> None:
    """Every token knows who speaks, how far its segment is from either end, and whether it is a customer's word."""
    one = np.ones(DIM)
    laid = lay_out([tokens(one, one), tokens(one), tokens(one)], [True, False, True])
    assert laid.customer.tolist() == [1, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    assert laid.start.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert laid.end.tolist() == [2, 2, 2, 2, 1, 1, 1, 0, 0, 0]
    assert np.flatnonzero(laid.evidence).tolist() == [1, 2, 8]


def test_where_the_customer_says_nothing_all_words_are_evidence() -> None:
    """Heads always have something to look at: all words, or the special tokens of an empty text."""
    assert lay_out([tokens(np.ones(DIM))], [False]).evidence.tolist() == [False, True, False]
    assert lay_out([tokens()], [True]).evidence.tolist() == [True, True]


def test_a_long_verbatim_keeps_its_beginning_and_its_end() -> None:
    """Beyond what the reader sees, the middle goes; numbers of segments stay within what it knows."""
    marked = [tokens(*np.full((18, DIM), i)) for i in range(60)]
    laid = lay_out(marked, [True] * 60)
    assert len(laid.hidden) == MAX_READ
    assert laid.hidden[1, 0] == 0 and laid.hidden[-2, 0] == 59
    assert laid.start.max() == FROM_START - 1 and laid.end.max() == FROM_END - 1


def test_a_customer_in_the_middle_of_a_long_chat_is_heard() -> None:
    """An agent's words make room first: the customer's one sentence stays evidence, however long the agent speaks before and after."""
    long = tokens(*np.ones((58, DIM)))
    laid = lay_out([*[long] * 12, tokens(np.full(DIM, 7)), *[long] * 12], [*[False] * 12, True, *[False] * 12])
    assert len(laid.hidden) == MAX_READ
    assert laid.hidden[laid.evidence].tolist() == [[7.0] * DIM]


def test_a_reader_learns_what_only_the_order_tells() -> None:
    """Of the same two segments, the verbatim's sentiment is that of the last: a bag of segments is right by chance, a trained reader is not."""
    rng = np.random.default_rng(4)
    good, bad = rng.normal(size=DIM), rng.normal(size=DIM)
    teacher = untrained()
    records, shown = [], []
    for i in range(240):
        last_good = i % 2 == 0
        parts = [tokens(side + 0.3 * rng.normal(size=DIM)) for side in ((bad, good) if last_good else (good, bad))]
        laid = lay_out(parts, [True, True])
        records.append(labelled(i, "positive" if last_good else "negative"))
        shown.append(Example(laid, teacher.verbatim(laid.hidden, laid.evidence)))
    reader = ReaderNetwork(DIM, n_layers=1, n_heads=4)
    weights = fit_reader(reader, teacher, records[:200], shown[:200], ReaderRecipe(epochs=25, batch=20, rate=4e-3, taught=0.0, ema=0.9))
    read = Heads({**teacher.weights, **weights}, (), {})
    right = 0
    for record, example in zip(records[200:], shown[200:], strict=True):
        laid = example.laid
        with torch.inference_mode():
            hidden = reader(*(torch.from_numpy(values)[None] for values in (laid.hidden, laid.customer, laid.start, laid.end)))[0].numpy()
        p = read.verbatim(hidden, laid.evidence)["sentiment"]
        right += VERBATIM_TASKS["sentiment"][int(p.argmax())] == record.sentiment
    assert right >= 36


def test_an_untrained_reader_adds_nothing_but_places() -> None:
    """Its layers begin as the identity, so that training starts from what segments say by themselves."""
    reader = ReaderNetwork(DIM, n_heads=4).eval()
    hidden, places = torch.randn(1, 7, DIM), torch.zeros(1, 7, dtype=torch.long)
    with torch.inference_mode():
        assert torch.equal(reader(hidden, places, places, places), hidden + reader.role[places] + reader.start[places] + reader.end[places])


@pytest.mark.parametrize(("int8", "near"), [(False, 1e-4), (True, 0.1)], ids=["fp32", "int8"])
def test_the_graph_is_the_network(tmp_path: Path, int8: bool, near: float) -> None:
    """What is written reads any number of tokens as the network does."""
    torch.manual_seed(1)
    reader = ReaderNetwork(DIM, n_layers=2, n_heads=4).eval()
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
    write_reader(reader, tmp_path / "reader.onnx", int8=int8)
    graph = load_reader(tmp_path)
    for n in (1, 4, 30):
        laid = lay_out([tokens(*np.random.default_rng(k).normal(size=(3, DIM))) for k in range(n)], [k % 2 == 0 for k in range(n)])
        with torch.inference_mode():
            want = reader(*(torch.from_numpy(values)[None] for values in (laid.hidden, laid.customer, laid.start, laid.end)))[0].numpy()
        np.testing.assert_allclose(graph.read(laid), want, atol=near)


def test_a_model_without_a_reader_or_with_a_damaged_one_is_refused(tmp_path: Path) -> None:
    """A folder of an older version says what it lacks and what to do; so does one whose file was cut short."""
    with pytest.raises(ModelError, match="Train the model again"):
        load_reader(tmp_path)
    (tmp_path / "reader.int8.onnx").write_bytes(b"cut short")
    with pytest.raises(ModelError, match="not a graph that loads"):
        load_reader(tmp_path)
