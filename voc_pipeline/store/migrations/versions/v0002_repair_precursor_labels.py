"""What became of the feeling of not being valued, what often comes before it, and labels of the user's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds three columns; answers of older model versions keep their defaults."""
    repaired = "Whether the feeling of not being valued was then repaired by the company"
    precursor = "Event that often comes before it, told once and without a mark; null if none"
    op.add_column("annotation", sa.Column("repaired", sa.Boolean(), nullable=False, server_default=sa.false(), comment=repaired))
    op.add_column("annotation", sa.Column("precursor", _text(), nullable=True, comment=precursor))
    labels = "Answers of heads for labels of your own, by label"
    op.add_column("annotation", sa.Column("labels", _text(), nullable=False, server_default="{}", comment=labels))


def downgrade() -> None:
    """Takes them away."""
    for name in ("labels", "precursor", "repaired"):
        op.drop_column("annotation", name)
