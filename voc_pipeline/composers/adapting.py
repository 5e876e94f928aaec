"""`voc train CONFIG --labels FILE`: a user's corrections move the shipped heads, and labels of the user's own join them."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from voc_pipeline.annotate import Annotator, Decisions, load_annotator
from voc_pipeline.audit import audit_of, filled_rows
from voc_pipeline.composers.annotating import feedback_of
from voc_pipeline.config import Config, FileFormat
from voc_pipeline.encoder import folder_version, read_verbatim
from voc_pipeline.errors import AuditError, TrainingError, suggest
from voc_pipeline.heads import LEAN, LEANING, NONE, SIGMOID_TASKS, VERBATIM_TASKS, own_features
from voc_pipeline.intake import Intake
from voc_pipeline.ngrams import own_words
from voc_pipeline.places import model_path
from voc_pipeline.redact import redact
from voc_pipeline.schema import Role, Verbatim
from voc_pipeline.sources.files import BrokenRow, Row
from voc_pipeline.sources.tables import open_table
from voc_pipeline.steps.auditing import customer_of
from voc_pipeline.steps.context import model_name
from voc_pipeline.store import open_store
from voc_pipeline.workbooks import cell_text

if TYPE_CHECKING:
    from voc_pipeline.training.own import Adapted, Measured, OwnLabel

CORRECTED = ("sentiment", "not_valued", "codes", "valued", "stage", "dimension", "gap_cue")
"""Columns that correct a shipped head."""
CONTEXT = frozenset({"id", "verbatim_id", "text", "lang", "channel", "question", "customer", "source", "date", "comment", "annotator", "kind"})
"""Columns that are no labels."""
YES, NO = frozenset({"yes", "oui", "true", "vrai", "1", "y", "o", "x"}), frozenset({"no", "non", "false", "faux", "0", "n"})
MANY = 20
"""Different values from which a column is text, not a label."""
SHOWN = 8
ALONE = "a value told by one customer, or in one text, alone: it could not be measured on anybody else"
KEYS = {"sentiment": "macro_f1_4", "not_valued": "f1", "valued": "f1", "codes": "macro_f1"}
"""Names of the figures as the report knows them; the others are accuracies."""
MEASURES = {"sentiment": "macro-F1", "not_valued": "F1", "valued": "F1", "codes": "mean F1"}


@dataclass(frozen=True, slots=True)
class Told:
    """A verbatim and what its row of the file says of it, by column."""

    verbatim: Verbatim
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was learnt: heads moved, labels added, and what was left aside, with why."""

    folder: Path
    version: str
    rows: int
    heads: Mapping[str, Adapted]
    labels: Mapping[str, OwnLabel]
    aside: Mapping[str, str]


def adapt(config: Config, labels: Path, out: Path | None = None) -> Outcome:
    """Fit heads to a user's own rows and write a model folder that the configuration can name.

    Encoder, reader and topic vectors stay as they are, so irritants keep their ids and their mentions.

    Args:
        config: Its model is where the heads begin, its store knows the verbatims.
        labels: A workbook of `voc audit`, filled in; or CSV, TSV, XLSX, JSONL, JSON or Parquet with ``verbatim_id`` (or ``text`` with optional ``lang, channel, question, customer``). Columns
            ``sentiment, not_valued, codes, valued, stage, dimension, gap_cue`` correct the shipped heads, any other is a label of the user's own.
            Empty cells say nothing.
        out: Model folder to write; default: ``models/<project>`` beside the configuration.

    Returns:
        What was learnt, with figures on rows held out in turn.

    Raises:
        TrainingError: The file says nothing usable, or a cell is not of the codebook; every such cell is named.
    """
    from voc_pipeline.training.own import LEAST, LEAST_CORRECTIONS, learn_label
    from voc_pipeline.training.own import adapt as moved

    base = model_path(model_name(config))
    out = out or config.resolve(Path("models") / re.sub(r"[^a-z0-9-]+", "-", config.project.lower()).strip("-"))
    out = out.resolve()
    if out in (base.resolve(), *base.resolve().parents):
        raise TrainingError(str(out), "the model that the heads begin with, or a folder around it", "another folder", "Name one with --out")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "voc.json").is_file())):
        raise TrainingError(str(out), "it holds something else than a model", "a new folder, or an earlier model", "Name another one with --out")
    told = _told(config, labels)
    annotator = load_annotator(base)
    seen = [_see(annotator, one.verbatim) for one in told]
    customers = [customer_of(one.verbatim) or one.values.get("customer") or one.verbatim.text_key for one in told]
    heads: dict[str, Adapted] = {}
    new: dict[str, OwnLabel] = {}
    aside: dict[str, str] = {}
    columns = list(dict.fromkeys(name for one in told for name in one.values if name not in CONTEXT))
    for column in columns:
        filled = _told_once(column, told, aside)
        if column in CORRECTED:
            if len(filled) < LEAST_CORRECTIONS:
                aside[column] = f"{len(filled)} corrected rows; a head is moved from {LEAST_CORRECTIONS} on"
                continue
            target = _target(column, [told[i].values[column] for i in filled])
            if len(np.unique(target, axis=0)) < 2:
                aside[column] = "all rows say the same"
                continue
            if len({customers[i] for i in filled}) < 2:
                aside[column] = ALONE
                continue
            x = np.stack([seen[i].attended[column] for i in filled])
            fixed = np.stack([seen[i].logits[column] for i in filled]) - (
                x @ annotator.heads.weights[f"weight.{column}"].T + annotator.heads.weights[f"bias.{column}"]
            )
            heads[column] = moved(
                annotator.heads.weights[f"weight.{column}"],
                annotator.heads.weights[f"bias.{column}"],
                x,
                fixed,
                target,
                [customers[i] for i in filled],
                _score(column, annotator.decisions),
                column in SIGMOID_TASKS,
            )
            continue
        values = [_class(told[i].values[column]) for i in filled]
        counts = Counter(values)
        few = sorted(name for name, n in counts.items() if n < LEAST)
        kept = [(i, value) for i, value in zip(filled, values, strict=True) if value not in few]
        if len({value for _, value in kept}) < 2:
            shown = ", ".join(f"{name}: {n}" for name, n in counts.most_common(SHOWN))
            aside[column] = f"a label needs two values of {LEAST} rows or more ({shown})"
            continue
        who: dict[str, set[str]] = {}
        for i, value in kept:
            who.setdefault(value, set()).add(customers[i])
        if min(map(len, who.values())) < 2:
            aside[column] = ALONE
            continue
        if few:
            aside[f"{column}: {', '.join(few[:SHOWN])}"] = f"under {LEAST} rows"
        new[column] = learn_label(np.stack([seen[i].own for i, _ in kept]), [value for _, value in kept], [customers[i] for i, _ in kept])
    if not heads and not new:
        raise TrainingError(str(labels), "; ".join(f"{name}: {why}" for name, why in aside.items()) or "no label", "rows to learn from", "Label more")
    version = _write(base, out, annotator, heads, new, len(told))
    return Outcome(out, version, len(told), heads, new, aside)


def _told_once(column: str, told: Sequence[Told], aside: dict[str, str]) -> list[int]:
    """Rows that fill a column, one of each text; a text that is given two values teaches nothing. What is left out is told in `aside`."""
    rows_of: dict[tuple[str, ...], list[int]] = {}
    for i, one in enumerate(told):
        if one.values.get(column):
            v = one.verbatim
            rows_of.setdefault((v.text_key, v.question, v.kind), []).append(i)
    agreed = [rows for rows in rows_of.values() if len({_meant(column, told[i].values[column]) for i in rows}) == 1]
    if torn := len(rows_of) - len(agreed):
        n = sum(map(len, rows_of.values())) - sum(map(len, agreed))
        aside[f"{column}: {n} rows"] = f"{'one text is' if torn == 1 else f'{torn} texts are'} given different values"
    if again := sum(map(len, agreed)) - len(agreed):
        aside[f"{column}: {'one row' if again == 1 else f'{again} rows'}"] = "the text of another row with the same value: counted once"
    return sorted(rows[0] for rows in agreed)


def _meant(column: str, value: str) -> str:
    return " ".join(sorted(_several(value))) if column == "codes" else _class(value)


# ---------------------------------------------------------------- the file


def _told(config: Config, path: Path) -> list[Told]:
    if not path.is_file():
        raise TrainingError(str(path), "no such file", "a table of labelled verbatims", "Check the path")
    rows = _audited(path)
    if rows is None:
        with open_table(path, FileFormat()) as table:
            rows = list(table.rows)
    problems = [f"{row.place}: {row.detail}" for row in rows if isinstance(row, BrokenRow)]
    records = [(row.place, _clean(row.values)) for row in rows if isinstance(row, Row)]
    records = [(place, values) for place, values in records if any(values.values())]
    if not records and not problems:
        raise TrainingError(str(path), "no row with anything in it", "a table of labelled verbatims", "Label some verbatims first")
    names = {name for _, values in records for name in values}
    if not names & {"verbatim_id", "text"}:
        raise TrainingError(
            str(path), f"columns {', '.join(sorted(names)) or 'none'}", "a column verbatim_id (of your store) or text", "Add or rename one"
        )
    for column in sorted(names - CONTEXT - set(CORRECTED)):
        different = {_class(values[column]) for _, values in records if values.get(column)}
        if len(different) > MANY:
            problems.append(f"column {column!r}: {len(different)} different values, too many for a label; call it `comment`, or leave it out")
        if any(redact(values[column], lang).text != values[column] for _, values in records if values.get(column) for lang in ("fr", "en")):
            problems.append(f"column {column!r} holds personal data, which no model may keep; call it `comment`, or leave it out")
    for place, values in records:
        problems += [f"{place}: {column}: {problem}" for column in CORRECTED if (problem := _wrong(column, values.get(column, "")))]
    verbatims, missing = _verbatims(config, records)
    problems += [
        f"{place}: " + (f"verbatim {i!r} is not in the store of this configuration" if i else "neither text nor verbatim_id") for place, i in missing
    ]
    if problems:
        more = f" (and {len(problems) - SHOWN} more)" if len(problems) > SHOWN else ""
        raise TrainingError(str(path), "; ".join(problems[:SHOWN]) + more, "labels of the codebook, or of your own", "Correct these cells")
    return [Told(verbatims[place], values) for place, values in records if place in verbatims]


def _audited(path: Path) -> list[Row | BrokenRow] | None:
    """Rows of a workbook of `voc audit` that people filled in; None for any other file.

    Raises:
        AuditError: It is one, and a cell is wrong.
    """
    if path.suffix.lower() != ".xlsx":
        return None
    try:
        audit_of(path)
    except AuditError:
        return None

    return [Row(f"verbatim {row['verbatim_id']}", row) for row in filled_rows(path)]


def _clean(values: Mapping[str, Any]) -> dict[str, str]:
    def text(value: Any) -> str:
        if isinstance(value, float) and np.isnan(value):
            return ""
        return "; ".join(map(str, value)) or "none" if isinstance(value, (list, tuple)) else cell_text(value)

    return {re.sub(r"\W+", "_", str(name).strip().lower()).strip("_"): text(value) for name, value in values.items()}


def _verbatims(config: Config, records: Sequence[tuple[str, Mapping[str, str]]]) -> tuple[dict[str, Verbatim], list[tuple[str, str]]]:
    """Verbatims by place: those of the store where the row names one, else the row's text as intake prepares it; and ids that the store lacks."""
    wanted = {values["verbatim_id"] for _, values in records if values.get("verbatim_id")}
    known: dict[str, Verbatim] = {}
    if wanted:
        with open_store(config.store_url) as store:
            known = {verbatim.id: verbatim for verbatim in store.verbatims(ids=wanted)}
    intake = Intake(config.key, config.languages)
    found, missing = {}, []
    for number, (place, values) in enumerate(records, 1):
        if values.get("verbatim_id"):
            if values["verbatim_id"] in known:
                found[place] = known[values["verbatim_id"]]
            else:
                missing.append((place, values["verbatim_id"]))
        elif not values.get("text"):
            missing.append((place, ""))
        else:
            given = {name: values.get(name, "") for name in ("lang", "channel", "question")}
            found[place] = intake.prepare(feedback_of(f"labels-{number}", values["text"], position=number, **given))
    return found, missing


def _wrong(column: str, value: str) -> str:
    if not value:
        return ""
    if column in ("not_valued", "valued"):
        return "" if value.lower() in YES | NO else f"{value!r} is neither yes nor no"
    known = _classes(column)
    wrong = [name for name in _several(value) if name not in known] if column == "codes" else [value.lower()] * (value.lower() not in known)
    return f"{wrong[0]!r} is not known. {suggest(wrong[0], known)}" if wrong else ""


def _classes(column: str) -> tuple[str, ...]:
    return VERBATIM_TASKS[column]


def _several(value: str) -> list[str]:
    return [name for name in re.split(r"[;,\s]+", value.lower()) if name and name not in NO | {"none"}]


def _class(value: str) -> str:
    lowered = value.lower()
    return "yes" if lowered in YES else "no" if lowered in NO else lowered


def _target(column: str, values: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
    """Class indexes, or 0/1 per label."""
    names = _classes(column)
    if column == "codes":
        return np.array([[float(name in _several(value)) for name in names] for value in values])
    if column in SIGMOID_TASKS:
        return np.array([[float(value.lower() in YES)] for value in values])
    return np.array([names.index(value.lower()) for value in values])


# ---------------------------------------------------------------- what the model sees


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    attended: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]
    logits: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]
    own: np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def _see(annotator: Annotator, verbatim: Verbatim) -> _Seen:
    heads = annotator.heads
    hidden, evidence, x = read_verbatim(annotator.encoder, annotator.reader, verbatim)
    customer = [i for i, segment in enumerate(verbatim.segments) if segment.role is Role.CUSTOMER]
    p = heads.verbatim(hidden, evidence, own_words(verbatim))
    p = heads.joined(p, {task: values[customer] for task, values in heads.segments(x, [s.text for s in verbatim.segments]).items()})
    logits = {}
    for column in CORRECTED:
        q = np.clip(p[column], 1e-6, 1 - 1e-6)
        logits[column] = np.asarray(np.log(q) - (np.log(1 - q) if column in SIGMOID_TASKS else 0), np.float32)
    attended = {column: heads.attended(column, hidden, evidence) for column in CORRECTED}
    return _Seen(attended, logits, own_features(hidden, evidence, x[customer], p))


def _score(column: str, decisions: Decisions) -> Any:
    from voc_pipeline.training.own import f1_by_class, f1_of_labels

    limits = np.array([decisions.thresholds.get(f"codes.{name}" if column == "codes" else column, 0.5) for name in _classes(column)])

    def score(target: Any, p: Any) -> float:
        if column == "sentiment":
            mixed = _classes(column).index("mixed")
            said = np.where(p[:, mixed] >= decisions.thresholds.get("mixed", 1.0), mixed, p.argmax(1))
            return float(f1_by_class(target, said, p.shape[1]).mean())
        if column in SIGMOID_TASKS:
            told = target.any(0)
            return float(f1_of_labels(target > 0, p >= limits)[told].mean()) if told.any() else 0.0
        if column in ("dimension", "gap_cue"):
            none = _classes(column).index(NONE)
            others = np.where(np.arange(p.shape[1]) == none, -1.0, p).argmax(1)
            return float((np.where(p[:, none] >= decisions.thresholds.get(f"no_{column}", 0.5), none, others) == target).mean())
        return float((p.argmax(1) == target).mean())

    return score


# ---------------------------------------------------------------- the folder


def _write(base: Path, out: Path, annotator: Annotator, heads: Mapping[str, Adapted], new: Mapping[str, OwnLabel], rows: int) -> str:
    """The model folder: all files of the base but the weights for fine-tuning, with the fitted heads; whole or not at all."""
    from safetensors.numpy import load_file, save_file

    skipped = {"heads.safetensors", "voc.json", "metrics.json", "README.md"}
    skipped |= {"model.safetensors"} if any(base.glob("model*.onnx")) else set()
    place = out.with_name(f".{out.name}.writing")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        for file in sorted(base.iterdir()):
            if file.is_file() and file.name not in skipped:
                shutil.copyfile(file, place / file.name)
        weights = dict(load_file(base / "heads.safetensors"))
        decisions = json.loads((base / "voc.json").read_text(encoding="utf-8"))
        for column, head in heads.items():
            if head.moved:  # the head's own part of the answer; shares and temperatures keep the rest as it was
                part = (1 - decisions.get("ngrams", {}).get(column, 0.0)) / decisions["temperatures"].get(column, 1.0)
                part *= 1 - LEAN if column in LEANING else 1
                for name, value in (("weight", head.weight), ("bias", head.bias)):
                    shipped = weights[f"{name}.{column}"]
                    weights[f"{name}.{column}"] = np.asarray(shipped + (value - shipped) / part, np.float32)
        decisions["own"] = {**decisions.get("own", {}), **{name: {"classes": list(label.classes)} for name, label in new.items()}}
        for name, label in new.items():
            weights[f"weight.own.{name}"], weights[f"bias.own.{name}"] = label.weight, label.bias
            if label.threshold:
                decisions["thresholds"][f"own.{name}"] = label.threshold
        save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, place / "heads.safetensors")
        (place / "heads.safetensors").chmod(0o644)
        (place / "voc.json").write_text(json.dumps(decisions, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        version = f"{out.name}-{folder_version(place).rsplit('-', 1)[1]}"
        (place / "metrics.json").write_text(json.dumps(_metrics(version, heads, new), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (place / "README.md").write_text(_card(out.name, annotator.version, heads, new, rows), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        place.replace(out)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return version


def _figure(measured: Measured, where: str) -> dict[str, Any]:
    return {"value": measured.value, "low": measured.low, "high": measured.high, "n": measured.n, "set": where}


def _metrics(version: str, heads: Mapping[str, Adapted], new: Mapping[str, OwnLabel]) -> dict[str, Any]:
    where = "your rows, held out in turn"
    headline = {f"{name}_{KEYS.get(name, 'accuracy')}, {where}": _figure(head.after, where) for name, head in heads.items()}
    headline |= {f"own.{name}_macro_f1, {where}": _figure(label.figure, where) for name, label in new.items()}
    return {"model_version": version, "headline": headline, "sets": {}}


def _card(name: str, base: str, heads: Mapping[str, Adapted], new: Mapping[str, OwnLabel], rows: int) -> str:
    lines = [
        f"# {name}",
        "",
        f"{base} with heads fitted to {rows} rows of yours. Encoder, reader and topic vectors are those of {base}; its recorded figures do not hold for",
        "the heads below. Figures are taken on your rows, held out in turn, all rows of a customer together; intervals are of 95 %.",
        "",
        "| head | figure | before | after | rows |",
        "|---|---|---|---|---|",
    ]
    for column, head in heads.items():
        after = _told_figure(head.after) if head.moved else "as before: it did best as it was"
        lines.append(f"| {column} | {MEASURES.get(column, 'accuracy')} | {_told_figure(head.before)} | {after} | {head.after.n} |")
    for label, own in new.items():
        warning = "" if own.trusted else " (too low to trust)"
        lines.append(f"| {label}: {', '.join(own.classes)} | macro-F1 | none | {_told_figure(own.figure)}{warning} | {own.figure.n} |")
    return "\n".join([*lines, ""])


def _told_figure(figure: Measured) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def show(outcome: Outcome, config_name: str, console: Console) -> None:
    """What was learnt, and what to do with it."""
    from voc_pipeline.training.own import TRUSTED

    table = Table(title=f"{outcome.rows} rows, measured on rows held out in turn", box=None, header_style="dim")
    for name in ("head", "figure", "before", "after", "rows"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    for column, head in outcome.heads.items():
        after = _told_figure(head.after) if head.moved else "unchanged: it did best as it was"
        table.add_row(column, MEASURES.get(column, "accuracy"), _told_figure(head.before), after, str(head.after.n))
    for label, own in outcome.labels.items():
        table.add_row(f"{label} (new)", "macro-F1", "", _told_figure(own.figure), str(own.figure.n))
    console.print(table)
    for label, own in outcome.labels.items():
        console.print(f"  {label}: " + ", ".join(f"{name} F1 {score:.2f} on {n} rows" for name, (score, n) in own.per_class.items()))
        if not own.trusted:
            console.print(
                f"  [yellow]{label} is too weak to trust: its macro-F1 may be as low as {own.figure.low:.2f}, and {TRUSTED} is asked for. Label more rows"
                " of its rarest value, or make its meaning sharper.[/yellow]"
            )
    for name, why in outcome.aside.items():
        console.print(f"  left aside: {name}: {why}")
    console.print(f"Model {outcome.version} written to {outcome.folder}")
    if not outcome.labels and not any(head.moved for head in outcome.heads.values()):
        console.print(f"It answers as the model before did: your rows bettered no head, so {config_name} can stay as it is.")
        return
    console.print(f"To use it, set in {config_name}:  model: {outcome.folder}")
    console.print("An audit corrects the shares of the model that it judged: with this one, draw another by `voc audit`.")
