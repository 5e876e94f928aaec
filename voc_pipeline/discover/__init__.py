"""The BERTopic door: segments that no known irritant claims, grouped into proposals with readable labels.

UMAP and HDBSCAN run through BERTopic on our own vectors, guided by the themes the model is sure of. Input is sorted by key and identical texts
are one point, so neither the order of the input nor a repeated text changes a group. What HDBSCAN leaves out stays out: claims decide later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from voc_pipeline.config import Discovery
from voc_pipeline.discover.grouping import Candidate, Floats, Group, found_groups, smallest_group, typical
from voc_pipeline.discover.naming import N_EXEMPLARS, NO_LABELS, named
from voc_pipeline.discover.themes import load_themes
from voc_pipeline.schema import IrritantKind, Proposal

__all__ = ["N_EXEMPLARS", "Candidate", "Floats", "load_themes", "part", "propose", "smallest_group"]


def propose(
    candidates: Sequence[Candidate],
    x: Floats,
    *,
    kind: IrritantKind,
    settings: Discovery,
    languages: Sequence[str],
    known: Mapping[str, Collection[str]] = NO_LABELS,
) -> list[Proposal]:
    """Groups of candidates that look like one irritant each, largest first.

    Args:
        candidates: In any order; the answer does not depend on it (but for the indexes).
        x: Their vectors. *Shape:* (len(candidates), dim).
        kind: What the groups would be: decides how themes are worded.
        settings: Smallest group and smallest run, and the seed.
        languages: Of the labels, the project's first.
        known: By language, labels that are taken.

    Returns:
        Proposals; none where there are fewer than `settings.min_segments` candidates, or nothing recurs.

    Raises:
        ValueError: `x` has not one row a candidate.
    """
    if len(x) != len(candidates):
        raise ValueError(f"{len(x)} vectors for {len(candidates)} candidates")
    if len(candidates) < settings.min_segments:
        return []
    return named(found_groups(candidates, x, settings), candidates, kind, languages, known)


def part(
    candidates: Sequence[Candidate],
    x: Floats,
    rows: Sequence[int],
    *,
    kind: IrritantKind,
    languages: Sequence[str],
    known: Mapping[str, Collection[str]],
) -> Proposal | None:
    """A group inside a known irritant as a proposal, named by what sets it apart from the rest; None where no words do.

    Args:
        candidates: Mentions of the irritant.
        x: Their vectors. *Shape:* (len(candidates), dim).
        rows: Those of the group.
        kind: Of the irritant.
        languages: Of the labels, the project's first.
        known: By language, labels that are taken, the irritant's own among them.
    """
    inside = np.isin(np.arange(len(candidates)), rows)
    sides = [np.flatnonzero(side) for side in (inside, ~inside)]
    groups = [Group(tuple(map(int, side)), typical(x[side], side)) for side in sides if len(side)]
    found = named(groups, candidates, kind, languages, known)
    return found[0] if found and set(found[0].members) == set(rows) else None
