"""The door to onnxruntime and torch: texts to token vectors, one unpadded sequence a call.

One sequence a call is what keeps an answer the same in every batch: int8 scales are taken over the sequence alone, and nothing is padded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np

from voc_pipeline.checkpoint import MAX_TOKENS as MAX_TOKENS
from voc_pipeline.checkpoint import Tokenizer, find, load, settings_of
from voc_pipeline.errors import ModelError
from voc_pipeline.schema import Role, Verbatim

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Token vectors of one text.

    Attributes:
        hidden: *Shape:* (n_tokens, dim), special tokens included.
        offsets: Characters each token covers, (0, 0) for special ones. *Shape:* (n_tokens, 2).
    """

    hidden: Floats
    offsets: Ints

    def vector(self) -> Floats:
        """X of the text: the mean of its token vectors, of length one, rounded through float16 as the cache keeps it. *Shape:* (dim,)."""
        mean = self.hidden.mean(0)
        return half(mean / max(float(np.linalg.norm(mean)), 1e-12))


FROM_START, FROM_END = 16, 8
"""Places of a segment that the reader tells apart: the first fifteen and later ones, the last seven and earlier ones."""
MAX_READ = 640
"""Token vectors that the reader sees of one verbatim. Of a longer one, an agent's words go first, from the middle; then the customer's."""
_READ_TAIL = 0.4
"""Share of what is kept that stands at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Segments encoded alone, laid end to end.

    Attributes:
        hidden: float32, or float16 where many are kept. *Shape:* (n_tokens, dim).
        customer: 1 where the customer speaks, else 0. *Shape:* (n_tokens,).
        start: Number of the segment from the first, up to `FROM_START` - 1. *Shape:* (n_tokens,).
        end: Number of the segment from the last, up to `FROM_END` - 1. *Shape:* (n_tokens,).
        evidence: Words of the customer, or of whoever speaks where the customer says none. *Shape:* (n_tokens,).
    """

    hidden: Floats
    customer: Ints
    start: Ints
    end: Ints
    evidence: Bools

    def feed(self) -> dict[str, Floats | Ints]:
        """Inputs of a reader's graph, one verbatim. *Shape:* (1, n_tokens, dim) and (1, n_tokens)."""
        places = {"customer": self.customer, "start": self.start, "end": self.end}
        return {"hidden": self.hidden.astype(np.float32, copy=False)[None], **{name: values[None] for name, values in places.items()}}


def lay_out(segments: Sequence[Tokens], customer: Sequence[bool]) -> Laid:
    """Token vectors of a verbatim's segments end to end, at most `MAX_READ` of them.

    Args:
        segments: One or more.
        customer: Of each, whether the customer speaks.
    """
    lengths = [len(tokens.hidden) for tokens in segments]
    number = np.repeat(np.arange(len(segments)), lengths)
    speaks = np.repeat(np.asarray(customer, np.int64), lengths)
    offsets = np.concatenate([tokens.offsets for tokens in segments])
    words = offsets[:, 1] > offsets[:, 0]
    evidence = words & (speaks == 1)
    if not evidence.any():
        evidence = words if words.any() else ~words
    own, others = np.flatnonzero(speaks == 1), np.flatnonzero(speaks == 0)
    kept = np.sort(np.concatenate([_ends(own, MAX_READ), _ends(others, max(MAX_READ - len(own), 0))]))
    hidden = np.concatenate([tokens.hidden for tokens in segments])
    start, end = np.minimum(number, FROM_START - 1), np.minimum(len(segments) - 1 - number, FROM_END - 1)
    return Laid(hidden[kept], speaks[kept], start[kept], end[kept], evidence[kept])


def _ends(indexes: Ints, n: int) -> Ints:
    """At most `n` of some indexes: the first and the last."""
    tail = int(n * _READ_TAIL)
    return indexes if len(indexes) <= n else np.concatenate([indexes[: n - tail], indexes[len(indexes) - tail :]])


def half(x: Floats) -> Floats:
    """Values as float16 holds them, so that a vector read from the cache is the vector that was computed."""
    return x.astype(np.float16).astype(np.float32)


class Encoder(Protocol):
    """What an encoder does, whatever runs it."""

    dim: int
    version: str

    def tokens(self, text: str) -> Tokens:
        """Token vectors of one text, the same whatever was encoded before."""
        ...


def _session(graph: Path) -> Any:
    """An onnxruntime session, one thread a call.

    Raises:
        ModelError: The file is damaged.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Its fused kernel of sum and layer norm is slower than the two apart: a tenth of the whole pass, measured with onnxruntime 1.31.
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"])
    except Exception as error:  # onnxruntime has a class for every way a graph can be wrong, and no common one
        raise ModelError(
            str(graph), f"not a graph that loads ({str(error).splitlines()[0]})", "an ONNX graph", "Install or train the model again"
        ) from None


class OnnxEncoder:
    """An ONNX graph (int8 or fp32) run on one thread a call."""

    def __init__(self, folder: Path, graph: Path, version: str) -> None:
        self._session = _session(graph)
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._tokenizer = Tokenizer.read(folder)
        self.dim = int(self._session.get_outputs()[0].shape[-1])
        self.version = version

    def tokens(self, text: str) -> Tokens:
        """See `Encoder.tokens`."""
        ids, offsets = self._tokenizer(text)
        feed = {"input_ids": ids[None], "attention_mask": np.ones((1, len(ids)), np.int64), "token_type_ids": np.zeros((1, len(ids)), np.int64)}
        hidden = self._session.run(None, {name: value for name, value in feed.items() if name in self._inputs})[0][0]
        return Tokens(hidden.astype(np.float32), offsets)


class TorchEncoder:
    """A transformers checkpoint in full precision, one thread a call: for a folder without an ONNX graph, such as a hub checkpoint."""

    def __init__(self, folder: Path, version: str) -> None:
        import torch

        tokenizer, self._model = load(folder)
        torch.set_num_threads(1)  # sums over several threads differ in their last bits from one machine to the next
        self._tokenizer = Tokenizer.of(tokenizer.backend_tokenizer, settings_of(folder))
        self._torch = torch
        self.dim = int(self._model.config.hidden_size)
        self.version = version

    def tokens(self, text: str) -> Tokens:
        """See `Encoder.tokens`."""
        found, offsets = self._tokenizer(text)
        with self._torch.inference_mode():
            ids = self._torch.from_numpy(found)[None]
            hidden = self._model(input_ids=ids, attention_mask=self._torch.ones_like(ids)).last_hidden_state[0].numpy()
        return Tokens(hidden, offsets)


class Reader:
    """Reads a verbatim's segments together: token vectors of each alone in, token vectors in the light of all of them out."""

    def __init__(self, graph: Path) -> None:
        self._session = _session(graph)
        self.dim = int(self._session.get_inputs()[0].shape[-1])

    def read(self, laid: Laid) -> Floats:
        """Token vectors. *Shape:* (n_tokens, dim)."""
        return np.asarray(self._session.run(None, laid.feed())[0][0], np.float32)


def read_verbatim(encoder: Encoder, reader: Reader, verbatim: Verbatim, asked: Callable[[str], Tokens] | None = None) -> tuple[Floats, Bools, Floats]:
    """A verbatim's segments, each encoded alone, then read together.

    Args:
        encoder: Texts to token vectors.
        reader: Those of the segments to those of the whole.
        verbatim: What to read.
        asked: Token vectors of a survey's question; default: the encoder's. Few questions have many answers: a memory pays.

    Returns:
        Token vectors of the whole, *Shape:* (n_tokens, dim); which of them are evidence, *Shape:* (n_tokens,); and X, *Shape:* (n_segments, dim).
    """
    laid, x = laid_of(encoder, verbatim, asked)
    return reader.read(laid), laid.evidence, x


def laid_of(encoder: Encoder, verbatim: Verbatim, asked: Callable[[str], Tokens] | None = None) -> tuple[Laid, Floats]:
    """A verbatim's segments, each encoded alone, and laid end to end (its text, where there is none); and X, *Shape:* (n_segments, dim).

    The question a survey asked comes first, as words that are not the customer's: context, never evidence, and in no topic.
    """
    alone = [encoder.tokens(segment.text) for segment in verbatim.segments]
    x = np.stack([tokens.vector() for tokens in alone]) if alone else np.zeros((0, encoder.dim), np.float32)
    roles = [segment.role is Role.CUSTOMER for segment in verbatim.segments]
    question = [(asked or encoder.tokens)(verbatim.question)] if verbatim.question else []
    return lay_out([*question, *(alone or [encoder.tokens(verbatim.text)])], [*[False] * len(question), *(roles or [True])]), x


def load_reader(folder: Path) -> Reader:
    """The reader of a model folder.

    Raises:
        ModelError: There is none.
    """
    graphs = sorted(folder.glob("reader*.onnx"))
    if not graphs:
        raise ModelError(str(folder), "no reader.int8.onnx", "the network that reads segments together", "Train the model again with this version")
    return Reader(graphs[0])


def load_encoder(name: str | Path) -> Encoder:
    """The encoder of a model folder; its int8 graph where there is one. A bare checkpoint does too: topic vectors need no heads.

    Args:
        name: A folder of models/, a path, or a hub name.

    Raises:
        ModelError: Nothing loadable is there.
    """
    folder = find(name)
    graphs = sorted(folder.glob("model*.onnx"))
    return OnnxEncoder(folder, graphs[0], folder_version(folder)) if graphs else TorchEncoder(folder, folder_version(folder))


DECIDING = ("heads.safetensors", "ngrams.json", "ngrams.safetensors", "voc.json")
"""Files beside encoder and reader that decide a model's answers."""


def folder_version(folder: Path) -> str:
    """Name of the folder and a digest of what decides its answers: weights, tokenizer, reader, heads, thresholds."""
    others = {*folder.glob("reader*.onnx"), *(folder / name for name in DECIDING)}
    return f"{folder.name}-{_digest({*_encoder_files(folder), *others})}"


def encoder_version(folder: Path) -> str:
    """A digest of what decides the vectors of a folder's encoder."""
    return _digest(_encoder_files(folder))


def _encoder_files(folder: Path) -> set[Path]:
    graphs = sorted(folder.glob("model*.onnx")) or sorted(file for file in folder.glob("*.safetensors") if file.name not in DECIDING)
    return {*graphs, folder / "tokenizer.json"}


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def encode_all(encoder: Encoder, texts: Sequence[str], threads: int = 0) -> Iterator[Tokens]:
    """Token vectors of many texts, in order, over threads (0: one per core). Threads change nothing but the speed."""
    threads = threads or n_cores()
    if threads == 1 or len(texts) < 2:
        yield from map(encoder.tokens, texts)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(encoder.tokens, texts)


class VectorCache:
    """Segment vectors by text and model version, float16, in part files under any fsspec path. May be deleted at any time.

    Args:
        url: Folder, local or of any fsspec filesystem.
        version: Model version; another version has a folder of its own.
        key: Key of the hashes that stand for texts, so that the cache tells nothing of them.
    """

    def __init__(self, url: str, version: str, key: bytes) -> None:
        import fsspec

        self._fs, root = fsspec.core.url_to_fs(url)
        self._folder = f"{root}/vectors/{version}"
        self._key = key
        self._known: dict[bytes, np.ndarray[tuple[int, ...], np.dtype[np.float16]]] = {}
        self._parts: set[str] = set()
        self._read_new()

    def _read_new(self) -> None:
        if not self._fs.exists(self._folder):
            return
        for part in sorted(self._fs.glob(f"{self._folder}/*.npz")):
            if part in self._parts:
                continue
            try:
                with self._fs.open(part, "rb") as file, np.load(file) as arrays:
                    keys, vectors = arrays["keys"], arrays["vectors"]
            except (ValueError, OSError, EOFError, BadZipFile):
                continue  # a part cut short by a crash: its vectors are made again
            self._parts.add(part)
            self._known.update(zip((bytes(k) for k in keys), vectors, strict=True))

    def _name(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._key[:64]).digest()

    def put(self, texts: Iterable[str], vectors: Floats) -> None:
        """Keep the vectors of texts. *Shape:* (n_texts, dim)."""
        fresh = {}
        for text, vector in zip(texts, vectors, strict=True):
            name = self._name(text)
            if name not in self._known:
                fresh[name] = vector.astype(np.float16)
        if not fresh:
            return
        names = sorted(fresh)
        part = f"{self._folder}/{hashlib.blake2b(b''.join(names), digest_size=8).hexdigest()}.npz"
        self._fs.makedirs(self._folder, exist_ok=True)
        with self._fs.open(f"{part}.tmp", "wb") as file:
            np.savez(file, keys=np.frombuffer(b"".join(names), np.uint8).reshape(-1, 16), vectors=np.stack([fresh[name] for name in names]))
        self._fs.mv(f"{part}.tmp", part)
        self._parts.add(part)
        self._known.update(fresh)

    def get(self, texts: Sequence[str], encoder: Encoder) -> Floats:
        """Vectors of texts, those not known computed and kept. *Shape:* (n_texts, dim), float32."""
        missing = sorted({text for text in texts if self._name(text) not in self._known})
        if missing:
            self.put(missing, np.stack([tokens.vector() for tokens in encode_all(encoder, missing)]))
        if not texts:
            return np.zeros((0, encoder.dim), np.float32)
        return np.stack([self._known[self._name(text)] for text in texts]).astype(np.float32)
