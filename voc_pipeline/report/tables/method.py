"""Tables that tell what the others stand on: figures of the whole run, what became of every row, what the models are worth."""

from __future__ import annotations

from voc_pipeline.report.reading import Figures, quality_of
from voc_pipeline.report.tables.cells import Row, estimate


def figure_rows(figures: Figures) -> list[Row]:
    """One row a figure of the whole run."""
    run = sorted(figures.of("run").items())
    return [{"figure": name, **estimate(metric, "value")} for name, metric in run if not name.startswith("count.")]


def count_rows(figures: Figures) -> list[Row]:
    """One row an outcome, and one a reason of it."""
    rows = []
    for name, metric in sorted(figures.of("run").items()):
        if name.startswith("count."):
            outcome, _, reason = name.removeprefix("count.").partition(".")
            rows.append({"outcome": outcome, "reason": reason, "n": metric.value})
    return rows


def quality_rows(figures: Figures) -> list[Row]:
    """One row a head, figure of its quality and set of texts."""
    rows = []
    for key in figures.keys("quality"):
        for name, metric in sorted(figures.of("quality", key).items()):
            head, figure, where = quality_of(key, name, metric)
            rows.append({"head": head, "figure": figure, "measured_on": where, **estimate(metric, "value")})
    return rows
