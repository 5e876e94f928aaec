"""The tables of a run: the same rows whatever the run, the machine or the day, and every column explained in French and in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voc_pipeline.config import Config
from voc_pipeline.report.reading import Readable, read
from voc_pipeline.report.tables.actions import action_rows, loop_rows
from voc_pipeline.report.tables.adjusted import (
    aspect_rows,
    crossing_rows,
    driver_rows,
    driver_segment_rows,
    moment_rows,
    regard_rows,
)
from voc_pipeline.report.tables.breakdowns import code_rows, code_stage_rows, dimension_rows, group_rows, month_rows, share_rows, stage_rows
from voc_pipeline.report.tables.cells import Row
from voc_pipeline.report.tables.dictionary import columns, frame
from voc_pipeline.report.tables.documents import dispersion_rows, register_match_rows, register_rows
from voc_pipeline.report.tables.files import canonical_csv, write_tables
from voc_pipeline.report.tables.method import audit_rows, count_rows, figure_rows, quality_rows
from voc_pipeline.report.tables.records import best_quotes, gap_rows, mention_rows, record_rows
from voc_pipeline.report.tables.registry import ledger_rows, remainder_rows
from voc_pipeline.report.tables.responses import response_rows
from voc_pipeline.report.tables.rollups import rollup_rows
from voc_pipeline.report.tables.stories import seam_matrix_rows, seam_rows, story_rows, story_stat_rows
from voc_pipeline.schema import IrritantKind

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["canonical_csv", "columns", "tables", "write_tables"]


def tables(store: Readable, config: Config, run_id: str) -> dict[str, DataFrame]:
    """All tables of a run.

    Args:
        store: Read, never written.
        config: Settings of the run (its journey names the stages).
        run_id: The run.

    Returns:
        By name: `irritants`, `strengths`, `suggestions`, `mentions`, `gaps`, `registers`, `register_matches`, `dispersion`, `stages`, `segments`, `months`, `irritant_months`, `irritant_segments`,
        `drivers`, `driver_segments`, `regard_effects`, `moments`, `rollups`, `aspects`, `crossings`, `codes`, `code_stages`, `dimensions`, `figures`, `counts`, `quality`, `audit`, `ledger`,
        `remainder`, `stories`, `story_stats`, `seams`, `seam_matrix`, `actions`, `loop`, `responses`. Rows sorted, floats rounded; `columns` explains the columns.

    Raises:
        RunError: no run has that id.
    """
    reading = read(store, config, run_id)
    mentions = mention_rows(reading)
    best = best_quotes(mentions)
    made: dict[str, list[Row]] = {
        **{f"{kind}s": record_rows(reading, kind, best) for kind in IrritantKind},
        "mentions": mentions,
        "gaps": gap_rows(reading, mentions),
        "registers": register_rows(reading),
        "register_matches": register_match_rows(reading),
        "dispersion": dispersion_rows(reading),
        "stages": stage_rows(reading),
        "segments": group_rows(reading.figures),
        "months": month_rows(reading.figures),
        "irritant_months": share_rows(reading, "irritant_month"),
        "irritant_segments": share_rows(reading, "irritant_segment"),
        "drivers": driver_rows(reading),
        "driver_segments": driver_segment_rows(reading),
        "regard_effects": regard_rows(reading),
        "moments": moment_rows(reading),
        "rollups": rollup_rows(reading),
        "aspects": aspect_rows(reading),
        "crossings": crossing_rows(reading),
        "codes": code_rows(reading.figures),
        "code_stages": code_stage_rows(reading.figures),
        "dimensions": dimension_rows(reading.figures),
        "figures": figure_rows(reading.figures),
        "counts": count_rows(reading.figures),
        "quality": quality_rows(reading.figures),
        "audit": audit_rows(reading.figures),
        "ledger": ledger_rows(reading),
        "remainder": remainder_rows(reading),
        "stories": story_rows(reading),
        "story_stats": story_stat_rows(reading),
        "seams": seam_rows(reading),
        "seam_matrix": seam_matrix_rows(reading),
        "actions": action_rows(reading),
        "loop": loop_rows(reading),
        "responses": response_rows(reading),
    }
    return {name: frame(name, rows) for name, rows in made.items()}
