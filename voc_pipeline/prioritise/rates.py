"""Rates of events over a base, and how much weekly counts vary beyond chance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from voc_pipeline.intervals import LEVEL, Contrast, Floats
from voc_pipeline.prioritise.base import Bools


def rate(count: int, base: float, dispersion: float = 1.0) -> tuple[float, float, float]:
    """Events over a base such as contacts, with the exact interval of a Poisson count.

    Args:
        count: Verbatims.
        base: What they stand against, above 0.
        dispersion: Verbatims that the customer of one has, at least 1: the interval is that of so many independent ones.

    Returns:
        (rate, low, high).

    Source: Garwood (1936), "Fiducial limits for the Poisson distribution".
    """
    from statsmodels.stats.rates import confint_poisson

    low, high = confint_poisson(count / dispersion, base / dispersion, method="exact-c", alpha=1 - LEVEL)
    value = count / base
    return value, min(value, max(0.0, float(np.nan_to_num(low)))), max(value, float(high))


def common_dispersion(counts: Sequence[Floats], base: Floats, recent: Bools) -> float:
    """The extra variance of weekly counts that many records share: alpha of Var = mu + alpha mu^2, each record with a rate of its own in both windows.

    Args:
        counts: Counts of each record by week. *Shape:* (W,) each.
        base: *Shape:* (W,)
        recent: *Shape:* (W,)

    Returns:
        Moment estimate, 0 where counts vary no more than chance has them; 0 without a record.

    Source: Breslow (1984), "Extra-Poisson variation in log-linear models"; Robinson and Smyth (2007), "Moderated statistical tests".
    """
    from scipy.optimize import brentq

    if not counts:
        return 0.0
    expected = [_two_rates(y, base, recent) for y in counts]
    freedom = len(counts) * (len(base) - 2)

    def excess(alpha: float) -> float:
        return float(sum(((y - mu) ** 2 / (mu + alpha * mu**2)).sum() for y, mu in zip(counts, expected, strict=True))) - freedom

    most = 1e3
    return 0.0 if excess(0.0) <= 0 else most if excess(most) >= 0 else float(brentq(excess, 0.0, most))


def _two_rates(counts: Floats, base: Floats, recent: Bools) -> Floats:
    """Counts expected of one rate in each window; a quarter of an event where a window has none."""
    expected = np.empty(len(counts))
    for side in (recent, ~recent):
        expected[side] = base[side] * max(float(counts[side].sum()), 0.25) / base[side].sum()
    return expected


def negative_binomial_ratio(counts: Floats, base: Floats, recent: Bools, common: float = 0.0, trust: int = 0) -> tuple[Contrast, float]:
    """Rate in the recent weeks over the rate before, by negative-binomial regression of weekly counts offset by their base.

    Args:
        counts: Events by week, some in either window; need not be whole (independent counts). *Shape:* (W,)
        base: Above 0. *Shape:* (W,)
        recent: *Shape:* (W,)
        common: Extra variance alpha that many records share.
        trust: Weeks that `common` is worth beside the W - 2 of the record itself.

    Returns:
        (ratio with its interval and p-value from Student's t on W - 2 + `trust` degrees of freedom, alpha used: the mean of both, weighted by them).

    Source: Hilbe (2011), "Negative Binomial Regression"; Smyth (2004) for degrees of freedom lent by a variance that many share.
    """
    import statsmodels.api as sm
    from scipy.stats import t
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    own = len(counts) - 2
    freedom = own + trust
    alpha = (own * common_dispersion([counts], base, recent) + trust * common) / freedom
    family = sm.families.NegativeBinomial(alpha=alpha) if alpha > 1e-6 else sm.families.Poisson()
    model = sm.GLM(counts, sm.add_constant(recent.astype(np.float64)), family=family, offset=np.log(base))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # weeks all alike fit exactly, which is no trouble here
        fitted = model.fit()
    slope, error = float(fitted.params[1]), float(fitted.bse[1])
    half = float(t.isf((1 - LEVEL) / 2, freedom)) * error
    bounds = (float(np.exp(slope - half)), float(np.exp(slope + half)))
    return Contrast(float(np.exp(slope)), *bounds, float(2 * t.sf(abs(slope) / error, freedom))), alpha
