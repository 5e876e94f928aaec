"""From verbatims to contacts: what one customer said on one occasion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from voc_pipeline.schema import Contact, NotValuedCode, Sentiment, SourceKind, Voice


@dataclass(frozen=True, slots=True)
class Said:
    """A verbatim as a story sees it.

    Attributes:
        p_sentiment: Probability of each stance.
        transition: Whether it tells of a seam.
        irritants: Ids of the irritants it tells.
        position: Segment that speaks for it.
    """

    voice: Voice
    kind: SourceKind
    p_sentiment: Mapping[str, float]
    transition: bool
    irritants: tuple[str, ...]
    position: int = 0


def mood(said: Said) -> float:
    """Emotional score of a verbatim, -2 to +2: probability of positive minus that of negative, one point less at most for not being valued (a third for
    each degree of its intensity), one more for being valued.
    """
    voice, p = said.voice, said.p_sentiment
    stance = p.get(Sentiment.POSITIVE, 0.0) - p.get(Sentiment.NEGATIVE, 0.0)
    regard = float(voice.valued) - (min(max(voice.intensity, 1), 3) / 3 if voice.not_valued else 0.0)
    return max(-2.0, min(2.0, stance + regard))


def contacts_of(said: Sequence[Said], solicited: Collection[SourceKind]) -> tuple[list[Contact], dict[str, int]]:
    """Contacts of known customers, sorted by customer and time.

    All answers of one form (source and respondent) on one day are one contact; every other verbatim is one of its own.

    Args:
        said: Verbatims of the base, in any order.
        solicited: Kinds of source where the company asked.

    Returns:
        The contacts, and how many verbatims stand apart: `without_customer`, `without_date`.
    """
    apart = {"without_customer": 0, "without_date": 0}
    forms: dict[tuple[str, ...], list[Said]] = defaultdict(list)
    for one in sorted(said, key=lambda one: one.voice.verbatim_id):
        voice = one.voice
        if not voice.customer:
            apart["without_customer"] += 1
        elif voice.date is None:
            apart["without_date"] += 1
        else:
            form = voice.respondent or f"verbatim {voice.verbatim_id}"
            forms[(voice.customer, voice.source, form, voice.date.date().isoformat())].append(one)
    contacts = [_contact(forms[key], solicited) for key in sorted(forms)]
    return sorted(contacts, key=lambda contact: (contact.customer, contact.date, contact.verbatim_ids)), apart


def _contact(said: Sequence[Said], solicited: Collection[SourceKind]) -> Contact:
    """One contact of answers sorted by id; its place in the journey is that of the answer that is worst."""
    voices = [one.voice for one in said]
    worst = min(said, key=lambda one: (mood(one), one.voice.verbatim_id))
    codes = {code for voice in voices for code in voice.not_valued_codes}
    events = codes | {voice.precursor for voice in voices if voice.precursor is not None}
    stances = {voice.sentiment for voice in voices}
    negative = Sentiment.NEGATIVE in stances
    scores: dict[str, float] = {}
    attributes: dict[str, str] = {}
    for voice in voices:
        scores |= voice.scores
        attributes |= voice.attributes
    repaired = any(voice.repaired for voice in voices)
    date = min(voice.date for voice in voices if voice.date is not None)
    return Contact(
        customer=voices[0].customer,
        date=date,
        channel=voices[0].channel,
        source=voices[0].source,
        respondent=voices[0].respondent,
        solicited=said[0].kind in solicited,
        verbatim_ids=(worst.voice.verbatim_id, *(voice.verbatim_id for voice in voices if voice is not worst.voice)),
        position=worst.position,
        stage=worst.voice.stage,
        mood=sum(map(mood, said)) / len(said),
        negative=negative,
        not_valued=any(voice.not_valued for voice in voices),
        codes=tuple(sorted(codes)),
        repaired=repaired,
        settled=repaired or (Sentiment.POSITIVE in stances and not negative and Sentiment.MIXED not in stances),
        told_again=NotValuedCode.REPEAT_SELF in events,
        handed_on=NotValuedCode.PASSED_AROUND in events or any(one.transition for one in said),
        leaving=any(voice.leaving for voice in voices),
        irritants=tuple(sorted({irritant for one in said for irritant in one.irritants})),
        scores=scores,
        attributes=attributes,
    )
