"""`voc audit`: a sample of the user's own verbatims for people to read, and what their answers say of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline.audit import Filled, audit_id, audit_of, draw, read_filled, write_workbook
from voc_pipeline.audit.figures import MOST_PEOPLE
from voc_pipeline.audit.sampling import ENOUGH, least_drawn
from voc_pipeline.audit.sheet import FIELDS, NONE, shown
from voc_pipeline.config import Config
from voc_pipeline.errors import AuditError, RunError, suggest
from voc_pipeline.keys import fold
from voc_pipeline.redact import redact
from voc_pipeline.report.reading import Figures, detail, parted
from voc_pipeline.schema import Audit, AuditAnswer, Dimension, Gap, Metric, NotValuedCode, Sentiment, Stage
from voc_pipeline.steps.auditing import SCOPE, audit_metrics, write_audited
from voc_pipeline.steps.publishing import publish_to
from voc_pipeline.store import Run, Store, open_store

WIDTH = 104
"""Columns that the figures need, also where the output goes into a file."""
LABELS: Mapping[str, tuple[str, str]] = {
    "sentiment": ("sentiment", "sentiment"),
    "not_valued": ("not valued", "not_valued"),
    "code": ("way of not being valued", "codes"),
    "valued": ("valued", "valued"),
    "stage": ("stage", "stage"),
    "dimension": ("Servqual dimension", "dimension"),
    "gap_cue": ("gap cue", "gap_cue"),
}
"""Labels of the figures, in the order they are told, each with its column."""
REFUSALS: Mapping[str, str] = {
    "few_positives": "given to fewer than 30",
    "few_negatives": "fewer than 30 without it",
    "weak": "hardly told apart",
    "contradicted": "errors measured do not fit",
    "other_model": "other model version",
}
VERDICTS: Mapping[str, str] = {
    "reached": "reaches",
    "uncertain": "reaches, though its interval goes below",
    "missed": "[yellow]does not reach[/]",
    "unknown": "cannot be set against",
}


def draw_sample(config: Config, n: int, to: Path | None, lang: Literal["fr", "en"], seed: int) -> Path:
    """Draw a sample of the last finished run and write its workbook.

    Args:
        config: Settings.
        n: Verbatims wanted.
        to: Workbook to write; by default `audit-<id>.xlsx` in the output folder.
        lang: Of the workbook.
        seed: Of the draw: the same again draws the same.

    Returns:
        The workbook.

    Raises:
        RunError: No run is done yet.
        AuditError: `n` is too small, or the file is there already, or is to be no workbook.
    """
    if to is not None and to.suffix.lower() != ".xlsx":
        raise AuditError(
            f"--to {to}", f"a name that ends in {to.suffix or 'nothing'}", "a workbook, FILE.xlsx", f"Call it {to.with_suffix('.xlsx').name}"
        )
    with open_store(config.store_url) as store:
        run = store.last_done_run()
        if run is None:
            raise RunError("store", "no run is done yet", "a finished run to draw from", "`voc run CONFIG` makes the first one")
        verbatims = {verbatim.id: verbatim for verbatim in store.verbatims(run.window_start, run.as_of)}
        annotations = {a.verbatim_id: a for a in store.annotations(run.model_version, run.window_start, run.as_of)}
        strata, sample = draw(verbatims.values(), annotations, n, seed)
        name = audit_id(run.id, run.model_version, seed, strata, sample)
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        made = Audit(name, run.id, run.model_version, now, seed, lang, n, strata, sample)
        with store.transaction():
            audit = replace(store.save_audit(made), lang=lang, asked=n)
            path = write_workbook(audit, verbatims, to or config.output_dir / f"audit-{name}.xlsx")
    _told_draw(Console(highlight=False), audit, path)
    return path


def _told_draw(console: Console, audit: Audit, path: Path) -> None:
    n = len(audit.sample)
    console.print(
        f"[bold]{audit.id}[/]: {n} of {audit.population} verbatims of {audit.run_id}, seed {audit.seed} -> {escape(str(path))}", soft_wrap=True
    )
    if n < audit.asked:
        console.print(f"{audit.asked} were asked for; there are only {n}, and all were taken.", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("source", "the model reads", "verbatims", "drawn", "each stands for"):
        table.add_column(head, justify="left" if head in {"source", "the model reads"} else "right")
    for stratum in audit.strata:
        reads = ", ".join((("negative" if stratum.negative else "not negative"), *(("not valued",) if stratum.not_valued else ())))
        table.add_row(escape(stratum.source), reads, str(stratum.size), str(stratum.drawn), f"{stratum.size / stratum.drawn:.1f}")
    console.print(table)
    if n < audit.population:
        least = least_drawn(audit.asked, len(audit.strata))
        console.print(f"Each stratum in proportion, but at least {least} where it has as many.", soft_wrap=True)
    few = sum(stratum.drawn == stratum.size for stratum in audit.strata)
    if few and n < audit.population:
        console.print(f"{few} of the {len(audit.strata)} strata are so small that all of theirs were taken.", soft_wrap=True)
    console.print("The workbook shows none of this. Give one copy to each of two people, then:")
    console.print(f"  voc audit CONFIG --filled {escape(path.stem)}-A.xlsx --filled {escape(path.stem)}-B.xlsx", soft_wrap=True)


def take_back(config: Config, files: Sequence[Path]) -> list[Metric]:
    """Take filled workbooks back, say what they tell of the model, and write the reports again with the corrected shares.

    The same file again replaces what that person had answered; how many answers go is told. A workbook with nothing filled in is refused.

    Args:
        config: Settings.
        files: One workbook, or two of two people.

    Returns:
        The figures of the audit for the newest run.

    Raises:
        AuditError: A file cannot be taken back; ``problems`` holds every one of all files.
        StoreError: The audit was not drawn from this store.
    """
    with open_store(config.store_url) as store:
        filled = _read(store, files)
        audit = store.audit(filled[0].audit_id)
        _check_people(store, audit, filled)
        emptied = [_emptied(store, one) for one in filled]
        with store.transaction():  # answers, and what every figure makes of them: all or nothing
            for one in filled:
                store.write_audit_answers(audit.id, one.annotator, _answers(one))
            newest = _measure_again(store, audit)
        metrics = _measured(store, newest, audit)
        shown_in_reports = detail(Figures(store.metrics(newest.id, SCOPE)).get(SCOPE, "", "sample"), "id")
        publish_to(config, store, newest.id, config.output_dir)
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    for one, gone in zip(filled, emptied, strict=True):
        blanks = sum(one.blanks.values())
        console.print(f"{escape(one.annotator)}: {len(one.rows)} verbatims, {blanks} of {len(one.rows) * len(FIELDS)} cells left blank")
        if gone:
            console.print(f"  [yellow]{gone} of them held an answer in the copy given before: those answers are gone[/]", soft_wrap=True)
    show(console, metrics)
    if shown_in_reports is None:
        console.print("\nNobody has answered anything yet: the reports show no audit.")
    elif shown_in_reports != audit.id:
        console.print(
            f"\n[yellow]Reports go on with {shown_in_reports}[/], for which more verbatims were read or whose model is the run's.", soft_wrap=True
        )
    console.print(f"\nReports of {newest.id} written again, and audit.csv: {escape(str(config.output_dir))}", soft_wrap=True)
    return metrics


def withdraw(config: Config, name: str) -> None:
    """Remove what a person answered to the last audit that they answered, and write the reports again without it.

    Args:
        config: Settings.
        name: Of the person, whatever its case.

    Raises:
        AuditError: Nobody of that name has answered an audit of this store.
    """
    with open_store(config.store_url) as store:
        answered = [(audit, answer.annotator) for audit in store.audits() for answer in store.audit_answers(audit.id)]
        theirs = [(audit, one) for audit, one in answered if fold(one) == fold(name)]
        if not theirs:
            known = sorted({one for _, one in answered})
            expected, remedy = "a person who has answered", "`voc audit CONFIG --filled FILE` takes answers back"
            raise AuditError(f"--withdraw {name}", "nobody of that name has answered an audit", expected, suggest(name, known) if known else remedy)
        audit, annotator = theirs[-1]
        with store.transaction():
            store.write_audit_answers(audit.id, annotator, [])
            newest = _measure_again(store, audit)
        publish_to(config, store, newest.id, config.output_dir)
    n = sum(found == (audit, annotator) for found in theirs)
    Console(highlight=False).print(
        f"{n} verbatims that {escape(annotator)} read for {audit.id} count no more. Reports of {newest.id} written again: {escape(str(config.output_dir))}",
        soft_wrap=True,
    )


def _measure_again(store: Store, audit: Audit) -> Run:
    """Figures of the run an audit was drawn from and of the newest, which is returned."""
    audited, newest = store.run(audit.run_id), store.last_done_run()
    newest = newest or audited
    for run in {audited.id: audited, newest.id: newest}.values():
        write_audited(store, run.id, _measured(store, run))
    return newest


def _measured(store: Store, run: Run, audit: Audit | None = None) -> list[Metric]:
    verbatims = {verbatim.id: verbatim for verbatim in store.verbatims(run.window_start, run.as_of)}
    annotations = {a.verbatim_id: a for a in store.annotations(run.model_version, run.window_start, run.as_of)}
    return audit_metrics(store, run, verbatims, annotations, store.metrics(run.id), audit)


def _read(store: Store, files: Sequence[Path]) -> list[Filled]:
    """All files, or every problem of all of them."""
    if len(files) > MOST_PEOPLE:
        raise AuditError("--filled", f"{len(files)} files", "one, or two of two people", "Give at most two")
    problems: list[AuditError] = []
    filled: list[Filled] = []
    audit: Audit | None = None
    for path in files:
        try:
            audit = audit or store.audit(audit_of(path))
            filled.append(_named(store, read_filled(path, audit.id, {drawn.verbatim_id for drawn in audit.sample})))
            if sum(filled[-1].blanks.values()) == len(filled[-1].rows) * len(FIELDS):
                problems.append(AuditError(str(path), "nothing is filled in", "answers of one person", "Give the copy that was filled in and saved"))
        except AuditError as error:
            problems += error.problems or (error,)
    if problems:
        problems[0].problems = tuple(problems)
        raise problems[0]
    return filled


def _named(store: Store, filled: Filled) -> Filled:
    """The same, by the name that its reader bore before where only case and blanks differ."""
    known = {fold(answer.annotator): answer.annotator for answer in store.audit_answers(filled.audit_id)}
    return replace(filled, annotator=known.get(fold(filled.annotator), filled.annotator))


def _emptied(store: Store, filled: Filled) -> int:
    """Cells that this person had answered and leaves blank now."""
    before = {answer.verbatim_id: answer for answer in store.audit_answers(filled.audit_id) if answer.annotator == filled.annotator}
    rows = [(before[str(row["verbatim_id"])], row) for row in filled.rows if str(row["verbatim_id"]) in before]
    return sum(getattr(answer, name) not in (None, ()) and row[name] is None for answer, row in rows for name in FIELDS)


def _check_people(store: Store, audit: Audit, filled: Sequence[Filled]) -> None:
    names = [one.annotator for one in filled]
    if len({fold(name) for name in names}) < len(names):
        raise AuditError(
            "--filled", f"both files are by {names[0]!r}", "two people", "Write each one's name in the first sheet, or in the file's name"
        )
    everyone = sorted({answer.annotator for answer in store.audit_answers(audit.id)} | set(names))
    if len(everyone) > MOST_PEOPLE:
        earlier = ", ".join(name for name in everyone if name not in names)
        raise AuditError(
            f"audit {audit.id}",
            f"{earlier} answered it already; with {', '.join(names)} there would be {len(everyone)} people",
            "at most two",
            "To replace someone's answers, write that name in the first sheet; `voc audit CONFIG --withdraw NAME` removes them",
        )


def _answers(filled: Filled) -> list[AuditAnswer]:
    return [_answer(filled, row) for row in filled.rows]


def _answer(filled: Filled, row: Mapping[str, Any]) -> AuditAnswer:
    def kept(name: str, kind: Any) -> Any:
        value = row[name]
        return value if value in (None, NONE) else kind(int(value) if kind is Gap else value)

    return AuditAnswer(
        audit_id=filled.audit_id,
        annotator=filled.annotator,
        verbatim_id=str(row["verbatim_id"]),
        sentiment=kept("sentiment", Sentiment),
        not_valued=row["not_valued"],
        codes=None if row["codes"] is None else tuple(map(NotValuedCode, row["codes"])),
        valued=row["valued"],
        stage=kept("stage", Stage),
        dimension=kept("dimension", Dimension),
        gap_cue=kept("gap_cue", Gap),
        comment=redact(row["comment"], row.get("lang") or "fr").text if row["comment"] else "",
    )


# ---------------------------------------------------------------- what it tells


def show(console: Console, metrics: Sequence[Metric]) -> None:
    """Prints the figures of an audit."""
    f = Figures(metrics)
    sample = f.get(SCOPE, "", "sample")
    if sample is None:
        return
    people = list(map(str, detail(sample, "people", [])))
    console.print(
        f"\n[bold]{detail(sample, 'id')}[/], drawn on {detail(sample, 'date')} from {detail(sample, 'run_id')}, model {detail(sample, 'model_version')}"
    )
    console.print(
        f"{sample.value:.0f} of {sample.n} verbatims read, by {escape(' and '.join(people))}; they stand for {detail(sample, 'population')}",
        soft_wrap=True,
    )
    for words in _remarks(sample, people):
        console.print(words, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("", "F1, 95 %", "alpha, 95 %", "raw", "corrected, 95 %"):
        table.add_column(head, no_wrap=True, justify="right" if head == "raw" else "left")
    for label, (title, field) in LABELS.items():
        own = [key for key in f.keys(SCOPE) if parted(key)[0] == label and "=" in key]
        table.add_row(f"[bold]{title}[/]", _range(f.get(SCOPE, label, "macro_f1"), " mean"), _range(f.get(SCOPE, label, "alpha")), "", "")
        for key in sorted(own, key=lambda key: -f.value(SCOPE, key, "raw_share")):
            value = parted(key)[1]
            table.add_row(f"  {shown(field, value, 'en')}", *_cells(f, key))
    console.print(table)
    console.print(
        "An answer has an F1 and a corrected share only where people gave it to at least 30 verbatims, and another one to at least 30.",
        soft_wrap=True,
    )
    _show_gates(console, f, people)


def _remarks(sample: Metric, people: Sequence[str]) -> list[str]:
    remarks = []
    if len(people) < MOST_PEOPLE:
        remarks.append("One person has read: how far people agree cannot be told before a second one has.")
    else:
        remarks.append(f"{detail(sample, 'read_by_both')} were read by both; where they differ, each answer counts half.")
    if sample.n < ENOUGH:
        remarks.append(f"The protocol asks for {ENOUGH} verbatims: with {sample.n}, trust the intervals rather than the figures.")
    if changed := detail(sample, "changed"):
        remarks.append(f"{changed} were left out: their text has changed since the draw.")
    if unheard := float(detail(sample, "unheard_share", 0.0)):
        remarks.append(f"Nobody answered for strata that hold {unheard * 100:.1f} % of the verbatims: the figures do not speak for those.")
    if not detail(sample, "same_model"):
        remarks.append("[yellow]The newest run has another model version: its shares are not corrected by this audit.[/]")
    return remarks


def _cells(f: Figures, key: str) -> list[str]:
    raw, corrected = f.get(SCOPE, key, "raw_share"), f.get(SCOPE, key, "corrected_share")
    fixed = _range(corrected, percent=True) if corrected else f"[dim]{REFUSALS.get(str(detail(raw, 'refused', '')), '')}[/]"
    return [_range(f.get(SCOPE, key, "f1")), _range(f.get(SCOPE, key, "alpha")), f"{raw.value * 100:.1f} %" if raw else "", fixed]


def _range(metric: Metric | None, after: str = "", percent: bool = False) -> str:
    if metric is None:
        return ""
    times, digits, unit = (100, 1, " %") if percent else (1, 2, "")
    ends = "" if metric.low is None or metric.high is None else f" ({metric.low * times:.{digits}f}-{metric.high * times:.{digits}f})"
    return f"{metric.value * times:.{digits}f}{unit}{ends}{after}"


def _show_gates(console: Console, f: Figures, people: Sequence[str]) -> None:
    if len(people) < MOST_PEOPLE:
        return
    console.print("\n[bold]Do people agree enough for the label to be relied on?[/] (gates of the codebook)")
    for label, (title, field) in LABELS.items():
        for key in [label, *(key for key in f.keys(SCOPE) if key.startswith("code=") and label == "code")]:
            told = f.get(SCOPE, key, "agreement")
            verdict = str(detail(told, "verdict", "") or "")
            if told is None or not verdict:
                continue
            alpha = f.get(SCOPE, key, "alpha")
            name = shown(field, parted(key)[1], "en") if "=" in key else title
            said = _range(alpha) if alpha else "one answer throughout"
            console.print(f"  {name}: {said} {VERDICTS[verdict]} {float(detail(told, 'gate')):.2f}, n = {told.n}", soft_wrap=True)
