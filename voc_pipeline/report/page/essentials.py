"""The first screen: what anyone should know, and what changed since the run before."""

from __future__ import annotations

from voc_pipeline.report.charts import bounds, whisker
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.records import Records, label_of
from voc_pipeline.report.reading import detail, interval, parted
from voc_pipeline.schema import IrritantKind, Metric, Sentiment
from voc_pipeline.wording import SENTIMENT_LABELS

TOP = 5
BESIDE = 4
"""Strengths and suggestions beside the irritants."""
MOVED = 8
"""Rows of each sort in what changed."""
HEADLINES = 3
"""Figures in large type at most."""
COMPARED = ("n_verbatims", "share_negative", "share_not_valued", "net_regard", "nps")


def view(phrases: Phrases, records: Records) -> View:
    """What anyone should know."""
    sentiment = _sentiment(phrases)
    return {
        "headline": _headline(phrases),
        "base": _base(phrases),
        "sentiment": sentiment,
        "sentiment_label": ", ".join(f"{part['text']} {part['label']}" for part in sentiment),
        "figures": _figures(phrases),
        "audited": _audited(phrases),
        "top": records.irritants[:TOP],
        "strengths": records.strengths[:BESIDE],
        "suggestions": records.suggestions[:BESIDE],
        "changed": _changed(phrases, records),
    }


def _headline(phrases: Phrases) -> str:
    t, negative, not_valued = phrases.t, phrases.run("share_negative"), phrases.run("share_not_valued")
    if negative and not_valued:
        return t("headline.both", negative=t.percent(negative.value, 0), not_valued=t.percent(not_valued.value, 0))
    return t("headline.negative", negative=t.percent(negative.value, 0)) if negative else t("headline.none")


def _base(phrases: Phrases) -> str:
    t, f, run = phrases.t, phrases.f, phrases.reading.run
    everyone = f.get("run", "", "n_customers")
    customers = round(everyone.value) if everyone else 0
    known = round(float(detail(everyone, "known", customers)))
    who = t.plural("customers.of", customers) if customers else ""
    who += t.plural("customers.known", known) if known < customers else ""
    when = t("period", start=t.day(run.window_start), end=t.day(run.as_of)) if run.window_start and run.as_of else ""
    return t("base.sentence", verbatims=t.plural("verbatims.n", round(f.value("run", "", "n_verbatims"))), customers=who, period=when)


def _sentiment(phrases: Phrases) -> list[View]:
    parts = []
    for stance in (Sentiment.NEGATIVE, Sentiment.MIXED, Sentiment.NEUTRAL, Sentiment.POSITIVE):
        share = phrases.run(f"share_{stance}")
        if share:
            part = {"name": str(stance), "label": SENTIMENT_LABELS[stance][phrases.t.lang].lower(), "width": f"{max(share.value, 0.0) * 100:.2f}"}
            parts.append({**part, **phrases.figure("share", share)})
    return parts


def _figures(phrases: Phrases) -> list[View]:
    t = phrases.t
    figures = []
    regard = phrases.run("net_regard")
    if regard:
        valued, not_valued = phrases.run("share_valued"), phrases.run("share_not_valued")
        figures.append(
            {
                "name": t("net_regard"),
                "text": phrases.points(regard.value),
                "interval": phrases.ends("net_regard", regard),
                "chart": phrases.drawn("net_regard", regard, tone="bad" if regard.high < 0 else "", width=210),
                "says": t("net_regard.says", valued=t.percent(valued.value), not_valued=t.percent(not_valued.value)) if valued and not_valued else "",
            }
        )
    for name in ("nps", "csat_top2", "stars_mean", "ces_mean"):
        score = phrases.run(name)
        if score and len(figures) < HEADLINES:
            says, chart = t(f"{name}.says", n=t.number(score.n)), phrases.drawn(name, score, width=210)
            figures.append({"name": t(name), **phrases.figure(name, score), "chart": chart, "says": says})
    return figures


def _audited(phrases: Phrases) -> View | None:
    """The painful shares as the audit corrects them, beside the raw ones; None where nobody has read a sample."""
    told = phrases.audit_told()
    if not told:
        return None
    rows = []
    for name, key in (("share_negative", "sentiment=negative"), ("share_not_valued", "not_valued=yes")):
        raw, corrected = phrases.run(name), phrases.audited(key, "corrected_share")
        if raw is None:
            continue
        refused = str(detail(phrases.f.get("audit", key, "raw_share"), "refused", ""))
        said = {"name": phrases.title(name), "raw": phrases.written(name, raw.value), "corrected": "", "interval": ""}
        if corrected:
            said |= {"corrected": phrases.written(name, corrected.value), "interval": phrases.ends(name, corrected)}
        elif refused:
            said["interval"] = phrases.t(f"audit.refused.{refused}")
        rows.append({**said, "doubt": phrases.doubted(parted(key)[0]) if corrected else ""})
    return {"rows": rows, "told": told, "other": phrases.audit_of_other_model()}


def _changed(phrases: Phrases, records: Records) -> View | None:
    t, previous = phrases.t, phrases.reading.previous
    if previous is None:
        return None
    moved = _moved(phrases, records)
    sure = [row for row in moved if row["sure"]]
    unsure = [row for row in moved if not row["sure"]]
    fresh = [item for item in records.irritants if item["new"]]
    gone = [record for record in phrases.reading.gone if record.kind is IrritantKind.IRRITANT]
    rows = sure + unsure[: max(MOVED - len(sure), 3)]
    rows += [_row(phrases, label_of(item), "verdict.new", href=item["id"], now=item["share"]) for item in fresh[:MOVED]]
    rows += [_row(phrases, phrases.label(record), "verdict.gone", before=_before(phrases, record.id)) for record in gone[:MOVED]]
    intro = t.plural("changed.sure", len(sure), day=t.day(previous.as_of), known=t.number(len(moved)))
    if fresh:
        intro += " " + t.plural("changed.new", len(fresh))
    return {"intro": intro, "figures": _compared(phrases), "rows": rows}


def _compared(phrases: Phrases) -> list[View]:
    t, f = phrases.t, phrases.f
    figures = []
    for name in COMPARED:
        now, then = phrases.run(name), interval(phrases.reading.before.get("run", "", name))
        change = f.get("run", "", f"change_{name}")
        if now and then:
            title = t("verbatims.analysed") if name == "n_verbatims" else phrases.title(name)
            said = {"before": phrases.written(name, then.value), "now": phrases.written(name, now.value)}
            if name == "net_regard":
                said["now"] = phrases.points(now.value)
            figures.append({"name": title, **said, "verdict": t(f"{_verdict(change)}.figure") if change else ""})
    return figures


def _moved(phrases: Phrases, records: Records) -> list[View]:
    """Irritants that both runs tell, the surest and largest change first."""
    changes = [(item, metric) for item in records.irritants if (metric := phrases.f.get("irritant", item["id"], "change_share"))]
    changes.sort(key=lambda change: (not detail(change[1], "more_than_noise", False), -abs(change[1].value)))
    span = max(map(abs, bounds([interval(metric) for _, metric in changes], zero=True)))
    rows = []
    for item, metric in changes:
        change = interval(metric)
        said = {
            "href": item["id"],
            "before": _before(phrases, item["id"]),
            "now": item["share"],
            "text": phrases.points(change.value, 1),
            "interval": phrases.t.range(change.low * 100, change.high * 100, 1, sign=True) if change.low != change.high else "",
            "chart": whisker(change, -span, span, zero=0, tone="bad" if change.value > 0 else ""),
            "sure": bool(detail(metric, "more_than_noise", False)),
        }
        rows.append(_row(phrases, label_of(item), _verdict(metric), **said))
    return rows


def _row(phrases: Phrases, label: View, verdict: str, **said: object) -> View:
    unsaid = {"href": "", "before": "–", "now": "–", "text": "", "interval": "", "chart": "", "sure": True}
    return {**unsaid, **label, "verdict": phrases.t(verdict), **said}


def _before(phrases: Phrases, irritant_id: str) -> str:
    then = phrases.reading.before.get("irritant", irritant_id, "share")
    return phrases.t.percent(then.value) if then else "–"


def _verdict(change: Metric) -> str:
    if not detail(change, "more_than_noise", False):
        return "verdict.noise"
    return "verdict.up" if change.value > 0 else "verdict.down"
