"""Names of persons after a civility, a greeting, a role, an introduction, in a signature, and first names that are nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voc_pipeline.redact.contacts import Span
from voc_pipeline.redact.lexicon import (
    AMBIGUOUS_NAMES,
    CIVILITIES,
    FIRST_NAMES,
    NOT_NAMES,
    PLACE_CUES,
    SURNAMES,
    is_word,
    word_set,
)
from voc_pipeline.redact.reader import Reader
from voc_pipeline.redact.signatures import CLOSERS, signature, trailing

_PLAIN_CIVILITIES = word_set("m me mm pr")
_GREETINGS = word_set(
    """
    bonjour bonsoir salut coucou hello hi hey dear bjr bsr slt cher chere chers morning afternoon evening rebonjour bnjr bonjours hola
    """
)
_ROLES = word_set(
    """
    conseiller conseillere conseillers conseilleres technicien technicienne vendeur vendeuse livreur livreuse chauffeur hotesse assistante
    assistant responsable manager collegue collegues interlocuteur interlocutrice operateur operatrice gestionnaire commercial commerciale
    collaborateur collaboratrice directeur directrice receptionniste serveur serveuse conducteur controleur controleuse caissier caissiere
    patron patronne gerant gerante agent agente advisor adviser rep representative technician engineer colleague operator courtier courtiere
    mari femme fils fille mere pere frere soeur epouse epoux compagnon compagne ami amie copain copine belle-mere beau-pere voisin voisine
    infirmier infirmiere medecin kine wife husband son daughter mother father brother sister friend partner neighbour neighbor mum dad mom
    driver clerk teleconseiller teleconseillere facteur factrice prenommee prenomme
    """
)
_POSSESSIVES = word_set("mon ma mes votre vos notre my your our")
_ROLE_LINKS = word_set(
    "client clientele commercial commerciale technique de vente nommee nomme prenommee prenomme appelee appele named called bancaire financier"
)
_AFTER_AN_OPENING = word_set("a au aux de du des le la les un une mon ma mes votre que d l je vous nous")
_BEFORE_A_PLACE = word_set("de du d la le des saint sainte l general marechal docteur")
_INTRODUCTIONS = re.compile(
    r"(?<![^\W\d_])(?:(?P<sure>je m ?'? ?appell?e?s?|j ?m ?'? ?appell?e|je me (?:nomme|prenomme)"
    r"|mon (?:nom|prenom)(?: de famille)?(?: complet)? ?(?:est|c'? ?est|:|=)|(?:my|her|his) (?:(?:first|last|full|family) )?name(?: ?'s| is| ?:)"
    r"|(?:nom|prenom|nom de famille|name|first name|last name|surname|titulaire|destinataire|beneficiaire|attn)"
    r"(?: et prenom| du (?:client|titulaire|compte|beneficiaire))? ?:|soussignee?,?)"
    r"|(?P<fair>aux? noms? de|in the name of|on behalf of|une? certaine?|(?:de|pre)?nommee?)"
    r"|(?P<weak>je suis|j'? ?suis|chui|i ?'? ?am|i ?'m|ici|this is|moi,? (?:c'? ?est)?|c'? ?est|it'? ?i?s"
    r"|s'appell?e|se (?:nomme|prenomme)|named|name of|de la part (?:de|d')|parler? a))"
    r"(?![^\W\d_])[ :,\"«'=]{0,4}"
)
_ON_THE_LINE = re.compile(r"[ ,]{0,3}(?:a l'? ?appareil|au (?:tel|telephone|bout du fil)|speaking|here\b|on the (?:line|phone)|calling)")


def find_names(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Names of persons. Capitals count as evidence only where the text is not shouted."""
    reader = Reader(text, folded, lang)
    words = reader.words
    taken = -1
    for i, w in enumerate(words):
        cues = _CUES.get(w.word, 0)
        if not cues and w.word not in FIRST_NAMES and "-" not in w.word:
            continue
        if cues & _CLOSES and (closer := CLOSERS.match(folded, w.start)) and (signed := signature(reader, closer)):
            yield reader.span(*signed)
        if cues & _INTRODUCES and (intro := _INTRODUCTIONS.match(folded, w.start)) and (said := _introduced(reader, intro)):
            yield reader.span(*said)
        if i <= taken:
            continue
        for cue, rule in _RULES:
            if cues & cue:
                found = rule(reader, i)
                break
        else:
            found = _bare(reader, i) if reader.first_name(w) else None
        if found:
            taken = max(taken, found[1])
            yield reader.span(*found)
    if last_line := trailing(reader):
        yield reader.span(*last_line)
    if "appareil" in folded or "speaking" in folded:
        yield from _before_on_the_line(reader)


def _introduced(reader: Reader, intro: re.Match[str]) -> tuple[int, int] | None:
    """The name that "je m'appelle", "my name is", "c'est ... à l'appareil" announce."""
    index = reader.at.get(intro.end())
    if index is None:
        return None
    last = _on_the_line(reader, index)
    first = reader.words[index]
    if last is None and intro["weak"]:
        last = reader.accept(index, 1) or _two_unknown(reader, index)
    elif last is None and first.word not in CIVILITIES and (first.word in FIRST_NAMES or first.title or not is_word(first.word, reader.lang)):
        last = reader.accept(index, 3 if intro["sure"] else 2)
    return None if last is None else (index, last)


def _thanked(reader: Reader, i: int) -> tuple[int, int] | None:
    """ "Merci à Jonathan", "j'ai eu karim au téléphone", "spoke to sarah"."""
    words = reader.words
    here = i + 1
    while here < min(len(words), i + 4) and words[here].word in _THANKS_LINKS and reader.gap(here - 1) == " ":
        here += 1
    if here == len(words) or reader.gap(here - 1) != " ":
        return None
    last = reader.accept(here, 1 if words[i].word in _THANKS else 0)
    return None if last is None else (here, last)


def _before_on_the_line(reader: Reader) -> Iterator[Span]:
    """ "Julie Masson à l'appareil"."""
    for i, w in enumerate(reader.words):
        link = _ON_THE_LINE.match(reader.folded, w.end)
        if (
            link
            and ("appareil" in link[0] or "speaking" in link[0])
            and w.word not in NOT_NAMES
            and (reader.first_name(w) or (w.title and reader.surname(w)))
        ):
            before = reader.words[i - 1] if i and reader.gap(i - 1) == " " else w
            named = before.title and before.word not in NOT_NAMES and (reader.first_name(before) or reader.surname(before))
            yield reader.span(i - 1 if before is not w and named else i, i)


def _on_the_line(reader: Reader, index: int) -> int | None:
    """The last word of a name that "à l'appareil" or "speaking" follows within three words."""
    for last in range(index, min(index + 3, len(reader.words))):
        w = reader.words[last]
        if w.word in NOT_NAMES or not (reader.first_name(w) or w.title or reader.surname(w)):
            return None
        if _ON_THE_LINE.match(reader.folded, w.end):
            return last
        if reader.gap(last) != " ":
            return None
    return None


def _two_unknown(reader: Reader, index: int) -> int | None:
    """Two capitalised words of no dictionary: a rare name."""
    if index + 1 >= len(reader.words):
        return None
    a, b = reader.words[index], reader.words[index + 1]
    good = (
        a.title
        and b.title
        and reader.gap(index) == " "
        and a.word not in NOT_NAMES
        and b.word not in NOT_NAMES
        and reader.unknown(a)
        and reader.surname(b)
        and not reader.brand(index)
    )
    return reader.extend(index) if good else None


def _civility(reader: Reader, i: int) -> tuple[int, int] | None:
    words, w = reader.words, reader.words[i]
    if i + 1 >= len(words):
        return None
    gap, nxt = reader.gap(i), words[i + 1]
    written = reader.text[w.start : w.end]
    if gap not in {" ", ". ", ".", "  ", "-"}:
        return None
    if gap in {".", ". "} and w.word in {"monsieur", "madame", "mademoiselle", "docteur", "maitre", "messieurs", "mesdames", "professeur", "miss"}:
        return None
    if w.word in _PLAIN_CIVILITIES:
        if not written[0].isupper() and not (w.word == "m" and gap[0] == "." and (reader.first_name(nxt) or nxt.word in SURNAMES)):
            return None
        if w.start and (
            reader.folded[w.start - 1] in "'’-."
            or reader.folded[w.start - 1].isalnum()
            or re.search(r"[0-9] ?\Z", reader.folded[max(0, w.start - 3) : w.start])
        ):
            return None
        if w.word == "me" and not (nxt.title and (reader.first_name(nxt) or reader.unknown(nxt))):
            return None
        if (
            not nxt.title
            and not reader.shout
            and not reader.first_name(nxt)
            and nxt.word not in SURNAMES
            and not (reader.unknown(nxt) and len(nxt.word) > 4)
            and nxt.word not in {"le", "de", "d"}
        ):
            return None
    if w.word in {"ms", "pr", "prof", "mam"} and not nxt.title:
        return None
    if nxt.word in CIVILITIES and nxt.word not in {"me", "m", "prof"}:
        return None
    last = reader.accept(i + 1, 3)
    if (
        last == i + 1
        and w.word in {"madame", "monsieur", "mademoiselle", "maitre", "docteur"}
        and nxt.title
        and not nxt.shouted
        and reader.known(nxt)
        and nxt.word not in SURNAMES
        and nxt.word not in FIRST_NAMES
    ):
        # "Madame Suite à mon appel": a sentence starts; "Madame Fleury a dit": a name
        follow = words[i + 2].word if i + 2 < len(words) else ""
        if reader.gap(i + 1) == " " and follow in _AFTER_AN_OPENING and w.title:
            return None
    return None if last is None else (i + 1, last)


def _greeting(reader: Reader, i: int) -> tuple[int, int] | None:
    words, w = reader.words, reader.words[i]
    here = i
    while here + 1 < len(words) and words[here + 1].word in _GREETINGS | {"a", "toi", "vous"} and reader.gap(here) in {" ", ", "} and here < i + 3:
        here += 1
    if here + 1 >= len(words) or words[here + 1].word in CIVILITIES:
        return None
    gap, nxt = reader.gap(here), words[here + 1]
    if gap not in {" ", "  ", ", ", ","}:
        return None
    if gap in {" ", "  "} and w.word not in {"cher", "chere", "chers"} and nxt.title and not reader.first_name(nxt):
        follows = reader.folded[nxt.end : nxt.end + 2].strip(" ")[:1]
        last = reader.accept(here + 1, 2)
        ended = last is not None and reader.folded[words[last].end : words[last].end + 1] in {",", "!", ".", "\n", "", ";", ":"}
        ended = ended or follows in {",", "!"}
        return (here + 1, last) if last is not None and ended else None
    last = reader.accept(here + 1, 1)
    return None if last is None else (here + 1, last)


def _role(reader: Reader, i: int) -> tuple[int, int] | None:
    words = reader.words
    here = i
    while here + 1 < len(words) and words[here + 1].word in _ROLE_LINKS and reader.gap(here) in {" ", ", "} and here < i + 4:
        here += 1
    if here + 1 >= len(words) or reader.gap(here) not in {" ", ", ", " (", ": ", " : "}:
        return None
    own = i > 0 and words[i - 1].word in _POSSESSIVES and here == i and reader.gap(here) == " "
    strength = 2 if own and words[here + 1].title else 1
    if strength == 2 and not reader.first_name(words[here + 1]) and is_word(words[here + 1].word, "en"):
        return None
    last = reader.accept(here + 1, strength)
    return None if last is None else (here + 1, last)


def _bare(reader: Reader, i: int) -> tuple[int, int] | None:
    """A first name without any cue: one that is nothing else, or one that a surname follows; never the name of a street, a shop or a town."""
    words, w = reader.words, reader.words[i]
    before = i - 1
    while before >= 0 and before > i - 4 and words[before].word in _BEFORE_A_PLACE and reader.gap(before) in {" ", "'", "-"}:
        before -= 1
    while before > 0 and before > i - 3 and words[before].title and reader.first_name(words[before]) and reader.gap(before) in {" ", "-"}:
        before -= 1
    if (
        before >= 0
        and words[before].word in PLACE_CUES
        and reader.gap(before) in {" ", "-", "'", " : ", ": "}
        and not (words[before].word == "bot" and w.title is False)
    ):
        return None
    if before < i - 1 and words[i - 1].word in {"saint", "sainte"}:
        return None
    if (
        i > 0
        and words[i - 1].title
        and reader.gap(i - 1) == " "
        and w.title
        and not reader.first_name(words[i - 1])
        and words[i - 1].word not in NOT_NAMES
        and w.word in AMBIGUOUS_NAMES
    ):
        return None
    last = reader.accept(i, 0)
    if last is None and w.title and w.word in AMBIGUOUS_NAMES and not reader.brand(i) and reader.followed_by_surname(i):
        last = reader.extend(i)
    return None if last is None else (i, last)


# ---------------------------------------------------------------- which word starts which rule

_CLOSES, _INTRODUCES, _CIVIL, _GREETS, _SERVES, _THANKING = 1, 2, 4, 8, 16, 32
_RULES: tuple[tuple[int, Callable[[Reader, int], tuple[int, int] | None]], ...] = (
    (_CIVIL, _civility),
    (_GREETS, _greeting),
    (_SERVES, _role),
    (_THANKING, _thanked),
)
_THANKS = word_set("merci thanks bravo felicitations remercie remercier kudos remerciements")
_THANKS_LINKS = word_set("a aussi encore beaucoup infiniment speciale special to de so much again you un certain affaire")
_OPENINGS = {
    _CLOSES: """
        bien tres le cordialement cordialemant cordialment cordialmt courtoisement cdlt crdlt cdt a mes nos sinceres meilleures distinguees
        salutations respectueusement sincerement amicalement kind best warm with regards sincerely yours faithfully sentiments signe signee signed expression
        consideration merci bonne thanks many thank cheers love take bises bisous en dans
    """,
    _INTRODUCES: """
        je j mon my her his nom prenom name first last surname titulaire destinataire beneficiaire attn soussigne soussignee au aux in on un une nomme
        nommee denomme denommee prenomme prenommee chui i ici this moi c it s se named parle parler de
    """,
    _CIVIL: " ".join(CIVILITIES),
    _GREETS: " ".join(_GREETINGS),
    _SERVES: " ".join(_ROLES),
    _THANKING: " ".join(_THANKS | {"remerciement", "mention", "avec", "par", "eu", "to"}),
}
_CUES: dict[str, int] = {}
for _flag, _openings in _OPENINGS.items():
    for _opening in _openings.split():
        _CUES[_opening] = _CUES.get(_opening, 0) | _flag
