"""What changed at a known date: interrupted time series, and the same against a group for whom nothing changed. Pure mathematics on weeks and answers.

Weekly counts are divided by how many verbatims the customer of one has, then regressed: a **segmented negative-binomial** model (a level of its own after,
with the trend through all weeks and without: both must agree), or, with a control, a **binomial** model of the treated group's share of each week, which takes out whatever both groups share
(difference in differences as a ratio of ratios). Intervals are those of the **profile likelihood**, on Student's or Fisher's quantile for the degrees of
freedom, so that a window without a single verbatim still has an upper end. Scores are regressed with errors clustered by customer.

Source: Wagner et al. (2002), "Segmented regression analysis of interrupted time series studies"; Angrist and Pischke (2009), ch. 5; Hilbe (2011);
Breslow (1984); Venzon and Moolgavkar (1988), "A method for computing profile-likelihood-based confidence intervals".
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voc_pipeline.intervals import LEVEL, Floats, Ints
from voc_pipeline.prioritise.base import Bools

LEAST_COUNT = 10
"""Independent verbatims before the window (and of the control, on both sides) from which a change can be told."""
LEAST_ANSWERS = 30
"""Answers on each side from which the change of a mean can be told."""
POWER = 0.8
"""How often a window of the length told would find an effect of the declared size."""
LONGEST = 104
"""Weeks beyond which no window is proposed."""
_FAR = 12.0


@dataclass(frozen=True, slots=True)
class Effect:
    """A change and its 95 % interval: a share of what was to be expected (-0.4: 40 % less), or points of a mean.

    Attributes:
        spread: Extra variance alpha of weekly counts, or the binomial model's scale less 1.
    """

    value: float
    low: float
    high: float
    spread: float = 0.0


def interrupted(counts: Floats, base: Floats, after: Bools, dispersion: float = 1.0, trend: bool = True) -> Effect | None:
    """How much lower or higher a rate is in a window than its trend before would have had it, or than its level before.

    Args:
        counts: Verbatims by week, oldest first. *Shape:* (W,)
        base: What they stand against. *Shape:* (W,)
        after: Which weeks are the window, the last ones. *Shape:* (W,)
        dispersion: Verbatims that the customer of one has, at least 1.
        trend: Whether the trend through all weeks is taken out.

    Returns:
        The change as a share, or None where too little stands before the window.
    """
    import statsmodels.api as sm

    open_ = base > 0
    y, e, x = counts[open_] / dispersion, base[open_], _design(after, trend)[open_]
    inside = x[:, -1] > 0
    if y[~inside].sum() < LEAST_COUNT or inside.sum() < 2 or (~inside).sum() < 4:
        return None
    freedom = len(y) - x.shape[1]
    alpha = _alpha(y, e, x)
    family = sm.families.NegativeBinomial(alpha=alpha) if alpha > 1e-6 else sm.families.Poisson()

    def at(rows: Bools, shift: float) -> float:
        return _deviance(y[rows], x[rows][:, :-1], family, np.log(e[rows]) + shift * x[rows, -1])

    return _profiled(at, y, inside, freedom, 1.0, alpha)


def controlled(treated: Floats, control: Floats, treated_base: Floats, control_base: Floats, after: Bools, dispersion: float = 1.0) -> Effect | None:
    """How much lower or higher a rate is in a window than it would be, had it gone as that of a group for whom nothing changed.

    Args:
        treated, control: Verbatims by week of both groups, oldest first. *Shape:* (W,)
        treated_base, control_base: What they stand against. *Shape:* (W,)
        after: Which weeks are the window. *Shape:* (W,)
        dispersion: Verbatims that the customer of one has, at least 1.

    Returns:
        The change as a share (ratio of ratios, less 1), or None where either group has too little.
    """
    import statsmodels.api as sm

    told = (treated + control > 0) & (treated_base > 0) & (control_base > 0)
    k, c, inside = treated[told] / dispersion, control[told] / dispersion, after[told]
    offset = np.log(treated_base[told] / control_base[told])
    if min(k[~inside].sum(), c[~inside].sum()) < LEAST_COUNT or c[inside].sum() < LEAST_COUNT or (~inside).sum() < 3 or not inside.any():
        return None
    both, one = np.column_stack([k, c]), np.ones((len(k), 1))
    family = sm.families.Binomial()
    design = np.column_stack([one, inside.astype(np.float64)])
    p = _clipped(_fit(both, design if k[inside].sum() > 0 else one, family, offset).fittedvalues)
    n = k + c
    freedom = max(1, len(k) - 2)
    scale = max(1.0, float(((k - n * p) ** 2 / (n * p * (1 - p))).sum()) / freedom)

    def at(rows: Bools, shift: float) -> float:
        return _deviance(both[rows], one[rows], family, offset[rows] + shift * inside[rows])

    return _profiled(at, k, inside, freedom, scale, scale - 1)


def mean_change(values: Floats, clusters: Ints, week: Ints, inside: Bools, treated: Bools | None = None, trend: bool = True) -> Effect | None:
    """How far a mean moved in a window: off its trend, off its level, or against the group for whom nothing changed.

    Args:
        values: Answers. *Shape:* (n,)
        clusters: Customer of each. *Shape:* (n,)
        week: Week of each, oldest 0. *Shape:* (n,)
        inside: Which were given in the window. *Shape:* (n,)
        treated: For whom something changed; None where there is no control. *Shape:* (n,)
        trend: Whether the trend through all weeks is taken out; with a control, both groups share it.

    Returns:
        The difference with errors clustered by customer, or None where a side has fewer than `LEAST_ANSWERS`.

    Source: Cameron and Miller (2015), "A practitioner's guide to cluster-robust inference".
    """
    import statsmodels.api as sm

    sides = [inside, ~inside] if treated is None else [inside & treated, ~inside & treated, inside & ~treated, ~inside & ~treated]
    if min(int(side.sum()) for side in sides) < LEAST_ANSWERS or len(np.unique(clusters)) < LEAST_ANSWERS:
        return None
    effect = inside.astype(np.float64)
    columns = [np.ones(len(values)), *([week - week.mean()] if trend else []), effect]
    if treated is not None:
        columns = [np.ones(len(values)), treated.astype(np.float64), effect, effect * treated]
    codes = np.unique(clusters, return_inverse=True)[1]
    fitted = sm.OLS(values, np.column_stack(columns)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    low, high = fitted.conf_int(alpha=1 - LEVEL)[-1]
    return Effect(float(fitted.params[-1]), float(low), float(high))


def verdict(effect: Effect, target: float) -> str:
    """What an effect says of the change that was declared.

    `met`: it reaches the declared size, and its interval excludes no change. `not_met`: its whole interval falls short of the declared size.
    `cannot_tell`: everything else.

    >>> verdict(Effect(-0.6, -0.8, -0.3), -0.5), verdict(Effect(-0.1, -0.3, 0.2), -0.5), verdict(Effect(-0.3, -0.6, 0.1), -0.5)
    ('met', 'not_met', 'cannot_tell')
    """
    sign = 1 if target > 0 else -1
    value, least, most = sign * effect.value, min(sign * effect.low, sign * effect.high), max(sign * effect.low, sign * effect.high)
    if value >= abs(target) and least > 0:
        return "met"
    return "not_met" if most < abs(target) else "cannot_tell"


def joint(effects: Sequence[Effect], target: float) -> tuple[Effect, str]:
    """The least favourable of several effects, and what all of them say together.

    An irritant is acted upon when it stands high: a trend through the peak would foresee more of it, and any return to normal would look like a success.
    One that falls by itself looks like one against its level. So `met` and `not_met` are told only where trend and level agree.

    >>> joint([Effect(-0.8, -0.9, -0.5), Effect(-0.4, -0.6, 0.1)], -0.5)[1]
    'cannot_tell'
    """
    sign = 1 if target > 0 else -1
    told = {verdict(effect, target) for effect in effects}
    return min(effects, key=lambda effect: (sign * effect.value, sign * effect.low)), told.pop() if len(told) == 1 else "cannot_tell"


def weeks_needed(rate: float, spread: float, target: float, before_weeks: int, control_rate: float | None = None) -> int | None:
    """How long a window would tell a change of a declared size, `POWER` of the time; None if none up to `LONGEST` weeks would.

    Args:
        rate: Independent verbatims a week before it.
        spread: Extra variance of weekly counts.
        target: The change as a share.
        before_weeks: Weeks before it.
        control_rate: Those of the control a week, or None for an interrupted time series.
    """
    from scipy.stats import t

    ratio = max(1 + target, 0.05)
    if rate <= 0 or ratio == 1 or control_rate == 0:
        return None
    for weeks in range(2, LONGEST + 1):
        after = np.arange(before_weeks + weeks) >= before_weeks
        if control_rate is None:
            x, expected = _design(after), np.where(after, rate * ratio, rate)
            weight = expected / (1 + spread * expected)
            variance, freedom = float(np.linalg.inv(x.T @ (x * weight[:, None]))[2, 2]), before_weeks + weeks - 3
        else:
            cells = (rate * before_weeks, control_rate * before_weeks, rate * ratio * weeks, control_rate * weeks)
            variance, freedom = (1 + spread) * sum(1 / cell for cell in cells), before_weeks + weeks - 2
        if abs(math.log(ratio)) >= float(t.isf((1 - LEVEL) / 2, freedom) + t.isf(1 - POWER, freedom)) * math.sqrt(variance):
            return weeks
    return None


# ---------------------------------------------------------------- parts


def _design(after: Bools, trend: bool = True) -> Floats:
    """Level, trend (0 in the middle of the window, in years) and the step of the window. *Shape:* (W, 3), or (W, 2) without the trend"""
    week = np.arange(len(after), dtype=np.float64)
    columns = [np.ones(len(after)), (week - week[after].mean()) / 52, after.astype(np.float64)]
    return np.column_stack(columns if trend else columns[::2])


def _alpha(y: Floats, e: Floats, x: Floats) -> float:
    """Extra variance of weekly counts by moments: Var = mu + alpha mu^2."""
    import statsmodels.api as sm
    from scipy.optimize import brentq

    inside = x[:, -1] > 0
    rows = np.ones(len(y), dtype=bool) if y[inside].sum() > 0 else ~inside
    fitted = _fit(y[rows], x[rows] if rows.all() else x[rows][:, :-1], sm.families.Poisson(), np.log(e[rows])).fittedvalues
    mu = np.maximum(fitted, 1e-9)
    freedom = len(mu) - int(x.shape[1]) + int(not rows.all())

    def excess(alpha: float) -> float:
        return float(((y[rows] - mu) ** 2 / (mu + alpha * mu**2)).sum()) - freedom

    return 0.0 if freedom < 1 or excess(0.0) <= 0 else 1e3 if excess(1e3) >= 0 else float(brentq(excess, 0.0, 1e3))


def _profiled(at: Callable[[Bools, float], float], y: Floats, inside: Bools, freedom: int, scale: float, spread: float) -> Effect:
    """The effect whose deviance is least, and those up to Fisher's quantile above it; `at` gives the deviance of some weeks under an effect."""
    from scipy.optimize import brentq, minimize_scalar
    from scipy.stats import f

    every = np.ones(len(y), dtype=bool)
    allowed = float(f.isf(1 - LEVEL, 1, freedom)) * scale
    if y[inside].sum() <= 0:
        least, best = at(~inside, 0.0), -math.inf
    else:
        found = minimize_scalar(lambda shift: at(every, shift), bounds=(-_FAR, _FAR), method="bounded", options={"xatol": 1e-5})
        least, best = float(found.fun), float(found.x)

    def beyond(shift: float) -> float:
        return at(every, shift) - least - allowed

    def end(direction: int) -> float:
        start = best if math.isfinite(best) else -_FAR
        step, far = 0.25, start
        while abs(far - start) < 2 * _FAR:
            near, far = far, far + direction * step
            if beyond(far) > 0:
                return float(brentq(beyond, near, far, xtol=1e-4)) if beyond(near) < 0 else near
            step *= 1.5
        return direction * math.inf

    low = -math.inf if not math.isfinite(best) else end(-1)
    return Effect(math.exp(best) - 1, math.exp(low) - 1, math.exp(min(end(1), _FAR)) - 1, spread)


def _deviance(y: Floats, x: Floats, family: Any, offset: Floats) -> float:
    return float(_fit(y, x, family, offset).deviance)


def _fit(y: Floats, x: Floats, family: Any, offset: Floats) -> Any:
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import DomainWarning, PerfectSeparationWarning

    with warnings.catch_warnings(), np.errstate(over="ignore"):  # far from the best effect a share is 0 to the last digit
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # weeks all alike fit exactly, which is no trouble here
        warnings.simplefilter("ignore", DomainWarning)
        return sm.GLM(y, x, family=family, offset=offset).fit()


def _clipped(p: Floats) -> Floats:
    return np.clip(p, 1e-9, 1 - 1e-9)
