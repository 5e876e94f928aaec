"""`voc run`: the run with its progress bars and the short summary at its end."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from voc_pipeline import pipeline
from voc_pipeline.composers import acting
from voc_pipeline.config import Config
from voc_pipeline.edits import Registry
from voc_pipeline.report.reading import Figures
from voc_pipeline.schema import IrritantKind, Metric, Outcome
from voc_pipeline.steps.context import Context, Step
from voc_pipeline.store import Run, Store, exclusive, open_store

STOPPED = "stopped; run the same command again to go on where it stopped"

SWAPPED = {"kept": "stay with their irritant", "moved": "go to another", "lost": "join none"}

WORDS = {
    "ingest": "read, redact, split",
    "annotate": "label",
    "carry": "known ones to this model",
    "assign": "known irritants claim",
    "discover": "discover new ones",
    "map": "gaps and owners",
    "prioritise": "figures and ranks",
    "watch": "drift and remainder",
    "loop": "measured results",
    "publish": "report and tables",
}


class Bars:
    """One progress bar per step, shown only in a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def on_step(self, step: Step, context: Context) -> None:
        """A step begins: the one before is full."""
        self.close()
        self._tasks[step.name] = self.progress.add_task(WORDS.get(step.name, step.name), total=step.size(context))

    def on_progress(self, step: str, n: int) -> None:
        """A step did `n` units."""
        if step in self._tasks:
            self.progress.advance(self._tasks[step], n)

    def close(self) -> None:
        """Every bar so far is full."""
        for task in self.progress.tasks:
            if not task.finished:
                units = task.total or task.completed or 1
                self.progress.update(task.id, total=units, completed=units)


def run_with_progress(config: Config, run_id: str | None, *, fresh: bool, direct: bool) -> None:
    """Run, and say what came of it."""
    console = Console(highlight=False)
    begun = time.monotonic()
    bars = Bars(console)
    if direct:
        try:
            with bars.progress:
                started = pipeline.run(config, run_id, fresh=fresh, on_progress=bars.on_progress, on_step=bars.on_step)
                bars.close()
        except KeyboardInterrupt:
            print(f"\n{STOPPED}", file=sys.stderr)
            raise
    else:
        started = _through_prefect(config, run_id, fresh, bars, console)
    with open_store(config.store_url) as store:
        summary(console, config, store, started, time.monotonic() - begun)


def _through_prefect(config: Config, run_id: str | None, fresh: bool, bars: Bars, console: Console) -> pipeline.Started:
    with exclusive(config.store_url):
        started = pipeline.begin_or_republish(config, run_id, fresh)
        if started.nothing_new:
            return started
        servers = importlib.import_module("flows.server")
        with servers.starting(config.output_dir / ".prefect") as ready, _quiet_end(bars):
            with console.status("starting Prefect"):
                flows_run = importlib.import_module("flows.run")  # this takes as long as the server does, at the same time
                ready()
            with bars.progress:
                ended: pipeline.Started = flows_run.run_started(config, started, on_progress=bars.on_progress, on_step=bars.on_step)
                bars.close()
    return ended


@contextmanager
def _quiet_end(bars: Bars) -> Iterator[None]:
    """Ctrl-C and `kill` end the whole process at once: no thread of a task runner is waited for, no library says goodbye.

    Whatever a shard has not committed is not there; the server and the workers end with this process; the system lets go of the store. So the next
    run goes on from here.
    """

    def end(number: int, frame: object) -> None:
        bars.progress.stop()
        for worker in multiprocessing.active_children():
            worker.kill()
        print(f"\n{STOPPED}", file=sys.stderr, flush=True)
        os._exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def summary(console: Console, config: Config, store: Store, started: pipeline.Started, seconds: float) -> None:
    """What was received, what matters, and where everything is."""
    run = started.run
    console.print()
    how = (
        "nothing new since then: nothing computed again"
        if started.nothing_new
        else ("resumed, " if started.resumed else "") + f"done in {seconds:.0f} s"
    )
    console.print(f"[bold]{config.project}[/] {run.id}, up to {run.as_of or 'undated'}: {how}")
    console.print(reconciliation(run), soft_wrap=True)
    metrics = store.metrics(run.id)
    figures = {m.name: m for m in metrics if m.scope == "run"}
    if "share_negative" in figures:
        regard = f"net regard {figures['net_regard'].value * 100:+.1f} points"
        console.print(f"{_share(figures['share_negative'])} negative, {_share(figures['share_not_valued'])} not valued, {regard}", soft_wrap=True)
        if corrected := _corrected(metrics):
            console.print(corrected, soft_wrap=True)
        console.print(f"{_share(figures['unassigned_share'], interval=False)} of negative segments join no irritant")
    if "swap.records_kept" in figures:
        console.print(swap(figures), soft_wrap=True)
    console.print(top_table(store, metrics))
    for line in acting.closing_lines(store, Registry(store, config.store_url), run):
        console.print(line, soft_wrap=True)
    for what, where, more in (
        ("Report", config.output_dir / "report.fr.html", " (and report.en.html)"),
        ("Tables", config.output_dir / "tables.xlsx", " (and CSV, Parquet)"),
        ("Store", config.store_url.removeprefix("sqlite:///").split("@")[-1], ""),
    ):
        console.print(f"{what:<7} {escape(str(where))}{more}", soft_wrap=True)


def reconciliation(run: Run) -> str:
    """The counts of a run in one line that sums."""
    counts = run.counts
    parts = []
    for outcome in Outcome:
        reasons = {name.split(".", 1)[1]: n for name, n in sorted(counts.items()) if name.startswith(f"{outcome.value}.")}
        told = f" ({', '.join(f'{reason} {n}' for reason, n in reasons.items())})" if reasons else ""
        parts.append(f"{counts.get(outcome.value, 0)} {outcome.value}{told}")
    known = f"; of the analysed, {counts['known']} were known and {counts.get('replaced', 0)} replaced" if counts.get("known") else ""
    return f"{counts.get('received', 0)} received = " + " + ".join(parts) + known


def swap(figures: Mapping[str, Metric]) -> str:
    """What another model did to the irritants, in one line."""
    kept, before = figures["swap.records_kept"], figures["swap.mentions_before"]
    said = f"another model since the last run: {kept.value:.0f} of {kept.n} ids kept"
    if "swap.kept_share" not in figures:
        return f"{said}; no mention of before to compare"
    shares = [f"{figures[f'swap.{name}_share'].value * 100:.1f} % {what}" for name, what in SWAPPED.items()]
    gained = f"{figures['swap.gained_share'].value * 100:.1f} % of those of now are new" if "swap.gained_share" in figures else "none is new"
    return f"{said}; of {before.value:.0f} mentions of irritants in {before.n} verbatims read by both, {', '.join(shares)}; {gained}"


def top_table(store: Store, metrics: list[Metric], n: int = 5) -> Table:
    """The irritants that matter most."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (
        ("", "right"),
        ("irritant", "left"),
        ("verbatims", "right"),
        ("share", "right"),
        ("not valued", "right"),
        ("gap", "right"),
        ("id", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich wants a literal
    of = {(m.key, m.name): m for m in metrics if m.scope == "irritant"}
    known = {i.id: i for i in store.irritants(kind=IrritantKind.IRRITANT, active=True)}
    gaps = {g.irritant_id: g.gap for run in store.runs()[-1:] for g in store.gaps(run.id)}
    ranked = sorted((m for (key, name), m in of.items() if name == "rank" and key in known), key=lambda m: (m.value, m.key))
    for metric in ranked[:n]:
        irritant = known[metric.key]
        gap = gaps.get(irritant.id)
        table.add_row(
            f"{metric.value:.0f}",
            escape(irritant.label_fr or irritant.label_en or ", ".join(irritant.keywords[:3])),
            f"{of[irritant.id, 'mentions'].value:.0f}",
            _share(of[irritant.id, "share"], interval=False),
            _share(of[irritant.id, "not_valued_rate"], interval=False) if (irritant.id, "not_valued_rate") in of else "",
            str(int(gap)) if gap else "-",
            irritant.id,
        )
    return table


def _corrected(metrics: Sequence[Metric]) -> str:
    """The painful shares with the model's errors taken out, where people have read a sample of this model's answers."""
    figures = Figures(metrics)
    told = {"negative": figures.corrected("run", "", "share_negative"), "not valued": figures.corrected("run", "", "share_not_valued")}
    doubt = {"negative": figures.doubted("sentiment"), "not valued": figures.doubted("not_valued")}
    said = ", ".join(
        f"{_share(metric)} {name}" + (" (its readers agree too little to rely on it)" if doubt[name] else "")
        for name, metric in told.items()
        if metric
    )
    return f"with the model's errors, as people's reading measured them, taken out: {said}" if said else ""


def _share(metric: Metric, interval: bool = True) -> str:
    told = f" [{metric.low * 100:.1f}-{metric.high * 100:.1f}]" if interval and metric.low is not None and metric.high is not None else ""
    return f"{metric.value * 100:.1f} %{told}".replace("[", r"\[")
