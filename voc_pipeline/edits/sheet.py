"""What the sheets of the review workbook are called, what each row was when it was written, and how a cell is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from voc_pipeline.keys import fold
from voc_pipeline.registry import Standing
from voc_pipeline.schema import Irritant
from voc_pipeline.workbooks import folded

SHOWN = ("id", "kind", "status", "mentions", "share", "not_valued", "theme", "quote_1", "quote_2", "quote_3")
EDITABLE = (
    "label_fr",
    "label_en",
    "owner",
    "pinned",
    "decision",
    "merge_into",
    "split_on",
    "split_label",
    "inclusion",
    "exclusion",
    "confirm_gap",
    "reason",
)
HIDDEN = ("state", "cells", "since")
RECORDS = (*SHOWN[:1], *EDITABLE[:2], *SHOWN[1:], *EDITABLE[2:], *HIDDEN)
"""Columns of the sheet of records, in order."""
MENTIONS = ("irritant", "quote", "date", "channel", "move_to", "reason", "verbatim_id", "position", *HIDDEN)
"""Columns of the sheet of mentions, in order."""
MOVABLE = ("move_to", "reason")
"""Those of them that people fill in."""
MATCHES = ("irritant", "register", "entry", "words", "score", "match_state", "answer", "reason", *HIDDEN)
"""Columns of the sheet of matches with the company's registers, in order."""
ANSWERABLE = ("answer", "reason")
"""Those of them that people fill in."""
NONE = "none"
"""A mention moved to no record."""


@cache
def words() -> Mapping[str, Any]:
    """The words of the workbook, from `review.yaml`."""
    return cast(Mapping[str, Any], yaml.safe_load(Path(__file__).with_name("review.yaml").read_text(encoding="utf-8")))


def head(column: str, lang: str) -> str:
    """The head of a column."""
    return str(words()["head"][column][lang])


def shown(value: str, lang: str) -> str:
    """A value of a list in the words of the workbook."""
    return str(words()["values"][value][lang])


def known(text: str, values: Sequence[str]) -> str | None:
    """Which of some values a cell means, in either language; None for none of them.

    >>> known("Rejeter", ["reject", "restore"]), known("maybe", ["yes", "no"])
    ('reject', None)
    """
    return next((value for value in values if folded(text) in {folded(value), *(folded(shown(value, lang)) for lang in ("fr", "en"))}), None)


def new_part(text: str) -> tuple[str, str] | None:
    """The language and the label of a part that a mention is an example of; None for a cell that names none.

    >>> new_part("nouveau : Double prélèvement"), new_part("New: Charged twice"), new_part("IRR-ABCD2345")
    (('fr', 'Double prélèvement'), ('en', 'Charged twice'), None)
    """
    before, colon, label = text.partition(":")
    lang = next((lang for lang in ("fr", "en") if folded(before) == folded(str(words()["new_part"][lang]))), None)
    return (lang, label.strip()) if lang and colon else None


def cells_of(record: Irritant) -> dict[str, str]:
    """What the cells that people may change hold before they do; yes and no in the store's own words."""
    filled = {"label_fr": record.label_fr, "label_en": record.label_en, "owner": record.owner, "pinned": "yes" if record.pinned else "no"}
    return {name: filled.get(name, "") for name in EDITABLE}


def state_of(record: Irritant, standing: Standing) -> str:
    """A digest of how a record stands: another one, and somebody changed it."""
    gap = standing.gaps.get(record.id)
    parts = sorted(other.id for other in standing.records.values() if other.parent == record.id and other.status != "merged")
    return digest(
        record.label_fr,
        record.label_en,
        record.owner,
        record.status,
        record.redirect,
        record.pinned,
        record.inclusion,
        record.exclusion,
        parts,
        *([gap.said, gap.owner] if gap else []),
    )


def state_of_mention(text: str, held_by: str, standing: Standing) -> str:
    """A digest of where a sentence belongs."""
    return digest(held_by, standing.moves.get(fold(text), "-"))


def state_of_match(irritant_id: str, entry_id: str, standing: Standing) -> str:
    """A digest of what people said of a match."""
    word = standing.matches.get((irritant_id, entry_id))
    return digest(word.said if word else "")


def digest(*parts: object) -> str:
    """Twelve hexadecimal characters of some values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=list).encode()).hexdigest()[:12]
