"""Texts to time with: our own verbatims, then new ones made by putting their sentences together, so that no two are the same."""

from __future__ import annotations

import json
import random
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "data_samples"


def own_sentences() -> list[list[str]]:
    """Sentences of every verbatim written for training and evaluation; chats keep the customer's words."""
    found = []
    for file in sorted(SAMPLES.glob("*/written.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            sents = [s.removeprefix("client:").strip() for s in json.loads(line)["sents"] if not s.startswith("agent:")]
            found.append([s for s in sents if s])
    return found


def texts(n: int, seed: int = 5, words: int = 70) -> list[str]:
    """`n` distinct verbatims of about `words` words on average, the same ones at every call."""
    rng = random.Random(seed)
    sentences = [s for sents in own_sentences() for s in sents]
    out: dict[str, None] = {}
    while len(out) < n:
        wanted = max(3, rng.gauss(words, words / 2))
        parts: list[str] = []
        while sum(len(p.split()) for p in parts) < wanted:
            parts.append(rng.choice(sentences))
        out[" ".join(parts)] = None
    return list(out)
