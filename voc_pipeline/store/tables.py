"""The tables. Every table and column says what it means: the data dictionary is generated from here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, MetaData, Table
from sqlalchemy.types import TypeEngine

from voc_pipeline.schema import EVENT_CODES, Dimension, Gap, IrritantKind, NotValuedCode, Outcome, Reason, Role, Sentiment, SourceKind, Stage
from voc_pipeline.store.columns import Day, JSONText, Moment, Real, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}  # many narrow rows, kept in the order of their key: half the size and the time


def _col(name: str, type_: TypeEngine[Any], comment: str, *, values: Iterable[Any] = (), null: bool = False) -> Column[Any]:
    info = {"values": [str(item.value) if isinstance(item, Enum) else str(item) for item in values]}
    return Column(name, type_, comment=comment, nullable=null, info=info)


def _key(name: str, type_: TypeEngine[Any], comment: str, to: str = "", cascade: bool = False) -> Column[Any]:
    links = [ForeignKey(to, ondelete="CASCADE" if cascade else None)] if to else []
    return Column(name, type_, *links, comment=comment, primary_key=True, autoincrement=False)


# ---------------------------------------------------------------- runs

run = Table(
    "run",
    metadata,
    _key("id", Words(), "Name of the run, such as run-0001"),
    Column("ordinal", Integer, nullable=False, unique=True, comment="1 for the first run of this store, 2 for the next"),
    _col("project", Words(), "Project named in the settings"),
    _col("config_hash", Words(), "Hash of the settings"),
    _col("request_hash", Words(), "Hash of what was asked: settings, dates, model; equal for a run that repeats or resumes another"),
    _col("fingerprint", Words(), "Hash of the content of all sources"),
    _col("model_version", Words(), "Version of the model that annotates"),
    _col("since", Day(), "First day asked for; null if open", null=True),
    _col("until", Day(), "Last day asked for; null if open", null=True),
    _col("as_of", Day(), "Day the figures speak of: until, else the latest date of a verbatim", null=True),
    _col("window_start", Day(), "First day of the window of the figures", null=True),
    _col("status", Words(), "Where it stands", values=("running", "done", "failed")),
    _col("started_at", Moment(), "When it started, UTC"),
    _col("finished_at", Moment(), "When it ended, UTC; null while it runs", null=True),
    _col("counts", JSONText(), "How the received rows ended, by outcome and `outcome.reason`; {} before they are settled"),
    comment="One row per run of the pipeline.",
)
Index(None, run.c.request_hash)

shard = Table(
    "shard",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("step", Words(), "Step of the pipeline"),
    _key("shard", Integer(), "Number of the shard within the step"),
    _col("counts", JSONText(), "What the shard counted"),
    comment="One row per shard of a step that is finished: where a run that was stopped goes on.",
)

received = Table(
    "received",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("source", Words(), "Name of the source"),
    _col("received", Integer(), "Rows received; equals analysed + duplicate + rejected + quarantined"),
    _col("analysed", Integer(), "Rows that became verbatims to analyse; null until settled", null=True),
    _col("duplicate", Integer(), "Rows that repeat another of the same customer", null=True),
    _col("rejected", Integer(), "Rows with nothing to analyse", null=True),
    _col("quarantined", Integer(), "Rows set apart because something in them is wrong", null=True),
    _col("known", Integer(), "Of the analysed: stored by an earlier run with the same text", null=True),
    _col("replaced", Integer(), "Of the analysed: the same id came with a new text", null=True),
    comment="One row per run and source: how the rows received ended, to the last one.",
)

dropped = Table(
    "dropped",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("source", Words(), "Name of the source"),
    _key("n", Integer(), "Running number within run and source"),
    _col("position", Integer(), "Where the row stands in the source, from 1"),
    _col("outcome", Words(), "How it ended", values=[item for item in Outcome if item is not Outcome.ANALYSED]),
    _col("reason", Words(), "Why", values=Reason),
    _col("row_hash", Words(), "Keyed hash of the row's identity"),
    _col("detail", Words(), "What was wrong, without any of the row's words; for a duplicate, the verbatim it repeats"),
    comment="One row per received row that is not analysed, and why. Never its text.",
)

staged = Table(
    "staged",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("source", Words(), "Name of the source"),
    _key("n", Integer(), "Running number within run and source"),
    _col("verbatim_id", Words(), "Id it will have in verbatim"),
    _col("position", Integer(), "Where the row stands in the source, from 1"),
    _col("customer", Words(), "Keyed hash of the customer, or empty"),
    _col("date", Moment(), "When it was said", null=True),
    _col("text", Words(), "Redacted words"),
    _col("text_key", Words(), "Keyed hash of the folded text"),
    _col("rest", JSONText(), "The other fields of the verbatim"),
    comment="Verbatims of a run that is still reading its sources; empty once they are settled.",
)
Index(None, staged.c.run_id, staged.c.verbatim_id)
Index(None, staged.c.run_id, staged.c.customer)
Index(None, staged.c.run_id, staged.c.text_key)

staged_score = Table(
    "staged_score",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("source", Words(), "Name of the source"),
    _key("n", Integer(), "Running number within run and source"),
    _col("respondent", Words(), "Keyed hash of the respondent"),
    _col("customer", Words(), "Keyed hash of the customer, or empty"),
    _col("date", Moment(), "When it was given", null=True),
    _col("name", Words(), "Name of the score"),
    _col("value", Real(), "Value, on the scale of the source"),
    comment="Scores of respondents who wrote nothing, of a run that is still reading its sources; empty once they are settled.",
)

# ---------------------------------------------------------------- voice and meaning

verbatim = Table(
    "verbatim",
    metadata,
    _key("id", Words(), "Keyed hash of source and row id"),
    _col("source", Words(), "Name of the source"),
    _col("row_id", Words(), "Id in the source, or its keyed hash where it would tell who wrote"),
    _col("position", Integer(), "Where the row stands in the source, from 1"),
    _col("kind", Words(), "What the source yields", values=SourceKind),
    _col("channel", Words(), "Channel the feedback came through, or empty"),
    _col("lang", Words(), "Language, ISO 639-1"),
    _col("text", Words(), "Redacted words; offsets of segments refer to it"),
    _col("text_key", Words(), "Keyed hash of the folded text: equal for double submits"),
    _col("question", Words(), "Question it answers, or empty"),
    _col("date", Moment(), "When it was said, in the source's time zone; null if unknown", null=True),
    _col("customer", Words(), "Keyed hash of the customer, or empty"),
    _col("respondent", Words(), "Keyed hash that joins the answers and scores of one survey form, or empty"),
    _col("scores", JSONText(), "Scores given with it, by name"),
    _col("attributes", JSONText(), "Free attributes of the source, such as region or plan"),
    _col("duplicate_of", Words(), "Id of the verbatim it repeats; null for a verbatim that is analysed", null=True),
    Column("first_run", Words(), ForeignKey("run.id"), nullable=False, comment="Run that received it first"),
    Column("text_run", Words(), ForeignKey("run.id"), nullable=False, comment="Run that gave it its present text"),
    comment="One row per verbatim, the unit of voice: a chat, a review or one answer. Analyses leave out rows with duplicate_of.",
)
Index(None, verbatim.c.date)
Index(None, verbatim.c.customer)
Index(None, verbatim.c.text_key)

segment = Table(
    "segment",
    metadata,
    _key("verbatim_id", Words(), "The verbatim", "verbatim.id", cascade=True),
    _key("position", Integer(), "Rank in the verbatim, from 0"),
    _col("start_char", Integer(), "First character in verbatim.text, from 0"),
    _col("end_char", Integer(), "Character after the last"),
    _col("text", Words(), "Its words"),
    _col("role", Words(), "Who speaks; only the customer's words are evidence", values=Role),
    comment="One row per segment, the unit of meaning: a sentence, or a sentence of a turn.",
    **_CLUSTERED,
)

score = Table(
    "score",
    metadata,
    _key("source", Words(), "Name of the source"),
    _key("respondent", Words(), "Keyed hash of the respondent; the verbatim's id where the source knows no respondent"),
    _key("name", Words(), "nps, csat, ces, stars, expectation.<dimension>, perception.<dimension>, weight.<dimension>"),
    _col("customer", Words(), "Keyed hash of the customer, or empty"),
    _col("date", Moment(), "When it was given; null if unknown", null=True),
    _col("value", Real(), "Value, on the scale of the source"),
    comment="One row per score a respondent gave, with words or without; a form sent twice counts once.",
    **_CLUSTERED,
)

# ---------------------------------------------------------------- answers of the models

annotation = Table(
    "annotation",
    metadata,
    _key("verbatim_id", Words(), "The verbatim", "verbatim.id", cascade=True),
    _key("model_version", Words(), "Version of the model that answered"),
    _col("sentiment", Words(), "Stance toward the experience", values=Sentiment),
    _col("p_sentiment", JSONText(), "Probability of each stance"),
    _col("not_valued", Boolean(), "Whether the customer tells of not being valued"),
    _col("p_not_valued", Real(), "Its probability"),
    _col("not_valued_codes", JSONText(), "Ways of not being valued, a list", values=NotValuedCode),
    _col("intensity", Integer(), "Of not being valued: 0 none, 1 sober, 2 felt, 3 humiliation, injustice or departure"),
    _col("repaired", Boolean(), "Whether the feeling of not being valued was then repaired by the company"),
    _col("precursor", Words(), "Event that often comes before it, told once and without a mark; null if none", values=EVENT_CODES, null=True),
    _col("valued", Boolean(), "Whether the customer tells of being valued"),
    _col("stage", Words(), "Stage of the journey", values=Stage),
    _col("p_stage", JSONText(), "Probability of each stage"),
    _col("dimension", Words(), "Servqual dimension of the main irritant; null if none", values=Dimension, null=True),
    _col("p_dimension", JSONText(), "Probability of each dimension"),
    _col("gap_cue", Integer(), "Servqual gap the main irritant points to; null if none", values=Gap, null=True),
    _col("p_gap_cue", JSONText(), "Probability of each gap cue"),
    _col("labels", JSONText(), "Answers of heads for labels of your own, by label"),
    _col("passages", JSONText(), "Irritants told: segments, stage, dimension, gap_cue, theme, p"),
    _col("abstained", JSONText(), "Fields that stand on too little"),
    comment="One row per verbatim and model version: what the model answers for the whole.",
)

segment_annotation = Table(
    "segment_annotation",
    metadata,
    _key("verbatim_id", Words(), "The verbatim"),
    _key("model_version", Words(), "Version of the model that answered"),
    _key("position", Integer(), "Rank of the segment"),
    _col("sentiment", Words(), "Polarity of the segment", values=Sentiment),
    _col("p_negative", Real(), "Probability of negative"),
    _col("p_positive", Real(), "Probability of positive"),
    _col("p_not_valued", Real(), "Probability that it tells of not being valued"),
    _col("p_suggestion", Real(), "Probability that it asks for something"),
    _col("theme", Words(), "Canonical category, or empty"),
    _col("p_theme", Real(), "Its probability"),
    _col("stage", Words(), "Stage of the journey", values=Stage),
    _col("p_stage", Real(), "Its probability"),
    _col("dimension", Words(), "Servqual dimension; null if none", values=Dimension, null=True),
    _col("p_dimension", Real(), "Its probability"),
    _col("gap_cue", Integer(), "Servqual gap it points to; null if none", values=Gap, null=True),
    _col("p_gap_cue", Real(), "Its probability"),
    ForeignKeyConstraint(["verbatim_id", "model_version"], ["annotation.verbatim_id", "annotation.model_version"], ondelete="CASCADE"),
    comment="One row per segment and model version: what the model answers for the segment.",
    **_CLUSTERED,
)

# ---------------------------------------------------------------- the registry

irritant = Table(
    "irritant",
    metadata,
    _key("id", Words(), "Stable id: IRR-, STR- or SUG- and 8 characters"),
    _col("kind", Words(), "What to mend, what to keep, what is asked for", values=IrritantKind),
    _col("label_fr", Words(), "French label, object + failure; empty where none could be given"),
    _col("label_en", Words(), "English label; empty where none could be given"),
    _col("label_status", JSONText(), "By language: derived, category, edited or missing"),
    _col("theme", Words(), "Canonical category, or empty"),
    _col("keywords", JSONText(), "Lemmas and noun phrases, most telling first"),
    _col("threshold", Real(), "Score from which a segment is a mention, 0 to 1"),
    _col("generation", Integer(), "Ordinal of the run that bore it; older ones claim first"),
    _col("first_run", Words(), "Run that bore it"),
    _col("status", Words(), "Where it stands", values=("active", "merged", "rejected", "retired")),
    _col("redirect", Words(), "Id it was merged into, or empty"),
    _col("owner", Words(), "Department that owns it, or empty"),
    _col("pinned", Boolean(), "Whether a person holds it: no run retires it"),
    _col("inclusion", JSONText(), "What people noted that it covers, a list"),
    _col("exclusion", JSONText(), "What people noted that it does not cover, a list"),
    _col("parent", Words(), "Id of the irritant it was split off, or empty"),
    _col("split_on", JSONText(), "Words that make a mention of the parent its own, a list"),
    _col("given", JSONText(), "Labels, status, redirect and owner as runs gave them, before people's edits"),
    comment="The registry: one row per irritant, strength or suggestion, kept from run to run.",
)

exemplar = Table(
    "exemplar",
    metadata,
    _key("irritant_id", Words(), "The irritant", "irritant.id", cascade=True),
    _key("rank", Integer(), "0 for the most typical"),
    _col("verbatim_id", Words(), "Verbatim it was said in"),
    _col("position", Integer(), "Rank of the segment there"),
    _col("text", Words(), "Redacted words, kept even if the verbatim changes"),
    _col("lang", Words(), "Language, ISO 639-1"),
    comment="Founding segments an irritant is known by.",
)

reach = Table(
    "reach",
    metadata,
    _key("irritant_id", Words(), "The irritant", "irritant.id", cascade=True),
    _key("space", Words(), "Topic space: digest of an encoder and of the axes that topics are told apart along"),
    _col("threshold", Real(), "Score from which a segment is a mention in that space, 0 to 1"),
    _col("run_id", Words(), "Run that measured it"),
    comment="One row per irritant and topic space it has been claimed in: measured once, kept for a return to that model.",
)

mention = Table(
    "mention",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("verbatim_id", Words(), "The verbatim"),
    _key("position", Integer(), "Rank of the segment"),
    Column(
        "irritant_id", Words(), ForeignKey("irritant.id", deferrable=True, initially="DEFERRED"), primary_key=True, comment="The irritant it tells of"
    ),
    _col("shard", Integer(), "Shard of the run that wrote it"),
    _col("score", Real(), "Closeness to the irritant"),
    _col("fallback", Boolean(), "Nearest irritant below its threshold: shown, never counted"),
    ForeignKeyConstraint(["verbatim_id", "position"], ["segment.verbatim_id", "segment.position"], ondelete="CASCADE"),
    comment="One row per run, segment and irritant it tells of. A verbatim that comes with a new text loses the mentions of its old one.",
    **_CLUSTERED,
)
Index(None, mention.c.verbatim_id, mention.c.position)
Index(None, mention.c.run_id, mention.c.irritant_id)
Index(None, mention.c.run_id, mention.c.shard)

edit = Table(
    "edit",
    metadata,
    _key("id", Integer(), "Rank in the ledger, from 1"),
    _col("at", Moment(), "When, UTC"),
    _col("author", Words(), "Who: a person, or the step of a run"),
    _col("run_id", Words(), "The run, or empty for a person's edit"),
    _col("action", Words(), "What was done, such as propose, rename, merge, split, reject"),
    _col("irritant_id", Words(), "The irritant"),
    _col("payload", JSONText(), "What the action needs to be understood and redone"),
    _col("reason", Words(), "Why, in the author's words"),
    comment="Ledger of the registry: every birth and every edit, in order, never changed afterwards.",
)
Index(None, edit.c.irritant_id)

# ---------------------------------------------------------------- results

gap = Table(
    "gap",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("irritant_id", Words(), "The irritant"),
    _col(
        "gap",
        Integer(),
        "Servqual gap: 1 knowledge, 2 specification, 3 delivery, 4 communication; null where cues are too few",
        values=Gap,
        null=True,
    ),
    _col("alternative", Integer(), "Second most probable gap", values=Gap, null=True),
    _col("confidence", Real(), "0 to the ceiling of what its evidence can show"),
    _col("shares", JSONText(), "By gap: [share of mentions, low, high, base]"),
    _col("dimensions", JSONText(), "By Servqual dimension: [share of mentions, low, high, base]"),
    _col("n", Integer(), "Verbatims it stands on"),
    _col("confirmed", Boolean(), "Whether at least 20 verbatims stand behind it"),
    _col("evidence", JSONText(), "[verbatim id, segment position] of quotes, most typical first"),
    _col("refuting_question", JSONText(), "By language: the question whose answer would refute it"),
    _col("ceiling", Real(), "Highest confidence that its evidence can carry; 0 where no gap is read"),
    _col("grounds", JSONText(), "Evidence piece by piece: [kind, gap, weight, details]"),
    comment="One row per run and irritant: what its mentions say about the provider's Servqual gap.",
)

metric = Table(
    "metric",
    metadata,
    _key("run_id", Words(), "The run", "run.id"),
    _key("scope", Words(), "What the figure is about, such as all, irritant, stage, channel"),
    _key("key", Words(), "Which one of the scope, such as the id of the irritant"),
    _key("name", Words(), "Name of the figure"),
    _col("value", Real(), "Value; null where it cannot be given", null=True),
    _col("low", Real(), "Low end of the 95 % interval", null=True),
    _col("high", Real(), "High end of the 95 % interval", null=True),
    _col("n", Integer(), "Base it stands on, in verbatims unless the name says otherwise"),
    _col("detail", JSONText(), "Parts the figure is made of"),
    comment="One row per figure of a run. A figure with n under 30 stands on a small base.",
    **_CLUSTERED,
)

# ---------------------------------------------------------------- audits

audit = Table(
    "audit",
    metadata,
    _key("id", Words(), "AUD- and 8 characters, from the run, the seed and what was drawn"),
    Column("run_id", Words(), ForeignKey("run.id"), nullable=False, comment="Run it was drawn from"),
    _col("model_version", Words(), "Version of the model whose answers it judges"),
    _col("drawn_at", Moment(), "When it was drawn, UTC"),
    _col("seed", Integer(), "Seed of the draw"),
    _col("lang", Words(), "Language of the workbook", values=("fr", "en")),
    _col("asked", Integer(), "Verbatims asked for"),
    _col("strata", JSONText(), "[source, model reads not valued, model reads negative, verbatims there are, verbatims drawn] of each stratum"),
    _col("sample", JSONText(), "[verbatim id, rank of its stratum, key of its text] of each verbatim drawn, in the order of the workbook"),
    comment="One row per audit: a stratified random sample of a run's verbatims for people to read.",
)

audit_answer = Table(
    "audit_answer",
    metadata,
    _key("audit_id", Words(), "The audit", "audit.id", cascade=True),
    _key("annotator", Words(), "Who answered, as they named themselves"),
    _key("verbatim_id", Words(), "The verbatim"),
    _col("sentiment", Words(), "Stance toward the experience; null if left blank", values=Sentiment, null=True),
    _col("not_valued", Boolean(), "Whether the customer tells of not being valued; null if left blank", null=True),
    _col("codes", JSONText(), "Ways of not being valued, a list; the JSON value null if left blank", values=NotValuedCode),
    _col("valued", Boolean(), "Whether the customer tells of being valued; null if left blank", null=True),
    _col("stage", Words(), "Stage of the journey; null if left blank", values=Stage, null=True),
    _col("dimension", Words(), "Servqual dimension; null if left blank", values=(*Dimension, "none"), null=True),
    _col("gap_cue", Words(), "Servqual gap it points to; null if left blank", values=(*Gap, "none"), null=True),
    _col("comment", Words(), "Remark, redacted"),
    comment="One row per audit, person and verbatim: what people say of it, without knowing what the model says.",
)
