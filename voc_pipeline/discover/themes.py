"""The canonical categories: the first level above irritants, and the names that a group may fall back on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from voc_pipeline.errors import ConfigError
from voc_pipeline.places import ROOT
from voc_pipeline.schema import IrritantKind


@dataclass(frozen=True, slots=True)
class Theme:
    """A canonical category: its definition and its names by kind of record, then by language."""

    id: str
    definition: str
    names: Mapping[IrritantKind, Mapping[str, str]]


@cache
def load_themes() -> Mapping[str, Theme]:
    """The shipped canonical categories by id, from ``configs/themes.yaml``.

    Raises:
        ConfigError: The file is missing or lacks a name.
    """
    path = ROOT / "configs" / "themes.yaml"
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))["themes"]
        themes = [Theme(row["id"], row["definition"], {kind: dict(row[kind.value]) for kind in IrritantKind}) for row in rows]
    except FileNotFoundError:
        raise ConfigError(str(path), "no such file", "the canonical categories", "Install the package again") from None
    except (KeyError, TypeError) as error:
        raise ConfigError(str(path), f"incomplete: {error}", "id, definition, irritant, strength, suggestion for each theme", "Add it") from None
    return {theme.id: theme for theme in themes}
