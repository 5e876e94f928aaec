"""Any file as a table of records."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from voc_pipeline.config import FileFormat
from voc_pipeline.sources.delimited import open_delimited
from voc_pipeline.sources.files import Table, detect_type
from voc_pipeline.sources.json_records import open_json, open_jsonl
from voc_pipeline.sources.parquet import open_parquet
from voc_pipeline.sources.spreadsheet import open_spreadsheet


def open_table(path: Path, layout: FileFormat, wanted: Collection[str] | None = None) -> Table:
    """A file as records, its type as the config says or as detected.

    Args:
        path: The file, gzipped or not.
        layout: What the config says of it.
        wanted: Columns that will be used, where the type allows to leave the others unread.

    Raises:
        SourceError: It cannot be read at all.
    """
    kind = detect_type(path) if layout.type == "auto" else layout.type
    match kind:
        case "xlsx":
            table = open_spreadsheet(path, layout)
        case "parquet":
            table = open_parquet(path, wanted)
        case "json":
            table = open_json(path, layout)
        case "jsonl":
            table = open_jsonl(path, layout)
        case _:
            table = open_delimited(path, layout if kind == "csv" else layout.model_copy(update={"type": "tsv"}))
    table.found = {"type": kind, **table.found}
    return table
