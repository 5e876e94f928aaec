"""Figures of a model on labelled verbatims, with bootstrap intervals, beside the baselines it must beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from voc_pipeline.heads import NONE, VERBATIM_TASKS
from voc_pipeline.schema import Annotation
from voc_pipeline.training.labelled import Labelled

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
Answer = Mapping[str, Any]
SENTIMENTS = VERBATIM_TASKS["sentiment"]


def answer_of(annotation: Annotation) -> dict[str, Any]:
    """What measurement needs of an annotation."""
    return {
        "sentiment": annotation.sentiment.value,
        "p_sentiment": dict(annotation.p_sentiment),
        "not_valued": annotation.not_valued,
        "p_not_valued": annotation.p_not_valued,
        "codes": tuple(code.value for code in annotation.not_valued_codes),
        "valued": annotation.valued,
        "stage": annotation.stage.value,
        "p_stage": max(annotation.p_stage.values()),
        "dimension": annotation.dimension.value if annotation.dimension else NONE,
        "gap_cue": str(int(annotation.gap_cue)) if annotation.gap_cue else NONE,
        "p_dimension": max(annotation.p_dimension.values(), default=0.0),
        "p_gap_cue": max(annotation.p_gap_cue.values(), default=0.0),
    }


def figures(records: Sequence[Labelled], answers: Sequence[Answer], *, n_bootstrap: int = 400, seed: int = 7) -> dict[str, Any]:
    """Figures over all rows, and by language and channel where there are 20 rows or more.

    Args:
        records: Gold.
        answers: One per record, same order, as `answer_of` gives.
        n_bootstrap: Resamples behind each 95 % interval.
        seed: Of the resampling.

    Returns:
        ``{"n", "all": {name: {value, low, high, n}}, "by": {"lang=fr": {...}}, "per_class": {...}, "calibration_error": {...}}``.
    """
    rows = np.arange(len(records))
    out: dict[str, Any] = {"n": len(records), "all": _measures(records, answers, rows, n_bootstrap, seed)}
    out["by"] = {}
    for name in ("lang", "channel"):
        for value in sorted({getattr(record, name) for record in records}):
            chosen = np.array([i for i, record in enumerate(records) if getattr(record, name) == value])
            if len(chosen) >= 20:
                out["by"][f"{name}={value}"] = _measures(records, answers, chosen, n_bootstrap, seed)
    out["per_class"] = _per_class(records, answers)
    out["calibration_error"] = _calibration(records, answers)
    return out


def _measures(records: Sequence[Labelled], answers: Sequence[Answer], rows: Array, n_bootstrap: int, seed: int) -> dict[str, dict[str, float]]:
    gold = [records[int(i)] for i in rows]
    said = [answers[int(i)] for i in rows]
    truth = np.array([SENTIMENTS.index(g.sentiment) for g in gold])
    guess = np.array([SENTIMENTS.index(a["sentiment"]) for a in said])
    three = np.array([SENTIMENTS.index(max(("negative", "neutral", "positive"), key=lambda c: a["p_sentiment"].get(c, 0.0))) for a in said])
    unmixed = truth != SENTIMENTS.index("mixed")
    polar = np.isin(truth, [SENTIMENTS.index("negative"), SENTIMENTS.index("positive")])
    pole = np.array([a["p_sentiment"].get("negative", 0.0) >= a["p_sentiment"].get("positive", 0.0) for a in said])
    nv = np.array([g.not_valued for g in gold])
    nv_said = np.array([a["not_valued"] for a in said])
    p_nv = np.array([a["p_not_valued"] for a in said])
    negative = truth == SENTIMENTS.index("negative")
    stage = np.array([g.stage == a["stage"] for g, a in zip(gold, said, strict=True)])
    dimension = np.array([bool(g.passages and g.passages[0].dimension == a["dimension"]) for g, a in zip(gold, said, strict=True)])
    has_dimension = np.array([bool(g.passages and g.passages[0].dimension) for g in gold])
    gap = np.array([bool(g.passages and str(g.passages[0].gap) == a["gap_cue"]) for g, a in zip(gold, said, strict=True)])
    has_gap = np.array([bool(g.passages and g.passages[0].gap) for g in gold])
    everything = np.ones(len(gold), bool)
    measures: dict[str, tuple[Callable[[Array], float], Array]] = {
        "sentiment_macro_f1_4": (lambda i: float(f1_score(truth[i], guess[i], average="macro", zero_division=0)), everything),
        "sentiment_macro_f1_3": (
            lambda i: float(f1_score(truth[i], three[i], average="macro", zero_division=0, labels=sorted(set(truth[i])))),
            unmixed,
        ),
        "polarity_accuracy": (lambda i: float((pole[i] == negative[i]).mean()), polar),
        "not_valued_f1": (lambda i: float(f1_score(nv[i], nv_said[i], zero_division=0)), everything),
        "not_valued_average_precision": (lambda i: float(average_precision_score(nv[i], p_nv[i])) if nv[i].any() else 0.0, everything),
        "not_valued_f1_within_negative": (lambda i: float(f1_score(nv[i], nv_said[i], zero_division=0)), negative),
        "rule_negative_is_not_valued_f1": (lambda i: float(f1_score(nv[i], negative[i], zero_division=0)), everything),
        "stage_accuracy": (lambda i: float(stage[i].mean()), everything),
        "dimension_accuracy": (lambda i: float(dimension[i].mean()), has_dimension),
        "gap_cue_accuracy": (lambda i: float(gap[i].mean()), has_gap),
    }
    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, len(gold), len(gold)) for _ in range(n_bootstrap)]
    out = {}
    for name, (measure, mask) in measures.items():
        kept = np.flatnonzero(mask)
        if not len(kept):
            continue
        values = sorted(measure(d[mask[d]]) for d in draws if mask[d].any())
        low, high = (values[int(0.025 * len(values))], values[int(0.975 * len(values))]) if values else (0.0, 1.0)
        out[name] = {"value": round(measure(kept), 4), "low": round(low, 4), "high": round(high, 4), "n": len(kept)}
    return out


def _per_class(records: Sequence[Labelled], answers: Sequence[Answer]) -> dict[str, dict[str, dict[str, float]]]:
    """F1 and support of every class of every head; no class under 30 positives should be read as a figure."""

    def table(names: Sequence[str], gold: list[str], said: list[str]) -> dict[str, dict[str, float]]:
        scores = f1_score(gold, said, labels=list(names), average=None, zero_division=0) if gold else [0.0] * len(names)
        return {name: {"f1": round(float(score), 4), "n": gold.count(name)} for name, score in zip(names, scores, strict=True)}

    told = [i for i, r in enumerate(records) if r.passages]
    codes = {}
    for code in VERBATIM_TASKS["codes"]:
        gold = np.array([code in r.codes for r in records])
        codes[code] = {"f1": round(float(f1_score(gold, [code in a["codes"] for a in answers], zero_division=0)), 4), "n": int(gold.sum())}
    return {
        "sentiment": table(SENTIMENTS, [r.sentiment for r in records], [a["sentiment"] for a in answers]),
        "codes": codes,
        "valued": {
            "valued": {
                "f1": round(float(f1_score([r.valued for r in records], [a["valued"] for a in answers], zero_division=0)), 4),
                "n": sum(r.valued for r in records),
            }
        },
        "stage": table(VERBATIM_TASKS["stage"], [r.stage for r in records], [a["stage"] for a in answers]),
        "dimension": table(
            VERBATIM_TASKS["dimension"], [records[i].passages[0].dimension or NONE for i in told], [answers[i]["dimension"] for i in told]
        ),
        "gap_cue": table(VERBATIM_TASKS["gap_cue"], [str(records[i].passages[0].gap or NONE) for i in told], [answers[i]["gap_cue"] for i in told]),
    }


def calibration_error(p: Array, correct: Array, bins: int = 10) -> float:
    """Expected calibration error over bins of equal size: mean gap between confidence and accuracy (Naeini et al. 2015).

    Args:
        p: Confidence of each answer. *Shape:* (n,).
        correct: Whether it was right (or the event happened). *Shape:* (n,).
        bins: Of equal count.
    """
    order = np.argsort(p, kind="stable")
    return float(
        sum(len(part) / len(p) * abs(p[part].mean() - correct[part].mean()) for part in np.array_split(order, min(bins, len(p))) if len(part))
    )


def _calibration(records: Sequence[Labelled], answers: Sequence[Answer]) -> dict[str, float]:
    told = [i for i, r in enumerate(records) if r.passages and answers[i]["dimension"] is not None]
    pairs: dict[str, tuple[list[float], list[bool]]] = {
        "sentiment": (
            [max(a["p_sentiment"].values()) for a in answers],
            [max(a["p_sentiment"], key=a["p_sentiment"].__getitem__) == r.sentiment for r, a in zip(records, answers, strict=True)],
        ),
        "not_valued": ([a["p_not_valued"] for a in answers], [r.not_valued for r in records]),
        "stage": ([a["p_stage"] for a in answers], [a["stage"] == r.stage for r, a in zip(records, answers, strict=True)]),
        "dimension": (
            [answers[i]["p_dimension"] for i in told],
            [answers[i]["dimension"] == (records[i].passages[0].dimension or NONE) for i in told],
        ),
        "gap_cue": ([answers[i]["p_gap_cue"] for i in told], [answers[i]["gap_cue"] == str(records[i].passages[0].gap or NONE) for i in told]),
    }
    return {name: round(calibration_error(np.array(p), np.array(ok)), 4) for name, (p, ok) in pairs.items() if p}


def tfidf_answers(train: Sequence[Labelled], test: Sequence[Labelled]) -> list[Answer]:
    """What TF-IDF and logistic regression, trained on the same rows, would answer: words and characters, one model per label.

    A class a label never shows in training is never answered.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    def words(record: Labelled) -> str:
        return " ".join(record.words(i) for i, (_, _, role) in enumerate(record.spans) if role == "customer")

    space = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True, strip_accents="unicode", max_features=60_000),
    )
    x = space.fit_transform([words(r) for r in train])
    z = space.transform([words(r) for r in test])

    def fitted(labels: list[str], rows: list[int]) -> tuple[list[str], Array]:
        if len(set(labels)) == 1:
            return labels[:1], np.ones((len(test), 1))
        model = LogisticRegression(C=4.0, max_iter=300, class_weight="balanced")
        model.fit(x[rows], labels)
        return [str(c) for c in model.classes_], model.predict_proba(z)

    every = list(range(len(train)))
    told = [i for i, r in enumerate(train) if r.passages]
    columns = {
        "sentiment": fitted([r.sentiment for r in train], every),
        "stage": fitted([r.stage for r in train], every),
        "dimension": fitted([train[i].passages[0].dimension or NONE for i in told], told),
        "gap_cue": fitted([str(train[i].passages[0].gap or NONE) for i in told], told),
        "not_valued": fitted([str(r.not_valued) for r in train], every),
        "valued": fitted([str(r.valued) for r in train], every),
    }
    out: list[Answer] = []
    for i in range(len(test)):
        best = {task: (names[int(p[i].argmax())], float(p[i].max())) for task, (names, p) in columns.items()}
        names, p = columns["sentiment"]
        p_nv = float(columns["not_valued"][1][i][columns["not_valued"][0].index("True")]) if "True" in columns["not_valued"][0] else 0.0
        out.append(
            {
                "sentiment": best["sentiment"][0],
                "p_sentiment": dict(zip(names, map(float, p[i]), strict=True)),
                "not_valued": p_nv >= 0.5,
                "p_not_valued": p_nv,
                "codes": (),
                "valued": best["valued"][0] == "True",
                "stage": best["stage"][0],
                "p_stage": best["stage"][1],
                "dimension": best["dimension"][0],
                "p_dimension": best["dimension"][1],
                "gap_cue": best["gap_cue"][0],
                "p_gap_cue": best["gap_cue"][1],
            }
        )
    return out
