"""A CSV of one's own as a project that benchmarks can run on: a settings file and a copy of the rows, in a folder that goes away."""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import re
from datetime import date, timedelta
from pathlib import Path

import yaml

DAY = re.compile(r"\d{4}-\d\d-\d\d")
FIRST = date(2024, 1, 1)
"""Day that the first row is given where days are dealt out by rank."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say what a file holds."""
    parser.add_argument("--file", type=Path, help="a CSV of your own, .gz or not, in the place of the demo")
    parser.add_argument("--text", default="text", help="its column of words")
    parser.add_argument("--title", default="", help="its column of titles")
    parser.add_argument("--date", default="date", help="its column of days, as 2026-10-31")
    parser.add_argument("--customer", default="", help="its column of customers")
    parser.add_argument("--rows", type=int, default=0, help="read so many rows, chosen by the digest of their words (0: all)")
    parser.add_argument(
        "--evenly", action="store_true", help="keep the order of the days but spread the rows evenly over them: for files whose days bunch"
    )


def project(options: argparse.Namespace, folder: Path, days: int) -> tuple[Path, date]:
    """Writes settings and rows.

    Args:
        options: As `arguments` reads them.
        folder: Where to.
        days: How many the rows are spread over, with `evenly`.

    Returns:
        The settings file, and the last day of the rows.
    """
    with (
        gzip.open(options.file, "rt", encoding="utf-8", newline="")
        if options.file.suffix == ".gz"
        else options.file.open(encoding="utf-8", newline="") as file
    ):
        rows = [row for row in csv.DictReader(file) if (row[options.text] or "").strip() and DAY.match(row[options.date] or "")]
    if options.rows:
        rows = sorted(rows, key=lambda row: hashlib.sha256(row[options.text].encode()).digest())[: options.rows]
    rows.sort(key=lambda row: (row[options.date][:10], hashlib.sha256(row[options.text].encode()).digest()))
    last = max(date.fromisoformat(row[options.date][:10]) for row in rows)
    told = []
    for rank, row in enumerate(rows):
        day = FIRST + timedelta(days=rank * days // len(rows)) if options.evenly else date.fromisoformat(row[options.date][:10])
        told.append({"id": f"r{rank:06d}", "date": str(day), "text": row[options.text]})
        told[-1] |= {name: row[column] for name, column in (("title", options.title), ("customer", options.customer)) if column}
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(told[0]))
        writer.writeheader()
        writer.writerows(told)
    source = {"name": "rows", "kind": "review", "path": "rows.csv", "fields": {name: name for name in told[0]}}
    settings = {"project": "own", "store": "sqlite:///voc.db", "output": "out", "sources": [source]}
    (folder / "voc.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return folder / "voc.yaml", FIRST + timedelta(days=days - 1) if options.evenly else last
