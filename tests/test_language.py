"""The language room: language id, sentences, words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc_pipeline.errors import ModelError
from voc_pipeline.language import detect, lemmas, noun_phrases, sentences, splitting, stop_words
from voc_pipeline.places import ROOT, model_path

HERE = Path(__file__).parent
MESSY = st.text(alphabet="abé AB.!?…\n,;:()«»\"'’-•1 3😡👍❤\u00a0", max_size=120)


def read_cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def gold_spans(case: dict[str, Any]) -> list[tuple[int, int]]:
    spans, at = [], 0
    for sentence in case["sentences"]:
        at = case["text"].index(sentence, at)
        spans.append((at, at + len(sentence)))
        at += len(sentence)
    return spans


# ---------------------------------------------------------------- language id


def test_short_texts_are_in_the_language_a_reader_would_say() -> None:
    """At least 97 % of our short cases, and every one that the product's notes name, get the language a reader gives them."""
    cases = read_cases("languages.jsonl")
    wrong = [(case["text"], case["lang"]) for case in cases if detect(case["text"], case["declared"])[0] != case["lang"]]
    assert len(cases) >= 250
    assert len(wrong) <= 0.03 * len(cases), wrong


@pytest.mark.parametrize("text", ["Nul !!", "RAS", "top", "ok merci", "bof", "jai pas recu mon colis", "C nul"])
def test_french_of_few_letters_is_french(text: str) -> None:
    """Where French is declared first, a short, bare or accentless French answer is French."""
    assert detect(text, ("fr", "en"))[0] == "fr"


@pytest.mark.parametrize("text", ["meh", "great service", "useless"])
def test_short_english_is_english(text: str) -> None:
    """A short English answer is English though French is declared first."""
    assert detect(text, ("fr", "en"))[0] == "en"


@pytest.mark.parametrize("text", ["", "   ", "12345", "!!!", "👍👍", "[EMAIL] [PHONE]", "https://exemple.fr"])
def test_a_text_without_words_falls_to_the_first_declared_language(text: str) -> None:
    """A text that has no word gives no evidence: the first declared language, with probability 0."""
    assert detect(text, ("en", "fr")) == ("en", 0.0)


def test_nothing_declared_is_refused() -> None:
    """Detection without a declared language is a mistake of the caller, said so."""
    with pytest.raises(ValueError, match="declared"):
        detect("bonjour", ())


def test_a_declared_language_that_the_detector_does_not_know_is_allowed() -> None:
    """A language outside the detector's set may be declared; it is fallen back on where the letters say nothing."""
    assert detect("42", ("sv",)) == ("sv", 0.0)
    assert detect("Le colis est arrivé cassé et personne ne répond", ("sv", "fr"))[0] == "fr"


@given(text=st.text(max_size=80), declared=st.sampled_from([("fr", "en"), ("en",), ("es", "fr"), ("ar", "fr")]))
@settings(max_examples=80, deadline=None)
def test_detection_is_a_probability_and_repeats_itself(text: str, declared: tuple[str, ...]) -> None:
    """Any text at all gets one language, a probability within [0, 1], and the same answer again."""
    found = detect(text, declared)
    assert 0.0 <= found[1] <= 1.0
    assert detect(text, declared) == found


# ---------------------------------------------------------------- sentences


def test_messy_texts_part_where_a_reader_parts_them() -> None:
    """Of our messy cases with some sign of where sentences end, 97 % part exactly as a reader parts them."""
    cases = [case for case in read_cases("sentences.jsonl") if case["kind"] != "run-on"]
    wrong = [case["text"] for case in cases if sentences(case["text"], case["lang"]) != gold_spans(case)]
    assert len(cases) >= 100
    assert len(wrong) <= 0.03 * len(cases), wrong


def test_run_on_texts_part_mostly_where_a_reader_parts_them() -> None:
    """Of the sentence starts of our run-on cases, typed with no sign at all, French finds F1 .70 and English .60 at least."""
    hits: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in read_cases("sentences.jsonl"):
        if case["kind"] == "run-on":
            gold = {start for start, _ in gold_spans(case)[1:]}
            found = {start for start, _ in sentences(case["text"], case["lang"])[1:]}
            for at, count in enumerate((len(gold & found), len(gold), len(found))):
                hits[case["lang"]][at] += count
    f1 = {lang: 2 * right / (n_gold + n_found) for lang, (right, n_gold, n_found) in hits.items()}
    assert f1["fr"] >= 0.70, f1
    assert f1["en"] >= 0.60, f1


@given(text=MESSY, lang=st.sampled_from(["fr", "en", "es"]))
@settings(max_examples=200, deadline=None)
def test_sentences_hold_every_word_once(text: str, lang: str) -> None:
    """Spans come in order, do not overlap, are blank at neither end, and leave nothing but blanks out."""
    spans = sentences(text, lang)
    end = 0
    for start, stop in spans:
        assert start < stop
        assert text[start:stop] == text[start:stop].strip()
        assert not text[end:start].strip()
        end = stop
    assert not text[end:].strip()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u00a0"])
def test_a_blank_text_has_no_sentence(text: str) -> None:
    """A blank text has no sentence, so that no empty segment is ever made."""
    assert sentences(text, "fr") == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the costly parts of splitting were asked: the trained model, and the rules that look at one mark."""
    counts: Counter[str] = Counter()
    for name in ("pipeline", "_ends_sentence"):
        asking = getattr(splitting, name)
        monkeypatch.setattr(splitting, name, lambda *given, _name=name, _asking=asking: counts.update([_name]) or _asking(*given))
    return counts


PUNCTUATED = "Ma commande est arrivée en retard. Personne n'a répondu à mes appels, ni le lundi ni le mardi ! Je suis cliente depuis dix ans... "
BREATHLESS = (
    "Bonjour j'ai commandé une box il y a trois semaines et depuis rien du tout personne ne répond je rappelle tous les jours on me dit d'attendre "
)


def test_punctuated_texts_are_parted_by_rules_alone(asked: Counter[str]) -> None:
    """The trained model is asked only for a long stretch without punctuation, once for each."""
    assert len(sentences(PUNCTUATED * 3, "fr")) == 9 and asked["pipeline"] == 0
    assert len(sentences(PUNCTUATED + "\n" + BREATHLESS + "\n" + BREATHLESS, "fr")) > 5 and asked["pipeline"] == 2


def test_splitting_takes_work_in_proportion_to_the_text(asked: Counter[str]) -> None:
    """Each mark is looked at once, however long the text."""
    for times in (1, 10, 100):
        asked.clear()
        sentences(PUNCTUATED * times, "fr")
        assert asked["_ends_sentence"] == 3 * times


# ---------------------------------------------------------------- words


def test_english_lemmas_are_content_words() -> None:
    """English lemmas are lower case, in dictionary form, without stop words and placeholders."""
    assert lemmas(["The refunds were never processed by [NAME]"], "en") == [["refund", "process"]]


def test_french_lemmas_are_content_words() -> None:
    """French lemmas are lower case, in dictionary form, without stop words and placeholders."""
    assert lemmas(["Les remboursements ne sont jamais arrivés, [NAME]"], "fr") == [["remboursement", "arriver"]]


def test_french_phrases_are_readable_and_as_written() -> None:
    """A French noun phrase keeps its inner words, loses its leading determiner, and is followed by its groups."""
    (phrases,) = noun_phrases(["Je demande le remboursement de la box."], "fr")
    assert phrases == ["remboursement de la box", "remboursement", "box"]


def test_a_participle_stays_with_what_it_befell() -> None:
    """What happened to the thing is part of the phrase that names it."""
    (phrases,) = noun_phrases(["Colis jamais reçu, service client injoignable."], "fr")
    assert "colis jamais reçu" in phrases
    assert "service client injoignable" in phrases


def test_english_phrases_are_readable() -> None:
    """An English noun phrase has no leading determiner and no pronoun."""
    (phrases,) = noun_phrases(["The refund of the box and poor customer service"], "en")
    assert phrases == ["refund of the box", "refund", "box", "poor customer service"]


@pytest.mark.parametrize("lang", ["fr", "en", "es"])
def test_every_text_gets_an_answer_of_its_own(lang: str) -> None:
    """Lemmas and phrases come one list for each text, in order, empty where there is nothing."""
    texts = ["", "😡", "[EMAIL]", "box box"]
    assert [len(found) for found in lemmas(texts, lang)] == [0, 0, 0, 2]
    assert [bool(found) for found in noun_phrases(texts, lang)] == [False, False, False, True]


def test_neighbours_do_not_change_an_answer() -> None:
    """The words of a text are the same alone, in company, and in another order."""
    texts = ["Facture trop élevée depuis mars", "Le conseiller a raccroché", "Attente interminable au téléphone"]
    together = lemmas(texts, "fr"), noun_phrases(texts, "fr")
    assert lemmas(texts[::-1], "fr")[::-1] == together[0]
    assert [noun_phrases([text], "fr")[0] for text in texts] == together[1]


def test_stop_words_come_with_and_without_accents() -> None:
    """Stop words hold the accentless spelling too, and are empty for a language without a list."""
    assert {"de", "la", "pas", "très", "tres", "même", "meme"} <= stop_words("fr")
    assert {"the", "not"} <= stop_words("en")
    assert stop_words("xx") == frozenset()


# ---------------------------------------------------------------- the shipped pipeline and its place


def test_importing_the_room_loads_nothing_heavy() -> None:
    """Importing the language room imports neither spaCy nor the detector nor the lemmatiser."""
    code = "import sys, voc_pipeline.language; print([name for name in ('spacy', 'lingua', 'simplemma') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_french_pipeline_is_small_and_holds_no_code() -> None:
    """The shipped pipeline is 12 MB at most, with its scores and card, and has neither Python nor pickle."""
    files = [path for path in model_path("voc-fr").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12_000_000
    assert {"metrics.json", "README.md", "config.cfg"} <= {path.name for path in files}
    assert not [path.name for path in files if path.suffix in {".py", ".pkl", ".pickle", ".pt"}]  # spaCy's lookups.bin is msgpack


def test_the_light_tokenizer_parts_words_as_spacy_does() -> None:
    """The shipped tokenizer's shorter pattern keeps whole what spaCy's own French keeps whole, compounds and elisions among it."""
    import spacy

    from voc_pipeline.language.french import pipeline

    compounds = "Ma grand-mère a un porte-monnaie, un presqu'île-là, l'arc-en-ciel, un saut-de-ski et un burn-out chez Black-Out à Saint-Denis."
    texts = [compounds, compounds.upper(), *(case["text"] for case in read_cases("sentences.jsonl"))]
    ours, theirs = pipeline().tokenizer, spacy.blank("fr").tokenizer
    assert [[token.text for token in ours(text)] for text in texts] == [[token.text for token in theirs(text)] for text in texts]
    assert "grand-mère" in [token.text for token in ours(compounds)]


def test_a_model_is_found_by_path_first_then_by_name(tmp_path: Path) -> None:
    """An existing folder is taken as given; a name is looked for among the shipped models."""
    assert model_path(tmp_path) == tmp_path
    assert model_path("voc-fr") == ROOT / "models" / "voc-fr"


def test_a_missing_model_names_the_known_ones() -> None:
    """A model that is nowhere is refused with the names of those that are shipped."""
    with pytest.raises(ModelError, match="voc-fr"):
        model_path("voc-fn")
