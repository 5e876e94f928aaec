"""Discovery on small made vectors and texts of our own; the language room is replaced by plain word lists where labels are not the point."""

from __future__ import annotations

import hashlib
import logging
import random
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from voc_pipeline import discover, language
from voc_pipeline.config import Discovery
from voc_pipeline.discover import Candidate
from voc_pipeline.schema import IrritantKind, Proposal

DIM = 32
SETTINGS = Discovery(min_mentions=5, min_segments=50)
TELLINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "refund_late": (
        "fr",
        ("le remboursement du canapé traîne", "toujours aucun remboursement du canapé", "remboursement du canapé promis, rien reçu"),
    ),
    "unreachable_phone": ("fr", ("la hotline ne décroche jamais", "impossible de joindre la hotline", "hotline injoignable tout l'après-midi")),
    "delivery_late": (
        "en",
        ("the washing machine came three weeks late", "late washing machine again", "still waiting for the washing machine delivery"),
    ),
    "": ("fr", ("ma carte vitale est périmée", "on refuse ma carte vitale", "carte vitale illisible au guichet")),
}


def _direction(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    vector = np.random.default_rng(seed).normal(size=DIM)
    return vector / np.linalg.norm(vector)


def _corpus(n: int = 20, alone: int = 12) -> tuple[list[Candidate], discover.Floats]:
    """`n` tellings of each topic, all different, and `alone` texts that nothing else resembles."""
    candidates, rows = [], []
    for theme, (lang, wordings) in TELLINGS.items():
        for i in range(n):
            text = f"{wordings[i % len(wordings)]}, {['hélas', 'encore', 'dit', 'bref', 'donc', 'enfin', 'vraiment'][i % 7]} {'x' * (i + 1)}"
            candidates.append(Candidate(f"{theme}:{i:03}", f"{theme}-{i}", 0, text, lang, theme, 0.8 if theme else 0.0))
            rows.append(_direction(f"topic {theme}") + 0.35 * _direction(text))
    for i in range(alone):
        candidates.append(Candidate(f"zz:{i:03}", f"alone-{i}", 0, f"propos isolé numéro {'y' * (i + 1)}", "fr"))
        rows.append(_direction(f"alone {i}"))
    x = np.array(rows, np.float32)
    return candidates, (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def test_equal_vectors_are_one_point_whatever_the_number_of_threads() -> None:
    """Texts that only blanks or accents tell apart have one vector, and never change what a group is with the number of threads."""
    from threadpoolctl import threadpool_limits

    candidates, x = _corpus()
    twins = [replace(c, key=f"{c.key}b", verbatim_id=f"{c.verbatim_id}b", text=f"{c.text} !") for c in candidates[::2]]
    everyone, vectors = [*candidates, *twins], np.concatenate([x, x[::2]])
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(discover.propose(everyone, vectors, kind=IrritantKind.IRRITANT, settings=SETTINGS, languages=("fr", "en")))
    assert found[0] and found[0] == found[1]
    for proposal in found[0]:
        members = set(proposal.members)
        assert all((i in members) == (len(candidates) + i // 2 in members) for i in range(0, len(candidates), 2))


def test_neighbours_are_the_nearest_by_cosine() -> None:
    """The neighbours that UMAP is given are those of the whole matrix of cosines."""
    from voc_pipeline.discover.grouping import _neighbours

    x = np.random.default_rng(5).normal(size=(300, 16)).astype(np.float32)
    points, distances = _neighbours(x, 7)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = 1 - unit @ unit.T
    np.fill_diagonal(cosines, 0)
    assert (points == np.argsort(cosines, axis=1)[:, :7]).all()
    np.testing.assert_allclose(distances, np.sort(cosines, axis=1)[:, :7], atol=1e-5)


def test_a_numba_that_cannot_keep_anything_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder to write to, or under another UMAP, functions are compiled as before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap warns that Tensorflow is missing
        from umap import umap_

    from voc_pipeline.discover.grouping import _keep_compiled

    class NoFolder:
        def enable_caching(self) -> None:
            raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(umap_, "smooth_knn_dist", NoFolder())
    monkeypatch.delattr(umap_, "fast_intersection")
    _keep_compiled()


@pytest.fixture
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language room without a model: content words for lemmas, pairs of neighbouring content words for noun phrases."""

    def content(text: str, lang: str) -> list[str]:
        return [word for word in re.findall(r"[^\W\d_]{3,}", text.lower()) if word not in language.stop_words(lang) and set(word) - set("xy")]

    def pairs(text: str, lang: str) -> list[str]:
        found = content(text, lang)
        return [*found, *(f"{a} {b}" for a, b in pairwise(found) if f"{a} {b}" in text.lower())]

    monkeypatch.setattr(language, "terms", lambda texts, lang: [(content(text, lang), pairs(text, lang)) for text in texts])


def _propose(
    candidates: Sequence[Candidate], x: discover.Floats, kind: IrritantKind = IrritantKind.IRRITANT, settings: Discovery = SETTINGS
) -> list[Proposal]:
    return discover.propose(candidates, x, kind=kind, settings=settings, languages=("fr", "en"))


pytestmark = pytest.mark.usefixtures("words_alone")


def test_what_recurs_is_proposed_and_nothing_else() -> None:
    """Each planted topic is found, the three that have a theme as one proposal each, and hardly a text that nothing resembles gets in."""
    candidates, x = _corpus()
    proposals = _propose(candidates, x)
    assert sorted({p.theme for p in proposals}) == sorted(TELLINGS)
    assert len([p for p in proposals if p.theme]) == len(TELLINGS) - 1
    for proposal in proposals:
        planted = {candidates[i].key.split(":")[0] for i in proposal.members}
        assert len(planted - {"zz"}) == 1
        assert sum(candidates[i].key.startswith("zz") for i in proposal.members) <= 2
        assert proposal.members == tuple(sorted(proposal.members))


def test_order_of_input_changes_nothing() -> None:
    """The same candidates shuffled give the same proposals, to the last exemplar and keyword."""
    candidates, x = _corpus()
    straight = _propose(candidates, x)
    for seed in (1, 2):
        order = list(range(len(candidates)))
        random.Random(seed).shuffle(order)
        shuffled = _propose([candidates[i] for i in order], x[order])
        assert [{candidates[order[i]].key for i in p.members} for p in shuffled] == [{candidates[i].key for i in p.members} for p in straight]
        assert [replace(p, members=()) for p in shuffled] == [replace(p, members=()) for p in straight]


def test_identical_texts_never_part() -> None:
    """A text said by many, whatever its case and blanks, is in one proposal or in none, wholly."""
    candidates, x = _corpus()
    twins = [5, 25, 45, 80]
    repeats = [
        replace(candidates[i], key=f"{candidates[i].key}+{n}", verbatim_id=f"twin-{i}-{n}", text=f" {candidates[i].text.upper()}  ")
        for i in twins
        for n in range(4)
    ]
    everyone = [*candidates, *repeats]
    where = {i: n for n, p in enumerate(_propose(everyone, np.vstack([x, np.repeat(x[twins], 4, axis=0)]))) for i in p.members}
    for k, i in enumerate(twins):
        assert len({where.get(j, -1) for j in [i, *range(len(candidates) + 4 * k, len(candidates) + 4 * k + 4)]}) == 1


@pytest.mark.parametrize("n", [0, 1, 12, 49])
def test_a_small_run_proposes_nothing(n: int) -> None:
    """Below the smallest run there is no discovery, and no error either."""
    candidates, x = _corpus()
    assert _propose(candidates[:n], x[:n]) == []


def test_one_text_said_by_all_proposes_nothing() -> None:
    """Where everybody says the same words there is no neighbourhood to cut, and no error either."""
    candidates, x = _corpus()
    assert _propose([replace(c, text="Rien à dire") for c in candidates], np.repeat(x[:1], len(x), axis=0)) == []


def test_unlike_texts_are_not_one_irritant() -> None:
    """Texts without anything in common end without an error, and are never one proposal all together (the registry asks whether a group is coherent)."""
    candidates, x = _corpus(n=0, alone=60)
    assert all(len(p.members) < 40 for p in _propose(candidates, x))


@pytest.mark.parametrize(("tellers", "proposed"), [(1, False), (SETTINGS.min_mentions - 1, False), (SETTINGS.min_mentions, True)])
def test_one_talkative_verbatim_is_no_irritant(tellers: int, proposed: bool) -> None:
    """A topic told by fewer verbatims than `min_mentions` is not proposed, however many segments tell it; one told by as many is; the others are either way."""
    candidates, x = _corpus()
    told = [i for i, c in enumerate(candidates) if c.theme == "refund_late"]
    talkative = [replace(c, verbatim_id=f"talkative-{i % tellers}") if i in told else c for i, c in enumerate(candidates)]
    themes = [p.theme for p in _propose(talkative, x)]
    members = {i for p in _propose(talkative, x) for i in p.members}
    assert ("refund_late" in themes) is proposed and bool(members & set(told)) is proposed
    assert {"unreachable_phone", "delivery_late"} <= set(themes)


def test_labels_name_object_and_failure() -> None:
    """A sure theme gives the failure in both languages, the texts give the object in theirs; without a theme the label is the texts' own, and the other is marked missing."""
    candidates, x = _corpus()
    by_theme = {p.theme: p for p in _propose(candidates, x)}
    late = by_theme["refund_late"]
    assert late.label_fr.startswith("remboursement tardif (canapé") and late.label_en == "late refund"
    assert late.label_status == {"fr": "derived", "en": "category"}
    machine = by_theme["delivery_late"]
    assert machine.label_fr == "livraison en retard"
    assert machine.label_en == "late delivery (washing machine)"
    card = by_theme[""]
    assert "vitale" in card.label_fr and card.label_en == ""
    assert card.label_status == {"fr": "derived", "en": "missing"}


def test_a_theme_names_an_irritant_in_both_languages() -> None:
    """Where one language has the theme's wording, so has the other, though nobody tells it there; where that is taken, with the object as it is said."""
    candidates, x = _corpus()
    weak = [replace(c, p_theme=0.15) if c.theme else c for c in candidates]
    assert {p.label_en for p in _propose(weak, x) if p.theme == "refund_late"} == {"late refund"}
    proposals = discover.propose(weak, x, kind=IrritantKind.IRRITANT, settings=SETTINGS, languages=("fr", "en"), known={"en": {"late refund"}})
    late = next(p for p in proposals if p.theme == "refund_late")
    assert late.label_fr and late.label_en.startswith("late refund (") and "canapé" in late.label_en and late.label_status["en"] == "derived"


def test_labels_and_keywords_are_no_function_words() -> None:
    """No label or keyword is made of stop words alone, and none holds a placeholder or a digit."""
    candidates, x = _corpus()
    noisy = [replace(c, text=f"{c.text} de la pas [NAME] 42") for c in candidates]
    for proposal in _propose(noisy, x):
        for wording in filter(None, (proposal.label_fr, proposal.label_en, *proposal.keywords)):
            words = re.findall(r"[^\W\d_]+", wording.lower())
            assert any(set(words) - language.stop_words(lang) for lang in ("fr", "en"))
            assert not re.search(r"[\d\[\]]", wording)


def test_no_two_labels_are_the_same() -> None:
    """Two groups of one theme are told apart by their objects, or are one."""
    candidates, x = _corpus()
    same = [replace(c, theme="refund_late", p_theme=0.9) if c.lang == "fr" and not c.key.startswith("zz") else c for c in candidates]
    labels = [p.label_fr for p in _propose(same, x) if p.label_fr]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize(
    ("n_words", "sure", "proposed"), [(3, 0.15, False), (9, 0.15, True), (3, 0.5, True)], ids=["fragments", "sentences", "fragments of a sure theme"]
)
def test_fragments_that_only_sound_alike_are_no_irritant(n_words: int, sure: float, proposed: bool) -> None:
    """Short texts without a word in common are named by a theme only if it is sure; else they are neither an irritant nor part of a larger one of that theme."""
    candidates, x = _corpus()

    def unlike(i: int) -> str:
        return " ".join("".join(chr(97 + (i * 7 + n * 11 + k * 5) % 24) for k in range(6)) + chr(97 + i) for n in range(n_words))

    weak = [replace(c, text=unlike(i), p_theme=sure, theme="delivery_late", lang="en") if c.theme == "refund_late" else c for i, c in enumerate(candidates)]
    told = {i for i, c in enumerate(candidates) if c.theme == "refund_late"}
    assert any(len(told & set(p.members)) > len(told) / 2 for p in _propose(weak, x)) is proposed


@pytest.mark.parametrize("kind", list(IrritantKind))
def test_each_kind_words_its_themes(kind: IrritantKind) -> None:
    """What is praised or asked for is never named by a failure."""
    candidates, x = _corpus()
    names = discover.load_themes()["refund_late"].names[kind]
    late = next(p for p in _propose(candidates, x, kind) if p.theme == "refund_late")
    assert late.label_fr.startswith(names["fr"]) and late.label_en == names["en"]


def test_exemplars_are_different_readable_segments() -> None:
    """A proposal is known by at least three different texts of different verbatims, all of them its members."""
    candidates, x = _corpus()
    for proposal in _propose(candidates, x):
        texts = [exemplar.text for exemplar in proposal.exemplars]
        assert 3 <= len(texts) == len(set(texts)) <= discover.N_EXEMPLARS
        assert {e.verbatim_id for e in proposal.exemplars} <= {candidates[i].verbatim_id for i in proposal.members}


def test_discovery_is_silent(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Neither progress, nor warnings, nor log lines of the libraries come through, and the warning filters are as they were."""
    filters = list(warnings.filters)
    with caplog.at_level(logging.INFO):
        candidates, x = _corpus()
        _propose(candidates, x)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert warnings.filters == filters


def test_a_row_without_a_vector_is_an_error() -> None:
    """Vectors and candidates go in pairs."""
    candidates, x = _corpus()
    with pytest.raises(ValueError, match="vectors for"):
        _propose(candidates, x[:-1])


def test_groups_grow_with_the_run() -> None:
    """The smallest group follows the square root of the run, never under the configured number of mentions."""
    assert discover.smallest_group(100, 8) == 8
    sizes = [discover.smallest_group(n, 8) for n in (100, 1000, 5000, 20_000)]
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]


def test_every_theme_has_a_name_for_each_kind_and_language() -> None:
    """The shipped list is complete and no two themes share a name."""
    themes = discover.load_themes()
    assert len(themes) == 59
    for kind in IrritantKind:
        for lang in ("fr", "en"):
            names = [theme.names[kind][lang] for theme in themes.values()]
            assert all(names)
            assert len(set(names)) == len(names)
