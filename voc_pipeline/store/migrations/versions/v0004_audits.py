"""Audits: samples that people read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates the tables of audits."""
    op.create_table(
        "audit",
        sa.Column("id", _text(), nullable=False, autoincrement=False, comment="AUD- and 8 characters, from the run, the seed and what was drawn"),
        sa.Column("run_id", _text(), nullable=False, comment="Run it was drawn from"),
        sa.Column("model_version", _text(), nullable=False, comment="Version of the model whose answers it judges"),
        sa.Column("drawn_at", sa.DateTime(), nullable=False, comment="When it was drawn, UTC"),
        sa.Column("seed", sa.Integer(), nullable=False, comment="Seed of the draw"),
        sa.Column("lang", _text(), nullable=False, comment="Language of the workbook"),
        sa.Column("asked", sa.Integer(), nullable=False, comment="Verbatims asked for"),
        sa.Column(
            "strata",
            _text(),
            nullable=False,
            comment="[source, model reads not valued, model reads negative, verbatims there are, verbatims drawn] of each stratum",
        ),
        sa.Column(
            "sample",
            _text(),
            nullable=False,
            comment="[verbatim id, rank of its stratum, key of its text] of each verbatim drawn, in the order of the workbook",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_audit_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        comment="One row per audit: a stratified random sample of a run's verbatims for people to read.",
    )
    op.create_table(
        "audit_answer",
        sa.Column("audit_id", _text(), nullable=False, autoincrement=False, comment="The audit"),
        sa.Column("annotator", _text(), nullable=False, autoincrement=False, comment="Who answered, as they named themselves"),
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The verbatim"),
        sa.Column("sentiment", _text(), nullable=True, comment="Stance toward the experience; null if left blank"),
        sa.Column("not_valued", sa.Boolean(), nullable=True, comment="Whether the customer tells of not being valued; null if left blank"),
        sa.Column("codes", _text(), nullable=False, comment="Ways of not being valued, a list; the JSON value null if left blank"),
        sa.Column("valued", sa.Boolean(), nullable=True, comment="Whether the customer tells of being valued; null if left blank"),
        sa.Column("stage", _text(), nullable=True, comment="Stage of the journey; null if left blank"),
        sa.Column("dimension", _text(), nullable=True, comment="Servqual dimension; null if left blank"),
        sa.Column("gap_cue", _text(), nullable=True, comment="Servqual gap it points to; null if left blank"),
        sa.Column("comment", _text(), nullable=False, comment="Remark, redacted"),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_answer_audit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("audit_id", "annotator", "verbatim_id", name=op.f("pk_audit_answer")),
        comment="One row per audit, person and verbatim: what people say of it, without knowing what the model says.",
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("audit_answer")
    op.drop_table("audit")
