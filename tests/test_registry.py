"""Claims, ids, thresholds and refusals, on vectors made here: no model is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc_pipeline import registry
from voc_pipeline.registry import claims
from voc_pipeline.schema import Exemplar, Irritant, IrritantKind, Proposal

DIM = 64
TOPICS = ("remboursement", "livraison", "accueil", "facture", "attente", "panne")


def embed(texts: Sequence[str]) -> registry.Floats:
    """A text `topic: words` is near its topic's direction, apart from it by what its words decide."""
    rows = [_direction(text.split(":")[0]) + 0.45 * _direction(text) for text in texts]
    x = np.array(rows, np.float32).reshape(len(texts), DIM)
    return (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)).astype(np.float16).astype(np.float32)


def _direction(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    vector = np.random.default_rng(seed).normal(size=DIM)
    return vector / np.linalg.norm(vector)


CROWD = embed([f"{topic}: dit {n}" for topic in [*TOPICS, *(f"autre chose {k}" for k in range(60))] for n in range(5)])
"""What proposals are found among."""


def _exemplars(topic: str, n: int = 8, first: int = 0) -> tuple[Exemplar, ...]:
    return tuple(Exemplar(f"v{i}", 0, f"{topic}: phrase {i}", "fr") for i in range(first, first + n))


def _proposal(topic: str, n: int = 8, first: int = 0, label: str = "") -> Proposal:
    label = label or f"{topic} défaillant"
    return Proposal(tuple(range(3 * n)), _exemplars(topic, n, first), (topic,), label, "", {"fr": "derived", "en": "missing"}, "")


def _register(*proposals: Proposal, known: Sequence[Irritant] = (), ordinal: int = 1) -> list[Irritant]:
    snapshot = registry.freeze(known, embed)
    return registry.register(proposals, snapshot, [CROWD], kind=IrritantKind.IRRITANT, run_id=f"run-{ordinal:04}", ordinal=ordinal, embed=embed)


def _record(topic: str, **changes: object) -> Irritant:
    return replace(_register(_proposal(topic))[0], **changes)  # type: ignore[arg-type]  # the fields are named in each test


topics = st.sampled_from(TOPICS)
records = st.lists(
    st.tuples(topics, st.integers(1, 4), st.floats(0.2, 0.9), st.sampled_from(["active", "active", "retired", "rejected"])), max_size=6
)


def _registry_of(drawn: Sequence[tuple[str, int, float, str]]) -> list[Irritant]:
    return [
        Irritant(
            f"IRR-{i:08}",
            IrritantKind.IRRITANT,
            topic,
            "",
            {},
            "",
            (),
            _exemplars(topic, 4, 10 * i),
            round(threshold, 6),
            generation,
            "run-0001",
            status,
        )
        for i, (topic, generation, threshold, status) in enumerate(drawn)
    ]


@settings(deadline=None, max_examples=60)
@given(records, st.lists(st.tuples(topics, st.integers(0, 50)), min_size=1, max_size=12), st.integers(1, 4))
def test_sequential_and_joint_claims_agree(drawn: list[tuple[str, int, float, str]], rows: list[tuple[str, int]], cut: int) -> None:
    """Newborns take what nobody claimed before, and of what was claimed only what they are clearly nearer to; nothing else moves."""
    known = _registry_of(drawn)
    x = embed([f"{topic}: dit {n}" for topic, n in rows])
    joint = registry.claim(x, registry.freeze(known, embed))
    first = registry.claim(x, registry.freeze([i for i in known if i.generation <= cut], embed))
    then = registry.claim(x, registry.freeze([i for i in known if i.generation > cut], embed))
    for whole, old, new in zip(joint, first, then, strict=True):
        if old.fallback and new.fallback:
            assert whole.fallback and whole.score == max(old.score, new.score)
        elif old.fallback:
            assert whole == new
        elif whole != old:
            assert whole.score >= registry.NEARER * old.score and not old.barred and not whole.barred


@settings(deadline=None, max_examples=40)
@given(records, st.permutations(range(12)), st.randoms(use_true_random=False))
def test_a_claim_does_not_move_with_order_or_batch(drawn: list[tuple[str, int, float, str]], order: list[int], random: object) -> None:
    """A segment gets the same irritant and the same score alone, in any batch and whatever order the registry is read in."""
    known = _registry_of(drawn)
    x = embed([f"{TOPICS[n % len(TOPICS)]}: dit {n}" for n in range(12)])
    together = registry.claim(x, registry.freeze(known, embed))
    shuffled = list(known)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    snapshot = registry.freeze(shuffled, embed)
    assert registry.claim(x[order], snapshot) == [together[i] for i in order]
    assert [registry.claim(x[i : i + 1], snapshot)[0] for i in range(12)] == together


def test_scores_are_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory bounds how many rows are scored at a time, never what they score."""
    snapshot = registry.freeze(_register(*map(_proposal, TOPICS)), embed)
    x = embed([f"{topic}: dit {n}" for n in range(9) for topic in TOPICS])
    whole = registry.claim(x, snapshot)
    monkeypatch.setattr(claims, "BLOCK", 7)
    assert registry.claim(x, snapshot) == whole


def test_an_irritant_claims_its_own_and_leaves_the_rest() -> None:
    """What is close to an irritant's exemplars is claimed by it; what is close to none is only given its nearest one, flagged."""
    irritants = _register(*map(_proposal, TOPICS))
    by_topic = {irritant.keywords[0]: irritant.id for irritant in irritants}
    claims = registry.claim(
        embed([f"remboursement: dit {n}" for n in range(20)] + [f"tout autre {n}: chose {n}" for n in range(20)]), registry.freeze(irritants, embed)
    )
    own, other = claims[:20], claims[20:]
    assert sum(c.irritant_id == by_topic["remboursement"] and not c.fallback for c in own) >= 10
    assert sum(not c.fallback for c in other) <= 1
    assert all(c.irritant_id in by_topic.values() for c in other)


@given(st.permutations(range(40)))
def test_what_chance_reaches_is_exact(order: list[int]) -> None:
    """What chance reaches is counted in standard deviations above the mean cosine of all pairs, to the last digit in any order of the rows."""
    x = CROWD[:: len(CROWD) // 40][:40]
    cosines = (x.astype(np.float64) @ x.T.astype(np.float64))[np.triu_indices(40, 1)]
    assert registry.above_chance(x, 3) == pytest.approx(cosines.mean() + 3 * cosines.std(), abs=1e-6)
    assert registry.above_chance(x[order], 3) == registry.above_chance(x, 3)


def test_nothing_claims_by_chance_alone() -> None:
    """One segment, or none, says nothing of what chance reaches: only an exact repeat is claimed."""
    assert registry.above_chance(CROWD[:1], 3) == registry.above_chance(CROWD[:0], 3) == 1.0


def test_an_older_generation_claims_first() -> None:
    """A newborn hardly nearer to a segment does not take it from an older irritant whose threshold is reached."""
    old = _record("attente", id="IRR-OLDOLDOL", generation=1, threshold=0.5)
    young = replace(old, id="IRR-YOUNGYOU", generation=2, exemplars=_exemplars("attente", 8, 40), threshold=0.2)
    x = embed([f"attente: dit {n}" for n in range(40)])
    both = registry.claim(x, registry.freeze([young, old], embed))
    scores = [[claim.score for claim in registry.claim(x, registry.freeze([one], embed))] for one in (old, young)]
    hardly = [0.5 <= o < y < registry.NEARER * o for o, y in zip(*scores, strict=True)]
    assert sum(hardly) >= 5
    assert all(claim.irritant_id == "IRR-OLDOLDOL" for claim, near in zip(both, hardly, strict=True) if near)


def test_a_newborn_takes_what_it_is_clearly_nearer_to() -> None:
    """A specific trouble that is born inside a broad irritant has its own sentences, unless people rejected either of the two."""
    old = _record("attente", id="IRR-OLDOLDOL", generation=1, threshold=0.4)
    young = replace(old, id="IRR-YOUNGYOU", generation=2, exemplars=_exemplars("attente", 1, 900), threshold=0.2)
    x = embed(["attente: phrase 900"])

    def claimed(*records: Irritant) -> tuple[str, bool]:
        claim = registry.claim(x, registry.freeze(records, embed))[0]
        return claim.irritant_id, claim.barred

    assert claimed(old, young) == ("IRR-YOUNGYOU", False)
    assert claimed(old, replace(young, status="rejected")) == ("IRR-OLDOLDOL", False)
    assert claimed(replace(old, status="rejected"), young) == ("IRR-OLDOLDOL", True)


def test_nothing_known_claims_nothing() -> None:
    """An empty registry leaves every segment without an irritant; so does one with only rejected records, which bar what they would claim."""
    x = embed(["facture: dit 1", "accueil: dit 2"])
    nothing = registry.Claim("", 0.0, True)
    assert registry.claim(x, registry.freeze([], embed)) == [nothing, nothing]
    barred, free = registry.claim(x, registry.freeze([rejected := _record("facture", status="rejected")], embed))
    assert (barred.irritant_id, barred.barred, barred.fallback) == (rejected.id, True, False)
    assert free == nothing
    assert registry.claim(np.zeros((0, DIM), np.float32), registry.freeze([_record("facture")], embed)) == []


def test_a_merged_irritant_claims_for_its_target() -> None:
    """After a merge the same segments are claimed, under the id they were merged into, through a chain of merges too."""
    kept = _record("livraison", id="IRR-KEPTKEPT")
    middle = _record("panne", id="IRR-MIDDLEMI", status="merged", redirect="IRR-KEPTKEPT")
    merged = _record("facture", id="IRR-MERGEDME", status="merged", redirect="IRR-MIDDLEMI")
    x = embed(["facture: phrase 1", "livraison: phrase 1"])
    claims = registry.claim(x, registry.freeze([merged, kept, middle], embed))
    assert [(c.irritant_id, c.fallback) for c in claims] == [("IRR-KEPTKEPT", False)] * 2


def test_merges_in_a_circle_claim_nothing() -> None:
    """Redirects that come back to where they started end, and claim nothing."""
    one = _record("facture", id="IRR-AAAAAAAA", status="merged", redirect="IRR-BBBBBBBB")
    two = _record("panne", id="IRR-BBBBBBBB", status="merged", redirect="IRR-AAAAAAAA")
    assert registry.claim(embed(["facture: phrase 1"]), registry.freeze([one, two], embed)) == [registry.Claim("", 0.0, True)]


def test_ids_come_from_the_founding_texts_alone() -> None:
    """An id is a prefix and eight base32 characters, the same whatever the run, the label, the order or the case of the exemplars."""
    first = _register(_proposal("accueil"))[0]
    proposal = _proposal("accueil", label="autre nom")
    again = _register(replace(proposal, exemplars=proposal.exemplars[::-1], keywords=("x",)), ordinal=7)[0]
    louder = _register(replace(proposal, exemplars=tuple(replace(e, text=e.text.upper()) for e in proposal.exemplars)))[0]
    assert first.id == again.id == louder.id
    assert first.id[:4] == "IRR-" and len(first.id) == 12 and set(first.id[4:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert _register(_proposal("accueil", first=50))[0].id != first.id


@pytest.mark.parametrize(("kind", "prefix"), [(IrritantKind.IRRITANT, "IRR"), (IrritantKind.STRENGTH, "STR"), (IrritantKind.SUGGESTION, "SUG")])
def test_each_kind_has_its_prefix(kind: IrritantKind, prefix: str) -> None:
    """The same texts found a record of each kind under an id of that kind."""
    born = registry.register([_proposal("accueil")], registry.freeze([], embed), [CROWD], kind=kind, run_id="run-0001", ordinal=3, embed=embed)
    assert [(i.id[:3], i.kind, i.generation, i.first_run, i.status) for i in born] == [(prefix, kind, 3, "run-0001", "active")]


def test_a_taken_id_is_never_given_twice() -> None:
    """Texts whose id another record already has get another one."""
    first = _register(_proposal("accueil"))[0]
    stranger = replace(_record("panne"), id=first.id)
    born = _register(_proposal("accueil"), known=[stranger])
    assert len(born) == 1 and born[0].id != first.id


@pytest.mark.parametrize("status", ["active", "merged", "rejected", "retired"])
def test_a_repeat_is_refused(status: str) -> None:
    """A proposal that tells of what a known record tells of is not registered, even where a person rejected that record."""
    known = _record("attente", status=status)
    assert _register(_proposal("attente", first=40), known=[known], ordinal=2) == []
    assert len(_register(_proposal("panne"), known=[known], ordinal=2)) == 1


def test_proposals_that_repeat_one_another_are_born_once() -> None:
    """Of two proposals of one thing the larger is born, in whatever order they come."""
    large, small = _proposal("attente", n=9), _proposal("attente", n=5, first=40)
    born = [[i.id for i in _register(*pair)] for pair in ((large, small), (small, large))]
    assert born[0] == born[1] == [_register(large)[0].id]


def test_strangers_found_no_irritant() -> None:
    """A proposal whose texts are hardly nearer to one another than any two are is not born."""
    strangers = tuple(Exemplar(f"v{i}", 0, f"sujet {i}: phrase {i}", "fr") for i in range(8))
    assert _register(replace(_proposal("attente"), exemplars=strangers)) == []
    assert len(_register(_proposal("attente"))) == 1


def test_a_crowd_of_praise_hides_no_irritant() -> None:
    """Where segments of other kinds are many and all alike, so that chance reaches high among all of them, what complaints have in common decides."""
    praise = embed([f"merci: très bien {n % 3}" for n in range(300)])
    everything = np.vstack([CROWD, praise])
    assert registry.above_chance(everything, registry.BIRTH_SPREADS) > registry.above_chance(CROWD, registry.BIRTH_SPREADS) + 0.2
    born = registry.register(
        [_proposal("attente")], registry.freeze([], embed), [CROWD, everything], kind=IrritantKind.IRRITANT, run_id="run-0001", ordinal=1, embed=embed
    )
    assert [irritant.threshold for irritant in born] == [registry.claim_level([CROWD])]


def test_a_proposal_with_too_few_texts_is_refused() -> None:
    """An irritant is known by at least three different texts; the same one said three times is not enough."""
    same = tuple(Exemplar(f"v{i}", 0, "attente: phrase 1", "fr") for i in range(5))
    assert _register(replace(_proposal("attente"), exemplars=same)) == []
    assert _register(_proposal("attente", n=2)) == []


def test_a_new_encoder_keeps_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors are derived from texts: frozen with another encoder, the same records claim under the same ids."""
    irritants = _register(_proposal("remboursement"), _proposal("livraison"))

    def turned(texts: Sequence[str]) -> registry.Floats:
        return np.ascontiguousarray(embed(texts)[:, ::-1])

    texts = [f"{topic}: phrase {n}" for topic in ("remboursement", "livraison") for n in range(6)]
    assert registry.claim(turned(texts), registry.freeze(irritants, turned)) == registry.claim(embed(texts), registry.freeze(irritants, embed))


def test_vectors_of_two_models_are_never_compared() -> None:
    """Segments encoded by a model of another size are an error that says what to do."""
    with pytest.raises(ValueError, match="encode both with one model"):
        registry.claim(np.zeros((1, DIM + 1), np.float32), registry.freeze([_record("panne")], embed))


def test_two_records_of_one_id_are_refused() -> None:
    """A registry with one id twice is not frozen."""
    with pytest.raises(ValueError, match="share an id"):
        registry.freeze([_record("panne"), _record("panne")], embed)
