"""Postal addresses: number, way and name, with postcode and town where they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voc_pipeline.redact.contacts import Span
from voc_pipeline.redact.lexicon import FIRST_NAMES, is_word, word_set

# Ways that are hardly anything else, and those that are also words ("2 places", "3 cours"), which need a capital or a postcode.
_CERTAIN = word_set(
    """
    rue r. avenue ave av av. bd bd. bld blvd boulevard boul boul. chemin chem. ch. che impasse imp imp. allee allees all. quai rte rte.
    ruelle faubourg fg fbg lotissement lot. hameau lieu-dit lieudit sentier rond-point venelle esplanade
    """
)
_VAGUE = word_set(
    """
    route place pl pl. cours cour passage square sq residence res res. villa cite promenade montee traverse voie clos domaine parvis mail
    galerie za zi zac lot mas rang cote
    """
)
_NUMBER = re.compile(
    r"(?<![\w.,/-])([0-9]{1,4})(?: ?(?:bis|ter|quater)\b| ?[a-d]\b(?! ))?(?: ?[-/] ?[0-9]{1,4})?(?:,? ?(?:de la|de l'|du|des|d'))?[ ,]{1,3}"
    rf"({'|'.join(sorted(map(re.escape, _CERTAIN | _VAGUE), key=len, reverse=True))})(?![a-z])[ ,]{{1,2}}"
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SMALL = word_set("de du des d la le les l au aux a en et sur sous saint sainte st ste")
_RANKS = word_set(
    """
    general gal marechal mal docteur dr president capitaine colonel commandant amiral abbe professeur pr lieutenant sergent saint sainte st
    ste notre petit petite grand grande vieux vieille haut haute bas basse
    """
)
_POSTCODE = re.compile(
    r"[ ,;(-]{0,3}\n?[ ,(-]{0,3}(?:(?:f|fr|b|be|ch|l)-? ?)?"
    r"([0-9]{5}|[0-9]{4}|[0-9]{2} [0-9]{3}|[a-z][0-9][a-z] ?[0-9][a-z][0-9])(?![0-9a-z€%])[ ,]{0,2}"
)
_TOWN_LINK = re.compile(r"(?:[ ,-]{1,3})(?:a )?")
_FAR_TOWN = re.compile(r"(?: [^\W\d_]+){1,2}")

_STREETS = (
    "street|st\\.?|road|rd\\.?|avenue|ave\\.?|lane|ln\\.?|drive|dr\\.?|court|ct\\.?|close|crescent|way|place|terrace|gardens|square|boulevard|blvd\\.?"
    "|grove|hill|mews|parkway|row|walk|highway"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,/-])[0-9]{{1,5}}[a-d]?,? (?:[nsew]\.? )?((?:[a-z][a-z'-]{{1,20}} ){{1,3}}?)({_STREETS})(?![a-z])"
    r"(?:,? (?:apt|apartment|flat|unit|suite|#)\.? ?[0-9a-z]{1,5}\b)?"
)
_ENGLISH_TAIL = re.compile(
    r"(?:,? {0,2}\n?(?:[a-z][a-z'-]{1,20} ?){1,3})?,? ?\n?"
    r"(?:[a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2}|[a-z]{2},? [0-9]{5}(?:-[0-9]{4})?|[a-z][0-9][a-z] ?[0-9][a-z][0-9])(?![a-z0-9])"
)
_SURE_STREETS = word_set("street road rd avenue ave lane st")


def find_addresses(text: str, folded: str, lang: str) -> Iterator[Span]:
    """French addresses (number + kind of way + name, then postcode and town) and English ones (number + name + street)."""
    for m in _NUMBER.finditer(folded):
        end, capital = _way_name(text, folded, m.end())
        if end == m.end():
            continue
        full = _postcode_and_town(text, folded, end)
        if m[2] in _CERTAIN or full > end or capital:
            yield m.start(), full, "ADDRESS"
    for m in _ENGLISH.finditer(folded):
        names = m[1].split()
        titled = all(text[i].isupper() or text[i].isdigit() for i in (w.start() + m.start(1) for w in re.finditer(r"\S+", m[1])))
        tail = _ENGLISH_TAIL.match(folded, m.end())
        kind = m[2].rstrip(".")
        lower_ok = kind in _SURE_STREETS and len(names) <= 2 and not any(is_word(name, "fr") or name in _TIMES for name in names)
        if (titled and (text[m.start(2)].isupper() or kind in _SURE_STREETS)) or (tail and len(names) <= 2) or lower_ok:
            yield m.start(), tail.end() if tail else m.end(), "ADDRESS"


_TIMES = word_set(
    """
    years year months month weeks week days day hours hour minutes minute miles mile km metres meters times the down of a in on off from to
    more up other and or next this that same my your our
    """
)


def _way_name(text: str, folded: str, position: int) -> tuple[int, bool]:
    """End of a way's name, and whether a capital marks it: particles, then one word, then what clearly goes on (capitals, ranks, first names)."""
    end, capital, content, more = position, False, 0, False
    here = position
    for _ in range(10):
        word = _WORD.match(folded, here)
        if word is None:
            break
        token, title = word[0], text[word.start()].isupper() or text[word.start()].isdigit()
        if token in _SMALL and not (content and not title and not _goes_on(text, folded, word.end())):
            if (
                content
                and token in {"a", "et", "en", "au", "aux", "sur", "sous"}
                and not title
                and not _goes_on(text, folded, word.end(), strict=True)
            ):
                break
        elif content == 0 or more or title:
            if (token.isdigit() and len(token) > 2) or (token[0].isdigit() and not token.isdigit() and not content):
                break
            if not (content or title or end != here) and text[word.start() : word.end()].endswith(("é", "ée", "és", "ées")):
                break  # "16 chemin fermé"
            content += 1
            end, capital = word.end(), capital or (title and not token.isdigit())
            more = token in _RANKS or (token.split("-")[0] in FIRST_NAMES) or token.isdigit()
        else:
            break
        here = word.end()
        if folded[here : here + 1] in {" ", "'"}:
            here += 1
        elif not (token in {"st", "ste", "dr", "gal", "mal"} and folded[here : here + 2] == ". "):
            break
        else:
            here += 2
    return (end, capital) if content else (position, False)


def _goes_on(text: str, folded: str, position: int, strict: bool = False) -> bool:
    """Whether a capitalised word follows within a particle."""
    word = _WORD.match(folded, position + 1) if folded[position : position + 1] in {" ", "'"} else None
    if word and word[0] in _SMALL and not strict:
        second = _WORD.match(folded, word.end() + 1) if folded[word.end() : word.end() + 1] in {" ", "'"} else None
        word = second or word
    return word is not None and text[word.start()].isupper() and folded[word.start() : word.end()] not in _SMALL


def _postcode_and_town(text: str, folded: str, end: int) -> int:
    """Where the address ends once postcode and town, or a capitalised town alone ("à Lyon", ", Lyon"), are taken in."""
    found = _POSTCODE.match(folded, end)
    if found is None:
        far = _FAR_TOWN.match(folded, end)
        found = _POSTCODE.match(folded, far.end()) if far else None
        if found and not re.fullmatch(r"[0-9]{5}", found[1]):
            found = None
    if found is None:
        link = _TOWN_LINK.match(folded, end)
        town = _WORD.match(folded, link.end()) if link and ("," in link[0] or "a " in link[0]) else None
        return town.end() if town and text[town.start()].isupper() and len(town[0]) > 2 and not is_word(town[0], "fr") else end
    town = _WORD.match(folded, found.end())
    stop = found.end(1)
    taken = 0
    while town and taken < 6:
        if town[0].isdigit() and taken and town[0] not in {"1", "2", "3", "4", "5", "6", "7", "8", "9"} and len(town[0]) > 2:
            break
        capital = text[town.start()].isupper()
        if taken and not (
            capital
            or town[0] in {"cedex", "sur", "sous", "en", "les", "la", "le", "de", "du", "saint", "l"}
            or (town[0].isdigit() and folded[stop - 5 : stop] == "cedex")
        ):
            break
        if not taken and not capital and town[0] in _STOP_TOWN:
            break
        if town[0] in {"sur", "sous", "en", "les", "la", "le", "de", "du", "l"} and taken and not capital and not _goes_on(text, folded, town.end()):
            break
        stop, taken = town.end(), taken + 1
        if folded[stop : stop + 1] not in {" ", "'"}:
            break
        town = _WORD.match(folded, stop + 1)
    return stop


_STOP_TOWN = word_set("et mais ou donc car je j il elle on nous vous ils c ce mon ma mes pour depuis que qui and but i we the not")
