"""`voc export --for-review` and `voc import-review`: the registry as a workbook that people edit, and back."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from voc_pipeline.composers.editing import said
from voc_pipeline.config import Config
from voc_pipeline.edits import open_registry, read_review, take_back, write_review
from voc_pipeline.errors import RunError
from voc_pipeline.report.reading import read
from voc_pipeline.store import open_store


def export_review(config: Config, path: Path, lang: str, run_id: str | None = None) -> Path:
    """Write the review workbook of a run.

    Args:
        config: Settings.
        path: File to write; there must be none.
        lang: `fr` or `en`.
        run_id: Which run; default the last.

    Raises:
        RunError: No run is done yet, or no such run.
        EditError: The file is there already, or cannot be written.
    """
    with open_store(config.store_url) as store, open_registry(config) as registry:
        run = store.last_done_run() if run_id is None else store.run(run_id)
        if run is None:
            raise RunError("store", "no run is done yet", "a finished run", "`voc run CONFIG` makes the first one")
        owners = list(dict.fromkeys(rule.department for rule in config.owners))
        since = max((edit.id for edit in registry.history()), default=0)
        write_review(read(store, config, run.id), registry.standing(), owners, since, path, lang)
    console = Console(highlight=False)
    console.print(f"{run.id} -> {escape(str(path))}", soft_wrap=True)
    console.print(f"Change its light cells, then: voc import-review CONFIG {escape(str(path))} --dry-run", soft_wrap=True)
    return path


def import_review(config: Config, path: Path, author: str = "", dry_run: bool = False) -> bool:
    """Take a workbook back: make its edits, and tell its conflicts and what is refused one by one.

    Args:
        config: Settings.
        path: The workbook.
        author: Who changed it; "" for the login name.
        dry_run: Only show what would change.

    Returns:
        Whether there was no conflict.

    Raises:
        EditError: It is no review workbook, or something of it is refused; ``problems`` holds every row that is, and nothing is changed.
        StoreError: A run is at work.
    """
    console = Console(highlight=False)
    with open_registry(config, author) as registry:
        review = read_review(registry, path)
        done = list(review.edits) if review.refused else take_back(registry, review, dry_run)
    for edit in done:
        console.print((f"{edit.id}. " if edit.id else "would be: ") + escape(said(edit)), soft_wrap=True)
    for clash in review.clashes:
        console.print(f"[red]conflict[/] {escape(clash.where)}: {escape(clash.subject[:80])} changed since the workbook was written", soft_wrap=True)
        for edit in clash.theirs:
            console.print(f"    theirs: {edit.id}. {escape(said(edit))} ({escape(edit.author)}, {edit.at:%Y-%m-%d %H:%M})", soft_wrap=True)
        for edit in clash.mine:
            console.print(f"    yours, not done: {escape(said(edit))}", soft_wrap=True)
    n, clashes, refused = len(done), len(review.clashes), len(review.refused)
    told = [
        f"{n} edit{'s' * (n != 1)} {'would be made' if dry_run or refused else 'made'}",
        f"{clashes} conflict{'s' * (clashes != 1)}",
        *([f"{refused} refused"] if refused else []),
    ]
    console.print(", ".join(told), soft_wrap=True)
    if clashes:
        console.print("A conflict is left as it is: export the workbook again and make the change there.", soft_wrap=True)
    if refused:
        console.print("Nothing is changed while anything is refused: correct these cells, or empty them.", soft_wrap=True)
        take_back(registry, review, dry_run)
    return not review.clashes
