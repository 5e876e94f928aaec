"""The page: one module per view says what it shows, the templates of the same names lay it out. Every view is built of `phrases` and `records`."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from voc_pipeline.report.page import actions, analyst, documents, essentials, marketing, method, product, registry, responses, rollups, stories
from voc_pipeline.report.page.phrases import LEAST_GROUP, Phrases
from voc_pipeline.report.page.records import read_records
from voc_pipeline.report.quotes import Quotes, lead_of
from voc_pipeline.report.reading import Reading
from voc_pipeline.report.words import Words
from voc_pipeline.schema import SMALL_BASE, Level

__all__ = ["render"]


def render(reading: Reading, words: Words) -> str:
    """The page of one run in one language, as HTML."""
    config = reading.config
    company = config.report.title or reading.journey.company or config.project
    phrases, quotes = Phrases(reading, words), Quotes(reading, config.report.quotes)
    records = read_records(phrases, quotes)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        t=words,
        lang=words.lang,
        title=config.report.title or words("title", company=company),
        company=company,
        run=reading.run,
        ordinal=words.ordinal(reading.run.ordinal),
        small_base=SMALL_BASE,
        least_group=LEAST_GROUP,
        channel=phrases.channel,
        language=phrases.language,
        lead_of=lead_of,
        essentials=essentials.view(phrases, records),
        product=product.view(phrases, records, quotes),
        documents=documents.view(phrases, records, quotes),
        marketing=marketing.view(phrases, records, quotes),
        actions=actions.view(phrases),
        analyst=analyst.view(phrases, records),
        method=method.view(phrases, records),
        registry=registry.view(phrases),
        rollups={str(level): rollups.view(phrases, records, level) for level in Level},
        stories=stories.view(phrases),
        responses=responses.view(phrases),
    )
