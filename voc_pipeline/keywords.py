"""Keywords of the settings against words of customers: whole words, accents and case set aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache


def found(keywords: Iterable[str], text: str) -> tuple[str, ...]:
    """The keywords that a text holds.

    Args:
        keywords: Words or phrases. One that ends in `*` stands for every word that begins so.
        text: Where to look.

    Returns:
        Those found, in the order given, each once.

    >>> found(["résili*", "panne", "facture"], "Je veux RESILIER, ma facture a doublé")
    ('résili*', 'facture')
    """
    folded = _fold(text)
    return tuple(dict.fromkeys(word for word in keywords if (pattern := _pattern(word)) and pattern.search(folded)))


@lru_cache(maxsize=4096)
def _pattern(keyword: str) -> re.Pattern[str] | None:
    words = _fold(keyword.removesuffix("*")).split()
    if not words:
        return None
    return re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + ("" if keyword.endswith("*") else r"(?!\w)"))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).casefold()
    return "".join(mark for mark in plain if not unicodedata.combining(mark))
