"""Irritants, strengths and suggestions as every view shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from voc_pipeline.report.charts import sparkline
from voc_pipeline.report.grounds import ceiling_told, sentences, vouched
from voc_pipeline.report.page.corrections import beside
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.ranks import rank_parts, trend_ends, trend_words, why
from voc_pipeline.report.quotes import Quotes
from voc_pipeline.report.reading import detail, interval, main_part, parts
from voc_pipeline.report.words import capital, typeset
from voc_pipeline.schema import SMALL_BASE, Gap, GapReading, Irritant, IrritantKind, Metric, Stage
from voc_pipeline.wording import GAP_LABELS

SHOWN = 120
"""Records of a kind with a row of their own; the tables hold them all."""


@dataclass(frozen=True)
class Records:
    """The records shown, first in rank first.

    Attributes:
        cut: Irritants somebody tells that are left to the tables.
    """

    irritants: Sequence[View]
    strengths: Sequence[View]
    suggestions: Sequence[View]
    cut: int

    @cached_property
    def by_id(self) -> Mapping[str, View]:
        """All of them."""
        return {item["id"]: item for item in (*self.irritants, *self.strengths, *self.suggestions)}


def read_records(phrases: Phrases, quotes: Quotes) -> Records:
    """The records somebody tells, of each kind the first `SHOWN` in rank."""
    told = {kind: phrases.reading.ranked(kind, told=True) for kind in IrritantKind}
    shown = {kind: [_record(phrases, quotes, record) for record in records[:SHOWN]] for kind, records in told.items()}
    cut = max(len(told[IrritantKind.IRRITANT]) - SHOWN, 0)
    return Records(shown[IrritantKind.IRRITANT], shown[IrritantKind.STRENGTH], shown[IrritantKind.SUGGESTION], cut)


def label_of(item: View) -> View:
    """What naming a record takes, without the rest of it."""
    return {name: item[name] for name in ("id", "label", "label_lang", "label_note")}


def _record(phrases: Phrases, quotes: Quotes, record: Irritant) -> View:
    t, reading, f = phrases.t, phrases.reading, phrases.f.of("irritant", record.id)
    share, rate, ratio = (interval(f.get(name)) for name in ("share", "not_valued_rate", "rate_ratio"))
    mentions, customers = (round(f[name].value) if name in f else 0 for name in ("mentions", "customers"))
    stage = main_part(f, "stage.")
    stage_name = phrases.stage(stage[0]) if stage else ""
    alert = bool(detail(f.get("rate_ratio"), "alert", False))
    gap = _gap(phrases, quotes, reading.gaps.get(record.id))
    label = phrases.label(record)
    owner = phrases.department(record.owner)
    months = [(month, metric.value) for month, metric in phrases.f.months_of(record.id)]
    weighed = rank_parts(phrases, f)
    told = t.plural("verbatims.n", mentions) + (f", {t.plural('customers.n', customers)}" if customers else "")
    place = (stage_name if stage and stage[0] != Stage.UNKNOWN else "", t("owner.is", owner=owner) if owner else "", gap["place"] if gap else "")
    return {
        **label,
        "rank": round(f["rank"].value) if "rank" in f else "–",
        "mentions": mentions,
        "few": mentions < SMALL_BASE,
        "customers": t.number(customers),
        "share": t.percent(share.value) if share else "–",
        "share_interval": phrases.ends("share", share) if share else "",
        "not_valued": t.percent(rate.value, 0) if rate else "–",
        "not_valued_beside": beside(phrases, "irritant", record.id, "not_valued_rate"),
        "not_valued_n": rate.n if rate else None,
        "not_valued_interval": _lift(phrases, f.get("not_valued_lift")),
        "trend": trend_words(phrases, f.get("rate_ratio")),
        "trend_short": trend_words(phrases, f.get("rate_ratio"), short=True),
        "trend_interval": trend_ends(phrases, f.get("rate_ratio")),
        "alert": alert,
        "new": reading.previous is not None and "previous_mentions" not in f,
        "spark": sparkline([value for _, value in months], phrases.trend_label("share", label["label"], months)) if months else "",
        "why": why(phrases, weighed, alert),
        "parts": weighed,
        "priority": t.number(f["priority"].value if "priority" in f else 0.0, 2),
        "owner": owner,
        "stage": stage_name or "–",
        "gap": gap,
        "place": capital(" · ".join(part for part in place if part)),
        "told": f"{t.percent(share.value)} · {told}" if share else told,
        "quotes": quotes.of("irritant", record.id),
        "facts": list(_facts(phrases, record)),
        "sort": {
            "share": share.value if share else "",
            "customers": customers,
            "not_valued": rate.value if rate else "",
            "trend": ratio.value if ratio else "",
            "stage": stage_name,
            "gap": gap["number"] if gap else "",
        },
    }


def _lift(phrases: Phrases, lift: Metric | None) -> str:
    """How many times as often as among the rest customers tell of not being valued, with its interval."""
    if lift is None:
        return ""
    t = phrases.t
    return t("times", x=t.number(lift.value, 1)) + ("" if lift.low is None or lift.high is None else f" ({t.range(lift.low, lift.high, 1)})")


def _gap(phrases: Phrases, quotes: Quotes, reading: GapReading | None) -> View | None:
    t = phrases.t
    if reading is None or reading.gap is None:
        return None
    gap, number, name = reading.gap, int(reading.gap), phrases.gap(reading.gap)
    shares = sorted(((cue, e) for cue, e in reading.shares.items() if e.value > 0), key=lambda one: (-one[1].value, one[0]))
    listed = ", ".join(f"{phrases.gap(Gap(cue)).lower()} {t.percent(e.value, 0)} ({t.percents(e.low, e.high, 0)})" for cue, e in shares)
    alternative = t("gap.alternative", name=phrases.gap(reading.alternative).lower()) if reading.alternative is not None else ""
    return {
        "number": number,
        "title": typeset(f"{GAP_LABELS[gap][t.lang]}.", t.lang),
        "short": f"{number} · {name}",
        "place": t("gap.place", number=number, name=name.lower()),
        "confidence": ceiling_told(reading, t),
        "grounds": sentences(reading, t, cues=False),  # the page tells them above
        "confidence_short": t("gap.confidence.short", x=t.number(reading.confidence, 2)),
        "enough_tellings": reading.confirmed,
        "vouched": vouched(reading),
        "shares": t("gap.shares", shares=listed, n=t.plural("tellings.n", reading.n)) + alternative if listed else "",
        "question": typeset(reading.refuting_question.get(t.lang, ""), t.lang),
        "quotes": quotes.evidence(reading),
    }


def _facts(phrases: Phrases, record: Irritant) -> Iterator[tuple[str, str]]:
    t, f = phrases.t, phrases.f.of("irritant", record.id)
    for title, prefix, named in ((t("stages"), "stage.", phrases.stage), (t("channels"), "channel.", phrases.channel)):
        if found := parts(f, prefix):
            yield title, phrases.listed((named(name), metric.value) for name, metric in found[:4] if metric.value > 0)
    gap = phrases.reading.gaps.get(record.id)
    if gap and gap.dimensions:
        best = sorted(gap.dimensions.items(), key=lambda one: (-one[1].value, one[0]))[:2]
        yield t("dimension"), phrases.listed((phrases.dimension(name), e.value) for name, e in best if e.value > 0)
    yield t("owner"), phrases.department(record.owner) or t("owner.none")
    first, last = (str(detail(f.get("mentions"), name) or "")[:10] for name in ("first_seen", "last_seen"))
    if first and last:
        yield t("seen"), t("seen.text", first=phrases.day(first), last=phrases.day(last))
    if "previous_rank" in f:
        yield t("previous_rank"), t.ordinal(round(f["previous_rank"].value))
    if record.keywords:
        yield t("keywords"), ", ".join(record.keywords[:8])
    yield from _people(phrases, record)
    if record.label_status.get(t.lang) == "category":
        yield t("label"), t("label.category")
    yield t("id"), record.id


def _people(phrases: Phrases, record: Irritant) -> Iterator[tuple[str, str]]:
    """What people made of a record, and whether it drifts."""
    t, reading = phrases.t, phrases.reading
    for title, action in ((t("fact.named"), "rename"), (t("fact.owned"), "owner")):
        done = [edit for edit in reading.in_force if edit.action == action and edit.irritant_id == record.id]
        if done:
            yield title, t("fact.by", who=done[-1].author, day=phrases.day(done[-1].at.date().isoformat()))
    if merged := reading.merged.get(record.id):
        yield t("fact.merged"), ", ".join(merged)
    if record.parent:
        yield t("fact.split"), record.parent
    if whole := reading.parted_from.get(record.id):
        yield t("fact.parted"), whole
    if record.pinned:
        yield t("fact.pinned"), t("fact.pinned.text")
    for title, notes in ((t("fact.covers"), record.inclusion), (t("fact.not"), record.exclusion)):
        if notes:
            yield title, " · ".join(notes)
    if detail(phrases.f.get("drift", record.id, "effect"), "flagged", False):
        yield t("fact.drift"), t("fact.drift.text")
