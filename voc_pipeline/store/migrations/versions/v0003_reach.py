"""Thresholds by topic space, so that irritants outlive the model they were born under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "reach",
        sa.Column("irritant_id", _text(), nullable=False, autoincrement=False, comment="The irritant"),
        sa.Column(
            "space",
            _text(),
            nullable=False,
            autoincrement=False,
            comment="Topic space: digest of an encoder and of the axes that topics are told apart along",
        ),
        sa.Column("threshold", sa.Double(), nullable=False, comment="Score from which a segment is a mention in that space, 0 to 1"),
        sa.Column("run_id", _text(), nullable=False, comment="Run that measured it"),
        sa.ForeignKeyConstraint(["irritant_id"], ["irritant.id"], name=op.f("fk_reach_irritant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("irritant_id", "space", name=op.f("pk_reach")),
        comment="One row per irritant and topic space it has been claimed in: measured once, kept for a return to that model.",
    )


def downgrade() -> None:
    """Drops the table."""
    op.drop_table("reach")
