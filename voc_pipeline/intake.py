"""RawFeedback to Verbatim, or Dropped: normalise, tell the language, take personal data out, split. The only maker of `Verbatim`."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from voc_pipeline import language
from voc_pipeline.keys import keyed_hash
from voc_pipeline.redact import folding, redact
from voc_pipeline.schema import Dropped, Outcome, RawFeedback, Reason, Role, Segment, SourceKind, Turn, Verbatim

Detect = Callable[[str, Sequence[str]], tuple[str, float]]
Sentences = Callable[[str, str], Sequence[tuple[int, int]]]

FOREIGN_LETTERS = 40
"""Letters from which a foreign language can be told for sure; shorter texts get the first declared language."""
FOREIGN_P = 0.9
"""Probability from which a language outside the config rejects a text."""
SHORT_WORDS = 4
"""Below this many words, the same answer given another day is another answer."""
LONE_WORDS = 6
"""Words from which equal texts without a customer, of one source and day, are one submit."""

HEADS: Mapping[Role, str] = {Role.CUSTOMER: "client: ", Role.AGENT: "agent: "}
"""What opens each turn in the text of a chat."""

# ---------------------------------------------------------------- words


# Printable ASCII without markup, and French letters that mojibake is never made of: nothing there to repair.
_PLAIN = re.compile(r"[\n -%'-;=?-~àäçèéêëîïôöùûüœÀÇÈÉÊÎÔŒ’“”«»…–€]*")
_BREAK = re.compile(r"(?i)<br\s{0,3}/?>|</p>|</div>")
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Cn"}
_UNSEEN = re.compile(r"[^\n\t -~\u00a1-\u00ac\u00ae-\u02af\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
_HEAD_LIKE = re.compile(r"(?i)\n(?=(?:client|customer|visitor|agent|bot|advisor|conseiller|conseillère) ?:)")
_WORD = re.compile(r"[^\W_]+")


def normalise(text: str) -> str:
    """Text with mojibake repaired, in NFC, without invisible characters; one blank between words, no blank at the ends of lines, no empty line.

    >>> normalise("RÃ©ponse\\u200b  reÃ§ue<br>hier")
    'Réponse reçue\\nhier'
    """
    import ftfy

    if not text:
        return ""
    if not _PLAIN.fullmatch(text):
        text = ftfy.fix_text(_BREAK.sub("\n", text), normalization="NFC", uncurl_quotes=False)
        text = _UNSEEN.sub(_visible, text)
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _visible(match: re.Match[str]) -> str:
    char = match[0]
    kind = unicodedata.category(char)
    if kind in {"Zs", "Zl", "Zp"}:
        return " " if kind == "Zs" else "\n"
    if char in "\x0b\x0c\x85":
        return "\n"
    return "" if kind in _INVISIBLE or "\ufe00" <= char <= "\ufe0f" else char


def fold(text: str) -> str:
    """Words alone, without case, accents or punctuation: what two submits of one text share.

    >>> fold("Déçue !!  Très déçue...")
    'decue tres decue'
    """
    words = _WORD.findall(folding.fold(text).casefold())
    return " ".join(words) if words else " ".join(text.split())


def _says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a pictogram."""
    return any(char.isalnum() or unicodedata.category(char) == "So" for char in text)


# ---------------------------------------------------------------- one row


class Intake:
    """Turns raw feedback into verbatims that hold no personal data, or says why not.

    Args:
        key: Key of all hashed ids.
        languages: Languages analysed, the most usual first, such as ("fr", "en").
        max_chars: Longest text taken, in characters after normalisation.
        detect: (text, declared languages) -> (language, probability); the language room's by default.
        sentences: (text, language) -> spans of sentences; the language room's by default.
    """

    def __init__(
        self,
        key: bytes,
        languages: Sequence[str],
        max_chars: int = 20_000,
        *,
        detect: Detect = language.detect,
        sentences: Sentences = language.sentences,
    ) -> None:
        self._key, self._languages, self._max_chars = key, tuple(languages), max_chars
        self._detect, self._sentences = detect, sentences
        # Questions, channels and attributes repeat from row to row: each wording is redacted once.
        self._phrase = lru_cache(maxsize=4096)(_redacted_phrase)

    def receive(self, raw: RawFeedback) -> Verbatim | Dropped:
        """Makes a verbatim of a row, or says why it is not analysed.

        Args:
            raw: The row as its source gave it.

        Returns:
            The verbatim, redacted and split into segments; or a `Dropped`: rejected as `empty`, `no_customer_turn`, `too_long` or `language`.
        """
        if len(raw.text) + len(raw.title) + sum(len(turn.text) for turn in raw.turns) > 4 * self._max_chars:
            return self._rejected(raw, Reason.TOO_LONG)
        turns = self._turns(raw)
        if not any(turn.text for turn in turns):
            return self._rejected(raw, Reason.EMPTY)
        spoken = _customer_words(turns)
        if not _says_something(spoken):
            chat = raw.kind is SourceKind.CHAT and any(turn.role is Role.AGENT for turn in turns)
            return self._rejected(raw, Reason.NO_CUSTOMER_TURN if chat else Reason.EMPTY)
        if sum(len(turn.text) for turn in turns) > self._max_chars:
            return self._rejected(raw, Reason.TOO_LONG)
        lang, foreign = self._language(spoken, raw.languages)
        return self._rejected(raw, Reason.LANGUAGE, foreign) if foreign else self._verbatim(raw, turns, lang)

    def prepare(self, raw: RawFeedback) -> Verbatim:
        """Makes a verbatim of a row whatever it holds, for callers that owe an answer to every row; an empty one has no segment."""
        turns = self._turns(raw)
        return self._verbatim(raw, turns, self._language(_customer_words(turns), raw.languages)[0])

    def respondent(self, raw: RawFeedback) -> str:
        """Keyed hash that joins a respondent's answers and scores, or ""."""
        return keyed_hash(self._key, "respondent", raw.source, raw.respondent) if raw.respondent else ""

    def _verbatim(self, raw: RawFeedback, turns: Sequence[Turn], lang: str) -> Verbatim:
        text, segments = self._split(_redacted_turns(turns, lang), lang, chat=raw.kind is SourceKind.CHAT)
        question = self._phrase(normalise(raw.question), lang)
        return Verbatim(
            id=keyed_hash(self._key, raw.source, raw.row_id),
            source=raw.source,
            row_id=self._row_id(raw),
            position=raw.position,
            kind=raw.kind,
            channel=self._phrase(normalise(raw.channel), lang),
            lang=lang,
            text=text,
            text_key=keyed_hash(self._key, "text", fold(question), fold(text)),
            question=question,
            date=raw.date,
            customer=self.customer(raw.customer),
            respondent=self.respondent(raw),
            scores=dict(raw.scores),
            attributes={name: self._phrase(normalise(value), lang) for name, value in raw.attributes.items()},
            segments=segments,
            response=raw.response,
        )

    def customer(self, customer: str) -> str:
        """Keyed hash of a customer's id, the same in every source; case and outer blanks do not count. Empty for an empty id."""
        bare = unicodedata.normalize("NFC", customer).strip().casefold()
        return keyed_hash(self._key, "customer", bare) if bare else ""

    def _turns(self, raw: RawFeedback) -> list[Turn]:
        if raw.kind is SourceKind.CHAT:
            turns = raw.turns or (Turn(Role.CUSTOMER, raw.text),)
            found = (Turn(turn.role, _HEAD_LIKE.sub(" ", normalise(turn.text)), turn.at) for turn in turns)
            return [turn for turn in found if turn.text]
        title, text = normalise(raw.title), normalise(raw.text)
        opening = fold(title.rstrip(" .…"))
        if title and not (opening and fold(text).startswith(opening)):
            text = f"{title}\n{text}".strip()
        return [Turn(Role.CUSTOMER, text)]

    def _language(self, spoken: str, given: Sequence[str]) -> tuple[str, str]:
        """The language a text is read in, and the foreign one it is surely written in, or ""."""
        declared = tuple(given) or self._languages
        usual = next((lang for lang in declared if lang in self._languages), self._languages[0])
        if not _says_something(spoken):
            return usual, ""
        lang, p = self._detect(spoken, declared)
        if lang in self._languages:
            return lang, ""
        return usual, lang if p >= FOREIGN_P and sum(map(str.isalpha, spoken)) >= FOREIGN_LETTERS else ""

    def _split(self, turns: Sequence[Turn], lang: str, *, chat: bool) -> tuple[str, tuple[Segment, ...]]:
        lines: list[str] = []
        segments: list[Segment] = []
        offset = 0
        for turn in turns:
            head = HEADS[turn.role] if chat else ""
            if not turn.text:
                continue
            spans = self._sentences(turn.text, lang) if _says_something(turn.text) else [(0, len(turn.text))]
            for start, end in spans:
                begin = offset + len(head) + start
                segments.append(Segment(len(segments), begin, begin + end - start, turn.text[start:end], turn.role))
            lines.append(head + turn.text)
            offset += len(head) + len(turn.text) + 1
        return "\n".join(lines), tuple(segments)

    def _row_id(self, raw: RawFeedback) -> str:
        """The source's own id where it is only that (a bare record number is): neither as written nor read as words does it hold anything personal."""
        as_words = re.sub(r"[\W_]+", " ", raw.row_id).strip().title()
        personal = (
            set(redact(raw.row_id).counts) - {"REFERENCE"}
            or redact(as_words).counts.keys() & {"NAME", "EMAIL", "PHONE"}
            or not raw.row_id.isprintable()
        )
        return keyed_hash(self._key, "row", raw.source, raw.row_id) if personal else raw.row_id

    def _rejected(self, raw: RawFeedback, reason: Reason, detail: str = "") -> Dropped:
        return Dropped(raw.source, raw.position, Outcome.REJECTED, reason, keyed_hash(self._key, raw.source, raw.row_id), detail)


def _customer_words(turns: Iterable[Turn]) -> str:
    return "\n".join(turn.text for turn in turns if turn.role is Role.CUSTOMER)


def _redacted_phrase(text: str, lang: str) -> str:
    return redact(text, lang).text if text else ""


def _redacted_turns(turns: Sequence[Turn], lang: str) -> list[Turn]:
    """Turns without personal data. The customer's are read knowing what the agent has just said, so that "Durand" after "Votre nom ?" is a name."""
    redacted: list[Turn] = []
    asked = ""
    for before, turn in zip([None, *turns], turns, strict=False):
        if turn.role is Role.AGENT:
            asked = f"{asked}\n{turn.text}" if before is not None and before.role is Role.AGENT else turn.text
        text = redact(turn.text, lang, asked=asked if turn.role is Role.CUSTOMER else "").text
        redacted.append(Turn(turn.role, text, turn.at))
    return redacted


# ---------------------------------------------------------------- duplicates


@dataclass(frozen=True, slots=True)
class Candidate:
    """What tells duplicates apart. `known`: already analysed in an earlier run."""

    id: str
    source: str
    customer: str
    date: datetime | None
    text: str = field(repr=False)
    text_key: str
    known: bool = False


def duplicates(rows: Iterable[Candidate], near: float) -> dict[str, tuple[str, Reason]]:
    """Which rows only repeat another one. Independent of the order of the rows; different customers never make a duplicate.

    Of several, the one kept is known already, else the earliest (date, then id; undated last). The same customer's same words count once,
    near copies too; a very short answer ("RAS") counts once a day. Without a customer, equal texts of six words or more from one source and day count once.

    Args:
        rows: Rows to compare, each id once.
        near: Similarity of folded texts from which a customer's rows are near copies, in (0, 1].

    Returns:
        For each duplicate's id: the id kept, and `exact_duplicate` or `near_duplicate`.
    """
    ordered = sorted(rows, key=_precedence)
    kept: dict[tuple[str, ...], str] = {}
    found: dict[str, tuple[str, Reason]] = {}
    rest: dict[str, list[tuple[Candidate, str]]] = defaultdict(list)
    for row in ordered:
        folded = fold(row.text)
        n_words = folded.count(" ") + 1
        day = row.date.date().isoformat() if row.date else ""
        if row.customer:
            group: tuple[str, ...] = ("customer", row.customer, row.text_key, day if n_words < SHORT_WORDS else "")
        elif n_words >= LONE_WORDS:
            group = ("source", row.source, row.text_key, day)
        else:
            continue
        first = kept.setdefault(group, row.id)
        if first != row.id:
            found[row.id] = (first, Reason.EXACT_DUPLICATE)
        elif row.customer and n_words >= SHORT_WORDS:
            rest[row.customer].append((row, folded))
    for mine in rest.values():
        _near_copies(mine, near, found)
    # a row that equals a near copy repeats what that one repeats
    return {row: (found[first][0] if first in found else first, reason) for row, (first, reason) in found.items()}


def _precedence(row: Candidate) -> tuple[bool, bool, str, str]:
    return (not row.known, row.date is None, row.date.isoformat() if row.date else "", row.id)


def _near_copies(rows: Sequence[tuple[Candidate, str]], near: float, found: dict[str, tuple[str, Reason]]) -> None:
    """Adds one customer's near copies. Equal words under another key answer another question: they are no copy."""
    from rapidfuzz import fuzz

    originals: list[tuple[Candidate, str]] = []
    for row, folded in rows:
        for original, words in originals:
            if words != folded and fuzz.ratio(words, folded, score_cutoff=100 * near) > 0:
                found[row.id] = (original.id, Reason.NEAR_DUPLICATE)
                break
        else:
            originals.append((row, folded))
