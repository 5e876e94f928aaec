"""Tables of the registry itself: its ledger, and what no irritant claims."""

from __future__ import annotations

import json

from voc_pipeline.registry import undone
from voc_pipeline.report.quotes import passage
from voc_pipeline.report.reading import Reading, detail
from voc_pipeline.report.tables.cells import Row, labels


def ledger_rows(reading: Reading) -> list[Row]:
    """One row a line of the ledger, in order. What a run did carries no time: the same data gives the same table."""
    taken_back = undone(reading.ledger)
    rows: list[Row] = []
    for n, edit in enumerate(reading.ledger, start=1):
        record = reading.everyone.get(edit.irritant_id)
        rows.append(
            {
                "number": edit.id or n,
                "at": "" if edit.run_id else f"{edit.at:%Y-%m-%d %H:%M:%S}",
                **{name: getattr(edit, name) for name in ("author", "run_id", "action", "irritant_id", "reason")},
                **(labels(record) if record is not None else {}),
                "payload": json.dumps(edit.payload, ensure_ascii=False, sort_keys=True),
                "in_force": edit.id not in taken_back,
            }
        )
    return rows


def remainder_rows(reading: Reading) -> list[Row]:
    """One row a loose group of what no irritant claims."""
    found = [(key, metric) for key in reading.figures.keys("remainder") if key and (metric := reading.figures.get("remainder", key, "size"))]
    said = {v.id: v for v in reading.store.verbatims(ids={detail(metric, "quotes")[0][0] for _, metric in found})}
    rows: list[Row] = []
    for key, metric in found:
        (verbatim_id, position), nearest = detail(metric, "quotes")[0], reading.everyone.get(detail(metric, "nearest"))
        row: Row = {"rank": int(key), "size": metric.value, "of": metric.n, "nearest_id": detail(metric, "nearest")}
        row |= {f"nearest_{name}": label for name, label in labels(nearest).items()} if nearest is not None else {}
        rows.append(row | {"quote": passage(said[verbatim_id], position) if verbatim_id in said else ""})
    return rows
