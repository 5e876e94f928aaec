"""What each view of the report says: figures of a reading turned into words, numbers and small charts. Templates only lay it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from voc_pipeline.journey import stage_label
from voc_pipeline.report.charts import Point, bounds, dumbbell, sparkline, trend, whisker
from voc_pipeline.report.quotes import Quote, Quotes
from voc_pipeline.report.reading import Reading, detail, interval, main_part, parted
from voc_pipeline.report.words import NARROW, Lang, Words, typeset
from voc_pipeline.schema import Dimension, Gap, GapReading, Interval, Irritant, IrritantKind, Metric, Outcome, Sentiment, Stage
from voc_pipeline.servqual import CEILINGS
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS, GAP_LABELS, GAP_NAMES, SENTIMENT_LABELS

SHOWN = 120
"""Irritants with a row of their own; the tables hold them all."""
TOP = 5
CELL_QUOTES = 5
MOVED = 8
"""Rows of each sort in what changed."""
LEAST_SCORES = 5
"""Scores under which a difference is left to the tables."""
PARTS = ("volume", "customers", "severity", "not_valued", "trend", "impact")
SMALL = 30


View = dict[str, Any]


class Page:
    """The views of one run in one language.

    Args:
        reading: The run.
        words: The language.
    """

    def __init__(self, reading: Reading, words: Words) -> None:
        self.reading, self.t, self.f = reading, words, reading.figures
        self.quotes = Quotes(reading, reading.config.report.quotes)
        ranked = {kind: reading.ranked(kind, told=True) for kind in IrritantKind}
        self.cut = max(len(ranked[IrritantKind.IRRITANT]) - SHOWN, 0)
        self.irritants = [self._record(record) for record in ranked[IrritantKind.IRRITANT][:SHOWN]]
        self.strengths = [self._record(record) for record in ranked[IrritantKind.STRENGTH][:SHOWN]]
        self.suggestions = [self._record(record) for record in ranked[IrritantKind.SUGGESTION][:SHOWN]]
        self.shown: dict[str, View] = {item["id"]: item for item in (*self.irritants, *self.strengths, *self.suggestions)}

    @property
    def company(self) -> str:
        """What the report is called after."""
        config = self.reading.config
        return config.report.title or self.reading.journey.company or config.project

    # ------------------------------------------------------------ first screen

    def essentials(self) -> View:
        """What anyone should know."""
        t = self.t
        negative, not_valued = self._run("share_negative"), self._run("share_not_valued")
        if negative and not_valued:
            headline = t("headline.both", negative=t.percent(negative.value, 0), not_valued=t.percent(not_valued.value, 0))
        else:
            headline = t("headline.negative", negative=t.percent(negative.value, 0)) if negative else t("headline.none")
        sentiment = []
        for stance in (Sentiment.NEGATIVE, Sentiment.MIXED, Sentiment.NEUTRAL, Sentiment.POSITIVE):
            share = self._run(f"share_{stance}")
            if share:
                label = SENTIMENT_LABELS[stance][t.lang].lower()
                part = {"name": str(stance), "label": label, "width": f"{max(share.value, 0.0) * 100:.2f}", "text": t.percent(share.value)}
                sentiment.append({**part, "interval": self._percents(share)})
        return {
            "headline": headline,
            "base": self._base(),
            "sentiment": sentiment,
            "sentiment_label": ", ".join(f"{part['text']} {part['label']}" for part in sentiment),
            "figures": self._headline_figures(),
            "top": self.irritants[:TOP],
            "strengths": self.strengths[:4],
            "suggestions": self.suggestions[:4],
            "changed": self._changed(),
        }

    def _base(self) -> str:
        t, run = self.t, self.reading.run
        n, every = round(self.f.value("run", "", "n_verbatims")), self.f.get("run", "", "n_customers")
        customers = round(float(detail(every, "known", every.value))) if every else 0
        who = t.plural("customers.of", customers) if customers else ""
        when = t("period", start=t.day(run.window_start), end=t.day(run.as_of)) if run.window_start and run.as_of else ""
        return t("base.sentence", verbatims=t.plural("verbatims.n", n), customers=who, period=when)

    def _headline_figures(self) -> list[View]:
        t = self.t
        figures = []
        regard = self._run("net_regard")
        if regard:
            valued, not_valued = self._run("share_valued"), self._run("share_not_valued")
            says = t("net_regard.says", valued=t.percent(valued.value), not_valued=t.percent(not_valued.value)) if valued and not_valued else ""
            chart = whisker(regard, -1, 1, zero=0, tone="bad" if regard.high < 0 else "", width=210)
            figures.append(
                {"name": t("net_regard"), "text": self._points(regard.value), **self._ends(regard, "points"), "chart": chart, "says": says}
            )
        scores = (
            ("nps", -100.0, 100.0, 0.0, "nps"),
            ("csat_top2", 0.0, 1.0, None, "share"),
            ("stars_mean", 1.0, 5.0, None, "mean"),
            ("ces_mean", 1.0, 7.0, None, "mean"),
        )
        for name, low, high, zero, unit in scores:
            score = self._run(name)
            if score and len(figures) < 3:
                says = t(f"{name}.says", n=t.number(score.n))
                chart = whisker(score, low, high, zero=zero, width=210)
                figures.append({"name": t(name), "text": self._in_unit(score.value, unit), **self._ends(score, unit), "chart": chart, "says": says})
        return figures

    def _changed(self) -> View | None:
        t, previous = self.t, self.reading.previous
        if previous is None:
            return None
        figures = []
        for name, unit in (
            ("n_verbatims", "count"),
            ("share_negative", "share"),
            ("share_not_valued", "share"),
            ("net_regard", "points"),
            ("nps", "nps"),
        ):
            now, then = self._run(name), interval(self.reading.before.get("run", "", name))
            moved = self.f.get("run", "", f"change_{name}")
            if now and then:
                title = t("verbatims.analysed") if name == "n_verbatims" else t(name.replace("share_", "share."))
                verdict = ""
                if moved is not None:
                    verdict = (
                        t("verdict.up" if moved.value > 0 else "verdict.down") if detail(moved, "more_than_noise", False) else t("verdict.noise")
                    )
                figures.append({"name": title, "before": self._in_unit(then.value, unit), "now": self._in_unit(now.value, unit), "verdict": verdict})
        changes = [(item, self.f.get("irritant", item["id"], "change_share")) for item in self.irritants]
        known = [(item, metric) for item, metric in changes if metric is not None]
        axis = bounds([e for _, metric in known if (e := interval(metric))], zero=True)
        span = max(abs(axis[0]), abs(axis[1]))
        rows = []
        for item, metric in known:
            sure = bool(detail(metric, "more_than_noise", False))
            estimate = interval(metric)
            if estimate is None:
                continue
            verdict = t("verdict.up" if estimate.value > 0 else "verdict.down") if sure else t("verdict.noise")
            then = interval(self.reading.before.get("irritant", item["id"], "share"))
            rows.append(
                {
                    **self._label_of(item),
                    "href": item["id"],
                    "before": t.percent(then.value) if then else "–",
                    "now": item["share"],
                    "text": self._points(estimate.value, 1),
                    "interval": self._ends(estimate, "points1")["interval"],
                    "chart": whisker(estimate, -span, span, zero=0, tone="bad" if estimate.value > 0 else ""),
                    "verdict": verdict,
                    "sure": sure,
                    "size": (not sure, -abs(estimate.value), item["rank"]),
                }
            )
        rows.sort(key=lambda row: row["size"])
        sure_ones = sum(1 for row in rows if row["sure"])
        rows = [row for row in rows if row["sure"]] + [row for row in rows if not row["sure"]][: max(MOVED - sure_ones, 3)]
        fresh = [item for item in self.irritants if item["new"]]
        for item in fresh[:MOVED]:
            rows.append(
                {
                    **self._label_of(item),
                    "href": item["id"],
                    "before": "–",
                    "now": item["share"],
                    "verdict": t("verdict.new"),
                    "sure": True,
                    "text": "",
                    "interval": "",
                    "chart": "",
                }
            )
        gone = [record for record in self.reading.gone if record.kind is IrritantKind.IRRITANT][:MOVED]
        for record in gone:
            then = interval(self.reading.before.get("irritant", record.id, "share"))
            row = {**self._named(record), "href": "", "before": t.percent(then.value) if then else "–", "now": "–", "verdict": t("verdict.gone")}
            rows.append({**row, "sure": True, "text": "", "interval": "", "chart": ""})
        intro = t.plural("changed.sure", sure_ones, day=t.day(previous.as_of), known=t.number(len(known)))
        if fresh:
            intro += " " + t.plural("changed.new", len(fresh))
        return {"intro": intro, "figures": figures, "rows": rows}

    # ------------------------------------------------------------ product

    def product(self) -> View:
        """What to mend, where it happens, and what customers ask for."""
        t = self.t
        rising = sum(1 for item in self.irritants if item["alert"])
        summary = t("product.summary", irritants=t.plural("irritants.n", len(self.irritants)), rising=t.plural("rising.n", rising))
        return {
            "summary": summary,
            "irritants": self.irritants,
            "cut": self.cut,
            "filters": self._filters(),
            "heat": self._heat(),
            "seams": self._seams(),
            "suggestions": self.suggestions,
        }

    def _filters(self) -> list[View]:
        t = self.t
        stages = [s for s in (self._stage(stage) for stage in self.reading.stages) if any(item["sort"]["stage"] == s for item in self.irritants)]
        gaps = [int(gap) for gap in Gap if any(item["sort"]["gap"] == int(gap) for item in self.irritants)]
        owners = sorted({item["owner"] for item in self.irritants if item["owner"]})
        fields = [
            {"name": "stage", "label": t("stage"), "options": [{"value": stage, "label": stage} for stage in stages]},
            {"name": "gap", "label": t("gap"), "options": [{"value": gap, "label": f"{gap} · {GAP_NAMES[gap][t.lang]}"} for gap in gaps]},
            {"name": "owner", "label": t("owner"), "options": [{"value": owner, "label": owner} for owner in owners]},
        ]
        return [field for field in fields if field["options"]]

    def _heat(self) -> View:
        t = self.t
        cells = {parted(key): self.f.get("stage_gap", key, "n") for key in self.f.keys("stage_gap")}
        most = max((metric.value for metric in cells.values() if metric), default=0)
        rows = []
        for stage in self._in_order(stage for stage, _ in cells):
            row: View = {"name": self._stage(stage), "cells": [], "n": 0}
            for gap in Gap:
                metric = cells.get((stage, str(int(gap))))
                n = round(metric.value) if metric else 0
                row["n"] += n
                name = GAP_NAMES[gap][t.lang]
                top = [str(one if isinstance(one, str) else one[0]) for one in detail(metric, "top_irritants", ()) or ()]
                row["cells"].append(
                    {
                        "n": n,
                        "level": _level(n, most),
                        "id": f"cell-{stage}-{int(gap)}",
                        "title": t("heat.cell", stage=self._stage(stage), gap=int(gap), name=name, tellings=t.plural("tellings.n", n)),
                        "label": t("heat.cell.label", stage=self._stage(stage), gap=int(gap), name=name, tellings=t.plural("tellings.n", n)),
                        "irritants": [self._label_of(self.shown[one]) for one in top if one in self.shown],
                        "quotes": self._cell_quotes(stage, gap, top) if n else [],
                    }
                )
            rows.append(row)
        gaps = [{"number": int(gap), "name": GAP_NAMES[gap][t.lang], "says": t(f"gap.{int(gap)}.says")} for gap in Gap]
        return {"rows": rows, "gaps": gaps}

    def _cell_quotes(self, stage: str, gap: Gap, top: Sequence[str]) -> list[Quote]:
        found = self.quotes.of("cell", stage, str(int(gap)), most=CELL_QUOTES)
        if found or stage not in self.reading.stages:
            return found
        for irritant_id in top:  # no passage read there itself: what its irritants are told with
            found = found + self.quotes.of("irritant", irritant_id, most=2)
        return found[:CELL_QUOTES]

    def _seams(self) -> View:
        t = self.t
        seam = str(Stage.TRANSITION)
        f = self.f.of("stage", seam)
        figures = []
        total = self.f.value("run", "", "n_verbatims")
        if "n_verbatims" in f:
            n = f["n_verbatims"].value
            figures.append(
                {
                    "name": t("seams.share"),
                    "text": t.percent(n / total) if total else t.number(n),
                    "interval": t.plural("verbatims.n", round(n)),
                    "chart": "",
                }
            )
        for name, unit in (("share_negative", "share"), ("share_not_valued", "share"), ("net_regard", "points")):
            estimate = interval(f.get(name))
            if estimate:
                low, high = (-1, 1) if unit == "points" else (0, 1)
                chart = whisker(estimate, low, high, zero=0 if unit == "points" else None, width=180)
                figures.append(
                    {
                        "name": t(name.replace("share_", "share.")),
                        "text": self._in_unit(estimate.value, unit),
                        **self._ends(estimate, unit),
                        "chart": chart,
                    }
                )
        told = []
        for item in self.irritants:
            share = self.f.get("irritant", item["id"], f"stage.{seam}")
            if share and share.value >= 0.2:
                told.append({**item, "seam": t("seams.told", share=t.percent(share.value, 0)), "seam_share": share.value})
        told.sort(key=lambda item: (-item["seam_share"] * item["mentions"], item["rank"]))
        declared = [f"{self._stage(s.from_)} → {self._stage(s.to)}" + (f" ({s.owner})" if s.owner else "") for s in self.reading.journey.transitions]
        return {"figures": figures, "declared": " ; ".join(declared), "irritants": told[:8], "quotes": self.quotes.of("seam")}

    # ------------------------------------------------------------ marketing

    def marketing(self) -> View:
        """What customers feel of how they are regarded, what to promise and what to keep."""
        t = self.t
        not_valued = self._run("share_not_valued")
        promises = [item for item in self.irritants if item["gap"] and item["gap"]["number"] == int(Gap.COMMUNICATION)]
        share = t.percent(not_valued.value) if not_valued else "–"
        summary = t(
            "marketing.summary",
            not_valued=share,
            promises=t.plural("promises.n", len(promises)),
            strengths=t.plural("strengths.n", len(self.strengths)),
        )
        return {
            "summary": summary,
            "codes": self._codes(),
            "code_stages": self._code_stages(),
            "promises": promises,
            "strengths": self.strengths,
            "gap5": self._gap5(),
            "groups": self._groups(),
        }

    def _codes(self) -> list[View]:
        t = self.t
        found = [(key, e) for key in self.f.keys("code") if (e := interval(self.f.get("code", key, "share")))]
        _, high = bounds([e for _, e in found])
        rows = []
        base = self.f.value("run", "", "n_verbatims")
        for key, estimate in sorted(found, key=lambda pair: (-pair[1].value, pair[0])):
            told = round(estimate.value * (estimate.n or base))
            rows.append(
                {
                    "name": typeset(CODE_LABELS[key][t.lang], t.lang) if key in CODE_LABELS else key,
                    "says": t(f"code.{key}") if t.has(f"code.{key}") else "",
                    "text": t.percent(estimate.value),
                    "interval": self._percents(estimate),
                    "chart": whisker(estimate, 0, high, tone="bad"),
                    "n": estimate.n or None,
                    "few": told < 5,
                    "quotes": self.quotes.of("code", key),
                }
            )
        return rows

    def _code_stages(self) -> View:
        t = self.t
        counts = {parted(key): round(self.f.value("code_stage", key, "n")) for key in self.f.keys("code_stage")}
        stages = self._in_order(stage for _, stage in counts)
        most = max(counts.values(), default=0)
        rows = []
        for code in sorted({code for code, _ in counts}, key=lambda code: (-sum(n for (c, _), n in counts.items() if c == code), code)):
            name = typeset(CODE_LABELS[code][t.lang], t.lang) if code in CODE_LABELS else code
            row: View = {"name": name, "cells": []}
            for stage in stages:
                n = counts.get((code, stage), 0)
                label = t("nv.cell", code=name, stage=self._stage(stage), verbatims=t.plural("verbatims.n", n))
                quotes = self.quotes.of("code_stage", code, stage, most=CELL_QUOTES) if n else []
                row["cells"].append({"n": n, "level": _level(n, most), "id": f"code-{code}-{stage}", "label": label, "quotes": quotes})
            rows.append(row)
        return {"stages": [self._stage(stage) for stage in stages], "rows": rows}

    def _gap5(self) -> View:
        t = self.t
        known = []
        for dimension in Dimension:
            f = self.f.of("dimension", str(dimension))
            expected, perceived, gap = (interval(f.get(name)) for name in ("expectation", "perception", "gap5"))
            if expected and perceived and gap:
                known.append((dimension, expected, perceived, gap))
        if not known:
            return {"rows": []}
        low, high = bounds([estimate for _, e, p, _ in known for estimate in (e, p)])
        scale = self._likert()
        low, high = (min(scale[0], low), max(scale[1], high)) if scale else (low, high)
        rows = []
        for dimension, e, p, gap in known:
            rows.append(
                {
                    "name": DIMENSION_LABELS[dimension][t.lang],
                    "says": t(f"dimension.{dimension}"),
                    "n": gap.n,
                    "chart": dumbbell(e, p, low, high),
                    "expectation": t.number(e.value, 1),
                    "expectation_interval": t.range(e.low, e.high),
                    "perception": t.number(p.value, 1),
                    "perception_interval": t.range(p.low, p.high),
                    "gap": t.number(gap.value, 1, sign=True),
                    "gap_interval": t.range(gap.low, gap.high, sign=True),
                }
            )
        total = interval(self.f.get("dimension", "total", "gap5"))
        sentence = (
            t("gap5.total", gap=t.number(total.value, 2, sign=True), interval=t.range(total.low, total.high, 2, sign=True), n=t.number(total.n))
            if total
            else ""
        )
        axis = t("gap5.axis", low=t.number(round(low)), high=t.number(round(high)))
        return {"rows": rows, "total": sentence, "axis": axis}

    def _likert(self) -> tuple[int, int] | None:
        scales = {source.likert for source in self.reading.config.sources if source.fields.expectation}
        return next(iter(scales)) if len(scales) == 1 else None

    def _groups(self) -> list[View]:
        keys: dict[str, list[tuple[str, str, str]]] = {}
        for scope in ("channel", "lang", "segment"):
            for key in self.f.keys(scope):
                attribute, value = parted(key) if scope == "segment" else (scope, key)
                keys.setdefault(attribute, []).append((scope, key, value))
        groups = []
        for attribute, members in keys.items():
            if len(members) < 2:
                continue
            rows: list[View] = []
            for scope, key, value in members:
                cells = []
                for name, low, zero in (("share_negative", 0, None), ("share_not_valued", 0, None), ("net_regard", -1, 0)):
                    estimate = interval(self.f.get(scope, key, name))
                    unit = "points" if name == "net_regard" else "share"
                    cell = None
                    if estimate:
                        chart = whisker(estimate, low, 1, zero=zero, tone="bad" if unit == "share" else "", width=130)
                        cell = {"chart": chart, "text": self._in_unit(estimate.value, unit), **self._ends(estimate, unit)}
                    cells.append(cell)
                rows.append({"name": self._value(attribute, value), "n": round(self.f.value(scope, key, "n_verbatims")), "cells": cells})
            rows.sort(key=lambda row: (-int(row["n"]), str(row["name"])))
            groups.append({"title": self._attribute(attribute), "head": self._attribute(attribute), "rows": rows[:30]})
        return groups

    # ------------------------------------------------------------ analyst

    def analyst(self) -> View:
        """Every figure with its interval, and how all of it was made."""
        t = self.t
        months = self.f.keys("month")
        heads = [("share_negative", "share", "bad"), ("share_not_valued", "share", "bad"), ("net_regard", "points", ""), ("nps", "nps", "")]
        heads = [head for head in heads if any(self.f.get("month", month, head[0]) for month in months)]
        return {
            "summary": t("analyst.summary", run=self.reading.run.id),
            "trends": [self._month_trend(months, *head) for head in heads] if len(months) > 1 else [],
            "irritant_trends": self._irritant_trends(),
            "month_heads": [t(name.replace("share_", "share.")) for name, _, _ in heads],
            "months": [self._month_row(month, [(name, unit) for name, unit, _ in heads]) for month in months],
            "drivers": self._drivers(),
            "crossed": self._crossed(),
            "dimensions": self._dimensions(),
            "counts": self._counts(),
            "coverage": self._coverage(),
            "quality": self._quality(),
            "formula": self._formula(),
            "caveats": self._caveats(),
        }

    def _month_trend(self, months: Sequence[str], name: str, unit: str, tone: str) -> View:
        t = self.t
        title = t(name.replace("share_", "share."))
        return {"title": title, "chart": self._trend([(month, self.f.get("month", month, name)) for month in months], unit, title, tone)}

    def _trend(self, pairs: Sequence[tuple[str, Metric | None]], unit: str, title: str, tone: str = "") -> Markup:
        t = self.t
        points = []
        for month, metric in pairs:
            estimate = interval(metric)
            if estimate:
                what = f"{self._in_unit(estimate.value, unit)} ({self._ends(estimate, unit)['interval']})"
                few = f" {t('small.long')}" if estimate.small_base else ""
                points.append(
                    Point(t.month(month), estimate, f"{t.month(month)} : {what}{few}" if t.lang == "fr" else f"{t.month(month)}: {what}{few}")
                )
        if len(points) < 2:
            return Markup("")
        first, last = points[0], points[-1]
        label = t(
            "trend.label", title=title, a=first.label, x=self._in_unit(first.at.value, unit), b=last.label, y=self._in_unit(last.at.value, unit)
        )
        return trend(points, label, lambda value: self._tick(value, unit), tone)

    def _irritant_trends(self) -> list[View]:
        shown = []
        for item in [*(one for one in self.irritants if one["alert"]), *(one for one in self.irritants if not one["alert"])]:
            pairs = self._months_of(item["id"])
            chart = self._trend(pairs, "share", item["label"], "bad" if item["alert"] else "")
            if chart:
                shown.append({**self._label_of(item), "chart": chart, "says": item["trend"]})
            if len(shown) == 9:
                break
        return shown

    def _months_of(self, irritant_id: str) -> list[tuple[str, Metric | None]]:
        return [(month, self.f.get("irritant_month", key, "share")) for key, month in self._month_keys.get(irritant_id, ())]

    @property
    def _month_keys(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        if not hasattr(self, "_cached_months"):
            keys: dict[str, list[tuple[str, str]]] = {}
            for key in self.f.keys("irritant_month"):
                irritant_id, month = parted(key)
                keys.setdefault(irritant_id, []).append((key, month))
            self._cached_months = keys
        return self._cached_months

    def _month_row(self, month: str, heads: Sequence[tuple[str, str]]) -> View:
        t = self.t
        cells = []
        for name, unit in heads:
            estimate = interval(self.f.get("month", month, name))
            cells.append({"text": self._in_unit(estimate.value, unit), **self._ends(estimate, unit)} if estimate else {"text": "–", "interval": ""})
        return {"name": t.month(month), "n": round(self.f.value("month", month, "n_verbatims")), "cells": cells}

    def _drivers(self) -> list[View]:
        t = self.t
        q_max = self.reading.config.priority.q_value
        groups = []
        for outcome in ("nps", "csat", "stars"):
            found = [
                (key, m, e)
                for key in self.shown
                if (m := self.f.get("irritant", key, f"{outcome}_difference")) and (e := interval(m)) and e.n >= LEAST_SCORES
            ]
            if not found:
                continue
            found.sort(key=lambda one: (one[2].value, one[0]))
            found = found if len(found) <= 16 else [*found[:10], *found[-6:]]
            low, high = bounds([e for _, _, e in found], zero=True)
            rows = []
            for key, metric, e in found:
                q = detail(metric, "q_value")
                sure = q is not None and float(q) <= q_max
                way = "drivers.lower" if e.value < 0 else "drivers.higher"
                reading = (f"{way}.few" if e.small_base else way) if sure else "drivers.unsure"
                rows.append(
                    {
                        **self._label_of(self.shown[key]),
                        "text": t.number(e.value, 1, sign=True),
                        "interval": t.range(e.low, e.high, sign=True) if e.low < e.high else "",
                        "chart": whisker(e, low, high, zero=0, tone="bad" if e.value < 0 else "", width=220),
                        "n": e.n,
                        "q": "–" if q is None else t("q.less") if float(q) < 0.001 else t.number(float(q), 3),
                        "reading": t(reading),
                    }
                )
            groups.append({"title": t(f"drivers.{outcome}"), "rows": rows})
        return groups

    def _crossed(self) -> list[View]:
        t = self.t
        cells: dict[str, dict[tuple[str, str], Metric]] = {}
        for key in self.f.keys("irritant_segment"):
            irritant_id, rest = parted(key)
            attribute, value = parted(rest)
            metric = self.f.get("irritant_segment", key, "share")
            if metric and irritant_id in self.shown:
                cells.setdefault(attribute, {})[(irritant_id, value)] = metric
        groups = []
        for attribute, found in cells.items():
            bases: dict[str, int] = {}
            for (_, value), metric in found.items():
                bases[value] = max(bases.get(value, 0), metric.n)
            values = sorted(bases, key=lambda value: (-bases[value], value))[:10]
            if len(values) < 2:
                continue
            most = max((metric.value for (_, value), metric in found.items() if value in values), default=0)
            rows = []
            for item in [item for item in self.irritants if any((item["id"], value) in found for value in values)][:10]:
                row: View = {**self._label_of(item), "cells": []}
                for value in values:
                    estimate = interval(found.get((item["id"], value)))
                    if estimate is None:
                        row["cells"].append({"text": "·", "level": 0, "few": False, "n": None, "hint": ""})
                        continue
                    hint = f"{self._percents(estimate)}, {t.plural('verbatims.n', estimate.n)}"
                    cell = {"text": t.percent(estimate.value), "level": _level(estimate.value, most), "few": estimate.small_base}
                    row["cells"].append({**cell, "n": estimate.n, "hint": hint})
                rows.append(row)
            groups.append({"title": self._attribute(attribute), "cols": [self._value(attribute, value) for value in values], "rows": rows})
        return groups

    def _dimensions(self) -> list[View]:
        t = self.t
        found = [(d, e) for d in Dimension if (e := interval(self.f.get("dimension", str(d), "share")))]
        _, high = bounds([e for _, e in found])
        return [
            {
                "name": DIMENSION_LABELS[d][t.lang],
                "says": t(f"dimension.{d}"),
                "chart": whisker(e, 0, high),
                "text": t.percent(e.value),
                "interval": self._percents(e),
                "n": e.n,
            }
            for d, e in sorted(found, key=lambda pair: (-pair[1].value, pair[0]))
        ]

    def _counts(self) -> View | None:
        t = self.t
        counts = {name.removeprefix("count."): round(metric.value) for name, metric in self.f.of("run").items() if name.startswith("count.")}
        if "received" not in counts:
            return None
        outcomes = [str(outcome) for outcome in Outcome]
        total = sum(counts.get(outcome, 0) for outcome in outcomes)
        parts = " + ".join(t.plural(f"count.{outcome}", counts.get(outcome, 0)) for outcome in outcomes)
        sign = "=" if total == counts["received"] else "≠"
        rows: list[View] = [{"name": t("counts.received"), "n": counts["received"], "inner": False}]
        for outcome in outcomes:
            rows.append({"name": t(f"counts.{outcome}"), "n": counts.get(outcome, 0), "inner": False})
            for name in sorted(name for name in counts if name.startswith(f"{outcome}.")):
                reason = name.partition(".")[2]
                rows.append({"name": t(f"reason.{reason}") if t.has(f"reason.{reason}") else reason, "n": counts[name], "inner": True})
        rows += [{"name": t(f"counts.{name}"), "n": counts[name], "inner": True} for name in ("known", "replaced") if name in counts]
        equation = f"{t.plural('count.received', counts['received'])} {sign} {parts}"
        return {"equation": equation, "reconciles": total == counts["received"], "rows": rows}

    def _coverage(self) -> list[tuple[str, str]]:
        t = self.t
        facts = []
        for name in ("unassigned_share", "fallback_share"):
            estimate = interval(self.f.get("run", "", name))
            if estimate:
                facts.append((t(name), t.percent(estimate.value)))
        for name in ("n_candidate_segments", "n_assigned_segments"):
            if self.f.get("run", "", name):
                facts.append((t(name), t.number(self.f.value("run", "", name))))
        total = self.f.value("run", "", "n_verbatims")
        languages = sorted(((self.f.value("lang", key, "n_verbatims"), key) for key in self.f.keys("lang")), key=lambda pair: (-pair[0], pair[1]))
        if languages and total:
            facts.append((t("languages"), ", ".join(f"{self.language(key)} {t.percent(n / total, 0)}" for n, key in languages)))
        channels = sorted(
            ((self.f.value("channel", key, "n_verbatims"), key) for key in self.f.keys("channel")), key=lambda pair: (-pair[0], pair[1])
        )
        if channels and total:
            facts.append((t("channels"), ", ".join(f"{self.channel(key)} {t.percent(n / total, 0)}" for n, key in channels)))
        named = sum(1 for item in self.irritants if item["label_note"] == "missing")
        facts.append((t("labels"), t("labels.missing", n=t.number(named), all=t.number(len(self.irritants)))))
        facts.append((t("model"), self.reading.run.model_version))
        return facts

    def _quality(self) -> list[View]:
        t = self.t
        rows = []
        for key in self.f.keys("quality"):
            for name, metric in sorted(self.f.of("quality", key).items()):
                estimate = interval(metric)
                if estimate is None:
                    continue
                head, figure = self._quality_names(key, "" if name == "value" else name)
                chart = whisker(estimate, 0, 1) if 0 <= estimate.low < estimate.high <= 1 else ""
                ends = t.range(estimate.low, estimate.high, 2) if estimate.low < estimate.high else ""
                n = t.number(estimate.n) if estimate.n else "–"
                where = str(detail(metric, "set", "") or "")
                rows.append(
                    {"head": head, "figure": figure, "chart": chart, "text": t.number(estimate.value, 2), "interval": ends, "n": n, "where": where}
                )
        return rows

    def _quality_names(self, key: str, figure: str) -> tuple[str, str]:
        """A head and its figure in words, from `sentiment` and `macro_f1`, or from `sentiment_macro_f1`."""
        t = self.t
        heads = (
            "not_valued_codes",
            "not_valued",
            "sentiment",
            "intensity",
            "valued",
            "stage",
            "dimension",
            "gap_cue",
            "theme",
            "suggestion",
            "codes",
        )
        head = next((name for name in heads if key == name or key.startswith((f"{name}_", f"{name}.", f"{name} "))), "")
        rest = figure or key.removeprefix(head).strip("_. ") if head else figure
        named = t(f"figure.{rest}") if t.has(f"figure.{rest}") else rest.replace("_", " ")
        return (t(f"head.{head}") if head else key.replace("_", " ")), named

    def _formula(self) -> str:
        t = self.t
        weights = self.reading.config.priority.weights
        total = sum(weights.values())
        terms = [f"{t.number(weights[part] / total, 2)} × {t(f'part.{part}').lower()}" for part in PARTS if part in weights]  # type: ignore[index]  # PARTS are its keys
        return f"{t('formula.priority')} = " + " + ".join(terms)

    def _caveats(self) -> list[str]:
        t, priority = self.t, self.reading.config.priority
        caveats = [t(f"caveat.{name}") for name in ("who", "classifier", "gap", "small", "customers", "labels")]
        caveats.append(
            t(
                "caveat.trend",
                recent=priority.recent_weeks,
                baseline=priority.baseline_weeks,
                q=t.number(priority.q_value, 2),
                ratio=t.number(priority.rate_ratio, 1),
            )
        )
        caveats += [t("caveat.association"), t("caveat.people")]
        return caveats

    # ------------------------------------------------------------ one record

    def _record(self, record: Irritant) -> View:
        t, f = self.t, self.f.of("irritant", record.id)
        share, rate, lift, ratio = (interval(f.get(name)) for name in ("share", "not_valued_rate", "not_valued_lift", "rate_ratio"))
        mentions, customers = round(self.f.value("irritant", record.id, "mentions")), round(self.f.value("irritant", record.id, "customers"))
        stage = main_part(f, "stage.")
        alert = bool(detail(f.get("rate_ratio"), "alert", False))
        stage_name = self._stage(stage[0]) if stage else ""
        gap = self._gap(self.reading.gaps.get(record.id))
        series = [metric.value for _, metric in self._months_of(record.id) if metric is not None]
        months = [month for month, metric in self._months_of(record.id) if metric is not None]
        named = self._named(record)
        spark = ""
        if len(series) > 1:
            label = t(
                "trend.label", title=named["label"], a=t.month(months[0]), x=t.percent(series[0]), b=t.month(months[-1]), y=t.percent(series[-1])
            )
            spark = sparkline(series, label)
        parts = self._parts(record)
        told = t.plural("verbatims.n", mentions) + (f", {t.plural('customers.n', customers)}" if customers else "")
        place = [stage_name, t("owner.is", owner=self._owner(record)) if record.owner else "", gap["place"] if gap else ""]
        rank = self.f.get("irritant", record.id, "rank")
        return {
            **named,
            "id": record.id,
            "rank": round(rank.value) if rank else "–",
            "mentions": mentions,
            "few": mentions < SMALL,
            "customers": t.number(customers),
            "share": t.percent(share.value) if share else "–",
            "share_interval": self._percents(share) if share else "",
            "not_valued": t.percent(rate.value, 0) if rate else "–",
            "not_valued_n": rate.n if rate else None,
            "not_valued_interval": t("times", x=t.number(lift.value, 1)) if lift else "",
            "trend": self._trend_words(f.get("rate_ratio")),
            "trend_short": self._trend_words(f.get("rate_ratio"), short=True),
            "alert": alert,
            "new": self.reading.previous is not None and "previous_mentions" not in f,
            "spark": spark,
            "why": self._why(parts, alert),
            "parts": parts,
            "priority": t.number(self.f.value("irritant", record.id, "priority"), 2),
            "owner": self._owner(record),
            "stage": stage_name or "–",
            "gap": gap,
            "place": " · ".join(part for part in place if part),
            "told": f"{t.percent(share.value)} · {told}" if share else told,
            "quotes": self.quotes.of("irritant", record.id),
            "facts": self._facts(record),
            "sort": {
                "share": share.value if share else "",
                "customers": customers,
                "not_valued": rate.value if rate else "",
                "trend": ratio.value if ratio else "",
                "stage": stage_name,
                "gap": gap["number"] if gap else "",
            },
        }

    def _named(self, record: Irritant) -> View:
        """A label in the page's language; else in the other one, else its keywords, marked either way."""
        own, other = (record.label_fr, record.label_en) if self.t.lang == "fr" else (record.label_en, record.label_fr)
        if own:
            return {"id": record.id, "label": typeset(_capital(own), self.t.lang), "label_lang": self.t.lang, "label_note": ""}
        if other:
            lang: Lang = "en" if self.t.lang == "fr" else "fr"
            return {"id": record.id, "label": typeset(_capital(other), lang), "label_lang": lang, "label_note": "untranslated"}
        words = " · ".join(record.keywords[:3]) or record.id
        return {"id": record.id, "label": words, "label_lang": self.t.lang, "label_note": "missing"}

    @staticmethod
    def _label_of(item: Mapping[str, Any]) -> View:
        return {name: item[name] for name in ("id", "label", "label_lang", "label_note")}

    def _parts(self, record: Irritant) -> list[View]:
        """The parts of a rank, the one that weighs most first."""
        f = self.f.of("irritant", record.id)
        weights: Mapping[str, Any] = detail(f.get("priority"), "weights") or dict(self.reading.config.priority.weights)
        total = sum(float(weight) for weight in weights.values()) or 1.0
        largest = max((float(weight) for weight in weights.values()), default=1.0) or 1.0
        parts = []
        for name in PARTS:
            part = f.get(f"part.{name}")
            if part is None:
                continue
            weight = float(weights.get(name, 0.0))
            got = min(max(part.value, 0.0), 1.0)
            text = self.t("why.text", got=self.t.number(got * weight / total, 2), full=self.t.number(weight / total, 2))
            bar = {"full": round(weight / largest * 100), "got": round(got * 100), "text": text}
            parts.append({"name": name, **bar, "weighs": got * weight, "says": self._part_says(name, record)})
        return sorted(parts, key=lambda part: (-part["weighs"], PARTS.index(part["name"])))

    def _part_says(self, name: str, record: Irritant) -> str:
        t, f = self.t, self.f.of("irritant", record.id)
        mentions = f.get("mentions")
        share, rate, lift, ratio = (interval(f.get(key)) for key in ("share", "not_valued_rate", "not_valued_lift", "rate_ratio"))
        if name == "volume" and share and mentions:
            return t("says.volume", share=t.percent(share.value), verbatims=t.plural("verbatims.n", round(mentions.value)))
        if name == "customers" and "customers" in f:
            return t.plural("says.customers", round(f["customers"].value))
        if name == "severity" and "severity" in f:
            return t("says.severity", severity=t.number(f["severity"].value, 2))
        if name == "not_valued" and rate:
            times = t("says.lift", x=t.number(lift.value, 1)) if lift and lift.low > 1 else ""
            return t("says.not_valued", rate=t.percent(rate.value, 0)) + times
        if name == "trend" and ratio:
            return self._trend_words(f.get("rate_ratio"))
        for outcome in ("nps", "csat", "stars"):
            difference = interval(f.get(f"{outcome}_difference"))
            if name == "impact" and difference:
                clear = difference.high < 0 or difference.low > 0
                key = f"says.{outcome}.{'lower' if difference.value < 0 else 'higher'}" if clear else f"says.{outcome}.unsure"
                return t(key, x=t.number(abs(difference.value), 1))
        return t("says.unknown")

    def _why(self, parts: Sequence[View], rising: bool) -> str:
        """The three parts that weigh most, as one sentence; a clear rise is always told."""
        told = [part for part in parts if part["weighs"] > 0 and part["says"] != self.t("says.unknown")]
        kept = told[:3] + [part for part in told[3:] if rising and part["name"] == "trend"]
        sentence = (f"{NARROW}; " if self.t.lang == "fr" else "; ").join(part["says"] for part in kept)
        return f"{_capital(sentence)}." if sentence else ""

    def _trend_words(self, ratio: Metric | None, short: bool = False) -> str:
        """A trend is only told where it stands after the correction for many tests."""
        t = self.t
        if ratio is None:
            return ""
        q = detail(ratio, "q_value")
        falling = ratio.high is not None and ratio.high < 1 and q is not None and float(q) <= self.reading.config.priority.q_value
        way = "rising" if detail(ratio, "alert", False) else "steady" if not falling else "gone" if ratio.value < 0.05 else "falling"
        return t(f"trend.{way}{'.short' if short else ''}", x=t.number(ratio.value, 1))

    def _gap(self, gap: GapReading | None) -> View | None:
        t = self.t
        if gap is None or gap.gap is None:
            return None
        number = int(gap.gap)
        shares = sorted(((e.value, int(cue), e) for cue, e in gap.shares.items() if e.value > 0), key=lambda one: (-one[0], one[1]))
        listed = ", ".join(f"{GAP_NAMES[cue][t.lang].lower()} {t.percent(value, 0)} ({t.percents(e.low, e.high, 0)})" for value, cue, e in shares)
        alternative = t("gap.alternative", name=GAP_NAMES[gap.alternative][t.lang].lower()) if gap.alternative is not None else ""
        confidence = t("gap.confidence", x=t.number(gap.confidence, 2), ceiling=t.number(CEILINGS[gap.gap], 1))
        return {
            "number": number,
            "title": typeset(f"{GAP_LABELS[gap.gap][t.lang]}.", t.lang),
            "short": f"{number} · {GAP_NAMES[number][t.lang]}",
            "place": t("gap.place", number=number, name=GAP_NAMES[number][t.lang].lower()),
            "confidence": confidence,
            "confidence_short": t("gap.confidence.short", x=t.number(gap.confidence, 2)),
            "confirmed": gap.confirmed,
            "shares": t("gap.shares", shares=listed, n=t.plural("tellings.n", gap.n)) + alternative if listed else "",
            "question": typeset(gap.refuting_question.get(t.lang, ""), t.lang),
            "quotes": self.quotes.evidence(gap),
        }

    def _facts(self, record: Irritant) -> list[tuple[str, str]]:
        t, f = self.t, self.f.of("irritant", record.id)
        facts: list[tuple[str, str]] = []
        stages = sorted(
            ((m.value, name.removeprefix("stage.")) for name, m in f.items() if name.startswith("stage.")), key=lambda one: (-one[0], one[1])
        )
        if stages:
            facts.append((t("stages"), ", ".join(f"{self._stage(name)} {t.percent(value, 0)}" for value, name in stages[:4] if value > 0)))
        channels = sorted(
            ((m.value, name.removeprefix("channel.")) for name, m in f.items() if name.startswith("channel.")), key=lambda one: (-one[0], one[1])
        )
        if channels:
            facts.append((t("channels"), ", ".join(f"{self.channel(name)} {t.percent(value, 0)}" for value, name in channels[:4] if value > 0)))
        gap = self.reading.gaps.get(record.id)
        if gap and gap.dimensions:
            best = sorted(gap.dimensions.items(), key=lambda one: (-one[1].value, one[0]))[:2]
            names = (
                f"{DIMENSION_LABELS[name][t.lang] if name in DIMENSION_LABELS else name} {t.percent(e.value, 0)}" for name, e in best if e.value > 0
            )
            facts.append((t("dimension"), ", ".join(names)))
        facts.append((t("owner"), self._owner(record) or t("owner.none")))
        first, last = (str(detail(f.get("mentions"), name, "") or "")[:10] for name in ("first_seen", "last_seen"))
        if first and last:
            facts.append((t("seen"), t("seen.text", first=self._iso(first), last=self._iso(last))))
        if "previous_rank" in f:
            facts.append((t("previous_rank"), t.ordinal(round(f["previous_rank"].value))))
        if record.keywords:
            facts.append((t("keywords"), ", ".join(record.keywords[:8])))
        if record.label_status.get(t.lang) == "category":
            facts.append((t("label"), t("label.category")))
        facts.append((t("id"), record.id))
        return facts

    # ------------------------------------------------------------ words

    def _run(self, name: str) -> Interval | None:
        return interval(self.f.get("run", "", name))

    def _in_unit(self, value: float, unit: str) -> str:
        t = self.t
        if unit == "share":
            return t.percent(value)
        if unit == "points":
            return t.number(value * 100, 0, sign=True)
        if unit == "points1":
            return t.number(value * 100, 1, sign=True)
        if unit == "nps":
            return t.number(value, 0, sign=True)
        return t.number(value, 1 if unit == "mean" else 0)

    def _tick(self, value: float, unit: str) -> str:
        """A value of an axis: no decimal it does not need."""
        if unit == "share":
            return self.t.percent(value, 0 if abs(value * 100 - round(value * 100)) < 1e-6 else 1)
        return self._in_unit(value, unit)

    def _points(self, value: float, digits: int = 0) -> str:
        return self.t("points", x=self.t.number(value * 100, digits, sign=True))

    def _ends(self, estimate: Interval, unit: str) -> dict[str, str]:
        """The interval in words, empty where the base carries none."""
        t = self.t
        if estimate.low == estimate.high:
            return {"interval": ""}
        if unit == "share":
            return {"interval": t.percents(estimate.low, estimate.high)}
        if unit in ("points", "points1"):
            return {"interval": t.range(estimate.low * 100, estimate.high * 100, 0 if unit == "points" else 1, sign=True)}
        return {"interval": t.range(estimate.low, estimate.high, 0 if unit == "nps" else 1, sign=unit == "nps")}

    def _percents(self, estimate: Interval) -> str:
        return self._ends(estimate, "share")["interval"]

    def _stage(self, stage: str) -> str:
        return stage_label(self.reading.journey, stage, self.t.lang)

    def _in_order(self, stages: Iterable[str]) -> list[str]:
        order = {stage: place for place, stage in enumerate(self.reading.stages)}
        return sorted(set(stages), key=lambda stage: (order.get(stage, len(order)), stage))

    def channel(self, name: str) -> str:
        """A channel's name for people; the company's own, as they wrote it."""
        return self.t(f"channel.{name}") if self.t.has(f"channel.{name}") else name

    def lead_of(self, quotes: Sequence[Quote]) -> Quote | None:
        """The quote shown before a reader opens the rest: the most typical one in the page's language, else the most typical."""
        return next((quote for quote in quotes if quote.lang == self.t.lang), quotes[0] if quotes else None)

    def language(self, code: str) -> str:
        """A language's name."""
        return self.t(f"language.{code}") if self.t.has(f"language.{code}") else code

    def _attribute(self, name: str) -> str:
        return self.t(f"attribute.{name}") if self.t.has(f"attribute.{name}") else _capital(name.replace("_", " "))

    @staticmethod
    def _owner(record: Irritant) -> str:
        """A department as people write it: `customer_care` reads customer care."""
        return record.owner.replace("_", " ")

    def _value(self, attribute: str, value: str) -> str:
        if attribute == "channel":
            return self.channel(value)
        if attribute == "lang":
            return self.language(value)
        return value

    def _iso(self, text: str) -> str:
        from datetime import date

        try:
            return self.t.day(date.fromisoformat(text), short=True)
        except ValueError:
            return text


def _level(value: float, most: float) -> int:
    """Shade of a heat map's cell, 0 (nothing) to 5."""
    return 0 if value <= 0 or most <= 0 else min(5, 1 + int(value / most * 4.999))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
