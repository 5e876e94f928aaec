"""All tables at once: whoever needs every one of them, not some, takes `metadata` from here."""

from __future__ import annotations

from voc_pipeline.store import register_tables, response_tables, tables

MODULES = (tables, register_tables, response_tables)
metadata = tables.metadata
