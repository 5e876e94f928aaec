"""The spaCy door: language id, sentences, lemmas, noun phrases. French first, English beside it.

Sentences come from rules first (they do well over a thousand verbatims a second) and from a trained boundary model only inside long stretches that the
rules could not part: speech-like reviews typed without punctuation. Everything heavy is loaded when first used, once, and works offline.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from voc_pipeline import words
from voc_pipeline.places import model_path

if TYPE_CHECKING:
    from spacy.language import Language

FRENCH_MODEL = "voc-fr"
Span = tuple[int, int]

# ---------------------------------------------------------------- language id

KNOWN_LANGUAGES = ("fr", "en", "es", "it", "de", "nl", "pt", "ar")
NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\[[A-Z_]+\]|\d+")
LETTERS_WEIGHT, TELLING_WEIGHT = 0.6, 2.5
SECOND_PRIOR, UNDECLARED_PRIOR, LEAST_P = 0.25, 0.004, 1e-9
MOST_WORDS = 60
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def detect(text: str, declared: Sequence[str] = ("fr", "en")) -> tuple[str, float]:
    """The language a text is most probably in, and how probable that is, given the languages its source declares.

    Character n-grams (lingua) and a short list of telling words are the evidence; declared languages are the prior, the first of them most. The
    fewer the words, the more evidence an undeclared language needs: under three words it hardly ever wins.

    Args:
        text: Any text; addresses, handles, digits and placeholders such as ``[EMAIL]`` are left out of account.
        declared: ISO 639-1 codes the source declares, most usual first. What the detector does not know it cannot find, only fall back on.

    Returns:
        (code, probability in [0, 1]); (``declared[0]``, 0.0) where the text has no word at all.

    Raises:
        ValueError: nothing is declared.
    """
    if not declared:
        raise ValueError("detect needs at least one declared language")
    tokens = [token.lower().replace("’", "'") for token in WORD.findall(NOT_WORDS.sub(" ", text))]
    if not tokens:
        return declared[0], 0.0
    scores = {code: math.log(max(p, LEAST_P)) * LETTERS_WEIGHT for code, p in _letters(" ".join(tokens[:MOST_WORDS])).items()}
    undeclared = UNDECLARED_PRIOR if len(tokens) >= 3 else UNDECLARED_PRIOR * UNDECLARED_PRIOR
    for rank, code in enumerate(declared):
        scores.setdefault(code, math.log(LEAST_P) * LETTERS_WEIGHT)
    for code in scores:
        scores[code] += math.log((1.0 if code == declared[0] else SECOND_PRIOR) if code in declared else undeclared)
    if len(tokens) <= 12:
        for token in tokens:
            for code, weight in _telling(token):
                if code in scores:
                    scores[code] += weight
    best = max(scores, key=lambda code: (scores[code], code in declared, code))
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    return best, 1.0 / total


def _letters(text: str) -> dict[str, float]:
    """Probability of each known language by letter trigrams alone."""
    values = _detector().compute_language_confidence_values(text)
    return {value.language.iso_code_639_1.name.lower(): value.value for value in values}


@cache
def _detector() -> Any:
    """The trigram detector of the known languages: about 12 MB, a sixth of a second to load."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in KNOWN_LANGUAGES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()


@cache
def _telling(token: str) -> tuple[tuple[str, float], ...]:
    """What one word says by itself: (language, weight in nats), for a stop word or a telling word of it."""
    said = [code for code in words.TELLING if token in _telling_words(code)]
    if not said and "'" in token:
        head, tail = token.split("'", 1)
        said = ["en"] if tail in ("s", "t", "re", "ll", "d", "m", "ve") else ["fr"] if head in words.ELIDED else []
    return tuple((code, TELLING_WEIGHT) for code in said)


@cache
def _telling_words(lang: str) -> frozenset[str]:
    """Stop words and telling words of a language."""
    return stop_words(lang) | words.TELLING[lang]


# ---------------------------------------------------------------- sentences

EMOJI = r"[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B00-\u2BFF\u2764\u203C\u2049\u20E3\uFE0F\u200D]"
EMOTICON = r"(?:(?<=\s)|^)(?:[:;=]['’]?-?[)(DPpoO3/|\\]+|[xX]D+|<3+|\^\^+|:['’]\()(?=\s|$)"
MARK = re.compile(
    rf"(?P<line>[^\S\n]*\n\s*)|(?P<face>(?:{EMOJI}|{EMOTICON})(?:\s*(?:{EMOJI}|{EMOTICON}))*)"
    r"|(?P<stop>[.!?…]+(?:[ \u00a0\u202f]?[!?…]+)*)|(?P<item>[•●▪◦■]|(?<!\S)[-–—*+](?=\s)|(?<!\S)[1-9][0-9]?(?:\)|/|°\)|\.\))(?=\s?[^\W\d]))",
    re.MULTILINE,
)
FACES = re.compile(rf"\s*(?:{EMOJI}|{EMOTICON})+(?:\s*(?:{EMOJI}|{EMOTICON}))*")
CLOSERS = re.compile(r"(?:[ \u00a0\u202f]?»|[\"”’')\]])+")
POINTERS = frozenset("✅❌✔✖☑➡👉🔴🟢🟠➕➖✓✗🔹🔸▶")
LAST_WORD = re.compile(r"[^\s(«\"“]*$")
NEXT_WORD = re.compile(r"[^\W\d_]+['’]?")
ADDRESS = re.compile(r"://|^www\.|@|=|\.(?:fr|com|net|org|eu|be|ch|ca|io|co|uk|info|gouv|html?|php|pdf|jpe?g|png|exe|app)(?:$|[/?:#.,)])", re.IGNORECASE)
LISTED = re.compile(r"\b(?:les?|the|points?|côtés?)\s+(?:[+-](?=\s*:)|(?:forts?|faibles?|positifs?|négatifs?|good|bad)(?=\s*:))|\b(?:pros?|cons?|avantages?|inconvénients?)(?=\s*:)", re.IGNORECASE)
ALNUM = re.compile(r"[^\W_]")
LONG_PIECE = 25  # words from which a piece is looked at again
CAREFUL_PIECE = 60  # words up to which capital, commas and final mark vouch for a sentence
START_P, LEAST_WORDS = 0.5, 3
WRAP_WIDTH = 60


def sentences(text: str, lang: str) -> list[Span]:
    """Where the sentences of a text stand, messy ones too.

    Args:
        text: A review, an answer or one turn of a chat.
        lang: ISO 639-1 code. Long stretches without punctuation are parted by the trained model in French, by rules elsewhere.

    Returns:
        (start, end) spans in order, without overlap, with no blank at either end, together holding every character that is not blank. Empty for a blank text.
    """
    pieces = _pieces(text)
    if all(text.count(" ", *piece) < LONG_PIECE for piece in pieces):
        return pieces
    refine = _part_french if lang == "fr" else _part_by_connectives
    spans: list[Span] = []
    for start, end in pieces:
        inner = refine(text[start:end]) if text.count(" ", start, end) >= LONG_PIECE else []
        spans.extend(_trimmed(text, [start, *(start + cut for cut in inner), end]))
    return spans


def _pieces(text: str) -> list[Span]:
    """Spans between the cuts that the rules see."""
    cuts = [0]
    items = _item_cuts(text)
    quiet = 0
    for mark in MARK.finditer(text):
        if mark.start() < quiet:
            continue
        kind, start, end = mark.lastgroup, mark.start(), mark.end()
        if kind == "line":
            if not _wrapped(text, start, end):
                cuts.append(end)
        elif kind == "stop":
            closed = CLOSERS.match(text, end)
            end = closed.end() if closed else end
            faces = FACES.match(text, end)
            if faces and text[faces.start() : faces.end()].strip()[:1] not in POINTERS:
                end = quiet = faces.end()
            if _ends_sentence(text, cuts[-1], mark.start(), mark.end(), end, bool(faces)):
                cuts.append(end)
        elif kind == "face":
            if mark.group().strip()[0] in POINTERS:
                cuts.append(start)
            elif _face_ends_sentence(text, cuts[-1], start, end):
                cuts.append(end)
        elif start in items:
            cuts.append(start)
    if ":" in text:
        cuts.extend(match.start() for match in LISTED.finditer(text))
    cuts.append(len(text))
    return _trimmed(text, sorted(set(cuts)))


def _trimmed(text: str, cuts: Sequence[int]) -> list[Span]:
    """Spans between cuts without outer blanks; one without letter or digit joins its neighbour before, or after where there is none."""
    spans: list[Span] = []
    head: int | None = None
    for left, right in zip(cuts, cuts[1:], strict=False):
        piece = text[left:right]
        body = piece.strip()
        if not body:
            continue
        start = left + len(piece) - len(piece.lstrip())
        end = start + len(body)
        if ALNUM.search(body):
            spans.append((start if head is None else head, end))
            head = None
        elif spans and head is None and "\n" not in text[spans[-1][1] : start]:
            spans[-1] = (spans[-1][0], end)
        elif head is None:
            head = start
    if head is not None:
        last = len(text.rstrip())
        if spans:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((head, last))
    return spans


def _ends_sentence(text: str, begin: int, start: int, stop: int, end: int, faces: bool) -> bool:
    """Whether the marks `text[start:stop]`, closed at `end`, end the sentence that began at `begin`."""
    mark = text[start:stop]
    rest = text[end : end + 40]
    follow = rest.lstrip()
    if not follow or follow[0] in ",;:)».":
        return False
    if faces:
        return True
    if end > stop and follow[0].islower():
        return False
    before = LAST_WORD.search(text, max(begin, start - 40), start)
    word = before.group() if before else ""
    spaced = rest[0].isspace()
    if end == stop and not spaced and ADDRESS.search(word + mark + rest.split(None, 1)[0]):
        return False
    if mark == ".":
        return _full_stop(word, text[begin:start], follow, spaced)
    if text[start - 1 : start] == "(" and text[stop : stop + 1] == ")":
        return False
    if "!" in mark or "?" in mark:
        return spaced or follow[0].isalpha()
    upper = follow[0].isupper() or not follow[0].isalnum()
    return upper or (len(text[begin:start].split()) >= 3 and len(re.split(r"[.!?…\n]", text[end : end + 60])[0].split()) >= 3)


def _full_stop(word: str, left: str, follow: str, spaced: bool) -> bool:
    """Whether a single full stop after `word` ends a sentence that goes `left` so far and is followed by `follow`."""
    low = word.lower().lstrip("l'd'’")if word[:2].lower() in ("l'", "d'", "l’", "d’") else word.lower()
    if not spaced:
        if not (len(word) > 1 or word.isdigit()) or not follow[0].isalpha():
            return False
        match = NEXT_WORD.match(follow)
        following = match.group().lower() if match else ""
        tail = re.split(r"[.\s]", word)[-1]
        if follow[0].isupper() and len(following) > 1 or following in ("j'", "c'", "l'", "à", "a", "i"):
            return len(tail) > 1 and "." not in word
        return len(tail) > 1 and following in words.OPENERS
    if not left.strip() or (low.isdigit() and left.strip() == word and len(low) <= 2):
        return False
    if low in words.TITLES:
        return False
    if low in words.ABBREVIATIONS or re.fullmatch(r"(?:\w\.)+\w|\w\.?-\w", low):
        return follow[0].isupper() and low in words.CLOSING_ABBREVIATIONS
    if len(word) == 1 and word.isupper():
        named = left.split()[-2:-1]
        return not follow[0].isupper() and not (named and named[0].lower().rstrip(".") in words.TITLES)
    return True


def _face_ends_sentence(text: str, begin: int, start: int, end: int) -> bool:
    """Whether an emoji run between two stretches of words parts them."""
    left, right = text[begin:start], re.split(r"[.!?…\n]", text[end : end + 80])[0]
    follow = text[end : end + 2].lstrip()
    if not ALNUM.search(left) or not follow or follow[0] in ".,;:!?)…":
        return False
    if follow[0].isupper():
        return True
    before = left.split()
    return before[-1].lower().strip("'’") not in words.FACE_HOLDERS and len(before) >= 2 and len(right.split()) >= 2


def _item_cuts(text: str) -> frozenset[int]:
    """Where the items of an inline list start: a bullet always, a dash or a number where there are at least two of a kind."""
    found: dict[str, list[int]] = {}
    for mark in MARK.finditer(text):
        if mark.lastgroup == "item":
            sign = mark.group()
            found.setdefault("1" if sign[0].isdigit() else sign, []).append(mark.start())
    cuts: set[int] = set()
    for sign, starts in found.items():
        if sign in "•●▪◦■" or len(starts) > 1:
            cuts.update(starts)
    return frozenset(cuts)


def _wrapped(text: str, start: int, end: int) -> bool:
    """Whether a line break only wraps a long line: the words go on in lower case."""
    if text.count("\n", start, end) > 1 or end >= len(text) or not text[end].islower():
        return False
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return len(line) >= WRAP_WIDTH and (line[-1].isalnum() or line[-1] in ",'’-")


def _part_by_connectives(piece: str) -> list[int]:
    """Cuts in a long piece of English: before a connective and a subject, where both sides hold a few words."""
    cuts: list[int] = []
    last = 0
    for match in words.ENGLISH_RESTARTS.finditer(piece):
        if piece.count(" ", last, match.start()) >= 4 and piece.count(" ", match.start()) >= 3:
            cuts.append(match.start())
            last = match.start()
    return cuts


def _part_french(piece: str) -> list[int]:
    """Cuts in a long piece of French where the trained model sees a sentence start; none in a long sentence that is typed with care."""
    if piece[0].isupper() and piece[-1] in ".!?…»" and "," in piece and piece.count(" ") < CAREFUL_PIECE and not piece.isupper():
        return []
    calm = piece.lower() if piece.isupper() and len(piece.lower()) == len(piece) else piece
    nlp = _pipeline()
    with _ONE_AT_A_TIME:
        doc = nlp.get_pipe("tok2vec")(nlp.make_doc(calm))
        senter: Any = nlp.get_pipe("senter")
        p_start = senter.model.predict([doc])[0][:, 1]
    cuts: list[int] = []
    last = 0
    for token, p in zip(doc, p_start, strict=True):
        if p >= START_P and token.i - last >= LEAST_WORDS and len(doc) - token.i >= LEAST_WORDS and LETTER.match(token.text) and piece[token.idx - 1].isspace():
            cuts.append(token.idx)
            last = token.i
    return cuts


# ---------------------------------------------------------------- words

PLACEHOLDER = re.compile(r"\[[A-Z_]+\]|https?://\S+")
LETTER = re.compile(r"[^\W\d_]")
COMPOUND = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
CLAUSE = re.compile(r"[.,;:!?…()\[\]\"“”|/\n]+")
CONTENT_TAGS = frozenset(("NOUN", "PROPN", "ADJ", "VERB", "ADV", "X", "INTJ"))
# Signs of `_sign`: N noun, A adjective, V past participle, P linking preposition, D article, J adverb before a participle.
GROUP = re.compile(r"A?N(?:-?[NA])*(?:J?V)?")
PHRASE = re.compile(r"A?N(?:-?[NA])*(?:PD?A?N(?:-?[NA])*){0,2}(?:J?V)?")
LINKS = frozenset(("de", "d'", "d’", "du", "des", "à", "a", "au", "aux", "en", "sans", "après", "apres"))
ARTICLES = frozenset(("le", "la", "les", "l'", "l’", "un", "une", "mon", "ma", "mes", "votre", "vos", "notre", "nos"))
NO_HEADS = frozenset("fois jour jours semaine semaines mois an ans année années heure heures minute minutes matin soir midi lundi mardi mercredi jeudi vendredi samedi dimanche fait part cas suite chose type genre".split())
_ONE_AT_A_TIME = Lock()


@cache
def stop_words(lang: str) -> frozenset[str]:
    """Words that carry no topic, lower case, with and without their accents; empty for a language without a list."""
    listed = words.STOP_WORDS.get(lang, frozenset())
    return listed | {_bare(word) for word in listed}


def _bare(word: str) -> str:
    """The word without its accents."""
    return "".join(mark for mark in unicodedata.normalize("NFD", word) if not unicodedata.combining(mark))


def lemmas(texts: Sequence[str], lang: str) -> list[list[str]]:
    """The content words of texts, in their dictionary form.

    Args:
        texts: Segments, redacted: placeholders such as ``[EMAIL]`` are no words.
        lang: ISO 639-1 code. French is tagged and lemmatised in context; other languages word by word (simplemma), unknown ones kept as they are.

    Returns:
        For each text the lemmas of its nouns, adjectives, verbs and other words that are no stop words, lower case, in order.
    """
    plain = [PLACEHOLDER.sub(" ", text) for text in texts]
    if lang == "fr":
        return [[lemma for token, lemma in _french_lemmas(doc) if _is_content(token, lang) and _is_content(lemma, lang)] for doc in _french(plain)]
    return [[lemma for token in _tokens(text) if _is_content(token, lang) and _is_content(lemma := _lookup(token, lang), lang)] for text in plain]


def noun_phrases(texts: Sequence[str], lang: str) -> list[list[str]]:
    """Noun phrases that could name what a text is about, as written, in lower case.

    The longest phrases come first where they stand, each followed by the groups it is made of: "remboursement de la box", "remboursement", "box".
    A participle that says what befell the thing stays with it: "colis jamais reçu". No determiner leads.

    Args:
        texts: Segments, redacted.
        lang: ISO 639-1 code: tagged patterns in French, a light rule over stop words elsewhere.

    Returns:
        For each text its phrases in order; a phrase said twice stands twice.
    """
    if lang == "fr":
        return [list(_french_phrases(doc)) for doc in _french([PLACEHOLDER.sub(" | ", text) for text in texts])]
    return [list(_plain_phrases(PLACEHOLDER.sub(" | ", text), lang)) for text in texts]


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


@cache
def _pipeline() -> Language:
    """The French pipeline, loaded once."""
    import spacy

    return spacy.load(model_path(FRENCH_MODEL))


def _french(texts: Sequence[str]) -> list[Any]:
    """Tagged documents. Capitals are read in lower case where a text has nothing else."""
    calm = [text.lower() if text.isupper() else text for text in texts]
    with _ONE_AT_A_TIME:
        return list(_pipeline().pipe(calm, disable=["senter"], batch_size=64))


def _french_lemmas(doc: Any) -> Iterator[tuple[str, str]]:
    """(word, lemma) of a tagged document's words that can carry a topic."""
    for token in doc:
        if token.pos_ in CONTENT_TAGS:
            yield token.text, token.lemma_.lower()


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
    if token.pos_ in ("NOUN", "PROPN") and (len(low) > 1):
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
            joins = low == "of" and bool(run)
            if joins or (run and run[-1] == "of" and low in ("the", "my", "your", "our")):
                run.append(low)
            elif _is_content(token, lang) and not _is_break(low, lang):
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
    return lang == "en" and (low in words.ENGLISH_VERBS or _lookup(low, lang) in words.ENGLISH_VERBS or (low.endswith("ly") and low not in ("reply", "supply", "family", "assembly")))


def _nounlike(low: str, lang: str) -> bool:
    """Whether a lone word may stand as a phrase: no bare adjective or participle by its form."""
    return lang != "en" or not (low in words.ENGLISH_ADJECTIVES or low.endswith(("ful", "less", "able", "ous")))
