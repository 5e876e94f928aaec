"""`voc annotate`: a file of verbatims in, one labelled object a row out, in the same order."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from voc_pipeline.annotate import Annotator, as_record, load_annotator
from voc_pipeline.errors import SourceError
from voc_pipeline.intake import Intake
from voc_pipeline.keys import installation_key
from voc_pipeline.schema import RawFeedback, Role, SourceKind, Turn, Verbatim

BATCH = 256
TURN = re.compile(r"^[ \t]*(client|customer|visitor|agent|bot|advisor|conseiller|conseillère)[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
AGENTS = frozenset({"agent", "bot", "advisor", "conseiller", "conseillère"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: its id as given, and what to annotate."""

    id: Any
    feedback: RawFeedback


def annotate_file(source: Path, target: Path, model: str) -> int:
    """Label every row of a file.

    Args:
        source: CSV, TSV, JSONL or Parquet (``.gz`` too) with ``id``, ``text``, optional ``lang``, ``channel``, ``question``.
        target: JSONL, written whole or not at all.
        model: A model of models/, or a path.

    Returns:
        Rows written.

    Raises:
        SourceError: The file is missing, of an unknown type, or lacks ``id`` or ``text``.
    """
    rows = list(read_rows(source))
    annotator = load_annotator(model)
    partial = target.with_name(f".{target.name}.writing")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("w", encoding="utf-8") as out:
            batches = range(0, len(rows), BATCH)
            shown = track(batches, description="label", console=Console(stderr=True), disable=not os.isatty(2))
            for start in shown:
                for record in annotate_rows(rows[start : start + BATCH], annotator):
                    out.write(json.dumps(record, ensure_ascii=False) + "\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return len(rows)


def annotate_rows(rows: Sequence[Row], annotator: Annotator, intake: Intake | None = None) -> list[dict[str, Any]]:
    """Objects of ``voc annotate`` for some rows, in order."""
    intake = intake or Intake(installation_key(), ("fr", "en"))
    verbatims = [intake.prepare(row.feedback) for row in rows]
    answers = annotator.annotate(verbatims)
    return [
        _marked(as_record(verbatim, annotation, row.id), verbatim) for row, verbatim, (annotation, _) in zip(rows, verbatims, answers, strict=True)
    ]


def _marked(record: dict[str, Any], verbatim: Verbatim) -> dict[str, Any]:
    """A verbatim without a word of the customer's abstains from everything: its answers are guesses on nothing."""
    if not any(s.role is Role.CUSTOMER for s in verbatim.segments):
        record["abstained"] = ["sentiment", "not_valued", "stage", "dimension", "gap_cue"]
    return record


def feedback_of(given_id: Any, text: str, *, lang: str = "", channel: str = "", question: str = "", position: int = 1) -> RawFeedback:
    """A text as `intake` wants it; lines that begin with ``client:`` or ``agent:`` make it a chat."""
    turns = tuple(turns_of(text)) if channel == "chat" or re.match(TURN, text) else ()
    return RawFeedback(
        source="file",
        kind=SourceKind.CHAT if turns else SourceKind.SURVEY if question else SourceKind.REVIEW,
        row_id=str(given_id),
        position=position,
        text="" if turns else text,
        turns=turns,
        question=question,
        channel=channel,
        languages=(lang,) if lang in ("fr", "en") else ("fr", "en"),
    )


def turns_of(text: str) -> Iterator[Turn]:
    """Turns of a chat written as lines; words before the first head are the customer's."""
    heads = list(re.finditer(TURN, text))
    if not heads:
        yield Turn(Role.CUSTOMER, text)
        return
    if text[: heads[0].start()].strip():
        yield Turn(Role.CUSTOMER, text[: heads[0].start()].strip())
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        words = text[head.end() : following.start() if following else len(text)].strip()
        if words:
            yield Turn(Role.AGENT if head.group(1).lower() in AGENTS else Role.CUSTOMER, words)


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of a file of verbatims, in order.

    Raises:
        SourceError: The file is missing, of an unknown type, or lacks ``id`` or ``text``.
    """
    if not path.is_file():
        raise SourceError(str(path), "no such file", "a CSV, JSONL or Parquet file", "Check the path")
    for number, record in enumerate(_records(path), 1):
        for name in ("id", "text"):
            if name not in record:
                known = ", ".join(sorted(map(str, record)))
                raise SourceError(
                    f"{path}: row {number}",
                    f"no field {name!r} (found: {known})",
                    "fields id and text",
                    f"Rename the column that holds it to {name!r}",
                )
        values = {name: "" if record.get(name) is None else str(record[name]) for name in ("text", "lang", "channel", "question")}
        yield Row(
            record["id"],
            feedback_of(
                record["id"],
                values["text"],
                lang=values["lang"].lower(),
                channel=values["channel"].lower(),
                question=values["question"],
                position=number,
            ),
        )


def _records(path: Path) -> Iterable[dict[str, Any]]:
    suffix = (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
    if suffix in {".jsonl", ".ndjson"}:
        return _json_lines(path)
    if suffix in {".csv", ".tsv", ".txt"}:
        return _delimited(path)
    if suffix == ".parquet":
        return _parquet(path)
    raise SourceError(
        str(path),
        f"a {suffix or 'nameless'} file",
        "CSV, TSV, JSONL or Parquet",
        "Save it as one of these, or use `voc init` and `voc run` for other exports",
    )


def _bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _text(path: Path) -> str:
    raw = _bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError as error:
                raise SourceError(f"{path}: line {number}", f"not JSON ({error})", "one object a line", "Mend or remove the line") from None
            if not isinstance(record, dict):
                raise SourceError(f"{path}: line {number}", f"a {type(record).__name__}", "an object with id and text", "Write one object a line")
            yield record


def _delimited(path: Path) -> Iterator[dict[str, Any]]:
    text = _text(path)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1000):
                yield from batch.to_pylist()
    except (OSError, ValueError) as error:
        raise SourceError(str(path), f"not a Parquet file ({str(error).splitlines()[0]})", "a Parquet file", "Export it again") from None
