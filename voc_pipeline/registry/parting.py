"""New troubles inside known irritants: a group of close mentions that is told lately far more than the rest of what its irritant claims.

A broad irritant claims first, so a new and specific trouble of its theme would drown in it: double debits among billing errors. Groups are made of what is
said alone, never of dates; dates then say which group departs, and the test allows for every group that was looked at. So a trend that is tested afterwards
is still one among a few, and an irritant that is told evenly stays whole. Pure statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from voc_pipeline.keys import fold
from voc_pipeline.registry.cosines import Floats, cosines, exact
from voc_pipeline.registry.watching import RECENT_DAYS

CORE_SPREADS = 3.5
"""How near the texts of a group are on average, in standard deviations of two segments' cosines above chance. Inside the billing errors of the demo, where 34
of 80 mentions are double debits, average linkage cut at 3 gives one group of 55 with 31 of them, at 3.5 two, of 40 with 27 and of 13 with 2. What passes is
put to the registry like any proposal."""
PART_Q = 0.05
"""Benjamini-Hochberg q-value, over all groups of all irritants, from which a group departs from its irritant."""
MOST = 4000
"""Different texts of one irritant that are looked at, at most: the latest."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One mention as parting sees it.

    Attributes:
        key: Stable sort key, unique.
        irritant_id: The irritant that claims it, or "".
        teller: The customer, or the verbatim where nobody knows the customer.
        day: When it was said; None where nobody knows.
    """

    key: str
    irritant_id: str
    text: str
    teller: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Parting:
    """A group that departs from its irritant.

    Attributes:
        rows: Of the mentions in the group, ascending.
        recent, earlier: Customers who told the group in the last `RECENT_DAYS` days, and before.
        rest_recent, rest_earlier: The same of what else the irritant claims.
        q: Of a one-sided exact test of the two, corrected over all groups.
    """

    irritant_id: str
    rows: tuple[int, ...]
    recent: int
    earlier: int
    rest_recent: int
    rest_earlier: int
    q: float


def partings(sayings: Sequence[Saying], x: Floats, *, level: float, smallest: int, as_of: date) -> list[Parting]:
    """Groups inside irritants that lately are told far more than the rest of them.

    Args:
        sayings: Mentions in any order; the answer does not depend on it, but for the rows.
        x: Their vectors, of length one. *Shape:* (len(sayings), dim).
        level: Mean cosine from which two groups of texts are one.
        smallest: Customers that a group needs, a recent half of them at least among them.
        as_of: Day the run speaks of.

    Returns:
        The clearest first; none where no irritant is twice as large as the smallest group.

    Source: Sokal and Michener (1958) for average linkage; Fisher (1935); Benjamini and Hochberg (1995).
    """
    from scipy.stats import false_discovery_control, fisher_exact

    since = as_of - timedelta(days=RECENT_DAYS)
    whole: dict[str, list[int]] = {}
    for row in sorted(range(len(sayings)), key=lambda row: sayings[row].key):
        if sayings[row].irritant_id and sayings[row].day is not None:
            whole.setdefault(sayings[row].irritant_id, []).append(row)

    def tellers(rows: Sequence[int], recent: bool) -> int:
        return len({sayings[row].teller for row in rows if ((day := sayings[row].day) is not None and day > since) is recent})

    tested: list[tuple[float, str, list[int], tuple[int, int, int, int]]] = []
    for irritant_id, rows in sorted(whole.items()):
        for group in _groups([sayings[row] for row in rows], x[rows], level, smallest):
            inside = set(group)
            own, rest = [row for i, row in enumerate(rows) if i in inside], [row for i, row in enumerate(rows) if i not in inside]
            counts = (tellers(own, True), tellers(own, False), tellers(rest, True), tellers(rest, False))
            tested.append((float(fisher_exact([counts[:2], counts[2:]], alternative="greater").pvalue), irritant_id, own, counts))
    if not tested:
        return []
    found = [
        Parting(irritant_id, tuple(sorted(own)), *counts, q=round(float(q), 6))
        for (_, irritant_id, own, counts), q in zip(tested, false_discovery_control([p for p, *_ in tested]), strict=True)
        if q <= PART_Q and 2 * counts[0] >= smallest
    ]
    return sorted(found, key=lambda parting: (parting.q, parting.irritant_id, sayings[parting.rows[0]].key))


def _groups(sayings: Sequence[Saying], x: Floats, level: float, smallest: int) -> list[list[int]]:
    """Places of the mentions of each group of close texts that enough customers tell, identical texts together. `x`, *Shape:* (len(sayings), dim)."""
    from scipy.cluster.hierarchy import fcluster, linkage

    alike: dict[str, list[int]] = {}
    for i, saying in enumerate(sayings):
        alike.setdefault(fold(saying.text), []).append(i)
    points = sorted(alike.values(), key=lambda own: max(sayings[i].day or date.min for i in own), reverse=True)[:MOST]
    if len(points) < 2 * smallest:
        return []
    points.sort(key=lambda own: sayings[own[0]].key)
    rows = exact(x[[own[0] for own in points]])
    apart = np.clip(1 - cosines(rows, rows), 0, None)
    labels = fcluster(linkage(apart[np.triu_indices(len(points), 1)], "average"), 1 - level, "distance")
    groups = [[i for point in np.flatnonzero(labels == label) for i in points[point]] for label in np.unique(labels)]
    return [sorted(group) for group in groups if len({sayings[i].teller for i in group}) >= smallest]
