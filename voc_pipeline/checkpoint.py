"""Transformers checkpoints by folder or hub name: where they are, how many tokens they take, how a text becomes tokens of theirs."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voc_pipeline.errors import ModelError
from voc_pipeline.places import model_path

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

MAX_TOKENS = 384
"""Longer texts keep their first and last tokens: openings say what happened, endings conclude."""
_TAIL = 1 / 3
"""Share of what is kept that stands at the end."""

_COUNTED_AFTER_PADDING = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}
"""Families whose first token has the position that follows the padding's, so that of 514 positions 512 are left."""

_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spm.model", "spiece.model", "tokenizer.model")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WHAT = "a folder with config.json, model.safetensors and tokenizer.json, as a hub download has them"


def find(name: str | Path) -> Path:
    """The folder of a checkpoint: a model folder, a path, or a hub name that the local cache holds or, where there is a network, the hub gives.

    Raises:
        ModelError: There is none.
    """
    try:
        folder = model_path(name)
    except ModelError:
        if not is_hub_name(str(name)):
            raise
        folder = _from_hub(str(name))
    if not (folder / "config.json").is_file() and (folder / "modules.json").is_file():  # older downloads of sentence-transformers
        for module in json.loads((folder / "modules.json").read_text(encoding="utf-8")):
            if (folder / module["path"] / "config.json").is_file() and module["type"].endswith("Transformer"):
                return folder / str(module["path"])
    return folder


def is_hub_name(name: str) -> bool:
    """Whether a name is shaped as the hub's are: ``owner/name``."""
    return bool(_HUB_NAME.fullmatch(name)) and not name.startswith(".")


def _from_hub(name: str) -> Path:
    with quiet():
        from huggingface_hub import constants, snapshot_download

        files = ["*.json", "*.safetensors", "*.model"]
        for offline in (True, False):
            try:
                folder = Path(snapshot_download(name, local_files_only=offline, allow_patterns=files))
            except Exception:  # offline, unknown, private, cut off: the hub's client has a class for each, and the remedy is one
                continue
            if (folder / "config.json").is_file() and any(folder.rglob("*.safetensors")):
                return folder
        cache = constants.HF_HUB_CACHE
    raise ModelError(
        name,
        "no folder of that name, and as a hub name neither in the local cache nor within reach",
        _WHAT,
        f"Put these files into a folder and name the folder, download it where there is a network (its cache is {cache}), or correct the name",
    )


def load(folder: Path) -> tuple[Any, Any]:
    """(tokenizer, encoder) of a checkpoint, the encoder in float32 and ready to answer, without a word of the libraries.

    Raises:
        ModelError: It is damaged, lacks weights, needs code of its own, or is no encoder with a fast tokenizer.
    """
    if not any((folder / name).is_file() for name in _VOCABULARIES):  # without one, transformers makes up an empty vocabulary
        raise ModelError(str(folder), "no tokenizer.json", _WHAT, "Download it again, or save it with `AutoTokenizer.save_pretrained`")
    with quiet():
        import torch
        from transformers import AutoModel, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            model, told = AutoModel.from_pretrained(
                folder, dtype=torch.float32, trust_remote_code=False, use_safetensors=True, output_loading_info=True
            )
        except Exception as error:  # each family and file format fails in a way of its own
            found = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise ModelError(str(folder), f"not a checkpoint that loads ({found[:200]})", _WHAT, "Download it again, or choose another") from None
    if model.config.is_encoder_decoder or getattr(model.config, "is_decoder", False) or not hasattr(model.config, "hidden_size"):
        raise ModelError(str(folder), f"a checkpoint of type {model.config.model_type}", "a text encoder, such as BERT or RoBERTa", "Choose another")
    if not tokenizer.is_fast:
        raise ModelError(
            str(folder), "a slow tokenizer", "a fast one (tokenizer.json)", "Convert it with `AutoTokenizer.from_pretrained(...).save_pretrained`"
        )
    missing = sorted(key for key in told["missing_keys"] if "pooler" not in key)
    if missing:
        raise ModelError(str(folder), f"no weights for {len(missing)} parts, such as {missing[0]}", "a whole encoder", "Download it again")
    return tokenizer, model.eval()


@contextmanager
def quiet() -> Iterator[None]:
    """Neither bars nor advice from transformers, the hub's client and the makers of ONNX graphs, which speak through the root logger too."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")
    from transformers.utils import logging as bars

    loggers = [logging.getLogger(name) for name in ("", "transformers", "huggingface_hub", "torch.onnx")]
    levels, shown = [logger.level for logger in loggers], bars.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    bars.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers' own
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()  # type: ignore[no-untyped-call]


def n_positions(settings: Mapping[str, Any]) -> int:
    """Tokens that an encoder can take, from its `config.json`; at most `MAX_TOKENS`, which is all we ask for.

    >>> n_positions({"model_type": "roberta", "max_position_embeddings": 130, "pad_token_id": 1})
    128
    """
    places = settings.get("max_position_embeddings") or MAX_TOKENS
    if settings.get("model_type") in _COUNTED_AFTER_PADDING:
        padding = settings.get("pad_token_id")
        places -= 1 + (1 if padding is None else int(padding))
    return min(int(places), MAX_TOKENS) if places > 0 else MAX_TOKENS


def settings_of(folder: Path) -> Mapping[str, Any]:
    """`config.json` of a folder, empty where there is none."""
    file = folder / "config.json"
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A text to ids and offsets, cut in the middle where it is too long, never empty.

    Attributes:
        encode: Text to an encoding with `ids` and `offsets`, as `tokenizers.Tokenizer.encode` gives it, neither cut nor padded.
        limit: Tokens kept.
        blank: Id that stands for a text without any token.
    """

    encode: Callable[[str], Any]
    limit: int
    blank: int

    @classmethod
    def of(cls, inner: Any, settings: Mapping[str, Any]) -> Tokenizer:
        """Of a `tokenizers.Tokenizer`, which is set to neither cut nor pad, and the encoder's `config.json`."""
        inner.no_truncation()
        inner.no_padding()
        return cls(inner.encode, n_positions(settings), int(settings.get("pad_token_id") or 0))

    @classmethod
    def read(cls, folder: Path) -> Tokenizer:
        """Of a folder with `tokenizer.json`.

        Raises:
            ModelError: There is none.
        """
        from tokenizers import Tokenizer as Inner

        file = folder / "tokenizer.json"
        if not file.is_file():
            raise ModelError(str(file), "no such file", "a fast tokenizer", "Save the checkpoint with `AutoTokenizer.save_pretrained`")
        return cls.of(Inner.from_file(str(file)), settings_of(folder))

    def __call__(self, text: str) -> tuple[Ints, Ints]:
        """Ids, *Shape:* (n_tokens,), and the characters each token covers, (0, 0) for special ones, *Shape:* (n_tokens, 2)."""
        encoding = self.encode(text)
        ids, offsets = np.asarray(encoding.ids, np.int64), np.asarray(encoding.offsets, np.int64).reshape(-1, 2)
        if not len(ids):
            return np.array([self.blank]), np.zeros((1, 2), np.int64)
        if len(ids) > self.limit:
            tail = int(self.limit * _TAIL)
            kept = np.r_[0 : self.limit - tail, len(ids) - tail : len(ids)]
            ids, offsets = ids[kept], offsets[kept]
        return ids, trimmed(offsets, text)


def trimmed(offsets: Ints, text: str) -> Ints:
    """Offsets without the spaces that some tokenizers count into a word; empty where a token is nothing but spaces. *Shape:* (n_tokens, 2)."""
    out = offsets.copy()
    for row, (start, end) in enumerate(offsets):
        if start < end and (text[start].isspace() or text[end - 1].isspace()):
            word = text[start:end]
            out[row] = start + len(word) - len(word.lstrip()), end
            out[row, 1] = max(out[row, 0], start + len(word.rstrip()))
    return out
