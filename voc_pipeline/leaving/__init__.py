"""Whether a customer says that they leave: explicit words of a small lexicon, negation and conditions set aside. A cue in a text, never a prediction."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

__all__ = ["announces_leaving"]

_CLAUSE = re.compile(r"[.!?;:()\n…]+|,(?=\s)|\s(?:mais|but|donc|alors|so)\s")


@dataclass(frozen=True, slots=True)
class _Lexicon:
    announced: re.Pattern[str]
    with_stage: re.Pattern[str]
    denied: frozenset[str]
    supposed: re.Pattern[str]
    reach: int


def announces_leaving(text: str, stage_leave: bool = False) -> bool:
    """Whether a sentence of a customer says that they leave, have left, or ask to.

    Args:
        text: A segment, the customer's own words.
        stage_leave: Whether its passage is read as the stage `leave`, where plainer words are enough.

    >>> announces_leaving("Vingt ans de fidélité, je pars chez un concurrent.")
    True
    >>> announces_leaving("Je ne veux pas résilier, je veux une réponse.")
    False
    """
    words = _lexicon()
    folded = _fold(text)
    patterns = (words.announced, words.with_stage) if stage_leave else (words.announced,)
    return any(_stands(folded, found, words) for pattern in patterns for found in pattern.finditer(folded))


def _stands(text: str, found: re.Match[str], words: _Lexicon) -> bool:
    """A cue that nothing before it in its clause denies or supposes; a cue that is a refusal itself ("ne reviendrai pas") is not denied by its own words."""
    clause = _CLAUSE.split(text[: found.start()])[-1]
    near = re.findall(r"[\w']+", clause.replace("n'", "n ").replace("qu'", "qu "))[-words.reach :]
    return not words.denied.intersection(near) and not words.supposed.search(clause)


@cache
def _lexicon() -> _Lexicon:
    raw = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return _Lexicon(_any(raw["announced"]), _any(raw["with_stage"]), frozenset(raw["denied"]), _any(raw["supposed"]), int(raw["reach"]))


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{pattern})(?!\w)" for pattern in patterns))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'").replace("\u2018", "'")).casefold()
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())
