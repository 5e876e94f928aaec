"""Counts, intervals, trend, drivers and rank: pure statistics over voices and tellings, no words, no model.

**Priority** of an irritant, in [0, 1], is sum(weight x part) / sum(weight), each part in [0, 1] and stored:

- `volume`: its share of verbatims over the largest share among irritants.
- `customers`: customers it touches over the largest number among irritants.
- `severity`: mean over its verbatims of 0.4 probability of negative + 0.3 intensity of not being valued / 3 + 0.3 outcome, where the outcome is 1
  when the customer leaves, else how low the score is on its scale; without either, the two others share its weight.
- `not_valued`: lower bound of the share of its verbatims that say they are not valued.
- `trend`: log2 of the lower bound of the rate ratio over log2 8: 0 until growth is shown, 1 when it is eightfold at least.
- `impact`: lower bound of the drop of NPS, CSAT or stars beside it, the largest, over half the scale.

Lower bounds make a rank stand on what is shown, not on small bases. Beside it, `rank` carries the plain frequency x severity rank and the
codebook's order (lower bound of recoverable points in the adjusted model, then trend, then not valued), and flags where they disagree, so that rare-but-grave survives.

Records roll up to themes, stages and departments (`rollups`): unions of verbatims, never sums.

Every count is of verbatims, or of customers where it says so. Every interval is 95 %, clustered by customer (see `intervals`); a verbatim of an
unknown customer is a customer of its own. Scores count once per respondent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from voc_pipeline.config import Priority
from voc_pipeline.prioritise.base import SCALES, read_base, rounded, scales_of
from voc_pipeline.prioritise.changes import change_figures
from voc_pipeline.prioritise.crossed import aspect_figures, crossed_figures
from voc_pipeline.prioritise.crossings import code_figures, crossing_figures, place_figures, regard_figures, run_figures
from voc_pipeline.prioritise.drivers import driver_figures
from voc_pipeline.prioritise.exposure import Contacts, contact_figures
from voc_pipeline.prioritise.irritants import irritant_figures
from voc_pipeline.prioritise.leaving import leaving_figures
from voc_pipeline.prioritise.moments import moment_figures
from voc_pipeline.prioritise.rank import rank_figures
from voc_pipeline.prioritise.rollups import rollup_figures
from voc_pipeline.prioritise.swaps import swap_figures
from voc_pipeline.schema import IrritantKind, Metric, Telling, Voice

__all__ = ["SCALES", "coverage", "measure", "scales_of", "swap_figures"]


def measure(
    voices: Sequence[Voice],
    tellings: Sequence[Telling],
    settings: Priority,
    as_of: date,
    kinds: Mapping[str, IrritantKind],
    previous: Sequence[Metric] = (),
    *,
    leaving: Collection[str] = ("leave",),
    scales: Mapping[str, tuple[float, float]] = SCALES,
    contacts: Contacts = MappingProxyType({}),
    moments: Sequence[str] = (),
    themes: Mapping[str, str] = MappingProxyType({}),
    owners: Mapping[str, str] = MappingProxyType({}),
) -> list[Metric]:
    """All figures of a run, from its voices and what each tells.

    Args:
        voices: The base: analysed verbatims of the window, in any order, each once.
        tellings: Which verbatim tells which irritant, in any order; those of a verbatim outside the base are left aside, several of one verbatim and
            irritant count once (the best score).
        settings: Weights of the priority, windows and thresholds of its trend.
        as_of: Last day of the run.
        kinds: Every active irritant, strength and suggestion; one that nobody tells gets its zeros.
        previous: The last run's metrics, to say what changed.
        leaving: Stage ids that mean leaving, the company's own among them.
        scales: Lowest and highest answer of `nps`, `csat`, `ces` and `stars`.
        contacts: Contacts by (month, channel) where the company counts them: rates are then per contact, else per verbatim analysed.
        moments: Stages declared as moments of truth, to be tested.
        themes: Theme of each record, for its roll-up; one that is not there has none.
        owners: Department of each record, likewise.

    Returns:
        Metrics sorted by scope, key and name, floats rounded to 6 decimals: the same whatever the order of the inputs. What has no base is left out.

    Raises:
        ValueError: A verbatim appears twice, or a telling's irritant is not in `kinds`.
    """
    scales = {**SCALES, **scales}
    base = read_base(voices, tellings, kinds)
    irritants, standings = irritant_figures(base, settings, as_of, leaving, scales, contacts)
    metrics = [*run_figures(base, as_of, scales), *crossing_figures(base), *code_figures(base), *place_figures(base), *irritants]
    metrics += regard_figures(base)
    metrics += contact_figures(base, contacts)
    metrics += leaving_figures(base, settings.q_value)
    metrics += moment_figures(base, moments, settings.q_value)
    metrics += aspect_figures(base)
    metrics += crossed_figures(base)
    metrics += rollup_figures(base, settings, as_of, leaving, scales, contacts, themes, owners)
    drivers, bounds = driver_figures(base)
    metrics += drivers
    metrics += rank_figures(base, standings, settings, scales, bounds)
    metrics += change_figures(metrics, base, previous, settings)
    return sorted((rounded(metric) for metric in metrics), key=lambda metric: (metric.scope, metric.key, metric.name))


def coverage(candidates: int, assigned: int, fallback: int) -> list[Metric]:
    """Run figures on negative customer segments: how many went to the registry, how many an irritant claimed, how many only found a nearest one.

    Args:
        candidates: Negative customer segments.
        assigned: Those that an irritant claimed, 0 <= assigned <= candidates.
        fallback: Those not claimed that show a nearest irritant, flagged and never counted.
    """
    unassigned = candidates - assigned
    return [
        Metric("run", "", "n_candidate_segments", candidates, n=candidates),
        Metric("run", "", "n_assigned_segments", assigned, n=candidates),
        Metric(
            "run", "", "unassigned_share", round(unassigned / candidates, 6) if candidates else 0.0, n=candidates, detail={"unassigned": unassigned}
        ),
        Metric("run", "", "fallback_share", round(fallback / candidates, 6) if candidates else 0.0, n=candidates, detail={"fallback": fallback}),
    ]
