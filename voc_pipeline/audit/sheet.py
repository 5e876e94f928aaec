"""What the workbook's sheets and columns are called, what each may hold, and how a cell is read: shared by who writes it and who takes it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from voc_pipeline.schema import Dimension, Gap, NotValuedCode, Sentiment, Stage
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS, GAP_NAMES, SENTIMENT_LABELS, STAGE_LABELS
from voc_pipeline.workbooks import folded

CONTEXT = ("number", "text", "question", "channel", "lang")
"""Columns that show a verbatim."""
FIELDS = ("sentiment", "not_valued", "codes", "valued", "stage", "dimension", "gap_cue")
"""Columns that people fill in from a list."""
COLUMNS = (*CONTEXT, *FIELDS, "comment", "id")
"""Every column, in order."""
NONE = "none"
"""A dimension or gap that does not apply."""
ABOUT = ("annotator", "audit", "run", "model", "seed", "date", "drawn", "population")
"""Lines of the first sheet, in order."""

_VALUES: Mapping[str, tuple[str, ...]] = {
    "sentiment": tuple(map(str, Sentiment)),
    "not_valued": ("yes", "no"),
    "codes": tuple(map(str, NotValuedCode)),
    "valued": ("yes", "no"),
    "stage": tuple(map(str, Stage)),
    "dimension": (*map(str, Dimension), NONE),
    "gap_cue": (*(str(int(gap)) for gap in Gap), NONE),
}


@cache
def guide() -> Mapping[str, Any]:
    """The words of the workbook, from `guide.yaml`."""
    return cast(Mapping[str, Any], _spaced(yaml.safe_load(Path(__file__).with_name("guide.yaml").read_text(encoding="utf-8"))))


def _spaced(words: Any, lang: str = "") -> Any:
    """The same words with the unbreakable spaces that French asks for."""
    if isinstance(words, dict):
        return {key: _spaced(value, key if key in ("fr", "en") else lang) for key, value in words.items()}
    if isinstance(words, list):
        return [_spaced(value, lang) for value in words]
    if not isinstance(words, str) or lang != "fr":
        return words
    return re.sub(r" ([;?!])", "\u202f\\1", re.sub(r" ([:»])", "\u00a0\\1", words.replace("« ", "«\u00a0")))


def values(field: str) -> tuple[str, ...]:
    """What a column may hold, as the store knows it, in the order of its list."""
    return _VALUES[field]


def shown(field: str, value: str, lang: str) -> str:
    """A value in the words of the workbook.

    >>> shown("gap_cue", "3", "en"), shown("not_valued", "yes", "fr")
    ('3 · Delivery', 'oui')
    """
    if value in ("yes", "no", NONE):
        return str(guide()["words"][value][lang])
    if field == "gap_cue":
        return f"{value} · {GAP_NAMES[int(value)][lang]}"
    labels: Mapping[str, Mapping[str, Mapping[str, str]]] = {
        "sentiment": SENTIMENT_LABELS,
        "codes": CODE_LABELS,
        "stage": STAGE_LABELS,
        "dimension": DIMENSION_LABELS,
    }
    return labels[field][value][lang]


def head(column: str, lang: str) -> str:
    """The head of a column."""
    return str(guide()["head"][column][lang])


def known(field: str, text: str) -> str | None:
    """The value that a cell's words stand for: the store's own word or the label of either language, accents and capitals aside; None if unknown.

    >>> known("sentiment", " Négatif"), known("gap_cue", "3"), known("stage", "somewhere")
    ('negative', '3', None)
    """
    return _known(field).get(folded(text))


@cache
def _known(field: str) -> Mapping[str, str]:
    found = {folded(value): value for value in values(field)}
    for value in values(field):
        found |= {folded(shown(field, value, lang)): value for lang in ("fr", "en")}
        if field == "gap_cue" and value != NONE:
            found |= {folded(GAP_NAMES[int(value)][lang]): value for lang in ("fr", "en")}
    return found
