"""Texts to time with, made of our own verbatims: each sentence is the beginning of one and the end of another, so that hardly any comes twice.

Nothing is gained by a cache or by collapsing equal sentences, as little as on real verbatims.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = 70
"""Words of a text before its last sentence ends."""
SAMPLES = Path(__file__).resolve().parent.parent / "data_samples"


def own_sentences() -> dict[str, list[str]]:
    """By language, sentences of every verbatim written for training and evaluation; of chats, the customer's words."""
    found: dict[str, list[str]] = {"fr": [], "en": []}
    for file in sorted(SAMPLES.glob("*/written.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            said = [s.removeprefix("client:").strip() for s in record["sents"] if not s.startswith("agent:")]
            found[record["lang"]] += [s for s in said if s]
    return found


def texts(n: int, seed: int = 5, words: int = WORDS) -> list[str]:
    """`n` distinct verbatims of `words` words and the rest of a sentence (80 on average for 70), four in five in French, the same ones at every call."""
    rng = random.Random(seed)
    sentences = own_sentences()
    out: dict[str, None] = {}
    while len(out) < n:
        wanted = max(3, rng.gauss(words, words / 2))
        pool = sentences["fr" if rng.random() < 0.8 else "en"]
        parts: list[str] = []
        while sum(len(p.split()) for p in parts) < wanted:
            beginning, end = rng.choice(pool).split(), rng.choice(pool).split()
            parts.append(" ".join([*beginning[: (len(beginning) + 1) // 2], *end[len(end) // 2 :]]))
        out[" ".join(parts)] = None
    return list(out)
