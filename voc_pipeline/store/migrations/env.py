"""Runs migrations on the connection that `open_store` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from voc_pipeline.store.database import VERSION_TABLE
from voc_pipeline.store.every_table import metadata


def migrate() -> None:
    """Upgrades to the revision asked for."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, version_table=VERSION_TABLE, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):
    migrate()
