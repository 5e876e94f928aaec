"""Which entries of the company's registers an irritant comes near, and what people made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from voc_pipeline.registers import Entry, Register
from voc_pipeline.registry.claims import Embed, Snapshot, above_chance
from voc_pipeline.registry.cosines import N_BEST, Floats, best_mean, cosines, exact
from voc_pipeline.registry.edits import Standing
from voc_pipeline.schema import Match, MatchState

MATCH_SPREADS, NEAR_SPREADS = 3.0, 2.0
"""How far above the cosine of two of the company's sentences taken by chance an entry's score must lie, in standard deviations of such cosines, to be
proposed; and below which it is held to be absent. On the 27 entries written for the demo, of 18 that speak of what an irritant tells, all lie above 2
and 11 above 3; in between nothing is proposed and nothing is called absent."""

LEAST_SENTENCES = 30
"""Different sentences without which chance cannot be measured."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Matches of the irritants that have words to compare, and the ids of those."""

    matches: tuple[Match, ...]
    irritants: frozenset[str]


def compare(entries: Sequence[tuple[Register, Entry]], snapshot: Snapshot, crowds: Sequence[Floats], embed: Embed) -> Compared:
    """Irritants against entries: the mean cosine of an entry's words with the three nearest exemplars, the better of its two languages.

    Args:
        entries: Of the company's registers.
        snapshot: Of irritants; those that do not stand are passed over.
        crowds: Vectors of the company's sentences, each once, of which the lower level counts, as claims take them. *Shape:* (n, dim) each.
        embed: Texts to vectors, *Shape:* (n, dim).

    Returns:
        Matches proposed or near, sorted by irritant, register and entry; the score depends on no other irritant or entry.
    """
    standing = [
        (place, irritant) for place, irritant in enumerate(snapshot.irritants) if irritant.status == "active" and len(snapshot.rows(place)) > 0
    ]
    texts = [(rank, words) for rank, (_, entry) in enumerate(entries) for words in (entry.fr, entry.en) if words]
    if not standing or not texts:
        return Compared((), frozenset(irritant.id for _, irritant in standing))
    if min(map(len, crowds)) < LEAST_SENTENCES:  # nothing tells chance from closeness: nothing is proposed, and nothing is absent
        return Compared((), frozenset())
    proposes, near = (min(above_chance(x, spreads) for x in crowds) for spreads in (MATCH_SPREADS, NEAR_SPREADS))
    vectors = exact(embed([words for _, words in texts]))
    found: list[Match] = []
    for place, irritant in standing:
        rows = snapshot.rows(place)
        best: dict[int, float] = {}
        for (rank, _), score in zip(texts, best_mean(cosines(vectors, rows), min(N_BEST, len(rows))), strict=True):
            best[rank] = max(best.get(rank, 0.0), round(float(score), 6))
        for rank, score in best.items():
            if score >= near:
                register, entry = entries[rank]
                state = MatchState.PROPOSED if score >= proposes else MatchState.NEAR
                found.append(Match(irritant.id, str(register), entry.id, score, proposes, state))
    ordered = sorted(found, key=lambda match: (match.irritant_id, match.register, match.entry_id))
    return Compared(tuple(ordered), frozenset(irritant.id for _, irritant in standing))


def settled(matches: Sequence[Match], standing: Standing, entries: Mapping[str, Register], known: Collection[str]) -> tuple[Match, ...]:
    """Matches with what people said of them; a pair that a person named and no score reached is among them, with a score of 0.

    Args:
        matches: As scored.
        standing: The registry, with people's words; what was said of a merged irritant holds for the one it leads to.
        entries: Register of each entry there is.
        known: Irritants told in the run.
    """
    by_pair = {(match.irritant_id, match.entry_id): match for match in matches}
    level = matches[0].level if matches else 0.0
    for (irritant_id, entry_id), word in sorted(standing.matches.items(), key=lambda item: (item[1].at, item[0])):
        target = standing.following(irritant_id)
        if entry_id not in entries or target not in known:
            continue
        scored = by_pair.get((target, entry_id))
        score, reached = (scored.score, scored.level) if scored else (0.0, level)
        by_pair[target, entry_id] = Match(target, str(entries[entry_id]), entry_id, score, reached, MatchState(word.said), word.author, word.at)
    return tuple(sorted(by_pair.values(), key=lambda match: (match.irritant_id, match.register, match.entry_id)))
