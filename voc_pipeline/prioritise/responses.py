"""Time to first response in chats (codebook 6): how long customers wait for a person, whom a robot answers first, who is never answered.

A chat that no person answers is an answer that never came, not a missing figure: it stays in the base with an infinite wait. With chats over when they are
read, that is also what a survival curve with "the chat ends first" as a competing event gives (Aalen and Johansen 1978); a Kaplan-Meier curve would
suppose instead that those who left unanswered would have been answered like the others, had they stayed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import Floats, Ints, customer_codes, mean_contrasts, wilson_interval
from voc_pipeline.prioritise.base import Bools, figure, recoded, rounded, share_of
from voc_pipeline.schema import SMALL_BASE, FirstResponse, Metric, Sentiment, Timing, Voice

QUANTILES = {"person_median": 0.5, "person_p90": 0.9}


@dataclass(frozen=True, slots=True)
class Position:
    """A quantile with its interval, in seconds; infinite where so many were never answered."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Waits:
    """Timed chats as columns, each *shape:* (n,).

    Attributes:
        person, robot: Seconds until a person, and a robot, first answers; infinite where none does.
        within: Seconds allowed in the chat's channel; NaN where none are set.
    """

    voices: list[Voice]
    clusters: Ints
    person: Floats
    robot: Floats
    within: Floats

    def some(self, rows: Ints) -> Waits:
        """These rows alone."""
        return Waits([self.voices[row] for row in rows], recoded(self.clusters[rows]), self.person[rows], self.robot[rows], self.within[rows])


def response_figures(voices: Sequence[Voice], responses: Mapping[str, FirstResponse | None], within: Mapping[str, float]) -> list[Metric]:
    """Scope `response`: of all chats, and of each channel and value of an attribute with thirty timed chats; floats of 6 decimals.

    Args:
        voices: Verbatims of the run.
        responses: Of each chat, how long its customer waited; None where that was not kept.
        within: Seconds in which a person is to answer first, by channel.
    """
    chats = sorted((voice for voice in voices if voice.verbatim_id in responses), key=lambda voice: voice.verbatim_id)
    if not chats:
        return []
    waits = _waits(chats, responses, within)
    metrics = [*_timed(chats, responses), *_figures("", waits), *_together(waits)]
    for key, rows in _groups(waits.voices).items():
        if SMALL_BASE <= len(rows) < len(waits.voices):
            metrics += _figures(key, waits.some(rows))
    return sorted((rounded(metric) for metric in metrics), key=lambda metric: (metric.key, metric.name))


def position(values: Floats, clusters: Ints, p: float) -> Position:
    """The quantile of values that may be infinite, with an interval clustered by customer.

    The share of values up to the quantile has a Wilson interval on the effective base; its ends are quantiles in turn (Woodruff), one rank wider, so that it holds on few chats too.

    Args:
        values: Finite, or infinite for what never came. *Shape:* (n,), n > 0.
        clusters: Customer of each value, 0 to G - 1. *Shape:* (n,)
        p: In (0, 1).

    Source: Woodruff (1952), "Confidence intervals for medians and other position measures".
    """
    ordered = np.sort(values)
    value = _ranked(ordered, p)
    effective = float(share_of(values <= value, clusters).effective_n[0])
    low, high = wilson_interval(p * effective, effective)
    n = len(ordered)
    ranks = (max(int(np.floor(n * low)), 1), min(int(np.ceil(n * high)) + 1, n))
    return Position(value, *(float(ordered[rank - 1]) for rank in ranks))


def _ranked(ordered: Floats, p: float) -> float:
    return float(np.quantile(ordered, p, method="inverted_cdf"))


def _waits(chats: Sequence[Voice], responses: Mapping[str, FirstResponse | None], within: Mapping[str, float]) -> Waits:
    timed = [(voice, found) for voice in chats if (found := responses[voice.verbatim_id]) is not None and found.timing is Timing.TIMED]
    voices = [voice for voice, _ in timed]
    return Waits(
        voices,
        customer_codes([voice.customer for voice in voices], [voice.verbatim_id for voice in voices]),
        np.array([np.inf if found.person_seconds is None else found.person_seconds for _, found in timed], dtype=np.float64),
        np.array([np.inf if found.robot_seconds is None else found.robot_seconds for _, found in timed], dtype=np.float64),
        np.array([within.get(voice.channel, np.nan) for voice in voices], dtype=np.float64),
    )


def _groups(voices: Sequence[Voice]) -> dict[str, Ints]:
    """Rows of each channel and value of an attribute, by `attribute=value`."""
    found: dict[str, list[int]] = defaultdict(list)
    for row, voice in enumerate(voices):
        for name, value in {**voice.attributes, "channel": voice.channel, "lang": voice.lang}.items():
            if value:
                found[f"{name}={value}"].append(row)
    return {key: np.array(rows, dtype=np.int64) for key, rows in sorted(found.items())}


def _timed(chats: Sequence[Voice], responses: Mapping[str, FirstResponse | None]) -> Iterator[Metric]:
    """Share of the chats whose times can be used, and why the others' cannot."""
    timings = ["not_kept" if (found := responses[voice.verbatim_id]) is None else str(found.timing) for voice in chats]
    clusters = customer_codes([voice.customer for voice in chats], [voice.verbatim_id for voice in chats])
    detail = {name: timings.count(name) for name in (Timing.TIMED, Timing.UNTIMED, Timing.BACKWARDS, "not_kept")}
    yield from figure(
        "response", "", "timed_share", share_of(np.array(timings) == Timing.TIMED, clusters), {str(name): n for name, n in detail.items()}
    )


def _figures(key: str, waits: Waits) -> Iterator[Metric]:
    n = len(waits.voices)
    if not n:
        return
    by_person, by_robot = np.isfinite(waits.person), np.isfinite(waits.robot)
    silent = {"robot_only": int((by_robot & ~by_person).sum()), "nobody": int((~by_robot & ~by_person).sum())}
    yield from figure("response", key, "person_share", share_of(by_person, waits.clusters), silent)
    for name, p in QUANTILES.items():
        yield _placed(key, name, position(waits.person, waits.clusters, p), n)
    yield from figure("response", key, "robot_first_share", share_of(by_robot & (waits.robot <= waits.person), waits.clusters))
    if by_robot.sum() >= SMALL_BASE:
        answered = waits.some(np.flatnonzero(by_robot))
        yield _placed(key, "robot_median", position(answered.robot, answered.clusters, 0.5), len(answered.voices))
    due = np.flatnonzero(np.isfinite(waits.within))
    if len(due):
        asked = waits.some(due)
        limits = {voice.channel: float(limit) for voice, limit in zip(asked.voices, asked.within, strict=True)}
        yield from figure("response", key, "within_share", share_of(asked.person <= asked.within, asked.clusters), {"seconds": limits})


def _placed(key: str, name: str, found: Position, n: int) -> Metric:
    return Metric("response", key, name, found.value, found.low, found.high, n)


def _together(waits: Waits) -> Iterator[Metric]:
    """What goes with a long wait in the same chats: share not valued and share negative of those who waited longer than half, or for ever, minus the others'."""
    if not len(waits.voices):
        return
    half = _ranked(np.sort(waits.person), 0.5)
    later = waits.person > half
    n_later, n_sooner = int(later.sum()), int((~later).sum())
    if min(n_later, n_sooner) < SMALL_BASE:
        return
    marks: dict[str, Bools] = {
        "not_valued_difference": np.array([voice.not_valued for voice in waits.voices], dtype=bool),
        "negative_difference": np.array([voice.sentiment is Sentiment.NEGATIVE for voice in waits.voices], dtype=bool),
    }
    rows = np.flatnonzero(later)
    for name, marked in marks.items():
        found = mean_contrasts(marked.astype(np.float64), rows, np.zeros(n_later, dtype=np.int64), 1, waits.clusters)[0]
        if found is not None and found.low is not None:
            detail: dict[str, object] = {
                "seconds": half,
                "n_later": n_later,
                "n_sooner": n_sooner,
                "share_later": float(marked[later].mean()),
                "share_sooner": float(marked[~later].mean()),
                "p_value": found.p_value,
            }
            yield Metric("response", "", name, found.value, found.low, found.high, n_later + n_sooner, detail)
