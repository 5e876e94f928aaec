"""What people read, set against what a run says: the figures of the audit that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voc_pipeline.audit import Answered, audit_figures
from voc_pipeline.audit.figures import SCOPE, is_blank
from voc_pipeline.schema import Annotation, Audit, AuditAnswer, Metric, Verbatim
from voc_pipeline.store import Run, Store

__all__ = ["SCOPE", "audit_metrics", "customer_of", "speaking"]


def customer_of(verbatim: Verbatim) -> str:
    """Customer where known, else the respondent whose answers belong together, else ""."""
    return verbatim.customer or (f"{verbatim.source}|{verbatim.respondent}" if verbatim.respondent else "")


NEARLY_AS_MANY = 0.8
"""Share of the most read audit's verbatims from which a newer audit takes its place: one hardly begun does not."""


def speaking(store: Store, model_version: str) -> tuple[Audit, Sequence[AuditAnswer]] | None:
    """The audit that speaks for runs of a model version: the newest of that version that nearly as many verbatims were read for as for any, else so of others."""
    given = ((audit, store.audit_answers(audit.id)) for audit in store.audits())
    answered = [(audit, found) for audit, found in given if not all(map(is_blank, found))]
    own = [pair for pair in answered if pair[0].model_version == model_version] or answered
    read = [len({answer.verbatim_id for answer in found if not is_blank(answer)}) for _, found in own]
    return next((pair for pair, n in reversed(list(zip(own, read, strict=True))) if n >= NEARLY_AS_MANY * max(read)), None)


def audit_metrics(
    store: Store, run: Run, verbatims: Mapping[str, Verbatim], annotations: Mapping[str, Annotation], audit: Audit | None = None
) -> list[Metric]:
    """Figures of an audit for a run; none where nobody has read anything.

    Args:
        store: Holds the audits.
        run: The audited run, or a later one.
        verbatims: Of the run's window, by id.
        annotations: What its model says of them, by verbatim id.
        audit: Which one; by default the one that speaks for the run.
    """
    found = speaking(store, run.model_version) if audit is None else (audit, store.audit_answers(audit.id))
    if found is None:
        return []
    audit, answers = found
    ids = [drawn.verbatim_id for drawn in audit.sample]
    sample = {verbatim.id: verbatim for verbatim in store.verbatims(ids=ids)}
    answered = Answered(
        audit=audit,
        answers=answers,
        annotations={a.verbatim_id: a for a in store.annotations(audit.model_version, ids=ids)},
        text_keys={key: verbatim.text_key for key, verbatim in sample.items()},
        customers={key: customer_of(verbatim) for key, verbatim in sample.items()},
    )
    customers = {key: customer_of(verbatim) for key, verbatim in verbatims.items()}
    return audit_figures(answered, run.model_version, [a for key, a in sorted(annotations.items()) if key in verbatims], customers)
