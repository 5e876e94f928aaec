"""`voc replay`: what the last run quarantined, read again from the source or from a corrected file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline import pipeline, sources
from voc_pipeline.composers.running import Bars, reconciliation
from voc_pipeline.config import Config, FileFormat, Source
from voc_pipeline.errors import ConfigError, RunError, suggest
from voc_pipeline.keys import keyed_hash
from voc_pipeline.schema import Dropped, Outcome, RawFeedback, Reason, Unreadable
from voc_pipeline.store import Run, Store, open_store

GONE = "not there"
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Again:
    """A record of a source as it reads now: what it is known by, or why it still cannot be read."""

    source: str
    position: int
    ids: tuple[str, ...]
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one quarantined row. `outcome` is one of `Outcome`, or `GONE`."""

    row: Dropped
    outcome: str
    reason: str = ""


def replay(config: Config, name: str | None = None, file: Path | None = None) -> list[Became]:
    """Read again what the last run quarantined, take in what can be read now, and say what became of each row.

    The sources concerned go through a run of their own: what is known stays known, and the counts of that run reconcile like any
    other's. Where nothing can be read that could not be before, nothing runs.

    Args:
        config: Settings, corrected ones perhaps.
        name: Only this source.
        file: A corrected file to read in that source's place: a whole export, or the corrected rows alone.

    Returns:
        What became of each row, in the order of the quarantine.

    Raises:
        ConfigError: No such source, or a file without a source.
        RunError: No run is done yet, or the source tells its rows apart by position and a file is given.
        SourceError: The source or file cannot be read.
    """
    console = Console(highlight=False)
    chosen = _chosen(config, name, file)
    with open_store(config.store_url) as store:
        last = store.last_done_run()
        if last is None:
            raise RunError("replay", "no run is done yet", "a run that quarantined rows", "`voc run CONFIG` makes the first one")
        held = [row for row in store.dropped(last.id, Outcome.QUARANTINED) if row.source in chosen]
    if not held:
        console.print(f"{last.id} quarantined nothing{f' of {name}' if name else ''}")
        return []
    concerned = [chosen[source] for source in sorted({row.source for row in held})]
    narrowed = config.model_copy(update={"sources": tuple(concerned), "since": last.since, "until": last.until})
    now = {source.name: _read(source, narrowed, last) for source in concerned}
    found = [_matches(row, now[row.source], by_position=file is None) for row in held]
    if not any(again.reason is None for matches in found for again in matches):
        became = [_unread(row, matches) for row, matches in zip(held, found, strict=True)]
        _show(console, last, became)
        console.print("Nothing can be read that could not be before: correct the source, its settings, or give a corrected --file")
        return became
    bars = Bars(console)
    with bars.progress:
        ended = pipeline.run(narrowed, on_progress=bars.on_progress, on_step=bars.on_step).run
        bars.close()
    with open_store(config.store_url) as store:
        became = _after(store, ended, held, found)
    _show(console, last, became)
    console.print(f"{ended.id}: {reconciliation(ended)}", soft_wrap=True)
    return became


def _chosen(config: Config, name: str | None, file: Path | None) -> dict[str, Source]:
    every = {source.name: source for source in config.sources}
    if name is None:
        if file is not None:
            raise ConfigError("--file", "no --source beside it", "the source it stands for", f"Known: {', '.join(every)}")
        return every
    if name not in every:
        raise ConfigError("--source", f"{name!r} is not a source", "", suggest(name, every))
    source = every[name]
    if file is None:
        return {name: source}
    if not file.is_file():
        raise ConfigError("--file", f"{file}: no such file", "a corrected file", "Check the path")
    if source.identity == "position":
        raise RunError(
            "--file",
            f"{name} tells its rows apart by position, and another file has other positions",
            "identity: id",
            "Correct the source in its place and replay without --file",
        )
    alike = file.suffix.lower() == Path(source.path).suffix.lower()
    kept = source.format.model_copy(update={"encoding": None, "delimiter": None, "quote": None}) if alike else FileFormat()
    return {name: source.model_copy(update={"path": str(file.resolve()), "format": kept})}


def _read(source: Source, config: Config, last: Run) -> list[Again]:
    """Every record of a source as it reads now: places and keyed hashes, no words."""
    out: list[Again] = []
    for row in sources.read(source, config.root, last.since, last.until):
        if isinstance(row, Unreadable):
            out.append(Again(row.source, row.position, (row.row_hash,), row.reason))
        elif isinstance(row, RawFeedback):
            names = dict.fromkeys(name for name in (row.row_id, row.respondent) if name)
            out.append(Again(row.source, row.position, tuple(keyed_hash(config.key, row.source, one) for one in names)))
    return out


def _matches(row: Dropped, now: Sequence[Again], by_position: bool) -> list[Again]:
    """The records that are this row: those of its hash, else the one in its place if the source itself is read."""
    same = [again for again in now if row.row_hash in again.ids]
    if row.reason is Reason.ID_CONFLICT and by_position:  # rows that share an id are told apart by their places
        return [again for again in same if again.position == row.position] or same
    return same or [again for again in now if by_position and again.position == row.position]


def _unread(row: Dropped, matches: Sequence[Again]) -> Became:
    reason = next((again.reason for again in matches if again.reason), None)
    return Became(row, Outcome.QUARANTINED.value, reason.value) if reason else Became(row, GONE)


def _after(store: Store, ended: Run, held: Sequence[Dropped], found: Sequence[Sequence[Again]]) -> list[Became]:
    dropped: Mapping[tuple[str, str], list[Dropped]] = _by_hash(store.dropped(ended.id))
    return [_became(row, matches, dropped) for row, matches in zip(held, found, strict=True)]


def _by_hash(rows: Iterable[Dropped]) -> Mapping[tuple[str, str], list[Dropped]]:
    out: dict[tuple[str, str], list[Dropped]] = defaultdict(list)
    for row in rows:
        out[row.source, row.row_hash].append(row)
    return out


def _became(row: Dropped, matches: Sequence[Again], dropped: Mapping[tuple[str, str], list[Dropped]]) -> Became:
    ends: list[Became] = []
    for again in matches:
        here = [drop for one in again.ids for drop in dropped.get((again.source, one), ()) if drop.position == again.position]
        ends.append(Became(row, here[0].outcome.value, here[0].reason.value) if here else Became(row, Outcome.ANALYSED.value))
    order = [*(outcome.value for outcome in Outcome), GONE]
    return min(ends, key=lambda end: order.index(end.outcome), default=Became(row, GONE))


def _show(console: Console, last: Run, became: Sequence[Became]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("source", "row", "quarantined for", "where", "now"):
        table.add_column(name, justify="right" if name == "row" else "left")
    for end in became[:SHOWN]:
        now = f"{end.outcome} ({end.reason})" if end.reason else end.outcome
        table.add_row(end.row.source, str(end.row.position), end.row.reason.value, escape(end.row.detail), now)
    console.print(table)
    if len(became) > SHOWN:
        console.print(f"... and {len(became) - SHOWN} more")
    counts = Counter(end.outcome for end in became)
    told = " + ".join(
        f"{counts[name]} {'quarantined still' if name == Outcome.QUARANTINED else name}" for name in (*map(str, Outcome), GONE) if counts[name]
    )
    console.print(f"{len(became)} quarantined by {last.id} = {told}")
