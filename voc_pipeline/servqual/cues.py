"""What an irritant's mentions point to: shares of Servqual cues with intervals, and the gap that they and all other evidence make."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from voc_pipeline.intervals import LEVEL, Floats, Ints, customer_codes
from voc_pipeline.schema import Dimension, Gap, GapReading, Interval, Telling
from voc_pipeline.servqual.deciding import Grounds, decide
from voc_pipeline.wording import REFUTING_QUESTIONS

CONFIRMED_FROM = 20
"""Verbatims with a gap cue from which a reading is confirmed; below, confidence is halved."""

READABLE_FROM = 3
"""Verbatims with a gap cue below which no gap is read at all."""

REPLICATES = 1000
N_EVIDENCE = 12
SEED = 13


NOTHING = Grounds()


def read_gap(irritant_id: str, tellings: Sequence[Telling], customers: Mapping[str, str], grounds: Grounds = NOTHING) -> GapReading:
    """What the mentions of an irritant, and what is known besides, say about the provider's gap.

    Each verbatim gives the probability of its cue to that gap and shares the rest among the other three; one pseudo-mention, of any gap
    alike, stands for what was not said. Shares are therefore posterior shares, and three mentions that agree are no certainty. Their intervals come
    from a Bayesian bootstrap over customers, the pseudo-mention among them. `deciding` says how a gap and a confidence follow; confidence is halved under
    20 verbatims, unless the owner confirmed the gap.

    Args:
        irritant_id: The irritant; tellings of others are left aside.
        tellings: In any order; several of one verbatim are folded into the surest.
        customers: Verbatim id to customer (or respondent); a verbatim that is absent or has "" is a customer of its own.
        grounds: Dispersion, documents and the owner's word; by default none, and text alone decides.

    Returns:
        The reading; `gap` is None under 3 verbatims with a cue. `n` counts verbatims with a cue, `dimensions` those that have one.

    Source: Rubin (1981), "The Bayesian bootstrap"; Parasuraman, Zeithaml and Berry (1985), "A conceptual model of service quality".
    """
    told = _folded(telling for telling in tellings if telling.irritant_id == irritant_id)
    cued = [telling for telling in told if telling.gap_cue is not None]
    spread = np.array([[_belief(telling, gap) for gap in Gap] for telling in cued]).reshape(-1, len(Gap))
    draws = _replicates(spread, _clusters(cued, customers), irritant_id)
    gap_intervals = dict(zip(map(int, Gap), _intervals(spread, draws), strict=True))

    placed = [telling for telling in told if telling.dimension is not None]
    marks = np.array([[float(telling.dimension is dimension) for dimension in Dimension] for telling in placed]).reshape(-1, len(Dimension))
    dimension_intervals = dict(
        zip(map(str, Dimension), _intervals(marks, _replicates(marks, _clusters(placed, customers), irritant_id)), strict=True)
    )

    if len(cued) < READABLE_FROM and grounds.confirmed is None:
        return GapReading(irritant_id, None, None, 0.0, gap_intervals, dimension_intervals, len(cued), False, (), {})
    decided = decide(gap_intervals, draws, grounds)
    confirmed = len(cued) >= CONFIRMED_FROM
    return GapReading(
        irritant_id=irritant_id,
        gap=decided.gap,
        alternative=decided.alternative,
        confidence=round(decided.confidence if confirmed or grounds.owned else decided.confidence / 2, 6),
        shares=gap_intervals,
        dimensions=dimension_intervals,
        n=len(cued),
        confirmed=confirmed,
        evidence=_evidence([telling for telling in cued if telling.gap_cue is decided.gap], customers),
        refuting_question=dict(REFUTING_QUESTIONS[decided.gap]),
        ceiling=decided.ceiling,
        grounds=decided.grounds,
    )


def _folded(tellings: Iterable[Telling]) -> list[Telling]:
    """One telling per verbatim, sorted by verbatim: the surest cue, then the best score, then the first place."""
    best: dict[str, Telling] = {}
    for telling in sorted(tellings, key=lambda t: (t.gap_cue is None, -t.p_gap_cue, -t.score, t.position, t.gap_cue or 0, t.dimension or "")):
        best.setdefault(telling.verbatim_id, telling)
    return [best[verbatim_id] for verbatim_id in sorted(best)]


def _belief(telling: Telling, gap: Gap) -> float:
    """Probability a telling gives to a gap; its own cue never gets less than an even split."""
    own = min(1.0, max(1 / len(Gap), telling.p_gap_cue))
    return own if telling.gap_cue is gap else (1 - own) / (len(Gap) - 1)


def _clusters(tellings: Sequence[Telling], customers: Mapping[str, str]) -> Ints:
    ids = [telling.verbatim_id for telling in tellings]
    return customer_codes([customers.get(verbatim_id, "") for verbatim_id in ids], ids)


def _replicates(rows: Floats, clusters: Ints, irritant_id: str) -> Floats:
    """Shares under random weights of customers and of one pseudo-mention, Dirichlet (1/k, ..., 1/k). *Shape:* (replicates, k)."""
    random = np.random.default_rng([SEED, zlib.crc32(irritant_id.encode())])
    n_clusters, n_categories = int(clusters.max(initial=-1)) + 1, rows.shape[1]
    sums = np.zeros((n_clusters, n_categories))
    np.add.at(sums, clusters, rows)
    weighted = random.standard_gamma(1 / n_categories, (REPLICATES, n_categories)) + random.standard_exponential((REPLICATES, n_clusters)) @ sums
    shares: Floats = weighted / weighted.sum(axis=1, keepdims=True)
    return shares


def _intervals(rows: Floats, draws: Floats) -> list[Interval]:
    values = (rows.sum(axis=0) + 1 / rows.shape[1]) / (len(rows) + 1)
    if not len(rows):
        return [Interval(0.0, 0.0, 1.0, 0)] * rows.shape[1]
    lows, highs = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [
        Interval(round(float(value), 6), round(float(min(low, value)), 6), round(float(max(high, value)), 6), len(rows))
        for value, low, high in zip(values, lows, highs, strict=True)
    ]


def _evidence(tellings: Sequence[Telling], customers: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Quotes, most typical first: near the irritant's heart and sure of their cue; a customer's second quote comes after everyone's first."""
    typical = sorted(tellings, key=lambda telling: (-round(telling.score * telling.p_gap_cue, 9), telling.verbatim_id, telling.position))
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for telling in typical:
        customer = customers.get(telling.verbatim_id, "")
        turns.append(seen[customer] if customer else 0)
        seen[customer] += 1
    order = sorted(range(len(typical)), key=lambda place: (turns[place], place))
    return tuple((typical[place].verbatim_id, typical[place].position) for place in order[:N_EVIDENCE])
