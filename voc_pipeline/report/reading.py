"""What the report reads of the store, and the figures of one run laid out so that each can be asked for by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol, overload

from voc_pipeline.config import Config, Journey
from voc_pipeline.errors import RunError, suggest
from voc_pipeline.loop import counted_with, parted_from, replay_loops, with_figures
from voc_pipeline.loop import parted as departed
from voc_pipeline.registers import Entry, Register
from voc_pipeline.registry import Standing, in_force, settled, undone, words
from voc_pipeline.schema import (
    Action,
    Annotation,
    Edit,
    GapReading,
    Interval,
    Irritant,
    IrritantKind,
    Loop,
    Match,
    Mention,
    Metric,
    Sentiment,
    Stage,
    Verbatim,
)

HEADS = (
    "polarity",
    "sentiment",
    "not_valued",
    "not_valued_codes",
    "codes",
    "intensity",
    "valued",
    "stage",
    "dimension",
    "gap_cue",
    "theme",
    "suggestion",
)
"""What a model reads, in the order it is told."""

AUDITED = {
    **{f"share_{sentiment}": f"sentiment={sentiment}" for sentiment in Sentiment},
    "share_not_valued": "not_valued=yes",
    "share_valued": "valued=yes",
}
"""Shares of a run that an audit corrects, with the answer of it that they are the share of."""


class RunRow(Protocol):
    """A run as the report sees it."""

    @property
    def id(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def ordinal(self) -> int: ...  # noqa: D102  # a field, named by what it is
    @property
    def project(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def model_version(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def as_of(self) -> date | None: ...  # noqa: D102  # a field, named by what it is
    @property
    def window_start(self) -> date | None: ...  # noqa: D102  # a field, named by what it is
    @property
    def status(self) -> str: ...  # noqa: D102  # a field, named by what it is
    @property
    def started_at(self) -> datetime: ...  # noqa: D102  # a field, named by what it is


class Readable(Protocol):
    """The few reads the report makes. The store has them; so has the stand-in of the tests."""

    def runs(self) -> Sequence[RunRow]:
        """All runs, oldest first."""

    def irritants(self, kind: IrritantKind | None = None, active: bool = True) -> Sequence[Irritant]:
        """Records of the registry, sorted by id; with `active=False`, merged and retired ones too."""

    def edits(self) -> Sequence[Edit]:
        """The ledger of the registry, in order."""

    def mentions(self, run_id: str) -> Iterable[Mention]:
        """Mentions of a run, sorted."""

    def gaps(self, run_id: str) -> Iterable[GapReading]:
        """Gap readings of a run."""

    def entries(self, run_id: str) -> Sequence[tuple[Register, Entry]]:
        """Entries of the company's registers that a run read."""

    def matches(self, run_id: str) -> Sequence[Match]:
        """Irritants that a run held against entries."""

    def metrics(self, run_id: str, scope: str | None = None) -> Iterable[Metric]:
        """Figures of a run."""

    def verbatims(self, *, ids: Collection[str] | None = None) -> Iterator[Verbatim]:
        """Analysed verbatims, sorted by id."""

    def annotations(
        self, model_version: str, since: date | None = None, until: date | None = None, ids: Collection[str] | None = None
    ) -> Iterator[Annotation]:
        """Annotations of analysed verbatims, sorted by verbatim id; both days inclusive, undated ones always."""


class Group(NamedTuple):
    """Verbatims that share a value of an attribute, and where their figures stand."""

    attribute: str
    value: str
    scope: str
    key: str


class Figures:
    """The figures of a run by scope, key and name.

    Args:
        metrics: Figures as the store gives them; those without a value are left out.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._by: dict[str, dict[str, dict[str, Metric]]] = defaultdict(lambda: defaultdict(dict))
        for metric in metrics:
            if metric.value is not None and metric.value == metric.value:
                self._by[metric.scope][metric.key][metric.name] = metric

    def keys(self, scope: str) -> list[str]:
        """Keys of a scope, sorted."""
        return sorted(self._by[scope]) if scope in self._by else []

    def of(self, scope: str, key: str = "") -> Mapping[str, Metric]:
        """All figures of one key by name; empty where there are none."""
        return self._by[scope][key] if scope in self._by and key in self._by[scope] else {}

    def get(self, scope: str, key: str, name: str) -> Metric | None:
        """One figure, or None."""
        return self.of(scope, key).get(name)

    def value(self, scope: str, key: str, name: str, default: float = 0.0) -> float:
        """The value of one figure, or `default`."""
        metric = self.get(scope, key, name)
        return default if metric is None else float(metric.value)

    def corrected(self, scope: str, key: str, name: str) -> Metric | None:
        """A share with the model's errors taken out, of the whole base or of a group, where an audit can say it."""
        if found := self.get("audit_group", f"{scope}={key}", name):
            return found
        audited = f"code={key}" if (scope, name) == ("code", "share") else AUDITED.get(name, "") if (scope, key) == ("run", "") else ""
        return self.get("audit", audited, "corrected_share") if audited else None

    def doubted(self, label: str) -> tuple[float, float] | None:
        """How far an audit's readers agree on a label (alpha) and the codebook's gate, where they do not reach it; else None."""
        told, alpha = self.get("audit", label, "agreement"), self.get("audit", label, "alpha")
        return (alpha.value, float(detail(told, "gate"))) if told and alpha and detail(told, "verdict") == "missed" else None

    def uncorrected(self, scope: str, key: str, name: str) -> Metric | None:
        """The share of a group that an audit was asked to correct and could not, with the reason in its detail."""
        return self.get("audit_group", f"{scope}={key}", f"{name}.refused")

    def crossed(self, scope: str, name: str) -> dict[tuple[str, str], Metric]:
        """One figure of each crossing of a scope, by both parts of its key."""
        return {parted(key): metric for key in self.keys(scope) if (metric := self.get(scope, key, name))}

    def groups(self) -> list[Group]:
        """What verbatims are compared by: channels, languages, then the values of each attribute."""
        plain = [Group(scope, key, scope, key) for scope in ("channel", "lang") for key in self.keys(scope)]
        return plain + [Group(*parted(key), "segment", key) for key in self.keys("segment")]

    def months_of(self, irritant_id: str) -> Sequence[tuple[str, Metric]]:
        """The share of one record month by month, oldest first."""
        return self._months.get(irritant_id, ())

    @cached_property
    def _months(self) -> Mapping[str, Sequence[tuple[str, Metric]]]:
        months: dict[str, list[tuple[str, Metric]]] = defaultdict(list)
        for (irritant_id, month), metric in self.crossed("irritant_month", "share").items():
            months[irritant_id].append((month, metric))
        return months


def parted(key: str) -> tuple[str, str]:
    """Both parts of a key such as `IRR-ABCD2345=2026-09`, which may be joined by `=` or `|`.

    >>> parted("IRR-ABCD2345=region=Bretagne")
    ('IRR-ABCD2345', 'region=Bretagne')
    """
    head, *rest = re.split(r"[=|]", key, maxsplit=1)
    return head, rest[0] if rest else ""


@dataclass(frozen=True)
class Reading:
    """One run, read: everything the report says comes from here, and from the quotes asked for later.

    Attributes:
        previous: The run before it of the same project, if there is one.
        records: Irritants, strengths and suggestions the run has figures for, by id.
        gone: Those told in the previous run and no longer, if they were not merged into another.
        mentions: Its mentions, those of other records left out.
        gaps: Gap readings by irritant.
        stages: Ids of the journey's stages in its order, with the stage of the codebook each maps to.
        everyone: Every record of the registry by id, merged and rejected ones too.
        ledger: What runs and people did to the registry up to now, in order.
        entries: Entries of the company's registers.
        matches: Irritants and entries that may speak of one thing, with what people said of them up to now.
    """

    store: Readable
    config: Config
    run: RunRow
    previous: RunRow | None
    figures: Figures
    before: Figures
    records: Mapping[str, Irritant]
    gone: Sequence[Irritant]
    mentions: Sequence[Mention]
    gaps: Mapping[str, GapReading]
    stages: Mapping[str, Stage]
    everyone: Mapping[str, Irritant]
    ledger: Sequence[Edit]
    entries: Sequence[tuple[Register, Entry]]
    matches: Sequence[Match]

    @cached_property
    def in_force(self) -> Sequence[Edit]:
        """People's edits that were not undone."""
        return in_force(self.ledger)

    @cached_property
    def loops(self) -> Mapping[str, Loop]:
        """Where each irritant stands in its loop; those that nobody did anything about are not among them."""
        loops = replay_loops(self.ledger, undone(self.ledger), Standing(self.everyone).following)[0]
        return with_figures(loops, self.store.metrics(self.run.id, "action"))

    @cached_property
    def parted_from(self) -> Mapping[str, str]:
        """Of each record that a run bore inside of another, that other one."""
        return parted_from(self.ledger)

    def counted_with(self, action: Action) -> Sequence[str]:
        """Ids of the irritants that parted from that of an action, and are counted with it in its measured result."""
        return counted_with(action, self._departed, self.everyone)

    @cached_property
    def _departed(self) -> Mapping[str, str]:
        return departed(self.ledger, Standing(self.everyone).following)

    @cached_property
    def merged(self) -> Mapping[str, Sequence[str]]:
        """By record, the ids that lead to it."""
        into: dict[str, list[str]] = defaultdict(list)
        for record in self.everyone.values():
            if record.status == "merged":
                into[record.redirect].append(record.id)
        return into

    @property
    def journey(self) -> Journey:
        """The company's journey; `load_config` has read its file."""
        return self.config.journey if isinstance(self.config.journey, Journey) else Journey()

    def ranked(self, kind: IrritantKind, told: bool = False) -> list[Irritant]:
        """Records of a kind, first in rank first; a record without a rank comes last, most mentioned first. `told`: only those somebody tells."""

        def order(record: Irritant) -> tuple[float, float, str]:
            return (
                self.figures.value("irritant", record.id, "rank", float("inf")),
                -self.figures.value("irritant", record.id, "mentions"),
                record.id,
            )

        kept = (record for record in self.records.values() if record.kind is kind)
        return sorted((r for r in kept if not told or self.figures.value("irritant", r.id, "mentions") > 0), key=order)

    def annotations(self) -> Iterator[Annotation]:
        """Annotations of the run's window, sorted by verbatim id."""
        return self.store.annotations(self.run.model_version, since=self.run.window_start, until=self.run.as_of)


def read(store: Readable, config: Config, run_id: str) -> Reading:
    """Reads one run.

    Raises:
        RunError: no run has that id.
    """
    runs = list(store.runs())
    run = next((row for row in runs if row.id == run_id), None)
    if run is None:
        known = [row.id for row in runs]
        raise RunError(f"run {run_id!r}", "no such run in the store", "", suggest(run_id, known) if known else "`voc run CONFIG` makes the first one")
    earlier = [row for row in runs if row.ordinal < run.ordinal and row.status == "done" and row.project == run.project]
    previous = max(earlier, key=lambda row: row.ordinal, default=None)
    figures = Figures(store.metrics(run_id))
    told = set(figures.keys("irritant"))
    before = Figures(store.metrics(previous.id) if previous else ())
    irritants = store.irritants(active=False)
    records = {record.id: record for record in irritants if record.id in told}
    lost = {key for key in before.keys("irritant") if before.value("irritant", key, "mentions") > 0 >= figures.value("irritant", key, "mentions")}
    entries = store.entries(run_id)
    ledger = [edit for edit in store.edits() if edit.run_id in {"", *(row.id for row in runs if row.ordinal <= run.ordinal)}]
    of_entry = {entry.id: register for register, entry in entries}
    return Reading(
        store=store,
        config=config,
        run=run,
        previous=previous,
        figures=figures,
        before=before,
        records=records,
        gone=[record for record in irritants if record.id in lost and not record.redirect],
        mentions=[mention for mention in store.mentions(run_id) if mention.irritant_id in records],
        gaps={gap.irritant_id: gap for gap in store.gaps(run_id) if gap.irritant_id in records},
        stages=_stages(config),
        everyone={record.id: record for record in irritants},
        ledger=ledger,
        entries=entries,
        matches=settled(store.matches(run_id), words({record.id: record for record in irritants}, ledger), of_entry, records),
    )


def _stages(config: Config) -> dict[str, Stage]:
    """The journey's order: each stage of the codebook, after it the company's own ones that map to it."""
    own = config.journey.stages if isinstance(config.journey, Journey) else ()
    order: dict[str, Stage] = {}
    for stage in Stage:
        order[str(stage)] = stage
        order.update({custom.id: custom.maps_to for custom in own if custom.maps_to is stage})
    return order


def parts(figures: Mapping[str, Metric], prefix: str) -> list[tuple[str, Metric]]:
    """Figures whose name starts with `prefix` (`stage.`, `channel.`), with the rest of their names; the largest first, ties in alphabet."""
    found = [(name.removeprefix(prefix), metric) for name, metric in figures.items() if name.startswith(prefix)]
    return sorted(found, key=lambda part: (-part[1].value, part[0]))


def main_part(figures: Mapping[str, Metric], prefix: str) -> tuple[str, Metric] | None:
    """The first of `parts`, or None."""
    return next(iter(parts(figures, prefix)), None)


@overload
def interval(metric: Metric) -> Interval: ...
@overload
def interval(metric: Metric | None) -> Interval | None: ...
def interval(metric: Metric | None) -> Interval | None:
    """A figure as an estimate with its interval, which is the point itself where its base carries none."""
    if metric is None:
        return None
    low = metric.value if metric.low is None else metric.low
    high = metric.value if metric.high is None else metric.high
    return Interval(float(metric.value), float(low), float(high), metric.n)


def detail(metric: Metric | None, name: str, default: Any = None) -> Any:
    """One part of a figure's detail, or `default`."""
    return default if metric is None else metric.detail.get(name, default)


def quality_of(key: str, name: str, metric: Metric) -> tuple[str, str, str]:
    """What a figure of the model's quality tells: the head, the figure, and the texts it was measured on.

    >>> quality_of("sentiment_macro_f1, unseen", "value", Metric("quality", "", "value", 0.7, None, None, 9, {"set": "unseen"}))
    ('sentiment', 'macro_f1', 'unseen')
    """
    where = str(detail(metric, "set", "") or "")
    key, figure = key.removesuffix(f", {where}"), "" if name == "value" else name
    head = max((known for known in HEADS if key == known or key.startswith((f"{known}_", f"{known}."))), key=len, default="")
    return (head, figure or key.removeprefix(head).strip("_."), where) if head else (key, figure, where)
