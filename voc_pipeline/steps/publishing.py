"""Reports and tables out of the store, written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from voc_pipeline import report
from voc_pipeline.config import Config
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.store import Store


def publish_to(config: Config, store: Store, run_id: str, folder: Path) -> list[Path]:
    """Write every report and table of a run; each file is moved into place when it is complete.

    Returns:
        The files, in the order a reader wants them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as work:
        made = [report.write_html(store, config, run_id, Path(work), lang) for lang in config.report.languages]
        made += report.write_tables(report.tables(store, config, run_id), Path(work))
        return [Path(shutil.move(path, folder / path.name)) for path in made]


def _publish(context: Context, shard: int) -> Counts:
    files = publish_to(context.config, context.store, context.run_id, context.config.output_dir)
    counts = {"files": len(files)}
    with context.finishing("publish", shard, counts):
        pass
    context.on_progress("publish", 1)
    return counts


PUBLISH = Step("publish", lambda context: [0], _publish)
