"""Language id that is right on short French: letters and telling words as evidence, the declared languages as prior."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from voc_pipeline.language import words
from voc_pipeline.language.words import stop_words

KNOWN_LANGUAGES = ("fr", "en", "es", "it", "de", "nl", "pt", "ar")
NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\[[A-Z_]+\]|\d+")
LETTERS_WEIGHT, TELLING_WEIGHT = 0.6, 2.5
SECOND_PRIOR, UNDECLARED_PRIOR, LEAST_P = 0.25, 0.004, 1e-9
MOST_WORDS = 60
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def detect(text: str, declared: Sequence[str] = ("fr", "en")) -> tuple[str, float]:
    """The language a text is most probably in, and how probable that is, given the languages its source declares.

    Character n-grams (lingua) and a short list of telling words are the evidence; declared languages are the prior, the first of them most. The
    fewer the words, the more evidence an undeclared language needs: under three words it hardly ever wins.

    Args:
        text: Any text; addresses, handles, digits and placeholders such as ``[EMAIL]`` are left out of account.
        declared: ISO 639-1 codes the source declares, most usual first. What the detector does not know it cannot find, only fall back on.

    Returns:
        (code, probability in [0, 1]); (``declared[0]``, 0.0) where the text has no word at all.

    Raises:
        ValueError: nothing is declared.
    """
    if not declared:
        raise ValueError("detect needs at least one declared language")
    tokens = [token.lower().replace("’", "'") for token in WORD.findall(NOT_WORDS.sub(" ", text))]
    if not tokens:
        return declared[0], 0.0
    scores = {code: math.log(max(p, LEAST_P)) * LETTERS_WEIGHT for code, p in _letters(" ".join(tokens[:MOST_WORDS])).items()}
    undeclared = UNDECLARED_PRIOR if len(tokens) >= 3 else UNDECLARED_PRIOR * UNDECLARED_PRIOR
    for code in declared:
        scores.setdefault(code, math.log(LEAST_P) * LETTERS_WEIGHT)
    for code in scores:
        scores[code] += math.log((1.0 if code == declared[0] else SECOND_PRIOR) if code in declared else undeclared)
    if len(tokens) <= 12:
        for token in tokens:
            for code, weight in _telling(token):
                if code in scores:
                    scores[code] += weight
    best = max(scores, key=lambda code: (scores[code], code in declared, code))
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    return best, round(1.0 / total, 6)


def _letters(text: str) -> dict[str, float]:
    """Probability of each known language by letter trigrams alone, rounded: the detector adds in no fixed order, so its last digits move."""
    values = _detector().compute_language_confidence_values(text)
    return {value.language.iso_code_639_1.name.lower(): round(value.value, 9) for value in values}


@cache
def _detector() -> Any:
    """The trigram detector of the known languages: about 12 MB, a sixth of a second to load."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in KNOWN_LANGUAGES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()


@cache
def _telling(token: str) -> tuple[tuple[str, float], ...]:
    """What one word says by itself: (language, weight in nats), for a stop word or a telling word of it."""
    said = [code for code in words.TELLING if token in _telling_words(code)]
    if not said and "'" in token:
        head, tail = token.split("'", 1)
        said = ["en"] if tail in ("s", "t", "re", "ll", "d", "m", "ve") else ["fr"] if head in words.ELIDED else []
    return tuple((code, TELLING_WEIGHT) for code in said)


@cache
def _telling_words(lang: str) -> frozenset[str]:
    """Stop words and telling words of a language."""
    return stop_words(lang) | words.TELLING[lang]
