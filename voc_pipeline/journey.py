"""The customer's journey: a company's own stages over the twelve of the codebook. `transition`, the seam, is a place of its own."""

from __future__ import annotations

from voc_pipeline.config import Journey
from voc_pipeline.keywords import found
from voc_pipeline.schema import Stage
from voc_pipeline.wording import STAGE_LABELS


def own_stage(journey: Journey, stage: Stage, text: str) -> str:
    """The company's own stage that a text speaks of.

    Only stages whose `maps_to` is the stage that the model gave compete, so that figures stay comparable from one company to the next.
    The one with most keywords in the text wins; then the one with most letters in them; then the first of the file.

    Args:
        journey: The company's journey.
        stage: Default stage, as the model gave it. The seam is `Stage.TRANSITION`.
        text: Words of the passage.

    Returns:
        Id of the own stage, or of the default stage where no keyword is found.
    """
    best, best_hits = str(stage), (0, 0)
    for own in journey.stages:
        if own.maps_to is stage:
            words = found(own.keywords, text)
            if (hits := (len(words), sum(map(len, words)))) > best_hits:
                best, best_hits = own.id, hits
    return best


def stages_under(journey: Journey, stage: Stage) -> tuple[str, ...]:
    """Ids of all places a default stage stands for: its own, then those of the company that map to it, in the order of the file."""
    return (str(stage), *(own.id for own in journey.stages if own.maps_to is stage))


def moments_of_truth(journey: Journey) -> tuple[str, ...]:
    """Ids of the stages declared as moments of truth: the company's own, then those of the codebook, each once."""
    own = (stage.id for stage in journey.stages if stage.moment_of_truth)
    return tuple(dict.fromkeys((*own, *map(str, journey.moments_of_truth))))


def stage_label(journey: Journey, stage_id: str, lang: str) -> str:
    """Words for a stage, own or default.

    Args:
        journey: The company's journey.
        stage_id: Id of one of its stages or of a default one.
        lang: `fr` or `en`.

    Returns:
        The label in that language, else in French, else the id itself.
    """
    for own in journey.stages:
        if own.id == stage_id:
            return (own.label_en if lang == "en" else own.label_fr) or own.label_fr or stage_id
    labels = STAGE_LABELS.get(stage_id, {})
    return labels.get(lang) or labels.get("fr") or stage_id
