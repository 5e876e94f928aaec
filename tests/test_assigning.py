"""Which sentences go to the registry, and as what."""

from __future__ import annotations

from dataclasses import replace

from test_store import a_verbatim, an_annotation

from voc_pipeline.schema import IrritantKind
from voc_pipeline.steps.assigning import told

THRESHOLDS = {"segment_negative": 0.5, "segment_positive": 0.5, "suggestion": 0.5}


def _told(words: str, moved: dict[str, IrritantKind]) -> list[tuple[IrritantKind, str]]:
    verbatim = a_verbatim(1, words)
    return [(kind, item.segment.text) for kind, item in told(verbatim, an_annotation(verbatim), THRESHOLDS, moved)]


def test_a_sentence_of_two_words_tells_of_nothing_by_itself() -> None:
    """Without an object there is no irritant to tell of."""
    assert _told("Nul ici. Personne ne répond.", {}) == [(IrritantKind.IRRITANT, "Personne ne répond.")]


def test_a_person_may_say_what_a_short_sentence_tells_of() -> None:
    """A sentence that a person moved goes to the kind of record it was moved to, however short it is and whatever the model reads in it."""
    moved = {"nul ici.": IrritantKind.IRRITANT, "personne ne répond.": IrritantKind.STRENGTH}
    assert _told("Nul ici. Personne ne répond.", moved) == [(IrritantKind.IRRITANT, "Nul ici."), (IrritantKind.STRENGTH, "Personne ne répond.")]


def test_a_negative_sentence_of_a_verbatim_that_complains_of_nothing_is_no_irritant() -> None:
    """Praise is often told in sentences that sound like trouble: where the whole tells no irritant, none of its sentences does."""
    verbatim = a_verbatim(1, "Personne ne répond.")
    annotation = an_annotation(verbatim)
    assert [kind for kind, _ in told(verbatim, annotation, THRESHOLDS)] == [IrritantKind.IRRITANT]
    assert list(told(verbatim, replace(annotation, passages=()), THRESHOLDS)) == []
