from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from voc_pipeline.config import CustomStage, Journey
from voc_pipeline.journey import moments_of_truth, own_stage, stage_label, stages_under
from voc_pipeline.keywords import found
from voc_pipeline.schema import Stage
from voc_pipeline.wording import STAGE_LABELS

ROOT = Path(__file__).parent.parent
JOURNEY = Journey(
    stages=(
        CustomStage(id="rdv", label_fr="Rendez-vous", maps_to=Stage.DELIVER, keywords=("technicien*", "rendez-vous")),
        CustomStage(id="colis", label_fr="Colis", label_en="Parcel", maps_to=Stage.DELIVER, keywords=("colis", "livreur")),
        CustomStage(id="depart", label_fr="Résiliation", maps_to=Stage.LEAVE, keywords=("résili*",)),
    )
)


@pytest.mark.parametrize(
    ("stage", "text", "expected"),
    [
        (Stage.DELIVER, "Le TECHNICIEN n'est jamais venu", "rdv"),
        (Stage.DELIVER, "mon colis a disparu", "colis"),
        (Stage.DELIVER, "le livreur a jeté le colis devant le technicien", "colis"),
        (Stage.DELIVER, "rien à signaler", "deliver"),
        (Stage.DELIVER, "un colisage étrange", "deliver"),
        (Stage.LEAVE, "j'ai RESILIE hier", "depart"),
        (Stage.SUPPORT, "le technicien m'a rappelée", "support"),
        (Stage.TRANSITION, "la boutique dit non, le technicien dit oui", "transition"),
    ],
)
def test_own_stage(stage: Stage, text: str, expected: str) -> None:
    """An own stage takes a text only under the stage it maps to, by most keywords, else the default id stays."""
    assert own_stage(JOURNEY, stage, text) == expected


@given(st.sampled_from(Stage), st.text(max_size=80))
def test_own_stage_maps_back(stage: Stage, text: str) -> None:
    """Whatever the text, the answer is one of the places that the default stage stands for."""
    assert own_stage(JOURNEY, stage, text) in stages_under(JOURNEY, stage)
    assert own_stage(Journey(), stage, text) == stage


@given(st.permutations(JOURNEY.stages[:2]), st.sampled_from(["deux colis et un livreur, un technicien", "technicien et rendez-vous, colis", "rien"]))
def test_own_stage_order(stages: list[CustomStage], text: str) -> None:
    """Where one own stage matches better than the others, the order of the file changes nothing."""
    assert own_stage(Journey(stages=tuple(stages)), Stage.DELIVER, text) == own_stage(JOURNEY, Stage.DELIVER, text)


def test_labels() -> None:
    """Every default stage has a French and an English label, an own stage falls back to its French one, an unknown id to itself."""
    assert set(STAGE_LABELS) == set(Stage) and all(set(words) == {"fr", "en"} and all(words.values()) for words in STAGE_LABELS.values())
    assert stage_label(JOURNEY, "transition", "fr") == "Interstice" and stage_label(JOURNEY, Stage.PAY, "en") == "Billing and payment"
    assert stage_label(JOURNEY, "rdv", "en") == "Rendez-vous" and stage_label(JOURNEY, "colis", "en") == "Parcel"
    assert stage_label(JOURNEY, "nowhere", "fr") == "nowhere"


def test_moments_of_truth() -> None:
    """Moments of truth are the company's own stages that say so, then those of the codebook that the journey names, each once; what is no stage is refused."""
    stages = (JOURNEY.stages[0], JOURNEY.stages[1].model_copy(update={"moment_of_truth": True}))
    assert moments_of_truth(Journey(stages=stages, moments_of_truth=(Stage.CLAIM, Stage.SUPPORT, Stage.CLAIM))) == ("colis", "claim", "support")
    assert moments_of_truth(JOURNEY) == ()
    with pytest.raises(ValueError, match=r"moments_of_truth\.0"):
        Journey.model_validate({"moments_of_truth": ["helpdesk"]})


def test_example() -> None:
    """The example journey is valid, its own stages are reachable, and its seams join places that exist."""
    journey = Journey.model_validate(yaml.safe_load((ROOT / "configs" / "journey.yaml").read_text(encoding="utf-8"))["journey"])
    places = {*Stage, *(own.id for own in journey.stages)}
    assert all(own_stage(journey, own.maps_to, own.keywords[0].rstrip("*")) == own.id for own in journey.stages)
    assert all({seam.from_, seam.to} <= places and seam.owner in journey.departments for seam in journey.transitions)
    assert len(places) == len(Stage) + len(journey.stages)


def test_keywords() -> None:
    """Keywords match whole words or phrases whatever the accents, capitals, apostrophes and blanks; an empty one matches nothing."""
    assert found(["première  facture", "l'été", "", "*", "net"], "PREMIERE\nFACTURE de l’été, internet") == ("première  facture", "l'été")
