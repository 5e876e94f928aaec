"""Cells as they come (text, numbers, dates, spreadsheet serials) into text, ids, numbers and dates, or a reason why not."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from voc_pipeline.keys import installation_key, keyed_hash
from voc_pipeline.schema import Reason

MISSING = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "?",
        "na",
        "n/a",
        "#n/a",
        "<na>",
        "nan",
        "nat",
        "none",
        "null",
        "nil",
        "\\n",
        "nr",
        "nc",
        "n.c.",
        "nsp",
        "non renseigné",
        "non communiqué",
        "sans réponse",
        "no answer",
    }
)
"""What tools write for "nothing here" in columns of ids, numbers, dates and attributes (folded to lower case)."""
MACHINE_MISSING = frozenset({"nan", "NaN", "NULL", "null", "#N/A", "<NA>", "\\N"})
"""The same in a column of text, where "none" or "n/a" may be a person's answer."""
EXCEL_SERIALS = (25569.0, 73051.0)
"""Serial days of 1970-01-01 and 2100-01-01."""
YEARS = (1970, 2099)

_MONTHS = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"]
_SHORT = ["janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"]
_ENGLISH = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_DAYS = dict(
    zip(
        ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        strict=True,
    )
)


class Refused(Exception):  # noqa: N818 - a verdict on one row, caught by the mapping, not an error a user sees
    """A value that cannot be used: `reason`, and a `detail` without the value."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def fold(text: str) -> str:
    """Lower case without accents, one space between words: how names are compared."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", plain).lower()).split())


_MONTH_NUMBER = {
    fold(name): number for names in (_MONTHS, _SHORT, _ENGLISH, [name[:3] for name in _ENGLISH], ["fev"]) for number, name in enumerate(names)
} | {"fev": 1}


def row_hash(*parts: str) -> str:
    """Keyed hash (HMAC-SHA256, the key of `VOC_KEY`) that lets a quarantined row be found again without keeping it, 32 hexadecimal characters."""
    return keyed_hash(installation_key(), *parts)


def as_text(value: Any) -> str:
    """A cell as text: "12" for 12.0, "" for nothing; no NULs, no lone surrogates, newlines as `\\n`.

    Raises:
        Refused: It is a mapping, or a list of such.

    >>> as_text(12.0), as_text(None), as_text("  Nul !! ")
    ('12', '', 'Nul !!')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
        return "" if text in MACHINE_MISSING else text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value == int(value) else f"{value:f}".rstrip("0") if isinstance(value, Decimal) else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return as_text(value.decode("utf-8", "replace"))
    if isinstance(value, Sequence):
        return ", ".join(part for part in map(as_text, value) if part)
    if isinstance(value, dict):
        raise Refused(Reason.BAD_ROW, "a mapping where a text was expected")
    return str(value)


def as_key(value: Any) -> str:
    """A cell as an id, a customer or an attribute: text on one line, "12" for "12.0", "" for what stands for nothing.

    >>> as_key("12.0"), as_key("n/a"), as_key("CMD-0012")
    ('12', '', 'CMD-0012')
    """
    text = " ".join(as_text(value).split())
    if text.lower() in MISSING:
        return ""
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text)


def as_number(value: Any, low: float, high: float, name: str) -> float | None:
    """A cell as a number of a scale; a decimal comma and "9/10" (on a scale up to 10) are read.

    Returns:
        The number, or None where the cell stands for nothing.

    Raises:
        Refused: It is no number, or off the scale.
    """
    text = as_text(value)
    if isinstance(value, bool):
        raise Refused(Reason.BAD_VALUE, f"{name} is not a number")
    if text.lower() in MISSING:
        return None
    match = re.fullmatch(r"([+-]?\d+(?:[.,]\d+)?)(?:\s*/\s*(\d+))?", text)
    if not match or (match[2] and float(match[2]) != high):
        raise Refused(Reason.BAD_VALUE, f"{name} is not a number")
    number = float(match[1].replace(",", "."))
    if not low <= number <= high:
        raise Refused(Reason.BAD_VALUE, f"{name} is off its scale {low:g} to {high:g}")
    return number


def as_date(value: Any, formats: Sequence[str], zone: ZoneInfo, epoch: datetime | None = None, name: str = "date") -> datetime | None:
    """A cell as a moment of the source's time zone.

    Args:
        value: A date, or a text in one of the formats, or (in a workbook) a serial day.
        formats: `strptime` patterns, tried in order (French month and day names are understood), or the names `iso` (ISO 8601), `excel` (serial
            days), `unix` and `unix_ms`. Nothing else is guessed.
        zone: Moments with an offset are moved to it; others are taken to be in it.
        epoch: Day zero of serial days, where the cell is a workbook's.
        name: What to call it in `Refused.detail`.

    Returns:
        The moment without offset (local time), or None where the cell stands for nothing.

    Raises:
        Refused: None of the formats reads it, or the day does not exist, or its year is outside 1970 to 2099.
    """
    moment = _moment(value, formats, zone, epoch)
    if moment is None:
        if not isinstance(value, bool) and as_text(value).lower() in MISSING:
            return None
        raise Refused(Reason.BAD_DATE, f"{name} fits none of date_formats, or is no day of the calendar")
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise Refused(Reason.BAD_DATE, f"{name} is outside {YEARS[0]} to {YEARS[1]}")
    return moment


def _moment(value: Any, formats: Sequence[str], zone: ZoneInfo, epoch: datetime | None) -> datetime | None:
    if isinstance(value, datetime):
        return (
            None
            if value != value
            else datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.tzinfo)
        )
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, bool):
        return None
    text = as_text(value)
    for pattern in formats:
        if (moment := parse_date(text, pattern, zone)) is not None:
            return moment
    if epoch is not None and isinstance(value, int | float) and EXCEL_SERIALS[0] <= value < EXCEL_SERIALS[1]:
        return _serial(float(value), epoch)
    return None


def parse_date(text: str, pattern: str, zone: ZoneInfo) -> datetime | None:
    """A text read by one format of `as_date`, or None."""
    try:
        if pattern == "iso":
            return datetime.fromisoformat(text)
        if pattern in {"unix", "unix_ms"}:
            return datetime.fromtimestamp(float(text) / (1000 if pattern == "unix_ms" else 1), zone)
        if pattern == "excel":
            serial = float(text.replace(",", "."))
            return _serial(serial, datetime(1899, 12, 30)) if EXCEL_SERIALS[0] <= serial < EXCEL_SERIALS[1] else None
        if "%B" in pattern or "%b" in pattern or "%A" in pattern or "%a" in pattern:
            text = _in_english(text, pattern)
        return datetime.strptime(text, pattern)
    except (ValueError, OverflowError, OSError):
        return None


def _serial(days: float, epoch: datetime) -> datetime:
    return epoch + timedelta(seconds=round(days * 86400))


def _in_english(text: str, pattern: str) -> str:
    """French names of months and days as `strptime` knows them in the C locale."""

    def named(match: re.Match[str]) -> str:
        word = match[0].rstrip(".")
        if (number := _MONTH_NUMBER.get(fold(word))) is not None:
            return _ENGLISH[number] if "%B" in pattern else _ENGLISH[number][:3]
        if (day := _DAYS.get(word.lower())) is not None:
            return day if "%A" in pattern else day[:3]
        return match[0]

    return re.sub(r"\b(\d{1,2})er\b", r"\1", re.sub(r"[^\W\d_]{3,}\.?", named, text))


def parse_zone(name: str, where: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        SourceError: There is none of that name.
    """
    from voc_pipeline.errors import SourceError

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SourceError(
            f"{where}.timezone",
            f"{name!r} is no time zone",
            "a name such as Europe/Paris",
            "Names are listed as `TZ identifier` in the IANA database",
        ) from None
