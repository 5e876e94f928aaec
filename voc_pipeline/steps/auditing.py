"""What people read, set against what a run says: the figures of the audit that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voc_pipeline.audit import Answered, audit_figures
from voc_pipeline.audit.figures import SCOPE
from voc_pipeline.schema import Annotation, Audit, AuditAnswer, Metric, Verbatim
from voc_pipeline.store import Run, Store

__all__ = ["SCOPE", "audit_metrics", "customer_of", "speaking"]


def customer_of(verbatim: Verbatim) -> str:
    """Customer where known, else the respondent whose answers belong together, else ""."""
    return verbatim.customer or (f"{verbatim.source}|{verbatim.respondent}" if verbatim.respondent else "")


def speaking(store: Store, run: Run) -> tuple[Audit, Sequence[AuditAnswer]] | None:
    """The audit that speaks for a run: the newest one somebody answered of its own model version, else the newest of another."""
    read = [(audit, found) for audit in store.audits() if (found := store.audit_answers(audit.id))]
    own = [pair for pair in read if pair[0].model_version == run.model_version]
    return next(reversed(own or read), None)


def audit_metrics(store: Store, run: Run, verbatims: Mapping[str, Verbatim], annotations: Mapping[str, Annotation]) -> list[Metric]:
    """Figures of the audit that speaks for a run; none where nobody has read anything.

    Args:
        store: Holds the audits.
        run: The audited run, or a later one.
        verbatims: Of the run's window, by id.
        annotations: What its model says of them, by verbatim id.
    """
    found = speaking(store, run)
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
