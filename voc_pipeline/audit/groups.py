"""Shares of groups of verbatims (a stage, a channel, an irritant) with the model's errors taken out. Pure statistics on figures that a run already has.

What matters is whose errors are taken out: the model does not err alike on a chat and on a star review, and where much is negative it sees "not valued" more
often, rightly and wrongly. Each kind of error (what it misses, what it marks wrongly) is therefore measured on the audited verbatims most like the group, tried
in the order of `WHERE`, where the audit has read enough of them; failing that on all, and the figure says that this is supposed. What such a part of the sample
is made by (channel, read as negative) is known of every verbatim, so that its rates are those of the population's verbatims of that sort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voc_pipeline.audit.figures import MARKS, Answered, table_of
from voc_pipeline.audit.scoring import REPLICATES, Range, Table, corrected_by
from voc_pipeline.schema import SMALL_BASE, Metric, Sentiment

SCOPE = "audit_group"
"""Scope of these figures. Key: scope and key of the raw figure joined by `=`, such as `stage=pay`; name: the raw one's."""
GROUPS = ("aspect", "channel", "irritant", "lang", "month", "rollup_department", "rollup_stage", "rollup_theme", "segment", "stage")
"""Scopes whose shares are corrected."""
SHARES: Mapping[str, tuple[str, str]] = {
    "share_not_valued": MARKS["not_valued"],
    "not_valued_rate": MARKS["not_valued"],
    "share_negative": MARKS["negative"],
}
"""Shares that are corrected, with the label and the mark they are the share of."""
NEARLY_ALL = 0.9
"""Share of a group's verbatims that come from one channel, or that the model reads as negative, from which the group is held to be of that sort."""
WHERE = ("negative_channel", "negative", "channel", "all")
"""Audited verbatims that an error is measured on, the most like the group first; each but the last needs 30 that people give the mark to (what the model
misses) or do not (what it marks wrongly). Those read as negative serve for "not valued" only: of "negative" they hold one kind of error."""


@dataclass(frozen=True, slots=True)
class Group:
    """A share of a group, as the run has it.

    Attributes:
        channel: Of nine verbatims in ten at least; empty where there is none.
        negative: Whether the model reads as many as negative.
    """

    metric: Metric
    effective_n: float
    channel: str
    negative: bool


def group_figures(answered: Answered, model_version: str, figures: Sequence[Metric], replicates: int = REPLICATES) -> list[Metric]:
    """Corrected shares of groups of 30 verbatims or more.

    The interval holds the audit's error (a bootstrap over customers, with the sample's weights) and the group's own (its effective base, clustered by
    customer). It does not hold that the model may err otherwise in this very group than where its errors were measured.

    Args:
        answered: The audit.
        model_version: Whose answers the run holds; nothing is corrected where the audit judged another.
        figures: Of the run, all scopes.
        replicates: Of the bootstrap.

    Returns:
        Metrics of scope `audit_group`, n that of the group: named as the raw share; or, where it cannot be corrected, that name and `.refused`, with the raw
        value. `detail`: `raw`; `sensitivity` and `specificity`, each with the verbatims of the audit it was measured on (`sensitivity_on`,
        `specificity_on`: of `WHERE`) and how many those are (`sensitivity_n`, `specificity_n`); `channel`; `clipped` (the share fell outside of [0, 1] and was
        brought back); `refused` (why).
    """
    if not answered.answers or model_version != answered.audit.model_version:
        return []
    rates = {mark: _Rates(answered, *mark, replicates) for mark in sorted(set(SHARES.values()))}
    return [rates[SHARES[group.metric.name]].corrected(group) for group in groups_of(figures)]


def groups_of(figures: Iterable[Metric]) -> Iterator[Group]:
    """The shares that can be corrected, with what is known of the verbatims they are of."""
    by_key: dict[tuple[str, str], dict[str, Metric]] = {}
    for metric in figures:
        if metric.scope in GROUPS:
            by_key.setdefault((metric.scope, metric.key), {})[metric.name] = metric
    for (scope, key), own in sorted(by_key.items()):
        for name in SHARES:
            if name in own and own[name].n >= SMALL_BASE and (effective := own[name].detail.get("effective_n")):
                yield Group(own[name], float(str(effective)), _channel(scope, key, own), _read_negative(own) >= NEARLY_ALL)


def _channel(scope: str, key: str, own: Mapping[str, Metric]) -> str:
    """The channel that nearly all verbatims of a group come from."""
    if scope == "channel":
        return key
    told = next((metric.detail["channels"] for metric in own.values() if "channels" in metric.detail), {})
    shares: dict[str, Any] = dict(told) if isinstance(told, Mapping) else {}
    shares |= {name.removeprefix("channel."): metric.value for name, metric in own.items() if name.startswith("channel.")}
    return next((name for name, share in sorted(shares.items()) if share >= NEARLY_ALL), "")


def _read_negative(own: Mapping[str, Metric]) -> float:
    share = own.get("share_negative")
    told = [metric.detail["negative"] for metric in own.values() if "negative" in metric.detail]
    return float(share.value) if share else float(str(told[0])) if told else 0.0


class _Rates:
    """The model's errors on one mark, on each sort of audited verbatims."""

    def __init__(self, answered: Answered, label: str, mark: str, replicates: int) -> None:
        self.table, ids, self.place = table_of(answered, label, mark, replicates)
        self.channels = np.array([answered.channels.get(key, "") for key in ids], dtype=object)
        self.negative = np.array([answered.annotations[key].sentiment is Sentiment.NEGATIVE for key in ids], dtype=bool)
        self.sorts = WHERE if label == "not_valued" else ("channel", "all")
        self._tables: dict[tuple[str, str], Table] = {}

    def corrected(self, group: Group) -> Metric:
        """One share of one group."""
        metric, place = group.metric, self.place
        seen_on, seen = self._like(group, lambda table: float(table.positives[place]))
        spared_on, spared = self._like(group, lambda table: table.negatives(place))
        found = corrected_by(seen, spared, place, metric.value, group.effective_n)
        detail: dict[str, object] = {"raw": metric.value, "channel": group.channel}
        for name, where, table, rate in (("sensitivity", seen_on, seen, seen.sensitivity), ("specificity", spared_on, spared, spared.specificity)):
            detail |= {f"{name}_on": where, f"{name}_n": table.read}
            if found not in ("few_positives", "few_negatives"):
                detail[name] = round(rate(place).value, 6)
        key = f"{metric.scope}={metric.key}"
        if not isinstance(found, Range):
            return Metric(SCOPE, key, f"{metric.name}.refused", metric.value, n=metric.n, detail={**detail, "refused": found})
        detail["clipped"] = found.clipped
        return Metric(SCOPE, key, metric.name, round(found.value, 6), round(found.low, 6), round(found.high, 6), metric.n, detail)

    def _like(self, group: Group, count: Callable[[Table], float]) -> tuple[str, Table]:
        """The audited verbatims most like a group among which enough count, else all of them."""
        for where in self.sorts[:-1]:
            of_channel, of_negative = where.endswith("channel"), where.startswith("negative")
            if (group.channel or not of_channel) and (group.negative or not of_negative):
                table = self._among(group.channel if of_channel else "", of_negative)
                if count(table) >= SMALL_BASE:
                    return where, table
        return self.sorts[-1], self.table

    def _among(self, channel: str, negative: bool) -> Table:
        key = (channel, "negative" if negative else "")
        if key not in self._tables:
            inside: NDArray[np.bool_] = np.ones(len(self.negative), dtype=bool)
            if channel:
                inside &= self.channels == channel
            if negative:
                inside &= self.negative
            self._tables[key] = self.table.among(inside)
        return self._tables[key]
