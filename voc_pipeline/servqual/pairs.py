"""Gap 5, where a survey asks what was expected and what was perceived in pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from voc_pipeline.intervals import Floats, Ints, customer_codes, mean
from voc_pipeline.schema import Dimension, Metric


class PairedScore(Protocol):
    """One number a respondent gave, as the store keeps it: `expectation.<dimension>`, `perception.<dimension>` or `weight.<dimension>`."""

    @property
    def source(self) -> str: ...  # noqa: D102  the class says what the five are
    @property
    def respondent_hash(self) -> str: ...  # noqa: D102  idem
    @property
    def customer_hash(self) -> str: ...  # noqa: D102  idem
    @property
    def date(self) -> datetime | None: ...  # noqa: D102  idem
    @property
    def name(self) -> str: ...  # noqa: D102  idem
    @property
    def value(self) -> float: ...  # noqa: D102  idem


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
