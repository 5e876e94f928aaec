"""What is watched between runs: drift from the core, rest and return, and the remainder; on planted truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from test_edits import A, B, record
from test_registry import embed

from voc_pipeline.registry.watching import Said, drifts, loose_groups, remainder_growth, resting
from voc_pipeline.schema import IrritantKind, Mention
from voc_pipeline.steps.context import Context
from voc_pipeline.steps.watching import _remainder

AS_OF = date(2026, 10, 31)


def _said(chance: np.random.Generator, drop: float, n: int = 120) -> list[Said]:
    """Mentions over a year, those of the last eight weeks nearer or farther by `drop`."""
    days = chance.integers(0, 365, n)
    scores = chance.normal(0.6, 0.05, n) - drop * (days < 56)
    return [Said(f"v{i}", 0, AS_OF - timedelta(days=int(day)), float(score)) for i, (day, score) in enumerate(zip(days, scores, strict=True))]


def test_drift_is_found_where_it_was_planted() -> None:
    """Of irritants whose recent mentions lie farther from their core every one is flagged; with three examples, the farthest."""
    chance = np.random.default_rng(13)
    said = {f"IRR-{i:08d}": _said(chance, 0.08 if i < 5 else 0.0) for i in range(40)}
    found = {drift.irritant_id: drift for drift in drifts(said, AS_OF)}
    flagged = {i for i, drift in found.items() if drift.flagged}
    assert {f"IRR-{i:08d}" for i in range(5)} <= flagged and len(flagged) <= 6
    one = found["IRR-00000000"]
    recent = sorted(s.score for s in said[one.irritant_id] if s.day > AS_OF - timedelta(days=56))
    assert [next(s.score for s in said[one.irritant_id] if s.verbatim_id == v) for v, _ in one.examples] == recent[:3]


def test_nothing_drifts_in_flat_data() -> None:
    """On a hundred flat registries of twenty irritants, fewer than one in ten raises a flag."""
    chance = np.random.default_rng(7)
    raised = sum(any(drift.flagged for drift in drifts({f"i{k}": _said(chance, 0.0) for k in range(20)}, AS_OF)) for _ in range(100))
    assert raised < 10


def test_few_mentions_are_not_tested() -> None:
    """With too few mentions on one side nothing is said about drift."""
    assert drifts({A: _said(np.random.default_rng(1), 0.3, n=20)}, AS_OF) == []


def test_what_nobody_tells_rests_and_comes_back() -> None:
    """Records untold for long retire, unless pinned, split off or not enough was read; a retired one told again comes back."""
    long_ago, lately, year = AS_OF - timedelta(days=200), AS_OF - timedelta(days=20), AS_OF - timedelta(days=365)
    pinned, part = record("IRR-PPPPPPPP", pinned=True), record("IRR-CCCCCCCC", parent=A)
    known = [record(A), record(B), pinned, part, record("IRR-RRRRRRRR", status="retired"), record("IRR-JJJJJJJJ", status="rejected")]
    told = {A: long_ago, B: lately, "IRR-RRRRRRRR": lately}
    assert resting(known, told, AS_OF, year, 180) == ([A], ["IRR-RRRRRRRR"])
    assert resting(known, told, AS_OF, lately, 180) == ([], ["IRR-RRRRRRRR"])


def test_the_remainder_falls_into_its_groups() -> None:
    """What was planted as one topic is one loose group, the largest first, whatever lies around it; single sentences are in none."""
    texts = [f"{topic}: dit {n}" for topic, size in (("panne", 9), ("bruit", 5), *((f"seul {k}", 1) for k in range(30))) for n in range(size)]
    groups = loose_groups(embed(texts), 0.5)
    assert [{texts[i].split(":")[0] for i in group} for group in groups] == [{"panne"}, {"bruit"}]
    assert [len(group) for group in groups] == [9, 5]
    assert loose_groups(embed([]), 0.5) == []


def test_a_growing_remainder_is_told() -> None:
    """A share that grew by points and beyond chance is a warning; one that wavers or shrinks is not."""
    assert remainder_growth((500, 1000), (400, 1000))[2]
    assert not remainder_growth((410, 1000), (400, 1000))[2]
    assert not remainder_growth((400, 1000), (500, 1000))[2]
    assert remainder_growth((0, 0), (1, 2)) == (0.0, 1.0, False)


def test_the_remainder_is_that_of_irritants_by_their_kind() -> None:
    """What lies near an irritant is drawn on the map of the remainder, what lies near a strength is not, whatever their ids look like."""
    irritant, strength = replace(record(A), id="OLD-1", kind=IrritantKind.IRRITANT), replace(record(B), id="IRR-OLD2", kind=IrritantKind.STRENGTH)
    texts = ["le remboursement tarde", "le remboursement traîne", "un accueil charmant"]
    segments = {str(i): SimpleNamespace(segments=(SimpleNamespace(position=0, text=text),)) for i, text in enumerate(texts)}
    mentions = [Mention(str(i), 0, strength.id if i == 2 else irritant.id, 0.4, fallback=True) for i in range(3)]
    drawn: list[str] = []

    def embedded(words: list[str]) -> np.ndarray[Any, Any]:
        drawn.extend(words)
        return np.ones((len(words), 4), np.float32) / 2

    context = SimpleNamespace(
        run_id="r",
        run=SimpleNamespace(ordinal=1),
        standing=lambda: SimpleNamespace(records={irritant.id: irritant, strength.id: strength}),
        store=SimpleNamespace(metrics=lambda *_: [], runs=list),
        embed=embedded,
    )
    _remainder(cast(Context, context), mentions, cast(Any, segments))
    assert drawn == texts[:2]
