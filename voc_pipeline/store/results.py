"""What a run concludes: gap readings and figures."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from voc_pipeline.schema import GapReading
from voc_pipeline.store import tables as t
from voc_pipeline.store.database import Database, insert, upsert
from voc_pipeline.store.nouns import Metric
from voc_pipeline.store.rows import from_gap, gap_row, text_keys


class Results(Database):
    """Gap readings and figures, by run."""

    def write_gaps(self, run_id: str, gaps: Sequence[GapReading]) -> None:
        """Puts the gap readings of a run in the place of those it had."""
        with self._writing() as connection:
            connection.execute(delete(t.gap).where(t.gap.c.run_id == run_id))
            insert(connection, t.gap, [gap_row(reading, run_id) for reading in gaps])

    def gaps(self, run_id: str) -> list[GapReading]:
        """Gap readings of a run, sorted by irritant."""
        with self._reading() as connection:
            return [from_gap(row) for row in connection.execute(select(t.gap).where(t.gap.c.run_id == run_id).order_by(t.gap.c.irritant_id))]

    def write_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Writes figures of a run; one of the same scope, key and name is replaced, the others stay. A value that is not a number is kept as None."""
        rows = {
            (m.scope, m.key, m.name): {
                "run_id": run_id,
                "scope": m.scope,
                "key": m.key,
                "name": m.name,
                "value": m.value,
                "low": m.low,
                "high": m.high,
                "n": int(m.n),
                "detail": text_keys(m.detail),
            }
            for m in metrics
        }
        with self._writing() as connection:
            upsert(connection, t.metric, [rows[key] for key in sorted(rows)])

    def replace_metrics(self, run_id: str, scope: str, metrics: Sequence[Metric]) -> None:
        """Puts figures of one scope in the place of all those the run had of it.

        Raises:
            ValueError: A figure of another scope.
        """
        if any(metric.scope != scope for metric in metrics):
            raise ValueError(f"a figure that is not of scope {scope!r}")
        with self._writing() as connection:
            connection.execute(delete(t.metric).where(t.metric.c.run_id == run_id, t.metric.c.scope == scope))
            self.write_metrics(run_id, metrics)

    def metrics(self, run_id: str, scope: str | None = None) -> list[Metric]:
        """Figures of a run, of one scope or of all, sorted by scope, key and name."""
        c = t.metric.c
        query = select(c.scope, c.key, c.name, c.value, c.low, c.high, c.n, c.detail).where(
            c.run_id == run_id, *([c.scope == scope] if scope is not None else [])
        )
        with self._reading() as connection:
            return [Metric(*row) for row in connection.execute(query.order_by(c.scope, c.key, c.name))]
