"""`voc irritants`, `voc report`, `voc export`: what a run found, read from the store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline import report as reports
from voc_pipeline.config import Config
from voc_pipeline.errors import ConfigError, RunError, StoreError, suggest
from voc_pipeline.journey import stage_label
from voc_pipeline.report.quotes import Quote, Quotes
from voc_pipeline.report.reading import Reading, main_part, read
from voc_pipeline.report.tables import columns, write_tables
from voc_pipeline.schema import SMALL_BASE, GapReading, Irritant, IrritantKind, Metric
from voc_pipeline.steps.publishing import publish_to
from voc_pipeline.store import Run, Store, open_store
from voc_pipeline.store import export as export_tables
from voc_pipeline.wording import DIMENSION_LABELS, GAP_LABELS, GAP_NAMES

if TYPE_CHECKING:
    from pandas import DataFrame

TITLES = {IrritantKind.IRRITANT: "Irritants", IrritantKind.STRENGTH: "What to keep", IrritantKind.SUGGESTION: "What is asked for"}


def irritants(config: Config, action: str = "list", irritant_id: str | None = None) -> None:
    """List what the last run found, or show one record.

    Args:
        config: Settings.
        action: ``list`` or ``show``.
        irritant_id: Which one to show; one that was merged shows what it was merged into.

    Raises:
        ConfigError: No such action, or `show` without an id.
        RunError: No run is done yet.
        StoreError: No such id.
    """
    if action not in {"list", "show"}:
        raise ConfigError("voc irritants", f"{action!r} is not an action", "", suggest(action, ["list", "show"]))
    if action == "show" and not irritant_id:
        raise ConfigError("voc irritants CONFIG show", "no id", "the id of an irritant, such as IRR-ABCD2345", "`voc irritants CONFIG` lists them")
    console = Console(highlight=False)
    with open_store(config.store_url) as store:
        reading = read(store, config, _run(store, None).id)
        if action == "list":
            _list(console, reading)
        else:
            _show(console, store, reading, str(irritant_id))


def report(config: Config, run_id: str | None = None) -> list[Path]:
    """Write reports and tables of a run again: the newest into the output folder, an older one into a folder of its name beside them.

    Raises:
        RunError: No such run, or it is not done.
    """
    with open_store(config.store_url) as store:
        run = _run(store, run_id)
        newest = store.last_done_run()
        folder = config.output_dir if newest and newest.id == run.id else config.output_dir / run.id
        files = publish_to(config, store, run.id, folder)
    Console(highlight=False).print(f"{run.id}, up to {run.as_of or 'undated'}: {len(files)} files in {folder}", soft_wrap=True)
    for file in files:
        if file.suffix in {".html", ".xlsx"}:
            print(f"  {file}")
    return files


def export(config: Config, to: str, run_id: str | None = None) -> None:
    """Export the tables of a run.

    Args:
        config: Settings.
        to: A folder, for CSV, Parquet and XLSX; or a database URL, for tables written in one transaction.
        run_id: Which run; default the last.

    Raises:
        RunError: No such run, or it is not done.
        StoreError: The database cannot be written.
        ConfigError: The folder cannot.
    """
    with open_store(config.store_url) as store:
        run = _run(store, run_id)
        frames = reports.tables(store, config, run.id)
    if "://" in to:
        _to_database(to, frames, run.id)
        shown = to.split("://", 1)[0] + "://" + to.split("://", 1)[1].split("@")[-1]
    else:
        shown = str(_to_folder(Path(to), frames))
    rows = sum(map(len, frames.values()))
    Console(highlight=False).print(f"{run.id}: {len(frames)} tables, {rows} rows -> {shown}", soft_wrap=True)


def _to_folder(folder: Path, frames: Mapping[str, DataFrame]) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as work:
            for path in write_tables(frames, Path(work)):
                shutil.move(path, folder / path.name)
    except OSError as error:
        raise ConfigError("--to", f"{folder} cannot be written ({error.strerror})", "a folder that may be written", "Name another one") from None
    return folder


def _to_database(url: str, frames: Mapping[str, DataFrame], run_id: str) -> None:
    from voc_pipeline.store.exporting import Exported

    made = []
    for name, frame in frames.items():
        known = {column: about for column, about in columns(name).items() if column}
        kinds = [(column, cast(Literal["text", "int", "float", "flag"], known[column].type), known[column].en) for column in frame.columns]
        rows = [
            {column: _value(value, kind) for (column, kind, _), value in zip(kinds, row, strict=True)}
            for row in frame.itertuples(index=False, name=None)
        ]
        made.append(Exported(name, kinds, rows))
    export_tables(url, made, run_id)


def _value(value: Any, kind: str) -> Any:
    """A cell as a driver takes it: plain Python, None where there is nothing."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value:  # pandas' NA is no truth value
        return None
    return {"int": int, "float": float, "flag": bool, "text": str}[kind](value)


def _run(store: Store, run_id: str | None) -> Run:
    if run_id is None:
        last = store.last_done_run()
        if last is None:
            raise RunError("store", "no run is done yet", "a finished run", "`voc run CONFIG` makes the first one")
        return last
    run = store.run(run_id)
    if run.status != "done":
        raise RunError(f"run {run_id}", "is not finished", "a finished run", "`voc run CONFIG` goes on where it stopped")
    return run


# ---------------------------------------------------------------- list


def _list(console: Console, reading: Reading) -> None:
    run = reading.run
    console.print(f"[bold]{escape(run.project)}[/] {run.id}, up to {run.as_of or 'undated'}\n")
    for kind, title in TITLES.items():
        records = reading.ranked(kind, told=True)
        if not records:
            continue
        table = Table(title=f"{title} ({len(records)})", title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
        gap = kind is IrritantKind.IRRITANT
        for name in ("", "id", "label", "verbatims", "share, 95 %", *(("not valued", "trend", "stage", "gap", "owner") if gap else ("stage",))):
            table.add_column(name, justify="right" if name in {"", "verbatims", "not valued"} else "left", no_wrap=name in {"id", "share, 95 %"})
        for place, record in enumerate(records, 1):
            table.add_row(*_cells(reading, record, place, gap))
        console.print(table)
        console.print()
    console.print("One of them with its quotes: voc irritants CONFIG show ID")


def _cells(reading: Reading, record: Irritant, place: int, gap: bool) -> list[str]:
    figures = reading.figures.of("irritant", record.id)
    stage = main_part(figures, "stage.")
    cells = [str(place), record.id, escape(_label(record)), f"{figures['mentions'].value:.0f}", _percent(figures.get("share"))]
    where = escape(stage_label(reading.journey, stage[0], "en")) if stage else ""
    if not gap:
        return [*cells, where]
    trend = figures.get("rate_ratio")
    read_gap = reading.gaps.get(record.id)
    named = GAP_NAMES[read_gap.gap]["en"] if read_gap and read_gap.gap else ""
    return [
        *cells,
        _percent(figures.get("not_valued_rate"), interval=False),
        _trend(trend),
        where,
        f"{int(read_gap.gap)} {named}" if read_gap and read_gap.gap else "-",
        record.owner,
    ]


def _label(record: Irritant) -> str:
    return " / ".join(dict.fromkeys(filter(None, (record.label_fr, record.label_en)))) or ", ".join(record.keywords[:3]) or record.id


def _trend(metric: Metric | None) -> str:
    if metric is None:
        return ""
    detail = metric.detail
    told = f"{detail.get('recent', 0)} in {detail.get('recent_weeks', '?')} weeks"
    return f"[red]growing[/] ({told})" if detail.get("alert") else told


def _percent(metric: Metric | None, interval: bool = True) -> str:
    if metric is None:
        return ""
    told = f" ({metric.low * 100:.1f}-{metric.high * 100:.1f})" if interval and metric.low is not None and metric.high is not None else ""
    return f"{metric.value * 100:.1f} %{told}" + (" small base" if interval and metric.n < SMALL_BASE else "")


# ---------------------------------------------------------------- show


def _show(console: Console, store: Store, reading: Reading, given: str) -> None:
    wanted = given.upper()
    record = store.irritant(wanted)
    if record.id != wanted:
        console.print(f"{wanted} was merged into {record.id}\n")
    if record.id not in reading.records:
        raise StoreError(
            f"irritant {record.id}",
            f"nobody tells of it in {reading.run.id}",
            "a record with mentions",
            f"Known: {', '.join(sorted(reading.records))}",
        )
    figures = reading.figures.of("irritant", record.id)
    console.print(
        f"[bold]{escape(_label(record))}[/]\n{record.id} · {record.kind.value} · born in {record.first_run} · owner {record.owner or 'none'}"
    )
    if record.keywords:
        console.print(f"[dim]{escape(', '.join(record.keywords[:8]))}[/]")
    _show_people(console, store, record)
    console.print(_figures_table(reading, figures))
    gap = reading.gaps.get(record.id)
    if gap:
        _show_gap(console, gap)
    quotes = Quotes(reading, reading.config.report.quotes).of("irritant", record.id)
    console.print("\n[bold]In their words[/]")
    for quote in quotes:
        console.print(_quoted(quote))


def _show_people(console: Console, store: Store, record: Irritant) -> None:
    """What people made of a record."""
    merged = sorted(other.id for other in store.irritants(active=False) if other.redirect == record.id)
    told = [
        *(["pinned: no run retires it"] if record.pinned else []),
        *(["rejected: the next run counts nothing for it"] if record.status == "rejected" else []),
        *([f"split off {record.parent}" + (f" on {', '.join(record.split_on)}" if record.split_on else "")] if record.parent else []),
        *([f"merged into it: {', '.join(merged)}"] if merged else []),
        *(f"covers {one}" for one in record.inclusion),
        *(f"does not cover {one}" for one in record.exclusion),
    ]
    for line in told:
        console.print(escape(line), soft_wrap=True)


def _figures_table(reading: Reading, figures: Mapping[str, Metric]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("figure", "value", "95 % interval", "base"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name, words, unit in _SHOWN_FIGURES:
        if name in figures:
            table.add_row(words, *_estimate(figures[name], unit))
    stage = main_part(figures, "stage.")
    channel = main_part(figures, "channel.")
    if stage:
        table.add_row(f"told most at: {escape(stage_label(reading.journey, stage[0], 'en'))}", *_estimate(stage[1], "%"))
    if channel:
        table.add_row(f"told most in: {escape(channel[0])}", *_estimate(channel[1], "%"))
    parts = [f"{name.removeprefix('part.')} {metric.value:.2f}" for name, metric in sorted(figures.items()) if name.startswith("part.")]
    if parts:
        table.add_row("priority is made of", "", "", "", end_section=True)
        table.add_row(f"[dim]{', '.join(parts)}[/]")
    return table


_SHOWN_FIGURES = (
    ("rank", "rank", ""),
    ("priority", "priority, 0 to 1", ""),
    ("mentions", "verbatims", ""),
    ("customers", "customers", ""),
    ("share", "share of verbatims", "%"),
    ("severity", "severity, 0 to 1", ""),
    ("not_valued_rate", "not valued", "%"),
    ("not_valued_lift", "not valued, times the average", ""),
    ("rate_ratio", "recent weeks, times the weeks before", ""),
    ("change_share", "share since the last run", "%"),
    ("nps_difference", "NPS of those who tell it, difference", ""),
    ("csat_difference", "satisfaction, difference", ""),
    ("stars_difference", "stars, difference", ""),
)


def _estimate(metric: Metric, unit: str) -> Sequence[str]:
    def told(value: float) -> str:
        return f"{value * 100:.1f} %" if unit == "%" else f"{value:.0f}" if value == int(value) and not metric.low else f"{value:.2f}"

    known = metric.low is not None and metric.high is not None
    base = f"{metric.n} (small)" if 0 < metric.n < SMALL_BASE else str(metric.n or "")
    return told(metric.value), f"{told(metric.low or 0)} to {told(metric.high or 0)}" if known else "", base


def _show_gap(console: Console, gap: GapReading) -> None:
    console.print("\n[bold]Servqual[/]")
    if gap.gap is None:
        console.print(f"No gap can be read: too few of its {gap.n} tellings carry a cue")
    else:
        share = gap.shares.get(int(gap.gap))
        interval = f", {share.value * 100:.0f} % of tellings ({share.low * 100:.0f}-{share.high * 100:.0f})" if share else ""
        other = f"; else {GAP_NAMES[gap.alternative]['en'].lower()}" if gap.alternative else ""
        standing = "" if gap.confirmed else f"; a hypothesis, {gap.n} verbatims stand behind it"
        console.print(
            f"{GAP_LABELS[gap.gap]['en']}{interval}\nconfidence {gap.confidence:.2f}, capped: text alone proves no cause{other}{standing}",
            soft_wrap=True,
        )
        if question := gap.refuting_question.get("en"):
            console.print(f"[italic]What would refute it: {escape(question)}[/]", soft_wrap=True)
    shares = sorted(gap.dimensions.items(), key=lambda item: (-item[1].value, item[0]))
    told = ", ".join(
        f"{DIMENSION_LABELS[name]['en'].lower()} {interval.value * 100:.0f} %"
        for name, interval in shares
        if name in DIMENSION_LABELS and interval.value
    )
    if told:
        console.print(f"Dimensions: {told}", soft_wrap=True)


def _quoted(quote: Quote) -> str:
    when = quote.date.date().isoformat() if quote.date else "undated"
    before, after = (f"[dim]{escape(part)}[/] " if part else "" for part in (quote.before, quote.after))
    return f"  [dim]{when} {quote.channel} {quote.lang}[/]  {before}[bold]{escape(quote.text)}[/] {after}".rstrip()
