"""What changed since the last run, and whether it is more than noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voc_pipeline.config import Priority
from voc_pipeline.intervals import q_values, shift
from voc_pipeline.prioritise.base import Base
from voc_pipeline.schema import Metric

RUN_FIGURES = ("share_negative", "share_positive", "share_not_valued", "share_valued", "net_regard", "nps")


def change_figures(metrics: Sequence[Metric], base: Base, previous: Sequence[Metric], settings: Priority) -> Iterator[Metric]:
    """Differences to the last run: `previous_mentions`, `previous_rank` and `change_share` of irritants, `change_<figure>` of the run.

    Two runs share most of their verbatims; what they share cannot move a difference and is taken out of its variance. q-values run over all
    irritants, and over the run's own figures.
    """
    now = {(metric.scope, metric.key, metric.name): metric for metric in metrics}
    before = {(metric.scope, metric.key, metric.name): metric for metric in previous}
    day = before[whole].detail.get("as_of") if (whole := ("run", "", "n_verbatims")) in before else None
    shared = base.share_without_date_after(day) if isinstance(day, str) else 0.0  # unknown day: as if none were shared, the wider interval
    for irritant_id in base.ids:
        for name in ("mentions", "rank"):
            if (old := before.get(("irritant", irritant_id, name))) is not None:
                yield Metric("irritant", irritant_id, f"previous_{name}", old.value, n=old.n)
    for keys in ([("irritant", irritant_id, "share") for irritant_id in base.ids], [("run", "", name) for name in RUN_FIGURES]):
        yield from _moved(
            [(now[key], before[key]) for key in keys if key in now and key in before and now[key].n and before[key].n], shared, settings
        )


def _moved(pairs: Sequence[tuple[Metric, Metric]], shared: float, settings: Priority) -> Iterator[Metric]:
    scales = [100.0 if new.name == "nps" else 1.0 for new, _ in pairs]
    contrasts = [
        shift((new.value / scale, new.n, _number(new, "effective_n", new.n)), (old.value / scale, old.n), round(shared * new.n), _variance(new, old))
        for (new, old), scale in zip(pairs, scales, strict=True)
    ]
    for (new, old), scale, contrast, q in zip(pairs, scales, contrasts, q_values([contrast.p_value for contrast in contrasts]), strict=True):
        low, high = (None if bound is None else bound * scale for bound in (contrast.low, contrast.high))
        detail = {"previous": old.value, "p_value": contrast.p_value, "q_value": q, "more_than_noise": q is not None and q <= settings.q_value}
        yield Metric(new.scope, new.key, f"change_{new.name}", contrast.value * scale, low, high, new.n, detail)


def _variance(new: Metric, old: Metric) -> float:
    """Of one row: a share's from both bases pooled, a balance's from the present one."""
    if new.name == "nps":
        up, down = (_number(new, name, 0.0) / new.n for name in ("promoters", "detractors"))
        return up + down - (up - down) ** 2
    pooled = (new.value * new.n + old.value * old.n) / (new.n + old.n)
    return _number(new, "variance", pooled * (1 - pooled))


def _number(metric: Metric, name: str, otherwise: float) -> float:
    value: Mapping[str, object] | object = metric.detail.get(name, otherwise)
    return float(value) if isinstance(value, int | float) else otherwise
