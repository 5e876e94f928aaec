"""From evidence to a gap (codebook 3.3): cues of the text, dispersion over units, the company's documents, the owner's word.

The rule. Cues give each gap a posterior share. Evidence multiplies them, and the largest product leads:

    promise        confirmed: gap 4 x 8      proposed: gap 4 x 2      none near: gap 4 / 1.5    all refused: gap 4 / 4
    standard       confirmed: gap 3 x 8      proposed: gap 3 x 2      none near: gap 2 x 1.5    all refused: gap 2 x 4
    priority       confirmed: gap 1 / 8      proposed: gap 1 / 2      none near: gap 1 x 1.5    all refused: gap 1 x 4
    a person       confirmed a gap: that gap x 8
    dispersion     concentrated: 3 against 2 x 2      uniform: 2 against 3 x 2; what 2 and 3 hold together stays

A register that the company does not keep says nothing, nor does one whose nearest entry is neither near enough to propose nor far enough to be absent.
A gap that a person confirmed is that gap; else a promise that a person confirmed makes it gap 4; else a standard that a person confirmed makes it gap 3. The confidence is the share so weighed, never above
what text alone can carry (`CEILINGS`), or .9 where a person's answer on a document supports the gap, or a person's word on the gap itself; never above .5
while another gap leads in 5 % of the replicates or more. It is 1 only where who confirmed the gap is its owner, or declared to speak for them. Without registers and where dispersion cannot tell, the
cues' reading stands unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from voc_pipeline.intervals import LEVEL, Floats
from voc_pipeline.registers import Entry, Register
from voc_pipeline.schema import Gap, Ground, Interval, Match, MatchState
from voc_pipeline.servqual.dispersion import Dispersion, Spread

CEILINGS: Mapping[Gap, float] = {Gap.KNOWLEDGE: 0.5, Gap.SPECIFICATION: 0.5, Gap.DELIVERY: 0.7, Gap.COMMUNICATION: 0.8}
"""Highest confidence that text alone can carry (codebook 3.3)."""
DOCUMENTED_CEILING, UNSETTLED_CEILING = 0.9, 0.5

TREE = (Gap.COMMUNICATION, Gap.DELIVERY, Gap.SPECIFICATION, Gap.KNOWLEDGE)
"""Order in which the codebook's tree asks for a gap: the first of equals wins."""


class Finding(StrEnum):
    """What a register says of an irritant."""

    UNDECLARED = "undeclared"
    UNCLEAR = "unclear"
    CONFIRMED = "confirmed"
    PROPOSED = "proposed"
    ABSENT = "absent"
    REFUSED = "refused"


WEIGHTS: Mapping[tuple[Register, Finding], tuple[Gap, float]] = {
    (Register.PROMISES, Finding.CONFIRMED): (Gap.COMMUNICATION, 8.0),
    (Register.PROMISES, Finding.PROPOSED): (Gap.COMMUNICATION, 2.0),
    (Register.PROMISES, Finding.ABSENT): (Gap.COMMUNICATION, 1 / 1.5),
    (Register.PROMISES, Finding.REFUSED): (Gap.COMMUNICATION, 1 / 4),
    (Register.STANDARDS, Finding.CONFIRMED): (Gap.DELIVERY, 8.0),
    (Register.STANDARDS, Finding.PROPOSED): (Gap.DELIVERY, 2.0),
    (Register.STANDARDS, Finding.ABSENT): (Gap.SPECIFICATION, 1.5),
    (Register.STANDARDS, Finding.REFUSED): (Gap.SPECIFICATION, 4.0),
    (Register.PRIORITIES, Finding.CONFIRMED): (Gap.KNOWLEDGE, 1 / 8),
    (Register.PRIORITIES, Finding.PROPOSED): (Gap.KNOWLEDGE, 1 / 2),
    (Register.PRIORITIES, Finding.ABSENT): (Gap.KNOWLEDGE, 1.5),
    (Register.PRIORITIES, Finding.REFUSED): (Gap.KNOWLEDGE, 4.0),
}
"""By what a register says: the gap whose share it multiplies, and by how much."""
DISPERSION_WEIGHT = 2.0
PERSON_WEIGHT = 8.0
"""By how much a person's word multiplies the share of the gap they confirmed: as much as a confirmed document."""
DECISIVE = ((Register.PROMISES, Gap.COMMUNICATION), (Register.STANDARDS, Gap.DELIVERY))
"""Registers whose confirmed match decides, the first that has one."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A gap that a person confirmed, and the owner they spoke for; "" where they spoke for themselves."""

    gap: Gap
    author: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is known of an irritant besides its words.

    Attributes:
        spreads: Its dispersion over each attribute.
        matches: With entries of the registers, whatever their state.
        declared: Registers that the company keeps, and that the irritant was compared with.
        entries: Entries by id.
        confirmed: The gap that a person confirmed; None where nobody has.
    """

    spreads: tuple[Dispersion, ...] = ()
    matches: tuple[Match, ...] = ()
    declared: tuple[Register, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    confirmed: Confirmation | None = None

    @property
    def owned(self) -> bool:
        """Whether its owner confirmed the gap."""
        return self.confirmed is not None and bool(self.confirmed.owner)


@dataclass(frozen=True, slots=True)
class Decided:
    """A gap, the second possible one, the confidence with its ceiling, and the grounds in order of telling."""

    gap: Gap
    alternative: Gap | None
    confidence: float
    ceiling: float
    grounds: tuple[Ground, ...]


def finding(register: Register, grounds: Grounds) -> Finding:
    """What one register says: the best state of its matches; absent only where the company keeps it and no entry comes near."""
    if register not in grounds.declared:
        return Finding.UNDECLARED
    states = {match.state for match in grounds.matches if match.register == register}
    told = {
        MatchState.CONFIRMED: Finding.CONFIRMED,
        MatchState.PROPOSED: Finding.PROPOSED,
        MatchState.NEAR: Finding.UNCLEAR,
        MatchState.REFUSED: Finding.REFUSED,
    }
    return next((found for state, found in told.items() if state in states), Finding.ABSENT)


def decide(shares: Mapping[int, Interval], draws: Floats, grounds: Grounds) -> Decided:
    """The gap that the evidence points to, by the rule at the head of this module.

    Args:
        shares: Posterior share of cues of each gap.
        draws: Replicates of those shares, columns in the order of `Gap`. *Shape:* (replicates, 4).
        grounds: What is known besides.
    """
    findings = {register: finding(register, grounds) for register in Register}
    spread, word = _spread(grounds.spreads), grounds.confirmed
    values = _weighed(np.array([[shares[int(gap)].value for gap in Gap]]), findings, spread, word)[0]
    replicates = _weighed(draws, findings, spread, word)
    ranked = sorted(TREE, key=lambda gap: -values[gap - 1])  # stable: the first of equals in the tree's order
    gap = next((to for register, to in DECISIVE if findings[register] is Finding.CONFIRMED), ranked[0])
    told = tuple(_told(shares, findings, grounds))
    if word is not None and word.owner:
        return Decided(word.gap, None, 1.0, 1.0, told)
    gap = word.gap if word is not None else gap
    others = [other for other in ranked if other is not gap]
    settled = float(np.mean(replicates[:, gap - 1] > np.delete(replicates, gap - 1, axis=1).max(axis=1))) >= LEVEL
    ceiling = DOCUMENTED_CEILING if word is not None or _documented(gap, findings) else CEILINGS[gap]
    confidence = min(float(values[gap - 1]), ceiling, 1.0 if settled else UNSETTLED_CEILING)
    return Decided(gap, None if settled else others[0], confidence, ceiling, told)


def _weighed(shares: Floats, findings: Mapping[Register, Finding], spread: Spread, word: Confirmation | None) -> Floats:
    """Shares under the evidence, each row adding up to one; the same numbers where there is none. *Shape:* (rows, 4)."""
    weights = np.ones(len(Gap))
    for key, (gap, weight) in WEIGHTS.items():
        if findings[key[0]] is key[1]:
            weights[gap - 1] *= weight
    if word is not None:
        weights[word.gap - 1] *= PERSON_WEIGHT
    weighed: Floats = shares
    if (weights != 1).any():
        weighed = shares * weights
        weighed = weighed / np.maximum(weighed.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    if spread is not Spread.UNCLEAR:
        tilt = DISPERSION_WEIGHT if spread is Spread.CONCENTRATED else 1 / DISPERSION_WEIGHT
        both = weighed[:, Gap.SPECIFICATION - 1] + weighed[:, Gap.DELIVERY - 1]
        tilted = weighed[:, Gap.DELIVERY - 1] * tilt
        delivery = both * tilted / np.maximum(tilted + weighed[:, Gap.SPECIFICATION - 1], np.finfo(float).tiny)
        weighed = weighed.copy()
        weighed[:, Gap.DELIVERY - 1], weighed[:, Gap.SPECIFICATION - 1] = delivery, both - delivery
    return weighed


def _spread(spreads: Sequence[Dispersion]) -> Spread:
    """What the attributes say together: concentrated over any, else uniform over one at least and unlike over none."""
    verdicts = {one.verdict for one in spreads}
    if Spread.CONCENTRATED in verdicts:
        return Spread.CONCENTRATED
    return Spread.UNIFORM if Spread.UNIFORM in verdicts else Spread.UNCLEAR


def _documented(gap: Gap, findings: Mapping[Register, Finding]) -> bool:
    """Whether a person's answer on a document supports a gap."""
    return any(
        findings[register] is found and to is gap and weight > 1
        for (register, found), (to, weight) in WEIGHTS.items()
        if found in (Finding.CONFIRMED, Finding.REFUSED)
    )


def _told(shares: Mapping[int, Interval], findings: Mapping[Register, Finding], grounds: Grounds) -> list[Ground]:
    """The evidence, piece by piece."""
    first = max(TREE, key=lambda gap: shares[int(gap)].value)
    cue = shares[int(first)]
    out = [Ground("cues", first, 1.0, {"value": cue.value, "low": cue.low, "high": cue.high, "n": cue.n})] if cue.n else []
    for one in grounds.spreads:
        supports = {Spread.CONCENTRATED: Gap.DELIVERY, Spread.UNIFORM: Gap.SPECIFICATION}.get(one.verdict)
        said = {name: getattr(one.effect, name) for name in ("value", "low", "high", "n")}
        unit, told, of, expected = one.units[0]
        out.append(
            Ground(
                "spread",
                supports,
                DISPERSION_WEIGHT if supports else 1.0,
                {
                    **said,
                    "attribute": one.attribute,
                    "verdict": str(one.verdict),
                    "q_value": one.q_value,
                    "unit": unit,
                    "told": told,
                    "of": of,
                    "expected": expected,
                    "above": [[name, told, expected] for name, told, _, expected in one.most_above()],
                },
            )
        )
    for register in reversed(Register):  # promises, standards, priorities: the order of the tree
        found = findings[register]
        gap, weight = WEIGHTS.get((register, found), (None, 1.0))
        standing = [match for match in grounds.matches if match.register == register and match.state.stands]
        for place, match in enumerate(sorted(standing, key=lambda one: (one.state is not MatchState.CONFIRMED, -one.score, one.entry_id))):
            entry = grounds.entries[match.entry_id]
            out.append(
                Ground(
                    "entry",
                    gap,
                    weight if place == 0 else 1.0,  # a register weighs once, however many of its entries match
                    {
                        "register": str(register),
                        "id": entry.id,
                        "fr": entry.fr or entry.en,
                        "en": entry.en or entry.fr,
                        "score": match.score,
                        "level": match.level,
                        "state": str(match.state),
                        "author": match.author,
                    },
                )
            )
        if found in (Finding.ABSENT, Finding.REFUSED):
            out.append(Ground("missing", gap, weight, {"register": str(register), "refused": found is Finding.REFUSED}))
    if (word := grounds.confirmed) is not None:
        kind, weight = ("owner", 1.0) if word.owner else ("person", PERSON_WEIGHT)
        out.append(Ground(kind, word.gap, weight, {"author": word.author, "owner": word.owner}))
    return out
