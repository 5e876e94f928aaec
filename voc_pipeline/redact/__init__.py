"""Personal data out, typed placeholders in. French first, English second; made for text as people type it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from voc_pipeline.redact.addresses import find_addresses
from voc_pipeline.redact.answers import ASKED_NUMBER, asks_name, find_answer_name
from voc_pipeline.redact.codes import find_answer_number, find_cards, find_ibans, find_long_codes, find_references, find_social_security
from voc_pipeline.redact.contacts import Span, find_emails, find_phones, find_urls
from voc_pipeline.redact.folding import BARRIER, PLACEHOLDER, fold
from voc_pipeline.redact.names import find_names

__all__ = ["TYPES", "Redacted", "redact"]

TYPES = ("EMAIL", "PHONE", "IBAN", "CARD", "SSN", "URL", "ADDRESS", "REFERENCE", "NAME")
"""What is taken out; each becomes its name in square brackets."""

_MASK_WORDS = {
    "EMAIL": "e-?mails?|mail|courriel|email[ _]?address|adresse[ _]e?mail",
    "PHONE": "phone|phone[ _]?numbers?|telephone|tel|mobile|portable|numero[ _]de[ _]telephone",
    "IBAN": "iban|rib|bank[ _]?account",
    "CARD": "card|credit[ _]?card|cb|carte[ _]bancaire|card[ _]?number",
    "SSN": "ssn|nir|secu",
    "URL": "urls?|link|lien|website",
    "ADDRESS": "address|adresse|location|street",
    "REFERENCE": "reference|ref|numbers?|numero|(?:alphanumeric|device)[ _]?id|(?:order|account)[ _]?(?:id|number)|id"
    "|numero[ _]de[ _](?:commande|contrat|client|dossier)",
    "NAME": "names?|noms?|prenoms?|first[ _]?name|last[ _]?name|nom[ _]prenom|person|personne|per|full[ _]?name|client[ _]?name|agent[ _]?name",
}
_MASKS = re.compile(
    r"(?:(?<![#\w])#|<|\[|\{\{?) ?(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in _MASK_WORDS.items())
    + r")(?:[ _-]?[0-9]{1,3})? ?(?:#|>|\]|\}\}?)"
    r"|(?P<protected>[\[<]? ?email ?protected ?[\]>]?)|(?P<anonymous>\bname-[mf]\b)"
)
_DIGIT = re.compile(r"[0-9]")
_CAPITAL_CODE = re.compile(r"\b(?:pnr|ref|reference|reservation|booking|dossier)\b")

Finder = Callable[[str, str, str], Iterable[Span]]
_WITH_DIGITS: tuple[Finder, ...] = (find_ibans, find_social_security, find_cards, find_references, find_phones, find_long_codes, find_addresses)


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text without personal data.

    Attributes:
        text: The text, each personal item replaced by its placeholder, such as `[EMAIL]`.
        counts: Number of items replaced, by type; types that do not occur are absent.
    """

    text: str
    counts: Mapping[str, int]


def redact(text: str, lang: str = "fr", *, asked: str = "") -> Redacted:
    """Replaces personal data by typed placeholders.

    E-mails, telephone numbers, IBANs, payment cards, social-security numbers, web addresses, postal addresses, references of orders,
    contracts, files and customers, and names of persons. Amounts, dates, durations, products, companies and towns stay. Masks of other tools (`#EMAIL#`, `<phone>`,
    `[email protected]`) become ours. The result is a fixed point: redacting it again changes nothing. Time grows linearly with the text.

    Args:
        text: Any text, as messy as it comes.
        lang: Its language; words of the English dictionary count as words when it is "en".
        asked: What the other side has just said. When it asks for a name or a number, a bare answer is personal too.

    Returns:
        The redacted text and what was replaced.

    >>> redact("Bonjour Nadia, rappelez-moi au 06 12 34 56 78").text
    'Bonjour [NAME], rappelez-moi au [PHONE]'
    """
    counts: Counter[str] = Counter()
    question = fold(asked) if asked else ""
    while True:
        spans = _find(text, lang, question)
        if not spans:
            return Redacted(text, dict(sorted(counts.items())))
        parts: list[str] = []
        position = 0
        for start, end, kind in spans:
            parts += (text[position:start], f"[{kind}]")
            position = end
            counts[kind] += 1
        text = "".join((*parts, text[position:]))


def _find(text: str, lang: str, question: str) -> list[Span]:
    """Spans to replace, in order, none overlapping; what is a placeholder already is left alone."""
    if not text or text.isspace():
        return []
    canvas = _Canvas(text)
    folded = canvas.folded
    if "[" in text:
        canvas.hide(m.span() for m in PLACEHOLDER.finditer(text))
    if "[" in folded or "#" in folded or "<" in folded or "{" in folded or "protected" in folded or "name-" in folded:
        canvas.claim(_masks, lang)
    if "@" in folded or "arob" in folded or "arrob" in folded or "at" in folded:
        canvas.claim(find_emails, lang)
    if "." in folded or "://" in folded:
        canvas.claim(find_urls, lang)
    if _DIGIT.search(canvas.folded):
        for finder in _WITH_DIGITS:
            canvas.claim(finder, lang)
        if question and ASKED_NUMBER.search(question):
            canvas.claim(find_answer_number, lang)
    elif _CAPITAL_CODE.search(canvas.folded):
        canvas.claim(find_references, lang)
    if question and asks_name(question):
        canvas.claim(find_answer_name, lang)
    canvas.claim(find_names, lang)
    return sorted(canvas.spans)


class _Canvas:
    """A text, its folded twin, and the spans claimed so far, which later finders see as a barrier."""

    def __init__(self, text: str) -> None:
        self.text, self.folded, self.spans = text, fold(text), list[Span]()

    def claim(self, finder: Finder, lang: str) -> None:
        accepted: list[Span] = []
        for start, end, kind in sorted(finder(self.text, self.folded, lang), key=lambda span: (span[0], -span[1])):
            if end > start and (not accepted or start >= accepted[-1][1]) and BARRIER not in self.folded[start:end]:
                accepted.append((start, end, kind))
        self.spans += accepted
        self.hide((start, end) for start, end, _ in accepted)

    def hide(self, spans: Iterable[tuple[int, int]]) -> None:
        text: list[str] = []
        folded: list[str] = []
        position = 0
        for start, end in spans:
            wall = BARRIER * (end - start)
            text += (self.text[position:start], wall)
            folded += (self.folded[position:start], wall)
            position = end
        if position:
            self.text = "".join((*text, self.text[position:]))
            self.folded = "".join((*folded, self.folded[position:]))


def _masks(text: str, folded: str, lang: str) -> Iterator[Span]:
    for m in _MASKS.finditer(folded):
        kind = "EMAIL" if m["protected"] else "NAME" if m["anonymous"] else m.lastgroup
        if kind and (kind != "NAME" or not m["anonymous"] or text[m.start() : m.end()].isupper()):
            yield m.start(), m.end(), kind
