"""Names in a signature: after a closing formula, or alone on the last line."""

from __future__ import annotations

import re

from voc_pipeline.redact.lexicon import AMBIGUOUS_NAMES, CIVILITIES, LOWER_WORDS, NOT_NAMES, PARTICLES, PLACE_CUES, SURNAMES
from voc_pipeline.redact.reader import Reader, Word

_STRONG_CLOSERS = (
    "(?:bien |tres |le plus )?(?:cordialement|cordialemant|cordialment|cordialmt|courtoisement)|cdlt|crdlt|cdt|(?:bien )?a (?:vous|toi)|bien a vous"
    "|(?:mes |nos |sinceres |meilleures |distinguees ){0,3}salutations(?: distinguees| les meilleures| sinceres)?"
    "|respectueusement|sincerement|amicalement|(?:(?:kind|best|warm|with) ){0,3}regards|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)"
    "|faithfully|sentiments (?:distingues|les meilleurs|respectueux)|signee?|signed|(?:expression de ma )?consideration distinguee"
)
_WEAK_CLOSERS = (
    "merci(?: (?:d'avance|par avance|beaucoup|bien|a vous|pour votre (?:aide|reponse|retour|comprehension)))?"
    "|bonne (?:journee|soiree|reception|continuation|fin de journee)|a bientot|best(?: wishes)?"
    "|(?:many |with )?thanks(?: (?:again|in advance|a lot))?|thank you|cheers|love|take care|bises|bisous"
    "|(?:en|dans l')attente de (?:votre retour|vous lire|votre reponse)"
)
CLOSERS = re.compile(
    rf"(?<![^\W\d_])(?:(?P<strong>{_STRONG_CLOSERS})|(?P<weak>{_WEAK_CLOSERS}))(?![^\W\d_])"
    r"(?P<gap>[ .,;:!*-]{0,6}(?:\n[ .,;:*-]{0,4}){0,4})"
)
_LINE_END = re.compile(r"[ .,;:!)*-]{0,6}(?:\n|\Z)")
_LIST_SEPARATOR = re.compile(r" ?(?:,|et|and|&|ou|/|puis) ?")


def signature(reader: Reader, closer: re.Match[str]) -> tuple[int, int] | None:
    """First and last word of the name under a closing formula; the surer the formula, the rarer the name may be."""
    words = reader.words
    index = reader.at.get(closer.end())
    if index is None:
        return None
    if words[index].word in CIVILITIES and words[index].word not in {"m", "me"}:
        return None
    new_line = "\n" in closer["gap"]
    strong = closer["strong"] is not None
    if not new_line and not closer["gap"]:
        return None
    last, stop = index, min(index + 5, len(words))
    line: list[int] = []
    for j in range(index, stop):
        line.append(j)
        last = j
        if _LINE_END.match(reader.folded, words[j].end):
            break
        if reader.gap(j) not in {" ", ". ", ".", "-", "  ", ", ", "'"} and not _LIST_SEPARATOR.fullmatch(reader.gap(j)):
            return _lead(reader, index, strong)
    else:
        return _lead(reader, index, strong)
    names = [words[j] for j in line]
    content = [w for w in names if w.word not in PARTICLES and len(w.word) > 1]
    if _initial_and_name(reader, line, content) and strong:
        return index, last
    if not content:
        initials = len(names) <= 3 and all(reader.initial(j) for j in line) and strong
        return (index, last) if initials else None
    if len(names) > 1 and reader.brand(index) and not reader.first_name(names[0]):
        return None
    if any(w.word in NOT_NAMES and w.word not in PARTICLES and not (w.title and w.word in SURNAMES and len(content) > 1) for w in names) or (
        names[0].word in {"de", "du", "des", "d", "la", "le", "les", "l"} and not names[0].title
    ):
        return _lead(reader, index, strong)
    if any(w.word in PARTICLES and not w.title for w in names) and not any(w.title for w in content):
        return _lead(reader, index, strong)
    firsts = [w for w in content if reader.first_name(w)]
    if reader.brand(index):
        return None
    capital = all(w.title or w.shouted for w in content)
    if strong or new_line:
        named = bool([w for w in firsts if w.title or w.shouted or w.word not in AMBIGUOUS_NAMES]) and all(
            w.title or w.shouted or reader.first_name(w) or reader.surname(w) for w in content
        )
        rare = all(reader.surname(w) or reader.first_name(w) or (w.shouted and not reader.shout) for w in content)
        lone = (
            strong
            and (new_line or "," in closer["gap"] or "." in closer["gap"])
            and len(content) == 1
            and len(content[0].word) >= 4
            and reader.unknown(content[0])
        )
        if named or (capital and rare and (strong or len(content) >= 2) and not reader.shout) or (strong and reader.shout and rare) or lone:
            return index, last
        return _lead(reader, index, strong)
    if (
        firsts
        and content[0] is firsts[0]
        and (content[0].title or len(content) == 1)
        and (content[0].title or content[0].word not in AMBIGUOUS_NAMES)
        and all(w.title or reader.first_name(w) for w in content)
    ):
        return index, last
    return None


def _initial_and_name(reader: Reader, line: list[int], content: list[Word]) -> bool:
    """Whether a line is an initial and one capitalised word ("J. Morvan")."""
    return len(content) == 1 and len(line) > 1 and reader.initial(line[0]) and content[0].title and content[0].word not in NOT_NAMES


def _lead(reader: Reader, index: int, strong: bool) -> tuple[int, int] | None:
    """A first name at the head of a signature that goes on ("Cordialement, Nadia Belkacem cliente depuis 2009")."""
    if not reader.first_name(reader.words[index]):
        return None
    last = reader.accept(index, 1 if strong else 0)
    return None if last is None else (index, last)


def trailing(reader: Reader) -> tuple[int, int] | None:
    """The last line, where it is a name alone: "Jean Dupont", "DUPONT Jean", "J. Dupont", or a first name under other lines."""
    words, folded = reader.words, reader.folded
    if not words or not _LINE_END.match(folded, words[-1].end):
        return None
    end = len(words) - 1
    start = end
    while (
        start > 0
        and end - start < 3
        and reader.gap(start - 1) in {" ", ". ", "-", "'"}
        and (words[start - 1].title or words[start - 1].word in PARTICLES)
        and not (reader.gap(start - 1) == ". " and len(words[start - 1].word) > 1)
    ):
        start -= 1
    while start < end and words[start].word in PARTICLES and not words[start].title:
        start += 1
    line_start = (start == 0 and not folded[: words[0].start].strip(" -\n")) or (
        start > 0 and re.search(r"[.!?\n\x00)][ \n*-]*\Z", folded[words[start - 1].end : words[start].start]) is not None
    )
    names = words[start : end + 1]
    content = [w for w in names if w.word not in PARTICLES or (len(w.word) == 1 and w is not names[0])]
    if (
        not line_start
        or not content
        or reader.brand(start)
        or any(w.word in NOT_NAMES and not (w.word in SURNAMES and len(content) > 1) for w in content)
    ):
        return None
    if any(w.word in PLACE_CUES for w in names):
        return None
    own_line = start > 0 and "\n" in folded[words[start - 1].end : words[start].start]
    firsts = [w for w in content if reader.first_name(w)]
    titled = all(w.title or (w.shouted and not reader.shout) for w in content)
    if (
        len(content) >= 2
        and titled
        and firsts
        and all(reader.first_name(w) or reader.surname(w) or w.shouted or len(w.word) == 1 for w in content)
        and not (reader.shout)
    ):
        sure = any(w.word not in AMBIGUOUS_NAMES for w in firsts)
        return (start, end) if sure or own_line or reader.followed_by_surname(start) else None
    if len(content) >= 2 and own_line and len(names[0].word) == 1 and titled and reader.surname(content[-1]):
        return start, end
    if (
        len(content) == 1
        and own_line
        and firsts
        and (content[0].title or (content[0].word not in AMBIGUOUS_NAMES and content[0].word not in LOWER_WORDS))
    ):
        return start, end
    return None
