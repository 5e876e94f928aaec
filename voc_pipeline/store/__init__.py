"""The only SQL: `open_store(url)` gives a `Store`, SQLite in WAL mode by default, PostgreSQL by URL.

SQLAlchemy is loaded by `open_store`, not by importing this package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from voc_pipeline.store.nouns import Edit, Metric, Run, RunStatus, ScoreRow, StagedRow

if TYPE_CHECKING:
    from voc_pipeline.store.exporting import Exported
    from voc_pipeline.store.facade import Store

__all__ = ["Edit", "Metric", "Run", "RunStatus", "ScoreRow", "StagedRow", "Store", "exclusive", "export", "looked_at", "open_store"]


def open_store(url: str) -> Store:
    """The store at a URL, created if it is new and migrated to the present schema.

    Args:
        url: `sqlite:////absolute/file.db`, `sqlite:///relative/file.db` or `postgresql+psycopg://user@host/database`.

    Returns:
        The store; close it, or use it in a `with` statement.

    Raises:
        StoreError: The database cannot be reached or written, is not ours, or was made by a newer version.
    """
    from voc_pipeline.store.facade import Store

    return Store.open(url)


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """One run at a time on a store: hold it for as long as the block lasts. Let go however this process ends, SIGKILL included.

    Raises:
        StoreError: Another process holds it; the error names which, and since when.
    """
    from voc_pipeline.store.holding import holding

    with holding(url):
        yield


def looked_at(url: str) -> str:
    """What is at a URL, in a few words, without changing or creating anything: for `voc check`.

    Raises:
        StoreError: A run could not use it.
    """
    from voc_pipeline.store.looking import look

    return look(url)


def export(url: str, tables: Sequence[Exported], run_id: str) -> None:
    """Writes tables of a run into any database that SQLAlchemy knows, all or none; tables exported earlier are replaced.

    Raises:
        StoreError: The database cannot be written, or holds a table of that name which is not ours.
    """
    from voc_pipeline.store.exporting import write

    write(url, tables, run_id)


def __getattr__(name: str) -> Any:
    if name == "Store":
        from voc_pipeline.store.facade import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
