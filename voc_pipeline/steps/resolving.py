"""Which irritant some sentences tell of: the registry is asked as a run would ask it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from voc_pipeline import registry
from voc_pipeline.errors import EditError
from voc_pipeline.redact import redact
from voc_pipeline.schema import IrritantKind
from voc_pipeline.steps.context import Context


def irritant_told(context: Context, where: str, sentences: Sequence[str]) -> str:
    """The irritant that claims more than half of the sentences that any claims.

    Args:
        context: Of any run of the store: its registry and model are asked.
        where: For the message.
        sentences: As customers say it.

    Raises:
        EditError: None claims enough of them; the message lists what each would be.
    """
    reach, standing = context.store.thresholds(context.annotator.space), context.standing()
    records = [
        replace(record, threshold=reach.get(record.id, record.threshold))
        for record in standing.records.values()
        if record.kind is IrritantKind.IRRITANT
    ]
    texts = [redact(sentence).text for sentence in sentences]
    snapshot = registry.freeze(records, context.embed, standing.moves)
    found = registry.claim(context.embed(texts), snapshot, texts)
    votes = Counter(one.irritant_id for one in found if one.irritant_id and not one.fallback and not one.barred)
    best, n = min(votes.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    if 2 * n > sum(votes.values()):
        return best
    near = ", ".join(f"{one.irritant_id or 'none'} ({one.score:.2f}{', too far' if one.fallback else ''})" for one in found)
    raise EditError(f"{where}: irritant", f"its examples tell of no one irritant: {near}", "sentences of one", "Give other sentences, or its id")
