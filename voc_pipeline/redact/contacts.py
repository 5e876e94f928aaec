"""Ways to reach a person: e-mail addresses, web addresses, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voc_pipeline.redact.lexicon import is_word, word_set

Span = tuple[int, int, str]

# ---------------------------------------------------------------- e-mail

_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-'")
_DOMAIN = re.compile(
    r" ?\.? ?([a-z0-9-]{1,63}(?:(?:\.| ?\. ?(?=(?:fr|com|net|org|be|ch|ca|eu)\b)| ?\. (?=[a-z]{2,4}\b(?! [a-z]))| \.)[a-z0-9-]{1,63}){0,5})"
)
_PROVIDERS = word_set(
    """
    gmail hotmail orange wanadoo free yahoo outlook live sfr laposte icloud proton protonmail bbox numericable aol gmx ymail msn neuf
    club-internet aliceadsl googlemail me skynet bluewin videotron sympatico btinternet mail
    """
)
_DOT = r"(?: ?\. ?| ?[(\[] ?(?:point|dot) ?[)\]] ?| (?:point|dot) )"
_SPELLED = re.compile(
    r"(?<![^\s\x00:(,;<\"])[a-z0-9](?:[a-z0-9_+.-]| (?:point|dot) (?=[a-z0-9])|[(\[](?:point|dot)[)\]]){0,60}?"
    rf"(?: ?[(\[] ?(?:arr?obas?e?|arobaze|at) ?[)\]] ?| (?:arr?obas?e?|arobaze|at) )[a-z0-9-]{{1,40}}{_DOT}"
    r"(?:[a-z0-9-]{1,20}\.)?(?:fr|com|net|org|be|ch|ca|eu|io|co|uk|qc|info)(?:\.[a-z]{2})?(?![\w-])"
)


def find_emails(text: str, folded: str, lang: str) -> Iterator[Span]:
    """E-mail addresses: plain, with blanks around the at sign, cut after a known provider, or spelled ("arobase ... point fr")."""
    at = folded.find("@")
    while at >= 0:
        span = _around(folded, at)
        if span:
            yield *span, "EMAIL"
        at = folded.find("@", span[1] if span else at + 1)
    if any(sign in folded for sign in ("arob", "arrob", " at ", "(at", "[at", "( at", "[ at")):
        for m in _SPELLED.finditer(folded):
            yield m.start(), m.end(), "EMAIL"


def _around(folded: str, at: int) -> tuple[int, int] | None:
    end = at
    while end and folded[end - 1] == " " and at - end < 2:
        end -= 1
    start = end
    while start and (folded[start - 1] in _LOCAL or (folded[start - 1].isalnum() and not folded[start - 1].isascii())):
        start -= 1
    while start < end and folded[start] in ".'-%+":
        start += 1
    found = _DOMAIN.match(folded, at + 1)
    if start == end or not found:
        return None
    domain = found[1].replace(" ", "").rstrip(".-")
    spaced = end != at or found.start(1) != at + 1
    first, _, rest = domain.partition(".")
    last = domain.rsplit(".", 1)[-1] if rest else ""
    if not ((last.isalpha() and len(last) >= 2 and (not spaced or len(last) <= 4)) or first in _PROVIDERS):
        return None
    stop = found.end()
    while stop > found.start(1) and folded[stop - 1] in ".- ":
        stop -= 1
    return start, stop


# ---------------------------------------------------------------- web addresses

_SAFE = "fr|com|org|eu|uk|gouv|paris|bzh|corsica|alsace|quebec|brussels|swiss"
_RISKY = "net|info|biz|be|ch|ca|io|co|me|de|es|it|lu|nl|us|app|dev|shop|store|online|site|pro|tv|ly|gl|ai|ma|tn|dz|xyz"
_RISKY += "|club|tech|cloud|link|page|live|ie|pt|fm|gg|to|cc"
_URL = re.compile(r"(?:https?|ftp)\s?:\s?//[^\s<>\"\x00]{2,}|\bwww\s?\.[^\s<>\"\x00]{2,}")
_BARE = re.compile(rf"(?<![\w@.-])((?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,5}})({_SAFE}|{_RISKY})(?![\w-]|\.[a-z0-9])(/[^\s<>\"\x00]*)?")
_RISKY_TOPS = frozenset(_RISKY.split("|"))
_WEB_CUE = re.compile(
    r"(?:\b(?:sites?|web|internet|url|lien|adresse|page|link|website|boutique|visit|visitez|allez sur|sur|on|at)\b[ :]{1,3}(?:le |la |l'|the )?)\Z"
)


def find_urls(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Web addresses with a scheme or `www`, and bare domains ("monsite.fr/aide") that are not two sentences typed without a blank."""
    if "." not in folded:
        return
    for m in _URL.finditer(folded) if "//" in folded or "www" in folded else ():
        yield m.start(), _trim(folded, m.start(), m.end()), "URL"
    for m in _BARE.finditer(folded):
        label, top = m[1].rstrip(".").rsplit(".", 1)[-1], m[2]
        written = text[m.start(2) : m.end(2)]
        if (
            label.isdigit()
            or len(label) < 2
            or not (written.islower() or text[m.start() : m.end(2)].isupper())
            or (m.start() and folded[m.start() - 1] in "'\x00")
        ):
            continue
        plain = m[3] is None and m[1].count(".") == 1
        if (
            top in _RISKY_TOPS
            and plain
            and not _WEB_CUE.search(folded, max(0, m.start() - 24), m.start())
            and (is_word(label, "en") or top in {"me", "to", "de", "ma", "es", "us", "it", "ai"})
        ):
            continue
        if top in {"eu", "fr"} and plain and is_word(label, lang) and not _WEB_CUE.search(folded, max(0, m.start() - 24), m.start()) and top == "eu":
            continue
        yield m.start(), _trim(folded, m.start(), m.end()), "URL"


def _trim(folded: str, start: int, end: int) -> int:
    while end > start and folded[end - 1] in ".,;:!?)'»]*":
        end -= 1
    return end


# ---------------------------------------------------------------- telephone

CHAIN = re.compile(r"[0-9](?:[ .\-/_()]{0,3}[0-9])*")
_GROUP = re.compile(r"[0-9]+")
PHONE_CUE = re.compile(
    r"\b(?:tel|telephone|telephon\w*|portables?|mobiles?|phone|cell|gsm|fax|joindre|joignable|joins|appeler|appelez|appelle|rappeler|rappelez|rappelle|contacter|contactez|call|reach|text|ring|whatsapp|sms|fixe"
    r"|numero de (?:tel\w*|portable|mobile|ligne|fixe))\b[^0-9\x00\n]{0,25}\Z"
)
_REGIONS = {"fr": ("BE", "CH", "LU", "GB", "US"), "en": ("GB", "US", "IE", "AU")}


def find_phones(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Telephone numbers: French ones in every usual way of writing, international ones, Belgian, Swiss, Québec, UK and US ones when plausible."""
    for chain in CHAIN.finditer(folded):
        if chain.end() - chain.start() < 8:
            continue
        groups = [m.span() for m in _GROUP.finditer(folded, chain.start(), chain.end())]
        index = 0
        while index < len(groups):
            found = _phone(folded, groups, index, lang)
            if found:
                last, start = found
                yield start, groups[last][1], "PHONE"
                index = last + 1
            else:
                index += 1


def _phone(folded: str, groups: list[tuple[int, int]], index: int, lang: str) -> tuple[int, int] | None:
    """(index of the last group, where the number starts) of the number that begins at a group."""
    start = groups[index][0]
    before = folded[max(0, start - 3) : start]
    plus = before.endswith(("+", "+(", "(+", "+ "))
    glued = not plus and start > 0 and folded[start - 1].isalpha()
    window = groups[index : index + 8]
    sizes = [end - begin for begin, end in window]
    digits = "".join(folded[begin:end] for begin, end in window)
    opening = start - 1 if before.endswith("(") else start
    if plus or digits.startswith("00"):
        begin = start - len(before) + max(before.rfind("+"), 0) if plus else opening
        if plus and begin and folded[begin - 1] == "(":
            begin -= 1
        return _international(digits if plus else digits[2:], sizes, index, begin, 0 if plus else 2)
    if digits[0] == "0" and digits[1:2].isdigit() and digits[1:2] != "0":
        count = _reach(sizes, 10)
        if count and not _date_like(folded, window) and not (index and _date_like(folded, groups[index - 1 : index + 2])):
            return index + count - 1, opening
    if glued:
        return None
    if digits.startswith("33") and digits[2:3] in {"6", "7", "(", "0"}:
        for length in (11, 12):
            count = _reach(sizes, length)
            if count and (length == 11 or digits[2] == "0"):
                return index + count - 1, opening
    if _date_like(folded, window):
        return None
    # North America: (514) 555-0123, 1-514-555-0123, 514.555.0123
    lead = 1 if sizes[0] == 1 and digits[0] == "1" else 0
    if sizes[lead : lead + 3] == [3, 3, 4] and digits[lead] in "23456789" and digits[lead + 3] in "23456789":
        return index + lead + 2, opening
    cued = PHONE_CUE.search(folded, max(0, start - 60), start) is not None
    if digits[0] == "0" and digits[1:2] in set("12378"):
        count = _reach(sizes, 11)
        if count and (cued or lang == "en" or count > 1) and _valid(digits[:11], ("GB",)):
            return index + count - 1, opening
    if digits[0] == "0" and digits[1:2] != "0":
        count = _reach(sizes, 9)
        if count and (count > 2 or cued) and _valid(digits[:9], ("BE", "CH")):
            return index + count - 1, opening
    if cued:
        total = 0
        for offset, size in enumerate(sizes):
            total += size
            if total > 15:
                break
            if total >= 8 and (
                offset + 1 == len(sizes) or index + offset + 1 == len(groups) or total >= 10 or _valid(digits[:total], _REGIONS.get(lang, ()))
            ):
                return index + offset, opening
    return None


def _reach(sizes: list[int], length: int) -> int:
    """How many groups make exactly `length` digits, 0 if none do."""
    total = 0
    for count, size in enumerate(sizes, 1):
        total += size
        if total >= length:
            return count if total == length else 0
    return 0


def _date_like(folded: str, window: list[tuple[int, int]]) -> bool:
    """Whether the groups open with a date such as 01/02/2023 or 2023-02-01."""
    parts = [folded[begin:end] for begin, end in window[:3]]
    if len(parts) < 3:
        return False
    sizes = [len(part) for part in parts]
    if sizes[2] == 4 and sizes[0] <= 2 and sizes[1] <= 2:
        return parts[2][:2] in {"19", "20"} and 1 <= int(parts[0]) <= 31 and 1 <= int(parts[1]) <= 31
    return sizes[0] == 4 and parts[0][:2] in {"19", "20"} and sizes[1] <= 2 and sizes[2] <= 2 and 1 <= int(parts[1]) <= 12


def _international(digits: str, sizes: list[int], index: int, start: int, skipped: int) -> tuple[int, int] | None:
    """The longest valid run of groups after + or 00; failing that, a run of plausible length."""
    total, best, plausible = -skipped, None, None
    for offset, size in enumerate(sizes):
        total += size
        if total > 16:
            break
        if total >= 8:
            national = digits[:total]
            if _valid("+" + national, ()) or (national.startswith("330") and total == 12):
                best = index + offset
            if 10 <= total <= 15:
                plausible = index + offset
    last = best if best is not None else plausible
    return None if last is None else (last, start)


def _valid(number: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions or (None,):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
