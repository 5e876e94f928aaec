"""Whether an irritant is everywhere alike or sits with some sites, agents or channels: the first suggests the rule (gap 2), the second its delivery (gap 3).

The units of an attribute (a region, a queue, a channel) are compared by the irritant's share of their verbatims, within each source, since a chat tells more
than an answer of a survey: a unit is expected to tell what others of its sources do. T is the chi-square of what units tell against that. What chance makes of
T is found by giving each customer's verbatims the units of another customer with as many in each source, so that a customer who writes ten times, or always
from one place, counts as one voice; customers whom nobody can stand in for are left out. T then follows a scaled chi-square with the mean and variance found so (Satterthwaite), noncentral where units
differ; the effect is the relative spread of shares: 0 where all units are alike, 0.5 where they lie typically half the overall share away from it.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from voc_pipeline.intervals import LEVEL, Floats, Ints, customer_codes, q_values
from voc_pipeline.schema import Interval, Telling, Voice

LEAST_UNIT = 30
"""Verbatims a unit needs to be compared; smaller ones are left out."""
LEAST_TOLD = 20
"""Verbatims that tell an irritant, over the units compared, below which nothing is said."""
MOST_UNITS = 200
"""Units of one attribute at most; an attribute with more names something else."""
PERMUTATIONS = 999
Q_VALUE = 0.10
"""Share of false findings among those called concentrated, over all irritants and attributes."""
SMALL = 1 / 3
"""Relative spread below which units count as alike: typically within a third of the overall share. Uniform is said only where the whole interval lies below."""
Smalls = NDArray[np.int16]
CHANNEL = "channel"
SEED = 29


class Spread(StrEnum):
    """What a test of dispersion says."""

    UNIFORM = "uniform"
    CONCENTRATED = "concentrated"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How an irritant spreads over the units of one attribute.

    Attributes:
        attribute: `channel`, or an attribute of the sources.
        effect: Relative spread of the units' shares beyond chance, with its interval; n counts verbatims that tell the irritant there.
        p_value, q_value: Of no difference between units; q over all irritants and attributes.
        verdict: `unclear` where the interval holds both a small spread and a large one.
        units: (unit, verbatims that tell it, verbatims, how many would tell it by chance), the most beyond chance first.
        above: Of a concentrated one, the units that tell it clearly more than chance makes them, most tellings first: those where at least as many tellings
            came of so few deals that the false among them are expected to be a tenth at most.
    """

    irritant_id: str
    attribute: str
    effect: Interval
    p_value: float
    q_value: float
    verdict: Spread
    units: tuple[tuple[str, int, int, float], ...]
    above: tuple[str, ...] = ()

    def most_above(self) -> list[tuple[str, int, int, float]]:
        """The rows of `units` that are clearly above, most tellings first."""
        rows = {unit[0]: unit for unit in self.units}
        return [rows[name] for name in self.above]


def dispersions(voices: Sequence[Voice], tellings: Sequence[Telling], attributes: Sequence[str] = ()) -> list[Dispersion]:
    """Tests every irritant over the units of each attribute.

    Args:
        voices: The base.
        tellings: Irritants told in it, one telling a verbatim.
        attributes: Which to test, `channel` among them; by default it and every attribute the verbatims have.

    Returns:
        One test an irritant and attribute that carry one, sorted; none where fewer than two units have 30 verbatims, or fewer than 20 tell it,
        or where each unit has a source of its own.

    Source: Rao and Scott (1981), "The analysis of categorical data from complex sample surveys" (scaled chi-square); Smithson (2003), "Confidence intervals"
    (inverted noncentral chi-square); Benjamini and Hochberg (1995).
    """
    ordered = sorted(voices, key=lambda voice: voice.verbatim_id)
    told: dict[str, set[str]] = {}
    for telling in tellings:
        told.setdefault(telling.irritant_id, set()).add(telling.verbatim_id)
    found: list[Dispersion] = []
    for attribute in attributes or (CHANNEL, *sorted({name for voice in ordered for name in voice.attributes})):
        found += _over(attribute, ordered, told)
    q = q_values([one.p_value for one in found])
    judged = (replace(one, q_value=round(float(value or 0.0), 6)) for one, value in zip(found, q, strict=True))
    return sorted(map(_concluded, judged), key=lambda one: (one.irritant_id, one.attribute))


def _concluded(one: Dispersion) -> Dispersion:
    verdict = _verdict(one)
    return replace(one, verdict=verdict, above=one.above if verdict is Spread.CONCENTRATED else ())


def _verdict(one: Dispersion) -> Spread:
    if one.effect.high <= SMALL:
        return Spread.UNIFORM
    return Spread.CONCENTRATED if one.q_value <= Q_VALUE and one.effect.value >= SMALL else Spread.UNCLEAR


def _over(attribute: str, voices: Sequence[Voice], told: Mapping[str, set[str]]) -> list[Dispersion]:
    """Tests of one attribute."""
    unit_of = {v.verbatim_id: v.channel if attribute == CHANNEL else v.attributes.get(attribute, "") for v in voices}
    sizes = Counter(unit for unit in unit_of.values() if unit)
    units = {name: code for code, name in enumerate(sorted(name for name, size in sizes.items() if size >= LEAST_UNIT))}
    if not 2 <= len(units) <= MOST_UNITS:
        return []
    base = [voice for voice in voices if unit_of[voice.verbatim_id] in units]
    hands = _hands(base)
    codes = np.array([units[unit_of[voice.verbatim_id]] for voice in base])
    expected = _expected(hands, codes, len(units))
    kept = np.zeros(len(base), dtype=bool)
    kept[[row for hand in hands for row in hand.rows.ravel()]] = True
    place = {voice.verbatim_id: row for row, voice in enumerate(base) if kept[row]}
    rows = {key: np.array(sorted(place[one] for one in ids if one in place), dtype=np.int64) for key, ids in sorted(told.items())}
    rows = {key: own for key, own in rows.items() if len(own) >= LEAST_TOLD}
    if not rows:
        return []
    dealt = _dealt(hands, codes, attribute)
    per_unit = np.bincount(codes, minlength=len(units))
    tested = (_tested(key, attribute, own, codes, dealt, expected, per_unit, list(units)) for key, own in rows.items())
    return [one for one in tested if one is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Hand:
    """Customers who can stand in for one another: as many verbatims of each source.

    Attributes:
        rows: Of each customer, in the order of the sources. *Shape:* (n_customers, n_verbatims).
        blocks: First and last place, exclusive, of each source's verbatims.
    """

    rows: Ints
    blocks: tuple[tuple[int, int], ...]


def _hands(base: Sequence[Voice]) -> list[_Hand]:
    """Groups of two customers at least who can stand in for one another; those without their like are in none."""
    clusters = customer_codes([voice.customer or voice.respondent for voice in base], [voice.verbatim_id for voice in base])
    by_customer: dict[int, list[int]] = defaultdict(list)
    for row in sorted(range(len(base)), key=lambda row: (clusters[row], base[row].source, base[row].verbatim_id)):
        by_customer[int(clusters[row])].append(row)
    alike: dict[tuple[tuple[str, int], ...], list[list[int]]] = defaultdict(list)
    for rows in by_customer.values():
        alike[tuple(sorted(Counter(base[row].source for row in rows).items()))].append(rows)
    hands = []
    for profile, group in sorted(alike.items()):
        if len(group) > 1:
            ends = list(accumulate(n for _, n in profile))
            hands.append(_Hand(np.array(group), tuple(zip([0, *ends], ends, strict=False))))
    return hands


def _expected(hands: Sequence[_Hand], codes: Ints, n_units: int) -> Floats:
    """Chance of each unit for each verbatim, were customers dealt anew. *Shape:* (n, n_units)."""
    chances = np.zeros((len(codes), n_units))
    for hand in hands:
        for first, last in hand.blocks:
            block = hand.rows[:, first:last]
            chances[block] = np.bincount(codes[block].ravel(), minlength=n_units) / block.size
    return chances


def _dealt(hands: Sequence[_Hand], codes: Ints, attribute: str) -> Smalls:
    """Units dealt anew: whole customers change places with others of their like. *Shape:* (permutations, n)."""
    random = np.random.default_rng([SEED, zlib.crc32(attribute.encode())])
    dealt = np.tile(codes.astype(np.int16), (PERMUTATIONS, 1))
    for hand in hands:
        bundles = codes[hand.rows].astype(np.int16)
        new = bundles[random.permuted(np.tile(np.arange(len(bundles)), (PERMUTATIONS, 1)), axis=1)]
        for first, last in hand.blocks:
            block = new[:, :, first:last]
            dealt[:, hand.rows[:, first:last]] = random.permuted(block, axis=2) if last - first > 1 else block
    return dealt


def _tested(
    irritant_id: str, attribute: str, rows: Ints, codes: Ints, dealt: Smalls, chances: Floats, per_unit: Ints, names: Sequence[str]
) -> Dispersion | None:
    n_units, n_told = len(names), len(rows)
    expected = np.maximum(chances[rows].sum(axis=0), np.finfo(float).tiny)
    counts = np.bincount(codes[rows], minlength=n_units)
    observed = float(((counts - expected) ** 2 / expected).sum())
    places = dealt[:, rows].astype(np.int64) + np.arange(PERMUTATIONS)[:, None] * n_units
    by_chance = np.bincount(places.ravel(), minlength=PERMUTATIONS * n_units).reshape(PERMUTATIONS, n_units)
    statistics = ((by_chance - expected) ** 2 / expected).sum(axis=1)
    if statistics.var() <= 1e-12:  # every deal gives the same, as where each unit is a source of its own
        return None
    effect, p_value = _effect(observed, statistics, n_told)
    listed = sorted(zip(names, map(int, counts), map(int, per_unit), expected, strict=True), key=lambda unit: (-unit[1] / unit[3], unit[0]))
    units = tuple((*unit[:3], round(float(unit[3]), 2)) for unit in listed)
    return Dispersion(irritant_id, attribute, effect, p_value, 1.0, Spread.UNCLEAR, units, _above(counts, by_chance, names))


def _above(counts: Ints, by_chance: Ints, names: Sequence[str]) -> tuple[str, ...]:
    """Units that tell it clearly more than chance, which deals whole customers; corrected for as many units."""
    chances = (1 + (by_chance >= counts).sum(axis=0)) / (1 + PERMUTATIONS)
    clear = [place for place, q in enumerate(q_values(chances.tolist())) if q is not None and q <= Q_VALUE]
    return tuple(names[place] for place in sorted(clear, key=lambda place: (-counts[place], names[place])))


def _effect(observed: float, statistics: Floats, n_told: int) -> tuple[Interval, float]:
    """Relative spread with its interval, and the p-value of none."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    mean, variance = float(statistics.mean()), float(statistics.var(ddof=1))
    scale, freedom = variance / (2 * mean), 2 * mean**2 / variance
    x, tail = observed / scale, (1 - LEVEL) / 2

    def beyond(x: float, chance: float) -> float:
        """Noncentrality under which a value as low as x has that chance."""
        if chi2.cdf(x, freedom) <= chance:
            return 0.0
        return float(brentq(lambda shift: float(ncx2.cdf(x, freedom, shift)) - chance, 1e-9, 4 * x + 200.0))

    # units that happen to be more alike than chance makes them prove no more than those that are as alike as it does
    ends_at = (beyond(x, 1 - tail), beyond(max(x, freedom), tail))
    low, high = (float(np.sqrt(shift * scale / n_told)) for shift in ends_at)
    value = float(np.sqrt(max(0.0, observed - mean) / n_told))
    ends = Interval(round(value, 6), round(min(low, value), 6), round(max(high, value), 6), n_told)
    return ends, round(float(chi2.sf(x, freedom)), 6)
