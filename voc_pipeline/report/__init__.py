"""The report: tables, and one page in French and one in English. Only reads the store."""

from __future__ import annotations

from pathlib import Path

from voc_pipeline.config import Config
from voc_pipeline.report.reading import Readable, read
from voc_pipeline.report.tables import tables, write_tables
from voc_pipeline.report.words import Lang, Words

__all__ = ["Readable", "tables", "write_html", "write_tables"]


def write_html(store: Readable, config: Config, run_id: str, folder: Path, lang: Lang) -> Path:
    """Writes the report of a run as one self-contained page: no network, no font, no image from elsewhere.

    Args:
        store: Read, never written.
        config: Settings of the run.
        run_id: The run.
        folder: Made if missing.
        lang: Language of every word that is not a customer's.

    Returns:
        `report.fr.html` or `report.en.html` in the folder.

    Raises:
        RunError: no run has that id.
    """
    from voc_pipeline.report.page import render

    html = render(read(store, config, run_id), Words(lang))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"report.{lang}.html"
    path.write_text(html, encoding="utf-8", newline="\n")
    return path
