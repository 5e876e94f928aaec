"""`voc check` and `voc init`: settings and sources looked at before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from voc_pipeline import sources
from voc_pipeline.annotate import trained
from voc_pipeline.composers.holding import told_of_registers, unit_problems
from voc_pipeline.config import Config, Journey, load_config
from voc_pipeline.encoder import folder_version
from voc_pipeline.errors import ConfigError, VocError, suggest
from voc_pipeline.schema import Stage
from voc_pipeline.steps.context import model_name
from voc_pipeline.store import looked_at

STARTER = "voc.yaml"
ROWS = 3
BELOW = ("title", "question", "text", "scores", "attributes")
MODEL_FILES = ("voc.json", "heads.safetensors", "tokenizer.json")


def check(config: Config) -> bool:
    """Look at everything a run would use, run nothing, and print how rows map and each problem with its remedy.

    Args:
        config: Settings that could be read.

    Returns:
        Whether a run could begin. A doubt (rows that will be quarantined, a stage nothing leads to) is told, and stops nothing.
    """
    console = Console(highlight=False)
    stops: list[VocError] = []
    doubts: list[VocError] = []
    console.print(f"[bold]{escape(config.project)}[/]  settings in {config.root}")
    looks: dict[str, Callable[[Config], str]] = {"store": lambda settings: looked_at(settings.store_url), "model": _model, "output": _output}
    for name, look in looks.items():
        try:
            console.print(f"{name:<7} {escape(look(config))}", soft_wrap=True)
        except VocError as error:
            stops.append(error)
    if not os.environ.get("VOC_KEY"):
        console.print("key     the public key of the demo: set VOC_KEY before real customers' ids are hashed")
    if registers := told_of_registers(config):
        console.print(f"registers {escape(registers)}", soft_wrap=True)
    doubts += _journey_problems(config)
    doubts += unit_problems(config)
    doubts += _owner_problems(config)
    for source in config.sources:
        preview = sources.preview(source, config.root)
        _show(console, preview, source.kind.value)
        (doubts if preview.usable else stops).extend(preview.problems)
        if not preview.usable and not preview.problems:
            stops.append(
                ConfigError(f"sources.{source.name}", f"not one of {preview.looked_at} rows could be used", "rows of feedback", "Check its fields")
            )
    console.print()
    for title, problems in (("A run cannot begin:", stops), ("To look at; a run can begin:", doubts)):
        if problems:
            console.print(f"[bold]{title}[/]")
            for problem in problems:
                console.print(f"  - {escape(str(problem))}", soft_wrap=True)
    if not stops:
        console.print("[green]Ready.[/] Next: voc run" if not doubts else "Ready all the same. Next: voc run")
    return not stops


def init(directory: Path, files: Sequence[Path], force: bool = False) -> Path:
    """Write commented starter settings for a user's own files.

    Args:
        directory: Folder to write ``voc.yaml`` into, made if missing.
        files: The user's exports.
        force: Whether an existing ``voc.yaml`` may be replaced.

    Returns:
        The file written.

    Raises:
        ConfigError: There is one already, or the folder cannot be written.
        SourceError: A file is missing or of no known type.
    """
    target = directory / STARTER
    if target.exists() and not force:
        raise ConfigError(str(target), "is there already", "a folder without voc.yaml", "Use --force to replace it, or name another folder")
    content = sources.guess(files, directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise ConfigError(str(directory), f"cannot be written ({error.strerror})", "a folder that may be written", "Name another one") from None
    config = load_config(target)
    console = Console(highlight=False)
    console.print(f"{target}: {len(config.sources)} source{'s' if len(config.sources) > 1 else ''} ({', '.join(s.name for s in config.sources)})")
    console.print(f"Next: read it, correct what was guessed wrong, then\n  voc check {target}\n  voc run {target}")
    return target


def _model(config: Config) -> str:
    folder = trained(model_name(config))
    missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
    if not any(folder.glob("*.onnx")) and not (folder / "model.safetensors").is_file():
        missing.append("model.safetensors")
    if missing:
        raise ConfigError("model", f"{folder} lacks {', '.join(missing)}", "a whole model folder", "Copy it again, or train one with `voc train`")
    return f"{config.model}, version {folder_version(folder)}"


def _output(config: Config) -> str:
    folder = config.output_dir
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigError("output", f"{there} cannot be written", "a folder that may be written", "Name another one under `output:`")
    return str(folder)


def _journey_problems(config: Config) -> Iterator[VocError]:
    own = config.journey
    if not isinstance(own, Journey):
        return
    ids = [stage.id for stage in own.stages]
    known = [*ids, *Stage]
    for i, stage in enumerate(own.stages):
        where = f"journey.stages[{i}]"
        if stage.id in ids[:i] or stage.id in set(Stage):
            yield ConfigError(f"{where}.id", f"{stage.id!r} is used twice", "an id of its own", "Rename it")
        if not stage.keywords:
            yield ConfigError(f"{where}.keywords", f"{stage.id!r} has none", "words that lead to it", "Without them no verbatim lands there")
    for i, seam in enumerate(own.transitions):
        for side, name in (("from", seam.from_), ("to", seam.to)):
            if name not in (*known, *own.channels, *own.departments):
                yield ConfigError(f"journey.transitions[{i}].{side}", f"{name!r} is no stage, channel or department", "", suggest(name, known))


def _owner_problems(config: Config) -> Iterator[VocError]:
    for i, rule in enumerate(config.owners[:-1]):
        if not (rule.stages or rule.dimensions or rule.gaps or rule.themes or rule.keywords):
            yield ConfigError(
                f"owners[{i}]", "matches everything, so that no rule below it is ever reached", "such a rule at the end", "Move it down"
            )
            return


def _show(console: Console, preview: sources.Preview, kind: str) -> None:
    found = ", ".join(f"{name} {value}" if name != "type" else value for name, value in preview.found.items())
    files = ", ".join(preview.files[:3]) + (f" and {len(preview.files) - 3} more" if len(preview.files) > 3 else "")
    console.print(
        f"\n[bold]{escape(preview.source)}[/] ({kind}): {escape(files) or 'no file'}{f' [dim]({escape(found)})[/]' if found else ''}", soft_wrap=True
    )
    for row in preview.rows[:ROWS]:
        if "problem" in row:
            console.print(f"  [yellow]{row['position']:>4}  {escape(row['problem'])}[/]", no_wrap=True, overflow="ellipsis")
            continue
        head = [row[name] for name in ("id", "date", "channel") if name in row] + ([f"customer {row['customer']}"] if "customer" in row else [])
        console.print(f"  {row['position']:>4}  {escape(' · '.join(head))}", no_wrap=True, overflow="ellipsis")
        for name in BELOW:
            if name in row:
                console.print(f"        [dim]{name:<10}[/] {escape(row[name])}", no_wrap=True, overflow="ellipsis")
    if preview.looked_at:
        counts = ", ".join(f"{n} {'would be read' if name == 'feedback' else f'set aside ({name})'}" for name, n in sorted(preview.counts.items()))
        console.print(f"[dim]first {preview.looked_at} records: {escape(counts)}[/]")
