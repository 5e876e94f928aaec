"""Stories and seams as figures: one line a customer, shares over customers with intervals, and the two matrices of what is told and what is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import Estimates, Ints, customer_codes, mean, mean_contrasts, shares
from voc_pipeline.schema import SMALL_BASE, UNKNOWN, Metric, SeamTold, Story
from voc_pipeline.stories.refitting import Refit
from voc_pipeline.stories.telling import WINDOWS, Weights

EXEMPLARS = 3
"""Stories that are shown whole."""
LONGEST = 8
"""Contacts above which a story is too long to be shown whole."""
QUOTES = 3
"""Places quoted behind each cell of a matrix."""


@dataclass(frozen=True, slots=True)
class Told:
    """A seam with where it was told.

    Attributes:
        customer: Hashed id, or "".
        declared: Id of the company's own transition that it is, or "".
        span: First character of its quote in the verbatim's text, and the one after the last.
        confidence: Probability that the verbatim tells of a seam at all.
    """

    verbatim_id: str
    customer: str
    channel: str
    not_valued: bool
    seam: SeamTold
    declared: str
    span: tuple[int, int]
    confidence: float


# ---------------------------------------------------------------- stories


def story_figures(stories: Sequence[Story], apart: Mapping[str, int], weights: Weights, refit: Refit | None = None) -> list[Metric]:
    """Figures of scopes `story` (key: the hashed customer), `story_stat`, `story_score` and `switch` (key: from=to).

    Args:
        stories: One a customer.
        apart: Verbatims that stand in no story, by reason.
        weights: Of the score, as used.
        refit: What the refit says, if one was asked for.
    """
    shown = {customer: place for place, customer in enumerate(_exemplars(stories), start=1)}
    metrics = [_line(story, shown.get(story.customer)) for story in stories]
    metrics += [Metric("story_stat", "", f"verbatims_{reason}", float(n)) for reason, n in sorted(apart.items())]
    if not stories:
        return metrics
    n_contacts = sum(len(story.contacts) for story in stories)
    metrics += [Metric("story_stat", "", "customers", float(len(stories)), n=len(stories)), Metric("story_stat", "", "contacts", float(n_contacts))]
    for name, marked in _marks(stories).items():
        metrics += _one("story_stat", name, _share(marked, np.arange(len(stories), dtype=np.int64)))
    metrics += _settled(stories)
    metrics += _days_open(stories)
    metrics += _one("story_stat", "score", mean([story.score for story in stories], np.arange(len(stories), dtype=np.int64)))
    metrics += _first_and_later(stories)
    metrics += _score(weights, refit)
    return [*metrics, *_switches(stories)]


def _marks(stories: Sequence[Story]) -> dict[str, list[bool]]:
    """What is asked of each customer."""
    marks = {f"share_repeat_{days}": [story.repeats[days] > 0 for story in stories] for days in WINDOWS}
    return marks | {
        "share_retelling": [story.retellings > 0 for story in stories],
        "share_switch": [bool(story.switches) for story in stories],
        "share_hand_off": [story.hand_offs > 0 for story in stories],
        "share_repaired": [story.repaired for story in stories],
        "share_several": [len(story.contacts) > 1 for story in stories],
        "share_channels": [len({contact.channel for contact in story.contacts}) > 1 for story in stories],
    }


def _line(story: Story, exemplar: int | None) -> Metric:
    detail: dict[str, object] = {
        "peak": story.peak,
        "peak_at": story.peak_at,
        "end": story.end,
        "mean": story.mean,
        "slope": story.slope,
        "repeats": {str(days): n for days, n in story.repeats.items()},
        "retellings": story.retellings,
        "switches": len(story.switches),
        "hand_offs": story.hand_offs,
        "days_open": story.days_open,
        "decayed_not_valued": story.decayed_not_valued,
        "repaired": story.repaired,
        "channels": sorted({contact.channel for contact in story.contacts}),
        "first": story.contacts[0].date.date().isoformat(),
        "last": story.contacts[-1].date.date().isoformat(),
        "irritants": sorted({irritant for contact in story.contacts for irritant in contact.irritants}),
    }
    if exemplar is not None:
        detail |= {"exemplar": exemplar, "contacts": [_moment(story, place) for place in range(len(story.contacts))]}
    return Metric("story", story.customer, "score", story.score, n=len(story.contacts), detail=detail)


def _moment(story: Story, place: int) -> dict[str, object]:
    contact = story.contacts[place]
    return {
        "date": contact.date.date().isoformat(),
        "channel": contact.channel,
        "stage": contact.stage,
        "mood": contact.mood,
        "not_valued": contact.not_valued,
        "told_again": contact.told_again,
        "settled": contact.settled,
        "irritants": list(contact.irritants),
        "place": [contact.verbatim_ids[0], contact.position],
    }


def _exemplars(stories: Sequence[Story]) -> list[str]:
    """Customers whose story shows most: channels, then repeats, retellings and hand-offs; each of another irritant while there is one."""

    def shows(story: Story) -> tuple[int, int, int, str]:
        channels = len({contact.channel for contact in story.contacts})
        return (-channels, -(story.repeats[max(WINDOWS)] + story.retellings + story.hand_offs), len(story.contacts), story.customer)

    ranked = sorted((story for story in stories if 3 <= len(story.contacts) <= LONGEST), key=shows)
    kept: list[Story] = []
    for again in (False, True):
        for story in ranked:
            known = {episode.irritant_id for one in kept for episode in one.episodes}
            new = not known.intersection(episode.irritant_id for episode in story.episodes)
            if len(kept) < EXEMPLARS and story not in kept and (again or new):
                kept.append(story)
    return [story.customer for story in kept]


def _settled(stories: Sequence[Story]) -> Iterator[Metric]:
    """Of all episodes, those after which the same customer is pleased or says that it was mended: loops closed as customers tell it."""
    marked, clusters = [], []
    for place, story in enumerate(stories):
        marked += [episode.settled for episode in story.episodes]
        clusters += [place] * len(story.episodes)
    yield from _one("story_stat", "share_settled", _share(marked, np.array(clusters, dtype=np.int64)))


def _days_open(stories: Sequence[Story]) -> Iterator[Metric]:
    """Median of the longest episode, among customers who told one irritant more than once."""
    from scipy.stats import quantile_test

    days = [
        max(episode.days_open for episode in story.episodes if len(episode.contacts) > 1)
        for story in stories
        if any(len(episode.contacts) > 1 for episode in story.episodes)
    ]
    if days:
        ends = quantile_test(days, q=float(np.median(days)), p=0.5).confidence_interval(0.95)
        low, high = (None if not np.isfinite(end) else float(end) for end in (ends.low, ends.high))
        yield Metric("story_stat", "", "median_days_open", float(np.median(days)), low, high, len(days))


def _first_and_later(stories: Sequence[Story]) -> Iterator[Metric]:
    """First contacts on an irritant against later ones: how negative, how not valued, and the share of first ones. Clustered by customer."""
    rows: list[tuple[int, bool, bool, bool]] = []
    for code, story in enumerate(stories):
        later = {place for episode in story.episodes for place in episode.contacts[1:]}
        told = {place for episode in story.episodes for place in episode.contacts}
        rows += [(code, place in later, story.contacts[place].negative, story.contacts[place].not_valued) for place in sorted(told)]
    if not rows:
        return
    clusters = np.unique([row[0] for row in rows], return_inverse=True)[1].astype(np.int64)
    late = np.array([row[1] for row in rows], dtype=bool)
    yield from _one("story_stat", "first_contact_share", _share((~late).tolist(), clusters))
    for name, column in (("negative", 2), ("not_valued", 3)):
        values = np.array([row[column] for row in rows], dtype=bool)
        for side, kept in (("first", ~late), ("later", late)):
            own = np.unique(clusters[kept], return_inverse=True)[1].astype(np.int64) if kept.any() else clusters[:0]
            yield from _one("story_stat", f"{name}_{side}", _share(values[kept].tolist(), own))
        row = np.flatnonzero(late)
        contrast = mean_contrasts(values.astype(np.float64), row, np.zeros(len(row), dtype=np.int64), 1, clusters)[0] if len(rows) > 2 else None
        if contrast is not None:
            detail = {"p_value": contrast.p_value, "n_first": int((~late).sum())}
            yield Metric("story_stat", "", f"{name}_difference", contrast.value, contrast.low, contrast.high, int(late.sum()), detail)


def _score(weights: Weights, refit: Refit | None) -> Iterator[Metric]:
    for name in ("peak", "end", "mean"):
        yield Metric("story_score", "", f"weight_{name}", getattr(weights, name))
    if refit is None:
        return
    fitted = {} if refit.fitted is None else {name: getattr(refit.fitted, name) for name in ("peak", "end", "mean")}
    told: dict[str, object] = {"verdict": refit.verdict, "fitted": fitted}
    gain = refit.gain
    low, high = (None, None) if gain is None else (gain.low, gain.high)
    yield Metric("story_score", "", "refit_gain", 0.0 if gain is None else gain.value, low, high, refit.n, told)
    if refit.default_gain is not None:
        own = refit.default_gain
        yield Metric("story_score", "", "default_gain", own.value, own.low, own.high, refit.n)


def _switches(stories: Sequence[Story]) -> Iterator[Metric]:
    """How often customers went from one channel to another with the same irritant within thirty days."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for story in stories:
        for a, b, _ in story.switches:
            found[(a, b)].append(story.customer)
    for (a, b), customers in sorted(found.items()):
        yield Metric("switch", f"{a}={b}", "switches", float(len(customers)), n=len(set(customers)), detail={"customers": len(set(customers))})


# ---------------------------------------------------------------- seams


def seam_figures(told: Sequence[Told]) -> list[Metric]:
    """Figures of scopes `seam` (key: verbatim=rank) and `seam_cell` (key: `place` or `stage`=from=to).

    A cell counts verbatims and customers, and has `not_valued_rate`, clustered by customer, from thirty verbatims on.
    """
    ordered = sorted(told, key=lambda one: one.verbatim_id)
    ranks: dict[str, int] = defaultdict(int)
    metrics: list[Metric] = []
    cells: dict[tuple[str, str, str], dict[str, Told]] = defaultdict(dict)
    for one in ordered:
        ranks[one.verbatim_id] += 1
        metrics.append(Metric("seam", f"{one.verbatim_id}={ranks[one.verbatim_id]}", "confidence", one.confidence, n=1, detail=_seam(one)))
        for kind, a, b in (("place", one.seam.from_.place, one.seam.to.place), ("stage", one.seam.from_.stage, one.seam.to.stage)):
            if kind == "place" or UNKNOWN not in (a, b):
                cells[(kind, a, b)].setdefault(one.verbatim_id, one)
    for (kind, a, b), some in sorted(cells.items()):
        metrics += _cell(f"{kind}={a}={b}", list(some.values()))
    if ordered:
        n = len({one.verbatim_id for one in ordered})
        both = len({one.verbatim_id for one in ordered if UNKNOWN not in (one.seam.from_.place, one.seam.to.place)})
        metrics.append(Metric("story_stat", "", "seam_verbatims", float(n), n=n, detail={"both_sides": both}))
    return metrics


def _seam(one: Told) -> dict[str, object]:
    seam = one.seam
    return {
        "customer": one.customer,
        "channel": one.channel,
        "not_valued": one.not_valued,
        "declared": one.declared,
        "from": [seam.from_.place, seam.from_.stage, seam.from_.confidence],
        "to": [seam.to.place, seam.to.stage, seam.to.confidence],
        "kind": seam.kind,
        "lost": [seam.lost, seam.lost_confidence],
        "span": list(one.span),
    }


def _cell(key: str, some: Sequence[Told]) -> Iterator[Metric]:
    customers = {one.customer or one.verbatim_id for one in some}
    best = sorted(some, key=lambda one: (-round(one.confidence, 6), one.verbatim_id))
    detail: dict[str, object] = {"customers": len(customers), "places": [[one.verbatim_id, *one.span] for one in best[:QUOTES]]}
    yield Metric("seam_cell", key, "verbatims", float(len(some)), n=len(some), detail=detail)
    if len(some) >= SMALL_BASE:
        clusters = customer_codes([one.customer for one in some], [one.verbatim_id for one in some])
        yield from _one("seam_cell", "not_valued_rate", _share([one.not_valued for one in some], clusters), key)


# ---------------------------------------------------------------- shapes


def _share(marked: Sequence[bool], clusters: Ints) -> Estimates:
    row = np.flatnonzero(np.array(marked, dtype=bool))
    return shares(row, np.zeros(len(row), dtype=np.int64), 1, clusters)


def _one(scope: str, name: str, estimate: Estimates, key: str = "") -> Iterator[Metric]:
    if estimate.n:
        value, low, high = (float(bound[0]) for bound in (estimate.value, estimate.low, estimate.high))
        yield Metric(scope, key, name, value, low if np.isfinite(low) else None, high if np.isfinite(high) else None, estimate.n)
