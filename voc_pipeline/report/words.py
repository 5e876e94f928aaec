"""Every word, number and date the report shows, in French and in English: `words.yaml` holds the words, this module sets them in type."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal, cast

import yaml

Lang = Literal["fr", "en"]

NARROW, HARD, MINUS = "\u202f", "\u00a0", "\u2212"
_NARROW_BEFORE = re.compile(r"[ \u00a0]([;?!])")
_HARD_BEFORE = re.compile(r" ([:%»€])")
_HARD_AFTER = re.compile(r"« ")
_MONTHS = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
}
_SHORT = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


@cache
def _words() -> dict[str, dict[str, str]]:
    return cast(dict[str, dict[str, str]], yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")))


def typeset(text: str, lang: Lang) -> str:
    """Typographic apostrophes, and the unbreakable spaces French asks for. For our own words only, never for a customer's.

    >>> typeset("l'avis : « bien » ?", "fr").encode("unicode_escape").decode()
    'l\\\\u2019avis\\\\xa0: \\\\xab\\\\xa0bien\\\\xa0\\\\xbb\\\\u202f?'
    """
    text = text.replace("'", "’")
    if lang == "en":
        return text
    return _HARD_AFTER.sub(f"«{HARD}", _HARD_BEFORE.sub(rf"{HARD}\1", _NARROW_BEFORE.sub(rf"{NARROW}\1", text)))


def capital(text: str) -> str:
    """A text with its first letter a capital, the others as they are."""
    return text[:1].upper() + text[1:]


class Words:
    """The words of one language: call it with a key of `words.yaml`; its methods write numbers and dates.

    Args:
        lang: `fr` or `en`.
    """

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, key: str, **values: object) -> str:
        """The wording of `key`, its `{holes}` filled.

        Raises:
            KeyError: no such wording.
        """
        text = typeset(_words()[key][self.lang], self.lang)
        return text.format(**values) if values else text

    def known(self, key: str) -> str:
        """The wording of `key`, or "" where there is none."""
        return self(key) if key in _words() else ""

    def plural(self, key: str, n: int, **values: object) -> str:
        """The wording `<key>.one` or `<key>.many`, `{n}` filled. French counts 0 and 1 as singular, English only 1."""
        single = n in (0, 1) if self.lang == "fr" else n == 1
        return self(f"{key}.{'one' if single else 'many'}", n=self.number(n), **values)

    def number(self, value: float, digits: int = 0, sign: bool = False) -> str:
        """A number: `1 204,5` in French, `1,204.5` in English; a true minus sign; never a minus zero."""
        rounded = round(value, digits) + 0.0
        text = f"{abs(rounded):,.{digits}f}"
        if self.lang == "fr":
            text = text.replace(",", NARROW).replace(".", ",")
        mark = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
        return mark + text

    def points(self, value: float, digits: int = 0) -> str:
        """Points with their sign. French counts what is under 2 as singular, English only 1."""
        size = abs(round(value, digits))
        single = size < 2 if self.lang == "fr" else size == 1
        return self(f"points.{'one' if single else 'many'}", x=self.number(value, digits, sign=True))

    def percent(self, share: float, digits: int | None = None, sign: bool = False) -> str:
        """A share as a percentage, one decimal below 10 %: `4,2 %`, `37 %`; `4.2%`, `37%`."""
        digits = (1 if abs(share) < 0.0995 else 0) if digits is None else digits
        return self.number(share * 100, digits, sign) + (f"{HARD}%" if self.lang == "fr" else "%")

    def percents(self, low: float, high: float, digits: int | None = None) -> str:
        """An interval of shares: `de 3,1 à 5,6 %`; `3.1% to 5.6%`."""
        digits = (1 if max(abs(low), abs(high)) < 0.0995 else 0) if digits is None else digits
        low_text = self.number(low * 100, digits)
        if self.lang == "fr":
            return f"de{HARD}{low_text} à{HARD}{self.percent(high, digits)}"
        return f"{low_text}% to {self.percent(high, digits)}"

    def range(self, low: float, high: float, digits: int = 1, sign: bool = False) -> str:
        """An interval of numbers: `de −1,2 à +0,4`; `−1.2 to +0.4`."""
        a, b = self.number(low, digits, sign), self.number(high, digits, sign)
        return f"de{HARD}{a} à{HARD}{b}" if self.lang == "fr" else f"{a} to {b}"

    def duration(self, seconds: float) -> str:
        """A wait in the two largest units that it takes: `45 s`, `1 min 35 s`, `2 h 5 min`, `3 j 4 h` (`3 d 4 h`).

        >>> Words("fr").duration(95).replace(HARD, " "), Words("en").duration(273600).replace(HARD, " ")
        ('1 min 35 s', '3 d 4 h')
        """
        rest, parts = round(seconds), []
        for unit, size in (("j" if self.lang == "fr" else "d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            n, rest = divmod(rest, size)
            parts.append(f"{self.number(n)}{HARD}{unit}" if n else "")
        first = next((place for place, part in enumerate(parts) if part), len(parts) - 1)
        return HARD.join(part for part in parts[first : first + 2] if part) or f"0{HARD}s"

    def ordinal(self, n: int) -> str:
        """`1er`, `2e`; `1st`, `2nd`."""
        if self.lang == "fr":
            return "1er" if n == 1 else f"{n}e"
        ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
        return f"{n}{ending}"

    def day(self, day: date | datetime | None, short: bool = False) -> str:
        """A date in full, `1er octobre 2026`, or short, `1er oct. 2026`; the wording of `undated` where there is none."""
        if day is None:
            return self("undated")
        number = "1er" if self.lang == "fr" and day.day == 1 else str(day.day)
        return f"{number}{HARD}{(_SHORT if short else _MONTHS)[self.lang][day.month - 1]}{HARD}{day.year}"

    def month(self, key: str, year: bool = True) -> str:
        """`2026-09` as `sept. 2026`; what is no month, as it is."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", key):
            return key
        name = _SHORT[self.lang][int(key[5:]) - 1]
        return f"{name}{HARD}{key[:4]}" if year else name
