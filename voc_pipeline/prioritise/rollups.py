"""Roll-ups: records gathered under their theme, their stage and their department, with figures of their own.

A group is a union, never a sum: a verbatim that tells two irritants of one theme counts once in the theme. What overlaps and what remains is told, so that
a reader can check to the last row, for each level and kind:

- `alone` of all groups + `several` (told in two groups or more) = verbatims of `told`;
- verbatims of `told` + verbatims of `untold` = all verbatims;
- `mentions` of all groups = mentions of all records.

A record is in one group of a level: its theme, the stage where it is told most, its owner; "" where it has none. Irritants, strengths and suggestions roll up
apart: what to mend and what to keep do not add up. Records that nobody tells are in no group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from voc_pipeline.config import Priority
from voc_pipeline.intervals import Ints, mean
from voc_pipeline.prioritise.base import Base, figure, recoded, share_of, shares_of
from voc_pipeline.prioritise.crossings import customers, main_channel
from voc_pipeline.prioritise.exposure import Contacts
from voc_pipeline.prioritise.irritants import severities
from voc_pipeline.prioritise.trends import trend_findings
from voc_pipeline.schema import IrritantKind, Level, Metric

SCOPE = "rollup"
"""Scope of what remains; that of groups is `rollup_<level>`."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records under one theme, stage or department.

    Attributes:
        name: Its id, "" where its records have none.
        places: Its records, those told most first.
        rows: Verbatims that tell one of them or more, each once, sorted.
    """

    name: str
    places: tuple[int, ...]
    rows: Ints


def rollup_figures(
    base: Base,
    settings: Priority,
    as_of: date,
    leaving: Collection[str],
    scales: Mapping[str, tuple[float, float]],
    contacts: Contacts,
    themes: Mapping[str, str],
    owners: Mapping[str, str],
) -> Iterator[Metric]:
    """Figures of scopes `rollup_theme`, `rollup_stage` and `rollup_department` (key `<kind>=<group>`), and of scope `rollup` (keys `<kind>` and `<kind>=<level>`).

    Trends are judged by the rule of irritants, q-values over all groups of a kind and level. Severity and not valued are of irritants only.

    Args:
        base: The verbatims and what they tell.
        settings: Windows and thresholds of trends.
        as_of: Last day of the run.
        leaving: Stage ids that mean leaving.
        scales: Lowest and highest answer of each score.
        contacts: Contacts by (month, channel), where the company counts them.
        themes: Theme of each record; one that is not there has none.
        owners: Department of each record, likewise.
    """
    for kind in IrritantKind:
        told = [place for place, own in enumerate(base.kinds) if own is kind and len(base.rows_of[place])]
        yield from _remainder(base, kind, told)
        homes = {
            Level.THEME: {place: themes.get(base.ids[place], "") for place in told},
            Level.STAGE: {place: main_stage(base, place) for place in told},
            Level.DEPARTMENT: {place: owners.get(base.ids[place], "") for place in told},
        }
        for level, home in homes.items():
            groups = gathered(base, home)
            times = np.bincount(np.concatenate([*(group.rows for group in groups), np.zeros(0, dtype=np.int64)]), minlength=len(base))
            yield Metric(SCOPE, f"{kind}={level}", "several", int((times > 1).sum()), n=len(base))
            share = shares_of([group.rows for group in groups], base.clusters)
            trends = trend_findings(base, settings, as_of, contacts, [group.rows for group in groups])
            for at, group in enumerate(groups):
                scope, key = f"{SCOPE}_{level}", f"{kind}={group.name}"
                yield from _counts(base, group, scope, key, int((times[group.rows] == 1).sum()))
                low, high, effective = (float(bound[at]) for bound in (share.low, share.high, share.effective_n))
                yield Metric(scope, key, "share", float(share.value[at]), low, high, len(base), {"effective_n": effective})
                if kind is IrritantKind.IRRITANT:
                    yield from _regard(base, group, scope, key)
                    yield from _severity(base, group, scope, key, leaving, scales)
                if at in trends:
                    found = trends[at]
                    yield Metric(scope, key, "rate_ratio", found.contrast.value, found.contrast.low, found.contrast.high, found.n, found.detail)


def gathered(base: Base, home: Mapping[int, str]) -> list[Group]:
    """Groups by name, each with the union of what its records are told by.

    Args:
        base: The verbatims.
        home: Name of the group of each record, by place.
    """
    places: dict[str, list[int]] = {}
    for place in sorted(home, key=lambda place: (-len(base.rows_of[place]), base.ids[place])):
        places.setdefault(home[place], []).append(place)
    return [Group(name, tuple(places[name]), _union(base, places[name])) for name in sorted(places)]


def main_stage(base: Base, place: int) -> str:
    """Stage where a record is told most, the first in the alphabet among equals."""
    counts = Counter(telling.stage or "unknown" for telling in base.told_of[place])
    return min(counts, key=lambda stage: (-counts[stage], stage))


def _union(base: Base, places: Sequence[int]) -> Ints:
    return np.unique(np.concatenate([base.rows_of[place] for place in places])) if places else np.zeros(0, dtype=np.int64)


def _remainder(base: Base, kind: IrritantKind, told: Sequence[int]) -> Iterator[Metric]:
    """How many verbatims tell a record of this kind, and how many tell none."""
    marked = np.zeros(len(base), dtype=bool)
    marked[_union(base, told)] = True
    mentions = sum(len(base.rows_of[place]) for place in told)
    for name, rows in (("told", marked), ("untold", ~marked)):
        detail: dict[str, object] = {"verbatims": int(rows.sum()), "mentions": mentions if name == "told" else 0}
        detail["customers"] = len(np.unique(base.clusters[rows]))
        yield from figure(SCOPE, str(kind), name, share_of(rows, base.clusters), detail)


def _counts(base: Base, group: Group, scope: str, key: str, alone: int) -> Iterator[Metric]:
    detail = {"ids": [base.ids[place] for place in group.places]}
    yield Metric(scope, key, "records", len(group.places), n=len(base), detail=detail)
    yield Metric(scope, key, "verbatims", len(group.rows), n=len(base))
    yield Metric(scope, key, "alone", alone, n=len(base))
    yield Metric(scope, key, "mentions", sum(len(base.rows_of[place]) for place in group.places), n=len(base))
    yield customers(base, group.rows, scope, key, "customers")


def _regard(base: Base, group: Group, scope: str, key: str) -> Iterator[Metric]:
    marked = base.marks["share_not_valued"][group.rows]
    negative = float(base.marks["share_negative"][group.rows].mean())
    about = {"verbatims": int(marked.sum()), "negative": negative, **main_channel(base, group.rows)}
    yield from figure(scope, key, "not_valued_rate", share_of(marked, base.clusters[group.rows]), about)


def _severity(
    base: Base, group: Group, scope: str, key: str, leaving: Collection[str], scales: Mapping[str, tuple[float, float]]
) -> Iterator[Metric]:
    """Mean severity of its verbatims, each by the worst it tells of the group."""
    at = {int(row): index for index, row in enumerate(group.rows)}
    voices = [base.voices[row] for row in group.rows]
    worst = np.zeros(len(voices))
    leaves = [voice.stage in leaving for voice in voices]
    for place in group.places:
        for row, telling in zip(base.rows_of[place].tolist(), base.told_of[place], strict=True):
            worst[at[row]] = max(worst[at[row]], telling.p_negative)
            leaves[at[row]] = leaves[at[row]] or telling.stage in leaving
    each, detail = severities(voices, worst.tolist(), leaves, scales)
    found = mean(each, recoded(base.clusters[group.rows]))
    low, high = (min(1.0, max(0.0, float(end[0]))) if np.isfinite(end[0]) else None for end in (found.low, found.high))
    yield Metric(scope, key, "severity", float(found.value[0]), low, high, found.n, detail)
