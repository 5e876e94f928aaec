"""JSON (a list somewhere in a document, streamed with ijson) and JSONL (an object a line)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from voc_pipeline.config import FileFormat
from voc_pipeline.errors import SourceError, suggest
from voc_pipeline.sources.files import CHUNK, BrokenRow, ByteStream, Row, Table, open_text

MAX_LINE = 16 << 20
SEARCH_EVENTS = 200_000
_CONTROL = dict.fromkeys(range(32), " ")
_NOT_JSON = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|-?\b(?:NaN|Infinity)\b', re.DOTALL)


def open_jsonl(path: Path, layout: FileFormat) -> Table:
    """A file with one JSON object a line."""
    text, stream, encoding = open_text(path, layout.encoding)

    def rows() -> Iterator[Row | BrokenRow]:
        number = 0
        while line := text.readline(MAX_LINE):
            number += 1
            if stream.damage and not line.endswith(("\n", "\r")):
                yield BrokenRow(f"line {number}", stream.damage, line)
                return
            if line.strip("\ufeff\0 \t\r\n"):
                yield _line(line, number)
        if stream.damage:
            yield BrokenRow(f"line {number + 1}", stream.damage)

    return Table(rows(), None, {"encoding": encoding}, text.close)


def _line(line: str, number: int) -> Row | BrokenRow:
    try:
        record = json.loads(line.replace("\0", "").lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return BrokenRow(f"line {number}", "not valid JSON", line)
    return Row(f"line {number}", record) if isinstance(record, dict) else BrokenRow(f"line {number}", "not a JSON object", line)


def open_json(path: Path, layout: FileFormat) -> Table:
    """A JSON document as its list of records: the one at `format.records`, else the first list of objects in it.

    Raises:
        SourceError: There is no such list.
    """
    lists, complete = lists_of_records(path, layout.encoding)
    prefix = lists[0] if lists else "item"
    if layout.records is not None:
        prefix = "" if layout.records == "." else ".".join(filter(None, (layout.records.removeprefix("$").strip("."), "item")))
        if complete and lists and prefix and prefix not in lists:
            known = [name.removesuffix(".item") for name in lists if name != "item"]
            remedy = suggest(layout.records, known) if known else "Leave format.records out: the document itself is the list"
            raise SourceError(f"{path}: format.records", f"no list of records at {layout.records!r}", "", remedy)
    text, stream, encoding = open_text(path, layout.encoding)
    found = {"encoding": encoding, "records": prefix.removesuffix("item").rstrip(".")}
    return Table(_records(text, stream, prefix), None, found, text.close)


def _records(text: TextIOWrapper, stream: ByteStream, prefix: str) -> Iterator[Row | BrokenRow]:
    from ijson import JSONError, items_coro, sendable_list

    got = sendable_list()
    parser = items_coro(got, prefix)
    n, damage, blank = 0, "", True
    chunks = _valid_chunks(text)
    while not damage:
        chunk = next(chunks, None)
        try:
            if chunk is None:
                parser.close()
            else:
                blank = blank and not chunk.strip()
                parser.send(chunk.encode("utf-8", "replace"))
        except JSONError:
            damage = stream.damage or ("the document is cut short" if chunk is None else "not valid JSON from here on: the rest is unread")
        for record in got:
            n += 1
            yield Row(f"record {n}", record) if isinstance(record, dict) else BrokenRow(f"record {n}", "not a JSON object", str(record))
        got.clear()
        if chunk is None:
            break
    damage = stream.damage or ("" if blank else damage)
    if damage:
        yield BrokenRow(f"record {n + 1}", damage)


def lists_of_records(path: Path, encoding: str | None = None) -> tuple[list[str], bool]:
    """Where lists of objects stand in a JSON document.

    Returns:
        (ijson prefixes such as `data.conversations.item`, in the order of the document, empty lists last; whether all of it was looked at).
    """
    from ijson import JSONError, parse_coro, sendable_list

    text, _, _ = open_text(path, encoding)
    events = sendable_list()
    parser = parse_coro(events)
    found: dict[str, None] = {}
    empty: dict[str, None] = {}
    seen, last = 0, ""
    with text:
        for chunk in _valid_chunks(text):
            try:
                parser.send(chunk.encode("utf-8", "replace"))
            except (JSONError, StopIteration):
                seen = SEARCH_EVENTS
            for prefix, event, _ in events:
                if event == "start_map" and prefix.split(".")[-1] == "item" and prefix.split(".").count("item") == 1:
                    found[prefix] = None
                if event == "end_array" and last == "start_array" and "item" not in prefix.split("."):
                    empty[f"{prefix}.item".lstrip(".")] = None
                last = event
            seen += len(events)
            events.clear()
            if seen >= SEARCH_EVENTS or "item" in found:
                break
    return [*found, *(prefix for prefix in empty if prefix not in found)], seen < SEARCH_EVENTS


def _valid_chunks(text: Any) -> Iterator[str]:
    """The document in pieces, with what JSON forbids and tools write made lawful: raw control characters become blanks, NaN and Infinity null."""
    inside, carried = False, ""
    while True:
        read = text.read(CHUNK)
        piece = carried + read
        if not piece:
            return
        carried = ""
        if read:  # never cut an escape or a word in two
            tail = re.search(r"(?:\\+|-?[A-Za-z]+|-)$", piece[-64:])
            if tail and len(tail[0]) < 64:
                carried = tail[0]
                piece = piece[: len(piece) - len(carried)]
        piece = piece.translate(_CONTROL)
        quotes = piece.replace("\\\\", "").replace('\\"', "").count('"')
        if "NaN" in piece or "Infinity" in piece:
            whole = f'"{piece}' if inside else piece
            whole = _NOT_JSON.sub(lambda match: match[0] if match[0].startswith('"') else "null", whole)
            piece = whole[1:] if inside else whole
        inside ^= bool(quotes % 2)
        if piece:
            yield piece
