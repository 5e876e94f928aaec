"""Irritants that last: which one claims a segment, which proposals are new, what each is called by id. Pure logic on texts and vectors.

Known irritants claim before anything is discovered, from a snapshot frozen for the run. Cosines are exact: vectors are taken as float16 holds them,
so a sum of their products fits float64 without rounding, and a score does not move with the batch, the order or the machine it is computed on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from voc_pipeline.keys import fold
from voc_pipeline.schema import Exemplar, Irritant, IrritantKind, Proposal

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], Floats]

PREFIX: Mapping[IrritantKind, str] = {IrritantKind.IRRITANT: "IRR", IrritantKind.STRENGTH: "STR", IrritantKind.SUGGESTION: "SUG"}
N_BEST = 3
"""Exemplars nearest to a segment whose mean cosine is its claim score."""
CLAIM_SPREADS, BIRTH_SPREADS = 3.0, 3.5
"""How far above the cosine of two segments taken by chance a claim score must lie, in standard deviations of such cosines; and, for a proposal to be
born, the claim scores that its exemplars (half of them at least) reach against one another. Measured on 6,260 real passages, most of which the encoder
was trained on: with 30 % of the categories unknown to the registry, 2.5, 3, 3.5 and 4 give F1 of claims .50, .51, .51, .49, and claim .83, .61, .37, .20
of the passages of unknown ones; 3 leaves the fewest without an irritant at the same F1. Groups under 3.5 hold .45 of one category, those above .60."""
REPEAT_RATIO = 0.87
"""How near a proposal is to a known record, over how near it is to itself, from which it repeats that record."""
BLOCK = 4096
"""Rows scored at a time, to bound memory; the answer does not depend on it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Which irritant a segment tells of.

    Attributes:
        irritant_id: Of the irritant that claims it or, with `fallback`, of the nearest one; "" where nothing is registered.
        score: Claim score, in [0, 1].
        fallback: Nobody claims it: shown, never counted.
    """

    irritant_id: str
    score: float
    fallback: bool


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The registry as it stands for one run.

    Attributes:
        irritants: Every record, by generation then id: those that claim and those that only bar a repeat.
        claims_for: For each of them the id its claims go to (its own, or that of the one it was merged into), "" where it claims nothing.
        vectors: Exemplars of all of them, of length one. *Shape:* (n_exemplars, dim).
        starts: Row of `vectors` where each irritant's exemplars start, and the end. *Shape:* (n_irritants + 1,).
    """

    irritants: tuple[Irritant, ...]
    claims_for: tuple[str, ...]
    vectors: Doubles
    starts: tuple[int, ...]


def freeze(irritants: Sequence[Irritant], embed: Embed) -> Snapshot:
    """The snapshot of a run. Vectors are derived from the exemplars' texts, so a new encoder changes no id.

    Active irritants claim, merged ones claim for the one they were merged into, retired ones under their own id, so that a return is seen;
    rejected ones claim nothing and only bar a repeat.

    Args:
        irritants: Records of the registry, in any order, merged and rejected ones among them.
        embed: Texts to vectors, *Shape:* (n, dim).

    Raises:
        ValueError: two records share an id.
    """
    ordered = sorted(irritants, key=lambda irritant: (irritant.generation, irritant.id))
    by_id = {irritant.id: irritant for irritant in ordered}
    if len(by_id) < len(ordered):
        raise ValueError("two records of the registry share an id")
    texts = [_distinct_texts(irritant.exemplars) for irritant in ordered]
    starts = np.cumsum([0, *map(len, texts)])
    return Snapshot(
        irritants=tuple(ordered),
        claims_for=tuple(claims_for(irritant, by_id) if own else "" for irritant, own in zip(ordered, texts, strict=True)),
        vectors=_embedded([text for own in texts for text in own], embed),
        starts=tuple(map(int, starts)),
    )


def claim(x: Floats, snapshot: Snapshot) -> list[Claim]:
    """What each segment tells of. Depends on the segment and the snapshot, on nothing else.

    Generations are asked in order of birth; in each, the best irritant whose score reaches its threshold claims. So those born later only take what
    nobody claimed before, and claiming with them afterwards gives the same answer as claiming with all at once.

    Args:
        x: Segment vectors. *Shape:* (n, dim).
        snapshot: Of one kind of records.

    Returns:
        One claim a row.

    Raises:
        ValueError: `x` and the snapshot are of different models.
    """
    claimers = [i for i, target in enumerate(snapshot.claims_for) if target]
    if not len(x) or not claimers:
        return [Claim("", 0.0, True)] * len(x)
    if x.shape[1] != snapshot.vectors.shape[1]:
        raise ValueError(f"segment vectors have {x.shape[1]} dimensions, the registry's {snapshot.vectors.shape[1]}: encode both with one model")
    thresholds = np.array([snapshot.irritants[i].threshold for i in claimers])
    generations = np.array([snapshot.irritants[i].generation for i in claimers])
    claims: list[Claim] = []
    for start in range(0, len(x), BLOCK):
        scores = _scores(_exact(x[start : start + BLOCK]), snapshot, claimers)
        reached = np.where(scores >= thresholds, scores, -1.0)
        winner = np.full(len(scores), -1)
        for generation in np.unique(generations):
            born_then = np.flatnonzero(generations == generation)
            best = born_then[reached[:, born_then].argmax(1)]
            free = (winner < 0) & (reached[np.arange(len(scores)), best] >= 0)
            winner[free] = best[free]
        nearest = scores.argmax(1)
        for row in range(len(scores)):
            chosen = int(winner[row] if winner[row] >= 0 else nearest[row])
            claims.append(Claim(snapshot.claims_for[claimers[chosen]], round(float(scores[row, chosen]), 6), bool(winner[row] < 0)))
    return claims


def register(
    proposals: Sequence[Proposal], snapshot: Snapshot, crowds: Sequence[Floats], *, kind: IrritantKind, run_id: str, ordinal: int, embed: Embed
) -> list[Irritant]:
    """The newborns among proposals: those that hold together, and repeat no known record, a rejected one included, nor one another.

    Args:
        proposals: In any order; the largest is looked at first.
        snapshot: What was known when the run began, of the same kind.
        crowds: Vectors of the run's segments that chance is measured on, claimed ones too: those of this kind, and those of all kinds. *Shape:* (n, dim)
            each. The lower level counts: praise that is all alike would hide every strength, and many times more praise than complaint every irritant.
        kind: Of the newborns.
        run_id: Run that bears them.
        ordinal: Its rank, which becomes their generation.
        embed: Texts to vectors, *Shape:* (n, dim).

    Returns:
        Records with id and threshold, by id. The id comes from the founding exemplars' texts alone; the threshold from the crowds, and it stays.
    """
    spans = pairwise(snapshot.starts)
    met = [
        snapshot.vectors[start:end] for irritant, (start, end) in zip(snapshot.irritants, spans, strict=True) if irritant.kind is kind and end > start
    ]
    taken = {irritant.id for irritant in snapshot.irritants}
    threshold, coherent = claim_level(crowds), min(above_chance(x, BIRTH_SPREADS) for x in crowds)
    born: list[Irritant] = []
    for proposal in sorted(proposals, key=lambda proposal: (-len(proposal.members), _digest(kind, proposal, 0))):
        vectors = _embedded(_distinct_texts(proposal.exemplars), embed)
        if len(vectors) < N_BEST or np.median(_leave_one_out(vectors)) < coherent or any(_repeats(vectors, other) for other in met):
            continue
        met.append(vectors)
        attempt = 0
        while (name := f"{PREFIX[kind]}-{_digest(kind, proposal, attempt)}") in taken:
            attempt += 1
        taken.add(name)
        born.append(
            Irritant(
                id=name,
                kind=kind,
                label_fr=proposal.label_fr,
                label_en=proposal.label_en,
                label_status=dict(proposal.label_status),
                theme=proposal.theme,
                keywords=proposal.keywords,
                exemplars=proposal.exemplars,
                threshold=threshold,
                generation=ordinal,
                first_run=run_id,
            )
        )
    return sorted(born, key=lambda irritant: irritant.id)


def claim_level(crowds: Sequence[Floats]) -> float:
    """The threshold of records that are born, or carried to another model, in a run: a claim score well above chance.

    Args:
        crowds: As `register` takes them. *Shape:* (n, dim) each.
    """
    return min(above_chance(x, CLAIM_SPREADS) for x in crowds)


def above_chance(x: Floats, spreads: float) -> float:
    """A claim score that lies some standard deviations above the cosine of two segments taken by chance.

    Measured against what the company's own segments have in common, so it needs no tuning from one trade or encoder to the next. On held-out members,
    with 30 % of the categories hidden, one level for all irritants lost to none of the others tried: quantiles of each irritant's own scores or of its
    rivals', and mixtures of both.

    Args:
        x: Segment vectors of length one. *Shape:* (n, dim).
        spreads: How many standard deviations.

    Returns:
        A score in [0, 1]; exact, whatever the order of the rows.
    """
    n = len(x)
    if n < 2:
        return 1.0
    exact = _exact(x)
    sums, squares = exact.sum(0), exact.T @ exact
    pairs = n * (n - 1)
    own = (exact * exact).sum(1)
    mean = (float(sums @ sums) - float(own.sum())) / pairs
    second = (float((squares * squares).sum()) - float((own * own).sum())) / pairs
    return round(float(np.clip(mean + spreads * np.sqrt(max(second - mean * mean, 0.0)), 0.0, 1.0)), 6)


# ---------------------------------------------------------------- ids and repeats


def _digest(kind: IrritantKind, proposal: Proposal, attempt: int) -> str:
    """Eight base32 characters from the exemplars' texts, whatever their order."""
    words = [kind.value, *sorted({fold(exemplar.text) for exemplar in proposal.exemplars}), *([str(attempt)] if attempt else [])]
    return base64.b32encode(hashlib.sha256("\n".join(words).encode()).digest()).decode()[:8]


def _leave_one_out(vectors: Doubles) -> Doubles:
    """Claim score of each exemplar against the others. *Shape:* (n,)."""
    cosines = _cosines(vectors, vectors)
    np.fill_diagonal(cosines, -np.inf)
    return _best_mean(cosines, min(N_BEST, len(vectors) - 1))


def _repeats(vectors: Doubles, other: Doubles) -> bool:
    """Whether a proposal tells of what a known record tells of: its exemplars are nearly as near to that one's as they are to one another.

    Measured on topics of real passages: two halves of one topic reach .87 or more of their own closeness in 52 cases of 55, the nearest other topic in
    4 of 86.
    """
    across = float(np.mean(_best_mean(_cosines(vectors, other), min(N_BEST, len(other)))))
    return across >= REPEAT_RATIO * float(np.mean(_leave_one_out(vectors)))


# ---------------------------------------------------------------- exact cosines


def claims_for(irritant: Irritant, by_id: Mapping[str, Irritant]) -> str:
    """Id that an irritant's claims go to, merges followed; "" where it claims nothing."""
    seen: set[str] = set()
    while irritant.status == "merged" and irritant.redirect in by_id and irritant.id not in seen:
        seen.add(irritant.id)
        irritant = by_id[irritant.redirect]
    return "" if irritant.status in ("rejected", "merged") else irritant.id


def _distinct_texts(exemplars: Iterable[Exemplar]) -> list[str]:
    """One text for each folded text, in order."""
    kept: dict[str, str] = {}
    for exemplar in exemplars:
        kept.setdefault(fold(exemplar.text), exemplar.text)
    return list(kept.values())


def _embedded(texts: Sequence[str], embed: Embed) -> Doubles:
    """Vectors of texts, exact. *Shape:* (len(texts), dim), or (0, 0)."""
    return _exact(embed(texts)) if texts else np.zeros((0, 0))


def _exact(x: Floats) -> Doubles:
    """Values as float16 holds them: products of two have 22 bits, so their sum over a vector of length one is exact in float64 in any order."""
    return x.astype(np.float16).astype(np.float64)


def _cosines(left: Doubles, right: Doubles) -> Doubles:
    """Cosines of all pairs; 0 where a vector is null. *Shape:* (n_left, n_right)."""
    norms = [np.sqrt(np.maximum((side * side).sum(1), 1e-12)) for side in (left, right)]
    cosines: Doubles = left @ right.T / (norms[0][:, None] * norms[1][None, :])
    return cosines


def _best_mean(cosines: Doubles, n_best: int) -> Doubles:
    """Mean of the best cosines of each row, added in a fixed order, no less than 0. *Shape:* (n,)."""
    best = np.sort(cosines, axis=1)[:, ::-1]
    total = best[:, 0]
    for column in range(1, n_best):
        total = total + best[:, column]
    return np.clip(total / n_best, 0.0, 1.0)


def _scores(x: Doubles, snapshot: Snapshot, claimers: Sequence[int]) -> Doubles:
    """Claim score of each row for each claimer. *Shape:* (n, n_claimers)."""
    cosines = _cosines(x, snapshot.vectors)
    columns = [(snapshot.starts[i], snapshot.starts[i + 1]) for i in claimers]
    return np.stack([_best_mean(cosines[:, start:end], min(N_BEST, end - start)) for start, end in columns], axis=1)
