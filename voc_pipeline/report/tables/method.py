"""Tables that tell what the others stand on: figures of the whole run, what became of every row, what the models are worth."""

from __future__ import annotations

from voc_pipeline.audit.sheet import shown
from voc_pipeline.report.reading import Figures, detail, parted, quality_of
from voc_pipeline.report.tables.cells import Row, estimate, value


def figure_rows(figures: Figures) -> list[Row]:
    """One row a figure of the whole run."""
    run = sorted(figures.of("run").items())
    return [
        {"figure": name, **estimate(metric, "value"), **estimate(figures.corrected("run", "", name), "corrected", base=False)}
        for name, metric in run
        if not name.startswith("count.")
    ]


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


def audit_rows(figures: Figures) -> list[Row]:
    """One row a label that people read, and one a value of it; none where nobody has read a sample."""
    sample = figures.get("audit", "", "sample")
    about: Row = {name: detail(sample, name) for name in ("date", "model_version", "same_model")}
    about |= {"audit_id": detail(sample, "id"), "people": ", ".join(detail(sample, "people", ())), "verbatims_read": value(sample)}
    rows = []
    for key in filter(None, figures.keys("audit")):
        f, (label, of) = figures.of("audit", key), parted(key)
        field = "codes" if label == "code" else label
        names = {f"value_{lang}": shown(field, of, lang) if of else "" for lang in ("fr", "en")}
        row: Row = {**about, "label": label, "value": of, **names, "positives": value(f.get("positives"))}
        row |= estimate(f.get("macro_f1"), "macro_f1") | estimate(f.get("f1"), "f1") | estimate(f.get("alpha"), "alpha")
        row |= {
            "same_answer": value(f.get("agreement")),
            "alpha_gate": detail(f.get("agreement"), "gate"),
            "alpha_verdict": detail(f.get("agreement"), "verdict"),
        }
        row |= {name: value(f.get(name)) for name in ("sensitivity", "specificity")}
        row |= estimate(f.get("raw_share"), "raw_share") | estimate(f.get("corrected_share"), "corrected_share", base=False)
        rows.append(row | {"not_corrected": detail(f.get("raw_share"), "refused", "")})
    return rows
