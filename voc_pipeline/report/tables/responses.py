"""Table of the time to first response in chats."""

from __future__ import annotations

import math

from voc_pipeline.report.reading import Reading, detail, parted
from voc_pipeline.report.tables.cells import Row, estimate
from voc_pipeline.schema import Metric

SECONDS = ("person_median", "person_p90", "robot_median")
COUNTS = {"timed_share": ("timed", "untimed", "backwards", "not_kept"), "person_share": ("robot_only", "nobody")}


def response_rows(reading: Reading) -> list[Row]:
    """One row for all chats, then one a channel, language and value of an attribute with thirty timed chats."""
    rows: list[Row] = []
    for key in reading.figures.keys("response"):
        found = reading.figures.of("response", key)
        attribute, value = parted(key)
        row: Row = {"attribute": attribute, "value": value}
        for name, counts in COUNTS.items():
            row |= {count: detail(found.get(name), count) for count in counts}
        for name in ("timed_share", "person_share", "robot_first_share", "within_share"):
            row |= estimate(found.get(name), name)
        for name in SECONDS:
            row |= _seconds(name, found.get(name))
        for name in ("not_valued_difference", "negative_difference"):
            row |= estimate(found.get(name), name, base=False)
        row["split_seconds"] = detail(found.get("not_valued_difference"), "seconds")
        rows.append(row)
    return rows


def _seconds(name: str, metric: Metric | None) -> Row:
    """A quantile in seconds, empty where it lies among those never answered."""
    return {column: None if isinstance(cell, float) and math.isinf(cell) else cell for column, cell in estimate(metric, f"{name}_seconds").items()}
