"""The BERTopic door: segments that no known irritant claims, grouped into proposals with readable labels.

UMAP and HDBSCAN run through BERTopic on our own vectors, guided by the themes the model is sure of. Input is sorted by key and identical texts
are one point, so neither the order of the input nor a repeated text changes a group. What HDBSCAN leaves out stays out: claims decide later.
"""

from __future__ import annotations

import logging
import math
import re
import unicodedata
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import yaml

from voc_pipeline import language
from voc_pipeline.config import Discovery
from voc_pipeline.errors import ConfigError
from voc_pipeline.places import ROOT
from voc_pipeline.schema import Exemplar, IrritantKind, Proposal

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Chosen on one half of 6,260 real labelled passages, checked on the other.
N_NEIGHBOURS, N_COMPONENTS = 15, 5
GUIDE_P = 0.25
"""Probability from which a segment's theme guides UMAP."""
CLUSTER_ROOT = 0.33
"""Smallest group, as a multiple of the square root of the number of distinct texts."""
KEEP_SHARE = 0.5
"""Share of one guiding theme from which a broad group is kept whole."""
MAX_SPREADS = 3.0
"""How far below the median closeness of its topic a text may lie, in robust standard deviations: UMAP draws strangers to a topic."""
MIN_DISTINCT = 20
"""Distinct texts below which there is no neighbourhood to speak of."""

N_EXEMPLARS = 16
READABLE = (3, 60)
"""Words of a text that a reader can take in, and that still says something."""
N_READ = 40
"""Most typical texts of a group whose words name it."""
N_KEYWORDS = 8
THEME_SHARE, LIKELY_SHARE = 0.2, 0.1
"""Weight of a theme among the members (share times probability) from which the group carries its name, and from which it may for want of words of its
own. Measured: from .2 on it is the true main theme, or as good as, in 97 groups of 100; from .1 to .2 in 65; below, in 45, and such groups are mixed."""
OBJECT_SHARE = 0.15
"""Share of the texts read that must name an object before it joins the label."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that nobody claims.

    Attributes:
        key: Stable sort key, unique.
        theme: Canonical category the model gives it, or "".
        p_theme: How probable that is, in [0, 1].
    """

    key: str
    verbatim_id: str
    position: int
    text: str
    lang: str
    theme: str = ""
    p_theme: float = 0.0


@dataclass(frozen=True, slots=True)
class Theme:
    """A canonical category: its definition and its names by kind of record, then by language."""

    id: str
    definition: str
    names: Mapping[IrritantKind, Mapping[str, str]]


@cache
def load_themes() -> Mapping[str, Theme]:
    """The shipped canonical categories by id, from ``configs/themes.yaml``.

    Raises:
        ConfigError: The file is missing or lacks a name.
    """
    path = ROOT / "configs" / "themes.yaml"
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))["themes"]
        themes = [Theme(row["id"], row["definition"], {kind: dict(row[kind.value]) for kind in IrritantKind}) for row in rows]
    except FileNotFoundError:
        raise ConfigError(str(path), "no such file", "the canonical categories", "Install the package again") from None
    except (KeyError, TypeError) as error:
        raise ConfigError(str(path), f"incomplete: {error}", "id, definition, irritant, strength, suggestion for each theme", "Add it") from None
    return {theme.id: theme for theme in themes}


def propose(candidates: Sequence[Candidate], x: Floats, *, kind: IrritantKind, settings: Discovery, languages: Sequence[str]) -> list[Proposal]:
    """Groups of candidates that look like one irritant each, largest first.

    Args:
        candidates: In any order; the answer does not depend on it (but for the indexes).
        x: Their vectors. *Shape:* (len(candidates), dim).
        kind: What the groups would be: decides how themes are worded.
        settings: Smallest group and smallest run, and the seed.
        languages: Of the labels, the project's first.

    Returns:
        Proposals; none where there are fewer than `settings.min_segments` candidates, or nothing recurs.

    Raises:
        ValueError: `x` has not one row a candidate.
    """
    if len(x) != len(candidates):
        raise ValueError(f"{len(x)} vectors for {len(candidates)} candidates")
    if len(candidates) < settings.min_segments:
        return []
    points = _collapsed(candidates)
    if len(points) < MIN_DISTINCT:
        return []
    firsts = [point[0] for point in points]
    vectors = x[firsts].astype(np.float32)
    labels = _topics([candidates[i] for i in firsts], vectors, settings)
    groups = []
    for label in range(labels.max(initial=-1) + 1):
        of_topic = np.flatnonzero(labels == label)
        typical = _typical(vectors[of_topic], of_topic)
        members = [i for point in typical for i in points[point]]
        if len({candidates[i].verbatim_id for i in members}) >= settings.min_mentions:
            groups.append(_Group(tuple(sorted(members)), [firsts[point] for point in typical]))
    groups.sort(key=lambda group: (-len(group.members), candidates[group.typical[0]].key))
    return _named(groups, candidates, kind, languages)


@dataclass(frozen=True, slots=True)
class _Group:
    """Members of a topic (all of them), and one candidate per distinct text, most typical first."""

    members: tuple[int, ...]
    typical: list[int]

    def joined(self, other: _Group) -> _Group:
        """Both as one, their typical texts in turn."""
        turns = [i for pair in zip_longest(self.typical, other.typical) for i in pair if i is not None]
        return _Group(tuple(sorted((*self.members, *other.members))), turns)


# ---------------------------------------------------------------- grouping


def fold(text: str) -> str:
    """The text without case, accents' composition or blanks that vary: equal for texts that must never part."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _collapsed(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Candidates by distinct folded text, both in the order of keys."""
    points: dict[str, list[int]] = defaultdict(list)
    for i in sorted(range(len(candidates)), key=lambda i: candidates[i].key):
        points[fold(candidates[i].text)].append(i)
    return list(points.values())


def _typical(vectors: Floats, points: Ints) -> list[int]:
    """Points of one topic, nearest to its mean direction first; those far out of the topic's own spread are left out."""
    closeness = np.round(vectors.astype(np.float64) @ vectors.astype(np.float64).mean(0), 9)
    middle = np.median(closeness)
    spread = 1.4826 * np.median(np.abs(closeness - middle))
    order = np.lexsort((points, -closeness))
    return [int(points[i]) for i in order if closeness[i] >= middle - MAX_SPREADS * spread]


def smallest_group(n: int, min_mentions: int) -> int:
    """Points that make a group, growing with the square root of how many there are."""
    return max(min_mentions, round(CLUSTER_ROOT * math.sqrt(n)))


def _topics(points: Sequence[Candidate], vectors: Floats, settings: Discovery) -> Ints:
    """Topic of each point, -1 for none. *Shape:* (n_points,)."""
    with _quiet():
        from bertopic import BERTopic
        from sklearn.feature_extraction.text import CountVectorizer
        from umap import UMAP

        n = len(points)
        smallest = smallest_group(n, settings.min_mentions)
        model = BERTopic(
            umap_model=UMAP(
                n_neighbors=min(N_NEIGHBOURS, n - 1),
                n_components=N_COMPONENTS,
                min_dist=0.0,
                metric="cosine",
                random_state=settings.seed,
                n_jobs=1,
                low_memory=False,
            ),
            hdbscan_model=_Groups(smallest),
            vectorizer_model=CountVectorizer(analyzer=_words),
            verbose=False,
        )
        topics, _ = model.fit_transform([point.text for point in points], embeddings=vectors, y=_guide(points))
    return np.asarray(topics, np.int64)


class _Groups:
    """HDBSCAN: broad groups where one theme holds them together, the finest elsewhere.

    Broad ("eom") groups of one theme score best on real passages; a broad group without a theme is a domain, not something one can mend. With themes
    to guide, B-cubed F1 .25, purity .39 and 31 % noise, against .18, .39 and 40 % for the finest groups alone.
    """

    def __init__(self, smallest: int) -> None:
        self.smallest = smallest
        self.labels_: Ints = np.zeros(0, np.int64)

    def fit(self, reduced: Floats, y: Ints | None = None) -> _Groups:
        """Groups of points, -1 for none. *Shape:* (n, n_components); `y`, *Shape:* (n,), numbers the themes that guide, -1 for none."""
        broad, fine = self._cut(reduced, "eom"), self._cut(reduced, "leaf")
        kept = {group for group in range(broad.max(initial=-1) + 1) if y is not None and _main_share(y[broad == group]) >= KEEP_SHARE}
        both = np.where(np.isin(broad, sorted(kept)), broad, np.where(fine >= 0, fine + broad.max(initial=-1) + 1, -1))
        self.labels_ = np.searchsorted(np.unique(both[both >= 0]), both)
        self.labels_[both < 0] = -1
        return self

    def _cut(self, reduced: Floats, method: str) -> Ints:
        from hdbscan import HDBSCAN

        smoothing = max(2, self.smallest // 3)
        model = HDBSCAN(min_cluster_size=self.smallest, min_samples=smoothing, cluster_selection_method=method, core_dist_n_jobs=1)
        return np.asarray(model.fit_predict(reduced), np.int64)


def _main_share(y: Ints) -> float:
    """Share of the commonest theme among points, those without one counted too."""
    return float(np.bincount(y[y >= 0], minlength=1).max()) / len(y)


def _guide(points: Sequence[Candidate]) -> Ints | None:
    """Themes the model is sure of, as numbers; -1 for the others; None where there are too few to guide."""
    sure = [point.theme if point.theme and point.p_theme >= GUIDE_P else "" for point in points]
    known = sorted(set(sure) - {""})
    if len(known) < 2:
        return None
    order = {theme: number for number, theme in enumerate(known)}
    return np.array([order.get(theme, -1) for theme in sure], np.int64)


LITTLE = frozenset("de la le les des du et un une pas ne que qui est the and not for".split())
"""Words of either language that name nothing, whatever language the text was taken for."""
WORD = re.compile(r"[^\W\d_]{2,}")


def _words(text: str) -> list[str]:
    """Words for BERTopic's own bookkeeping, never none."""
    return WORD.findall(text.lower()) or ["-"]


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither warnings nor log lines of the libraries behind this door; what their import changes in the filters is undone."""
    loggers = [logging.getLogger(name) for name in ("BERTopic", "numba", "hdbscan", "umap")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# ---------------------------------------------------------------- naming

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
    phrase mot mots word words dame dames lady fois trimestre deux trois quatre
    """.split()
)
"""Words that name no object by themselves."""


@dataclass(slots=True)
class _Reading:
    """What the most typical texts of a group say: how many of them in each language, and the words that set it apart, most telling first."""

    texts: Counter[str]
    phrases: dict[str, list[tuple[str, float]]]
    keywords: list[str]
    theme: str
    theme_share: float


def _named(groups: Sequence[_Group], candidates: Sequence[Candidate], kind: IrritantKind, languages: Sequence[str]) -> list[Proposal]:
    """Proposals of the groups that can be named, no two with the same label in one language.

    A group that words cannot tell from a larger one of its theme is one with it; a group without a name is a mixture, and no proposal.
    """
    taken: dict[str, set[str]] = {lang: set() for lang in languages}
    named: list[tuple[_Group, _Reading, dict[str, tuple[str, str]]]] = []
    for group, reading in zip(groups, _readings(groups, candidates, languages), strict=True):
        labels = {lang: _label(reading, lang, kind, taken[lang]) for lang in languages}
        if any(label for label, _ in labels.values()):
            for lang, (label, _) in labels.items():
                taken[lang].add(label)
            named.append((group, reading, labels))
            continue
        for at, (larger, other, _) in enumerate(named):
            if other.theme == reading.theme and min(other.theme_share, reading.theme_share) >= LIKELY_SHARE:
                named[at] = (larger.joined(group), *named[at][1:])
                break
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
        for group, reading, labels in named
    ]


def _exemplars(group: _Group, candidates: Sequence[Candidate]) -> list[Candidate]:
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


def _readings(groups: Sequence[_Group], candidates: Sequence[Candidate], languages: Sequence[str]) -> list[_Reading]:
    """Lemmas and noun phrases of every group, weighed by c-TF-IDF against the other groups."""
    read = [[candidates[i] for i in group.typical[:N_READ]] for group in groups]
    terms = _terms([candidate for texts in read for candidate in texts])
    counts = [Counter(term for candidate in texts for term in terms[candidate.key]) for texts in read]
    readings = []
    for group, texts, count, weight in zip(groups, read, counts, _ctfidf(counts), strict=True):
        theme, share = _theme(group, candidates)
        n_texts = Counter(candidate.lang for candidate in texts)
        ranked = sorted(weight, key=lambda term: (-weight[term] * (1 + 0.2 * term[1].count(" ")), term))
        said = [term for term in ranked if count[term] >= max(2, 0.06 * len(texts))]
        phrases = {
            lang: [(wording, count[lang, wording, True] / n_texts[lang]) for of, wording, phrase in said if phrase and of == lang]
            for lang in languages
        }
        readings.append(_Reading(n_texts, phrases, _keywords(said), theme, share))
    return readings


def _terms(texts: Sequence[Candidate]) -> dict[str, set[Term]]:
    """By key, what each text says that can name something."""
    found: dict[str, set[Term]] = {}
    for lang in sorted({candidate.lang for candidate in texts}):
        of = [candidate for candidate in texts if candidate.lang == lang]
        wordings = [candidate.text for candidate in of]
        for candidate, lemmas, phrases in zip(of, language.lemmas(wordings, lang), language.noun_phrases(wordings, lang), strict=True):
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

    with _quiet():
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


def _theme(group: _Group, candidates: Sequence[Candidate]) -> tuple[str, float]:
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
    theme = load_themes().get(reading.theme) if reading.theme_share >= LIKELY_SHARE else None
    sure = reading.theme_share >= THEME_SHARE
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


def _overlaps(phrase: str, name: str) -> bool:
    """Whether two wordings share a content word, plural, ending and abbreviation aside."""
    stems = [{_stem(word) for word in re.findall(r"[^\W\d_]+", wording.lower()) if len(word) > 2} for wording in (phrase, name)]
    return bool(stems[0] & stems[1] - {_stem(word) for word in ("the", "des", "les", "aux")})


SAME_WORD = {"rdv": "rendez", "tel": "téléphone", "appli": "application", "app": "application", "colis": "livraison", "joindre": "injoignable"}


def _stem(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", SAME_WORD.get(word, word)) if not unicodedata.combining(c))[:5].removesuffix("s")
