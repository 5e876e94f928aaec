"""The data dictionary, generated from the tables. `python -m voc_pipeline.store.dictionary > docs/data_dictionary.md` writes it anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Integer, Table

from voc_pipeline.store.columns import Day, JSONText, Moment, Real, Words
from voc_pipeline.store.every_table import MODULES, metadata

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (JSONText, "JSON text"),
    (Words, "text"),
    (Moment, "timestamp"),
    (Day, "date"),
    (Real, "double"),
    (Boolean, "boolean"),
    (Integer, "integer"),
)


def data_dictionary() -> str:
    """Every table and column with its type, key and meaning, in Markdown."""
    names = [f"`{module.__name__.replace('.', '/')}.py`" for module in MODULES]
    files = (", ".join(names[:-1]), names[-1])
    parts = [
        "# Data dictionary",
        f"Generated from {files[0]} and {files[1]} by `python -m voc_pipeline.store.dictionary`; do not edit by hand.",
        "The same tables on SQLite and PostgreSQL. Timestamps carry no time zone. Text sorts by code point. JSON is text with sorted keys. "
        "A column is never null unless it says so. Personal data is replaced before anything is stored; hashes are keyed (HMAC-SHA256).",
        "\n".join(f"- [`{table.name}`](#{table.name}): {_first_sentence(table)}" for table in metadata.tables.values()),
    ]
    for table in metadata.tables.values():
        rows = "\n".join(_line(column) for column in table.columns)
        parts.append(f"## {table.name}\n\n{table.comment}\n\n| Column | Type | Key | Meaning |\n| --- | --- | --- | --- |\n{rows}")
    return "\n\n".join(parts) + "\n"


def _first_sentence(table: Table) -> str:
    return (table.comment or "").split(". ")[0].split(": ")[0].rstrip(".") + "."


def _line(column: Column[Any]) -> str:
    kind = next(name for type_, name in _TYPES if isinstance(column.type, type_))
    links = sorted(key.target_fullname for key in column.foreign_keys)
    key = ", ".join((["primary"] if column.primary_key else []) + [f"to {link}" for link in links])
    values = column.info.get("values", [])
    meaning = (column.comment or "") + (f". One of: {', '.join(f'`{value}`' for value in values)}" if values else "")
    return f"| `{column.name}` | {kind}{' or null' if column.nullable else ''} | {key} | {meaning.replace('|', '&#124;')}. |"


if __name__ == "__main__":
    print(data_dictionary(), end="")
