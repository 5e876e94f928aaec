"""What people read, set against what a run says: the figures of the audit that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voc_pipeline.audit import Answered, audit_figures, group_figures
from voc_pipeline.audit.figures import SCOPE, is_blank
from voc_pipeline.audit.groups import SCOPE as GROUP_SCOPE
from voc_pipeline.schema import Annotation, Audit, AuditAnswer, Metric, Verbatim
from voc_pipeline.store import Run, Store

__all__ = ["SCOPE", "SCOPES", "audit_metrics", "customer_of", "speaking", "write_audited"]

SCOPES = (SCOPE, GROUP_SCOPE)
"""Scopes of the figures an audit gives."""


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
    store: Store,
    run: Run,
    verbatims: Mapping[str, Verbatim],
    annotations: Mapping[str, Annotation],
    figures: Sequence[Metric] = (),
    audit: Audit | None = None,
) -> list[Metric]:
    """Figures of an audit for a run, of both `SCOPES`; none where nobody has read anything.

    Args:
        store: Holds the audits.
        run: The audited run, or a later one.
        verbatims: Of the run's window, by id.
        annotations: What its model says of them, by verbatim id.
        figures: Of the run: the shares of groups among them are corrected too.
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
        channels={key: verbatim.channel or verbatim.kind.value for key, verbatim in sample.items()},
    )
    customers = {key: customer_of(verbatim) for key, verbatim in verbatims.items()}
    whole = audit_figures(answered, run.model_version, [a for key, a in sorted(annotations.items()) if key in verbatims], customers)
    return whole + group_figures(answered, run.model_version, figures)


def write_audited(store: Store, run_id: str, metrics: Sequence[Metric]) -> None:
    """Puts the figures of an audit in the place of those a run had."""
    for scope in SCOPES:
        store.replace_metrics(run_id, scope, [metric for metric in metrics if metric.scope == scope])
