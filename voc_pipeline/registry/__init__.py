"""Irritants that last: which one claims a segment, which proposals are new, what people made of them. Pure logic on texts, vectors and a ledger."""

from __future__ import annotations

from voc_pipeline.registry.claims import (
    BIRTH_SPREADS,
    CLAIM_SPREADS,
    NEARER,
    PREFIX,
    REPEAT_RATIO,
    Claim,
    Embed,
    Snapshot,
    above_chance,
    claim,
    claim_level,
    claims_for,
    freeze,
    register,
)
from voc_pipeline.registry.cosines import N_BEST, Doubles, Floats
from voc_pipeline.registry.edits import ACTIONS, Conflict, Replayed, Standing, apply, child_id, in_force, replay, undone

__all__ = [
    "ACTIONS",
    "BIRTH_SPREADS",
    "CLAIM_SPREADS",
    "NEARER",
    "N_BEST",
    "PREFIX",
    "REPEAT_RATIO",
    "Claim",
    "Conflict",
    "Doubles",
    "Embed",
    "Floats",
    "Replayed",
    "Snapshot",
    "Standing",
    "above_chance",
    "apply",
    "child_id",
    "claim",
    "claim_level",
    "claims_for",
    "freeze",
    "in_force",
    "register",
    "replay",
    "undone",
]
