"""Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from voc_pipeline.errors import SourceError
from voc_pipeline.sources.files import BrokenRow, Row, Table, seekable

BATCH = 512


def open_parquet(path: Path, wanted: Collection[str] | None = None) -> Table:
    """A Parquet file as a table.

    Args:
        path: The file.
        wanted: Columns (or dotted paths into them) that will be used; others are not read. All if None.

    Raises:
        SourceError: It is no Parquet file, or its footer is lost.
    """
    from pyarrow import ArrowException
    from pyarrow import parquet as pq

    file = seekable(path)
    try:
        parquet = pq.ParquetFile(file)
    except (ArrowException, OSError) as error:
        file.close()
        raise SourceError(
            str(path), f"a Parquet file that cannot be opened ({type(error).__name__})", "a whole Parquet file", "Export or copy it again"
        ) from None
    columns = tuple(str(name) for name in parquet.schema_arrow.names)
    used = None if wanted is None else [name for name in columns if any(want == name or want.startswith(f"{name}.") for want in wanted)]

    def release() -> None:
        parquet.close()
        file.close()

    return Table(_rows(parquet, used), columns, {"row_groups": str(parquet.num_row_groups)}, release)


def _rows(parquet: Any, columns: list[str] | None) -> Iterator[Row | BrokenRow]:
    from pyarrow import ArrowException

    number = 0
    for group in range(parquet.num_row_groups):
        try:
            for batch in parquet.iter_batches(batch_size=BATCH, row_groups=[group], columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield Row(f"row {number}", record)
        except (ArrowException, OSError, ValueError) as error:
            number += 1
            yield BrokenRow(f"row {number}", f"row group {group + 1} is damaged from here ({type(error).__name__})")
