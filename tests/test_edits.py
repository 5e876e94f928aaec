"""People's edits as pure functions: what each does, what refuses it, how a ledger is replayed, and what claims make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from test_registry import embed

from voc_pipeline import registry
from voc_pipeline.registry import Standing
from voc_pipeline.schema import Edit, Exemplar, Irritant, IrritantKind

A, B, C = "IRR-AAAAAAAA", "IRR-BBBBBBBB", "IRR-CCCCCCCC"
S = "STR-AAAAAAAA"


def record(name: str = A, topic: str = "facture", **changes: Any) -> Irritant:
    exemplars = tuple(Exemplar(f"v{i}", 0, f"{topic}: phrase {i}", "fr") for i in range(6))
    status = {"fr": "derived", "en": "missing"}
    kind = {"IRR": IrritantKind.IRRITANT, "STR": IrritantKind.STRENGTH}[name[:3]]
    return replace(Irritant(name, kind, f"{topic} en défaut", "", status, "", (topic,), exemplars, 0.5, 1, "run-0001"), **changes)


GIVEN = (record(A), record(B, "livraison"), record(C, "accueil"), record(S, "merci"))


def ledger(*edits: tuple[str, str, dict[str, Any]]) -> list[Edit]:
    """A person's edits, numbered as the store numbers them."""
    return [Edit(datetime(2026, 1, 1), "anne", "", action, on, payload, "", n) for n, (action, on, payload) in enumerate(edits, start=1)]


def standing(*edits: tuple[str, str, dict[str, Any]]) -> Standing:
    replayed = registry.replay(GIVEN, ledger(*edits))
    assert not replayed.conflicts
    return replayed.standing


def after(*edits: tuple[str, str, dict[str, Any]], on: str = A) -> Irritant:
    return standing(*edits).records[on]


def claims(stood: Standing, *texts: str) -> list[registry.Claim]:
    return registry.claim(embed(texts), registry.freeze(list(stood.records.values()), embed, stood.moves), texts)


def told(stood: Standing, *texts: str) -> list[str]:
    return ["" if claim.fallback or claim.barred else claim.irritant_id for claim in claims(stood, *texts)]


def split_on(word: str, parent: Irritant = GIVEN[0]) -> tuple[str, str, dict[str, Any]]:
    return ("split", parent.id, {"child": registry.child_id(parent, [word], []), "keywords": [word], "fr": f"part {word}"})


CHILD = registry.child_id(GIVEN[0], ["double"], [])


# ---------------------------------------------------------------- what each does


def test_a_label_is_given_in_one_language_and_keeps_the_other() -> None:
    """A rename changes the languages it names, and says a person did."""
    named = after(("rename", A, {"fr": "Facture fausse"}))
    assert (named.label_fr, named.label_en) == ("Facture fausse", "")
    assert named.label_status == {"fr": "edited", "en": "missing"}


def test_a_merged_id_leads_to_the_other_for_ever() -> None:
    """What a merged record claims goes to the one it was merged into, through every later merge of that one."""
    stood = standing(("merge", A, {"into": B}), ("merge", B, {"into": C}))
    assert stood.following(A) == C and stood.records[A].redirect == B
    assert told(stood, "facture: dit 1", "livraison: dit 2", "accueil: dit 3") == [C, C, C]


def test_a_split_on_words_takes_what_holds_them() -> None:
    """Of what the whole claims, sentences that hold one of the words go to the part; nothing else does."""
    stood = standing(split_on("double"))
    assert told(stood, "facture: prélevé en double", "facture: dit 1", "livraison: en double") == [CHILD, A, B]
    assert stood.records[CHILD].parent == A and stood.records[CHILD].label_status == {"fr": "edited", "en": "missing"}


def test_a_split_by_examples_takes_what_is_nearer_to_them() -> None:
    """Examples leave the whole and speak for the part: sentences nearer to them than to the rest are its own."""
    mixed = record(A, exemplars=tuple(Exemplar(f"v{i}", 0, f"{topic}: phrase {i}", "fr") for i in range(4) for topic in ("facture", "attente")))
    examples = [{"verbatim_id": e.verbatim_id, "position": 0, "text": e.text, "lang": "fr"} for e in mixed.exemplars if "attente" in e.text]
    child = registry.child_id(mixed, [], examples)
    replayed = registry.replay([mixed], ledger(("split", A, {"child": child, "examples": examples, "en": "Waiting"})))
    assert told(replayed.standing, "attente: dit 1", "attente: dit 2", "facture: dit 3") == [child, child, A]


@pytest.mark.parametrize(
    ("words", "text", "takes"),
    [
        (("carte", "carte bancaire"), "facture: refus de ma carte bancaire", "carte bancaire"),
        (("double", "retard"), "facture: en retard puis en double", "retard"),
        (("double", "retard"), "facture: en double puis en retard", "double"),
    ],
    ids=["narrower words", "said first", "said first, turned"],
)
def test_of_two_parts_the_one_that_fits_better_takes(words: tuple[str, str], text: str, takes: str) -> None:
    """A sentence that two parts could take goes to the one with the narrower words, then to the one whose words it says first: not to the lower id."""
    parts = [split_on(word) for word in words]
    assert told(standing(*parts), text) == told(standing(*parts[::-1]), text) == [registry.child_id(GIVEN[0], [takes], [])]


def test_of_two_parts_the_nearer_takes() -> None:
    """Of parts split off by examples, the one whose examples are nearer to a sentence takes it, whichever has the lower id; named words come first."""
    topics = ("facture", "attente", "accueil", "panne")
    mixed = record(A, exemplars=tuple(Exemplar(f"v{i}", 0, f"{topic}: phrase {i}", "fr") for i in range(3) for topic in topics))

    def part(topic: str) -> tuple[str, str, dict[str, Any]]:
        examples = [{"verbatim_id": e.verbatim_id, "position": 0, "text": e.text, "lang": "fr"} for e in mixed.exemplars if topic in e.text]
        return ("split", A, {"child": registry.child_id(mixed, [], examples), "examples": examples, "fr": topic})

    parts = {topic: part(topic) for topic in topics[1:]}
    stood = registry.replay([mixed], ledger(*parts.values())).standing
    said = [f"{topic}: dit {n}" for topic in parts for n in range(5)]
    assert told(stood, *said) == [parts[text.split(":")[0]][2]["child"] for text in said]
    named = registry.apply(stood, ledger(split_on("dit", mixed))[0])
    assert told(named, "attente: dit 1", "attente: mot 1") == [registry.child_id(mixed, ["dit"], []), parts["attente"][2]["child"]]


def test_parts_that_fit_equally_go_by_id() -> None:
    """Where nothing else tells two parts apart, the lower id takes, so that the answer is one."""
    children = ("IRR-PPPPPPPP", "IRR-QQQQQQQQ")
    both = [("split", A, {"child": child, "keywords": ["double"], "fr": child}) for child in children]
    assert told(standing(*both), "facture: en double") == told(standing(*both[::-1]), "facture: en double") == [children[0]]


def test_a_part_of_a_part_is_found() -> None:
    """A part that was split off can be split again."""
    first = split_on("double")
    part = standing(first).records[CHILD]
    second = split_on("carte", part)
    assert told(standing(first, second), "facture: double sur ma carte", "facture: double", "facture: carte") == [second[2]["child"], CHILD, A]


def test_the_rest_of_a_split_can_be_merged() -> None:
    """A part keeps its own when what it was split off goes on in another record."""
    stood = standing(split_on("double"), ("merge", A, {"into": B}))
    assert told(stood, "facture: en double", "facture: dit 1") == [CHILD, B]


def test_a_part_merged_back_gives_its_mentions_back() -> None:
    """Merged into what it was split off, a part leads back to it."""
    assert told(standing(split_on("double"), ("merge", CHILD, {"into": A})), "facture: en double") == [A]


def test_what_a_rejected_record_claims_is_barred() -> None:
    """Its sentences are told apart from those nobody claims, so that they are counted, and never looked at for new topics."""
    stood = standing(("reject", A, {}))
    barred, other = claims(stood, "facture: dit 1", "accueil: dit 1")
    assert barred.barred and barred.irritant_id == A and not barred.fallback
    assert not other.barred and other.irritant_id == C


def test_nothing_falls_back_on_a_rejected_record() -> None:
    """A sentence that nobody claims is shown with the nearest record that stands."""
    near = [record(A, status="rejected", threshold=1.0), record(B, "livraison", threshold=1.0)]
    (found,) = registry.claim(embed(["facture: dit 1"]), registry.freeze(near, embed))
    assert found.fallback and found.irritant_id == B


def test_a_rejected_record_comes_back_when_restored() -> None:
    """Restored, it claims again under its id, as it was named."""
    stood = standing(("rename", A, {"fr": "Facture fausse"}), ("reject", A, {}), ("restore", A, {}))
    assert stood.records[A].label_fr == "Facture fausse" and told(stood, "facture: dit 1") == [A]


def test_a_pin_brings_a_retired_record_back() -> None:
    """Who pins a record says that it stands."""
    replayed = registry.replay([record(A, status="retired")], ledger(("pin", A, {})))
    assert (replayed.standing.records[A].pinned, replayed.standing.records[A].status) == (True, "active")
    assert not after(("pin", A, {}), ("unpin", A, {})).pinned


@pytest.mark.parametrize("pair", [("pin", "unpin"), ("reject", "restore")])
def test_an_edit_taken_back_leaves_a_retired_record_at_rest(pair: tuple[str, str]) -> None:
    """A record that a run retired stays retired once the pin, or the rejection, that touched it is gone."""
    replayed = registry.replay([record(A, status="retired")], ledger(*((action, A, {}) for action in pair)))
    assert replayed.standing.records[A].status == "retired"


def test_owner_and_notes_are_kept() -> None:
    """The last owner counts; notes are added, each once."""
    edited = after(("owner", A, {"owner": "billing"}), ("note", A, {"inclusion": "TVA"}), ("note", A, {"inclusion": "TVA", "exclusion": "devis"}))
    assert (edited.owner, edited.inclusion, edited.exclusion) == ("billing", ("TVA",), ("devis",))


def test_a_moved_sentence_goes_where_a_person_says() -> None:
    """The very words go there wherever they are said, capitals and blanks aside, and the last word counts; moved to none, they join no record."""
    moved = ("move", A, {"text": "Facture: dit 1", "to": B})
    assert told(standing(moved), "facture: dit 1", "facture:  DIT 1", "facture: dit 2") == [B, B, A]
    away = standing(moved, ("move", B, {"text": "facture: dit 1", "to": ""}))
    assert claims(away, "facture: dit 1") == [registry.Claim("", 0.0, False, barred=True)]


def test_a_moved_sentence_follows_merges() -> None:
    """Moved to a record that is then merged, it goes where that one goes."""
    assert told(standing(("move", A, {"text": "facture: dit 1", "to": B}), ("merge", B, {"into": C})), "facture: dit 1") == [C]


def test_an_exemplar_that_is_moved_away_speaks_no_longer() -> None:
    """A founding sentence that a person says belongs elsewhere no longer draws its like."""
    mixed = record(A, exemplars=(*GIVEN[0].exemplars, *(Exemplar(f"w{i}", 0, f"attente: phrase {i}", "fr") for i in range(3))))
    assert told(registry.replay([mixed], []).standing, "attente: dit 1") == [A]
    away = ledger(*(("move", A, {"text": f"attente: phrase {i}", "to": ""}) for i in range(3)))
    assert told(registry.replay([mixed], away).standing, "attente: dit 1") == [""]


# ---------------------------------------------------------------- undo, refusals, order


def test_undo_takes_back_and_undo_of_undo_gives_back() -> None:
    """Any edit can be undone, and the undo too."""
    renamed = ("rename", A, {"fr": "autre"})
    assert after(renamed, ("undo", A, {"edit": 1})).label_fr == "facture en défaut"
    assert after(renamed, ("undo", A, {"edit": 1}), ("undo", A, {"edit": 2})).label_fr == "autre"


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("rename", {"fr": "x"}),
        ("merge", {"into": B}),
        split_on("double")[::2],
        ("reject", {}),
        ("pin", {}),
        ("owner", {"owner": "x"}),
        ("note", {"exclusion": "x"}),
        ("move", {"text": "facture: dit 1", "to": C}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_edit_can_be_undone(action: str, payload: dict[str, Any]) -> None:
    """Undone, an edit leaves every record as it was, and every sentence where it was."""
    untouched, texts = standing(), ("facture: dit 1", "facture: en double", "livraison: dit 1")
    done, undone = standing((action, A, payload)), standing((action, A, payload), ("undo", A, {"edit": 1}))
    assert done != untouched
    assert {key: undone.records[key] for key in untouched.records} == untouched.records
    assert told(undone, *texts) == told(untouched, *texts)


def test_the_id_of_an_undone_part_leads_back() -> None:
    """No id is ever lost: that of a part whose split was undone leads to the whole."""
    stood = standing(split_on("double"), ("undo", A, {"edit": 1}))
    assert stood.following(CHILD) == A


@pytest.mark.parametrize("back", [("undo", A, {"edit": 1}), ("merge", CHILD, {"into": A})], ids=["undone", "merged back"])
def test_a_part_that_went_back_can_be_split_off_again(back: tuple[str, str, dict[str, Any]]) -> None:
    """The same split, after an undo or a merge back, makes the same part under the same id, named as the new split names it; and can be undone again."""
    split, again = split_on("double"), ("split", A, {**split_on("double")[2], "fr": "Débité deux fois"})
    gone = standing(split, back)
    edit = ledger(split, back, again)[-1]
    assert registry.apply(gone, edit).records[CHILD].status == "active", "the check before it is written lets it through"
    stood = standing(split, back, again)
    assert (stood.records[CHILD].label_fr, stood.following(CHILD)) == ("Débité deux fois", CHILD)
    assert told(stood, "facture: en double", "facture: dit 1") == [CHILD, A]
    undone = standing(split, back, again, ("undo", A, {"edit": 3}))
    assert undone.following(CHILD) == A and told(undone, "facture: en double") == [A]


def test_a_part_split_off_again_keeps_what_people_said_of_it() -> None:
    """Owner, notes and pin of a part outlive its merge back and its second split."""
    said = (("owner", CHILD, {"owner": "billing"}), ("note", CHILD, {"inclusion": "carte"}), ("pin", CHILD, {}))
    part = after(split_on("double"), *said, ("merge", CHILD, {"into": A}), split_on("double"), on=CHILD)
    assert (part.owner, part.inclusion, part.pinned, part.status, part.redirect) == ("billing", ("carte",), True, "active", "")


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([("rename", "IRR-AAAAAAAB", {"fr": "x"})], "Did you mean 'IRR-AAAAAAAA'"),
        ([("rename", A, {"fr": " "})], "no label, or an empty one"),
        ([("merge", A, {"into": A})], "merged into itself"),
        ([("merge", A, {"into": S})], "is a strength"),
        ([("merge", A, {"into": B}), ("rename", A, {"fr": "x"})], f"was merged into {B}"),
        ([("merge", A, {"into": B}), ("merge", B, {"into": A})], f"was merged into {B}"),
        ([("reject", A, {}), ("owner", A, {"owner": "x"})], f"Restore {A} first"),
        ([("reject", B, {}), ("merge", A, {"into": B})], f"Restore {B} first"),
        ([("restore", A, {})], "a rejected record"),
        ([("split", A, {"child": "IRR-DDDDDDDD", "fr": "x"})], "neither words nor examples"),
        ([split_on("double"), split_on("double")], f"made {CHILD} before"),
        ([split_on("double"), ("merge", CHILD, {"into": B}), split_on("double")], f"Undo the merge of {CHILD} into {B}"),
        ([split_on("double"), ("reject", CHILD, {}), split_on("double")], f"Restore {CHILD}"),
        ([("note", A, {})], "an empty note"),
        ([("move", A, {"text": "", "to": B})], "no sentence"),
        ([("move", A, {"text": "dit", "to": "IRR-ZZZZZZZZ"})], "no record IRR-ZZZZZZZZ"),
    ],
    ids=lambda value: value[-1][0] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_told(edits: list[tuple[str, str, dict[str, Any]]], words: str) -> None:
    """An edit that cannot be made is a conflict that says why and what to do; it changes nothing."""
    replayed = registry.replay(GIVEN, ledger(*edits))
    assert [conflict.edit.id for conflict in replayed.conflicts] == [len(edits)]
    assert words in str(replayed.conflicts[0].why)
    assert replayed.standing == registry.replay(GIVEN, ledger(*edits[:-1])).standing


def test_a_ledger_gives_one_standing_whatever_runs_came_between() -> None:
    """What runs write into the ledger, and the order records are read in, change nothing."""
    edits = ledger(("rename", A, {"fr": "x"}), ("merge", A, {"into": B}), split_on("double", GIVEN[1]))
    run = Edit(datetime(2026, 1, 2), "voc", "run-0002", "growth", A, {}, "", 9)
    assert registry.replay(GIVEN[::-1], [run, *edits, run]) == registry.replay(GIVEN, edits)


def test_edits_all_together_are_edits_one_by_one() -> None:
    """Applied in one go, edits give what they give one after the other, conflicts told apart, and what they began with stays as it was."""
    begun = standing(("move", A, {"text": "facture: dit 9", "to": B}))
    edits = ledger(
        ("move", A, {"text": "facture: dit 1", "to": C}),
        ("rename", A, {"fr": ""}),
        split_on("double"),
        ("move", A, {"text": "facture: dit 1", "to": CHILD}),
        ("move", A, {"text": "facture: dit 2", "to": "IRR-ZZZZZZZZ"}),
    )
    one_by_one = begun
    for edit in (edits[0], *edits[2:4]):
        one_by_one = registry.apply(one_by_one, edit)
    together, conflicts = registry.apply_all(begun, edits)
    assert together == one_by_one and dict(together.moves) == {"facture: dit 9": B, "facture: dit 1": CHILD}
    assert [conflict.edit.id for conflict in conflicts] == [2, 5]
    assert dict(begun.moves) == {"facture: dit 9": B} and CHILD not in begun.records


def test_identical_sentences_never_part() -> None:
    """Whatever the edits, two segments of the same words have one claim, in any batch."""
    stood = standing(split_on("double"), ("reject", B, {}), ("move", C, {"text": "accueil: dit 1", "to": A}))
    texts: Sequence[str] = ("facture: en double", "accueil: dit 1", "livraison: dit 4", "facture: dit 2")
    once = claims(stood, *texts)
    assert claims(stood, *texts[::-1], *texts) == [*once[::-1], *once]
