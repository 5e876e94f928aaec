"""New troubles inside known irritants, on vectors made here."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from voc_pipeline.registry import Floats
from voc_pipeline.registry.parting import PART_Q, Saying, partings

DIM, LEVEL, SMALLEST = 48, 0.6, 8
AS_OF = date(2026, 10, 31)


def _mentions(n_rest: int = 60, n_new: int = 20, recent: int = 18, irritant: str = "IRR-BROADBRO", seed: int = 0) -> tuple[list[Saying], Floats]:
    """An irritant told evenly all year, and inside it a group of close sentences told lately by `recent` of `n_new` customers."""
    chance = np.random.default_rng(seed)
    broad, new = (chance.normal(size=DIM) / np.sqrt(DIM) for _ in range(2))
    rows, sayings = [], []
    for i in range(n_rest + n_new):
        inside = i >= n_rest
        days = int(chance.integers(0, 30)) if inside and i - n_rest < recent else int(chance.integers(70, 360)) if inside else i * 360 // n_rest
        rows.append(broad + (1.2 * new if inside else 0) + (0.4 if inside else 0.9) * chance.normal(size=DIM) / np.sqrt(DIM))
        sayings.append(Saying(f"{irritant}{i:04d}", irritant, f"{irritant} dit {i}", f"client {irritant} {i}", AS_OF - timedelta(days=days)))
    x = np.array(rows, np.float32)
    return sayings, (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def test_a_new_trouble_inside_a_broad_irritant_parts_from_it() -> None:
    """A close group that nearly everybody told lately, while the rest is told evenly, is found with its figures, hardly a stranger in it."""
    sayings, x = _mentions()
    (parting,) = partings(sayings, x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF)
    assert len(set(parting.rows) & set(range(60, 80))) >= 16 and len(set(parting.rows) - set(range(60, 80))) <= 2
    assert parting.recent + parting.earlier == len(parting.rows) and parting.recent >= 14
    assert parting.irritant_id == "IRR-BROADBRO" and parting.q <= PART_Q


@pytest.mark.parametrize("recent", [0, 3])
def test_what_is_told_evenly_stays_whole(recent: int) -> None:
    """A close group alone parts nothing: it must be told lately far more than the rest."""
    sayings, x = _mentions(recent=recent)
    assert partings(sayings, x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF) == []


def test_one_talkative_customer_parts_nothing() -> None:
    """Customers are counted, not sentences."""
    sayings, x = _mentions()
    talkative = [replace(one, teller="client 0") if i >= 60 else one for i, one in enumerate(sayings)]
    assert partings(talkative, x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF) == []


def test_unclaimed_and_undated_sentences_part_nothing() -> None:
    """Groups are looked for inside irritants alone, among what has a day."""
    sayings, x = _mentions()
    assert partings([replace(one, irritant_id="") for one in sayings], x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF) == []
    assert partings([replace(one, day=None) for one in sayings], x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF) == []
    assert partings([], x[:0], level=LEVEL, smallest=SMALLEST, as_of=AS_OF) == []


def test_order_of_mentions_changes_no_parting() -> None:
    """Shuffled mentions give the same groups and figures."""
    one, x = _mentions()
    other, y = _mentions(irritant="IRR-OTHEROTH", seed=1)
    sayings, vectors = [*one, *other], np.vstack([x, y])
    straight = partings(sayings, vectors, level=LEVEL, smallest=SMALLEST, as_of=AS_OF)
    order = list(range(len(sayings)))
    random.Random(3).shuffle(order)
    shuffled = partings([sayings[i] for i in order], vectors[order], level=LEVEL, smallest=SMALLEST, as_of=AS_OF)
    assert len(straight) == 2
    assert [(p.irritant_id, sorted(order[row] for row in p.rows), p.q) for p in shuffled] == [(p.irritant_id, list(p.rows), p.q) for p in straight]


def test_identical_sentences_part_together() -> None:
    """A sentence said twice, in other case, is inside a group with both of its mentions or with none."""
    sayings, x = _mentions()
    twins = [replace(one, key=f"{one.key}b", text=one.text.upper(), teller=f"{one.teller} bis") for one in sayings[::3]]
    (parting,) = partings([*sayings, *twins], np.vstack([x, x[::3]]), level=LEVEL, smallest=SMALLEST, as_of=AS_OF)
    inside = set(parting.rows)
    assert all((3 * i in inside) == (len(sayings) + i in inside) for i in range(len(twins)))


def test_chance_seldom_parts() -> None:
    """Where days are dealt at random, hardly one run in twenty sees a group depart."""
    sayings, x = _mentions()
    days = [one.day for one in sayings]
    seen = 0
    for seed in range(60):
        random.Random(seed).shuffle(days)
        dealt = [replace(one, day=day) for one, day in zip(sayings, days, strict=True)]
        seen += bool(partings(dealt, x, level=LEVEL, smallest=SMALLEST, as_of=AS_OF))
    assert seen <= 6
