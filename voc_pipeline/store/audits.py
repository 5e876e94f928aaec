"""Audits: what was drawn for people to read, and what they answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select

from voc_pipeline.errors import StoreError, suggest
from voc_pipeline.schema import Audit, AuditAnswer, Dimension, Drawn, Gap, NotValuedCode, Sentiment, Stage, Stratum
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, insert

_ANSWERS = ("sentiment", "not_valued", "codes", "valued", "stage", "dimension", "gap_cue", "comment")


class Audits(Database):
    """Samples read by people, whatever runs come after."""

    def save_audit(self, audit: Audit) -> Audit:
        """Writes a draw; one of the same id is left as it was first written.

        Returns:
            The draw as the store has it.

        Raises:
            StoreError: No such run.
        """
        with self._writing() as connection:
            found = connection.execute(select(t.audit).where(t.audit.c.id == audit.id)).first()
            if found is not None:
                return _from_audit(found)
            insert(connection, t.audit, [_audit_row(audit)])
        return audit

    def audits(self) -> list[Audit]:
        """Every draw, oldest first."""
        with self._reading() as connection:
            return [_from_audit(row) for row in connection.execute(select(t.audit).order_by(t.audit.c.drawn_at, t.audit.c.id))]

    def audit(self, audit_id: str) -> Audit:
        """One draw.

        Raises:
            StoreError: No such draw.
        """
        known = {audit.id: audit for audit in self.audits()}
        if audit_id not in known:
            raise StoreError(
                f"audit {audit_id or '(no id)'}",
                "was not drawn from this store",
                "the workbook of an audit of this store",
                suggest(audit_id, known) if known else "`voc audit CONFIG` draws the first one",
            )
        return known[audit_id]

    def write_audit_answers(self, audit_id: str, annotator: str, answers: Sequence[AuditAnswer]) -> None:
        """Puts what a person answers to an audit in the place of what they had answered.

        Raises:
            ValueError: An answer to another audit or of another person.
            StoreError: No such audit.
        """
        if any((answer.audit_id, answer.annotator) != (audit_id, annotator) for answer in answers):
            raise ValueError(f"answers that are not {annotator}'s to {audit_id}")
        c = t.audit_answer.c
        with self._writing() as connection:
            connection.execute(delete(t.audit_answer).where(c.audit_id == audit_id, c.annotator == annotator))
            insert(connection, t.audit_answer, [_answer_row(answer) for answer in sorted(answers, key=lambda answer: answer.verbatim_id)])

    def audit_answers(self, audit_id: str) -> list[AuditAnswer]:
        """What people answered to an audit, sorted by person and verbatim."""
        c = t.audit_answer.c
        with self._reading() as connection:
            return [
                _from_answer(row)
                for row in connection.execute(select(t.audit_answer).where(c.audit_id == audit_id).order_by(c.annotator, c.verbatim_id))
            ]


def _audit_row(audit: Audit) -> dict[str, Any]:
    return {
        "id": audit.id,
        "run_id": audit.run_id,
        "model_version": audit.model_version,
        "drawn_at": audit.drawn_at,
        "seed": audit.seed,
        "lang": audit.lang,
        "asked": audit.asked,
        "strata": [[s.source, s.not_valued, s.negative, s.size, s.drawn] for s in audit.strata],
        "sample": [[d.verbatim_id, d.stratum, d.text_key] for d in audit.sample],
    }


def _from_audit(row: Row[Any]) -> Audit:
    values = dict(row._mapping)
    strata, sample = values.pop("strata"), values.pop("sample")
    return Audit(**values, strata=tuple(Stratum(*one) for one in strata), sample=tuple(Drawn(*one) for one in sample))


def _answer_row(answer: AuditAnswer) -> dict[str, Any]:
    row = {name: getattr(answer, name) for name in ("audit_id", "annotator", "verbatim_id", *_ANSWERS)}
    gap = answer.gap_cue
    return row | {"gap_cue": None if gap is None else str(int(gap)) if isinstance(gap, Gap) else str(gap)}


def _from_answer(row: Row[Any]) -> AuditAnswer:
    values = dict(row._mapping)
    for name, kind in (("sentiment", Sentiment), ("stage", Stage)):
        values[name] = None if values[name] is None else kind(values[name])
    values["codes"] = None if values["codes"] is None else tuple(NotValuedCode(code) for code in values["codes"])
    values["dimension"] = Dimension(values["dimension"]) if values["dimension"] in set(Dimension) else values["dimension"]
    values["gap_cue"] = Gap(int(values["gap_cue"])) if str(values["gap_cue"]).isdigit() else values["gap_cue"]
    return AuditAnswer(**values)
