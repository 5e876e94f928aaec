"""The company's registers, and what a gap reading stands on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CONFIDENCE = ("0 to the ceiling of what text alone can show", "0 to the ceiling of what its evidence can show")


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, _text(), nullable=False, autoincrement=False, comment=comment)


def _words(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, _text(), nullable=False, comment=comment)


def upgrade() -> None:
    """Creates the tables; readings of before stand on text alone, whose evidence was not kept piece by piece."""
    op.create_table(
        "register_entry",
        _key("run_id", "The run"),
        _key("id", "Id of the entry, its own over all registers"),
        _words("register", "Researched customer priorities, service standards or public promises"),
        _words("fr", "Its words in French, redacted, or empty"),
        _words("en", "Its words in English, redacted, or empty"),
        _words("owner", "Who answers for it, or empty"),
        _words("stage", "Stage of the journey it speaks of, or empty"),
        _words("source", "Where it is written, or empty"),
        _words("channel", "Channel it was made through, or empty"),
        sa.Column("date", sa.Date(), nullable=True, comment="When it was written; null if unknown"),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="First day it holds; null if always"),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day it holds; null if still"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_register_entry_run_id")),
        sa.PrimaryKeyConstraint("run_id", "id", name=op.f("pk_register_entry")),
        comment="One row per run and entry of the company's registers, as the run read them.",
    )
    op.create_table(
        "register_match",
        _key("run_id", "The run"),
        _key("irritant_id", "The irritant"),
        _key("entry_id", "The entry"),
        _words("register", "Its register"),
        sa.Column("score", sa.Double(), nullable=False, comment="Closeness of the entry's words to the irritant's exemplars, 0 to 1"),
        sa.Column("level", sa.Double(), nullable=False, comment="Score from which a match is proposed"),
        _words("state", "Where it stands; near: not proposed, yet not absent"),
        _words("author", "Who confirmed or refused it, or empty"),
        sa.Column("at", sa.DateTime(), nullable=True, comment="When, UTC; null where nobody did"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_register_match_run_id")),
        sa.PrimaryKeyConstraint("run_id", "irritant_id", "entry_id", name=op.f("pk_register_match")),
        comment="One row per run, irritant and entry that may speak of one thing.",
    )
    ceiling, grounds = (
        "Highest confidence that its evidence can carry; 0 where no gap is read",
        "Evidence piece by piece: [kind, gap, weight, details]",
    )
    op.add_column("gap", sa.Column("ceiling", sa.Double(), nullable=False, server_default=sa.text("0"), comment=ceiling))
    op.add_column("gap", sa.Column("grounds", _text(), nullable=False, server_default=sa.text("'[]'"), comment=grounds))
    _say(*_CONFIDENCE)


def downgrade() -> None:
    """Takes them away."""
    for name in ("grounds", "ceiling"):
        op.drop_column("gap", name)
    for name in ("register_match", "register_entry"):
        op.drop_table(name)
    _say(*reversed(_CONFIDENCE))


def _say(before: str, after: str) -> None:
    """SQLite keeps no comments."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("gap", "confidence", existing_type=sa.Double(), existing_nullable=False, existing_comment=before, comment=after)
