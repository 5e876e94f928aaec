"""What words and pieces of words say by themselves, beside the encoder: a linear reading of n-grams, weighed by TF-IDF.

A small encoder knows the sense of a sentence better than its jargon; n-grams know the jargon. Their logits are mixed head by head, in shares
chosen on development verbatims (Cheng et al. 2016, "Wide & deep learning for recommender systems").
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from voc_pipeline.errors import ModelError
from voc_pipeline.schema import Role, Verbatim

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

PIECES = range(3, 6)
"""Lengths of the pieces of a word, in letters, its edges counted as spaces."""
_WORD = re.compile(r"\w+|[^\w\s]")


REMEMBERED = 100_000
"""Words whose pieces are remembered: customers use the same few over and over."""


def ngrams_of(text: str) -> list[str]:
    """Words, pairs of neighbours (joined by a space) and pieces of words (after ``#``), without case or accents; a sign counts as a word."""
    words = _words(text)
    return [*words, *_pairs(words), *(piece for word in words for piece in _pieces(word))]


def _words(text: str) -> list[str]:
    return _WORD.findall("".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)))


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"{left} {right}" for left, right in pairwise(words)]


def _pieces(word: str) -> list[str]:
    edged = f" {word} "
    return ["#" + edged[at : at + n] for n in PIECES for at in range(len(edged) - n + 1)]


def own_words(verbatim: Verbatim) -> str:
    """The customer's words of a verbatim; all of them where none is marked as the customer's."""
    return " ".join(segment.text for segment in verbatim.segments if segment.role is Role.CUSTOMER) or verbatim.text


@dataclass(frozen=True, slots=True)
class Seen:
    """The n-grams of a text that the model knows: rows of the vocabulary and their TF-IDF, of length one. *Shape:* (n_known,) each."""

    rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    values: Floats


@dataclass(frozen=True)
class NGrams:
    """A linear model over n-grams.

    Attributes:
        vocabulary: N-gram to row.
        idf: Inverse document frequency. *Shape:* (n_rows,).
        weights: By head. *Shape:* (n_rows, n_labels), int8.
        scales: What a column of `weights` is multiplied by, by head. *Shape:* (n_labels,).
        biases: By head. *Shape:* (n_labels,).
    """

    vocabulary: Mapping[str, int]
    idf: Floats
    weights: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.int8]]]
    scales: Mapping[str, Floats]
    biases: Mapping[str, Floats]
    _remembered: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def see(self, text: str) -> Seen:
        """A text as the model sees it: the logarithm of each n-gram's count, plus one, times its inverse document frequency."""
        words = _words(text)
        found = [row for word in words for row in self._rows_of(word)]
        found += [self.vocabulary[pair] for pair in _pairs(words) if pair in self.vocabulary]
        counts = sorted(Counter(found).items())
        rows = np.array([row for row, _ in counts], np.int64)
        values = (1 + np.log(np.array([n for _, n in counts], np.float32))) * self.idf[rows]
        length = float(np.sqrt((values * values).sum()))
        return Seen(rows, np.asarray(values / max(length, 1e-12), np.float32))

    def _rows_of(self, word: str) -> tuple[int, ...]:
        """Rows of a word and of its pieces."""
        rows = self._remembered.get(word)
        if rows is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            rows = self._remembered[word] = tuple(self.vocabulary[gram] for gram in (word, *_pieces(word)) if gram in self.vocabulary)
        return rows

    def logits(self, seen: Seen, task: str) -> Floats:
        """Logits of one head. *Shape:* (n_labels,)."""
        found: Floats = (seen.values @ self.weights[task][seen.rows].astype(np.float32)) * self.scales[task] + self.biases[task]
        return found


def load_ngrams(folder: Path) -> NGrams | None:
    """The n-grams of a model folder; None where it has none.

    Raises:
        ModelError: One of their two files is missing, or they do not belong together.
    """
    from safetensors.numpy import load_file

    names, values = folder / "ngrams.json", folder / "ngrams.safetensors"
    if not names.is_file() and not values.is_file():
        return None
    if not names.is_file() or not values.is_file():
        missing = names if values.is_file() else values
        raise ModelError(str(missing), "no such file", "ngrams.json and ngrams.safetensors together", "Train the model again, or remove the other")
    vocabulary = json.loads(names.read_text(encoding="utf-8"))
    arrays = load_file(values)
    if len(vocabulary) != len(arrays["idf"]):
        raise ModelError(str(names), f"{len(vocabulary)} n-grams", f"{len(arrays['idf'])}, as the weights have", "Train the model again")

    def parts(kind: str) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
        return {name.removeprefix(f"{kind}."): array for name, array in arrays.items() if name.startswith(f"{kind}.")}

    floats = {kind: {task: array.astype(np.float32) for task, array in parts(kind).items()} for kind in ("scale", "bias")}
    weights = {task: array.astype(np.int8) for task, array in parts("weight").items()}
    return NGrams({gram: row for row, gram in enumerate(vocabulary)}, arrays["idf"].astype(np.float32), weights, floats["scale"], floats["bias"])
