"""Records into `RawFeedback` by the source's kind, or `Unreadable` with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from voc_pipeline.chat_settings import TurnFields
from voc_pipeline.config import Source
from voc_pipeline.schema import FirstResponse, RawFeedback, Reason, Role, SourceKind, Turn, Unreadable
from voc_pipeline.sources.answering import first_response, instant, oldest_first
from voc_pipeline.sources.files import BrokenRow, Row
from voc_pipeline.sources.values import Refused, as_date, as_key, as_number, as_text, fold, parse_zone, row_hash

_LANGUAGES = {"francais": "fr", "french": "fr", "fra": "fr", "fre": "fr", "anglais": "en", "english": "en", "eng": "en"}


class Located(NamedTuple):
    """A record and where it stands: its position over all files, its file, and day zero of that file's serial dates."""

    position: int
    file: str
    row: Row | BrokenRow
    epoch: datetime | None = None


class Column(NamedTuple):
    """A column the config names: the setting that names it, and whether a row means nothing without it."""

    setting: str
    name: str
    required: bool


def columns_of(source: Source) -> list[Column]:
    """Every column a source's mapping names at the level of its records, in the order of the config."""
    f = source.fields
    plain = [
        ("id", f.id),
        ("text", f.text),
        ("title", f.title),
        ("date", f.date),
        ("customer", f.customer),
        ("channel", f.channel),
        ("lang", f.lang),
        ("conversation", f.conversation),
    ]
    required = {"text"} | ({"id"} if source.identity == "id" else set()) | ({"conversation"} if f.turns and f.turns.path is None else set())
    used = [Column(f"fields.{setting}", name, setting in required) for setting, name in plain if name]
    if f.turns and f.turns.path is not None:
        used.append(Column("fields.turns.path", f.turns.path, True))
    elif f.turns:
        turn = [("role", f.turns.role), ("text", f.turns.text), ("time", f.turns.time)]
        used += [Column(f"fields.turns.{setting}", name, setting != "time") for setting, name in turn if name]
    used += [Column(f"fields.questions[{place}].field", question.field, False) for place, question in enumerate(f.questions)]
    used += [Column(f"fields.scores.{name}.field", score.field, False) for name, score in f.scores.items()]
    for setting, items in (("expectation", f.expectation), ("perception", f.perception), ("weight", f.weight)):
        used += [Column(f"fields.{setting}.{dimension}", name, False) for dimension, name in items.items()]
    return used + [Column(f"fields.attributes.{name}", field, False) for name, field in f.attributes.items()]


def lookup(values: Any, path: str | None) -> Any:
    """The value of a column, or at a dotted path into nested records (`customer.id`, `answers.0.text`); None where there is none.

    >>> lookup({"client": {"id": 7}, "a.b": 1}, "client.id"), lookup({"client": {"id": 7}, "a.b": 1}, "a.b")
    (7, 1)
    """
    if path is None:
        return None
    if isinstance(values, Mapping) and path in values:
        return values[path]
    head, _, rest = path.partition(".")
    if isinstance(values, Mapping):
        inner = values.get(head)
    elif isinstance(values, Sequence) and not isinstance(values, str) and head.isdecimal() and int(head) < len(values):
        inner = values[int(head)]
    else:
        return None
    return lookup(inner, rest) if rest and inner is not None else None if rest else inner


@dataclass(frozen=True, slots=True)
class Base:
    """What all the feedback of one record shares."""

    row_id: str
    date: datetime | None
    customer: str
    channel: str
    scores: Mapping[str, float]
    attributes: Mapping[str, str]
    languages: tuple[str, ...]


class Mapper:
    """Maps the records of one source.

    Args:
        source: Its settings.
        since: Feedback dated before this day is not received. Undated feedback always is.
        until: Nor is feedback dated after this one.

    Raises:
        SourceError: The time zone does not exist.
    """

    def __init__(self, source: Source, since: date | None = None, until: date | None = None) -> None:
        self.source, self.fields = source, source.fields
        self.zone = parse_zone(source.timezone, f"sources.{source.name}")
        turns = source.fields.turns
        self._customers, self._robots = (
            {fold(name) for name in names} for names in ((turns.customer_roles, turns.robot_roles) if turns else ((), ()))
        )
        self._since = datetime.combine(since, time.min) if since else datetime.min
        self._until = datetime.combine(until, time.max) if until else datetime.max

    def map(self, located: Located) -> Iterator[RawFeedback | Unreadable]:
        """The feedback of one record: of a survey one for each answered question, else one; none outside since and until."""
        if isinstance(located.row, BrokenRow):
            yield self.unreadable(located, Reason.BAD_ROW, located.row.detail)
            return
        values = located.row.values
        try:
            came = self.nested_turns(values, located.epoch) if self.source.kind is SourceKind.CHAT else []
            base = self._base(located, [values], came)
            if base is not None:
                yield from self._feedback(located, base, values, came)
        except Refused as refused:
            yield self.unreadable(located, refused.reason, refused.detail)

    def map_conversation(self, rows: Sequence[Located]) -> Iterator[RawFeedback | Unreadable]:
        """The feedback of a conversation that came one turn a row; it stands at the position of its first row."""
        first = rows[0]
        records = [located.row.values for located in rows if isinstance(located.row, Row)]
        assert self.fields.turns is not None  # the config demands it of every chat
        try:
            turns = in_time([turn for record in records if (turn := self._turn(record, self.fields.turns, first.epoch))], self.zone)
            base = self._base(first, records, turns)
            if base is not None:
                yield self._raw(first, base, "", turns=turns, response=first_response(turns, self.zone))
        except Refused as refused:
            yield self.unreadable(first, refused.reason, refused.detail)

    def conversation(self, located: Located) -> str:
        """Which conversation a row belongs to, or "" if it does not say."""
        return "" if isinstance(located.row, BrokenRow) else _key(lookup(located.row.values, self.fields.conversation))

    def unreadable(self, located: Located, reason: Reason, detail: str) -> Unreadable:
        """A row set aside: its place, the reason, a keyed hash of its id (of its whole content where it has none)."""
        source, row = self.source, located.row
        if isinstance(row, BrokenRow):
            hashed = row_hash(source.name, row.content or f"{located.file} {row.place}")
        else:
            row_id = _key(lookup(row.values, self.fields.id or self.fields.conversation)) if source.identity == "id" else str(located.position)
            hashed = row_hash(source.name, row_id or json.dumps(dict(row.values), default=str, sort_keys=True))
        return Unreadable(source.name, located.position, reason, hashed, f"{located.file} {row.place}: {detail}")

    # ------------------------------------------------------------ parts of a record

    def _base(self, located: Located, records: Sequence[Mapping[str, Any]], turns: Sequence[Turn]) -> Base | None:
        """What is common to a record's feedback, or None outside since and until.

        Raises:
            Refused: The date is impossible, the id missing or a score unusable.
        """
        f = self.fields

        def first(path: str | None) -> Any:
            return next((value for record in records if (value := lookup(record, path)) not in (None, "")), None)

        moment = as_date(first(f.date), self.source.date_formats, self.zone, located.epoch) if f.date else None
        if moment is None:
            moment = min((turn.at for turn in turns if turn.at), default=None)
        if moment is not None and not self._since <= moment <= self._until:
            return None
        row_id = str(located.position) if self.source.identity == "position" else as_key(first(f.id) if f.id else first(f.conversation))
        if not row_id:
            raise Refused(Reason.MISSING_ID, "no id")
        scores: dict[str, float] = {}
        for name, field in f.scores.items():
            scores |= _score(name, first(field.field), field.low, field.high)
        low, high = self.source.likert
        for side, items in (("expectation", f.expectation), ("perception", f.perception)):
            for dimension, column in items.items():
                scores |= _score(f"{side}.{dimension}", first(column), low, high)
        for dimension, column in f.weight.items():
            scores |= _score(f"weight.{dimension}", first(column), 0, 100)
        attributes = {name: text for name, column in f.attributes.items() if (text := as_key(first(column)))}
        channel = as_key(first(f.channel)) or self.source.channel
        return Base(row_id, moment, as_key(first(f.customer)), channel, scores, attributes, self._languages(first(f.lang)))

    def _feedback(self, located: Located, base: Base, values: Mapping[str, Any], turns: list[Turn]) -> Iterator[RawFeedback]:
        f = self.fields
        if self.source.kind is SourceKind.CHAT:
            yield self._raw(located, base, "", turns=in_time(turns, self.zone), response=first_response(turns, self.zone))
        elif self.source.kind is SourceKind.REVIEW:
            yield self._raw(located, base, as_text(lookup(values, f.text)), title=" ".join(as_text(lookup(values, f.title)).split()))
        else:
            answers = [(question, text) for question in f.questions if (text := as_text(lookup(values, question.field)))]
            for question, text in answers:
                yield self._raw(
                    located,
                    base,
                    text,
                    row_id=f"{base.row_id}#{question.field}",
                    question=question.question,
                    channel=question.channel,
                    respondent=base.row_id,
                )
            if not answers:
                yield self._raw(located, base, "", respondent=base.row_id)

    def _raw(
        self,
        located: Located,
        base: Base,
        text: str,
        *,
        row_id: str = "",
        turns: tuple[Turn, ...] = (),
        title: str = "",
        question: str = "",
        channel: str = "",
        respondent: str = "",
        response: FirstResponse | None = None,
    ) -> RawFeedback:
        return RawFeedback(
            source=self.source.name,
            kind=self.source.kind,
            row_id=row_id or base.row_id,
            position=located.position,
            text=text,
            turns=turns,
            title=title,
            question=question,
            channel=channel or base.channel,
            date=base.date,
            customer=base.customer,
            respondent=respondent,
            scores=base.scores,
            attributes=base.attributes,
            languages=base.languages,
            response=response,
        )

    def nested_turns(self, values: Mapping[str, Any], epoch: datetime | None) -> list[Turn]:
        """Turns that lie as a list inside a record (or as the JSON text of one, as CSV exports have it), in its order.

        Raises:
            Refused: What lies there is no list of turns, or a turn's time is impossible.
        """
        where = self.fields.turns
        assert where is not None  # the config demands it of every chat
        turns = lookup(values, where.path)
        if isinstance(turns, str) and turns.lstrip().startswith("["):
            try:
                turns = json.loads(turns, strict=False)
            except (ValueError, RecursionError):
                raise Refused(Reason.BAD_ROW, "its turns are not valid JSON") from None
        if turns is None or turns == "":
            return []
        if not isinstance(turns, list) or not all(isinstance(turn, Mapping | list) for turn in turns):
            raise Refused(Reason.BAD_ROW, "its turns are no list of objects")
        return [turn for record in turns if (turn := self._turn(record, where, epoch))]

    def _turn(self, record: Any, where: TurnFields, epoch: datetime | None) -> Turn | None:
        at = as_date(lookup(record, where.time), self.source.date_formats, self.zone, epoch, "the time of a turn") if where.time else None
        text = as_text(lookup(record, where.text))
        spoken_by = fold(as_text(lookup(record, where.role)))
        if not text:
            return None
        if spoken_by in self._customers:
            return Turn(Role.CUSTOMER, text, at)
        return Turn(Role.AGENT, text, at, robot=spoken_by in self._robots)

    def _languages(self, value: Any) -> tuple[str, ...]:
        code = fold(as_text(value))
        code = _LANGUAGES.get(code, code.split(" ")[0])
        declared = self.source.languages
        return (code, *(other for other in declared if other != code)) if re.fullmatch(r"[a-z]{2}", code) else declared


def in_time(turns: list[Turn], zone: ZoneInfo) -> tuple[Turn, ...]:
    """Turns by their times if each has one, those of one time in the order they were said in; else as they came."""
    if all(turn.at for turn in turns):
        turns = sorted(oldest_first(turns, zone), key=lambda turn: instant(turn.at, zone) if turn.at else 0.0)
    return tuple(turns)


def _score(name: str, value: Any, low: float, high: float) -> dict[str, float]:
    number = as_number(value, low, high, name)
    return {} if number is None else {name: number}


def _key(value: Any) -> str:
    try:
        return as_key(value)
    except Refused:
        return ""
