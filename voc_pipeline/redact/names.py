"""Names of persons after a civility, a greeting, a role, an introduction, before or in a signature, and first names that are nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voc_pipeline.redact.contacts import Span
from voc_pipeline.redact.lexicon import (
    AMBIGUOUS_NAMES,
    FIRST_NAMES,
    LOWER_WORDS,
    NOT_NAMES,
    PARTICLES,
    PLACE_CUES,
    SURNAMES,
    is_word,
    word_set,
)
from voc_pipeline.redact.reader import Reader, Word

_CIVILITIES = word_set(
    """
    m mr mrs ms miss mme mlle mm mmes monsieur madame mademoiselle messieurs mesdames mister dr docteur doctor pr professeur prof maitre me
    sieur monseigneur msieur mam mms
    """
)
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
_CLOSERS = re.compile(
    rf"(?<![^\W\d_])(?:(?P<strong>{_STRONG_CLOSERS})|(?P<weak>{_WEAK_CLOSERS}))(?![^\W\d_])"
    r"(?P<gap>[ .,;:!*-]{0,6}(?:\n[ .,;:*-]{0,4}){0,4})"
)
_LINE_END = re.compile(r"[ .,;:!)*-]{0,6}(?:\n|\Z)")
_LIST_SEPARATOR = re.compile(r" ?(?:,|et|and|&|ou|/|puis) ?")
_ASKED_NAME = re.compile(
    r"\b(?:votre|vos|ton|quel|your|the|le|nom de)\b[^.!?\n]{0,60}?\b(?:noms?|prenoms?|names?|surname|identite|titulaire)\b"
    r"|\bqui (?:etes[- ]vous|ai-je)|\bwho am i"
)
ASKED_NUMBER = re.compile(
    r"\b(?:numeros?|n°|references?|identifiant|code client|number|account|order|dossier|contrat|phone|telephone|portable|carte|iban|tracking"
    r"|suivi|imei)\b[^.!\n]{0,120}\?|\b(?:indiquer|donner|communiquer|preciser|transmettre|confirmer|provide|give|confirm|share|tell|send|have)\b[^.!?\n]{0,60}"
    r"\b(?:numeros?|references?|identifiant|number|id|account|order)\b"
)
"""A question that asks for a number."""


def find_names(text: str, folded: str, lang: str) -> Iterator[Span]:
    """Names of persons. Capitals count as evidence only where the text is not shouted."""
    reader = Reader(text, folded, lang)
    words = reader.words
    taken = -1
    for i, w in enumerate(words):
        cues = _CUES.get(w.word, 0)
        if not cues and w.word not in FIRST_NAMES and "-" not in w.word:
            continue
        if cues & _CLOSES and (closer := _CLOSERS.match(folded, w.start)) and (signed := _signature(reader, closer)):
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
    if trailing := _trailing(reader):
        yield reader.span(*trailing)
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
    elif last is None and first.word not in _CIVILITIES and (first.word in FIRST_NAMES or first.title or not is_word(first.word, reader.lang)):
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
    if nxt.word in _CIVILITIES and nxt.word not in {"me", "m", "prof"}:
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
    if here + 1 >= len(words) or words[here + 1].word in _CIVILITIES:
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


def _signature(reader: Reader, closer: re.Match[str]) -> tuple[int, int] | None:
    words = reader.words
    index = reader.at.get(closer.end())
    if index is None:
        return None
    if words[index].word in _CIVILITIES and words[index].word not in {"m", "me"}:
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


def _trailing(reader: Reader) -> tuple[int, int] | None:
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


def asks_name(folded: str) -> bool:
    """Whether what was said before asks who is there."""
    return _ASKED_NAME.search(folded) is not None


def find_answer_name(text: str, folded: str, lang: str) -> Iterator[Span]:
    """A short answer to "votre nom ?": every word of it that no dictionary knows, and every first name."""
    reader = Reader(text, folded, lang)
    if len(reader.words) > 8:
        return
    bare = len([w for w in reader.words if w.word not in NOT_NAMES]) <= 3
    for w in reader.words:
        if w.word in NOT_NAMES and not (w.title and w.word in SURNAMES):
            continue
        if (
            reader.first_name(w)
            or w.word in SURNAMES
            or (bare and len(w.word) >= 3 and (reader.unknown(w) or (w.title and not reader.shout and w.start > 0)))
        ):
            yield w.start, w.end, "NAME"


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
    _CIVIL: " ".join(_CIVILITIES),
    _GREETS: " ".join(_GREETINGS),
    _SERVES: " ".join(_ROLES),
    _THANKING: " ".join(_THANKS | {"remerciement", "mention", "avec", "par", "eu", "to"}),
}
_CUES: dict[str, int] = {}
for _flag, _openings in _OPENINGS.items():
    for _opening in _openings.split():
        _CUES[_opening] = _CUES.get(_opening, 0) | _flag
