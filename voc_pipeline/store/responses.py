"""Waits for a first answer: written and read with the verbatims they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from voc_pipeline.schema import FirstResponse, Verbatim
from voc_pipeline.store.database import upsert
from voc_pipeline.store.response_tables import first_response
from voc_pipeline.store.rows import from_response, response_row


def stored_responses(connection: Connection, verbatim_ids: Sequence[str]) -> dict[str, FirstResponse]:
    """Waits of these verbatims (at most some hundreds), by id; those that have one."""
    query = select(first_response).where(first_response.c.verbatim_id.in_(verbatim_ids))
    return {verbatim_id: from_response(*values) for verbatim_id, *values in connection.execute(query)}


def keep_responses(connection: Connection, verbatims: Sequence[Verbatim]) -> None:
    """Puts the waits of these verbatims, which are stored, in the place of those they had."""
    without = [verbatim.id for verbatim in verbatims if verbatim.response is None]
    connection.execute(delete(first_response).where(first_response.c.verbatim_id.in_(without)))
    upsert(connection, first_response, [response_row(verbatim) for verbatim in verbatims if verbatim.response is not None])
