"""Lemmas and noun phrases: what a topic can be named by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from voc_pipeline.language import words
from voc_pipeline.language.french import LETTER, ONE_AT_A_TIME, pipeline
from voc_pipeline.language.words import stop_words

PLACEHOLDER = re.compile(r"\[[A-Z_]+\]|https?://\S+")
COMPOUND = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
CLAUSE = re.compile(r"[.,;:!?…()\[\]\"“”|/\n]+")
CONTENT_TAGS = frozenset(("NOUN", "PROPN", "ADJ", "VERB", "ADV", "X", "INTJ"))
# Signs of `_sign`: N noun, A adjective, V past participle, P linking preposition, D article, J adverb before a participle.
GROUP = re.compile(r"A?N(?:-?[NA])*(?:J?V)?")
PHRASE = re.compile(r"A?N(?:-?[NA])*(?:PD?A?N(?:-?[NA])*){0,2}(?:J?V)?")
LINKS = frozenset(("de", "d'", "d’", "du", "des", "à", "a", "au", "aux", "en", "sans", "après", "apres"))
ARTICLES = frozenset(("le", "la", "les", "l'", "l’", "un", "une", "mon", "ma", "mes", "votre", "vos", "notre", "nos"))
NO_HEADS = frozenset(
    "fois jour jours semaine semaines mois an ans année années heure heures minute minutes matin soir midi lundi mardi mercredi jeudi vendredi samedi dimanche fait part cas suite chose type genre".split()
)


def terms(texts: Sequence[str], lang: str) -> list[tuple[list[str], list[str]]]:
    """What texts are about: the content words of each in their dictionary form, and the noun phrases that could name it; each text is tagged once.

    Args:
        texts: Segments, redacted: placeholders such as ``[EMAIL]`` are no words.
        lang: ISO 639-1 code. French is tagged and lemmatised in context; other languages word by word (simplemma, unknown words kept as they are), their
            phrases by a light rule over stop words.

    Returns:
        For each text (lemmas, phrases). Lemmas of its nouns, adjectives, verbs and other words that are no stop words, lower case, in order. Phrases as
        written, in lower case, the longest first where they stand, each followed by the groups it is made of: "remboursement de la box",
        "remboursement", "box"; a participle that says what befell the thing stays with it: "colis jamais reçu"; no determiner leads; a phrase said twice
        stands twice.
    """
    plain = [PLACEHOLDER.sub(" | ", text) for text in texts]
    if lang == "fr":
        return [
            ([lemma for token, lemma in _french_lemmas(doc) if _is_content(token, lang) and _is_content(lemma, lang)], list(_french_phrases(doc)))
            for doc in _french(plain)
        ]
    return [
        (
            [lemma for token in _tokens(text) if _is_content(token, lang) and _is_content(lemma := _lookup(token, lang), lang)],
            list(_plain_phrases(text, lang)),
        )
        for text in plain
    ]


def lemmas(texts: Sequence[str], lang: str) -> list[list[str]]:
    """The content words of texts in their dictionary form: see `terms`."""
    return [words for words, _ in terms(texts, lang)]


def noun_phrases(texts: Sequence[str], lang: str) -> list[list[str]]:
    """Noun phrases that could name what texts are about: see `terms`."""
    return [phrases for _, phrases in terms(texts, lang)]


def _is_content(word: str, lang: str) -> bool:
    """Whether a word can carry a topic."""
    return len(word) > 1 and word.lower() not in stop_words(lang) and bool(LETTER.match(word))


def _tokens(text: str) -> list[str]:
    """The words of a text, in lower case, possessive endings dropped."""
    return [re.sub(r"['’]s$", "", token.lower()) for token in COMPOUND.findall(text)]


@cache
def _lookup(word: str, lang: str) -> str:
    """Dictionary form of a lower-case word by lookup; the word itself where the language or the word is unknown."""
    import simplemma

    try:
        return simplemma.lemmatize(word, lang=lang).lower()
    except ValueError:
        return word


def _french(texts: Sequence[str]) -> list[Any]:
    """Tagged documents. Capitals are read in lower case where a text has nothing else."""
    calm = [text.lower() if text.isupper() else text for text in texts]
    with ONE_AT_A_TIME:
        return list(pipeline().pipe(calm, disable=["senter"], batch_size=64))


def _french_lemmas(doc: Any) -> Iterator[tuple[str, str]]:
    """(word, lemma) of a tagged document's words that can carry a topic."""
    for token in doc:
        if token.pos_ in CONTENT_TAGS:
            yield token.text, _mended(token.lemma_.lower(), token.lower_, token.pos_)


def _mended(lemma: str, word: str, tag: str) -> str:
    """The trained lemma, or the dictionary's where an edit learnt on other words made a word that does not exist; no noun becomes a verb."""
    if tag == "PROPN" or (_is_known(lemma) and not (tag == "NOUN" and lemma.endswith("er") and not word.rstrip("s").endswith("er"))):
        return lemma
    found = _lookup(word, "fr")
    if tag == "NOUN" and found.endswith(("er", "ir", "re")) and found[-2:] != word.rstrip("s")[-2:]:
        return word.rstrip("s")
    return found


@cache
def _is_known(lemma: str) -> bool:
    """Whether the French dictionary holds a word: an edit learnt on other words can make one that does not exist."""
    import simplemma

    return simplemma.is_known(lemma, lang="fr")


def _french_phrases(doc: Any) -> Iterator[str]:
    """Longest noun phrases of a tagged document, each followed by its inner groups."""
    signs = "".join(_sign(token) for token in doc)
    for match in PHRASE.finditer(signs):
        whole = _written(doc, *match.span())
        if whole:
            yield whole
        groups = list(GROUP.finditer(signs, *match.span()))
        if len(groups) > 1 or (groups and groups[0].span() != match.span()):
            yield from filter(None, (_written(doc, *group.span()) for group in groups if group.span() != match.span()))


def _sign(token: Any) -> str:
    """One letter for the part a tagged word can play in a noun phrase."""
    low = token.lower_
    if not LETTER.match(low):
        return "." if low != "-" else "-"
    if low in words.FRENCH_NOUNS or (token.pos_ in ("NOUN", "PROPN") and len(low) > 1):
        return "." if low in NO_HEADS or low in stop_words("fr") else "N"
    if token.pos_ == "ADJ":
        return "." if low in stop_words("fr") else "A"
    if token.pos_ == "VERB" and "VerbForm=Part" in token.morph and "Tense=Past" in token.morph:
        return "V"
    if low in LINKS:
        return "P"
    if token.pos_ == "DET" and low in ARTICLES:
        return "D"
    return "J" if low in ("jamais", "mal", "non", "trop", "pas", "toujours") else "."


def _written(doc: Any, start: int, end: int) -> str:
    """The words of a span as written, lower case, blanks made single."""
    return " ".join(doc[start:end].text.lower().split())


def _plain_phrases(text: str, lang: str) -> Iterator[str]:
    """Runs of content words between stop words, verbs of saying and doing, and marks; "of" may join two of them."""
    for clause in CLAUSE.split(text):
        run: list[str] = []
        for token in [*COMPOUND.findall(clause), ""]:
            low = token.lower()
            joins = bool(run) and (low == "of" or (run[-1] == "of" and low in ("the", "my", "your", "our")))
            if joins or (_is_content(token, lang) and not _is_break(low, lang)):
                run.append(low)
            else:
                yield from _phrases_of_run(run, lang)
                run = []


def _phrases_of_run(run: list[str], lang: str) -> Iterator[str]:
    """The longest phrase of a run, and its groups on either side of "of"."""
    groups: list[list[str]] = [[]]
    for word in run:
        if word in ("of", "the", "my", "your", "our"):
            if groups[-1]:
                groups.append([])
        else:
            groups[-1].append(word)
    kept = [group for group in groups if group]
    if not kept or len(max(kept, key=len)) > 4:
        return
    if len(kept) > 1:
        last = len(run) - next(at for at, word in enumerate(reversed(run)) if word not in ("of", "the", "my", "your", "our"))
        yield " ".join(run[:last])
    for group in kept:
        if len(group) > 1 or _nounlike(group[0], lang):
            yield " ".join(group)


def _is_break(low: str, lang: str) -> bool:
    """Whether a content word is no part of a noun phrase by its form: a listed verb or an adverb in -ly."""
    return lang == "en" and (
        low in words.ENGLISH_VERBS
        or _lookup(low, lang) in words.ENGLISH_VERBS
        or (low.endswith("ly") and low not in ("reply", "supply", "family", "assembly"))
    )


def _nounlike(low: str, lang: str) -> bool:
    """Whether a lone word may stand as a phrase: no bare adjective or participle by its form."""
    return lang != "en" or not (low in words.ENGLISH_ADJECTIVES or low.endswith(("ful", "less", "able", "ous")))
