"""The customers' own words behind each claim: which are shown, and how much of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from voc_pipeline.journey import own_stage
from voc_pipeline.report.reading import Reading
from voc_pipeline.schema import GapReading, IrritantKind, Mention, Role, SegmentAnnotation, Sentiment, Stage, Verbatim

SURROUNDINGS = 140
"""Characters of context kept on each side of a quote."""
LONGEST = 420
"""Characters of a quote itself."""
CELL_QUOTES = 5
"""Quotes behind one cell of a heat map."""
LEAD_WORDS = 8
"""Words from which a quote is taken to say something by itself."""

TONES = {IrritantKind.IRRITANT: Sentiment.NEGATIVE, IrritantKind.STRENGTH: Sentiment.POSITIVE}
"""The tone of what shows a record best; a suggestion has none of its own."""

_TURN = re.compile(r"^(?:client|customer|agent)\s*:\s*", re.IGNORECASE)

Place = tuple[str, int]
"""A quote's place: (verbatim id, segment position)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage of a verbatim in its surroundings, redacted as the store keeps it."""

    verbatim_id: str
    before: str
    text: str
    after: str
    lang: str
    channel: str
    date: datetime | None

    @property
    def alone(self) -> bool:
        """Whether it says something without its surroundings."""
        return len(self.text.split()) >= LEAD_WORDS


class Quotes:
    """Quotes of a run, chosen once and fetched in one pass.

    Every list holds one quote a customer at most while there are enough customers, the most typical first. Those of a record are in its tone where any are, and come first from
    verbatims that tell nothing of the opposite tone.

    Args:
        reading: The run.
        most: Longest list.
    """

    def __init__(self, reading: Reading, most: int) -> None:
        self._most = most
        seams: list[tuple[float, Place]] = []
        codes: dict[str, list[tuple[float, Place]]] = defaultdict(list)
        code_stages: dict[tuple[str, str], list[tuple[float, Place]]] = defaultdict(list)
        tellings: dict[str, list[tuple[float, Place]]] = defaultdict(list)
        toned: dict[str, set[Place]] = defaultdict(set)
        cells: dict[tuple[str, int], list[tuple[float, Place]]] = defaultdict(list)
        by_verbatim: dict[str, list[Mention]] = defaultdict(list)
        for mention in reading.mentions:
            if mention.fallback:
                continue
            tellings[mention.irritant_id].append((mention.score, (mention.verbatim_id, mention.position)))
            by_verbatim[mention.verbatim_id].append(mention)
        for annotation in reading.annotations():
            if annotation.verbatim_id not in by_verbatim and not annotation.not_valued and annotation.stage is not Stage.TRANSITION:
                continue
            answers = {segment.position: segment for segment in annotation.segments}
            for mention in by_verbatim.get(annotation.verbatim_id, ()):
                position, score, kind = mention.position, mention.score, reading.records[mention.irritant_id].kind
                painful, answer = kind is IrritantKind.IRRITANT, answers.get(position)
                if in_tone(kind, annotation.sentiment, answer):
                    toned[mention.irritant_id].add((annotation.verbatim_id, position))
                passage = next((one for one in annotation.passages if position in one.segments), None)
                spot = passage or answer
                if painful and answer is not None and spot is not None and spot.gap_cue is not None:
                    cells[(str(spot.stage), int(spot.gap_cue))].append((score * answer.p_gap_cue, (annotation.verbatim_id, position)))
            if annotation.not_valued and annotation.segments:
                loudest = max(annotation.segments, key=lambda segment: (segment.p_not_valued, -segment.position))
                place = (annotation.verbatim_id, loudest.position)
                # who tells one way alone, and nothing but ill, tells it best
                painful_too = annotation.p_sentiment.get("negative", 0.0) + annotation.p_sentiment.get("mixed", 0.0)
                typical = annotation.p_not_valued * painful_too / max(len(annotation.not_valued_codes), 1)
                for code in annotation.not_valued_codes:
                    codes[str(code)].append((typical, place))
                    code_stages[(str(code), str(annotation.stage))].append((typical, place))
            if annotation.stage is Stage.TRANSITION and annotation.segments:
                worst = max(annotation.segments, key=lambda segment: (segment.p_negative, -segment.position))
                seams.append((annotation.p_stage.get("transition", 0.0), (annotation.verbatim_id, worst.position)))
        self._lists: dict[tuple[str, ...], list[Place]] = {("seam",): _best(seams, most * 3)}
        exemplars = {record.id: [(e.verbatim_id, e.position) for e in record.exemplars] for record in reading.records.values()}
        told_otherwise = otherwise((reading.records[one.irritant_id].kind, one.verbatim_id) for one in reading.mentions if not one.fallback)
        for key, places in tellings.items():
            shown = [(score, place) for score, place in places if place in toned[key]] or places
            told = {place for _, place in shown}
            ordered = _unique([place for place in exemplars[key] if place in told] + _best(shown, len(shown)))
            torn = told_otherwise[reading.records[key].kind]
            self._lists[("irritant", key)] = sorted(ordered, key=lambda place: place[0] in torn)[: most * 3]
        for irritant_id, gap in reading.gaps.items():
            self._lists[("gap", irritant_id)] = list(gap.evidence)[: most * 2]
        self._lists |= {("code", code): _best(places, most * 3) for code, places in codes.items()}
        self._lists |= {("code_stage", code, stage): _best(places, most * 4) for (code, stage), places in code_stages.items()}
        self._lists |= {("cell", stage, str(gap_cue)): _best(places, most * 4) for (stage, gap_cue), places in cells.items()}
        wanted = {verbatim_id for places in self._lists.values() for verbatim_id, _ in places}
        self._verbatims: Mapping[str, Verbatim] = {verbatim.id: verbatim for verbatim in reading.store.verbatims(ids=wanted)}
        if reading.journey.stages:
            self._to_own_stages(reading)

    def _to_own_stages(self, reading: Reading) -> None:
        """Moves the quotes of a default stage to the company's own one that their verbatim speaks of, as the figures do."""
        moved: dict[tuple[str, ...], list[Place]] = defaultdict(list)
        for key in [key for key in self._lists if key[0] in ("cell", "code_stage")]:
            stage, place_in_key = (key[1], 1) if key[0] == "cell" else (key[2], 2)
            for place in self._lists.pop(key):
                verbatim = self._verbatims.get(place[0])
                found = own_stage(reading.journey, Stage(stage), verbatim.text) if verbatim else stage
                moved[(*key[:place_in_key], found, *key[place_in_key + 1 :])].append(place)
        self._lists.update(moved)

    def of(self, *key: str, most: int | None = None) -> list[Quote]:
        """Quotes behind a claim: `("irritant", id)`, `("code", code)`, `("code_stage", code, stage)`, `("cell", stage, gap)`, `("seam",)`."""
        return self.at(self._lists.get(key, ()), most)

    def evidence(self, gap: GapReading, most: int | None = None) -> list[Quote]:
        """Quotes a gap reading stands on."""
        return self.of("gap", gap.irritant_id, most=most)

    def at(self, places: Iterable[Place], most: int | None = None) -> list[Quote]:
        """Quotes at places: different customers first, then, if too few, the same ones again."""
        most = self._most if most is None else most
        fresh: list[Quote] = []
        again: list[Quote] = []
        seen: set[str] = set()
        texts: set[str] = set()
        for verbatim_id, position in places:
            verbatim = self._verbatims.get(verbatim_id)
            quote = _quote(verbatim, position) if verbatim else None
            if verbatim is None or quote is None or quote.text.casefold() in texts:
                continue
            who = verbatim.customer or verbatim.id
            (again if who in seen else fresh).append(quote)
            seen.add(who)
            texts.add(quote.text.casefold())
        return (fresh + again)[:most]


def in_tone(kind: IrritantKind, whole: Sentiment, answer: SegmentAnnotation | None) -> bool:
    """Whether a passage shows a record of a kind well: an irritant by words read as negative in a verbatim that is negative or mixed, a strength by positive ones.

    Args:
        kind: Of the record.
        whole: Sentiment of the verbatim.
        answer: What the model reads in the segment; None where it has no answer.
    """
    tone = TONES.get(kind)
    return tone is None or (answer is not None and answer.sentiment is tone and whole in (tone, Sentiment.MIXED))


def otherwise(told: Iterable[tuple[IrritantKind, str]]) -> Mapping[IrritantKind, Set[str]]:
    """By kind, the verbatims that also tell a record of the opposite tone: they show a record less well than those that do not.

    Args:
        told: The kind of a record and the id of a verbatim that tells it.
    """
    by_kind: dict[IrritantKind, set[str]] = {kind: set() for kind in IrritantKind}
    for kind, verbatim_id in told:
        by_kind[kind].add(verbatim_id)
    strengths, irritants = by_kind[IrritantKind.STRENGTH], by_kind[IrritantKind.IRRITANT]
    return {IrritantKind.STRENGTH: irritants, IrritantKind.IRRITANT: strengths, IrritantKind.SUGGESTION: frozenset()}


def passage(verbatim: Verbatim, position: int) -> str:
    """The words of one segment, on one line; "" where the verbatim has no such segment."""
    found = next((segment for segment in verbatim.segments if segment.position == position), None)
    return " ".join(found.text.split()) if found else ""


def spoken(verbatim: Verbatim, start: int, end: int) -> str:
    """The customer's segments that a span of the text touches, on one line; what others say between is left out."""
    own = (one for one in verbatim.segments if one.role is Role.CUSTOMER and one.start < end and one.end > start)
    return _shortened(" ".join(one.text for one in own), LONGEST, keep_end=False)


def lead_of(quotes: Sequence[Quote], lang: str, shown: Collection[Quote] = ()) -> Quote | None:
    """The quote shown before a reader opens the rest: the most typical one that says something, in the reader's language if there is one.

    Args:
        quotes: The most typical first.
        lang: Language preferred.
        shown: Leads of what stands beside it, not repeated while there is another.
    """
    fresh = [quote for quote in quotes if quote not in shown] or list(quotes)
    return min(fresh, key=lambda quote: (not (quote.alone or quote.before or quote.after), quote.lang != lang, not quote.alone), default=None)


def _best(scored: Sequence[tuple[float, Place]], most: int) -> list[Place]:
    return [place for _, place in sorted(scored, key=lambda item: (-round(item[0], 6), item[1]))[:most]]


def _unique(places: Sequence[Place]) -> list[Place]:
    return list(dict.fromkeys(places))


def _quote(verbatim: Verbatim, position: int) -> Quote | None:
    segment = next((s for s in verbatim.segments if s.position == position and s.role is Role.CUSTOMER), None)
    if segment is None:
        return None
    start, end = _bounds(verbatim, segment.start, segment.end)
    before = _TURN.sub("", verbatim.text[start : segment.start].lstrip())
    after = verbatim.text[segment.end : end]
    text = " ".join(segment.text.split())
    return Quote(
        verbatim_id=verbatim.id,
        before=_shortened(before, SURROUNDINGS, keep_end=True),
        text=_shortened(text, LONGEST, keep_end=False),
        after=_shortened(after, SURROUNDINGS, keep_end=False),
        lang=verbatim.lang,
        channel=verbatim.channel or str(verbatim.kind),
        date=verbatim.date,
    )


def _bounds(verbatim: Verbatim, start: int, end: int) -> tuple[int, int]:
    """The words around a segment that the same person wrote: a chat's turn, else the whole text."""
    if verbatim.kind != "chat":
        return 0, len(verbatim.text)
    first = verbatim.text.rfind("\n", 0, start) + 1
    last = verbatim.text.find("\n", end)
    return first, len(verbatim.text) if last < 0 else last


def _shortened(text: str, most: int, *, keep_end: bool) -> str:
    """At most `most` characters cut at a blank, an ellipsis where words were left out."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    if keep_end:
        return "… " + text[-most:].partition(" ")[2]
    return text[:most].rpartition(" ")[0] + " …"
