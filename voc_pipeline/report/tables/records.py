"""Tables of irritants, strengths and suggestions: the records, their mentions, gaps and drivers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from voc_pipeline.config import PARTS
from voc_pipeline.report.grounds import sentences
from voc_pipeline.report.quotes import LEAD_WORDS, in_tone, otherwise, passage
from voc_pipeline.report.reading import Reading, detail, main_part
from voc_pipeline.report.tables.cells import Row, corrected, estimate, labels, quoted, value, wording
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import OUTCOMES, SMALL_BASE, Annotation, Dimension, Gap, IrritantKind, Mention, Verbatim
from voc_pipeline.wording import GAP_NAMES

LANGS: tuple[Lang, ...] = ("fr", "en")


def record_rows(reading: Reading, kind: IrritantKind, best: Mapping[str, list[str]]) -> list[Row]:
    """One row a record of a kind, first in rank first.

    Args:
        reading: The run.
        kind: Irritants, strengths or suggestions.
        best: What `best_quotes` gave.
    """
    rows = []
    for place, record in enumerate(reading.ranked(kind), start=1):
        f = reading.figures.of("irritant", record.id)
        gap = reading.gaps.get(record.id)
        stage = main_part(f, "stage.")
        mentions, trend, change = f.get("mentions"), f.get("rate_ratio"), f.get("change_share")
        row: Row = {
            "rank": f["rank"].value if "rank" in f else place,
            "id": record.id,
            **labels(record),
            "label_status_fr": record.label_status.get("fr", ""),
            "label_status_en": record.label_status.get("en", ""),
            "theme": record.theme,
            "keywords": ", ".join(record.keywords),
            "owner": record.owner,
            "status": record.status,
            "pinned": record.pinned,
            "inclusion": " · ".join(record.inclusion),
            "exclusion": " · ".join(record.exclusion),
            "merged_ids": ", ".join(reading.merged.get(record.id, ())),
            "split_off": record.parent,
            "parted_from": reading.parted_from.get(record.id, ""),
            "drifting": bool(detail(reading.figures.get("drift", record.id, "effect"), "flagged", False)),
            "mentions": value(mentions),
            "customers": value(f.get("customers")),
            **estimate(f.get("share"), "share"),
            "severity": value(f.get("severity")),
            **estimate(f.get("not_valued_rate"), "not_valued_rate"),
            **corrected(reading.figures, "irritant", record.id, "not_valued_rate"),
            **estimate(f.get("not_valued_lift"), "not_valued_lift", base=False),
            **estimate(trend, "rate_ratio", base=False),
            "recent": detail(trend, "recent"),
            "baseline": detail(trend, "baseline"),
            "trend_q_value": detail(trend, "q_value"),
            "alert": bool(detail(trend, "alert", False)),
            **_bases(reading, record.id),
            "priority": value(f.get("priority")),
            "previous_rank": value(f.get("previous_rank")),
            "previous_mentions": value(f.get("previous_mentions")),
            **estimate(change, "change_share", base=False),
            "change_q_value": detail(change, "q_value"),
            "more_than_noise": bool(detail(change, "more_than_noise", False)),
            "first_seen": str(detail(mentions, "first_seen") or "")[:10],
            "last_seen": str(detail(mentions, "last_seen") or "")[:10],
            "small_base": round(mentions.value if mentions else 0) < SMALL_BASE,
            **quoted(best.get(record.id, [])),
        }
        if stage:
            row |= {"stage": stage[0], "stage_share": stage[1].value}
        if gap:
            dimension = min(gap.dimensions, key=lambda name: (-gap.dimensions[name].value, name), default="")
            row |= {"dimension": dimension, "gap": gap.gap, "gap_confidence": gap.confidence}
        for outcome in OUTCOMES:
            row |= estimate(f.get(f"{outcome}_difference"), f"{outcome}_difference")
        rows.append(row | {f"part_{part}": value(f.get(f"part.{part}")) for part in PARTS})
    return rows


def mention_rows(reading: Reading) -> list[Row]:
    """One row a mention: what was said, where, by whom (hashed), and what the models made of it."""
    by_verbatim: dict[str, list[Mention]] = defaultdict(list)
    for mention in reading.mentions:
        by_verbatim[mention.verbatim_id].append(mention)
    answers = reading.store.annotations(reading.run.model_version, ids=by_verbatim)
    answer = next(answers, None)
    rows = []
    for verbatim in reading.store.verbatims(ids=by_verbatim):
        while answer is not None and answer.verbatim_id < verbatim.id:
            answer = next(answers, None)
        own = answer if answer is not None and answer.verbatim_id == verbatim.id else None
        rows += [_mention(reading, mention, verbatim, own) for mention in by_verbatim[verbatim.id]]
    return sorted(rows, key=lambda row: (row["irritant_id"], row["verbatim_id"], row["position"]))


def _mention(reading: Reading, mention: Mention, verbatim: Verbatim, answer: Annotation | None) -> Row:
    record = reading.records[mention.irritant_id]
    row: Row = {
        "irritant_id": mention.irritant_id,
        "kind": record.kind,
        **labels(record),
        "verbatim_id": verbatim.id,
        "position": mention.position,
        "quote": passage(verbatim, mention.position),
        "score": mention.score,
        "fallback": mention.fallback,
        "source": verbatim.source,
        "row_id": verbatim.row_id,
        "channel": verbatim.channel or verbatim.kind,
        "lang": verbatim.lang,
        "date": verbatim.date.date().isoformat() if verbatim.date else "",
        "customer": verbatim.customer,
        "model_version": reading.run.model_version,
    }
    if answer is not None:
        row |= {"sentiment": answer.sentiment, "not_valued": answer.not_valued}
        segment = next((one for one in answer.segments if one.position == mention.position), None)
        if segment is not None:
            row |= {"stage": segment.stage, "dimension": segment.dimension, "gap_cue": segment.gap_cue, "p_negative": segment.p_negative}
        row["in_tone"] = in_tone(record.kind, answer.sentiment, segment)
    return row


def best_quotes(mentions: Sequence[Row]) -> dict[str, list[str]]:
    """Three quotes a record, different texts, in its tone where any are: those that say something by themselves first, then those from verbatims that tell
    nothing of the opposite tone, then the closest to its exemplars."""
    best: dict[str, list[str]] = defaultdict(list)
    toned = {row["irritant_id"] for row in mentions if row.get("in_tone") and not row["fallback"] and row["quote"]}
    torn = otherwise((row["kind"], row["verbatim_id"]) for row in mentions if not row["fallback"])

    def order(row: Row) -> tuple[bool, bool, float, str, int]:
        short = len(row["quote"].split()) < LEAD_WORDS
        return short, row["verbatim_id"] in torn[row["kind"]], -round(row["score"], 6), row["verbatim_id"], row["position"]

    for row in sorted(mentions, key=order):
        quotes = best[row["irritant_id"]]
        left_out = row["fallback"] or (row["irritant_id"] in toned and not row.get("in_tone"))
        if not left_out and len(quotes) < 3 and row["quote"] and row["quote"] not in quotes:
            quotes.append(row["quote"])
    return best


def gap_rows(reading: Reading, mentions: Sequence[Row]) -> list[Row]:
    """One row a gap reading: its cues and dimensions, and the quotes it stands on."""
    words = {(row["verbatim_id"], row["position"]): row["quote"] for row in mentions}
    rows = []
    for key, gap in sorted(reading.gaps.items()):
        record = reading.records[key]
        row: Row = {
            "irritant_id": key,
            **labels(record),
            "gap": gap.gap,
            "alternative": gap.alternative,
            "confidence": gap.confidence,
            "ceiling": gap.ceiling,
            **{f"evidence_{lang}": " ".join(sentences(gap, Words(lang))) for lang in LANGS},
            "enough_tellings": gap.confirmed,
            "n": gap.n,
            "refuting_question_fr": gap.refuting_question.get("fr", ""),
            "refuting_question_en": gap.refuting_question.get("en", ""),
            "owner": record.owner,
            **quoted([words[place] for place in gap.evidence if words.get(place)]),
        }
        if gap.gap is not None:
            row |= wording(GAP_NAMES, gap.gap, "gap")
        for cue in Gap:
            row |= estimate(gap.shares.get(cue), f"gap_{int(cue)}_share", base=False)
        for dimension in Dimension:
            row |= estimate(gap.dimensions.get(dimension), f"{dimension}_share", base=False)
        rows.append(row)
    return rows


def _bases(reading: Reading, irritant_id: str) -> Row:
    """What the tables of records say of bases: what the trend stands on, rates per contact, and who leaves."""
    f = reading.figures.of("irritant", irritant_id)
    trend, leaving = f.get("rate_ratio"), f.get("leaving_rate")
    bases = {"trend_base": detail(trend, "base"), "trend_test": detail(trend, "test")}
    return {**bases, **estimate(f.get("contact_rate"), "contact_rate"), "leaving": detail(leaving, "verbatims"), **estimate(leaving, "leaving_rate")}
