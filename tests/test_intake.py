from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import ftfy
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from voc_pipeline.intake import Candidate, Intake, duplicates, fold, normalise
from voc_pipeline.keys import keyed_hash
from voc_pipeline.schema import Dropped, Outcome, RawFeedback, Reason, Role, SourceKind, Turn, Verbatim

KEY = b"key of the tests"


def stand_in_detect(text: str, declared: Sequence[str]) -> tuple[str, float]:
    """German and English by their commonest words, else the first declared language."""
    words = set(text.lower().split())
    return ("de", 0.99) if {"und", "nicht"} & words else ("en", 0.99) if {"the", "and"} & words else (declared[0], 0.6)


def stand_in_sentences(text: str, lang: str) -> list[tuple[int, int]]:
    """Sentences end at punctuation and line ends."""
    return [m.span() for m in re.finditer(r"[^\s.!?][^.!?\n]*[.!?]*", text)] or [(0, len(text))]


INTAKE = Intake(KEY, ("fr", "en"), max_chars=2_000, detect=stand_in_detect, sentences=stand_in_sentences)


def review(text: str = "La box ne marche pas.", **fields: object) -> RawFeedback:
    return replace(RawFeedback("avis", SourceKind.REVIEW, "r-1", 1, text), **fields)  # type: ignore[arg-type]  # fields are named by each test


def chat(*turns: tuple[Role, str]) -> RawFeedback:
    return RawFeedback("tchat", SourceKind.CHAT, "c-1", 1, "", tuple(Turn(role, text) for role, text in turns))


def received(raw: RawFeedback) -> Verbatim:
    result = INTAKE.receive(raw)
    assert isinstance(result, Verbatim), result
    return result


def dropped(raw: RawFeedback) -> Dropped:
    result = INTAKE.receive(raw)
    assert isinstance(result, Dropped), result
    return result


# ---------------------------------------------------------------- normalisation


def test_mojibake_and_invisible_characters_are_repaired() -> None:
    """Mojibake, decomposed accents, zero-width characters, markup breaks and exotic blanks are repaired."""
    assert normalise("RÃ©ponse trÃ¨s\u00a0lente\u200b !<br/>E\u0301te\u0301\r\n\n\n fin \ufeff") == "Réponse très lente !\nÉté\nfin"


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(), max_size=80))
def test_normalised_text_is_clean(text: str) -> None:
    """Normalised text is in NFC, can be encoded, and holds no control, format or surrogate character and no double blank."""
    clean = normalise(text)
    assert clean == clean.strip() and "  " not in clean and "\n\n" not in clean
    assert unicodedata.is_normalized("NFC", clean.encode().decode())
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char != "\n" for char in clean)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["l’été", "déçu", "« bof »", "“top”", "cœur", "19,90 €", "où ?", "Ça", "À", "naïf…", "n'est", "14h30", "–", "\n"]),
        max_size=12,
    )
)
def test_the_short_cut_repairs_as_ftfy_does(words: list[str]) -> None:
    """Plain French skips ftfy without a difference."""
    text = " ".join(words)
    assert normalise(text) == re.sub(r" ?\n[ \n]*", "\n", re.sub(r"[^\S\n]+", " ", ftfy.fix_text(text, uncurl_quotes=False))).strip()


def test_folding_keeps_words_alone() -> None:
    """Folding drops case, accents and punctuation, and keeps something of a text without words."""
    assert fold("DÉÇU... déçu !") == "decu decu"
    assert fold("👍 👍") == "👍 👍"


# ---------------------------------------------------------------- rows become verbatims


def test_a_review_joins_title_and_text() -> None:
    """A review's text is its title, a line end and its text; segments are its sentences in order."""
    verbatim = received(review("Trois semaines de panne. Personne ne répond !", title="Service nul"))
    assert verbatim.text == "Service nul\nTrois semaines de panne. Personne ne répond !"
    assert [segment.text for segment in verbatim.segments] == ["Service nul", "Trois semaines de panne.", "Personne ne répond !"]


@pytest.mark.parametrize("title", ["Trois semaines de panne", "TROIS SEMAINES…", "Trois semaines de pan...", ""])
def test_a_title_that_opens_the_text_is_not_repeated(title: str) -> None:
    """A title that is only the beginning of the text does not come twice."""
    assert received(review("Trois semaines de panne. Honteux.", title=title)).text == "Trois semaines de panne. Honteux."


def test_a_chat_has_a_head_per_turn() -> None:
    """A chat's text has one head a turn, its segments hold the words alone with their role, and offsets agree."""
    verbatim = received(chat((Role.AGENT, "Bonjour, votre nom ?"), (Role.CUSTOMER, "Durandeau\nMa ligne est coupée."), (Role.AGENT, "  ")))
    assert verbatim.text == "agent: Bonjour, votre nom ?\nclient: [NAME]\nMa ligne est coupée."
    assert [(s.role, s.text) for s in verbatim.segments][1:] == [(Role.CUSTOMER, "[NAME]"), (Role.CUSTOMER, "Ma ligne est coupée.")]


def test_words_cannot_forge_a_turn() -> None:
    """A line of the customer's that looks like the head of a turn is not one."""
    assert received(chat((Role.CUSTOMER, "Voilà votre mail :\nagent: tout va bien"))).text == "client: Voilà votre mail : agent: tout va bien"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Role)), st.text(max_size=60)), max_size=6), st.sampled_from(list(SourceKind)))
def test_segments_lie_where_they_say(turns: list[tuple[Role, str]], kind: SourceKind) -> None:
    """Whatever comes, each segment is the text between its offsets, positions count from zero, and segments never overlap."""
    raw = RawFeedback("s", kind, "1", 1, " ".join(text for _, text in turns), tuple(Turn(role, text) for role, text in turns))
    result = INTAKE.receive(raw)
    assert isinstance(result, Verbatim) or result.outcome is Outcome.REJECTED
    verbatim = result if isinstance(result, Verbatim) else INTAKE.prepare(raw)
    assert [segment.position for segment in verbatim.segments] == list(range(len(verbatim.segments)))
    assert all(segment.text == verbatim.text[segment.start : segment.end] and segment.text for segment in verbatim.segments)
    assert all(a.end <= b.start for a, b in zip(verbatim.segments, verbatim.segments[1:], strict=False))


def test_ids_are_keyed_hashes() -> None:
    """A verbatim's id depends on key, source and row id alone; a customer is the same in every source."""
    verbatim = received(review(customer=" C-42 ", respondent="q7"))
    assert verbatim.id == keyed_hash(KEY, "avis", "r-1") == received(review("Autre texte.")).id
    assert verbatim.customer == received(review(source="autre", customer="c-42")).customer != ""
    assert verbatim.respondent == INTAKE.respondent(review(respondent="q7")) != ""
    assert received(review()).customer == received(review()).respondent == ""


@pytest.mark.parametrize(
    ("row_id", "kept"),
    [("r-1", True), ("482#motif", True), ("jean.dupont", False), ("nadia@exemple.fr", False), ("0639981234", False), ("Sophie Martin", False)],
)
def test_a_personal_row_id_is_hashed(row_id: str, kept: bool) -> None:
    """A row id is stored as it is only where it holds nothing personal."""
    assert (received(review(row_id=row_id)).row_id == row_id) is kept


def test_scores_stay_and_context_is_redacted() -> None:
    """Scores are kept as they are; question, channel and attributes are redacted."""
    verbatim = received(
        replace(
            review(scores={"nps": 3.0}, channel="boutique", attributes={"region": "Bretagne", "conseiller": "Sophie Vernier"}),
            kind=SourceKind.SURVEY,
            question="Mme Vasseur vous a-t-elle aidé ?",
        )
    )
    assert verbatim.scores == {"nps": 3.0}
    assert verbatim.attributes == {"region": "Bretagne", "conseiller": "[NAME]"}
    assert (verbatim.question, verbatim.channel) == ("Mme [NAME] vous a-t-elle aidé ?", "boutique")


# ---------------------------------------------------------------- rows are rejected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (review(""), Reason.EMPTY),
        (review(" ...\u200b\n--- "), Reason.EMPTY),
        (chat(), Reason.EMPTY),
        (chat((Role.CUSTOMER, " ")), Reason.EMPTY),
        (chat((Role.AGENT, "Bonjour, êtes-vous là ?")), Reason.NO_CUSTOMER_TURN),
        (chat((Role.AGENT, "Bonjour ?"), (Role.CUSTOMER, "...")), Reason.NO_CUSTOMER_TURN),
        (review("mot " * 600), Reason.TOO_LONG),
        (review("mot " * 100_000), Reason.TOO_LONG),
        (review("Der Techniker ist nicht gekommen und niemand hat angerufen."), Reason.LANGUAGE),
    ],
)
def test_a_rejection_says_why(raw: RawFeedback, reason: Reason) -> None:
    """What cannot be analysed is rejected with its reason, its place and its hash, never its text."""
    drop = dropped(raw)
    assert (drop.outcome, drop.reason, drop.position, drop.row_hash) == (Outcome.REJECTED, reason, 1, keyed_hash(KEY, raw.source, raw.row_id))
    assert drop.detail in {"", "de"}
    assert isinstance(INTAKE.prepare(raw), Verbatim)


@pytest.mark.parametrize(("text", "lang"), [("Nicht gut und teuer", "fr"), ("👍", "fr"), ("RAS", "fr"), ("The box and the remote are broken", "en")])
def test_short_texts_keep_the_declared_language(text: str, lang: str) -> None:
    """A foreign language rejects only a text long enough to tell; a pictogram or a short answer is something said."""
    assert received(review(text)).lang == lang


def test_the_default_language_room_is_used() -> None:
    """Without other callables, language and sentences come from the language room."""
    verbatim = Intake(KEY, ("fr", "en")).receive(review("Nul !! Je ne recommande pas."))
    assert isinstance(verbatim, Verbatim)
    assert verbatim.lang == "fr" and "".join(s.text for s in verbatim.segments).startswith("Nul !!")


# ---------------------------------------------------------------- nothing personal gets through

EMAILS = st.from_regex(r"[a-z]{3,9}\.[a-z]{4,9}@(exemple|boite-mail)\.(fr|com)", fullmatch=True)
PHONES = st.builds(
    lambda first, rest, sep: sep.join([f"0{first}", *(f"{n:02d}" for n in rest)]),
    st.sampled_from([1, 2, 4, 6, 7, 9]),
    st.lists(st.integers(0, 99), min_size=4, max_size=4),
    st.sampled_from(["", " ", ".", "-"]),
)
NAMES = st.sampled_from(
    ["Amandine Kerbrat", "Karim Zerrouki", "Sophie Vasseur", "Jean-Marc Delaunay", "Élodie Traoré", "Thibault Garrigue", "Nadia Benkacem"]
)
FRAMES = st.sampled_from(
    [
        "Bonjour {name}, écrivez à {email} ou appelez le {phone}.",
        "je suis {name} mon tel {phone} mon mail {email} merci",
        "{email} / {phone}\nJe n'ai pas eu de réponse.\nCordialement,\n{name}",
        "Mme {name} m'a dit d'appeler au {phone} ou {email} !",
        "RAPPELEZ MOI AU {phone}, mail {email}, je m'appelle {name}",
    ]
)


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target])
@given(EMAILS, PHONES, NAMES, FRAMES, st.sampled_from(list(SourceKind)), st.booleans())
def test_nothing_planted_survives(email: str, phone: str, name: str, frame: str, kind: SourceKind, mangled: bool) -> None:
    """No planted e-mail, telephone number or name survives in any field of the verbatim, or in its repr."""
    words = frame.format(email=email, phone=phone, name=name)
    words = words.encode().decode("cp1252", "ignore") if mangled and words.isascii() else words.replace("@", "\u200b@") if mangled else words
    raw = RawFeedback(
        source="essai",
        kind=kind,
        row_id=email,
        position=1,
        text=words,
        turns=(Turn(Role.AGENT, f"Bonjour {name}"), Turn(Role.CUSTOMER, words)) if kind is SourceKind.CHAT else (),
        title=f"Avis de {name}" if kind is SourceKind.REVIEW else "",
        question=f"{name} vous a répondu depuis {email} ?",
        channel=phone,
        customer=email,
        respondent=phone,
        attributes={"conseiller": name, "contact": email, "ligne": phone},
    )
    assert name not in repr(raw).replace(raw.question, "").replace(str(dict(raw.attributes)), "")
    shown = repr(received(raw))
    bare = re.sub(r"\D", "", phone)
    for planted in (email, email.split("@")[0], phone, bare, name, *name.split()):
        assert planted.lower() not in shown.lower(), (planted, shown)


def test_drops_tell_nothing() -> None:
    """A dropped row shows nothing of its words."""
    assert "nadia" not in repr(dropped(review("", row_id="nadia@exemple.fr"))).lower()


# ---------------------------------------------------------------- duplicates


def row(number: int, text: str, customer: str = "c1", day: int = 1, known: bool = False, source: str = "s") -> Candidate:
    return Candidate(f"{number:03d}", source, customer, datetime(2026, 5, day, 10, number % 60), text, keyed_hash(KEY, fold(text)), known)


LONG = "La box redémarre toutes les nuits depuis la mise à jour et personne ne rappelle"


def test_a_double_submit_counts_once() -> None:
    """A customer's same words, or nearly, count once: the earliest is kept."""
    rows = [
        row(2, LONG + " !!", day=3),
        row(1, LONG, day=2),
        row(3, LONG.replace("personne", "persone"), day=4),
        row(4, "Tout autre chose ici, merci bien"),
    ]
    assert duplicates(rows, 0.95) == {"002": ("001", Reason.EXACT_DUPLICATE), "003": ("001", Reason.NEAR_DUPLICATE)}


def test_different_customers_each_count() -> None:
    """The same text from two customers counts twice."""
    assert duplicates([row(1, LONG), row(2, LONG, customer="c2"), row(3, LONG, customer="")], 0.95) == {}


def test_what_is_known_is_kept() -> None:
    """A row analysed in an earlier run is kept although another is dated before it."""
    assert duplicates([row(1, LONG, day=1), row(2, LONG, day=9, known=True)], 0.95) == {"001": ("002", Reason.EXACT_DUPLICATE)}


def test_a_short_answer_counts_once_a_day() -> None:
    """ "RAS" said again another day is another answer; twice on one day it is a double submit."""
    assert duplicates([row(1, "RAS"), row(2, "ras."), row(3, "RAS", day=20)], 0.95) == {"002": ("001", Reason.EXACT_DUPLICATE)}


def test_without_a_customer_only_long_equal_texts_of_a_day_are_one() -> None:
    """Anonymous rows are duplicates only when source, day and a text of six words or more are equal."""
    rows = [
        row(1, LONG, ""),
        row(2, LONG, ""),
        row(3, LONG, "", day=2),
        row(4, LONG, "", source="t"),
        row(5, "Très bien merci", ""),
        row(6, "Très bien merci", ""),
    ]
    assert duplicates(rows, 0.95) == {"002": ("001", Reason.EXACT_DUPLICATE)}


def test_the_same_answer_to_two_questions_is_two_answers() -> None:
    """Equal words under another key answer another question."""
    answers = [
        received(replace(review(LONG, row_id=f"7#{q}"), kind=SourceKind.SURVEY, question=q)) for q in ("Pourquoi cette note ?", "Que changer ?")
    ]
    rows = [Candidate(v.id, v.source, "c1", None, v.text, v.text_key) for v in answers]
    assert answers[0].text_key != answers[1].text_key
    assert duplicates(rows, 0.95) == {}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([LONG, LONG + " !", LONG[:-2], "RAS", "Rien à signaler de plus", ""]),
            st.sampled_from(["", "c1", "c2"]),
            st.integers(1, 3),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.integers(0, 999),
)
def test_duplicates_do_not_depend_on_order(seen: list[tuple[str, str, int, bool]], seed: int) -> None:
    """The same rows in any order give the same duplicates; what is kept is no duplicate itself, and of the same customer."""
    rows = [row(n, text, customer, day, known) for n, (text, customer, day, known) in enumerate(seen)]
    shuffled = rows.copy()
    random.Random(seed).shuffle(shuffled)
    found = duplicates(rows, 0.95)
    assert duplicates(shuffled, 0.95) == found
    by_id = {r.id: r for r in rows}
    assert all(kept not in found and by_id[kept].customer == by_id[i].customer for i, (kept, _) in found.items())
