"""Servqual: the provider's gap an irritant's mentions point to, with evidence and capped confidence; gap 5 where a survey has pairs; who owns it."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from voc_pipeline.config import OwnerRule
from voc_pipeline.intervals import LEVEL, Floats, Ints, customer_codes, mean
from voc_pipeline.keywords import found
from voc_pipeline.schema import Dimension, Gap, GapReading, Interval, Metric, Stage, Telling
from voc_pipeline.wording import REFUTING_QUESTIONS

CEILINGS: Mapping[Gap, float] = {Gap.KNOWLEDGE: 0.5, Gap.SPECIFICATION: 0.5, Gap.DELIVERY: 0.7, Gap.COMMUNICATION: 0.8}
"""Highest confidence that text alone can carry (codebook 3.3)."""

CONFIRMED_FROM = 20
"""Verbatims with a gap cue from which a reading is confirmed; below, confidence is halved."""

READABLE_FROM = 3
"""Verbatims with a gap cue below which no gap is read at all."""

TREE = (Gap.COMMUNICATION, Gap.DELIVERY, Gap.SPECIFICATION, Gap.KNOWLEDGE)
"""Order in which the codebook's tree asks for a gap: the first of equals wins."""

UNSETTLED_CEILING = 0.5
REPLICATES = 1000
N_EVIDENCE = 12
SEED = 13


def read_gap(irritant_id: str, tellings: Sequence[Telling], customers: Mapping[str, str]) -> GapReading:
    """What the mentions of an irritant say about the provider's gap.

    Each verbatim gives the probability of its cue to that gap and shares the rest among the other three; one pseudo-mention, of any gap
    alike, stands for what was not said. Shares are therefore posterior shares, and three mentions that agree are no certainty. Their intervals come
    from a Bayesian bootstrap over customers, the pseudo-mention among them. Confidence is the share of the leading gap, never above what text
    alone can carry (`CEILINGS`), never above 0.5 while another gap leads in 5 % of the replicates or more, and halved under 20 verbatims.

    Args:
        irritant_id: The irritant; tellings of others are left aside.
        tellings: In any order; several of one verbatim are folded into the surest.
        customers: Verbatim id to customer (or respondent); a verbatim that is absent or has "" is a customer of its own.

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

    if len(cued) < READABLE_FROM:
        return GapReading(irritant_id, None, None, 0.0, gap_intervals, dimension_intervals, len(cued), False, (), {})
    ranked = sorted(TREE, key=lambda gap: -gap_intervals[gap].value)  # stable: the first of equals in the tree's order
    gap, runner_up = ranked[0], ranked[1]
    lead = float(np.mean(draws[:, gap - 1] > np.delete(draws, gap - 1, axis=1).max(axis=1)))
    settled = lead >= LEVEL
    confidence = min(gap_intervals[gap].value, CEILINGS[gap], 1.0 if settled else UNSETTLED_CEILING)
    confirmed = len(cued) >= CONFIRMED_FROM
    return GapReading(
        irritant_id=irritant_id,
        gap=gap,
        alternative=None if settled else runner_up,
        confidence=round(confidence if confirmed else confidence / 2, 6),
        shares=gap_intervals,
        dimensions=dimension_intervals,
        n=len(cued),
        confirmed=confirmed,
        evidence=_evidence([telling for telling in cued if telling.gap_cue is gap], customers),
        refuting_question=dict(REFUTING_QUESTIONS[gap]),
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


# ---------------------------------------------------------------- gap 5


class PairedScore(Protocol):
    """One number a respondent gave, as the store keeps it: `expectation.<dimension>`, `perception.<dimension>` or `weight.<dimension>`."""

    @property
    def source(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def respondent_hash(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def customer_hash(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def date(self) -> datetime | None: ...  # noqa: D102  # a field, named by what it is
    @property
    def name(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def value(self) -> float: ...  # noqa: D102  # a field, named by what it is


def gap5(rows: Iterable[PairedScore]) -> list[Metric]:
    """Gap 5 of each Servqual dimension, from respondents who rated both what they expect and what they perceived.

    P and E are given apart, each with its interval, since their difference is less reliable than either and has a ceiling where expectations
    are at the top. The total is the mean over respondents with every pair asked for: weighted by the respondent's own points where the survey
    asks for them (respondents without points are then left out), else plain. All ratings are taken to be on one scale.

    Args:
        rows: Scores in any order; other names are left aside. A respondent's repeated score counts by its latest date, then its highest value.

    Returns:
        Metrics of scope `dimension`: `expectation`, `perception`, `gap5` (P - E) for each dimension, n = respondents with the pair; `gap5` of
        `total`, whose detail says `weighted` and gives the unweighted total beside. Nothing where there is no pair: that is a perceived
        shortfall, not gap 5.

    Source: Parasuraman, Zeithaml and Berry (1988), "SERVQUAL"; Cronin and Taylor (1992) on P alone.
    """
    answers: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    customers: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda r: (r.source, r.respondent_hash, r.name, r.date.isoformat() if r.date else "", r.value, r.customer_hash)):
        if row.name.partition(".")[0] in {"expectation", "perception", "weight"}:
            answers[row.source, row.respondent_hash][row.name] = row.value
            customers[row.source, row.respondent_hash] = customers.get((row.source, row.respondent_hash)) or row.customer_hash
    respondents = list(answers)
    asked = [d for d in Dimension if any({f"expectation.{d}", f"perception.{d}"} <= answers[r].keys() for r in respondents)]
    metrics: list[Metric] = []
    for dimension in asked:
        names = (f"expectation.{dimension}", f"perception.{dimension}")
        paired = [r for r in respondents if all(name in answers[r] for name in names)]
        pairs = np.array([[answers[r][name] for name in names] for r in paired])
        clusters = _respondent_codes(paired, customers)
        metrics += [
            _metric(dimension, "expectation", pairs[:, 0], clusters, {}),
            _metric(dimension, "perception", pairs[:, 1], clusters, {}),
            _metric(
                dimension,
                "gap5",
                pairs[:, 1] - pairs[:, 0],
                clusters,
                {"share_below_expectation": round(float(np.mean(pairs[:, 1] < pairs[:, 0])), 6)},
            ),
        ]
    complete = [r for r in respondents if all({f"expectation.{d}", f"perception.{d}"} <= answers[r].keys() for d in asked)] if asked else []
    if complete:
        metrics.append(_total(complete, answers, asked, customers))
    return metrics


def _total(
    complete: list[tuple[str, str]],
    answers: Mapping[tuple[str, str], Mapping[str, float]],
    asked: Sequence[Dimension],
    customers: Mapping[tuple[str, str], str],
) -> Metric:
    gaps = np.array([[answers[r][f"perception.{d}"] - answers[r][f"expectation.{d}"] for d in asked] for r in complete])
    points = np.array([[max(0.0, answers[r].get(f"weight.{d}", 0.0)) for d in asked] for r in complete])
    given = points.sum(axis=1) > 0
    detail: dict[str, object] = {"weighted": bool(given.any()), "unweighted": round(float(gaps.mean()), 6), "dimensions": [str(d) for d in asked]}
    if not given.any():
        return _metric("total", "gap5", gaps.mean(axis=1), _respondent_codes(complete, customers), detail)
    weights = points[given] / points[given].sum(axis=1, keepdims=True)
    detail["weights"] = {str(d): round(float(w), 6) for d, w in zip(asked, weights.mean(axis=0), strict=True)}
    weighing = [r for r, gave in zip(complete, given, strict=True) if gave]
    return _metric("total", "gap5", (weights * gaps[given]).sum(axis=1), _respondent_codes(weighing, customers), detail)


def _respondent_codes(respondents: Sequence[tuple[str, str]], customers: Mapping[tuple[str, str], str]) -> Ints:
    return customer_codes([customers[r] for r in respondents], ["|".join(r) for r in respondents])


def _metric(key: str, name: str, values: Floats, clusters: Ints, detail: Mapping[str, object]) -> Metric:
    estimate = mean(values, clusters)
    value, low, high = (round(float(figure[0]), 6) for figure in (estimate.value, estimate.low, estimate.high))
    known = np.isfinite(low)
    return Metric("dimension", str(key), name, value, low if known else None, high if known else None, estimate.n, detail)


# ---------------------------------------------------------------- who owns it


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of ownership look at. `stage` is the default one, which the company's own stage maps to; `words` the labels and keywords."""

    stage: Stage
    dimension: Dimension | None = None
    gap: Gap | None = None
    theme: str = ""
    words: tuple[str, ...] = ()


def owner(facts: Facts, rules: Sequence[OwnerRule]) -> str:
    """The department that owns an irritant: that of the first rule whose every list holds its fact; an empty list holds everything.

    Args:
        facts: What is known of the irritant.
        rules: In order of precedence. A keyword is sought as whole words in any of `facts.words`; one that ends in `*` by its beginning.

    Returns:
        The department, or "" where no rule matches.
    """
    for rule in rules:
        if (
            (not rule.stages or facts.stage in rule.stages)
            and (not rule.dimensions or facts.dimension in rule.dimensions)
            and (not rule.gaps or facts.gap in rule.gaps)
            and (not rule.themes or facts.theme in rule.themes)
            and (not rule.keywords or any(found(rule.keywords, words) for words in facts.words))
        ):
            return rule.department
    return ""
