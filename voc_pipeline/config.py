"""Frozen settings, read from one YAML file. Every problem is reported at once, each with its remedy."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from voc_pipeline.chat_settings import Seconds, TurnFields, check_channels
from voc_pipeline.errors import ConfigError, suggest
from voc_pipeline.keys import installation_key
from voc_pipeline.registers import Registers, read_registers
from voc_pipeline.schema import Dimension, Gap, SourceKind, Stage
from voc_pipeline.story_settings import Stories
from voc_pipeline.yaml_files import parsed

T = TypeVar("T", bound=BaseModel)


class Settings(BaseModel):
    """Base of all settings: frozen, nothing unknown accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class FileFormat(Settings):
    """How a file is written; what is left out is detected."""

    type: Literal["auto", "csv", "tsv", "xlsx", "jsonl", "json", "parquet"] = "auto"
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    records: str | None = Field(default=None, description="Dotted path to the list of records in a JSON file, such as data.conversations")


class QuestionField(Settings):
    """One open question of a survey: the column of its answers and its wording, kept as context."""

    field: str
    question: str
    channel: str = ""


class ScoreField(Settings):
    """A numeric column: where it is and the scale it must lie on."""

    field: str
    low: float
    high: float


class Fields(Settings):
    """Which column (or dotted path) holds what. Used by kind: `turns` by chats, `title` by reviews, `questions` by surveys."""

    id: str | None = None
    text: str | None = None
    title: str | None = None
    date: str | None = None
    customer: str | None = None
    channel: str | None = None
    lang: str | None = None
    conversation: str | None = None
    turns: TurnFields | None = None
    questions: tuple[QuestionField, ...] = ()
    scores: Mapping[str, ScoreField] = Field(default_factory=dict)
    expectation: Mapping[Dimension, str] = Field(default_factory=dict)
    perception: Mapping[Dimension, str] = Field(default_factory=dict)
    weight: Mapping[Dimension, str] = Field(default_factory=dict)
    attributes: Mapping[str, str] = Field(default_factory=dict)


class Source(Settings):
    """One export: a glob of files, or a reader's own address, and how its rows map."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    kind: SourceKind
    reader: str = "files"
    path: str
    format: FileFormat = FileFormat()
    fields: Fields
    identity: Literal["id", "position"] = "id"
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    timezone: str = "Europe/Paris"
    languages: tuple[str, ...] = ("fr", "en")
    channel: str = ""
    likert: tuple[int, int] = (1, 7)

    @model_validator(mode="after")
    def _enough_fields(self) -> Source:
        f = self.fields
        if self.kind is SourceKind.CHAT and f.turns is None:
            raise ValueError("a chat source needs fields.turns (path, role, text)")
        if self.kind is SourceKind.CHAT and f.turns is not None and f.turns.path is None and f.conversation is None:
            raise ValueError("a chat with one turn a row needs fields.conversation, to group them")
        if self.kind is SourceKind.REVIEW and f.text is None:
            raise ValueError("a review source needs fields.text")
        if self.kind is SourceKind.SURVEY and not f.questions:
            raise ValueError("a survey source needs fields.questions, one or more")
        if self.identity == "id" and f.id is None and f.conversation is None:
            raise ValueError("name the id column in fields.id, or set identity: position")
        if set(f.expectation) != set(f.perception):
            raise ValueError("fields.expectation and fields.perception must name the same dimensions, in pairs")
        return self


class OwnerRule(Settings):
    """Who owns an irritant: the first rule that matches. Empty lists match everything."""

    department: str
    stages: tuple[Stage, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    gaps: tuple[Gap, ...] = ()
    themes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class Discovery(Settings):
    """When and how new irritants are proposed."""

    min_mentions: Annotated[int, Field(ge=3)] = 8
    min_segments: Annotated[int, Field(ge=20)] = 50
    seed: int = 13
    strengths: bool = True
    suggestions: bool = True
    retire_days: Annotated[int, Field(ge=7, description="Days without a mention after which an irritant rests until it is told again")] = 180


Part = Literal["volume", "customers", "severity", "not_valued", "trend", "impact"]
PARTS: Mapping[Part, float] = {"volume": 0.25, "customers": 0.15, "severity": 0.15, "not_valued": 0.2, "trend": 0.15, "impact": 0.1}
"""Parts of the priority and their weights by default."""


class Priority(Settings):
    """Weights of the documented priority formula, and the windows of its trend."""

    weights: Mapping[Part, float] = Field(default_factory=lambda: dict(PARTS))
    recent_weeks: Annotated[int, Field(ge=1)] = 4
    baseline_weeks: Annotated[int, Field(ge=2)] = 12
    q_value: Annotated[float, Field(gt=0, lt=1)] = 0.10
    rate_ratio: Annotated[float, Field(ge=1)] = 1.3

    @field_validator("weights")
    @classmethod
    def _weights(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if min(value.values(), default=0) < 0 or sum(value.values()) <= 0:
            raise ValueError("weights must be positive or zero, and not all zero")
        return value


class CustomStage(Settings):
    """A company's own stage; `maps_to` is what the model predicts."""

    id: str
    label_fr: str
    label_en: str = ""
    maps_to: Stage
    keywords: tuple[str, ...] = ()
    moment_of_truth: bool = False


class Seam(Settings):
    """A declared transition between stages, channels or departments."""

    id: str
    from_: str = Field(alias="from")
    to: str
    owner: str = ""


class Journey(Settings):
    """The company's journey (codebook 4)."""

    company: str = ""
    inherits: Literal["default"] = "default"
    stages: tuple[CustomStage, ...] = ()
    moments_of_truth: tuple[Stage, ...] = ()
    transitions: tuple[Seam, ...] = ()
    channels: tuple[str, ...] = ()
    departments: Mapping[str, str] = Field(default_factory=dict)


class Contacts(Settings):
    """How many contacts a channel had in a month, those who said nothing among them."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    channel: str = Field(min_length=1)
    contacts: Annotated[float, Field(ge=0)]


class Report(Settings):
    """What the report is called and in which languages it is written."""

    title: str = ""
    languages: tuple[Literal["fr", "en"], ...] = ("fr", "en")
    quotes: Annotated[int, Field(ge=3, le=50)] = 8


class Flow(Settings):
    """How Prefect runs the steps."""

    task_runner: Literal["threads", "processes", "sequential"] = "threads"
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    retry_delay_seconds: Annotated[float, Field(ge=0)] = 5.0
    timeout_seconds: Annotated[float, Field(gt=0)] = 3600.0


class Config(Settings):
    """Everything a run needs. Paths are relative to the file the settings came from."""

    project: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$")
    sources: tuple[Source, ...] = Field(min_length=1)
    store: str = "sqlite:///out/voc.db"
    output: Path = Path("out")
    cache: str = ""
    model: str = "voc-mini"
    languages: tuple[Literal["fr", "en"], ...] = ("fr", "en")
    near_duplicates: Annotated[float, Field(ge=0.8, le=1.0)] = 0.95
    window_days: Annotated[int, Field(ge=28)] = 365
    shard_size: Annotated[int, Field(ge=16)] = 512
    journey: Path | Journey = Journey()
    exposure: Path | tuple[Contacts, ...] = ()
    registers: Registers = Registers()
    units: tuple[str, ...] = ()
    owners: tuple[OwnerRule, ...] = ()
    discovery: Discovery = Discovery()
    priority: Priority = Priority()
    stories: Stories = Stories()
    response_seconds: Mapping[str, Seconds] = Field(
        default_factory=dict, description="By channel, within how many seconds a person should first answer"
    )
    report: Report = Report()
    flow: Flow = Flow()
    since: date | None = None
    until: date | None = None
    root: Path = Field(Path(), exclude=True, description="Folder of the file, set by load_config")

    @model_validator(mode="after")
    def _known_channels(self) -> Config:
        if not any(source.fields.channel for source in self.sources):  # channels that a column names are known by its rows alone
            check_channels(self.response_seconds, [source.channel or source.kind for source in self.sources])
        return self

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {twice[0]!r}; a verbatim's identity is (source, row id), so names must differ")
        return value

    @property
    def key(self) -> bytes:
        """The key of hashed ids, from `VOC_KEY`."""
        return installation_key()

    def resolve(self, path: str | Path) -> Path:
        """A path of the config, made absolute from the config's own folder."""
        return (self.root / path).resolve()

    @property
    def output_dir(self) -> Path:
        """Where reports and tables go, absolute."""
        return self.resolve(self.output)

    @property
    def store_url(self) -> str:
        """Database URL; the file of a relative SQLite URL is taken from the config's folder."""
        prefix = "sqlite:///"
        if self.store.startswith(prefix) and not self.store.startswith("sqlite:////"):
            return f"{prefix}{self.resolve(self.store.removeprefix(prefix))}"
        return self.store

    @property
    def cache_url(self) -> str:
        """Folder (any fsspec path) of rebuildable vectors."""
        return self.cache if "://" in self.cache else str(self.resolve(self.cache or self.output / "cache"))


def load_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Settings from a YAML file.

    Args:
        path: The file.
        overrides: Top-level keys to set over it, such as ``since``.

    Returns:
        The frozen settings, the journey file (if one is named) read in.

    Raises:
        ConfigError: The file cannot be read or a setting is wrong; ``problems`` holds every one.
    """
    path = Path(path)
    raw = _read_yaml(path)
    raw.update(overrides or {})
    config = _validated(Config, {**raw, "root": path.resolve().parent}, path)
    if isinstance(config.journey, Path):
        where = config.resolve(config.journey)
        content = _read_yaml(where)
        config = config.model_copy(update={"journey": _validated(Journey, content.get("journey", content), where)})
    if isinstance(config.exposure, Path):
        config = config.model_copy(update={"exposure": _read_contacts(config.resolve(config.exposure))})
    own = config.journey.stages if isinstance(config.journey, Journey) else ()
    registers = read_registers(config.registers, config.root, [*Stage, *(stage.id for stage in own)])
    return config.model_copy(update={"registers": registers})


def _read_contacts(path: Path) -> tuple[Contacts, ...]:
    """Contacts per month and channel, from a CSV with the columns `month`, `channel` and `contacts`; `;` or `,` between them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(str(path), "cannot be read", "a UTF-8 CSV file", "`exposure` names contacts per month and channel") from None
    head = text.split("\n", 1)[0]
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ","))
    missing = [name for name in Contacts.model_fields if not rows or name not in rows[0]]
    if missing:
        raise ConfigError(f"{path}: line 1", f"no column {missing[0]!r}", "the columns month, channel, contacts", "Name them so in the first line")
    found: dict[tuple[str, str], Contacts] = {}
    for line, row in enumerate(rows, start=2):
        try:
            own = Contacts.model_validate({name: (row[name] or "").strip() for name in Contacts.model_fields})
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            raise ConfigError(f"{path}: line {line}: {name}", repr(row[name]), "a month as 2026-09, a channel, a number of contacts", "") from None
        if (own.month, own.channel) in found:
            raise ConfigError(f"{path}: line {line}", f"{own.channel} in {own.month} a second time", "one line a month and channel", "Add them up")
        found[own.month, own.channel] = own
    return tuple(found.values())


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = parsed(path.read_text(encoding="utf-8"), path, ConfigError)
    except FileNotFoundError:
        raise ConfigError(str(path), "no such file", "a YAML configuration", "`voc init DIR FILE...` writes one from your own files") from None
    except IsADirectoryError:
        raise ConfigError(str(path), "a folder", "a YAML file", "Name the file itself") from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"not UTF-8 at byte {error.start}", "a UTF-8 text file", "Save it as UTF-8") from None
    if not isinstance(content, dict):
        raise ConfigError(
            str(path),
            f"a {type(content).__name__}" if content is not None else "an empty file",
            "settings as `name: value`",
            "See configs/ for examples",
        )
    return content


def _validated(model: type[T], raw: Mapping[str, Any], path: Path) -> T:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = tuple(_problem(item, path, model) for item in error.errors(include_url=False))
        first = problems[0]
        first.problems = problems
        raise first from None


def _problem(item: Any, path: Path, model: type[BaseModel]) -> ConfigError:
    location: Sequence[str | int] = item["loc"]
    where = f"{path}: " + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    where = where if location else str(path)
    if item["type"] == "extra_forbidden":
        return ConfigError(where, f"{location[-1]!r} is not a setting", "", suggest(str(location[-1]), _known_fields(model, location[:-1])))
    if item["type"] == "missing":
        return ConfigError(where, "missing", "a value", "Add it")
    if item["type"] in {"enum", "literal_error"}:
        known = [word.strip(" '") for word in item["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return ConfigError(where, f"{item['input']!r} is not known", "", suggest(str(item["input"]), known))
    found = "" if isinstance(item["input"], dict | list) else f"{item['input']!r}: "
    return ConfigError(where, f"{found}{item['msg'].removeprefix('Value error, ')}", "", "")


def _known_fields(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """Names of the settings that exist at a place of the tree."""
    current: Any = model
    for part in location:
        if isinstance(part, int) or not hasattr(current, "model_fields") or part not in current.model_fields:
            continue
        current = next((kind for kind in _models_in(current.model_fields[part].annotation)), None)
        if current is None:
            return []
    return [field.alias or name for name, field in current.model_fields.items() if not field.exclude]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in getattr(annotation, "__args__", ()) for found in _models_in(inner)]
