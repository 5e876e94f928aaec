"""How long the customers of chats waited for a first answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates the table; it fills when the sources are read again, for the times of messages were not kept."""
    op.create_table(
        "first_response",
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The chat"),
        sa.Column(
            "timing",
            _text(),
            nullable=False,
            comment="What its clock allows to say: untimed where a time is missing, backwards where times contradict the order",
        ),
        sa.Column("person", sa.Boolean(), nullable=False, comment="Whether a person of the company answers after the customer's first message"),
        sa.Column("robot", sa.Boolean(), nullable=False, comment="Whether a robot does"),
        sa.Column(
            "person_seconds", sa.Double(), nullable=True, comment="Seconds until a person first answers; null where none does, or nothing is timed"
        ),
        sa.Column("robot_seconds", sa.Double(), nullable=True, comment="Seconds until a robot first answers; null likewise"),
        sa.ForeignKeyConstraint(["verbatim_id"], ["verbatim.id"], name=op.f("fk_first_response_verbatim_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verbatim_id", name=op.f("pk_first_response")),
        comment="One row per chat: how long its customer waited for a first answer. Of the times of messages, nothing else is kept.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Takes it away."""
    op.drop_table("first_response")
