"""What people make of irritants, beside what runs gave them."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_GIVEN = ("label_fr", "label_en", "label_status", "status", "redirect", "owner")


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the columns; what stands now is what runs gave, for nobody could edit before."""
    for name, type_, default, comment in (
        ("pinned", sa.Boolean(), sa.false(), "Whether a person holds it: no run retires it"),
        ("inclusion", _text(), sa.text("'[]'"), "What people noted that it covers, a list"),
        ("exclusion", _text(), sa.text("'[]'"), "What people noted that it does not cover, a list"),
        ("parent", _text(), sa.text("''"), "Id of the irritant it was split off, or empty"),
        ("split_on", _text(), sa.text("'[]'"), "Words that make a mention of the parent its own, a list"),
        ("given", _text(), sa.text("'{}'"), "Labels, status, redirect and owner as runs gave them, before people's edits"),
    ):
        op.add_column("irritant", sa.Column(name, type_, nullable=False, server_default=default, comment=comment))
    irritant = sa.table("irritant", sa.column("id"), sa.column("given"), *map(sa.column, _GIVEN))
    connection = op.get_bind()
    for row in connection.execute(sa.select(irritant)).all():
        values = {name: getattr(row, name) for name in _GIVEN}
        values["label_status"] = json.loads(values["label_status"])
        given = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        connection.execute(sa.update(irritant).where(irritant.c.id == row.id).values(given=given))


def downgrade() -> None:
    """Takes them away."""
    for name in ("given", "split_on", "parent", "exclusion", "inclusion", "pinned"):
        op.drop_column("irritant", name)
