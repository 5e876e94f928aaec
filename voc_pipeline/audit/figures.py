"""What an audit says, as figures of a run: how good the model is, how far people agree, and each share with the model's errors taken out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from voc_pipeline.audit.agreement import GATES, Agreement, interval_of_alpha
from voc_pipeline.audit.scoring import REPLICATES, Range, Table, spread
from voc_pipeline.audit.sheet import FIELDS, NONE
from voc_pipeline.intervals import Floats, Ints, customer_codes, shares
from voc_pipeline.schema import SMALL_BASE, Annotation, Audit, AuditAnswer, Dimension, Gap, Metric, NotValuedCode, Sentiment, Stage

SCOPE = "audit"
"""Scope of these figures. Key: a label such as `sentiment`, or one of its values such as `sentiment=negative`; empty for the sample itself."""
MOST_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Answered:
    """An audit with what people answered.

    Attributes:
        answers: Of one or two people.
        annotations: What the audited model said of the sample, by verbatim id.
        text_keys: Of the sample's texts as they are now: a verbatim whose text has changed is left out.
        customers: Customer of each verbatim of the sample, "" where unknown.
        channels: Channel of each, where known.
    """

    audit: Audit
    answers: Sequence[AuditAnswer]
    annotations: Mapping[str, Annotation]
    text_keys: Mapping[str, str]
    customers: Mapping[str, str]
    channels: Mapping[str, str] = field(default_factory=dict)

    @property
    def people(self) -> list[str]:
        """Who answered, in alphabetical order."""
        return sorted({answer.annotator for answer in self.answers})


@dataclass(frozen=True, slots=True)
class _Label:
    """A label: its marks, what a person gives (None where blank) and what the model gives, each as the marks that apply. `told`: marks with a row of their own."""

    name: str
    marks: tuple[str, ...]
    gold: Callable[[AuditAnswer], Collection[str] | None]
    said: Callable[[Annotation], Collection[str]]
    told: tuple[str, ...]


def _one(field: str, item: Any) -> Collection[str] | None:
    found = getattr(item, field)
    return None if found is None else (str(int(found)) if isinstance(found, Gap) else str(found),)


def _or_none(field: str, item: Any) -> Collection[str]:
    return _one(field, item) or (NONE,)


def _yes(field: str, item: Any) -> Collection[str] | None:
    found = getattr(item, field)
    return None if found is None else ("yes" if found else "no",)


def _yes_said(field: str, item: Any) -> Collection[str]:
    return ("yes" if getattr(item, field) else "no",)


def _labels() -> Iterator[_Label]:
    sentiments, stages, codes = (tuple(map(str, kind)) for kind in (Sentiment, Stage, NotValuedCode))
    dimensions, gaps = (*map(str, Dimension), NONE), (*(str(int(gap)) for gap in Gap), NONE)
    yield _Label("sentiment", sentiments, partial(_one, "sentiment"), partial(_or_none, "sentiment"), sentiments)
    for name in ("not_valued", "valued"):
        yield _Label(name, ("yes", "no"), partial(_yes, name), partial(_yes_said, name), ("yes",))
    yield _Label("code", codes, lambda answer: answer.codes, lambda annotation: annotation.not_valued_codes if annotation.not_valued else (), codes)
    yield _Label("stage", stages, partial(_one, "stage"), partial(_or_none, "stage"), stages)
    yield _Label("dimension", dimensions, partial(_one, "dimension"), partial(_or_none, "dimension"), dimensions)
    yield _Label("gap_cue", gaps, partial(_one, "gap_cue"), partial(_or_none, "gap_cue"), gaps)


LABELS: tuple[_Label, ...] = tuple(_labels())
MARKS: Mapping[str, tuple[str, str]] = {"not_valued": ("not_valued", "yes"), "negative": ("sentiment", str(Sentiment.NEGATIVE))}
"""What is painful: label and mark."""


def audit_figures(
    answered: Answered, model_version: str, annotations: Sequence[Annotation], customers: Mapping[str, str], replicates: int = REPLICATES
) -> list[Metric]:
    """Figures of an audit for a run: the audited one, or a later one.

    Args:
        answered: The audit.
        model_version: Whose answers the run holds. Shares of another version than the audited one are not corrected, and the figures say so.
        annotations: What the model said of the run's verbatims.
        customers: Customer of each of them, "" where unknown.
        replicates: Of each bootstrap; half as many for agreement.

    Returns:
        Metrics of scope `audit`, by label or value: `macro_f1`, `f1` (from 30 positives on), `sensitivity`, `specificity`, `positives`, `agreement` and `alpha`
        (two people only), `raw_share` and `corrected_share`; where the last is refused, `raw_share` tells why in its detail. And `sample`, which describes
        the audit. None where nobody answered.
    """
    if not answered.answers:
        return []
    base = sorted(annotations, key=lambda one: one.verbatim_id)
    clusters = customer_codes([customers.get(one.verbatim_id, "") for one in base], [one.verbatim_id for one in base])
    same = model_version == answered.audit.model_version
    metrics = [_sample(answered, same)]
    for label in LABELS:
        table = _table(answered, label, replicates)
        metrics += _quality(label, table)
        metrics += _agreement(answered, label, replicates // 2)
        metrics += _shares(label, table, base, clusters, same)
    return metrics


# ---------------------------------------------------------------- the sample


def _usable(answered: Answered) -> list[tuple[str, int]]:
    """Verbatims of the sample that can still be scored, with their strata: same text, and an answer of the audited model."""
    return [
        (d.verbatim_id, d.stratum)
        for d in answered.audit.sample
        if answered.text_keys.get(d.verbatim_id) == d.text_key and d.verbatim_id in answered.annotations
    ]


def is_blank(answer: AuditAnswer) -> bool:
    """Whether a person left every cell of a verbatim empty."""
    return all(getattr(answer, field) is None for field in FIELDS)


def _sample(answered: Answered, same: bool) -> Metric:
    audit, usable = answered.audit, _usable(answered)
    kept = {key for key, _ in usable}
    by_person = {name: [a for a in answered.answers if a.annotator == name] for name in answered.people}
    read = {name: {a.verbatim_id for a in found if not is_blank(a)} & kept for name, found in by_person.items()}
    heard = {stratum for key, stratum in usable if any(key in own for own in read.values())}
    missed = sum(stratum.size for place, stratum in enumerate(audit.strata) if place not in heard)
    detail = {
        "id": audit.id,
        "run_id": audit.run_id,
        "model_version": audit.model_version,
        "same_model": same,
        "date": audit.drawn_at.date().isoformat(),
        "seed": audit.seed,
        "population": audit.population,
        "people": answered.people,
        "read": {name: len(own) for name, own in read.items()},
        "read_by_both": len(set.intersection(*read.values())) if len(read) == MOST_PEOPLE else 0,
        "blank_cells": {name: sum(getattr(a, field) is None for a in found for field in FIELDS) for name, found in by_person.items()},
        "changed": len(audit.sample) - len(usable),
        "unheard_share": missed / max(1, audit.population),
    }
    return Metric(SCOPE, "", "sample", float(len(set.union(*read.values()))), n=len(audit.sample), detail=detail)


def table_of(answered: Answered, label: str, mark: str, replicates: int) -> tuple[Table, list[str], int]:
    """Everyone's answers on one label against the model's, the ids of its verbatims, and the place of one mark."""
    own = next(one for one in LABELS if one.name == label)
    table, ids = _rows(answered, own, replicates)
    return table, ids, own.marks.index(mark)


def _table(answered: Answered, label: _Label, replicates: int) -> Table:
    return _rows(answered, label, replicates)[0]


def _rows(answered: Answered, label: _Label, replicates: int) -> tuple[Table, list[str]]:
    """Everyone's answers on one label against the model's; two people who differ count half each. And the verbatims' ids."""
    given: dict[str, list[Collection[str]]] = {}
    for answer in answered.answers:
        gold = label.gold(answer)
        if gold is not None:
            given.setdefault(answer.verbatim_id, []).append(gold)
    rows = [(key, stratum) for key, stratum in _usable(answered) if key in given]
    gold = np.array([[np.mean([mark in said for said in given[key]]) for mark in label.marks] for key, _ in rows], dtype=np.float64)
    said = np.array([_marked(label, label.said(answered.annotations[key])) for key, _ in rows], dtype=bool)
    strata = np.array([stratum for _, stratum in rows], dtype=np.int64)
    sizes = np.array([stratum.size for stratum in answered.audit.strata], dtype=np.int64)
    table = Table(
        gold=gold.reshape(len(rows), len(label.marks)),
        said=said.reshape(len(rows), len(label.marks)),
        weights=spread(sizes, strata),
        strata=strata,
        clusters=customer_codes([answered.customers.get(key, "") for key, _ in rows], [key for key, _ in rows]),
        seed=answered.audit.seed,
        replicates=replicates,
    )
    return table, [key for key, _ in rows]


def _marked(label: _Label, applying: Collection[str]) -> list[bool]:
    return [mark in applying for mark in label.marks]


# ---------------------------------------------------------------- figures


def _figure(key: str, name: str, found: Range, n: float, detail: Mapping[str, object] | None = None) -> Metric:
    return Metric(SCOPE, key, name, round(found.value, 6), round(found.low, 6), round(found.high, 6), int(n), detail or {})


def _quality(label: _Label, table: Table) -> Iterator[Metric]:
    n = len(table.gold)
    if n < SMALL_BASE:
        return
    macro = table.macro_f1()
    if macro is not None:
        yield _figure(label.name, "macro_f1", macro[0], n, {"values_used": macro[1]})
    for mark in label.told:
        place, key = label.marks.index(mark), f"{label.name}={mark}"
        positives = float(table.positives[place])
        yield Metric(SCOPE, key, "positives", positives, n=n)
        if positives >= SMALL_BASE:
            yield _figure(key, "f1", table.f1(place), positives)
            yield _figure(key, "sensitivity", table.sensitivity(place), positives)
            yield _figure(key, "specificity", table.specificity(place), n - positives)


def _agreement(answered: Answered, label: _Label, replicates: int) -> Iterator[Metric]:
    if len(answered.people) != MOST_PEOPLE:
        return
    first, second = (
        {a.verbatim_id: gold for a in answered.answers if a.annotator == name and (gold := label.gold(a)) is not None} for name in answered.people
    )
    rows = [key for key, _ in _usable(answered) if key in first and key in second]
    if not rows:
        return
    clusters = customer_codes([answered.customers.get(key, "") for key in rows], rows)
    gate = GATES.get(label.name)
    if label.name == "code":
        for mark in label.marks:
            a, b = (np.array([mark in own[key] for key in rows], dtype=np.int64) for own in (first, second))
            yield from _alpha(f"code={mark}", interval_of_alpha(a, b, clusters, gate, answered.audit.seed, replicates))
        return
    a, b = (np.array([label.marks.index(next(iter(own[key]))) for key in rows], dtype=np.int64) for own in (first, second))
    yield from _alpha(label.name, interval_of_alpha(a, b, clusters, gate, answered.audit.seed, replicates))


def _alpha(key: str, found: Agreement) -> Iterator[Metric]:
    detail = {"gate": found.gate, "verdict": found.verdict}
    yield Metric(SCOPE, key, "agreement", round(found.same, 6), n=found.n, detail=detail)
    if found.value is not None:
        low, high = (None if end is None else round(end, 6) for end in (found.low, found.high))
        yield Metric(SCOPE, key, "alpha", round(found.value, 6), low, high, found.n, detail)


def _shares(label: _Label, table: Table, base: Sequence[Annotation], clusters: Ints, same: bool) -> Iterator[Metric]:
    if not base:
        return
    marked: Floats = np.array([_marked(label, label.said(one)) for one in base], dtype=np.float64)
    row, column = np.nonzero(marked)
    found = shares(row, column, len(label.marks), clusters)
    for mark in label.told:
        place, key = label.marks.index(mark), f"{label.name}={mark}"
        raw = Range(float(found.value[place]), float(found.low[place]), float(found.high[place]))
        corrected: Range | str = "other_model"
        if same:
            corrected = table.corrected(place, raw.value, float(found.effective_n[place])) if len(table.gold) >= SMALL_BASE else "few_positives"
        refused = {"refused": corrected} if isinstance(corrected, str) else {}
        yield _figure(key, "raw_share", raw, len(base), refused)
        if isinstance(corrected, Range):
            yield _figure(key, "corrected_share", corrected, len(table.gold))
