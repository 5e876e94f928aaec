"""Groups into proposals: exemplars, keywords, and a label of object and failure in each language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from voc_pipeline import language
from voc_pipeline.discover.grouping import Candidate, Group, lean, quiet
from voc_pipeline.discover.themes import load_themes
from voc_pipeline.schema import Exemplar, IrritantKind, Proposal

NO_LABELS: Mapping[str, Collection[str]] = MappingProxyType({})
N_EXEMPLARS = 16
READABLE = (3, 60)
"""Words of a text that a reader can take in, and that still says something."""
N_READ = 40
"""Most typical texts of a group whose words name it."""
FRAGMENT = 6
"""Words under which a text is a fragment ("C'est tout ?"): a group of such texts may only share how they are said, so its theme names it only if it is sure."""
N_KEYWORDS = 8
THEME_SHARE, LIKELY_SHARE = 0.2, 0.1
"""Weight of a theme among the members (share times probability) from which the group carries its name, and from which it may for want of words of its
own. Measured: from .2 on it is the true main theme, or as good as, in 97 groups of 100; from .1 to .2 in 65; below, in 45, and such groups are mixed."""
MIN_TEXTS = 3
"""Texts that must say a term before it describes a group."""
OBJECT_SHARE = 0.15
"""Share of the texts read that must name an object before it joins the label."""

LITTLE = frozenset("de la le les des du et un une pas ne que qui est the and not for".split())
"""Words of either language that name nothing, whatever language the text was taken for."""

GENERIC = frozenset(
    """
    an annee année anything avis beaucoup bonjour bonsoir cas case chose client cliente clients company compte-rendu cordialement cote
    customer customers côté day days entreprise everything experience expérience fait façon fin fois gens guy hello heure heures hour hours
    issue issues jour journée jours kind lieu lot madame mail manière matin merci minute minutes mois moment monde monsieur month months
    morning nombre note nothing parler part partie people person personne personnes peu plupart point problem problems problème problèmes
    question raison reason reste semaine semaines service services société soir solution something sort sorte souci soucis stuff suite temps
    thank thanks thing things time times today truc type vie vrai way week week-end weeks year years
    janvier février fevrier mars avril mai juin juillet août aout septembre octobre novembre décembre decembre lundi mardi mercredi jeudi
    vendredi samedi dimanche lendemain veille hier demain midi nuit january february march april may june july august september october
    november december monday tuesday wednesday thursday friday saturday sunday tomorrow yesterday night min fond euro euros balle balles
    phrase bout mot mots word words dame dames lady fois trimestre deux trois quatre
    """.split()
)
"""Words that name no object by themselves."""


@dataclass(slots=True)
class _Reading:
    """What the most typical texts of a group say: how many of them in each language, whether they are fragments by and large, and the words that set it
    apart, most telling first."""

    texts: Counter[str]
    phrases: dict[str, list[tuple[str, float]]]
    keywords: list[str]
    theme: str
    theme_share: float
    fragments: bool

    @property
    def likely(self) -> bool:
        """Whether the theme is likely enough to name the group for want of words of its own."""
        return self.theme_share >= (THEME_SHARE if self.fragments else LIKELY_SHARE)


def named(
    groups: Sequence[Group],
    candidates: Sequence[Candidate],
    kind: IrritantKind,
    languages: Sequence[str],
    known: Mapping[str, Collection[str]] = NO_LABELS,
) -> list[Proposal]:
    """Proposals of the groups that can be named, no two with the same label in one language, nor with one of the `known` labels by language.

    A group that words cannot tell from a larger one of its theme is one with it; a group without a name is a mixture, and no proposal.
    """
    taken: dict[str, set[str]] = {lang: set(known.get(lang, ())) for lang in languages}
    kept: list[tuple[Group, _Reading, dict[str, tuple[str, str]]]] = []
    for group, reading in zip(groups, _readings(groups, candidates, languages), strict=True):
        labels = {lang: _label(reading, lang, kind, taken[lang]) for lang in languages}
        if any(label for label, _ in labels.values()):
            for lang, (label, _) in labels.items():
                taken[lang].add(label)
            kept.append((group, reading, labels))
            continue
        for at, (larger, other, _) in enumerate(kept):
            if other.theme == reading.theme and other.likely and reading.likely:
                kept[at] = (larger.joined(group), *kept[at][1:])
                break
    for _, reading, labels in kept:
        _complete(labels, reading, kind, taken)
    missing = ("", "missing")
    return [
        Proposal(
            members=group.members,
            exemplars=tuple(Exemplar(c.verbatim_id, c.position, c.text, c.lang) for c in _exemplars(group, candidates)),
            keywords=tuple(reading.keywords),
            label_fr=labels.get("fr", missing)[0],
            label_en=labels.get("en", missing)[0],
            label_status={lang: labels.get(lang, missing)[1] for lang in ("fr", "en")},
            theme=reading.theme,
        )
        for group, reading, labels in kept
    ]


def _exemplars(group: Group, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The most typical texts, those a reader can take in first, at most two of one verbatim."""
    readable = [i for i in group.typical if READABLE[0] <= len(candidates[i].text.split()) <= READABLE[1]]
    per_verbatim: Counter[str] = Counter()
    chosen: list[Candidate] = []
    for i in dict.fromkeys([*readable, *group.typical]):
        candidate = candidates[i]
        if per_verbatim[candidate.verbatim_id] < 2 and len(chosen) < N_EXEMPLARS:
            per_verbatim[candidate.verbatim_id] += 1
            chosen.append(candidate)
    return chosen


Term = tuple[str, str, bool]
"""Language, wording, and whether it is a noun phrase rather than a lemma."""


def _readings(groups: Sequence[Group], candidates: Sequence[Candidate], languages: Sequence[str]) -> list[_Reading]:
    """Lemmas and noun phrases of every group, weighed by c-TF-IDF against the other groups."""
    read = [[candidates[i] for i in group.typical[:N_READ]] for group in groups]
    terms = _terms([candidate for texts in read for candidate in texts])
    counts = [Counter(term for candidate in texts for term in terms[candidate.key]) for texts in read]
    readings = []
    for group, texts, count, weight in zip(groups, read, counts, _ctfidf(counts), strict=True):
        theme, share = _theme(group, candidates)
        n_texts = Counter(candidate.lang for candidate in texts)
        ranked = sorted(weight, key=lambda term: (-weight[term] * (1 + 0.2 * term[1].count(" ")), term))
        said = [term for term in ranked if count[term] >= max(MIN_TEXTS, 0.06 * len(texts))]
        phrases = {
            lang: [(wording, count[lang, wording, True] / n_texts[lang]) for of, wording, phrase in said if phrase and of == lang]
            for lang in languages
        }
        fragments = float(np.median([len(candidate.text.split()) for candidate in texts])) < FRAGMENT
        readings.append(_Reading(n_texts, phrases, _keywords(said), theme, share, fragments))
    return readings


def _terms(texts: Sequence[Candidate]) -> dict[str, set[Term]]:
    """By key, what each text says that can name something."""
    found: dict[str, set[Term]] = {}
    for lang in sorted({candidate.lang for candidate in texts}):
        of = [candidate for candidate in texts if candidate.lang == lang]
        wordings = [candidate.text for candidate in of]
        for candidate, (lemmas, phrases) in zip(of, language.terms(wordings, lang), strict=True):
            both = [(lang, lemma, False) for lemma in lemmas] + [(lang, phrase, True) for phrase in phrases]
            found[candidate.key] = {term for term in both if _tells(term[1], lang)}
    return found


def _tells(term: str, lang: str) -> bool:
    """Whether a lemma or phrase can name something: content at both ends, no digits or placeholders, at most five words, not all of them generic."""
    words, stops = term.split(), language.stop_words(lang)
    if not 0 < len(words) <= 5 or len(term) < 3 or re.search(r"[\d\[\]@/]", term) or all(word in LITTLE for word in words):
        return False
    return words[0] not in stops and words[-1] not in stops and any(word not in stops and word not in GENERIC for word in words)


def _ctfidf(counts: Sequence[Counter[Term]]) -> list[dict[Term, float]]:
    """Class-based TF-IDF of each group's terms, by BERTopic's own formula."""
    from scipy.sparse import csr_matrix

    with quiet():
        with lean():
            from bertopic.vectorizers import ClassTfidfTransformer

        vocabulary = {term: j for j, term in enumerate(sorted(set().union(*counts)))}
        if not vocabulary:
            return [{} for _ in counts]
        cells = [(g, vocabulary[term], n) for g, count in enumerate(counts) for term, n in count.items()]
        g, j, n = (list(column) for column in zip(*cells, strict=True))
        matrix = csr_matrix((n, (g, j)), shape=(len(counts), len(vocabulary)), dtype=np.float64)
        weighed = ClassTfidfTransformer(reduce_frequent_words=True).fit_transform(matrix).toarray()
    return [{term: round(float(weighed[g, vocabulary[term]]), 9) for term in count} for g, count in enumerate(counts)]


def _keywords(said: Sequence[Term]) -> list[str]:
    """The most telling terms, none made of the words of one before."""
    kept: list[str] = []
    for _, term, _ in said:
        if not any(set(term.split()) <= set(other.split()) or set(other.split()) <= set(term.split()) for other in kept):
            kept.append(term)
        if len(kept) == N_KEYWORDS:
            break
    return kept


def _theme(group: Group, candidates: Sequence[Candidate]) -> tuple[str, float]:
    """Theme with the most weight among the members, and its weight: the sum of its probabilities over the number of members."""
    weight: dict[str, float] = defaultdict(float)
    for i in group.members:
        if candidates[i].theme:
            weight[candidates[i].theme] += candidates[i].p_theme
    if not weight:
        return "", 0.0
    best = min(weight, key=lambda theme: (-round(weight[theme], 9), theme))
    return best, weight[best] / len(group.members)


def _label(reading: _Reading, lang: str, kind: IrritantKind, taken: set[str]) -> tuple[str, str]:
    """Object + failure in one language, and how it was come by.

    The failure is the theme's own wording where the group's theme is sure, and the object a phrase that sets the group apart inside it. Without a sure
    theme, a phrase of the texts where many say it, or two of their words ("boutique / téléphone"), else the likeliest theme's wording with an object.
    Where hardly a text is in that language, only a sure theme gives a label.
    """
    sure = reading.theme_share >= THEME_SHARE
    theme = load_themes().get(reading.theme) if reading.likely else None
    spoken = reading.texts[lang] >= max(3, 0.15 * reading.texts.total())
    phrases = reading.phrases.get(lang, []) if spoken else []
    name = theme.names[kind].get(lang, "") if theme is not None and (sure or spoken) else ""
    said = [phrase for phrase, share in phrases if share >= OBJECT_SHARE]
    own = [phrase for phrase in said if " " in phrase]
    pair = [f"{said[0]} / {other}" for other in said[1:] if not _overlaps(other, said[0])][:1]
    apart = [(f"{name} ({phrase})", share) for phrase, share in phrases if name and not _overlaps(phrase, name)]
    certain = [label for label, share in apart if share >= OBJECT_SHARE] if sure else [*own, *pair]
    tries = [
        *((label, "derived") for label in certain),
        (name, "category"),
        *((label, "derived") for label in [*(label for label, _ in apart), *own]),
    ]
    return next(((label, status) for label, status in tries if label and label not in taken), ("", "missing"))


def _complete(labels: dict[str, tuple[str, str]], reading: _Reading, kind: IrritantKind, taken: Mapping[str, set[str]]) -> None:
    """Gives a language that has no label the theme's wording, where that is taken with the object as the other language says it."""
    theme = load_themes().get(reading.theme) if reading.likely else None
    said = {lang: label for lang, (label, _) in labels.items() if label}
    if theme is None or not said:
        return
    names, other = theme.names[kind], next(iter(said))
    for lang in labels:
        name = names.get(lang, "")
        if name and lang not in said:
            told = said[other].removeprefix(names.get(other, "")).strip(" ()")
            tries = [(name, "category"), *([(f"{name} ({told})", "derived")] if told else [])]
            labels[lang] = next(((label, status) for label, status in tries if label not in taken[lang]), ("", "missing"))
            taken[lang].add(labels[lang][0])


def _overlaps(phrase: str, name: str) -> bool:
    """Whether two wordings share a content word, plural, ending and abbreviation aside."""
    stems = [{_stem(word) for word in re.findall(r"[^\W\d_]+", wording.lower()) if len(word) > 2} for wording in (phrase, name)]
    return bool(stems[0] & stems[1] - {_stem(word) for word in ("the", "des", "les", "aux")})


SAME_WORD = {"rdv": "rendez", "tel": "téléphone", "appli": "application", "app": "application", "colis": "livraison", "joindre": "injoignable"}


def _stem(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", SAME_WORD.get(word, word)) if not unicodedata.combining(c))[:5].removesuffix("s")
