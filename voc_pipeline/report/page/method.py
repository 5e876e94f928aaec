"""How all of it was made: what became of every row, what the models are worth, how ranks are reckoned, and what not to conclude."""

from __future__ import annotations

from collections.abc import Mapping

from voc_pipeline.audit.sampling import ENOUGH
from voc_pipeline.audit.sheet import shown
from voc_pipeline.config import PARTS
from voc_pipeline.registers import Register
from voc_pipeline.report.charts import whisker
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.records import Records
from voc_pipeline.report.reading import HEADS, detail, interval, parted, quality_of
from voc_pipeline.report.words import capital, typeset
from voc_pipeline.schema import Gap, IrritantKind, Metric, Outcome
from voc_pipeline.servqual import CEILINGS, Finding
from voc_pipeline.servqual.deciding import DISPERSION_WEIGHT, DOCUMENTED_CEILING, UNSETTLED_CEILING, WEIGHTS
from voc_pipeline.servqual.dispersion import Q_VALUE, SMALL

_QUESTIONS: Mapping[str, tuple[str, str]] = {
    "sentiment": ("sentiment", "sentiment"),
    "not_valued": ("not_valued", "not_valued"),
    "code": ("codes", "codes"),
    "valued": ("valued", "valued"),
    "stage": ("stage", "stage"),
    "dimension": ("dimension", "dimension"),
    "gap_cue": ("gap_cue", "gap_cue"),
}
"""Labels of the audit in the order they are told: the head that names each, and its column in the workbook."""


def view(phrases: Phrases, records: Records) -> View:
    """How all of it was made."""
    return {
        "counts": _counts(phrases),
        "coverage": _coverage(phrases, records),
        "swap": _swap(phrases),
        "quality": _quality(phrases),
        "audit": _audit(phrases),
        "rule": _rule(phrases),
        "formula": _formula(phrases),
        "caveats": _caveats(phrases),
    }


def _counts(phrases: Phrases) -> View | None:
    t = phrases.t
    counts = {name.removeprefix("count."): round(metric.value) for name, metric in phrases.f.of("run").items() if name.startswith("count.")}
    if "received" not in counts:
        return None
    outcomes = {str(outcome): counts.get(outcome, 0) for outcome in Outcome}
    reconciles = sum(outcomes.values()) == counts["received"]
    rows: list[View] = [{"name": t("counts.received"), "n": counts["received"], "inner": False}]
    for outcome, n in outcomes.items():
        rows.append({"name": t(f"counts.{outcome}"), "n": n, "inner": False})
        if outcome == Outcome.ANALYSED:
            rows += [{"name": t(f"counts.{name}"), "n": counts[name], "inner": True} for name in ("known", "replaced") if name in counts]
        for name in sorted(name for name in counts if name.startswith(f"{outcome}.")):
            reason = name.partition(".")[2]
            rows.append({"name": t.known(f"reason.{reason}") or reason, "n": counts[name], "inner": True})
    parts = " + ".join(t.plural(f"count.{outcome}", n) for outcome, n in outcomes.items())
    equation = f"{t.plural('count.received', counts['received'])} {'=' if reconciles else '≠'} {parts}"
    return {"equation": equation, "reconciles": reconciles, "rows": rows}


def _coverage(phrases: Phrases, records: Records) -> list[tuple[str, str]]:
    t, f = phrases.t, phrases.f
    facts = []
    for name in ("n_candidate_segments", "n_assigned_segments", "n_rejected_segments"):
        if f.get("run", "", name):
            facts.append((t(name), t.number(f.value("run", "", name))))
    for name in ("unassigned_share", "fallback_share"):
        estimate = phrases.run(name)
        if estimate:
            facts.append((t(name), t.percent(estimate.value)))
    total = f.value("run", "", "n_verbatims")
    for title, scope, named in ((t("languages"), "lang", phrases.language), (t("channels"), "channel", phrases.channel)):
        found = sorted(((f.value(scope, key, "n_verbatims"), key) for key in f.keys(scope)), key=lambda pair: (-pair[0], pair[1]))
        if found and total:
            facts.append((title, phrases.listed((named(key), n / total) for n, key in found)))
    missing, untranslated = (sum(1 for item in records.irritants if item["label_note"] == note) for note in ("missing", "untranslated"))
    all_, none, other = (t.number(n) for n in (len(records.irritants), missing, untranslated))
    facts.append((t("labels"), t("labels.missing", all=all_, n=none, other=other)))
    facts.append((t("model"), phrases.reading.run.model_version))
    return facts


def _swap(phrases: Phrases) -> View | None:
    """What became of records and mentions where the run before was of another model."""
    t, f = phrases.t, phrases.f
    records = f.get("run", "", "swap.records_kept")
    if records is None:
        return None
    previous = phrases.reading.previous
    rows: list[View] = []
    for kind in IrritantKind:
        prefix = "swap." if kind is IrritantKind.IRRITANT else f"{kind}.swap."
        before, after = (round(f.value("run", "", f"{prefix}mentions_{side}")) for side in ("before", "after"))
        if before or after:
            shares = [f.get("run", "", f"{prefix}{name}_share") for name in ("kept", "moved", "lost", "gained")]
            rows.append(
                {
                    "name": t(f"swap.{kind}"),
                    "before": before,
                    "shares": [t.percent(share.value) if share else "–" for share in shares],
                    "after": after,
                }
            )
    both = f.get("run", "", "swap.mentions_before")
    return {
        "text": t(
            "swap.text",
            old=previous.model_version if previous else "",
            new=phrases.reading.run.model_version,
            kept=t.number(records.value),
            known=t.number(records.n),
            both=t.number(both.n if both else 0),
        ),
        "rows": rows,
    }


def _quality(phrases: Phrases) -> list[View]:
    t, rows = phrases.t, []
    for key in phrases.f.keys("quality"):
        for name, metric in phrases.f.of("quality", key).items():
            estimate, (head, figure, where) = interval(metric), quality_of(key, name, metric)
            said = {
                "head": t(f"head.{head}") if head in HEADS else head.replace("_", " "),
                "figure": t.known(f"figure.{figure}") or figure.replace("_", " "),
                "plain": t.known(f"plain.{figure}"),
                "chart": whisker(estimate, 0, 1) if 0 <= estimate.low < estimate.high <= 1 else "",
                "text": t.number(estimate.value, 2),
                "interval": t.range(estimate.low, estimate.high, 2) if estimate.low < estimate.high else "",
                "n": t.number(estimate.n) if estimate.n else "–",
                "where": t.known(f"set.{where.replace(',', '').replace(' ', '_')}") or where,
            }
            order = (HEADS.index(head) if head in HEADS else len(HEADS), head, figure, where)
            rows.append((order, said))
    return [said for _, said in sorted(rows, key=lambda row: row[0])]


def _audit(phrases: Phrases) -> View | None:
    """What people read, question by question; None where nobody has."""
    sample = phrases.f.get("audit", "", "sample")
    if sample is None:
        return None
    rows: list[View] = []
    for label, (head, field) in _QUESTIONS.items():
        whole = {"name": phrases.t(f"head.{head}"), "inner": False, "f1": _measured(phrases, label, "macro_f1", phrases.t("audit.f1.mean"))}
        rows.append({**whole, "alpha": _agreed(phrases, label), "raw": "", "corrected": None, "refused": ""})
        own = [key for key in phrases.f.keys("audit") if parted(key)[0] == label and parted(key)[1]]
        rows += [_answer(phrases, key, field) for key in sorted(own, key=lambda key: (-phrases.f.value("audit", key, "raw_share"), key))]
    return {"told": _audit_told(phrases, sample), "rows": rows, "other": phrases.audit_of_other_model()}


def _audit_told(phrases: Phrases, sample: Metric) -> list[str]:
    t, told = phrases.t, [phrases.audit_told()]
    both, changed = int(detail(sample, "read_by_both", 0)), int(detail(sample, "changed", 0))
    told.append(t.plural("audit.both", both) if len(detail(sample, "people", [])) > 1 else t("audit.alone"))
    if sample.n < ENOUGH:
        told.append(t("audit.few", n=t.number(ENOUGH)))
    if changed:
        told.append(t.plural("audit.changed", changed))
    if unheard := float(detail(sample, "unheard_share", 0.0)):
        told.append(t("audit.unheard", share=t.percent(unheard)))
    return [*told, phrases.audit_of_other_model()]


def _answer(phrases: Phrases, key: str, field: str) -> View:
    raw, corrected = (phrases.audited(key, name) for name in ("raw_share", "corrected_share"))
    refused = str(detail(phrases.f.get("audit", key, "raw_share"), "refused", ""))
    return {
        "name": typeset(capital(shown(field, parted(key)[1], phrases.t.lang)), phrases.t.lang),
        "inner": True,
        "f1": _measured(phrases, key, "f1"),
        "alpha": _agreed(phrases, key),
        "raw": phrases.t.percent(raw.value) if raw else "",
        "corrected": {**phrases.figure("share", corrected), "chart": phrases.drawn("share", corrected)} if corrected else None,
        "refused": phrases.t(f"audit.refused.{refused}") if refused else "",
    }


def _measured(phrases: Phrases, key: str, name: str, says: str = "") -> View | None:
    found, t = phrases.audited(key, name), phrases.t
    if found is None:
        return None
    ends = t.range(found.low, found.high, 2) if found.low < found.high else ""
    return {"text": t.number(found.value, 2), "interval": ends, "chart": whisker(found, 0, 1) if found.low < found.high else "", "says": says}


def _agreed(phrases: Phrases, key: str) -> View | None:
    told = phrases.f.get("audit", key, "agreement")
    if told is None:
        return None
    verdict, gate = str(detail(told, "verdict", "")), detail(told, "gate")
    says = phrases.t(f"audit.verdict.{verdict}", gate=phrases.t.number(float(gate), 2)) if verdict and gate is not None else ""
    return {**(_measured(phrases, key, "alpha") or {"text": "–", "interval": "", "chart": ""}), "says": says}


def _rule(phrases: Phrases) -> View:
    """The rule that decides a gap, from the very numbers that decide it."""
    t = phrases.t

    def cell(register: Register, found: Finding) -> str:
        gap, weight = WEIGHTS[register, found]
        factor = f"× {t.number(weight, _digits(weight))}" if weight > 1 else f"÷ {t.number(1 / weight, _digits(1 / weight))}"
        return t("rule.cell", gap=int(gap), factor=factor)

    found = (Finding.CONFIRMED, Finding.PROPOSED, Finding.ABSENT, Finding.REFUSED)
    knowledge, _, delivery, communication = (t.number(CEILINGS[gap], 1) for gap in Gap)
    documents, unsettled = t.number(DOCUMENTED_CEILING, 1), t.number(UNSETTLED_CEILING, 1)
    return {
        "heads": [t(f"rule.{one}") for one in found],
        "rows": [{"name": t(f"register.{register}.head"), "cells": [cell(register, one) for one in found]} for register in reversed(Register)],
        "dispersion": t("rule.dispersion", factor=t.number(DISPERSION_WEIGHT), small=t.percent(SMALL, 0), q=t.number(Q_VALUE, 2)),
        "ceilings": t("rule.ceilings", one=knowledge, three=delivery, four=communication, documents=documents, unsettled=unsettled),
    }


def _digits(factor: float) -> int:
    return 0 if abs(factor - round(factor)) < 1e-9 else 1


def _formula(phrases: Phrases) -> str:
    t, weights = phrases.t, phrases.reading.config.priority.weights
    total = sum(weights.values())
    terms = [f"{t.number(weights[part] / total, 2)} × {t(f'part.{part}').lower()}" for part in PARTS if part in weights]
    return f"{t('formula.priority')} = " + " + ".join(terms)


def _caveats(phrases: Phrases) -> list[str]:
    t, priority = phrases.t, phrases.reading.config.priority
    trend = t(
        "caveat.trend",
        recent=priority.recent_weeks,
        baseline=priority.baseline_weeks,
        q=t.number(priority.q_value, 2),
        ratio=t.number(priority.rate_ratio, 1),
    )
    sample = phrases.f.get("audit", "", "sample")
    classifier = "classifier.audited" if detail(sample, "same_model", False) else "classifier"
    first = [t(f"caveat.{name}") for name in ("who", classifier, "gap", "small", "customers", "labels")]
    unassigned = phrases.run("unassigned_share")
    coverage = [t("caveat.coverage", share=t.percent(unassigned.value, 0))] if unassigned and unassigned.value > 0 else []
    swap = [t("caveat.swap")] if phrases.f.get("run", "", "swap.records_kept") else []
    return [*swap, *first[:2], *coverage, *first[2:], trend, t("caveat.association"), t("caveat.people")]
