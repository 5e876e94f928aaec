"""Figures and names of a run in the words of one language: the bricks every view is built of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from voc_pipeline.journey import stage_label
from voc_pipeline.report.charts import whisker
from voc_pipeline.report.reading import Reading, detail, interval
from voc_pipeline.report.words import Lang, Words, capital, typeset
from voc_pipeline.schema import Gap, Interval, Irritant
from voc_pipeline.wording import CODE_LABELS, DIMENSION_LABELS, GAP_NAMES

View = dict[str, Any]
"""What a template lays out, by the names it asks for."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a figure is written, and the axis it is drawn on.

    Attributes:
        times: What its value is multiplied by when written.
        digits: Decimals; None writes it as a percentage.
        sign: Whether a plus is written.
        low: Start of its axis.
        high: End of its axis.
        zero: Where a hair line marks zero, if anywhere.
    """

    times: float = 1.0
    digits: int | None = None
    sign: bool = False
    low: float = 0.0
    high: float = 1.0
    zero: float | None = None


SHARE = Scale()
SCALES: Mapping[str, Scale] = {
    "n_verbatims": Scale(digits=0),
    "net_regard": Scale(times=100.0, digits=0, sign=True, low=-1.0, zero=0.0),
    "nps": Scale(digits=0, sign=True, low=-100.0, high=100.0, zero=0.0),
    "stars_mean": Scale(digits=1, low=1.0, high=5.0),
    "ces_mean": Scale(digits=1, low=1.0, high=7.0),
    "severity": Scale(digits=2),
}
"""Scales by name of figure; the other figures are shares."""
LEAST_GROUP = 10
"""Verbatims under which a group of customers is left to the tables."""
PAINFUL = ("share_negative", "share_not_valued")
"""Shares that are drawn as bad news where several figures stand side by side."""


class Phrases:
    """What can be said of a run in one language.

    Args:
        reading: The run.
        words: The language.

    Attributes:
        t: The words.
        f: The run's figures.
    """

    def __init__(self, reading: Reading, words: Words) -> None:
        self.reading, self.t, self.f = reading, words, reading.figures

    # ------------------------------------------------------------ figures

    def run(self, name: str) -> Interval | None:
        """A figure of the whole run."""
        return interval(self.f.get("run", "", name))

    def audited(self, key: str, name: str) -> Interval | None:
        """A figure of the audit of a label, or of one of its values."""
        return interval(self.f.get("audit", key, name))

    def corrected(self, scope: str, key: str, name: str, ends: bool = True) -> str:
        """A share with the model's errors taken out, in words, with its interval if `ends`; empty where no audit says it."""
        found = interval(self.f.corrected(scope, key, name))
        if found is None:
            return ""
        return f"{self.t('audit.beside.now')} {self.t.percent(found.value)}" + (f" ({self.ends('share', found)})" if ends else "")

    def audit_told(self) -> str:
        """Who read what for the audit, in a sentence; empty where nobody has."""
        t, sample = self.t, self.f.get("audit", "", "sample")
        if sample is None:
            return ""
        people = f" {t('audit.and')} ".join(map(str, detail(sample, "people", [])))
        day, population = self.day(str(detail(sample, "date", ""))), t.number(float(detail(sample, "population", 0)))
        return t.plural("audit.sample", round(sample.value), id=detail(sample, "id"), day=day, people=people, population=population)

    def doubted(self, label: str) -> str:
        """The sentence that says so where the audit's readers agree on a label less than its gate asks, else empty."""
        found = self.f.doubted(label)
        return self.t("audit.doubt", alpha=self.t.number(found[0], 2), gate=self.t.number(found[1], 2)) if found else ""

    def audit_of_other_model(self) -> str:
        """The sentence that says so where the audit judged another model than the run's, else empty."""
        sample = self.f.get("audit", "", "sample")
        if sample is None or detail(sample, "same_model"):
            return ""
        return self.t("audit.other", model=detail(sample, "model_version"), own=self.reading.run.model_version)

    def title(self, name: str) -> str:
        """A figure's name."""
        return self.t(name.replace("share_", "share."))

    def written(self, name: str, value: float) -> str:
        """A value of a figure in its unit."""
        scale = SCALES.get(name, SHARE)
        return self.t.percent(value) if scale.digits is None else self.t.number(value * scale.times, scale.digits, scale.sign)

    def tick(self, name: str, value: float) -> str:
        """A value of an axis: no decimal it does not need."""
        if SCALES.get(name, SHARE).digits is not None:
            return self.written(name, value)
        return self.t.percent(value, 0 if abs(value * 100 - round(value * 100)) < 1e-6 else 1)

    def ends(self, name: str, estimate: Interval) -> str:
        """A figure's interval, empty where its base carries none."""
        scale = SCALES.get(name, SHARE)
        if estimate.low == estimate.high:
            return ""
        if scale.digits is None:
            return self.t.percents(estimate.low, estimate.high)
        return self.t.range(estimate.low * scale.times, estimate.high * scale.times, scale.digits, scale.sign)

    def figure(self, name: str, estimate: Interval) -> View:
        """A figure with its interval."""
        return {"text": self.written(name, estimate.value), "interval": self.ends(name, estimate)}

    def drawn(self, name: str, estimate: Interval, tone: str = "", width: int = 160) -> Markup:
        """A figure on the axis of its scale."""
        scale = SCALES.get(name, SHARE)
        return whisker(estimate, scale.low, scale.high, zero=scale.zero, tone=tone, width=width)

    def points(self, value: float, digits: int = 0) -> str:
        """A difference of shares in points."""
        return self.t.points(value * 100, digits)

    def trend_label(self, name: str, title: str, months: Sequence[tuple[str, float]]) -> str:
        """What the chart of a figure through time says, for those who cannot see it."""
        t, (first, x), (last, y) = self.t, months[0], months[-1]
        return t("trend.label", title=title, a=t.month(first), x=self.written(name, x), b=t.month(last), y=self.written(name, y))

    def listed(self, shares: Iterable[tuple[str, float]]) -> str:
        """Names, each with its share."""
        return ", ".join(f"{name} {self.t.percent(share, 0)}" for name, share in shares)

    # ------------------------------------------------------------ names

    def label(self, record: Irritant) -> View:
        """A record's label in the page's language; else in the other one, else its keywords, marked either way."""
        own, other = (record.label_fr, record.label_en) if self.t.lang == "fr" else (record.label_en, record.label_fr)
        if own:
            return {"id": record.id, "label": typeset(capital(own), self.t.lang), "label_lang": self.t.lang, "label_note": ""}
        if other:
            lang: Lang = "en" if self.t.lang == "fr" else "fr"
            return {"id": record.id, "label": typeset(capital(other), lang), "label_lang": lang, "label_note": "untranslated"}
        words = " · ".join(record.keywords[:3]) or record.id
        return {"id": record.id, "label": words, "label_lang": self.t.lang, "label_note": "missing"}

    def stage(self, stage: str) -> str:
        """A stage of the journey."""
        return stage_label(self.reading.journey, stage, self.t.lang)

    def in_order(self, stages: Iterable[str]) -> list[str]:
        """Different stages in the order of the journey, unknown ones last."""
        order = {stage: place for place, stage in enumerate(self.reading.stages)}
        return sorted(set(stages), key=lambda stage: (order.get(stage, len(order)), stage))

    def gap(self, gap: Gap) -> str:
        """A gap of the provider."""
        return GAP_NAMES[gap][self.t.lang]

    def dimension(self, name: str) -> str:
        """A dimension of Servqual."""
        return DIMENSION_LABELS[name][self.t.lang] if name in DIMENSION_LABELS else name

    def code(self, name: str) -> str:
        """A way of not being valued."""
        return typeset(CODE_LABELS[name][self.t.lang], self.t.lang) if name in CODE_LABELS else name

    def channel(self, name: str) -> str:
        """A channel; the company's own, as they wrote it."""
        return self.t.known(f"channel.{name}") or name

    def department(self, name: str) -> str:
        """A department; the company's own as people write it: `after_sales` reads after sales."""
        return self.t.known(f"department.{name}") or name.replace("_", " ")

    def language(self, code: str) -> str:
        """A language."""
        return self.t.known(f"language.{code}") or code

    def attribute(self, name: str) -> str:
        """What verbatims are compared by; the company's own, as they wrote it."""
        return self.t.known(f"attribute.{name}") or capital(name.replace("_", " "))

    def attribute_value(self, attribute: str, value: str) -> str:
        """A value of it; the yes and no of a label of the company's own, in the page's language."""
        named = {"channel": self.channel, "lang": self.language}.get(attribute)
        return named(value) if named else self.t.known(f"value.{value}") or value

    def day(self, text: str) -> str:
        """A date such as `2026-09-30`; what is none, as it is."""
        try:
            return self.t.day(date.fromisoformat(text), short=True)
        except ValueError:
            return text
