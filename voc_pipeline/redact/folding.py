"""Folding that keeps every offset: accents off, lower case, one kind of quote, dash and space."""

from __future__ import annotations

import re
import unicodedata

BARRIER = "\x00"
"""Stands for every character of a span that is already claimed: neither a word, nor a space, nor punctuation."""

PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|IBAN|CARD|SSN|URL|ADDRESS|REFERENCE|NAME)\]")


def _table() -> dict[int, str]:
    table = {
        code: char
        for group, char in {"\u2018\u2019\u201a\u02bc\u00b4`": "'", "\u2010\u2011\u2012\u2013\u2014\u2212": "-"}.items()
        for code in map(ord, group)
    }
    table |= {ord(char): " " for char in "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"}
    table |= {ord(char): base for char, base in zip("øØłŁđĐßıĸ", "oolLddsik".lower(), strict=True)}
    for code in [*range(0x41, 0x250), *range(0x1E00, 0x1F00), *range(0xFF01, 0xFF5F)]:
        base = unicodedata.normalize("NFKD", chr(code))[0] if unicodedata.category(chr(code))[0] in "LPS" or code > 0xFF00 else chr(code)
        if code not in table and base.isascii() and base.isprintable() and chr(code) not in "ªº°²³¹¨¯¸":
            table[code] = base.lower()
    return table


_TABLE = _table()


def fold(text: str) -> str:
    """The text without accents and in lower case, character for character: ``len(fold(text)) == len(text)``.

    >>> fold("Hélène, 12 Rue de l’Été")
    "helene, 12 rue de l'ete"
    """
    return text.translate(_TABLE)
