"""Numbers that stand for a person or a case: IBAN, card, social security, and the references of orders, contracts, files and customers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voc_pipeline.redact.contacts import CHAIN, PHONE_CUE, Span

# ---------------------------------------------------------------- IBAN

_IBAN_HEAD = re.compile(r"(?<![a-z0-9])[a-z]{2} ?[0-9]{2}(?=[ .\-]?[a-z0-9])")
_IBAN_LENGTH = {
    **{
        "ad": 24,
        "ae": 23,
        "al": 28,
        "at": 20,
        "ba": 20,
        "be": 16,
        "bg": 22,
        "br": 29,
        "ch": 21,
        "cy": 28,
        "cz": 24,
        "de": 22,
        "dk": 18,
        "dz": 26,
        "ee": 20,
        "es": 24,
    },
    **{
        "fi": 18,
        "fo": 18,
        "fr": 27,
        "gb": 22,
        "ge": 22,
        "gi": 23,
        "gr": 27,
        "hr": 21,
        "hu": 28,
        "ie": 22,
        "il": 23,
        "is": 26,
        "it": 27,
        "li": 21,
        "lt": 20,
        "lu": 20,
    },
    **{
        "lv": 21,
        "ma": 28,
        "mc": 27,
        "md": 24,
        "me": 22,
        "mk": 19,
        "mt": 31,
        "mu": 30,
        "nl": 18,
        "no": 15,
        "pl": 28,
        "pt": 25,
        "ro": 24,
        "rs": 22,
        "se": 24,
        "si": 19,
    },
    **{"sk": 24, "sm": 27, "tn": 24, "tr": 26, "ua": 29, "sn": 28, "ci": 28, "ml": 28},
}
_BANK_CUE = re.compile(r"\b(?:iban|rib|compte|bancaires?|bank|account)\b[^\x00\n]{0,30}\Z")
_RIB = re.compile(r"(?<![a-z0-9])([0-9]{5})[ .-]?([0-9]{5})[ .-]?([0-9a-z]{11})[ .-]?([0-9]{2})(?![a-z0-9])")
_RIB_LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "12345678912345678923456789")


def find_ibans(text: str, folded: str, lang: str) -> Iterator[Span]:
    """IBANs with a right checksum, in any spacing; with a wrong one where the word IBAN or a French shape says so; French RIBs with a right key."""
    from stdnum import iban

    for head in _IBAN_HEAD.finditer(folded):
        length = _IBAN_LENGTH.get(head[0][:2])
        if length is None:
            continue
        position, compact = head.start(), ""
        while position < len(folded) and len(compact) < length:
            char = folded[position]
            if char.isascii() and char.isalnum():
                compact += char
            elif char not in " .-" or (position + 1 < len(folded) and not folded[position + 1].isalnum()):
                break
            position += 1
        if len(compact) < length or (position < len(folded) and folded[position].isascii() and folded[position].isalnum()):
            continue
        shaped = sum(char.isdigit() for char in compact[4:]) >= length - 10
        if iban.is_valid(compact.upper(), check_country=False) or (
            shaped and (compact.startswith("fr") or _BANK_CUE.search(folded, max(0, head.start() - 45), head.start()))
        ):
            yield head.start(), position, "IBAN"
    for rib in _RIB.finditer(folded):
        bank, branch, account, key = (int(part.translate(_RIB_LETTERS)) for part in rib.groups())
        if (89 * bank + 15 * branch + 3 * account + key) % 97 == 0 or _BANK_CUE.search(folded, max(0, rib.start() - 45), rib.start()):
            yield rib.start(), rib.end(), "IBAN"


# ---------------------------------------------------------------- social security and cards

_NIR = re.compile(
    r"(?<![a-z0-9])[123478][ .-]?[0-9]{2}[ .-]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ .-]?(?:0[1-9]|[1-8][0-9]|9[0-9]|2[ab])"
    r"[ .-]?[0-9]{3}[ .-]?[0-9]{3}(?:[ .\-/]{0,3}(?:cle ?:? ?)?([0-9]{2}))?(?![a-z0-9])"
)
_NIR_PLAIN = re.compile(r"[12][0-9]{2}(?:0[1-9]|1[0-2]|2[0-9]|3[0-9]|4[0-2])")
_SSN_CUE = re.compile(
    r"\b(?:secu\w*|securite sociale|s\.?s\.?|nir|insee|carte vitale|vitale|social|assure|ameli|cpam|niss|avs|ahv|nino|ssn)\b[^0-9\x00\n]{0,30}\Z"
)
_SSN_OTHER = re.compile(
    r"(?<![a-z0-9])(?:(?P<us>[0-8][0-9]{2}-[0-9]{2}-[0-9]{4})"
    r"|(?P<gb>(?:qq|[a-ceghj-prs-tw-z][a-ceghj-nprs-tw-z]) ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d])"
    r"|(?P<be>[0-9]{2}[.][0-9]{2}[.][0-9]{2}-[0-9]{3}[.][0-9]{2})|(?P<ch>756[. ][0-9]{4}[. ][0-9]{4}[. ][0-9]{2}))(?![a-z0-9])"
)
_CARD = re.compile(r"(?<![a-z0-9])[2-6](?:[ .-]{0,2}[0-9]){12,18}(?![a-z0-9])")
_CARD_CUE = re.compile(r"\b(?:cb|carte|cartes|visa|mastercard|amex|card)\b[^0-9\x00\n]{0,30}\Z")


def find_social_security(text: str, folded: str, lang: str) -> Iterator[Span]:
    """French NIRs (with a right key; or with none or a wrong one where grouping or a cue says so), Belgian, Swiss, British and US equivalents."""
    from stdnum.fr import nir

    for m in _NIR.finditer(folded):
        compact = re.sub(r"[^0-9ab]", "", m[0].replace("cle", ""))
        separated = len(re.findall(r"[ .-]", m[0])) >= 4
        cued = _SSN_CUE.search(folded, max(0, m.start() - 60), m.start()) is not None
        if (
            (m[1] and nir.is_valid(compact.upper()))
            or cued
            or separated
            or (not m[1] and compact[0] in "12" and _NIR_PLAIN.match(compact) and not _barcode(compact))
        ):
            yield m.start(), m.end(), "SSN"
    for m in _SSN_OTHER.finditer(folded):
        yield m.start(), m.end(), "SSN"


def _barcode(digits: str) -> bool:
    from stdnum import ean

    return digits.isdigit() and ean.is_valid(digits) and digits[:2] not in {"10", "11", "18", "19", "28", "29"}


def find_cards(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Payment cards: 13 to 19 digits with a right Luhn sum, or 16 after a word such as "carte"."""
    from stdnum import luhn

    for m in _CARD.finditer(folded):
        digits = re.sub(r"[^0-9]", "", m[0])
        cued = _CARD_CUE.search(folded, max(0, m.start() - 45), m.start()) is not None
        brand = (
            (digits[0] in "456" and len(digits) in {13, 16, 19})
            or (digits[:2] in {"34", "37"} and len(digits) == 15)
            or (digits[0] == "2" and "2221" <= digits[:4] <= "2720" and len(digits) == 16)
        )
        if (luhn.is_valid(digits) and (brand or cued)) or (cued and len(digits) == 16):
            yield m.start(), m.end(), "CARD"


# ---------------------------------------------------------------- references

_NOUNS = (
    "commandes?|cmd|cmde|cde|contrats?|dossiers?|refs?|references?|client|cliente|clients|tickets?|suivi|colis|reclamations?|reclam|factures?"
    "|sinistres?|devis|abonnements?|abonnee?s?|incidents?|interventions?|polices?|adherente?s?|societaires?|assuree?s?|matricules?|comptes?"
    "|identifiants?|allocataires?|fiscal|reservations?|resa|billets?|bons?|serie|imei|siret|siren|demandes?|plainte|mandat|rum|echange|transaction"
    "|virement|paiement|livraison|expedition|envoi|retour|orders?|contracts?|accounts?|acct|bookings?|cases?|tracking|customers?|invoices?|claims?"
    "|policy|pnr|memberships?|members?|confirmation|passeport|passport|permis|sav|fidelite|identite|enregistrement|inscription|etudiant|dossard"
    "|parcel|shipment|request|complaint|patient|eleve|beneficiaire|usager|login|plaque|immatriculation|immatricule"
)
_CUE = re.compile(rf"\b(?:{_NOUNS})\b")
_MARK = r"n ?[°º]|n\.|(?:numeros?|number|num|nr|no|nbr|reference|ref|id)(?![a-z])\.?|:|#|="
_MARKED = re.compile(r"(?:\b(?:numeros?|number|num|ref|references?|code)|n ?[°º])[ .]{0,2}(?:de |d'|du |of )?(?:la |votre |mon |ma |my |your )?\Z")
_AND = re.compile(r" ?(?:,|et|and|ou|or|/|&) ?")
_BETWEEN = (
    "client|de|du|d'|c ?'? ?est|est|le|la|is|the|of|porte|suivante?|sous|mon|ma|my|commande|dossier|contrat|order|case|ticket|a|with"
    "|web|internet|en ligne|colissimo|chronopost|sncf|sfr|free|orange"
)
_LINK = re.compile(rf"[ \t(\[\"'«,-]{{0,3}}(?:(?P<mark>{_MARK})|(?:{_BETWEEN})(?![a-z0-9]))")
_TOKEN = re.compile(r"[ \t(\[\"'«#,-]{0,4}(?<![^\W_])([a-z0-9](?:[a-z0-9]|[-_/.](?=[a-z0-9])){0,39})(?![^\W_])")
_MORE = re.compile(r"(?:[ -][0-9]{2,}(?![a-z0-9/:,]|\.[0-9])){1,6}")
_SPLIT = re.compile(r"[a-z]{1,4}(?: [0-9]{2,}(?![a-z0-9/:,€%]|\.[0-9])){1,6}")
_NUMBER_WORD = re.compile(r"(?:\b(?:numeros?|num|code)|(?<![a-z0-9])n ?[°º])(?:[ \t]{0,2}(?::|est|le|de|is)){0,2}[ \t]{0,2}")
_UNIT = re.compile(
    r"[ \t]{0,2}(?:[€$£%]|h[0-9]|(?:eur|euros?|ans?|mois|jours?|j|semaines?|heures?|h|min\w{0,4}|sec\w{0,5}|fois|mbps|mo|go|gb|mb|km|m|m2|kg|g|l|points?"
    r"|personnes?|articles?|clients?|avis|years?|months?|weeks?|days?|hours?|times|pounds?|dollars?|miles?|kwh|wh|w|watts?|habitants?)\b)"
)
_MEASURE = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?(?:e|er|ere|eme|ieme|nd|rd|th|st|x|h|h[0-9]{2}|min|mn|s|j|ans?|mois|jours?|go|mo|to|gb|mb|tb|ko|kb|km|m|cm|mm|m2|kg|g|mg|l|cl"
    r"|ml|eur|euros?|k|ke|w|kw|kwh|mah|v|a|ghz|mhz|hz|mbps|gbps|mbs|ppp|p|d|pm|am|ct|cts|pc|pcs|c)"
)
_DATE = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}(?:[/.-][0-9]{2,4})?|(?:19|20)[0-9]{2}[/.-][0-9]{1,2}(?:[/.-][0-9]{1,2})?")
_LONG = re.compile(r"(?<![^\W_])[a-z0-9](?:[a-z0-9]|[-_/](?=[a-z0-9])){7,60}(?![^\W_])")
_MOMENT = re.compile(
    r"(?:0?[1-9]|[12][0-9]|3[01])/(?:0?[1-9]|1[0-2])(?:/[0-9]{4}|/[0-9]{2})?(?![0-9])|[0-9]{1,2}h(?:[0-9]{2})?|(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}"
)
_LAW = re.compile(r"\b(?:loi|decret|articles?|art|arrete|ordonnance|directive|cerfa|annexe|circulaire)[ .,]{1,2}\Z")
_ORDER = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_PLATE = re.compile(r"[a-hj-np-tv-z]{2}[- ][0-9]{3}[- ](?![gmt]b)[a-hj-np-tv-z]{2}")
_PLATES = re.compile(rf"(?<![^\W_]){_PLATE.pattern}(?![^\W_])")
_HEAD = re.compile(r"(?m)^(?:client|agent) ?:")


def find_references(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Numbers of orders, contracts, files, customers ... after their cue words, and long mixed codes that stand alone."""
    heads = {m.start() for m in _HEAD.finditer(folded)}
    for cue in _CUE.finditer(folded):
        if cue.start() in heads:
            continue
        position, mark = cue.end(), cue[0] in {"ref", "refs", "reference", "imei", "siret", "siren", "pnr", "matricule", "identifiant"}
        numbered = _MARKED.search(folded, max(0, cue.start() - 24), cue.start()) is not None
        mark, strong = mark or numbered, numbered or cue[0] == "pnr"
        if folded[position : position + 1] == ".":
            position += 1
        if folded[position : position + 3] == "(s)":
            position += 3
        for _ in range(6):
            link = _LINK.match(folded, position)
            if link is None:
                break
            mark, strong = mark or link["mark"] is not None, strong or (link["mark"] not in {None, ":", "=", "#"})
            position = link.end()
        found = _reference(text, folded, position, mark, strong)
        while found:
            yield found
            more = _AND.match(folded, found[1])
            found = _reference(text, folded, more.end(), mark, strong) if more and mark else None
    for number in _NUMBER_WORD.finditer(folded):
        if _LAW.search(folded, max(0, number.start() - 16), number.start()):
            continue
        token = _TOKEN.match(folded, number.end())
        if token and sum(char.isdigit() for char in token[1]) >= 5 and not PHONE_CUE.search(folded, max(0, number.start() - 30), number.end()):
            found = _reference(text, folded, number.end(), True, True)
            if found:
                yield found


def _reference(text: str, folded: str, position: int, mark: bool, strong: bool) -> Span | None:
    token = _TOKEN.match(folded, position)
    if token is None:
        return None
    start, end = token.span(1)
    code = token[1]
    n_digits = sum(char.isdigit() for char in code)
    compact = re.sub(r"[^a-z0-9]", "", code)
    split = _SPLIT.match(folded, start) if mark and n_digits == 0 and text[start:end].isupper() else None
    if split:
        return start, split.end(), "REFERENCE"
    if n_digits == 0:
        return (start, end, "REFERENCE") if strong and 5 <= len(code) <= 8 and text[start:end].isupper() and _unpronounceable(code) else None
    if "/" in code and sum(map(str.isdigit, _MOMENT.sub("", code))) < 2:
        return None
    if _DATE.fullmatch(code) and not (strong and compact.isdigit() and code.count("-") == 1):
        return None
    if compact.isdigit():
        if mark:
            more = _MORE.match(folded, end)
            if more and not _UNIT.match(folded, more.end()):
                end, n_digits = more.end(), n_digits + sum(char.isdigit() for char in more[0])
        enough = n_digits >= (3 if strong else 4 if mark else 5)
        year = not strong and n_digits == 4 and code[:2] in {"19", "20"}
        decimal = re.fullmatch(r"[0-9]+[.,][0-9]{1,2}", code) is not None or re.match(r",[0-9]", folded[end : end + 2]) is not None
        return (start, end, "REFERENCE") if enough and not year and not decimal and not _UNIT.match(folded, end) else None
    if _MEASURE.fullmatch(code) or (re.fullmatch(r"[a-z]+-?[0-9]{1,2}", code) and not (strong and text[start:end].isupper())):
        return None
    return (start, end, "REFERENCE") if (len(compact) >= 4 and n_digits >= 2 and mark) or (len(compact) >= 6 and n_digits >= 3) else None


def _unpronounceable(code: str) -> bool:
    from voc_pipeline.redact.lexicon import is_word

    return not is_word(code, "en") and sum(char in "aeiouy" for char in code) * 3 <= len(code)


def find_long_codes(text: str, folded: str, lang: str) -> Iterator[Span]:
    """What no cue announces: nine digits or more in a row, long codes of capitals and digits, French number plates."""
    for m in _LONG.finditer(folded):
        code = m[0]
        n_digits = sum(map(str.isdigit, _MOMENT.sub("", code)))
        if n_digits < 4:
            continue
        compact = re.sub(r"[^a-z0-9]", "", code)
        if compact.isdigit():
            long = (len(code) >= 9 and code.isdigit()) or _ORDER.fullmatch(code) is not None
            if long and not _UNIT.match(folded, m.end()):
                yield m.start(), m.end(), "REFERENCE"
            continue
        n_letters = len(compact) - n_digits
        capitals = text[m.start() : m.end()].isupper()
        if (
            len(compact) >= 10
            and not _MEASURE.fullmatch(code)
            and ((capitals and n_letters >= 2) or (n_letters >= 2 and n_digits >= max(6, n_letters)) or n_digits >= max(9, n_letters))
        ):
            yield m.start(), m.end(), "REFERENCE"
    for m in _PLATES.finditer(folded):
        if text[m.start() : m.end()].isupper() or "-" in m[0]:
            yield m.start(), m.end(), "REFERENCE"


def find_answer_number(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Every number of four digits or more: for an answer to a question that asked for one."""
    for m in CHAIN.finditer(folded):
        if sum(char.isdigit() for char in m[0]) >= 4 and not _DATE.fullmatch(m[0]) and not _UNIT.match(folded, m.end()):
            start, end = m.span()
            while start and folded[start - 1].isalnum():
                start -= 1
            while end < len(folded) and folded[end].isalnum():
                end += 1
            yield start, end, "REFERENCE"
