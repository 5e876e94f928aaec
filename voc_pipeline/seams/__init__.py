"""Seams as customers tell them: which two sides, and what was lost between. A lexicon of places and order words, each answer with its own confidence.

The stage `transition` says that there is a seam; this room says where. What the words do not tell stays `unknown`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml

from voc_pipeline.schema import UNKNOWN, SeamTold, Side

__all__ = ["places", "read_seams"]

FROM, TO = 0.75, 0.55
"""Confidence of each side that is named, as measured in `benchmarks/seams.md`; how two places are joined does not change it there."""
SENT, BETWEEN, IN_ORDER = 2, 1, 0
"""How two places are joined, the clearest first taken."""
SEVERAL = frozenset({"department", "partner", "adviser"})
"""Places there are several of: one can send on to another."""
MOST = 4
"""Seams one verbatim can tell."""
_ARTICLE = r"(?:(?:le|la|les|un|une|du|au|aux|votre|mon|ma|the|your|my) )?"
_SENTENCE = re.compile(r"[.!?…]+\s+|\n+")


@dataclass(frozen=True, slots=True)
class _Lexicon:
    places: Mapping[str, re.Pattern[str]]
    kinds: Mapping[str, str]
    stages: Mapping[str, str]
    sends: re.Pattern[str]
    between: re.Pattern[str]
    first: re.Pattern[str]
    second: re.Pattern[str]
    lost: Mapping[str, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class _Named:
    """A place where it is named: characters of the text."""

    place: str
    word: str
    start: int
    end: int


def places() -> Mapping[str, str]:
    """Ids of the places that can be read, with their kinds: `channel`, `department`, `partner`, `adviser`, `company`."""
    return _lexicon().kinds


def read_seams(text: str, stages: Mapping[str, str] | None = None) -> list[SeamTold]:
    """The seams that a text tells, one at least: to be asked of a text read as a transition.

    Args:
        text: The customer's own words.
        stages: Stage by place, as the model reads the passage that names it: for places that the lexicon gives no stage of their own.

    Returns:
        Each pair of sides that one sends on to the other; else the first two that are named, in the order of mention; a side nobody names is `unknown`.

    >>> seam = read_seams("La boutique me renvoie vers le 3900, qui n'a aucune trace de ma commande.")[0]
    >>> seam.from_.place, seam.to.place, seam.kind
    ('shop', 'phone', 'channel')
    """
    words, folded = _lexicon(), _fold(text)
    named = list(_named(folded, words))
    lost, sure = _lost(folded, words)
    stages = stages or {}

    def side(one: _Named | None, confidence: float) -> Side:
        if one is None:
            return Side()
        known = words.stages[one.place]
        return Side(one.place, stages.get(one.place, UNKNOWN) if known == UNKNOWN else known, confidence)

    def seam(a: _Named | None, b: _Named | None) -> SeamTold:
        ends = sorted((one.start, one.end) for one in (a, b) if one is not None)
        start, end = _quoted(folded, ends[0][0], ends[-1][1]) if ends else (0, _quoted(folded, 0, 0)[1])
        sides = side(a, FROM), side(b, TO)
        return SeamTold(*sides, _kind(*sides, words), lost, sure, start, end)

    pairs = list(_pairs(folded, named, words))
    told = [pair for pair in pairs if pair[2] == SENT]
    if not told:
        told = sorted((pair for pair in pairs if "company" not in (pair[0].place, pair[1].place)), key=lambda pair: -pair[2])[:1]
    found: dict[tuple[str, str], SeamTold] = {}
    for a, b, _ in told:
        found.setdefault((a.place, b.place), seam(a, b))
    if not found:
        known = [one for one in named if one.place != "company"]
        return [seam(known[0] if known else None, None)]
    return list(found.values())[:MOST]


def _pairs(text: str, named: list[_Named], words: _Lexicon) -> Iterator[tuple[_Named, _Named, int]]:
    """Neighbouring places that are not one and the same, in the order the customer was sent along."""
    for a, b in pairwise(named):
        if a.place == b.place and (a.word == b.word or a.place not in SEVERAL):
            continue
        joint, before = text[a.end : b.start], text[max(0, a.start - 24) : a.start]
        if len(joint) > 120:
            continue
        if words.first.search(before[-14:]) and words.second.search(joint[-18:]):
            yield b, a, SENT
        elif words.sends.search(joint):
            yield a, b, SENT
        else:
            yield a, b, BETWEEN if words.between.search(before) else IN_ORDER


def _named(text: str, words: _Lexicon) -> Iterator[_Named]:
    """Places in the order they are named; of those that overlap the first, then the longest, then the first of the file."""
    found = [(one.start(), -one.end(), rank, place) for rank, (place, pattern) in enumerate(words.places.items()) for one in pattern.finditer(text)]
    last = 0
    for start, negative_end, _, place in sorted(found):
        if start >= last:
            last = -negative_end
            yield _Named(place, text[start:last].split()[-1].removeprefix("l'"), start, last)


def _kind(a: Side, b: Side, words: _Lexicon) -> str:
    """The kind of seam: the most particular of what its sides are; of stages where only these are known."""
    kinds = {words.kinds.get(one.place, "") for one in (a, b)}
    for kind in ("partner", "adviser", "department", "channel"):
        if kind in kinds:
            return kind
    return "stage" if UNKNOWN not in (a.stage, b.stage) and a.stage != b.stage else UNKNOWN


def _lost(text: str, words: _Lexicon) -> tuple[str, float]:
    """What is lost by most words, and how clear that is: its words over all words of loss, one more allowed for doubt."""
    hits = {name: sum(1 for _ in pattern.finditer(text)) for name, pattern in words.lost.items()}
    best = max(hits, key=lambda name: hits[name])
    return (best, hits[best] / (sum(hits.values()) + 1)) if hits[best] else (UNKNOWN, 0.0)


def _quoted(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentences that hold a span."""
    first = max((found.end() for found in _SENTENCE.finditer(text, 0, start + 1) if found.end() <= start), default=0)
    last = next((found.start() + 1 for found in _SENTENCE.finditer(text, end)), len(text))
    return first, min(len(text), last)


@cache
def _lexicon() -> _Lexicon:
    raw = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return _Lexicon(
        places={place: _any([f"{_ARTICLE}(?:{word})" for word in about["words"]], "[\\w-]") for place, about in raw["places"].items()},
        kinds={place: str(about["kind"]) for place, about in raw["places"].items()},
        stages={place: str(about["stage"]) for place, about in raw["places"].items()},
        sends=_any(raw["sends"]),
        between=_any(raw["between"]),
        first=_any(raw["turned"]["first"]),
        second=_any(raw["turned"]["second"]),
        lost={name: _any(patterns) for name, patterns in raw["lost"].items()},
    )


def _any(patterns: list[str], inside: str = r"\w") -> re.Pattern[str]:
    """Any of the patterns, standing between boundaries of words; `inside` is what a word is made of."""
    return re.compile("|".join(rf"(?<!{inside})(?:{pattern})(?!{inside})" for pattern in patterns))


def _fold(text: str) -> str:
    """Lower case without accents, character for character, so that spans hold in the text as it is."""
    plain = text.replace("\u2019", "'").replace("\u2018", "'")
    return "".join(_folded(mark) for mark in plain)


def _folded(mark: str) -> str:
    low = mark.casefold()
    return unicodedata.normalize("NFKD", low if len(low) == 1 else mark)[0] if mark.strip() else " " if mark != "\n" else mark
