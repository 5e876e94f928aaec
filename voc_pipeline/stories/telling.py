"""From contacts to stories: repeats, retellings, switches, what stays open, and the cumulative score with its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

import numpy as np

from voc_pipeline.schema import Contact, Episode, Story
from voc_pipeline.story_settings import Stories

WINDOWS = (7, 30)
"""Days within which a contact on the same irritant is a repeat (codebook 6)."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the worst, the last and the mean mood; they sum to 1, so that the score keeps the scale of a mood, -2 to +2."""

    peak: float = 0.4
    end: float = 0.4
    mean: float = 0.2

    def score(self, peak: float, end: float, mean: float) -> float:
        """The cumulative score."""
        return self.peak * peak + self.end * end + self.mean * mean


DEFAULT = Weights()
"""Where the codebook starts from, before any refit."""


def stories_of(contacts: Sequence[Contact], settings: Stories, as_of: date, weights: Weights = DEFAULT) -> list[Story]:
    """One story a customer, sorted by hashed id.

    An **episode** is one irritant of one customer: it opens at the first contact that tells it and closes at its last telling before a contact, about
    anything, that is positive or told as repaired, or before a silence longer than `silence_days`. A telling after that opens another one. Days open
    are a lower bound: what is not told of any more is not known to be mended.

    A contact **repeats** if an irritant it tells was told at most 7 (or 30) days before in the same episode; it **retells** if its words say so
    (repeat_self), or if that earlier contact was in another channel at most thirty days before; those are its **switches**. What the company asked for
    (`solicited`) counts for moods, days open and words, never as a repeat or a switch.

    Args:
        contacts: As `contacts_of` gives them.
        settings: Half-life, silence.
        as_of: Day to which the decayed count is taken.
        weights: Of the score.
    """
    ordered = sorted(contacts, key=lambda contact: (contact.customer, contact.date, contact.verbatim_ids))
    return [_story(customer, list(own), settings, as_of, weights) for customer, own in groupby(ordered, key=lambda contact: contact.customer)]


def _story(customer: str, contacts: list[Contact], settings: Stories, as_of: date, weights: Weights) -> Story:
    moods = [contact.mood for contact in contacts]
    episodes = tuple(sorted(_episodes(contacts, settings.silence_days), key=lambda episode: (episode.contacts, episode.irritant_id)))
    steps = [(episode, a, b) for episode in episodes for a, b in _own_steps(contacts, episode)]
    repeats = {days: len({b for _, a, b in steps if _days(contacts[a], contacts[b]) <= days}) for days in WINDOWS}
    crossing = [
        (episode, a, b) for episode, a, b in steps if contacts[a].channel != contacts[b].channel and _days(contacts[a], contacts[b]) <= max(WINDOWS)
    ]
    retold = {place for place, contact in enumerate(contacts) if contact.told_again} | {b for _, _, b in crossing}
    peak = min(moods)
    mean = sum(moods) / len(moods)
    return Story(
        customer=customer,
        contacts=tuple(contacts),
        episodes=episodes,
        repeats=repeats,
        retellings=len(retold),
        switches=tuple((contacts[a].channel, contacts[b].channel, episode.irritant_id) for episode, a, b in crossing),
        hand_offs=sum(contact.handed_on for contact in contacts),
        days_open=max((episode.days_open for episode in episodes), default=None),
        peak=peak,
        peak_at=moods.index(peak),
        end=moods[-1],
        mean=mean,
        score=weights.score(peak, moods[-1], mean),
        slope=_slope(contacts),
        decayed_not_valued=sum(
            0.5 ** (max(0, (as_of - contact.date.date()).days) / settings.half_life_days) for contact in contacts if contact.not_valued
        ),
        repaired=any(contact.repaired for contact in contacts),
    )


def _episodes(contacts: Sequence[Contact], silence_days: float) -> Iterator[Episode]:
    """Episodes of every irritant of one customer."""
    told: dict[str, list[int]] = defaultdict(list)
    for place, contact in enumerate(contacts):
        for irritant in contact.irritants:
            told[irritant].append(place)
    settled = [place for place, contact in enumerate(contacts) if contact.settled]
    for irritant, places in sorted(told.items()):
        part = [places[0]]
        for place in places[1:]:
            mended = any(part[-1] < end < place for end in settled) or part[-1] in settled
            if mended or _days(contacts[part[-1]], contacts[place]) > silence_days:
                yield _episode(irritant, part, contacts, settled)
                part = []
            part.append(place)
        yield _episode(irritant, part, contacts, settled)


def _episode(irritant: str, places: list[int], contacts: Sequence[Contact], settled: Sequence[int]) -> Episode:
    return Episode(irritant, tuple(places), _days(contacts[places[0]], contacts[places[-1]]), any(place >= places[-1] for place in settled))


def _own_steps(contacts: Sequence[Contact], episode: Episode) -> Iterator[tuple[int, int]]:
    """Each contact of an episode with the one before it, those that the company asked for left aside."""
    own = [place for place in episode.contacts if not contacts[place].solicited]
    yield from pairwise(own)


def _days(first: Contact, second: Contact) -> float:
    """Calendar days from one contact to another: sources do not all tell the hour."""
    return float((second.date.date() - first.date.date()).days)


def _slope(contacts: Sequence[Contact]) -> float | None:
    """Change of mood in thirty days, by least squares; None where all was said on one day."""
    days = [_days(contacts[0], contact) for contact in contacts]
    return float(np.polyfit(days, [contact.mood for contact in contacts], 1)[0]) * 30 if len(set(days)) > 1 else None
