"""What the parts of a priority say, and the evidence of where an irritant sits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from invented_store import CONFIG

from voc_pipeline.config import Fields, ScoreField
from voc_pipeline.prioritise import scales_of
from voc_pipeline.prioritise.rank import deepest
from voc_pipeline.report.grounds import sentences
from voc_pipeline.report.page.phrases import Phrases
from voc_pipeline.report.page.ranks import rank_parts
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import Gap, GapReading, Ground, Metric

UNSURE, LOWER, HIGHER = (-1.2, 0.6), (-1.5, -0.7), (0.2, 0.9)


def says(lang: Lang, outcome: str, **ends: tuple[float, float]) -> str:
    """What the page says of the effect of an irritant with these intervals of differences, of which one score's set the part."""
    figures = {
        f"{name}_difference": Metric("irritant", "IRR-A", f"{name}_difference", (low + high) / 2, low, high, 90) for name, (low, high) in ends.items()
    }
    figures["part.impact"] = Metric("irritant", "IRR-A", "part.impact", 0.35, n=90, detail={"outcome": outcome})
    reading = cast(Any, SimpleNamespace(config=CONFIG, figures=None))
    return str(rank_parts(Phrases(reading, Words(lang)), figures)[0]["says"])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_an_effect_is_told_of_the_score_that_set_it(lang: Lang) -> None:
    """The sentence tells of the score that the run stored with the part, whatever the others do and whatever the scales are today."""
    t = Words(lang)
    assert says(lang, "stars", nps=UNSURE, stars=LOWER) == t("says.stars.lower", x=t.number(1.1, 1))
    assert says(lang, "nps", nps=UNSURE, stars=LOWER) == t("says.nps.unsure")
    assert says(lang, "nps", nps=HIGHER, csat=UNSURE) == t("says.nps.higher", x=t.number(0.6, 1))
    assert says(lang, "") == t("says.unknown")


def test_the_deepest_drop_is_that_of_the_scale_the_source_declares() -> None:
    """A drop of two points weighs a quarter on a scale of sixteen and everything on one of four; a score without an interval is left out."""
    highs = {"nps": -2.0, "stars": None}
    for low, high, weighs in ((0, 16, 0.25), (1, 5, 1.0)):
        source = SimpleNamespace(fields=Fields(scores={"nps": ScoreField(field="note", low=low, high=high)}))
        assert deepest(highs, scales_of([cast(Any, source)])) == ("nps", weighs)
    assert deepest({"nps": None}, scales_of(())) == ("", 0.0)


def evidence(**said: object) -> GapReading:
    effect = {"value": 0.8, "low": 0.4, "high": 1.1, "n": 40, "q_value": 0.002}
    highest = {"unit": "Jura", "told": 6, "of": 44, "expected": 1.59}
    ground = Ground("spread", Gap.DELIVERY, 2.0, {**effect, **highest, "attribute": "region", "verdict": "concentrated", **said})
    return GapReading("IRR-A", Gap.DELIVERY, None, 0.5, {}, {}, 40, True, (), {}, grounds=(ground,))


@pytest.mark.parametrize(
    ("lang", "most", "fewer"),
    [
        ("fr", "Vosges (13 fois pour 5,0 attendues)", "Jura (6 fois pour 1,6 attendues)"),
        ("en", "Vosges (13 times for 5.0 expected)", "Jura (6 times for 1.6 expected)"),
    ],
)
def test_evidence_names_every_unit_clearly_above_chance(lang: Lang, most: str, fewer: str) -> None:
    """Each region that tells it clearly more than chance is named with both counts, most tellings first; where none does, that is said beside the highest; of a run of before, the highest alone."""
    (told,) = sentences(evidence(above=[["Vosges", 13, 4.98], ["Jura", 6, 1.59]]), Words(lang))
    assert f"{most}, {fewer}" in told.replace("\u202f", " ").replace("\u00a0", " ")
    (none,) = sentences(evidence(above=[]), Words(lang))
    assert fewer in none.replace("\u202f", " ").replace("\u00a0", " ") and {"fr": "aucune valeur", "en": "no value"}[lang] in none
    (before,) = sentences(evidence(), Words(lang))
    assert fewer in before.replace("\u202f", " ").replace("\u00a0", " ") and "Vosges" not in before
