"""What the values of a column look like: words, numbers, dates and the formats that read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from voc_pipeline.sources.lexicon import DATE, PERSONAL, QUESTION, TEXT
from voc_pipeline.sources.mapping import lookup
from voc_pipeline.sources.values import MISSING, Refused, as_text, fold, parse_date

_UTC = ZoneInfo("UTC")
DAY_FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%d.%m.%y", "%Y%m%d",
    "%d %B %Y", "%d %b %Y", "%A %d %B %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y",
)  # fmt: skip
_TIMES = (
    "", " %H:%M", " %H:%M:%S", " à %H:%M", " à %Hh%M", " %Hh%M", ", %H:%M", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p",
    "T%H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %H:%M:%S %z",
)  # fmt: skip
DATE_FORMATS = tuple(f"{day}{time}" for day in DAY_FORMATS for time in _TIMES)
_TWINS = {"%d": "%m", "%m": "%d"}
NUMERIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@dataclass(slots=True)
class Profile:
    """What the values of one column look like."""

    name: str
    n_rows: int
    values: list[Any] = field(default_factory=list, repr=False)
    filled: int = 0
    distinct: int = 0
    words: float = 0.0
    length: float = 0.0
    numeric_share: float = 0.0
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    dated_share: float = 0.0
    formats: tuple[str, ...] = ()
    doubt: str = ""
    personal: bool = False

    @property
    def folded(self) -> str:
        """The name, as names are compared."""
        return fold(self.name)

    def named(self, pattern: str) -> bool:
        """Whether the name has one of the words of a pattern."""
        return re.search(pattern, self.folded) is not None

    @property
    def asks(self) -> bool:
        """Whether the name is a question, or stands for one."""
        return "?" in self.name or self.named(QUESTION)

    @property
    def is_text(self) -> bool:
        """Whether people write freely in it."""
        return (
            bool(self.filled)
            and self.numeric_share < 0.5
            and self.dated_share < 0.5
            and not self.personal
            and self.distinct > 0.3 * min(self.filled, 200)
            and (self.words >= 4 or (self.named(TEXT) and self.words >= 1.5))
        )

    def scale(self, *scales: tuple[int, int]) -> tuple[int, int] | None:
        """The first of the scales that holds its numbers, or None."""
        if self.numeric_share < 0.95 or not self.filled:
            return None
        return next((scale for scale in scales if scale[0] <= self.low and self.high <= scale[1]), None)


def profiles(records: Sequence[Mapping[str, Any]], names: Iterable[str], typed_dates: bool) -> list[Profile]:
    """A profile for each column."""
    return [_profile(name, [lookup(record, name) for record in records], typed_dates) for name in names]


def _profile(name: str, raw: Sequence[Any], typed_dates: bool) -> Profile:
    profile = Profile(name, len(raw))
    texts: list[str] = []
    for value in raw:
        try:
            text = as_text(value)
        except Refused:
            continue
        if text.lower() not in MISSING:
            texts.append(text)
            profile.values.append(value)
    profile.filled = len(texts)
    if not texts:
        return profile
    profile.distinct = len(set(texts))
    profile.words = sum(len(text.split()) for text in texts) / len(texts)
    profile.length = sum(map(len, texts)) / len(texts)
    numbers = [float(text.replace(",", ".")) for text in texts if NUMERIC.fullmatch(text)]
    profile.numeric_share = len(numbers) / len(texts)
    if numbers:
        aside = len(numbers) // 100  # at either end: an 11 among two hundred notes hides no scale of 0 to 10
        usual = sorted(numbers)[aside : len(numbers) - aside]
        profile.low, profile.high, profile.whole = usual[0], usual[-1], all(number.is_integer() for number in numbers)
    mails = sum(bool(re.fullmatch(r"\S+@\S+\.\w+", text)) for text in texts)
    phones = sum(bool(re.fullmatch(r"(\+|00|0)\d[\d .()-]{7,}", text)) for text in texts)
    profile.personal = profile.named(PERSONAL) or mails + phones > 0.3 * len(texts)
    _date(profile, texts, typed_dates)
    return profile


def _date(profile: Profile, texts: Sequence[str], typed: bool) -> None:
    """Which formats read the column's dates, and what remains in doubt."""
    real = sum(hasattr(value, "year") for value in profile.values)
    if real > 0.5 * len(profile.values):
        strings = [text for value, text in zip(profile.values, texts, strict=True) if isinstance(value, str)]
        profile.dated_share, (profile.formats, profile.doubt, _) = 1.0, date_formats(strings)
        return
    if profile.numeric_share > 0.9 and profile.named(DATE):
        for name, low, high in (("unix", 1e9, 2.2e9), ("unix_ms", 1e12, 2.2e12), ("excel", 32874.0, 73050.0)):
            if low <= profile.low and profile.high <= high:
                profile.dated_share = 1.0
                profile.formats = () if typed and name == "excel" else (name,)
                return
    if (
        profile.length > 40
        or sum(any(letter.isdigit() for letter in text) for text in texts[:50]) < 0.6 * len(texts[:50])
        or (profile.numeric_share > 0.9 and not profile.named(DATE))
    ):
        return
    formats, doubt, share = date_formats(texts)
    if share > 0.5:
        profile.formats, profile.doubt, profile.dated_share = formats, doubt, share


def date_formats(texts: Sequence[str]) -> tuple[tuple[str, ...], str, float]:
    """The formats that read a column's dates: as few as possible, those that read most first.

    Day-first or month-first is decided by values that only one of them reads (a day above 12).

    Returns:
        (formats, what remains in doubt or "", share of the texts that they read).
    """
    shapes: dict[str, list[str]] = {}
    for text in texts:
        shapes.setdefault(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text)), []).append(text)
    chosen: list[str] = []
    doubts: list[str] = []
    read = 0
    for shape, alike in sorted(shapes.items(), key=lambda item: -len(item[1])):
        if len(alike) < 0.01 * len(texts):
            continue
        sample = list(dict.fromkeys(alike))
        if re.match(r"9-9-9a9:9", shape) and all(parse_date(text, "iso", _UTC) for text in sample):
            scores = {"iso": len(sample)}
        else:
            scores = {
                pattern: n
                for pattern in DATE_FORMATS
                if parse_date(sample[0], pattern, _UTC) or parse_date(sample[-1], pattern, _UTC)
                for n in [sum(parse_date(text, pattern, _UTC) is not None for text in sample)]
            }
        if not scores:
            continue
        best = max(scores, key=lambda pattern: scores[pattern])  # on equal counts, the day-first format: it comes first
        twin = re.sub(r"%[dm]", lambda match: _TWINS[match[0]], best)
        if twin != best and twin in scores and not best.startswith("%Y"):
            both = sum(parse_date(text, best, _UTC) is not None and parse_date(text, twin, _UTC) is not None for text in sample)
            only_best, only_twin = scores[best] - both, scores[twin] - both
            if not only_best and not only_twin:
                doubts.append(f"every date reads as {best} and as {twin} alike / chaque date se lit des deux façons")
            elif only_best and only_twin:
                doubts.append(
                    f"{only_best} date(s) read only as {best}, {only_twin} only as {twin}: the export mixes both / l'export mélange les deux"
                )
        if best not in chosen:
            chosen.append(best)
        read += sum(parse_date(text, best, _UTC) is not None for text in alike)
    return tuple(chosen), "; ".join(doubts), read / max(len(texts), 1)
