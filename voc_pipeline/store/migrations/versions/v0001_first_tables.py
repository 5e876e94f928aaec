"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates every table."""
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False, comment="Rank in the ledger, from 1"),
        sa.Column("at", sa.DateTime(), nullable=False, comment="When, UTC"),
        sa.Column("author", _text(), nullable=False, comment="Who: a person, or the step of a run"),
        sa.Column("run_id", _text(), nullable=False, comment="The run, or empty for a person's edit"),
        sa.Column("action", _text(), nullable=False, comment="What was done, such as propose, rename, merge, split, reject"),
        sa.Column("irritant_id", _text(), nullable=False, comment="The irritant"),
        sa.Column("payload", _text(), nullable=False, comment="What the action needs to be understood and redone"),
        sa.Column("reason", _text(), nullable=False, comment="Why, in the author's words"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit")),
        comment="Ledger of the registry: every birth and every edit, in order, never changed afterwards.",
    )
    op.create_index(op.f("ix_edit_irritant_id"), "edit", ["irritant_id"])
    op.create_table(
        "irritant",
        sa.Column("id", _text(), nullable=False, autoincrement=False, comment="Stable id: IRR-, STR- or SUG- and 8 characters"),
        sa.Column("kind", _text(), nullable=False, comment="What to mend, what to keep, what is asked for"),
        sa.Column("label_fr", _text(), nullable=False, comment="French label, object + failure; empty where none could be given"),
        sa.Column("label_en", _text(), nullable=False, comment="English label; empty where none could be given"),
        sa.Column("label_status", _text(), nullable=False, comment="By language: derived, category, edited or missing"),
        sa.Column("theme", _text(), nullable=False, comment="Canonical category, or empty"),
        sa.Column("keywords", _text(), nullable=False, comment="Lemmas and noun phrases, most telling first"),
        sa.Column("threshold", sa.Double(), nullable=False, comment="Score from which a segment is a mention, 0 to 1"),
        sa.Column("generation", sa.Integer(), nullable=False, comment="Ordinal of the run that bore it; older ones claim first"),
        sa.Column("first_run", _text(), nullable=False, comment="Run that bore it"),
        sa.Column("status", _text(), nullable=False, comment="Where it stands"),
        sa.Column("redirect", _text(), nullable=False, comment="Id it was merged into, or empty"),
        sa.Column("owner", _text(), nullable=False, comment="Department that owns it, or empty"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_irritant")),
        comment="The registry: one row per irritant, strength or suggestion, kept from run to run.",
    )
    op.create_table(
        "run",
        sa.Column("id", _text(), nullable=False, autoincrement=False, comment="Name of the run, such as run-0001"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="1 for the first run of this store, 2 for the next"),
        sa.Column("project", _text(), nullable=False, comment="Project named in the settings"),
        sa.Column("config_hash", _text(), nullable=False, comment="Hash of the settings"),
        sa.Column(
            "request_hash",
            _text(),
            nullable=False,
            comment="Hash of what was asked: settings, dates, model; equal for a run that repeats or resumes another",
        ),
        sa.Column("fingerprint", _text(), nullable=False, comment="Hash of the content of all sources"),
        sa.Column("model_version", _text(), nullable=False, comment="Version of the model that annotates"),
        sa.Column("since", sa.Date(), nullable=True, comment="First day asked for; null if open"),
        sa.Column("until", sa.Date(), nullable=True, comment="Last day asked for; null if open"),
        sa.Column("as_of", sa.Date(), nullable=True, comment="Day the figures speak of: until, else the latest date of a verbatim"),
        sa.Column("window_start", sa.Date(), nullable=True, comment="First day of the window of the figures"),
        sa.Column("status", _text(), nullable=False, comment="Where it stands"),
        sa.Column("started_at", sa.DateTime(), nullable=False, comment="When it started, UTC"),
        sa.Column("finished_at", sa.DateTime(), nullable=True, comment="When it ended, UTC; null while it runs"),
        sa.Column(
            "counts", _text(), nullable=False, comment="How the received rows ended, by outcome and `outcome.reason`; {} before they are settled"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("ordinal", name=op.f("uq_run_ordinal")),
        comment="One row per run of the pipeline.",
    )
    op.create_index(op.f("ix_run_request_hash"), "run", ["request_hash"])
    op.create_table(
        "score",
        sa.Column("source", _text(), nullable=False, autoincrement=False, comment="Name of the source"),
        sa.Column(
            "respondent",
            _text(),
            nullable=False,
            autoincrement=False,
            comment="Keyed hash of the respondent; the verbatim's id where the source knows no respondent",
        ),
        sa.Column(
            "name",
            _text(),
            nullable=False,
            autoincrement=False,
            comment="nps, csat, ces, stars, expectation.<dimension>, perception.<dimension>, weight.<dimension>",
        ),
        sa.Column("customer", _text(), nullable=False, comment="Keyed hash of the customer, or empty"),
        sa.Column("date", sa.DateTime(), nullable=True, comment="When it was given; null if unknown"),
        sa.Column("value", sa.Double(), nullable=False, comment="Value, on the scale of the source"),
        sa.PrimaryKeyConstraint("source", "respondent", "name", name=op.f("pk_score")),
        comment="One row per score a respondent gave, with words or without; a form sent twice counts once.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dropped",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("source", _text(), nullable=False, autoincrement=False, comment="Name of the source"),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False, comment="Running number within run and source"),
        sa.Column("position", sa.Integer(), nullable=False, comment="Where the row stands in the source, from 1"),
        sa.Column("outcome", _text(), nullable=False, comment="How it ended"),
        sa.Column("reason", _text(), nullable=False, comment="Why"),
        sa.Column("row_hash", _text(), nullable=False, comment="Keyed hash of the row's identity"),
        sa.Column(
            "detail", _text(), nullable=False, comment="What was wrong, without any of the row's words; for a duplicate, the verbatim it repeats"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_dropped_run_id")),
        sa.PrimaryKeyConstraint("run_id", "source", "n", name=op.f("pk_dropped")),
        comment="One row per received row that is not analysed, and why. Never its text.",
    )
    op.create_table(
        "exemplar",
        sa.Column("irritant_id", _text(), nullable=False, autoincrement=False, comment="The irritant"),
        sa.Column("rank", sa.Integer(), nullable=False, autoincrement=False, comment="0 for the most typical"),
        sa.Column("verbatim_id", _text(), nullable=False, comment="Verbatim it was said in"),
        sa.Column("position", sa.Integer(), nullable=False, comment="Rank of the segment there"),
        sa.Column("text", _text(), nullable=False, comment="Redacted words, kept even if the verbatim changes"),
        sa.Column("lang", _text(), nullable=False, comment="Language, ISO 639-1"),
        sa.ForeignKeyConstraint(["irritant_id"], ["irritant.id"], name=op.f("fk_exemplar_irritant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("irritant_id", "rank", name=op.f("pk_exemplar")),
        comment="Founding segments an irritant is known by.",
    )
    op.create_table(
        "gap",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("irritant_id", _text(), nullable=False, autoincrement=False, comment="The irritant"),
        sa.Column(
            "gap",
            sa.Integer(),
            nullable=True,
            comment="Servqual gap: 1 knowledge, 2 specification, 3 delivery, 4 communication; null where cues are too few",
        ),
        sa.Column("alternative", sa.Integer(), nullable=True, comment="Second most probable gap"),
        sa.Column("confidence", sa.Double(), nullable=False, comment="0 to the ceiling of what text alone can show"),
        sa.Column("shares", _text(), nullable=False, comment="By gap: [share of mentions, low, high, base]"),
        sa.Column("dimensions", _text(), nullable=False, comment="By Servqual dimension: [share of mentions, low, high, base]"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Verbatims it stands on"),
        sa.Column("confirmed", sa.Boolean(), nullable=False, comment="Whether at least 20 verbatims stand behind it"),
        sa.Column("evidence", _text(), nullable=False, comment="[verbatim id, segment position] of quotes, most typical first"),
        sa.Column("refuting_question", _text(), nullable=False, comment="By language: the question whose answer would refute it"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_gap_run_id")),
        sa.PrimaryKeyConstraint("run_id", "irritant_id", name=op.f("pk_gap")),
        comment="One row per run and irritant: what its mentions say about the provider's Servqual gap.",
    )
    op.create_table(
        "metric",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("scope", _text(), nullable=False, autoincrement=False, comment="What the figure is about, such as all, irritant, stage, channel"),
        sa.Column("key", _text(), nullable=False, autoincrement=False, comment="Which one of the scope, such as the id of the irritant"),
        sa.Column("name", _text(), nullable=False, autoincrement=False, comment="Name of the figure"),
        sa.Column("value", sa.Double(), nullable=True, comment="Value; null where it cannot be given"),
        sa.Column("low", sa.Double(), nullable=True, comment="Low end of the 95 % interval"),
        sa.Column("high", sa.Double(), nullable=True, comment="High end of the 95 % interval"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Base it stands on, in verbatims unless the name says otherwise"),
        sa.Column("detail", _text(), nullable=False, comment="Parts the figure is made of"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_metric_run_id")),
        sa.PrimaryKeyConstraint("run_id", "scope", "key", "name", name=op.f("pk_metric")),
        comment="One row per figure of a run. A figure with n under 30 stands on a small base.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "received",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("source", _text(), nullable=False, autoincrement=False, comment="Name of the source"),
        sa.Column("received", sa.Integer(), nullable=False, comment="Rows received; equals analysed + duplicate + rejected + quarantined"),
        sa.Column("analysed", sa.Integer(), nullable=True, comment="Rows that became verbatims to analyse; null until settled"),
        sa.Column("duplicate", sa.Integer(), nullable=True, comment="Rows that repeat another of the same customer"),
        sa.Column("rejected", sa.Integer(), nullable=True, comment="Rows with nothing to analyse"),
        sa.Column("quarantined", sa.Integer(), nullable=True, comment="Rows set apart because something in them is wrong"),
        sa.Column("known", sa.Integer(), nullable=True, comment="Of the analysed: stored by an earlier run with the same text"),
        sa.Column("replaced", sa.Integer(), nullable=True, comment="Of the analysed: the same id came with a new text"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_received_run_id")),
        sa.PrimaryKeyConstraint("run_id", "source", name=op.f("pk_received")),
        comment="One row per run and source: how the rows received ended, to the last one.",
    )
    op.create_table(
        "shard",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("step", _text(), nullable=False, autoincrement=False, comment="Step of the pipeline"),
        sa.Column("shard", sa.Integer(), nullable=False, autoincrement=False, comment="Number of the shard within the step"),
        sa.Column("counts", _text(), nullable=False, comment="What the shard counted"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_shard_run_id")),
        sa.PrimaryKeyConstraint("run_id", "step", "shard", name=op.f("pk_shard")),
        comment="One row per shard of a step that is finished: where a run that was stopped goes on.",
    )
    op.create_table(
        "staged",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("source", _text(), nullable=False, autoincrement=False, comment="Name of the source"),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False, comment="Running number within run and source"),
        sa.Column("verbatim_id", _text(), nullable=False, comment="Id it will have in verbatim"),
        sa.Column("position", sa.Integer(), nullable=False, comment="Where the row stands in the source, from 1"),
        sa.Column("customer", _text(), nullable=False, comment="Keyed hash of the customer, or empty"),
        sa.Column("date", sa.DateTime(), nullable=True, comment="When it was said"),
        sa.Column("text", _text(), nullable=False, comment="Redacted words"),
        sa.Column("text_key", _text(), nullable=False, comment="Keyed hash of the folded text"),
        sa.Column("rest", _text(), nullable=False, comment="The other fields of the verbatim"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_staged_run_id")),
        sa.PrimaryKeyConstraint("run_id", "source", "n", name=op.f("pk_staged")),
        comment="Verbatims of a run that is still reading its sources; empty once they are settled.",
    )
    op.create_index(op.f("ix_staged_run_id_customer"), "staged", ["run_id", "customer"])
    op.create_index(op.f("ix_staged_run_id_text_key"), "staged", ["run_id", "text_key"])
    op.create_index(op.f("ix_staged_run_id_verbatim_id"), "staged", ["run_id", "verbatim_id"])
    op.create_table(
        "staged_score",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("source", _text(), nullable=False, autoincrement=False, comment="Name of the source"),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False, comment="Running number within run and source"),
        sa.Column("respondent", _text(), nullable=False, comment="Keyed hash of the respondent"),
        sa.Column("customer", _text(), nullable=False, comment="Keyed hash of the customer, or empty"),
        sa.Column("date", sa.DateTime(), nullable=True, comment="When it was given"),
        sa.Column("name", _text(), nullable=False, comment="Name of the score"),
        sa.Column("value", sa.Double(), nullable=False, comment="Value, on the scale of the source"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_staged_score_run_id")),
        sa.PrimaryKeyConstraint("run_id", "source", "n", name=op.f("pk_staged_score")),
        comment="Scores of respondents who wrote nothing, of a run that is still reading its sources; empty once they are settled.",
    )
    op.create_table(
        "verbatim",
        sa.Column("id", _text(), nullable=False, autoincrement=False, comment="Keyed hash of source and row id"),
        sa.Column("source", _text(), nullable=False, comment="Name of the source"),
        sa.Column("row_id", _text(), nullable=False, comment="Id in the source, or its keyed hash where it would tell who wrote"),
        sa.Column("position", sa.Integer(), nullable=False, comment="Where the row stands in the source, from 1"),
        sa.Column("kind", _text(), nullable=False, comment="What the source yields"),
        sa.Column("channel", _text(), nullable=False, comment="Channel the feedback came through, or empty"),
        sa.Column("lang", _text(), nullable=False, comment="Language, ISO 639-1"),
        sa.Column("text", _text(), nullable=False, comment="Redacted words; offsets of segments refer to it"),
        sa.Column("text_key", _text(), nullable=False, comment="Keyed hash of the folded text: equal for double submits"),
        sa.Column("question", _text(), nullable=False, comment="Question it answers, or empty"),
        sa.Column("date", sa.DateTime(), nullable=True, comment="When it was said, in the source's time zone; null if unknown"),
        sa.Column("customer", _text(), nullable=False, comment="Keyed hash of the customer, or empty"),
        sa.Column("respondent", _text(), nullable=False, comment="Keyed hash that joins the answers and scores of one survey form, or empty"),
        sa.Column("scores", _text(), nullable=False, comment="Scores given with it, by name"),
        sa.Column("attributes", _text(), nullable=False, comment="Free attributes of the source, such as region or plan"),
        sa.Column("duplicate_of", _text(), nullable=True, comment="Id of the verbatim it repeats; null for a verbatim that is analysed"),
        sa.Column("first_run", _text(), nullable=False, comment="Run that received it first"),
        sa.Column("text_run", _text(), nullable=False, comment="Run that gave it its present text"),
        sa.ForeignKeyConstraint(["first_run"], ["run.id"], name=op.f("fk_verbatim_first_run")),
        sa.ForeignKeyConstraint(["text_run"], ["run.id"], name=op.f("fk_verbatim_text_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verbatim")),
        comment="One row per verbatim, the unit of voice: a chat, a review or one answer. Analyses leave out rows with duplicate_of.",
    )
    op.create_index(op.f("ix_verbatim_customer"), "verbatim", ["customer"])
    op.create_index(op.f("ix_verbatim_date"), "verbatim", ["date"])
    op.create_index(op.f("ix_verbatim_text_key"), "verbatim", ["text_key"])
    op.create_table(
        "annotation",
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The verbatim"),
        sa.Column("model_version", _text(), nullable=False, autoincrement=False, comment="Version of the model that answered"),
        sa.Column("sentiment", _text(), nullable=False, comment="Stance toward the experience"),
        sa.Column("p_sentiment", _text(), nullable=False, comment="Probability of each stance"),
        sa.Column("not_valued", sa.Boolean(), nullable=False, comment="Whether the customer tells of not being valued"),
        sa.Column("p_not_valued", sa.Double(), nullable=False, comment="Its probability"),
        sa.Column("not_valued_codes", _text(), nullable=False, comment="Ways of not being valued, a list"),
        sa.Column(
            "intensity", sa.Integer(), nullable=False, comment="Of not being valued: 0 none, 1 sober, 2 felt, 3 humiliation, injustice or departure"
        ),
        sa.Column("valued", sa.Boolean(), nullable=False, comment="Whether the customer tells of being valued"),
        sa.Column("stage", _text(), nullable=False, comment="Stage of the journey"),
        sa.Column("p_stage", _text(), nullable=False, comment="Probability of each stage"),
        sa.Column("dimension", _text(), nullable=True, comment="Servqual dimension of the main irritant; null if none"),
        sa.Column("p_dimension", _text(), nullable=False, comment="Probability of each dimension"),
        sa.Column("gap_cue", sa.Integer(), nullable=True, comment="Servqual gap the main irritant points to; null if none"),
        sa.Column("p_gap_cue", _text(), nullable=False, comment="Probability of each gap cue"),
        sa.Column("passages", _text(), nullable=False, comment="Irritants told: segments, stage, dimension, gap_cue, theme, p"),
        sa.Column("abstained", _text(), nullable=False, comment="Fields that stand on too little"),
        sa.ForeignKeyConstraint(["verbatim_id"], ["verbatim.id"], name=op.f("fk_annotation_verbatim_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verbatim_id", "model_version", name=op.f("pk_annotation")),
        comment="One row per verbatim and model version: what the model answers for the whole.",
    )
    op.create_table(
        "segment",
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The verbatim"),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False, comment="Rank in the verbatim, from 0"),
        sa.Column("start_char", sa.Integer(), nullable=False, comment="First character in verbatim.text, from 0"),
        sa.Column("end_char", sa.Integer(), nullable=False, comment="Character after the last"),
        sa.Column("text", _text(), nullable=False, comment="Its words"),
        sa.Column("role", _text(), nullable=False, comment="Who speaks; only the customer's words are evidence"),
        sa.ForeignKeyConstraint(["verbatim_id"], ["verbatim.id"], name=op.f("fk_segment_verbatim_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verbatim_id", "position", name=op.f("pk_segment")),
        comment="One row per segment, the unit of meaning: a sentence, or a sentence of a turn.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mention",
        sa.Column("run_id", _text(), nullable=False, autoincrement=False, comment="The run"),
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The verbatim"),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False, comment="Rank of the segment"),
        sa.Column("irritant_id", _text(), nullable=False, autoincrement=False, comment="The irritant it tells of"),
        sa.Column("shard", sa.Integer(), nullable=False, comment="Shard of the run that wrote it"),
        sa.Column("score", sa.Double(), nullable=False, comment="Closeness to the irritant"),
        sa.Column("fallback", sa.Boolean(), nullable=False, comment="Nearest irritant below its threshold: shown, never counted"),
        sa.ForeignKeyConstraint(["irritant_id"], ["irritant.id"], name=op.f("fk_mention_irritant_id"), deferrable=True, initially="DEFERRED"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_mention_run_id")),
        sa.ForeignKeyConstraint(
            ["verbatim_id", "position"], ["segment.verbatim_id", "segment.position"], name=op.f("fk_mention_verbatim_id_position"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "verbatim_id", "position", "irritant_id", name=op.f("pk_mention")),
        comment="One row per run, segment and irritant it tells of. A verbatim that comes with a new text loses the mentions of its old one.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_mention_run_id_irritant_id"), "mention", ["run_id", "irritant_id"])
    op.create_index(op.f("ix_mention_run_id_shard"), "mention", ["run_id", "shard"])
    op.create_index(op.f("ix_mention_verbatim_id_position"), "mention", ["verbatim_id", "position"])
    op.create_table(
        "segment_annotation",
        sa.Column("verbatim_id", _text(), nullable=False, autoincrement=False, comment="The verbatim"),
        sa.Column("model_version", _text(), nullable=False, autoincrement=False, comment="Version of the model that answered"),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False, comment="Rank of the segment"),
        sa.Column("sentiment", _text(), nullable=False, comment="Polarity of the segment"),
        sa.Column("p_negative", sa.Double(), nullable=False, comment="Probability of negative"),
        sa.Column("p_positive", sa.Double(), nullable=False, comment="Probability of positive"),
        sa.Column("p_not_valued", sa.Double(), nullable=False, comment="Probability that it tells of not being valued"),
        sa.Column("p_suggestion", sa.Double(), nullable=False, comment="Probability that it asks for something"),
        sa.Column("theme", _text(), nullable=False, comment="Canonical category, or empty"),
        sa.Column("p_theme", sa.Double(), nullable=False, comment="Its probability"),
        sa.Column("stage", _text(), nullable=False, comment="Stage of the journey"),
        sa.Column("p_stage", sa.Double(), nullable=False, comment="Its probability"),
        sa.Column("dimension", _text(), nullable=True, comment="Servqual dimension; null if none"),
        sa.Column("p_dimension", sa.Double(), nullable=False, comment="Its probability"),
        sa.Column("gap_cue", sa.Integer(), nullable=True, comment="Servqual gap it points to; null if none"),
        sa.Column("p_gap_cue", sa.Double(), nullable=False, comment="Its probability"),
        sa.ForeignKeyConstraint(
            ["verbatim_id", "model_version"],
            ["annotation.verbatim_id", "annotation.model_version"],
            name=op.f("fk_segment_annotation_verbatim_id_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verbatim_id", "model_version", "position", name=op.f("pk_segment_annotation")),
        comment="One row per segment and model version: what the model answers for the segment.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drops every table."""
    for table in [
        "segment_annotation",
        "mention",
        "segment",
        "annotation",
        "verbatim",
        "staged_score",
        "staged",
        "shard",
        "received",
        "metric",
        "gap",
        "exemplar",
        "dropped",
        "score",
        "run",
        "irritant",
        "edit",
    ]:
        op.drop_table(table)
