"""What every column of every table holds, in French and in English, and the types that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from voc_pipeline.report.tables.cells import Row
from voc_pipeline.report.words import typeset

if TYPE_CHECKING:
    from pandas import DataFrame

DECIMALS = 4
"""Floats are rounded to this many decimals in every table."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type (`text`, `int`, `float`, `flag`) and what it holds, in both languages."""

    type: str
    fr: str
    en: str


@cache
def columns(table: str) -> Mapping[str, Column]:
    """The columns of a table, in order; the column "" speaks of the table itself.

    Raises:
        KeyError: no such table.
    """
    known: dict[str, Column] = {}
    for name, (kind, french, english) in _written()[table].items():
        measured = kind in ("estimate", "interval")
        known[name] = Column("float" if measured else kind, typeset(french, "fr"), typeset(english, "en"))
        if measured:
            for end, borne, bound in (("low", "basse", "lower"), ("high", "haute", "upper")):
                fr, en = f"{name} : borne {borne} de l'intervalle à 95 %", f"{name}: {bound} end of the 95% interval"
                known[f"{name}_{end}"] = Column("float", typeset(fr, "fr"), en)
        if kind == "estimate":
            known[f"{name}_n"] = Column("int", typeset(f"{name} : effectif sur lequel porte le chiffre", "fr"), f"{name}: base the figure stands on")
    return known


@cache
def _written() -> dict[str, dict[str, list[str]]]:
    return cast(dict[str, dict[str, list[str]]], yaml.safe_load(Path(__file__).with_name("columns.yaml").read_text(encoding="utf-8")))


def frame(table: str, rows: Sequence[Row]) -> DataFrame:
    """Rows as a frame whose columns and types depend on the table alone, never on what happens to be missing."""
    import pandas as pd

    made: dict[str, Any] = {}
    for column, about in columns(table).items():
        if not column:
            continue
        values = [row.get(column) for row in rows]
        if about.type == "int":
            made[column] = pd.array([None if value is None else round(value) for value in values], dtype="Int64")
        elif about.type == "flag":
            made[column] = pd.array([None if value is None else bool(value) for value in values], dtype="boolean")
        elif about.type == "text":
            made[column] = pd.array(["" if value is None else str(value) for value in values], dtype="str")
        else:
            made[column] = pd.array([float("nan") if value is None else round(float(value), DECIMALS) + 0.0 for value in values], dtype="float64")
    return pd.DataFrame(made)
