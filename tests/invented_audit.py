"""People who read an invented sample: they agree with a planted truth as often as asked, and the model does too."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime

from voc_pipeline.audit import Answered, audit_id, draw
from voc_pipeline.schema import Annotation, Audit, AuditAnswer, Dimension, NotValuedCode, Sentiment, Stage, Verbatim

DRAWN = datetime(2026, 11, 3, 9)


def read_by(
    people: Sequence[str],
    verbatims: Sequence[Verbatim],
    annotations: Mapping[str, Annotation],
    run_id: str,
    n: int = 300,
    right: float = 0.9,
    seed: int = 3,
) -> Answered:
    """An audit of some verbatims, answered by people who say what the model says as often as `right`, each on their own."""
    strata, sample = draw(verbatims, annotations, n, seed)
    model = next(iter(annotations.values())).model_version
    audit = Audit(audit_id(run_id, model, seed, strata, sample), run_id, model, DRAWN, seed, "fr", n, strata, sample)
    by_id = {verbatim.id: verbatim for verbatim in verbatims}
    answers = [
        an_answer(audit.id, name, annotations[drawn.verbatim_id], random.Random(f"{name}{drawn.verbatim_id}"), right)
        for name in people
        for drawn in sample
    ]
    ids = [drawn.verbatim_id for drawn in sample]
    return Answered(
        audit,
        answers,
        {i: annotations[i] for i in ids},
        {i: by_id[i].text_key for i in ids},
        {i: by_id[i].customer for i in ids},
        {i: by_id[i].channel or by_id[i].kind.value for i in ids},
    )


def an_answer(audit_id: str, name: str, said: Annotation, chance: random.Random, right: float) -> AuditAnswer:
    """What a person says who agrees with the model as often as `right`."""
    not_valued = said.not_valued if chance.random() < right else not said.not_valued
    codes = tuple(said.not_valued_codes) or (NotValuedCode.INDIFFERENCE,)
    return AuditAnswer(
        audit_id,
        name,
        said.verbatim_id,
        sentiment=said.sentiment if chance.random() < right else chance.choice(list(Sentiment)),
        not_valued=not_valued,
        codes=codes if not_valued else (),
        valued=said.valued,
        stage=said.stage if chance.random() < right else chance.choice(list(Stage)),
        dimension=said.dimension or "none" if chance.random() < right else chance.choice(list(Dimension)),
        gap_cue=said.gap_cue or "none",
    )
