"""What goes with not being valued: leaving, and lower scores, measured on the company's own verbatims with negativity and channel held equal.

The claim that customers who feel unappreciated leave is tested here, never assumed. Both sides are read in the same text, so that this is association: it
says what customers say together, not what one does to the other, nor who will leave.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voc_pipeline.intervals import LEVEL, Contrast, Floats, Ints, q_values, share_ratio
from voc_pipeline.prioritise.base import Base, Bools, figure, recoded, share_of
from voc_pipeline.prioritise.design import Design
from voc_pipeline.prioritise.drivers import fit
from voc_pipeline.schema import OUTCOMES, SMALL_BASE, Metric, Sentiment

LEAST_EVENTS = 5
"""Verbatims that leave, on either side, from which a ratio is told."""


def leaving_figures(base: Base, q_value: float = 0.10) -> list[Metric]:
    """Figures `share_leaving` of the run, `leaving_rate` of irritants, and of scope `regard_effect` what goes with not being valued.

    `regard_effect` has the keys `leaving` (how many times more often, adjusted) and `nps`, `csat`, `stars` (difference of score, adjusted). Their detail
    holds the plain contrast, both bases, the q-value over the four, and a `verdict`: `more` / `less` (leaving), `lower` / `higher` (scores), `not_shown`,
    or `too_few`.
    """
    marked = np.array([voice.leaving for voice in base.voices], dtype=bool)
    metrics = list(figure("run", "", "share_leaving", share_of(marked, base.clusters), {"verbatims": int(marked.sum())}))
    for irritant_id, rows in zip(base.ids, base.rows_of, strict=True):
        told = {"verbatims": int(marked[rows].sum())}
        metrics += figure("irritant", irritant_id, "leaving_rate", share_of(marked[rows], recoded(base.clusters[rows])), told)
    found = [*_on_leaving(base, marked), *(one for name in OUTCOMES for one in _on_score(base, name))]
    for (key, contrast, n, detail), q in zip(found, q_values([contrast.p_value for _, contrast, _, _ in found]), strict=True):
        few = detail.pop("few")
        shown = q is not None and q <= q_value
        up, down = ("more", "less") if key == "leaving" else ("higher", "lower")
        way = up if contrast.value > (1 if key == "leaving" else 0) else down
        detail |= {"p_value": contrast.p_value, "q_value": q, "verdict": "too_few" if few else way if shown else "not_shown"}
        metrics.append(Metric("regard_effect", key, "effect", contrast.value, contrast.low, contrast.high, n, detail))
    return metrics


Found = tuple[str, Contrast, int, dict[str, object]]


def _on_leaving(base: Base, leaves: Bools) -> Iterator[Found]:
    """How many times more often those who are not valued say that they leave."""
    felt = base.marks["share_not_valued"]
    if not felt.any() or felt.all() or not leaves.any():
        return
    inside, outside = (share_of(leaves[side], recoded(base.clusters[side])) for side in (felt, ~felt))
    plain = share_ratio(*((float(side.value[0]), float(side.effective_n[0])) for side in (inside, outside)))
    events = int((leaves & felt).sum()), int((leaves & ~felt).sum())
    detail: dict[str, object] = {
        "plain": plain.value,
        "plain_low": plain.low,
        "plain_high": plain.high,
        "rate_with": float(inside.value[0]),
        "rate_without": float(outside.value[0]),
        "n_with": inside.n,
        "n_without": outside.n,
        "events_with": events[0],
        "events_without": events[1],
        "adjusted_for": ["sentiment", "channel"],
        "few": min(events) < LEAST_EVENTS or min(inside.n, outside.n) < SMALL_BASE,
    }
    adjusted = None if detail["few"] else adjusted_ratio(leaves, felt, _strata(base, leaves), recoded(base.clusters))
    if adjusted is None:
        detail["few"] = True
    yield "leaving", adjusted or Contrast(plain.value, plain.low, plain.high, None), inside.n, detail


def _strata(base: Base, leaves: Bools) -> list[Bools]:
    """Levels of sentiment and channel in which somebody leaves."""
    levels = [base.marks[f"share_{sentiment}"] for sentiment in Sentiment]
    channels = sorted({voice.channel for voice in base.voices})
    levels += [np.array([voice.channel == channel for voice in base.voices], dtype=bool) for channel in channels]
    return [level for level in levels if level.any()]


def adjusted_ratio(events: Bools, marked: Bools, strata: list[Bools], clusters: Ints) -> Contrast | None:
    """How many times more often an event comes with a mark, levels of other things held equal: modified Poisson regression, clustered by customer.

    Rows of a level without any event say nothing of a ratio and are left out.

    Args:
        events: *Shape:* (n,)
        marked: *Shape:* (n,)
        strata: Levels to hold equal. *Shape:* (n,) each
        clusters: Customer of each row. *Shape:* (n,)

    Returns:
        None where what is left cannot tell both sides apart.

    Source: Zou (2004), "A modified Poisson regression approach to prospective studies with binary data".
    """
    import statsmodels.api as sm
    from scipy.stats import t

    kept = np.ones(len(events), dtype=bool)
    for level in strata:
        if not events[level].any():
            kept &= ~level
    columns: list[Floats] = [np.ones(int(kept.sum())), marked[kept].astype(np.float64)]
    for level in strata:
        column = level[kept].astype(np.float64)
        if np.linalg.matrix_rank(np.column_stack([*columns, column])) > len(columns):
            columns.append(column)
    table = np.column_stack(columns)
    if min((events[kept] & marked[kept]).sum(), (events[kept] & ~marked[kept]).sum()) < LEAST_EVENTS or np.linalg.matrix_rank(table) < table.shape[1]:
        return None
    groups = recoded(clusters[kept])
    if len(np.unique(groups)) < 2 or events[kept].all():
        return None
    fitted = sm.GLM(events[kept].astype(np.float64), table, family=sm.families.Poisson()).fit(cov_type="cluster", cov_kwds={"groups": groups})
    value, error = float(fitted.params[1]), float(fitted.bse[1])
    if not error > 1e-9:
        return None
    sides = (len(np.unique(groups[marked[kept] == side])) for side in (False, True))
    freedom = max(1, min(sides) - 1)
    half = float(t.isf((1 - LEVEL) / 2, freedom)) * error
    return Contrast(float(np.exp(value)), float(np.exp(value - half)), float(np.exp(value + half)), float(2 * t.sf(abs(value) / error, freedom)))


def _on_score(base: Base, name: str) -> Iterator[Found]:
    """What a score differs by beside not being valued: plain, then with negativity and channel held equal."""
    answers = base.answers[name]
    n = len(answers.values)
    if not n or float(np.ptp(answers.values)) == 0.0:
        return
    flag = respondent_flags(base, name, base.marks["share_not_valued"])
    n_with = int(flag.sum())
    if not 0 < n_with < n:
        return
    held = [respondent_flags(base, name, base.marks[f"share_{sentiment}"]) for sentiment in (Sentiment.NEGATIVE, Sentiment.MIXED)]
    plain, adjusted = (
        fit(answers.values, Design(("not_valued",), flag[:, None], controls, (), (), recoded(answers.clusters))).effects[0]
        for controls in (np.zeros((n, 0)), independent([flag], [*held, *channels_of(base, name)]))
    )
    detail: dict[str, object] = {
        "plain": plain.value,
        "plain_low": plain.low,
        "plain_high": plain.high,
        "mean_with": float(answers.values[flag == 1].mean()),
        "mean_without": float(answers.values[flag == 0].mean()),
        "n_with": n_with,
        "n_without": n - n_with,
        "adjusted_for": ["sentiment", "channel"],
        "few": min(n_with, n - n_with) < SMALL_BASE,
    }
    yield name, adjusted, n_with, detail


def respondent_flags(base: Base, name: str, marked: Bools) -> Floats:
    """1 for respondents of a score one of whose verbatims bears a mark. *Shape:* (respondents,)"""
    answers = base.answers[name]
    column = np.zeros(len(answers.values))
    who = answers.of_row[np.flatnonzero(marked)]
    column[who[who >= 0]] = 1.0
    return column


def channels_of(base: Base, name: str) -> list[Floats]:
    """A column for each channel that respondents of a score used."""
    channels = sorted({voice.channel for voice in base.voices})
    return [respondent_flags(base, name, np.array([voice.channel == channel for voice in base.voices], dtype=bool)) for channel in channels]


def independent(first: list[Floats], controls: list[Floats]) -> Floats:
    """Those of the controls that a constant and the columns before them do not tell already. *Shape:* (n, kept)"""
    columns = [np.ones(len(first[0])), *first]
    kept: list[Floats] = []
    for column in controls:
        if np.linalg.matrix_rank(np.column_stack([*columns, *kept, column])) > len(columns) + len(kept):
            kept.append(column)
    return np.column_stack(kept) if kept else np.zeros((len(first[0]), 0))
