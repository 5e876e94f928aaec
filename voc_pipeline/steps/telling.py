"""From verbatims and their answers to stories and seams, as figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from voc_pipeline import journey
from voc_pipeline.config import Config, Journey
from voc_pipeline.prioritise.base import rounded
from voc_pipeline.schema import Annotation, Contact, IrritantKind, Metric, Role, Side, Stage, Telling, Verbatim, Voice
from voc_pipeline.seams import read_seams
from voc_pipeline.store.nouns import ScoreRow
from voc_pipeline.stories import DEFAULT, Refit, Said, contacts_of, refitted, seam_figures, stories_of, story_figures
from voc_pipeline.stories.figures import Told

LEFT = frozenset({"1", "true", "yes", "oui", "vrai", "left", "churned", "parti", "résilié"})
"""What a churn column says of a customer who left."""


def told_figures(
    verbatims: Mapping[str, Verbatim],
    annotations: Mapping[str, Annotation],
    voices: Sequence[Voice],
    tellings: Sequence[Telling],
    scores: Iterable[ScoreRow],
    config: Config,
    as_of: date,
    kinds: Mapping[str, IrritantKind],
) -> list[Metric]:
    """Figures of the scopes `story`, `story_stat`, `story_score`, `switch`, `seam` and `seam_cell`."""
    assert isinstance(config.journey, Journey)
    settings = config.stories
    irritants: dict[str, set[str]] = defaultdict(set)
    for telling in tellings:
        if kinds[telling.irritant_id] is IrritantKind.IRRITANT:
            irritants[telling.verbatim_id].add(telling.irritant_id)
    said = [said_of(voice, verbatims[voice.verbatim_id], annotations[voice.verbatim_id], irritants.get(voice.verbatim_id, ())) for voice in voices]
    contacts, apart = contacts_of(said, settings.solicited)
    refit = _refit(contacts, scores, settings.outcome) if settings.score == "refit" else None
    weights = refit.weights if refit else DEFAULT
    metrics = story_figures(stories_of(contacts, settings, as_of, weights), apart, weights, refit)
    seams = [one for voice in voices for one in seams_of(voice, verbatims[voice.verbatim_id], annotations[voice.verbatim_id], config.journey)]
    return [rounded(metric) for metric in (*metrics, *seam_figures(seams))]


def said_of(voice: Voice, verbatim: Verbatim, annotation: Annotation, irritants: Iterable[str]) -> Said:
    """A verbatim as a story sees it; the segment that speaks for it is the most negative one, or the most positive of a verbatim that pleases."""
    own = {segment.position for segment in verbatim.segments if segment.role is Role.CUSTOMER}
    answers = [one for one in annotation.segments if one.position in own]
    p = annotation.p_sentiment
    pleased = p.get("positive", 0.0) > p.get("negative", 0.0)
    best = max(answers, key=lambda one: (one.p_positive if pleased else one.p_negative, -one.position), default=None)
    transition = annotation.stage is Stage.TRANSITION
    return Said(voice, verbatim.kind, p, transition, tuple(sorted(irritants)), best.position if best else 0)


def seams_of(voice: Voice, verbatim: Verbatim, annotation: Annotation, own: Journey) -> list[Told]:
    """Seams of a verbatim that is read as a transition, whole or in some of its segments; none of any other.

    A side that the lexicon gives no stage takes the one the model reads in the sentence naming it, where it is more sure than not.
    """
    kept = [segment for segment in verbatim.segments if segment.role is Role.CUSTOMER]
    answers = {one.position: one for one in annotation.segments}
    own_places = {segment.position for segment in kept}
    seam_segments = [one for one in annotation.segments if one.position in own_places and one.stage is Stage.TRANSITION and one.p_stage >= 0.5]
    whole = annotation.stage is Stage.TRANSITION
    if not kept or not (whole or seam_segments):
        return []
    if not whole:
        positions = {one.position + step for one in seam_segments for step in (-1, 0, 1)}
        kept = [segment for segment in kept if segment.position in positions] or kept
    text, starts = "", []
    for segment in kept:
        starts.append((len(text), segment))
        text += segment.text + "\n"
    stages: dict[str, str] = {}
    for segment in kept:
        answer = answers.get(segment.position)
        if answer is not None and answer.p_stage >= 0.5 and answer.stage not in (Stage.TRANSITION, Stage.UNKNOWN):
            for side in {place for one in read_seams(segment.text) for place in (one.from_, one.to) if place.confidence}:
                stages.setdefault(side.place, str(answer.stage))
    p_seam = annotation.p_stage.get("transition", 0.0) if whole else max(one.p_stage for one in seam_segments)
    out = []
    for seam in read_seams(text, stages):
        (first_at, first), (last_at, last) = (
            max((one for one in starts if one[0] <= end), key=lambda one: one[0]) for end in (seam.start, seam.end - 1)
        )
        span = first.start + seam.start - first_at, min(last.end, last.start + seam.end - last_at)
        declared = _declared(own, seam.from_, seam.to, text[seam.start : seam.end])
        out.append(Told(voice.verbatim_id, voice.customer, voice.channel, voice.not_valued, seam, declared, span, p_seam))
    return out


def _declared(own: Journey, first: Side, second: Side, quote: str) -> str:
    """The company's own transition between two sides: its ends may name places, stages, or stages of its own."""

    def names(side: Side) -> set[str]:
        return {side.place, side.stage, journey.own_stage(own, Stage(side.stage), quote)}

    return next((one.id for one in own.transitions if one.from_ in names(first) and one.to in names(second)), "")


def _refit(contacts: Sequence[Contact], scores: Iterable[ScoreRow], outcome: str) -> Refit:
    """The refit on the outcome that the settings name: the last answer of each customer, or whether they left."""
    found: dict[str, tuple[date, float]] = {}
    if outcome.startswith("churn:"):
        column = outcome.removeprefix("churn:")
        for contact in contacts:
            if column in contact.attributes:
                found[contact.customer] = (contact.date.date(), float(contact.attributes[column].strip().casefold() not in LEFT))
        return refitted(contacts, found, churn=True)
    answers = [(row.date, row.source, row.respondent_hash, row) for row in scores if row.name == outcome and row.date]
    for day, _, _, row in sorted(answers, key=lambda answer: answer[:3]):
        if row.customer_hash:
            found[row.customer_hash] = (day.date(), float(row.value))
    return refitted(contacts, found)
