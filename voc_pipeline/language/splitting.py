"""Where sentences end in text as customers type it.

Rules first: they part over a thousand verbatims a second. The trained boundaries are asked only inside long stretches of French that the rules could not
part: speech-like reviews typed without punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from voc_pipeline.language import words
from voc_pipeline.language.french import LETTER, ONE_AT_A_TIME, pipeline

Span = tuple[int, int]

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
ADDRESS = re.compile(
    r"://|^www\.|@|=|\.(?:fr|com|net|org|eu|be|ch|ca|io|co|uk|info|gouv|html?|php|pdf|jpe?g|png|exe|app)(?:$|[/?:#.,)])", re.IGNORECASE
)
LISTED = re.compile(
    r"\b(?:les?|the|points?|côtés?)\s+(?:[+-](?=\s*:)|(?:forts?|faibles?|positifs?|négatifs?|good|bad)(?=\s*:))|\b(?:pros?|cons?|avantages?|inconvénients?)(?=\s*:)",
    re.IGNORECASE,
)
ALNUM = re.compile(r"[^\W_]")
LONG_PIECE = 25  # words from which a piece is looked at again
CAREFUL_PIECE = 60  # words up to which capital, commas and final mark vouch for a sentence
START_MARGIN, RESTART_MARGIN = -1.0, -2.0  # of the boundary's logit over its absence; measured on real reviews with their marks taken away
LEAST_WORDS = 3
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
    for left, right in pairwise(cuts):
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
    low = re.sub(r"^[ld]['’]", "", word.lower())
    if not spaced:
        if not (len(word) > 1 or word.isdigit()) or not follow[0].isalpha():
            return False
        match = NEXT_WORD.match(follow)
        following = match.group().lower() if match else ""
        tail = re.split(r"[.\s]", word)[-1]
        opens = (follow[0].isupper() and len(following) > 1 and "." not in word) or following.strip("'’") in words.OPENERS
        return len(tail) > 1 and opens
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
    nlp = pipeline()
    with ONE_AT_A_TIME:
        doc = nlp.get_pipe("tok2vec")(nlp.make_doc(calm))
        senter: Any = nlp.get_pipe("senter")
        margins = np.subtract(*senter.model.predict([doc])[0].T[::-1])
    cuts: list[int] = []
    last = 0
    for token, margin in zip(doc, margins, strict=True):
        least = RESTART_MARGIN if token.lower_ in words.FRENCH_RESTARTS and doc[token.i - 1].lower_ not in words.FRENCH_HOLDERS else START_MARGIN
        if margin >= least and min(token.i - last, len(doc) - token.i) >= LEAST_WORDS and LETTER.match(token.text) and piece[token.idx - 1].isspace():
            cuts.append(token.idx)
            last = token.i
    return cuts
