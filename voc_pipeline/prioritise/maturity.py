"""What of the maturity of customer experience can be measured from the voice of customers alone (codebook 6), and the six pillars as a reading of it.

Culture, leadership, mandate and governance cannot be: nothing is said of them. The pillars are a mapping for reading, not a KPMG CEE score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline.intervals import LEVEL, Estimates, Floats, Ints
from voc_pipeline.prioritise.base import Base, Bools, figure, read_base, rounded, share_of
from voc_pipeline.schema import SMALL_BASE, Dimension, Gap, IrritantKind, Metric, NotValuedCode, Sentiment, Telling, Voice

DRAWS, SEED = 2000, 7
"""Of the interval of a spread."""


@dataclass(frozen=True, slots=True)
class Pillar:
    """What speaks against a pillar, and what speaks for it, in the codebook's labels."""

    name: str
    codes: tuple[NotValuedCode, ...] = ()
    gaps: tuple[Gap, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    stages: tuple[str, ...] = ()
    valued: bool = False
    repaired: bool = False


PILLARS = (
    Pillar("personalisation", (NotValuedCode.JUST_A_NUMBER, NotValuedCode.LOYALTY_UNREWARDED), dimensions=(Dimension.EMPATHY,), valued=True),
    Pillar("integrity", (NotValuedCode.BROKEN_PROMISE,), (Gap.COMMUNICATION,), (Dimension.ASSURANCE,)),
    Pillar("expectations", (), (Gap.COMMUNICATION, Gap.KNOWLEDGE)),
    Pillar("resolution", stages=("claim", "support"), repaired=True),
    Pillar("time_and_effort", (NotValuedCode.REPEAT_SELF, NotValuedCode.PASSED_AROUND), stages=("transition",)),
    Pillar("empathy", (NotValuedCode.INDIFFERENCE, NotValuedCode.NOT_HEARD, NotValuedCode.DISRESPECT)),
)
"""The codebook's table: pillar to codes, gaps, dimensions and stages."""


def maturity_figures(
    voices: Sequence[Voice],
    tellings: Sequence[Telling],
    kinds: Mapping[str, IrritantKind],
    channels: Collection[str],
    answered: Mapping[str, bool],
    stages: Mapping[str, str],
) -> list[Metric]:
    """Scopes `maturity`, `gap_mix` and `pillar`; floats of 6 decimals.

    Args:
        voices: Verbatims of the run.
        tellings: Which tells which irritant.
        kinds: Of every record told.
        channels: Those the company declares; "" or none, and coverage is left out.
        answered: Of each chat, whether somebody of the company answered.
        stages: The codebook's stage of each own stage of the journey.
    """
    base = read_base(voices, tellings, kinds)
    metrics = [*_coverage(base, channels), *_answered(base, answered), *_repaired(base), *_spread(base)]
    metrics += [*_gap_mix(base), *_pillars(base, stages)]
    return sorted((rounded(metric) for metric in metrics), key=lambda metric: (metric.scope, metric.key, metric.name))


def _coverage(base: Base, channels: Collection[str]) -> Iterator[Metric]:
    """Share of the declared channels that speak loud enough to be read."""
    declared = sorted(set(channels))
    if declared:
        told = [voice.channel for voice in base.voices]
        heard = [channel for channel in declared if told.count(channel) >= SMALL_BASE]
        detail: dict[str, object] = {"heard": heard, "silent": [channel for channel in declared if channel not in heard], "least": SMALL_BASE}
        yield Metric("maturity", "", "channel_coverage", len(heard) / len(declared), n=len(declared), detail=detail)


def _answered(base: Base, answered: Mapping[str, bool]) -> Iterator[Metric]:
    rows = np.array([row for row, voice in enumerate(base.voices) if voice.verbatim_id in answered], dtype=np.int64)
    marks = np.array([answered[base.voices[row].verbatim_id] for row in rows], dtype=bool)
    yield from figure("maturity", "", "answered_share", share_of(marks, base.clusters[rows]))


def _repaired(base: Base) -> Iterator[Metric]:
    """Of the verbatims that tell of not being valued, those where the company then mended it."""
    rows = np.flatnonzero(base.marks["share_not_valued"])
    yield from figure(
        "maturity", "", "repaired_share", share_of(np.array([base.voices[row].repaired for row in rows], dtype=bool), base.clusters[rows])
    )


def _spread(base: Base) -> Iterator[Metric]:
    """How differently channels make customers feel not valued: the standard deviation between them, with its interval, and whether chance would do as much."""
    named = np.array([voice.channel for voice in base.voices], dtype=object)
    shares: dict[str, Estimates] = {}
    for channel in sorted(set(named)):
        rows = np.flatnonzero(named == channel)
        if len(rows) >= SMALL_BASE:
            shares[channel] = share_of(base.marks["share_not_valued"][rows], base.clusters[rows])
    if len(shares) < 2:
        return
    value = np.array([float(own.value[0]) for own in shares.values()])
    n = np.array([float(own.effective_n[0]) for own in shares.values()])
    detail: dict[str, object] = {name: float(own.value[0]) for name, own in shares.items()}
    spread, low, high, p_value = spread_of(value, n)
    yield Metric("maturity", "", "not_valued_spread", spread, low, high, len(shares), {"channels": detail, "p_value": p_value})


def spread_of(value: Floats, n: Floats) -> tuple[float, float, float, float]:
    """Standard deviation between groups' shares, weighed by their bases, without what chance adds to it; its interval; and the p-value of none.

    The interval holds the spreads of what each share may truly be (its Beta posterior under Jeffreys' prior, by its own base), around the shares as they were
    seen and around them drawn together by what chance adds; it begins at 0 where chance alone would do as much.

    Args:
        value: Share of each group, 0 to 1. *Shape:* (n_groups,).
        n: Effective base of each. *Shape:* (n_groups,).

    Returns:
        Spread, low, high, p-value of a chi-square of homogeneity.
    """
    from scipy.stats import chi2

    weight = n / n.sum()
    mean = float((value * weight).sum())
    if not 0 < mean < 1:
        return 0.0, 0.0, 0.0, 1.0
    seen = float((weight * (value - mean) ** 2).sum())
    floor = 0.5 / n * (1 - 0.5 / n)
    noise = float((weight * (1 - weight) * np.maximum(value * (1 - value), floor) / n).sum())
    spread = float(np.sqrt(max(0.0, seen - noise)))
    p_value = float(chi2.sf(seen * n.sum() / (mean * (1 - mean)), len(n) - 1))
    drawn = np.random.default_rng(SEED).beta(value * n + 0.5, (1 - value) * n + 0.5, size=(DRAWS, len(n)))
    together = mean + (value - mean) * (spread / np.sqrt(seen) if seen else 0.0) + drawn - drawn.mean(0)
    found = [_spreads(drawn, weight), np.sqrt(np.maximum(0.0, _spreads(together, weight) ** 2 - noise))]
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = (float(end([np.quantile(one, tail) for one in found])) for end, tail in zip((min, max), tails, strict=True))
    return spread, min(low, spread) if p_value < 1 - LEVEL else 0.0, max(high, spread), p_value


def _spreads(shares: Floats, weight: Floats) -> Floats:
    """Weighed standard deviation of each row. *Shape:* (n_draws, n_groups) to (n_draws,)."""
    spreads: Floats = np.sqrt((weight * (shares - (shares * weight).sum(-1, keepdims=True)) ** 2).sum(-1))
    return spreads


def _gap_mix(base: Base) -> Iterator[Metric]:
    """Share of each gap cue among the tellings of a quarter that carry one."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for kind, rows, told in zip(base.kinds, base.rows_of, base.told_of, strict=True):
        for row, telling in zip(rows, told, strict=True):
            at = base.voices[row].date
            if at is not None and telling.gap_cue and kind is IrritantKind.IRRITANT:
                found[f"{at.year}-Q{(at.month + 2) // 3}"].append((int(telling.gap_cue), int(base.clusters[row])))
    for quarter, cues in sorted(found.items()):
        gaps, clusters = (np.array([cue[side] for cue in cues], dtype=np.int64) for side in (0, 1))
        for gap in Gap:
            yield from figure("gap_mix", f"{quarter}={int(gap)}", "share", share_of(gaps == int(gap), clusters))


def _pillars(base: Base, stages: Mapping[str, str]) -> Iterator[Metric]:
    for pillar in PILLARS:
        yield from figure("pillar", pillar.name, "share_against", share_of(_against(base, pillar, stages), base.clusters))
        if pillar.valued:
            yield from figure("pillar", pillar.name, "share_for", share_of(base.marks["share_valued"], base.clusters))
        if pillar.repaired:
            mended = np.array([voice.repaired for voice in base.voices], dtype=bool)
            yield from figure("pillar", pillar.name, "share_for", share_of(mended, base.clusters))


def _against(base: Base, pillar: Pillar, stages: Mapping[str, str]) -> Bools:
    """Which verbatims speak against a pillar: by a code, by a gap or dimension of what they tell, or, being negative, by their stage."""
    marks = np.array(
        [
            any(code in pillar.codes for code in voice.not_valued_codes)
            or (voice.sentiment is Sentiment.NEGATIVE and stages.get(voice.stage, voice.stage) in pillar.stages)
            for voice in base.voices
        ],
        dtype=bool,
    )
    for kind, rows, told in zip(base.kinds, base.rows_of, base.told_of, strict=True):
        if kind is IrritantKind.IRRITANT:
            marks[_rows_that(rows, told, pillar)] = True
    return marks


def _rows_that(rows: Ints, told: Sequence[Telling], pillar: Pillar) -> Ints:
    kept = [t.gap_cue in pillar.gaps or t.dimension in pillar.dimensions for t in told]
    return rows[np.array(kept, dtype=bool)] if len(rows) else rows
