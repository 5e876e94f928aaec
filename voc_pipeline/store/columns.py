"""Column types that hold the same values, in the same order, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, Dialect, Double, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


def storable(text: str) -> str:
    """The text with what a database cannot hold (NUL, halves of surrogate pairs) replaced one for one, so that offsets stay right.

    >>> storable("a\\x00b")
    'a\ufffdb'
    """
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys; a number that is not finite becomes null.

    >>> to_json({"b": float("nan"), "a": (1, "é")})
    '{"a":[1,"é"],"b":null}'
    """
    try:
        return storable(_ENCODER.encode(value))
    except ValueError:
        return storable(_ENCODER.encode(_finite(value)))


def bound(type_: TypeEngine[Any], values: list[Any], dialect: Dialect) -> list[Any]:
    """What the column types of this module bind, for a whole column of rows at once: ten times faster than one by one.

    Args:
        type_: Type of the column.
        values: Its values, one a row.
        dialect: Of the database.
    """
    if isinstance(type_, Words):
        texts = [value if value is None or type(value) is str else str(value) for value in values]
        whole = "".join(text for text in texts if text is not None)
        return texts if storable(whole) == whole else [None if text is None else storable(text) for text in texts]
    if isinstance(type_, JSONText):
        return [to_json(value) for value in values]
    if isinstance(type_, Real):
        return [None if value is None or value != value else float(value) + 0.0 for value in values]
    if isinstance(type_, Moment):
        moments = [_naive(value) for value in values]
        if dialect.name == "sqlite":  # SQLAlchemy's own way to write a datetime there
            return [None if moment is None else moment.isoformat(" ", "microseconds") for moment in moments]
        return moments
    processor = type_.dialect_impl(dialect).bind_processor(dialect)
    return values if processor is None else [processor(value) for value in values]


def _naive(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _plain(value: Any) -> Any:
    """A numpy number, a date or a mapping that is not a dict, as JSON knows it."""
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


class Words(TypeDecorator[str]):
    """Text compared and sorted by code point on both databases."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text, of collation "C" where the database would sort by a language."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Plain `str`, storable."""
        return None if value is None else storable(str(value))


class JSONText(TypeDecorator[Any]):
    """JSON kept as text with sorted keys: equal values are equal bytes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As `Words`."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Value to text."""
        return to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Text to value."""
        return None if value is None else json.loads(value)


class Real(TypeDecorator[float]):
    """Double precision; what is no number is NULL, minus zero is zero."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Any float, of numpy too, to a finite or infinite double."""
        if value is None or value != value:
            return None
        return float(value) + 0.0


class Moment(TypeDecorator[datetime]):
    """A datetime without zone; one with a zone is turned to UTC first."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive datetime."""
        return _naive(value)


class Day(TypeDecorator[date]):
    """A calendar day; a datetime gives its day."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> date | None:
        """Plain date."""
        return value.date() if isinstance(value, datetime) else value
