"""Labelled verbatims: one JSON object a line, as the codebook labels them.

Fields: ``id, lang, channel, sents`` (sentences, or a chat's turns with ``client:`` / ``agent:``), ``sent``, ``segs`` (one of ``- 0 + x .`` per
sentence), ``nv, codes, nv_at, nvi, valued, stage`` and ``irritants: [{at, stage, dim, gap, cat}]``; optional ``question`` (of a survey), ``sugg_at``
(sentences that ask for something), ``repaired`` (0 or 1) and ``pre`` (an event that came once and unmarked, or null). A file may be gzipped.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voc_pipeline.errors import TrainingError, suggest
from voc_pipeline.heads import NONE
from voc_pipeline.schema import EVENT_CODES, Dimension, Gap, NotValuedCode, Role, Sentiment, Stage
from voc_pipeline.training.files import opened

_MARKS = {"-": 0, "0": 1, "+": 2, "x": 3}


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """An irritant of a labelled verbatim: sentence indexes, and labels (None: none applies)."""

    at: tuple[int, ...]
    stage: str
    dimension: str | None
    gap: int | None
    theme: str | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A verbatim with the codebook's labels; `text[start:end]` of each span is a sentence or a turn's words."""

    id: str
    lang: str
    channel: str
    text: str
    spans: tuple[tuple[int, int, Role], ...]
    sentiment: str
    polarities: tuple[int | None, ...]
    not_valued: bool
    codes: tuple[str, ...]
    not_valued_at: tuple[int, ...]
    intensity: int
    valued: bool
    stage: str
    passages: tuple[LabelledPassage, ...]
    suggestions: tuple[int, ...] | None = None
    repaired: bool | None = None
    precursor: str | None = None
    weight: float = 1.0
    origin: str = ""
    licence: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def words(self, index: int) -> str:
        """Words of one sentence."""
        start, end, _ = self.spans[index]
        return self.text[start:end]


def read_labelled(paths: Iterable[Path | str]) -> list[Labelled]:
    """All records of some files, in order.

    Raises:
        TrainingError: A file is missing or unreadable, a line is not JSON, or a label is not of the codebook.
    """
    records = []
    for path in map(Path, paths):
        with opened(path, "labelled verbatims, one JSON object a line", "See data_samples/README.md for the format") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    records.append(_record(line, f"{path}: line {number}"))
    counts = Counter(record.id for record in records)
    twice = sorted(name for name, n in counts.items() if n > 1)
    if twice:
        raise TrainingError("labelled files", f"id {twice[0]!r} stands {counts[twice[0]]} times", "one record per id", "Rename the others")
    return records


def _record(line: str, where: str) -> Labelled:
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise TrainingError(where, f"not JSON: {error}", "one object a line", "Mend or remove the line") from None
    missing = [name for name in ("id", "sents", "sent") if name not in raw]
    if missing:
        raise TrainingError(where, f"no field {missing[0]!r}", "id, sents, sent and the other labels", "Add it")
    _known(raw["sent"], [s.value for s in Sentiment], f"{where}: sent")
    for code in raw.get("codes", ()):
        _known(code, [c.value for c in NotValuedCode], f"{where}: codes")
    if raw.get("pre"):
        _known(raw["pre"], EVENT_CODES, f"{where}: pre")
    _known(raw.get("stage", "unknown"), [s.value for s in Stage], f"{where}: stage")
    if not isinstance(raw["sents"], list) or not raw["sents"]:
        raise TrainingError(f"{where}: sents", "no list of sentences", "a list of texts", "Put the sentences into a list")
    for name in ("nv", "valued"):
        if raw.get(name, 0) not in (0, 1):
            raise TrainingError(f"{where}: {name}", f"{raw[name]!r}", "0 or 1", "Mend the line")
    sents = [str(s).strip() for s in raw["sents"]]
    text, spans = _join(sents)
    segs = str(raw.get("segs", ""))
    if segs and len(segs) != len(sents):
        raise TrainingError(f"{where}: segs", f"{len(segs)} marks", f"one of each of the {len(sents)} sentences", "Mend the line")
    polarities = tuple(_MARKS.get(segs[i]) if i < len(segs) else None for i in range(len(sents)))
    return Labelled(
        id=str(raw["id"]),
        lang=raw.get("lang", "fr"),
        channel=raw.get("channel", "review"),
        text=text,
        spans=spans,
        sentiment=raw["sent"],
        polarities=polarities,
        not_valued=bool(raw.get("nv", 0)),
        codes=tuple(raw.get("codes", ())),
        not_valued_at=tuple(i for i in raw.get("nv_at", ()) if i < len(sents)),
        intensity=int(raw.get("nvi", 0)),
        valued=bool(raw.get("valued", 0)),
        stage=raw.get("stage", "unknown"),
        passages=tuple(_passage(p, len(sents), where) for p in raw.get("irritants", ())),
        suggestions=tuple(raw["sugg_at"]) if "sugg_at" in raw else None,
        repaired=bool(raw["repaired"]) if "repaired" in raw else None,
        precursor=(raw["pre"] or NONE) if "pre" in raw else None,
        weight=0.5 if raw.get("conf") == "l" else 1.0,
        origin=str(raw.get("writer") or raw.get("source") or ""),
        licence=str(raw.get("licence", "")),
        raw=raw,
    )


def _join(sents: Sequence[str]) -> tuple[str, tuple[tuple[int, int, Role], ...]]:
    chat = any(s.startswith(("client:", "agent:")) for s in sents)
    pieces: list[str] = []
    spans: list[tuple[int, int, Role]] = []
    at = 0
    for sent in sents:
        if pieces:
            pieces.append("\n" if chat else " ")
            at += 1
        role = Role.AGENT if sent.startswith("agent:") else Role.CUSTOMER
        head = len(sent) - len(sent.split(":", 1)[1].lstrip()) if chat and sent.startswith(("client:", "agent:")) else 0
        spans.append((at + head, at + len(sent), role))
        pieces.append(sent)
        at += len(sent)
    return "".join(pieces), tuple(spans)


def _passage(raw: Mapping[str, Any], n: int, where: str) -> LabelledPassage:
    if raw.get("dim") is not None:
        _known(raw["dim"], [d.value for d in Dimension], f"{where}: irritants.dim")
    gap = raw.get("gap")
    if gap not in (None, *Gap):
        raise TrainingError(f"{where}: irritants.gap", f"{gap!r}", "1 to 5, or null", "Mend the line")
    theme = raw.get("cat")
    return LabelledPassage(
        at=tuple(i for i in raw.get("at", ()) if i < n),
        stage=raw.get("stage", "unknown"),
        dimension=raw.get("dim"),
        gap=int(gap) if gap else None,
        theme=None if theme in (None, "other") else theme,
    )


def _known(value: str, known: Sequence[str], where: str) -> None:
    if value not in known:
        raise TrainingError(where, f"{value!r} is not a label of the codebook", "", suggest(str(value), known))


def split(records: Sequence[Labelled], shares: Mapping[str, float], seed: int = 13) -> dict[str, list[Labelled]]:
    """Parts of the records, stratified by origin, the same for the same ids whatever their order.

    Args:
        records: What to split.
        shares: Share of each named part; what is left is the part ``train``.
        seed: Of the shuffle inside an origin.
    """
    by_origin: dict[str, list[Labelled]] = defaultdict(list)
    for record in sorted(records, key=lambda r: r.id):
        by_origin[record.origin].append(record)
    parts: dict[str, list[Labelled]] = {name: [] for name in (*shares, "train")}
    for origin in sorted(by_origin):
        rows = by_origin[origin]
        random.Random(f"{seed}-{origin}").shuffle(rows)
        start = 0
        for name, share in shares.items():
            stop = start + round(share * len(rows))
            parts[name].extend(rows[start:stop])
            start = stop
        parts["train"].extend(rows[start:])
    return parts
