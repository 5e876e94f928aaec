"""Candidates into groups: BERTopic with our own vectors, UMAP guided by themes, HDBSCAN broad or fine."""

from __future__ import annotations

import logging
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from voc_pipeline.config import Discovery
from voc_pipeline.keys import fold
from voc_pipeline.lean import without

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Chosen on one half of 6,260 real labelled passages, checked on the other.
N_NEIGHBOURS, N_COMPONENTS, N_EPOCHS = 15, 5, 200
GUIDE_P = 0.35
"""Probability from which a segment's theme guides UMAP. On 1,100 real passages that trained nothing: B-cubed F1 .35, against .33 at .25 and .34 at .5."""
CLUSTER_ROOT = 0.33
"""Smallest group, as a multiple of the square root of the number of distinct texts."""
KEEP_SHARE = 0.5
"""Share of one guiding theme from which a broad group is kept whole."""
MAX_SPREADS = 3.0
"""How far below the median closeness of its topic a text may lie, in robust standard deviations: UMAP draws strangers to a topic."""
MIN_DISTINCT = 20
"""Distinct texts below which there is no neighbourhood to speak of."""

WORD = re.compile(r"[^\W\d_]{2,}")


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
class Group:
    """Members of a topic (all of them), and one candidate per distinct text, most typical first."""

    members: tuple[int, ...]
    typical: list[int]

    def joined(self, other: Group) -> Group:
        """Both as one, their typical texts in turn."""
        turns = [i for pair in zip_longest(self.typical, other.typical) for i in pair if i is not None]
        return Group(tuple(sorted((*self.members, *other.members))), turns)


def found_groups(candidates: Sequence[Candidate], x: Floats, settings: Discovery) -> list[Group]:
    """Groups of candidates that enough verbatims tell of, largest first; none where hardly two texts differ. `x`, *Shape:* (len(candidates), dim)."""
    points = _collapsed(candidates, x)
    if len(points) < MIN_DISTINCT:
        return []
    firsts = [point[0] for point in points]
    vectors = x[firsts].astype(np.float32)
    labels = _topics([candidates[i] for i in firsts], vectors, settings)
    groups = []
    for label in range(labels.max(initial=-1) + 1):
        of_topic = np.flatnonzero(labels == label)
        nearest = typical(vectors[of_topic], of_topic)
        members = [i for point in nearest for i in points[point]]
        if len({candidates[i].verbatim_id for i in members}) >= settings.min_mentions:
            groups.append(Group(tuple(sorted(members)), [firsts[point] for point in nearest]))
    groups.sort(key=lambda group: (-len(group.members), candidates[group.typical[0]].key))
    return groups


def _collapsed(candidates: Sequence[Candidate], x: Floats) -> list[list[int]]:
    """Candidates by distinct folded text and distinct vector ("Nul !" and "Nul!" have one), in the order of keys: no two points are equally far."""
    by_words: dict[str, list[int]] = defaultdict(list)
    for i in sorted(range(len(candidates)), key=lambda i: candidates[i].key):
        by_words[fold(candidates[i].text)].append(i)
    points: dict[bytes, list[int]] = defaultdict(list)
    for alike in by_words.values():
        points[x[alike[0]].tobytes()].extend(alike)
    return list(points.values())


def typical(vectors: Floats, points: Ints) -> list[int]:
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
    with quiet():
        with lean():
            from bertopic import BERTopic
            from sklearn.feature_extraction.text import CountVectorizer
            from umap import UMAP

        _keep_compiled()
        smallest = smallest_group(len(points), settings.min_mentions)
        model = BERTopic(
            umap_model=UMAP(
                n_neighbors=N_NEIGHBOURS,
                n_components=N_COMPONENTS,
                n_epochs=N_EPOCHS,
                min_dist=0.0,
                metric="cosine",
                random_state=settings.seed,
                n_jobs=1,
                precomputed_knn=_neighbours(vectors, N_NEIGHBOURS),
                force_approximation_algorithm=True,
            ),
            hdbscan_model=_Clustering(smallest),
            vectorizer_model=CountVectorizer(analyzer=_words),
            verbose=False,
        )
        topics, _ = model.fit_transform([point.text for point in points], embeddings=vectors, y=_guide(points))
    return np.asarray(topics, np.int64)


def lean() -> AbstractContextManager[None]:
    """BERTopic is imported within it: without the language models that it could call."""
    return without("torch", "transformers", "tensorflow")


def _keep_compiled() -> None:
    """Lets numba keep UMAP's compiled functions on disk where it has a folder: every run after a machine's first is some seconds shorter."""
    from umap import layouts, umap_

    for module, names in (
        (umap_, ("smooth_knn_dist", "compute_membership_strengths", "fast_intersection")),
        (layouts, ("tau_rand_int", "clip", "_nb_optimize_layout_euclidean_single_epoch")),
    ):
        for name in names:
            with suppress(AttributeError, RuntimeError):  # named otherwise or not compiled; no folder to write to
                getattr(module, name).enable_caching()


def _neighbours(vectors: Floats, k: int) -> tuple[Ints, Floats]:
    """The nearest points of each, itself among them, and their cosine distances, all exact; no two vectors equal. *Shapes:* (n, k).

    UMAP's own search is approximate beyond 4,096 points and takes half a minute to compile. This one grows with the square of n: 8 s for 40,000 points
    on two cores.
    """
    from sklearn.neighbors import NearestNeighbors

    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    distances, points = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(unit).kneighbors(unit)
    return points, (distances**2 / 2).astype(np.float32)


class _Clustering:
    """HDBSCAN: broad groups where one theme holds them together, the finest elsewhere.

    Broad ("eom") groups of one theme score best on real passages; a broad group without a theme is a domain, not something one can mend. With themes
    to guide, B-cubed F1 .25, purity .39 and 31 % noise, against .18, .39 and 40 % for the finest groups alone.
    """

    def __init__(self, smallest: int) -> None:
        self.smallest = smallest
        self.labels_: Ints = np.zeros(0, np.int64)

    def fit(self, reduced: Floats, y: Ints | None = None) -> _Clustering:
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


def _words(text: str) -> list[str]:
    """Words for BERTopic's own bookkeeping, never none."""
    return WORD.findall(text.lower()) or ["-"]


@contextmanager
def quiet() -> Iterator[None]:
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
