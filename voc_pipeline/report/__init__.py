"""The report: tables, and one page in French and one in English. Only reads the store."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from voc_pipeline.config import Config
from voc_pipeline.report.reading import Readable
from voc_pipeline.report.tables import tables, write_tables

__all__ = ["Readable", "tables", "write_html", "write_tables"]


def write_html(store: Readable, config: Config, run_id: str, folder: Path, lang: Literal["fr", "en"]) -> Path:
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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from voc_pipeline.report.page import Page
    from voc_pipeline.report.reading import read
    from voc_pipeline.report.words import Words

    words = Words(lang)
    page = Page(read(store, config, run_id), words)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report.html").render(
        t=words,
        lang=lang,
        company=page.company,
        run=page.reading.run,
        ordinal=words.ordinal(page.reading.run.ordinal),
        channel=page.channel,
        language=page.language,
        lead_of=page.lead_of,
        essentials=page.essentials(),
        product=page.product(),
        marketing=page.marketing(),
        analyst=page.analyst(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"report.{lang}.html"
    path.write_text(html, encoding="utf-8", newline="\n")
    return path
