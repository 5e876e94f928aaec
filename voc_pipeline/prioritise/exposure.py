"""What a count of verbatims stands against: the verbatims analysed, or the contacts a company has counted."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np

from voc_pipeline.intervals import Floats, Ints
from voc_pipeline.prioritise.base import Base, Bools
from voc_pipeline.prioritise.rates import rate
from voc_pipeline.schema import Metric, Voice

Contacts = Mapping[tuple[str, str], float]
"""Contacts by (month as YYYY-MM, channel)."""

PER = 1000
"""Rates are told per this many contacts."""


def covered(voice: Voice, contacts: Contacts) -> bool:
    """Whether the company has counted the contacts of a verbatim's month and channel."""
    return voice.date is not None and (f"{voice.date:%Y-%m}", voice.channel) in contacts


def weekly(base: Base, contacts: Contacts, as_of: date, weeks: int) -> tuple[Floats, Ints, str]:
    """How much was there to be told of in each of the last weeks.

    Contacts are spread evenly over the days of their month. They are the base only where each week has some and every month touched lists the same
    channels: a channel that is counted from one month on would look like a fall of everything.

    Args:
        base: The verbatims.
        contacts: Empty where nobody counts them.
        as_of: Last day of the last week.
        weeks: W.

    Returns:
        (base of each week, oldest first, *shape:* (W,); week of each verbatim, -1 outside of the weeks or of what is counted, *shape:* (n,); name of the
        base, `contacts` or `verbatims`).
    """
    start = as_of - timedelta(weeks=weeks)
    week = np.array([_week(voice, start, weeks) for voice in base.voices], dtype=np.int64)
    if contacts:
        days = [start + timedelta(days=1 + place) for place in range(weeks * 7)]
        of_month = {month: {channel for at, channel in contacts if at == month} for month in {f"{day:%Y-%m}" for day in days}}
        channels = next(iter(of_month.values()))
        spread = np.array([sum(contacts.get((f"{day:%Y-%m}", channel), 0.0) for channel in channels) / _days(day) for day in days])
        counted = spread.reshape(weeks, 7).sum(axis=1)
        if channels and all(found == channels for found in of_month.values()) and (counted > 0).all():
            inside = np.array([voice.channel in channels for voice in base.voices], dtype=bool)
            return counted, np.where(inside, week, -1), "contacts"
    return np.bincount(week[week >= 0], minlength=weeks).astype(np.float64), week, "verbatims"


def contact_figures(base: Base, contacts: Contacts) -> Iterator[Metric]:
    """Of each record, verbatims per thousand contacts over the months and channels that the company counts; of the run, those contacts."""
    dates = [voice.date for voice in base.voices if voice.date is not None]
    if not contacts or not dates:
        return
    first, last = (f"{at(dates):%Y-%m}" for at in (min, max))
    within = {key: n for key, n in contacts.items() if first <= key[0] <= last}
    total, inside = float(sum(within.values())), np.array([covered(voice, within) for voice in base.voices], dtype=bool)
    channels = sorted({channel for _, channel in within})
    detail: dict[str, object] = {"verbatims": int(inside.sum()), "outside": int((~inside).sum()), "channels": channels, "first": first, "last": last}
    if total <= 0:
        return
    yield Metric("run", "", "n_contacts", total, n=round(total), detail=detail)
    for irritant_id, rows in zip(base.ids, base.rows_of, strict=True):
        yield _rate(base, irritant_id, rows[inside[rows]], total)


def _rate(base: Base, irritant_id: str, rows: Ints, total: float) -> Metric:
    value, low, high = rate(len(rows), total, dispersion(base.clusters[rows]))
    return Metric("irritant", irritant_id, "contact_rate", value * PER, low * PER, high * PER, round(total), {"verbatims": len(rows), "per": PER})


def dispersion(clusters: Ints) -> float:
    """How many verbatims the customer of a verbatim has among these: 1 where nobody speaks twice."""
    told = np.unique(clusters, return_counts=True)[1].astype(np.float64)
    return float((told**2).sum() / told.sum()) if len(told) else 1.0


def counts_by_week(week: Ints, rows: Ints, weeks: int) -> Floats:
    """How many of some verbatims fall in each week. *Shape:* (W,)"""
    kept = week[rows]
    return np.bincount(kept[kept >= 0], minlength=weeks).astype(np.float64)


def recent_mask(weeks: int, recent_weeks: int) -> Bools:
    """Which weeks are recent, the last ones. *Shape:* (W,)"""
    return np.arange(weeks) >= weeks - recent_weeks


def _week(voice: Voice, start: date, weeks: int) -> int:
    if voice.date is None:
        return -1
    place = ((voice.date.date() - start).days - 1) // 7
    return place if 0 <= place < weeks else -1


def _days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
