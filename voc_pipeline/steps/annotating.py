"""Labels for every verbatim of the base that this model version has not read yet."""

from __future__ import annotations

import numpy as np

from voc_pipeline.steps.context import Context, Counts, Step


def _run_shard(context: Context, shard: int) -> Counts:
    ids = context.chunk(shard)
    fresh = list(context.store.verbatims(ids=ids, missing_model=context.run.model_version))
    context.on_progress("annotate", len(ids) - len(fresh))
    answers = []
    for start in range(0, len(fresh), 64):
        answers += context.annotator.annotate(fresh[start : start + 64])
        context.on_progress("annotate", len(fresh[start : start + 64]))
    if fresh:
        context.keep([segment.text for verbatim in fresh for segment in verbatim.segments], np.concatenate([x for _, x in answers]))
    counts = {"verbatims": len(ids), "annotated": len(fresh)}
    with context.finishing("annotate", shard, counts):
        context.store.write_annotations([annotation for annotation, _ in answers])
    return counts


ANNOTATE = Step("annotate", Context.chunks, _run_shard, lambda context: len(context.base_ids()))
