"""Servqual: the provider's gap an irritant points to, by its cues, its dispersion and the company's documents; gap 5 where a survey has pairs; owners."""

from __future__ import annotations

from voc_pipeline.servqual.cues import CONFIRMED_FROM, READABLE_FROM, read_gap
from voc_pipeline.servqual.deciding import CEILINGS, Confirmation, Decided, Finding, Grounds, decide, finding
from voc_pipeline.servqual.dispersion import CHANNEL, Dispersion, Spread, dispersions
from voc_pipeline.servqual.owners import Facts, owner
from voc_pipeline.servqual.pairs import PairedScore, gap5

__all__ = [
    "CEILINGS",
    "CHANNEL",
    "CONFIRMED_FROM",
    "READABLE_FROM",
    "Confirmation",
    "Decided",
    "Dispersion",
    "Facts",
    "Finding",
    "Grounds",
    "PairedScore",
    "Spread",
    "decide",
    "dispersions",
    "finding",
    "gap5",
    "owner",
    "read_gap",
]
