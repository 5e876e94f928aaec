"""Files as they lie on a disk: globs, gzip, encodings, kinds; and what every family of readers hands on."""

from __future__ import annotations

import codecs
import glob
import io
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from voc_pipeline.errors import SourceError

CHUNK = 1 << 16
SPOOL = 32 << 20
GZIP = b"\x1f\x8b"
SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file: where it stands ("line 12") and its values by column."""

    place: str
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A record that could not be read. `content` is for a keyed hash only, `detail` holds none of its words."""

    place: str
    detail: str
    content: str = field(default="", repr=False)


@dataclass(slots=True)
class Table:
    """A file opened as records.

    Attributes:
        rows: The records, streamed; to be consumed once.
        columns: Names of the columns, or None where each record has its own (JSON).
        found: What was detected: `type`, `encoding`, `delimiter`, `quote`, `sheet`, `records`.
        release: Closes what the rows are read from.
        epoch: Day zero of the workbook's serial dates, or None.
    """

    rows: Iterator[Row | BrokenRow]
    columns: tuple[str, ...] | None
    found: dict[str, str]
    release: Callable[[], None]
    epoch: datetime | None = None

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def matching(path: str, root: Path, where: str) -> list[Path]:
    """Files a path or glob names, sorted by name.

    Raises:
        SourceError: None does, or it is a folder.
    """
    exact = root / Path(path).expanduser()
    if exact.is_file():
        return [exact]
    if exact.is_dir():
        raise SourceError(where, f"{path!r} is a folder", "a file or a glob", f"Name its files, such as {path.rstrip('/')}/*.csv")
    names = glob.glob(str(Path(path).expanduser()), root_dir=root, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = sorted((root / name for name in names if not Path(name).name.startswith("~$")), key=lambda file: file.as_posix())
    files = [file for file in files if file.is_file()]
    if not files:
        around = sorted(file.name for file in exact.parent.glob("*") if file.is_file()) if exact.parent.is_dir() else []
        there = f"That folder holds: {', '.join(around[:8])}{', ...' if len(around) > 8 else ''}" if around else f"There is nothing in {exact.parent}"
        raise SourceError(where, f"no file matches {path!r}", f"one or more files (paths start at {root})", there)
    return files


class ByteStream(io.RawIOBase):
    """The bytes of a file, unzipped on the way if it is gzip.

    A damaged archive does not raise: the bytes before the damage are given, then the stream ends and `damage` says why.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.damage = ""
        self._file = path.open("rb")
        self.zipped = self._file.read(2) == GZIP
        self._file.seek(0)
        self._unzip = zlib.decompressobj(31)
        self._pending = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Closes the file too."""
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """As `io.RawIOBase.readinto`."""
        view = memoryview(buffer).cast("B")
        content = self._inflate(len(view)) if self.zipped else self._file.read(len(view))
        view[: len(content)] = content
        return len(content)

    def _inflate(self, size: int) -> bytes:
        while not self.damage:
            if self._unzip.eof:
                rest = (self._unzip.unused_data or self._file.read(CHUNK)).lstrip(b"\0")
                if not rest.startswith(GZIP[: len(rest)]) or not rest:
                    return b""
                self._unzip, self._pending = zlib.decompressobj(31), rest
            compressed = self._pending or self._file.read(CHUNK)
            if not compressed:
                self.damage = "the archive is cut short"
                break
            before = self._unzip.copy()
            try:
                content = self._unzip.decompress(compressed, size)
            except zlib.error:
                self.damage = "the archive is damaged"
                return _salvage(before, compressed)[:size]
            self._pending = self._unzip.unconsumed_tail
            if content:
                return content
        return b""


def _salvage(unzip: Any, compressed: bytes) -> bytes:
    """What a piece of archive holds before the byte that breaks it."""
    content = b""
    try:
        for byte in compressed:
            content += unzip.decompress(bytes((byte,)))
    except zlib.error:
        pass
    return content


def seekable(path: Path) -> IO[bytes]:
    """A file that can be read in any order; an archive is unzipped to memory, or beyond 32 MiB to an unnamed temporary file.

    Raises:
        SourceError: The archive is damaged.
    """
    stream = ByteStream(path)
    if not stream.zipped:
        stream.close()
        return path.open("rb")
    spool = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=SPOOL))  # noqa: SIM115 - the caller closes it
    with stream:
        while chunk := stream.read(CHUNK):
            spool.write(chunk)
        if stream.damage:
            spool.close()
            raise SourceError(str(path), stream.damage, "a whole gzip archive (this type cannot be read in part)", "Export or copy it again")
    spool.seek(0)
    return spool


def detect_type(path: Path) -> str:
    """One of csv, tsv, xlsx, jsonl, json, parquet: by the first bytes, then by the name.

    Raises:
        SourceError: Neither tells, or it is a type that is not read.
    """
    with ByteStream(path) as stream:
        head = stream.read(CHUNK) or b""
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(
            str(path),
            "an old Excel workbook (.xls), or one locked by a password",
            "XLSX or CSV",
            "Open it in Excel and save it as .xlsx without password",
        )
    if head.startswith(b"%PDF"):
        raise SourceError(str(path), "a PDF", "CSV, TSV, XLSX, JSONL, JSON or Parquet", "Ask the tool it comes from for an export of the rows")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in {".gz", ".gzip"}]
    named = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if named in {"xlsx", "parquet"}:
        raise SourceError(
            str(path),
            f"not {'a workbook' if named == 'xlsx' else 'a Parquet file'}, whatever its name says" if head else "an empty file",
            named.upper(),
            "Export it again",
        )
    if named in {"csv", "tsv", "jsonl"}:
        return named
    start = head.lstrip(b"\xef\xbb\xbf\0\xff\xfe \t\r\n")
    if start.startswith((b"{", b"[")):
        return "jsonl" if _lines_of_objects(start) else "json"
    if named:
        return named
    if re.search(rb"[,;\t|]", head) and b"\0" not in head:
        return "csv"
    raise SourceError(str(path), "a file of unknown type", "CSV, TSV, XLSX, JSONL, JSON or Parquet", "Set format.type, or rename it")


def _lines_of_objects(start: bytes) -> bool:
    """Whether a file that begins with `{` holds one object a line."""
    first, _, rest = start.partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


# ---------------------------------------------------------------- text

_WESTERN = frozenset("àâäáãåçéèêëíìîïñóòôöõøúùûüÿœæßÀÂÄÁÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØÚÙÛÜŸŒÆ«»‹›’‘“”„–—…•€£°§²³·©®™\u00a0\u00ad¡¿ªº½¼×´")
_NEAR_CP1252 = re.compile(r"^(cp125[0247]|latin_1|iso8859_.*|mac_.*|cp437|cp85\d|cp86\d|cp775|hp_roman8|cp037|cp500|cp1140|cp1026|cp273|ascii)$")
REPAIR = "voc_pipeline_repair"


def _repair(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are wrong in a file's encoding are most often cp1252 pasted in."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(REPAIR, _repair)


def detect_encoding(path: Path) -> str:
    """The encoding of a text file, after reading all of it in pieces.

    A byte-order mark decides; else UTF-8 if the bytes are (nearly all) valid; else cp1252 wherever its letters read as Western text, which
    detectors tend to call something exotic; else what `charset-normalizer` finds.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, sample, head = True, bytearray(), b""
    with ByteStream(path) as stream:
        while chunk := stream.read(CHUNK):
            if not head:
                head = chunk
                if marked := _marked(head):
                    return marked
            if valid:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
            if len(sample) < 4 * CHUNK:
                sample += b"\n".join(line for line in chunk.split(b"\n") if not line.isascii())
            elif not valid:
                break
    if valid:
        return "utf-8"
    content = bytes(sample)
    lenient = content.decode("utf-8", "surrogateescape")
    wrong = sum("\udc80" <= letter <= "\udcff" for letter in lenient)
    right = sum(letter > "\x7f" for letter in lenient) - wrong
    return "utf-8" if right > 4 * wrong else _legacy(content)


def _marked(head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.1 * half else ""


def _legacy(content: bytes) -> str:
    def western(encoding: str) -> float:
        letters = [letter for letter in content.decode(encoding, "replace") if letter > "\x7f"]
        return sum(letter in _WESTERN for letter in letters) / max(len(letters), 1)

    if western("cp1252") >= 0.9:
        latin9 = not any(0x80 <= byte < 0xA0 for byte in content) and re.search(rb"[a-z]\xbd[a-z]|\d ?\xa4", content)
        return "iso8859_15" if latin9 else "cp1252"
    likely = max(("mac_roman", "cp850"), key=lambda encoding: sum(letter in "éèàêçùôîâûëïœ’" for letter in content.decode(encoding)))
    if western(likely) >= 0.95:
        return likely
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    return "cp1252" if best is None or _NEAR_CP1252.match(best.encoding) else best.encoding


def open_text(path: Path, encoding: str | None) -> tuple[io.TextIOWrapper, ByteStream, str]:
    """A text file as a stream with its newlines untouched; wrong bytes are read as cp1252.

    Returns:
        (the text, the bytes under it with their `damage`, the encoding used).

    Raises:
        SourceError: The encoding named in the config does not exist.
    """
    try:
        name = codecs.lookup(encoding).name if encoding else detect_encoding(path)
    except LookupError:
        raise SourceError(
            f"{path}: format.encoding", f"{encoding!r} is no encoding", "such as utf-8 or cp1252", "Leave it out and it is detected"
        ) from None
    name = "utf-8-sig" if name == "utf-8" else name
    stream = ByteStream(path)
    return io.TextIOWrapper(io.BufferedReader(stream, CHUNK), encoding=name, errors=REPAIR, newline=""), stream, name.removesuffix("-sig")
