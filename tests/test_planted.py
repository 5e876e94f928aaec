"""The demo's exports hold what their README says was planted."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from commands import ROOT

FOLDER = ROOT / "data_samples" / "ondelia"
README = ROOT / "data_samples" / "README.md"


def _rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Source, id, customer, region and shop of every row of the three exports, rows with faults among them."""
    from openpyxl import load_workbook

    for chat in json.loads((FOLDER / "chats_ondelia.json").read_text(encoding="utf-8"))["data"]["conversations"]:
        yield "chats", chat.get("id") or "", (chat.get("customer") or {}).get("ref") or "", (chat.get("tags") or {}).get("region") or "", ""
    with (FOLDER / "avis_ondelia.csv").open(encoding="cp1252", newline="") as file:
        for review in csv.DictReader(file, delimiter=";"):
            yield "reviews", review["Référence"], review["Client"] or "", review["Région"] or "", review["Boutique"] or ""
    sheet = load_workbook(FOLDER / "enquete_ondelia.xlsx")["Réponses"].iter_rows(values_only=True)
    names = next(sheet)
    for values in sheet:
        answer = {str(name): "" if value is None else str(value) for name, value in zip(names, values, strict=True)}
        yield "survey", answer["ID réponse"], answer["N° client"], answer["Région"], ""


def _truth() -> list[dict[str, str]]:
    with (FOLDER / "planted_truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_customer_lives_in_one_region() -> None:
    """Over the three exports no customer has two regions, and no shop has."""
    regions: dict[str, set[str]] = defaultdict(set)
    for _, _, customer, region, shop in _rows():
        for key in filter(None, (customer, shop)):
            regions[key] |= {region} - {""}
    assert len(regions) > 287
    assert {key: found for key, found in regions.items() if len(found) > 1} == {}


def test_the_readme_counts_what_was_planted() -> None:
    """Rows of the truth are as many as the README says, and so are those planted in some regions and in others."""
    said = README.read_text(encoding="utf-8")
    truth, region = _truth(), {(source, row): where for source, row, _, where, _ in _rows()}
    assert f"{len(truth):,} verbatims" in said and f"| {len(truth):,} rows |" in said
    by_source = Counter(row["source"] for row in truth)
    assert (
        f"{by_source['chats']} conversations, and" in said
        and f"{by_source['reviews']} reviews, and" in said
        and f"giving {by_source['survey']} answers" in said
    )
    for trouble, regions, told in (
        ("promised_callback", {"Grand Est", "Bourgogne-Franche-Comté"}, "19 of 25"),
        ("shop_hotline_pingpong", {"Hauts-de-France", "Auvergne-Rhône-Alpes"}, "28 of 45"),
    ):
        where = [region[row["source"], row["row_id"].partition("#")[0]] in regions for row in truth if row["planted"] == trouble]
        assert f"{sum(where)} of {len(where)}" == told and told in said


def test_no_document_speaks_of_the_need_nobody_studied() -> None:
    """Subtitles are told from January to October and stand in none of the registers."""
    months = Counter(row["date"][:7] for row in _truth() if row["planted"] == "subtitles_removed")
    assert sum(months.values()) == 20 and min(months) == "2026-01" and max(months) == "2026-10" and max(months.values()) <= 3
    for name in ("promesses_ondelia.yaml", "normes_ondelia.csv", "priorites_ondelia.yaml"):
        words = (FOLDER / name).read_text(encoding="utf-8").lower()
        assert "sous-titre" not in words and "subtitle" not in words
