"""What another model does to the mentions: how many stay with their irritant, where the model alone has changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from voc_pipeline.schema import IrritantKind, Metric

Told = tuple[str, str]
"""(verbatim id, irritant id): a mention as figures count it, once however many segments of the verbatim tell of the irritant."""


def swap_figures(
    before: Iterable[Told], after: Iterable[Told], both: Collection[str], kinds: Mapping[str, IrritantKind], known: Collection[str]
) -> list[Metric]:
    """Run figures on the change from one model to the next, over the verbatims that both have read.

    In each verbatim, a mention of before is **kept** where the new model finds the same irritant, **moved** where it finds another in its stead, **lost**
    where it finds none; a mention of after with nothing to come from is **gained**.

    Args:
        before: Mentions under the model of before, merges followed.
        after: Mentions under the new one, merges followed.
        both: Verbatims that both have read; mentions of others are left aside.
        kinds: Every record of the registry that may be told; mentions of others are left aside.
        known: Records that were there before the change.

    Returns:
        `swap.records_kept` of the records known before; then by kind `swap.mentions_before`, `swap.kept_share`, `swap.moved_share`, `swap.lost_share`
        (of the mentions before, which is their n) and `swap.gained_share` (of the mentions after); names of strengths and suggestions begin with their
        kind. A share without a base is left out.
    """
    sides = []
    for side in (before, after):
        found: dict[tuple[IrritantKind, str], set[str]] = defaultdict(set)
        for verbatim_id, irritant_id in side:
            if verbatim_id in both and irritant_id in kinds:
                found[kinds[irritant_id], verbatim_id].add(irritant_id)
        sides.append(found)
    counts: Counter[tuple[IrritantKind, str]] = Counter()
    for place in {*sides[0], *sides[1]}:
        old, new = (side.get(place, set()) for side in sides)
        gone, come = len(old - new), len(new - old)
        moved = min(gone, come)
        told = {"before": len(old), "after": len(new), "kept": len(old & new), "moved": moved, "lost": gone - moved, "gained": come - moved}
        for name, n in told.items():
            counts[place[0], name] += n
    metrics = [Metric("run", "", "swap.records_kept", len(set(known) & set(kinds)), n=len(set(known)))]
    for kind in IrritantKind:
        prefix = "swap." if kind is IrritantKind.IRRITANT else f"{kind.value}.swap."
        metrics.append(Metric("run", "", f"{prefix}mentions_before", counts[kind, "before"], n=len(both)))
        metrics.append(Metric("run", "", f"{prefix}mentions_after", counts[kind, "after"], n=len(both)))
        for name, base in (("kept", "before"), ("moved", "before"), ("lost", "before"), ("gained", "after")):
            if n := counts[kind, base]:
                metrics.append(Metric("run", "", f"{prefix}{name}_share", round(counts[kind, name] / n, 6), n=n))
    return metrics
