"""The words of a text as the names detector sees them: which could be a name, and how far a name goes."""

from __future__ import annotations

import re
from functools import cached_property

from voc_pipeline.redact.contacts import Span
from voc_pipeline.redact.lexicon import (
    AMBIGUOUS_NAMES,
    FIRST_NAMES,
    LOWER_WORDS,
    NOT_NAMES,
    NOT_PERSON_STARTS,
    PARTICLES,
    SURNAMES,
    is_word,
    word_set,
)

_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PARTICIPLES = word_set("marie lise carle flore aude")  # "marié", "lisé": with an accent at the end, no name
_AFTER_A_NAME = word_set("et and je j i client cliente abonne abonnee domicilie domiciliee")
_AFTER_A_SURNAME = word_set("m a est n ne qui du de au et was is has who from")
_ENDS = frozenset({"", "\n", ",", ".", "!", ";", ")"})
_ARTICLES = word_set("la le les l des d du de mc o")


class Word:
    """A word of the text: where it is, how it reads folded, how it was written."""

    __slots__ = ("_reader", "end", "start", "word")

    def __init__(self, reader: Reader, start: int, end: int, word: str) -> None:
        self._reader, self.start, self.end, self.word = reader, start, end, word

    @property
    def head(self) -> str:
        """The word before the first hyphen."""
        return self.word.partition("-")[0]

    @property
    def shouted(self) -> bool:
        """Whether it is written in capitals throughout."""
        return self.end - self.start > 1 and self._reader.text[self.start : self.end].isupper()

    @property
    def title(self) -> bool:
        """Whether its capital says something: it has one, and the text is not written in capitals."""
        return self._reader.text[self.start].isupper() and not (self._reader.shout and (self.shouted or self.end - self.start == 1))


class Reader:
    """The words of one text, and the rules that tell a name among them."""

    def __init__(self, text: str, folded: str, lang: str) -> None:
        self.text, self.folded, self.lang = text, folded, lang
        self.words = [Word(self, m.start(), m.end(), m[0]) for m in _TOKEN.finditer(folded)]

    @cached_property
    def at(self) -> dict[int, int]:
        """Index of the word that starts at a position."""
        return {word.start: index for index, word in enumerate(self.words)}

    @cached_property
    def shout(self) -> bool:
        """Whether the text is written in capitals."""
        n_letters = sum(map(str.isalpha, self.text))
        return n_letters >= 12 and sum(map(str.isupper, self.text)) > 0.6 * n_letters

    # ------------------------------------------------ what a word is

    def first_name(self, w: Word) -> bool:
        """Whether it stands in the list of first names, compound ones ("Jean-Marc") too."""
        if w.word in _PARTICIPLES and self.text[w.end - 1] in "éÉ":
            return False
        return w.word in FIRST_NAMES or (w.head in FIRST_NAMES and w.head != w.word and w.word.rpartition("-")[2] in FIRST_NAMES)

    def known(self, w: Word) -> bool:
        """Whether a dictionary has it."""
        return is_word(w.word, self.lang) or (self.lang != "en" and w.head != w.word and is_word(w.head, "fr"))

    def unknown(self, w: Word) -> bool:
        """Whether no dictionary knows it: what a surname looks like."""
        return (
            len(w.word) >= 2
            and w.word not in NOT_NAMES
            and not (self.known(w) or (self.lang != "en" and is_word(w.word, "en") and w.word not in FIRST_NAMES and not w.title))
        )

    def surname(self, w: Word) -> bool:
        """Whether it can be a surname."""
        return w.word in SURNAMES or self.unknown(w)

    def sure_first_name(self, w: Word) -> bool:
        """Whether it can be nothing but a first name, written with a capital; in lower case, no word of either language either."""
        if not self.first_name(w) or w.word in AMBIGUOUS_NAMES:
            return False
        return w.title or (len(w.word) >= 4 and not is_word(w.word, "fr") and w.word not in LOWER_WORDS)

    def brand(self, index: int) -> bool:
        """Whether a company or a place begins here ("Leroy Merlin")."""
        follow = self.words[index + 1].word if index + 1 < len(self.words) and self.gap(index) in {" ", "-", "' ", "'"} else ""
        w = self.words[index]
        if len(w.word) > 1 and self.folded[w.end : w.end + 1] == "'" and index + 1 < len(self.words) and self.words[index + 1].start == w.end + 1:
            return True
        if index and f"{self.words[index - 1].word} {w.word}" in NOT_PERSON_STARTS and self.gap(index - 1) in {" ", ". "}:
            return True
        return (
            f"{w.word} {follow}" in NOT_PERSON_STARTS
            or w.word.replace("-", " ", 1) in NOT_PERSON_STARTS
            or (w.title and w.word in NOT_NAMES and w.word not in PARTICLES)
        )

    def gap(self, index: int) -> str:
        """What stands between a word and the next one."""
        return self.folded[self.words[index].end : self.words[index + 1].start] if index + 1 < len(self.words) else "\n"

    # ------------------------------------------------ how far a name goes

    def span(self, first: int, last: int) -> Span:
        """Where a name lies, the full stop of a closing initial included."""
        end = self.words[last].end
        return self.words[first].start, end + (self.initial(last) and self.folded[end : end + 1] == "."), "NAME"

    def initial(self, index: int) -> bool:
        """Whether a word is a capital letter alone."""
        w = self.words[index]
        return len(w.word) == 1 and self.text[w.start].isupper() and w.word not in {"a", "y"} | ({"i"} if self.lang == "en" else set())

    def particle_run(self, index: int) -> int:
        """Index of the word after the particles that start here ("de la Tour": that of "Tour"), the same index without any."""
        here = index
        while here < len(self.words) and here - index < 3 and self.words[here].word in PARTICLES and self.gap(here) in {" ", "'", "-", ". ", "' "}:
            here += 1
        return here

    def extend(self, index: int, strength: int = 0) -> int:
        """Index of the last word of the name that begins at a word: initials, particles, first names, surnames follow."""
        last, taken = index, 0
        first = self.words[index]
        while taken < 4 and last + 1 < len(self.words):
            gap = self.gap(last)
            if gap not in {" ", "-", "  "} and not (gap in {". ", "."} and len(self.words[last].word) == 1) and gap != "'":
                break
            nxt = last + 1
            w = self.words[nxt]
            target = self.particle_run(nxt)
            aim = self.words[target] if nxt < target < len(self.words) else None
            if aim and aim.title and self.surname(aim) and (w.word not in _ARTICLES or w.title or aim.shouted):
                last, taken = target, taken + 1
                continue
            if gap == "'":
                break
            if self.initial(nxt) and self.folded[w.end : w.end + 1] in {".", ",", "", "\n"} and not self.shout:
                last, taken = nxt, taken + 1
                continue
            if w.word in NOT_NAMES and not (w.shouted and not self.shout and w.word in SURNAMES):
                break
            if w.title:
                # a capital after a capitalised first name: a surname, even one that a dictionary knows ("Thibault Garrigue"), but then the last word
                fine = self.first_name(w) or w.word in SURNAMES or self.unknown(w)
                fine = fine or (w.shouted and len(w.word) > 2 and not first.shouted) or (taken == 0 and first.title and self.first_name(first))
            else:
                ends = self.folded[w.end : w.end + 1] in _ENDS or (nxt + 1 < len(self.words) and self.words[nxt + 1].word in _AFTER_A_NAME)
                fine = (self.first_name(w) and w.word not in AMBIGUOUS_NAMES and not is_word(w.word, "fr")) or (
                    not first.title
                    and ((w.word in SURNAMES and not is_word(w.word, "fr")) or (ends and len(w.word) >= 4 and (strength == 3 or self.surname(w))))
                )
            if not fine:
                break
            last, taken = nxt, taken + 1
        return last

    def accept(self, index: int, strength: int) -> int | None:
        """Whether a name begins at a word, given how strong the cue is; the index of its last word.

        Args:
            index: Index of the word.
            strength: 0 only first names that are nothing else; 1 first names; 2 also unknown capitalised words; 3 also dictionary words
                with a capital, and unknown words without.
        """
        if index >= len(self.words):
            return None
        w = self.words[index]
        target = self.particle_run(index)
        if target > index and target < len(self.words) and strength >= 2 and w.word not in FIRST_NAMES:
            t = self.words[target]
            if (
                t.title
                and t.word not in NOT_NAMES
                and (w.title or strength == 3)
                and (self.surname(t) or w.word in {"de", "d", "du"})
                and (w.title or w.word not in {"la", "le", "les", "l"})
                and not self.brand(target)
            ):
                return self.extend(target, strength)
            if not t.title and strength == 3 and w.word in {"ben", "el", "al", "le", "de", "mc", "o"} and self.unknown(t) and len(t.word) >= 4:
                return self.extend(target, strength)
        if (
            strength == 3
            and self.initial(index)
            and not self.shout
            and ((len(self.text) > w.end and self.text[w.end] in ".,\n") or w.word not in NOT_NAMES)
        ):
            return self.extend(index, strength)
        if self.brand(index) and not (strength == 3 and w.title and w.word in SURNAMES and w.word not in {"orange", "france", "paris"}):
            return None
        if w.word in NOT_NAMES and not (strength >= 2 and w.title and (w.word in SURNAMES or w.word in {"sandro", "jules", "april"})):
            return None
        if self.first_name(w):
            if w.title or strength >= 3:
                fine = strength >= 1 or w.word not in AMBIGUOUS_NAMES or self.followed_by_surname(index)
            elif strength >= 1:
                fine = w.word not in AMBIGUOUS_NAMES or (not is_word(w.word, "fr") and w.word not in LOWER_WORDS and not is_word(w.word, "en"))
                fine = fine or (strength >= 2 and w.word not in LOWER_WORDS and self.followed_by_surname(index))
            else:
                fine = self.sure_first_name(w)
            return self.extend(index, strength) if fine else None
        if len(w.word) < 2:
            return None
        if w.title and strength >= 2 and (self.unknown(w) or w.word in SURNAMES):
            return self.extend(index, strength)
        if strength == 3:
            if w.title and not self.shout:
                return self.extend(index, strength)
            if (w.word in SURNAMES and (self.shout or not is_word(w.word, "fr") or self._sentence_like(index))) or (
                len(w.word) >= (4 if self.shout else 5) and self.unknown(w)
            ):
                return self.extend(index, strength)
        return None

    def _sentence_like(self, index: int) -> bool:
        """Whether a lower-case word that is also a surname stands where only a name can: before punctuation, a verb or the end."""
        follow = self.words[index + 1].word if index + 1 < len(self.words) else ""
        return self.folded[self.words[index].end : self.words[index].end + 1] in _ENDS | {"?"} or follow in _AFTER_A_SURNAME

    def followed_by_surname(self, index: int) -> bool:
        """Whether the next word is a capitalised surname."""
        if index + 1 >= len(self.words) or self.gap(index) != " ":
            return False
        w = self.words[index + 1]
        return w.title and w.word not in NOT_NAMES and (w.word in SURNAMES or (self.unknown(w) and not is_word(w.word, "en")))
