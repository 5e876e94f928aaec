"""Declared moments of truth, put to the test: does a bad experience cost more of the score at that stage than elsewhere?

Two tests a stage and score, both an interaction in a least-squares model clustered by customer, channel held equal: of the stage with how severe the
verbatim is, and of the stage with not being valued. Severity here is what is said alone (0.4 negative, 0.3 intensity of not being valued, over 0.7),
never the score itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from voc_pipeline.intervals import Contrast, Floats, q_values
from voc_pipeline.prioritise.base import Base, recoded
from voc_pipeline.prioritise.design import Design
from voc_pipeline.prioritise.drivers import fit
from voc_pipeline.prioritise.leaving import channels_of, independent, respondent_flags
from voc_pipeline.schema import OUTCOMES, SMALL_BASE, Metric, Sentiment, Voice

LEAST_CELL = 10
"""Respondents of the stage on each side of not being valued."""
WITH = ("severity", "not_valued")


def moment_figures(base: Base, stages: Sequence[str], q_value: float) -> list[Metric]:
    """Figures of scope `moment`, key `<stage>=<score>`, names `with_severity` and `with_not_valued`.

    The value is what the score loses more (negative) at that stage than elsewhere, between the mildest and the most severe, or between valued and not.
    Detail: both slopes, bases, the q-value over all of them, and a `verdict`: `holds`, `not_shown`, or `cannot_tell` where bases are too small.

    Args:
        base: The verbatims.
        stages: Stages declared as moments of truth.
        q_value: From which a test is shown.
    """
    found = [(f"{stage}={name}", f"with_{kind}", *one) for stage in stages for name in OUTCOMES for kind, one in _tests(base, stage, name)]
    metrics = []
    for (key, name, contrast, n, detail), q in zip(found, q_values([None if one[4]["few"] else one[2].p_value for one in found]), strict=True):
        holds = q is not None and q <= q_value and contrast.value < 0
        verdict = "cannot_tell" if detail.pop("few") else "holds" if holds else "not_shown"
        metrics.append(Metric("moment", key, name, contrast.value, contrast.low, contrast.high, n, {**detail, "q_value": q, "verdict": verdict}))
    return metrics


def _tests(base: Base, stage: str, name: str) -> Iterator[tuple[str, tuple[Contrast, int, dict[str, object]]]]:
    answers = base.answers[name]
    n = len(answers.values)
    if not n:
        return
    there = respondent_flags(base, name, np.array([voice.stage == stage for voice in base.voices], dtype=bool))
    n_there = int(there.sum())
    for kind in WITH:
        bad = _severity(base, name) if kind == "severity" else respondent_flags(base, name, base.marks["share_not_valued"])
        inside = bad[there == 1]
        cells = (n_there, n_there) if kind == "severity" else (int(inside.sum()), n_there - int(inside.sum()))
        few = min(n_there, n - n_there) < SMALL_BASE or min(cells) < LEAST_CELL or float(np.ptp(inside)) == 0.0
        detail: dict[str, object] = {"n_elsewhere": n - n_there, "cells": list(cells), "few": few}
        columns = np.column_stack([there, bad, there * bad])
        if few or np.linalg.matrix_rank(np.column_stack([np.ones(n), columns])) < 4 or float(np.ptp(answers.values)) == 0.0:
            yield kind, (Contrast(0.0, None, None, None), n_there, {**detail, "few": True})
            continue
        controls = independent([there, bad, there * bad], channels_of(base, name))
        model = fit(answers.values, Design(("stage", "bad", "both"), columns, controls, (), (), recoded(answers.clusters)))
        elsewhere, more = model.effects[1], model.effects[2]
        detail |= {"slope_elsewhere": elsewhere.value, "slope_there": elsewhere.value + more.value, "p_value": more.p_value}
        yield kind, (more, n_there, detail)


def _severity(base: Base, name: str) -> Floats:
    """The most severe thing each respondent says, in [0, 1]. *Shape:* (respondents,)"""
    answers = base.answers[name]
    said = np.array([spoken(voice) for voice in base.voices])
    out = np.zeros(len(answers.values))
    kept = answers.of_row >= 0
    np.maximum.at(out, answers.of_row[kept], said[kept])
    return out


def spoken(voice: Voice) -> float:
    """How severe what a verbatim says is, whatever score stands beside it."""
    negative = 1.0 if voice.sentiment is Sentiment.NEGATIVE else 0.5 if voice.sentiment is Sentiment.MIXED else 0.0
    return (0.4 * negative + 0.3 * (min(voice.intensity, 3) / 3 if voice.not_valued else 0.0)) / 0.7
