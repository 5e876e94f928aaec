"""`voc registers`: irritants held against the company's registers, and what `voc check` says of those."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from voc_pipeline import registry as pure
from voc_pipeline.config import Config
from voc_pipeline.edits import open_registry
from voc_pipeline.errors import ConfigError, RunError, VocError, suggest
from voc_pipeline.registers import Register
from voc_pipeline.schema import Irritant, MatchState
from voc_pipeline.store import open_store

TITLES = {Register.PROMISES: "Promises", Register.STANDARDS: "Standards", Register.PRIORITIES: "Priorities"}
NOBODY = {
    Register.PROMISES: "nobody contradicts it",
    Register.STANDARDS: "nobody tells that it is not met",
    Register.PRIORITIES: "no irritant tells of it",
}


def registers(config: Config, every: bool = False) -> None:
    """List the entries of the last run with the irritants that speak of them.

    Args:
        config: Settings.
        every: Also what is near but not proposed, and what was refused.

    Raises:
        RunError: No run is done yet.
    """
    console = Console(highlight=False)
    with open_store(config.store_url) as store, open_registry(config) as registry:
        run = store.last_done_run()
        if run is None:
            raise RunError("store", "no run is done yet", "a finished run", "`voc run CONFIG` makes the first one")
        entries, standing = store.entries(run.id), registry.standing()
        told = {irritant.id: irritant for irritant in store.irritants(active=False)}
        matches = pure.settled(store.matches(run.id), standing, {entry.id: register for register, entry in entries}, told)
    if not entries:
        console.print("The last run read no register. Name files of promises, standards or priorities under `registers:`, then `voc run CONFIG`.")
        return
    shown = [match for match in matches if every or match.state.stands]
    for register, title in TITLES.items():
        of_one = [entry for of, entry in entries if of is register]
        if of_one:
            console.print(f"\n[bold]{title}[/]")
        for entry in of_one:
            console.print(f"  {escape(entry.id)}  {escape(entry.en or entry.fr)} [dim]{escape(entry.owner)}[/]", soft_wrap=True)
            held = sorted((match for match in shown if match.entry_id == entry.id), key=lambda match: (-match.score, match.irritant_id))
            for match in held:
                who = f" by {escape(match.author)}" if match.author else ""
                state = f"[green]{match.state}[/]" if match.state is MatchState.CONFIRMED else str(match.state)
                console.print(
                    f"      {match.irritant_id}  {match.score:.2f}  {state}{who}  {escape(_label(told[match.irritant_id]))}", soft_wrap=True
                )
            near = sum(match.entry_id == entry.id and match.state is MatchState.NEAR for match in matches)
            if not held:
                console.print(f"      [dim]{f'none proposed, {near} near: `list --all` shows them' if near else NOBODY[register]}[/]")
    waiting = sum(match.state is MatchState.PROPOSED for match in matches)
    level = next((match.level for match in matches if match.level), 0.0)
    console.print(
        f"\n{waiting} proposed (from a score of {level:.2f} on): `voc registers CONFIG confirm|refuse ID ENTRY` answers one.", soft_wrap=True
    )


def told_of_registers(config: Config) -> str:
    """How many entries each register holds, for `voc check`; "" where the company keeps none."""
    return ", ".join(f"{len(config.registers.of(register))} {register}" for register in config.registers.declared)


def unit_problems(config: Config) -> Iterator[VocError]:
    """Units that no source declares as an attribute."""
    known = ["channel", *sorted({name for source in config.sources for name in source.fields.attributes})]
    for i, unit in enumerate(config.units):
        if unit not in known:
            yield ConfigError(f"units[{i}]", f"{unit!r} is no attribute of a source", "", suggest(unit, known))


def _label(record: Irritant) -> str:
    return record.label_en or record.label_fr or ", ".join(record.keywords[:3])
