"""Seams: which two sides a customer names, what was lost, and how well this is read."""

from __future__ import annotations

import csv
import json

import pytest
from commands import ROOT

from benchmarks import seams as benchmark
from voc_pipeline.config import Journey
from voc_pipeline.schema import UNKNOWN, Stage
from voc_pipeline.seams import places, read_seams
from voc_pipeline.steps.telling import seams_of
from voc_pipeline.stories import seam_figures
from voc_pipeline.stories.figures import Told


@pytest.mark.parametrize(
    ("text", "sides", "kind"),
    [
        ("La boutique me renvoie vers le 3900, et le 3900 vers la boutique.", [("shop", "phone"), ("phone", "shop")], "channel"),
        ("L'appli m'a dit d'aller en magasin.", [("app", "shop")], "channel"),
        ("The broker told me to ask you.", [("partner", "company")], "partner"),
        ("Le service technique dit que c'est la facturation.", [("technical", "billing")], "department"),
        ("I was sent to the shop from the hotline.", [("phone", "shop")], "channel"),
        ("Mon conseiller est parti, son remplaçant ne sait rien.", [("adviser", "adviser")], "adviser"),
        ("Entre la vente et la compta, ma remise s'est perdue.", [("billing", UNKNOWN)], "department"),
        ("Personne ne sait rien de mon affaire.", [(UNKNOWN, UNKNOWN)], UNKNOWN),
    ],
)
def test_both_sides_are_read_in_the_order_the_customer_was_sent(text: str, sides: list[tuple[str, str]], kind: str) -> None:
    """Words of sending join places as the customer went; a side nobody names stays unknown."""
    found = read_seams(text)
    assert [(one.from_.place, one.to.place) for one in found] == sides
    assert found[0].kind == kind


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("La boutique me renvoie au chat et personne ne s'en occupe.", "ownership"),
        ("Le vendeur n'a rien transmis à la facturation, aucune trace, j'ai tout dû réexpliquer.", "context"),
        ("Le commercial m'avait promis et garanti le montage, la livraison n'en fait rien.", "promise"),
        ("Le magasin et le site, deux versions qui se contredisent.", "consistency"),
        ("Du magasin au site.", UNKNOWN),
    ],
)
def test_what_was_lost_is_told_by_its_words(text: str, lost: str) -> None:
    """The family of loss with most words wins; without any, nothing is said and nothing is sure."""
    seam = read_seams(text)[0]
    assert seam.lost == lost
    assert (seam.lost_confidence == 0.0) == (lost == UNKNOWN)
    assert 0.0 <= seam.lost_confidence < 1.0


def test_the_quote_is_the_sentence_that_names_the_sides() -> None:
    """The span holds in the text as it is written, accents, capitals and typographic marks included."""
    text = "Bonjour à tous ! L’ÉTÉ fut beau. La Boutique m’a renvoyée vers le Téléphone. Merci…"
    seam = read_seams(text)[0]
    assert text[seam.start : seam.end] == "La Boutique m’a renvoyée vers le Téléphone."


def test_a_side_that_is_not_named_has_no_confidence() -> None:
    """Each side has its own confidence, 0 where its place is unknown, below 1 always."""
    seam = read_seams("La boutique n'a rien fait.")[0]
    assert (seam.from_.place, seam.to.place) == ("shop", UNKNOWN)
    assert 0.0 < seam.from_.confidence < 1.0
    assert seam.to.confidence == 0.0


def test_every_place_has_a_known_stage_and_words_in_both_languages() -> None:
    """The lexicon's stages are the codebook's, and the report has a French and an English word for every place."""
    import yaml

    raw = yaml.safe_load((ROOT / "voc_pipeline" / "seams" / "words.yaml").read_text(encoding="utf-8"))
    said = yaml.safe_load((ROOT / "voc_pipeline" / "report" / "words.yaml").read_text(encoding="utf-8"))
    assert {about["stage"] for about in raw["places"].values()} <= {str(stage) for stage in Stage}
    assert all(said[f"place.{place}"]["fr"] and said[f"place.{place}"]["en"] for place in (*places(), UNKNOWN))
    assert all(f"lost.{lost}" in said for lost in (*raw["lost"], UNKNOWN))


def test_the_lexicon_is_judged_on_verbatims_it_was_not_written_on() -> None:
    """A hundred or more held-out verbatims are judged, all seams of odd number, and precision is no lower than what is told."""
    people, found = benchmark.judged(), dict(benchmark.read())
    assert len(people) >= 100
    assert found.keys() == people.keys()
    stages = {
        record["id"]: record["stage"]
        for line in benchmark.WRITTEN.read_text(encoding="utf-8").splitlines()
        if (record := json.loads(line))["id"] in people
    }
    assert set(stages.values()) == {"transition"}
    assert all(int(id_[1:]) % 2 for id_ in people)
    for name, least in (("from: the place", 0.7), ("to: the place", 0.5), ("what was lost", 0.6)):
        read, truth = benchmark.QUESTIONS[name]
        answered = [(read(seam), truth(people[id_])) for id_, seam in found.items() if read(seam) != UNKNOWN]
        assert sum(a == b for a, b in answered) / len(answered) >= least, name


# ---------------------------------------------------------------- figures


def _told(n: int, text: str = "La boutique me renvoie vers le téléphone.", customer: str = "", not_valued: bool = True) -> Told:
    return Told(f"v{n:03d}", customer or f"c{n:03d}", "chat", not_valued, read_seams(text)[0], "", (0, len(text)), 0.9)


def test_a_cell_counts_verbatims_and_customers_and_has_a_rate_from_thirty_on() -> None:
    """Twenty-nine verbatims have a count only; thirty have the share that is not valued, with its interval."""
    few, enough = (
        {(m.key, m.name): m for m in seam_figures([_told(n, not_valued=n % 3 == 0, customer=f"c{n // 2}") for n in range(size)])} for size in (29, 30)
    )
    cell = "place=shop=phone"
    assert (few[cell, "verbatims"].value, few[cell, "verbatims"].detail["customers"]) == (29, 15)
    assert (cell, "not_valued_rate") not in few
    rate = enough[cell, "not_valued_rate"]
    assert rate.value == pytest.approx(1 / 3)
    assert rate.low is not None and rate.high is not None and rate.low < 1 / 3 < rate.high


def test_a_verbatim_counts_once_in_a_cell_however_often_it_tells_it() -> None:
    """Two seams of one verbatim between the same sides are two records and one count."""
    metrics = seam_figures([_told(1), _told(1)])
    assert len([m for m in metrics if m.scope == "seam"]) == 2
    assert [m.value for m in metrics if (m.scope, m.key) == ("seam_cell", "place=shop=phone")] == [1.0]


def test_figures_of_seams_do_not_depend_on_the_order_they_come_in() -> None:
    """The same seams shuffled give the same figures."""
    told = [_told(n, text) for n, text in enumerate(["La boutique me renvoie au chat.", "Le site dit de voir avec la boutique.", "Rien."] * 4)]
    assert seam_figures(told) == seam_figures(told[::-1])


def test_seams_are_read_only_where_the_model_reads_a_transition_and_name_declared_ones() -> None:
    """A verbatim of another stage tells no seam; one between declared ends carries the id of the company's own transition."""
    from invented_store import InventedStore

    from voc_pipeline.steps.measuring import voices_of

    store = InventedStore(300)
    verbatims, annotations = store._verbatims, store._annotations
    own = Journey.model_validate({"transitions": [{"id": "shop_to_phone", "from": "shop", "to": "phone"}]})
    found = [
        (annotations[v.verbatim_id], one)
        for v in voices_of(verbatims, annotations, own)
        for one in seams_of(v, verbatims[v.verbatim_id], annotations[v.verbatim_id], own)
    ]
    assert found
    for _, one in found:
        start, end = one.span
        assert verbatims[one.verbatim_id].text[start:end].strip()
        assert end <= len(verbatims[one.verbatim_id].text)
    assert all(a.stage is Stage.TRANSITION or any(s.stage is Stage.TRANSITION for s in a.segments) for a, _ in found)
    declared = {one.declared for _, one in found if (one.seam.from_.place, one.seam.to.place) == ("shop", "phone")}
    assert declared == {"shop_to_phone"}
    assert {one.declared for _, one in found if (one.seam.from_.place, one.seam.to.place) != ("shop", "phone")} <= {""}


def test_what_is_planted_in_the_demo_is_described() -> None:
    """Every planted seam and story names a verbatim of the planted truth."""
    with (ROOT / "data_samples" / "ondelia" / "planted_stories.csv").open(encoding="utf-8", newline="") as file:
        planted = list(csv.DictReader(file))
    with (ROOT / "data_samples" / "ondelia" / "planted_truth.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["source"], row["row_id"]): row["customer"] for row in csv.DictReader(file)}
    assert all(known[row["source"], row["row_id"]] == row["customer"] for row in planted)
    assert {row["from"] for row in planted if row["story"] == "seam"} <= set(places())
