"""Do verdicts on actions hold what they promise? Simulated windows: `python -m benchmarks.loop` writes benchmarks/loop.md and loop.json (some minutes).

An irritant is told so many times a week for 26 weeks, then in a window of 12. Flat: nothing changes, and a fall of 30 % was declared; the promise is that at
most one such action in twenty is called met. Planted: the rate falls with the window; power is how often that is called met. Both against the irritant's
own trend and level, and against a control of the same size for whom nothing changes. Beside it, what many would do: "volume fell by the size declared".
Scores likewise: so many answers from 0 to 10 a week, a rise of half a point declared.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voc_pipeline.intervals import Floats, wilson_interval
from voc_pipeline.prioritise.effects import Effect, controlled, interrupted, joint, mean_change, weeks_needed

HERE = Path(__file__).resolve().parent
BEFORE, WINDOW, DECLARED = 26, 12, -0.3
AFTER = np.arange(BEFORE + WINDOW) >= BEFORE
PROMISE = 0.05
ANSWERS, RISE = 20, 0.5


@dataclass(frozen=True, slots=True)
class World:
    """How voices come.

    Attributes:
        frailty: Variance of each group's own weekly factor of mean 1.
        memory: How far a week's factor follows that of the week before, 0 to 1.
        repeats: Verbatims that a customer adds to the first one, on average, in the same week.
        drift: Yearly change of the irritant's rate, as a factor, that no action causes; both groups share it.
        peak: How many times higher the rate stands in the last six weeks before the window: the reason why somebody acted.
    """

    name: str
    frailty: float = 0.0
    memory: float = 0.0
    repeats: float = 0.0
    drift: float = 1.0
    peak: float = 1.0


WORLDS = (
    World("chance alone"),
    World("customers repeat themselves", repeats=1.0),
    World("weeks differ", frailty=0.15),
    World("weeks differ, customers repeat", frailty=0.3, repeats=1.0),
    World("weeks hang together", frailty=0.15, memory=0.6),
    World("the rate halves in a year by itself", drift=0.5),
    World("acted upon at a peak that passes by itself", peak=2.0),
)


def simulate(rng: np.random.Generator, world: World, rate: float, fall: float, shared: Floats) -> tuple[Floats, Floats, float]:
    """Weekly counts of one group, their base, and how many verbatims the customer of one has."""
    weeks = np.arange(len(AFTER))
    base = rng.poisson(600 * (1 + 0.3 * np.sin(2 * np.pi * (weeks / 52 + rng.random())))).astype(np.float64)
    expected = rate * base / 600 * shared * np.where(AFTER, 1 + fall, 1.0)
    if world.frailty:
        own = rng.gamma(1 / world.frailty, world.frailty, len(weeks))
        for week in weeks[1:]:
            own[week] = world.memory * own[week - 1] + (1 - world.memory) * own[week]
        expected = expected * own
    customers = rng.poisson(expected / (1 + world.repeats))
    each = [1 + rng.poisson(world.repeats, n) for n in customers]
    every = np.concatenate(each).astype(np.float64)
    dispersion = float((every**2).sum() / every.sum()) if len(every) else 1.0
    return np.array([own.sum() for own in each], dtype=np.float64), base, dispersion


def verdicts(world: World, rate: float, fall: float, runs: int, seed: int) -> dict[str, dict[str, float]]:
    """Shares of `met` and `not_met` by method; by the plain comparison of two shares, `met` is a fall of the declared size."""
    rng = np.random.default_rng(seed)
    found = {name: {"met": 0, "not_met": 0} for name in ("interrupted", "trend", "controlled", "plain")}
    weeks = np.arange(len(AFTER))
    shared = world.drift ** (weeks / 52) * np.where((weeks >= BEFORE - 6) & ~AFTER, world.peak, 1.0)
    for _ in range(runs):
        y, e, spread = simulate(rng, world, rate, fall, shared)
        yc, ec, _ = simulate(rng, world, rate, 0.0, shared)
        own = [interrupted(y, e, AFTER, spread, trend) for trend in (True, False)]
        for name, effects in (("interrupted", own), ("trend", own[:1]), ("controlled", [controlled(y, yc, e, ec, AFTER, spread)])):
            judged = _judged(effects, DECLARED)
            if judged in found[name]:
                found[name][judged] += 1
        before = y[~AFTER].sum() / e[~AFTER].sum()
        fell = bool(before) and y[AFTER].sum() / e[AFTER].sum() <= before * (1 + DECLARED)
        found["plain"]["met" if fell else "not_met"] += 1
    return {name: {judged: n / runs for judged, n in counts.items()} for name, counts in found.items()}


@dataclass(frozen=True, slots=True)
class ScoreWorld:
    """How answers come.

    Attributes:
        weekly: Standard deviation of each week's own shift, in points; both groups share it.
        repeats: Answers that a customer adds to the first one, on average.
        drift: Yearly rise that no action causes.
        dip: How many points lower the score stands in the last six weeks before the window: the reason why somebody acted.
    """

    name: str
    weekly: float = 0.0
    repeats: float = 0.0
    drift: float = 0.0
    dip: float = 0.0


SCORE_WORLDS = (
    ScoreWorld("chance alone"),
    ScoreWorld("customers repeat themselves", repeats=1.0),
    ScoreWorld("weeks differ", weekly=0.2),
    ScoreWorld("the score rises by a point a year by itself", drift=1.0),
    ScoreWorld("acted upon in a dip that passes by itself", dip=1.0),
)


def score_verdicts(world: ScoreWorld, rise: float, runs: int, seed: int) -> dict[str, dict[str, float]]:
    """Shares of `met` and `not_met` by method, of scores from 0 to 10 that rise by so many points with the window; `plain`: the mean rose as declared."""
    rng = np.random.default_rng(seed)
    found = {name: {"met": 0, "not_met": 0} for name in ("interrupted", "trend", "controlled", "plain")}
    weeks = np.arange(len(AFTER))
    shared = world.drift * weeks / 52 - np.where((weeks >= BEFORE - 6) & ~AFTER, world.dip, 0.0)
    for _ in range(runs):
        shift = shared + rng.normal(0, world.weekly, len(weeks))
        n = 2 * ANSWERS * len(weeks)
        customer = rng.integers(0, round(n / (1 + world.repeats)), n) if world.repeats else np.arange(n)
        week, treated = rng.integers(0, len(weeks), n), customer % 2 == 0
        inside = AFTER[week]
        felt = 7 + rng.normal(0, 1.2, n)[customer] + rng.normal(0, 1.6, n) + shift[week] + rise * (inside & treated)
        values = np.clip(np.round(felt), 0, 10)
        mine = (values[treated], customer[treated], week[treated], inside[treated])
        own = [mean_change(*mine, trend=trend) for trend in (True, False)]
        beside = mean_change(values, customer, week, inside, treated)
        for name, effects in (("interrupted", own), ("trend", own[:1]), ("controlled", [beside])):
            judged = _judged(effects, RISE)
            if judged in found[name]:
                found[name][judged] += 1
        rose = values[treated & inside].mean() - values[treated & ~inside].mean() >= RISE
        found["plain"]["met" if rose else "not_met"] += 1
    return {name: {judged: n / runs for judged, n in counts.items()} for name, counts in found.items()}


def _judged(effects: Sequence[Effect | None], target: float) -> str:
    told = [effect for effect in effects if effect is not None]
    return joint(told, target)[1] if len(told) == len(effects) else "cannot_tell"


def score_lines(runs: int) -> tuple[list[str], dict[str, dict[str, dict[str, float]]]]:
    """The part of the page on scores, and its figures."""
    lines = [
        "",
        f"Scores are judged by trend and level too: {ANSWERS} answers a week from 0 to 10, a rise of {RISE:g} points declared.",
        "",
        "| nothing changes | met, own trend and level | 95 % | met, control | 95 % | by the trend alone | met if the mean rose so much |",
        "|---|---|---|---|---|---|---|",
    ]
    figures = {}
    for world in SCORE_WORLDS:
        found = figures[world.name] = score_verdicts(world, 0.0, runs, seed=23)
        cells = []
        for name in ("interrupted", "controlled"):
            low, high = wilson_interval(round(found[name]["met"] * runs), runs)
            cells.append(f"{found[name]['met']:.3f} | {low:.3f} to {high:.3f}")
        lines.append(f"| {world.name} | {' | '.join(cells)} | {found['trend']['met']:.3f} | {found['plain']['met']:.3f} |")
    rises = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
    lines += ["", f"Planted rises, chance alone: share met / not met of {runs}, by size of the rise.", ""]
    lines += ["| against | " + " | ".join(f"{rise:g}" for rise in rises) + " |", "|---|" + "---|" * len(rises)]
    for rise in rises:
        figures[f"rise of {rise:g}"] = score_verdicts(SCORE_WORLDS[0], rise, runs, seed=29)
    for name, title in (("interrupted", "own trend and level"), ("controlled", "a control")):
        planted = [figures[f"rise of {rise:g}"][name] for rise in rises]
        lines.append(f"| {title} | " + " | ".join(f"{one['met']:.2f} / {one['not_met']:.2f}" for one in planted) + " |")
    return lines, figures


def main() -> None:
    """Simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    lines = [
        "# Verdicts on actions",
        "",
        f"{runs} simulated actions a line; 26 weeks before, a window of 12, a fall of 30 % declared; `python -m benchmarks.loop`.",
        f"Promise: of actions that change nothing, at most {PROMISE:.2f} called met.",
        "",
        "| nothing changes, 5 told a week | met, own trend and level | 95 % | met, control | 95 % | by the trend alone | met if volume fell 30 % |",
        "|---|---|---|---|---|---|---|",
    ]
    flat = {}
    for world in WORLDS:
        found = flat[world.name] = verdicts(world, 5.0, 0.0, runs, seed=17)
        cells = []
        for name in ("interrupted", "controlled"):
            low, high = wilson_interval(round(found[name]["met"] * runs), runs)
            cells.append(f"{found[name]['met']:.3f} | {low:.3f} to {high:.3f}")
        lines.append(f"| {world.name} | {' | '.join(cells)} | {found['trend']['met']:.3f} | {found['plain']['met']:.3f} |")
    tried = max(30, runs // 3)
    lines += [
        "",
        "A trend through a peak foresees more of it, so that a mere return to normal looks like a success: a verdict asks trend and level to agree. The promise does not hold there without a control: one in ten is still called met.",
    ]
    power: dict[str, dict[str, dict[str, float]]] = {}
    for name, title in (("interrupted", "against its own trend and level"), ("controlled", "against a control of the same size")):
        lines += ["", f"Planted falls, {title}: share met / not met of {tried}, by verbatims a week before and size of the fall (30 % declared).", ""]
        falls = (0.0, -0.15, -0.3, -0.5, -0.7, -0.9)
        lines += ["| a week | " + " | ".join(f"{-fall * 100:.0f} %" for fall in falls) + " |", "|---|" + "---|" * len(falls)]
        for rate in (1.0, 3.0, 10.0, 30.0):
            cells = []
            for fall in falls:
                key = f"{rate:.0f} a week, {-fall * 100:.0f} %"
                if key not in power:
                    power[key] = verdicts(WORLDS[2], rate, fall, tried, seed=19)
                cells.append(f"{power[key][name]['met']:.2f} / {power[key][name]['not_met']:.2f}")
            lines.append(f"| {rate:.0f} | {' | '.join(cells)} |")
    lines += ["", "Weeks of window that would show a fall 8 times in 10 (extra variance .15), as `voc action show` tells them.", ""]
    lines += ["| a week | 30 %, own trend | 50 %, own trend | 30 %, control | 50 %, control |", "|---|---|---|---|---|"]
    for rate in (1.0, 3.0, 10.0, 30.0):
        told = [weeks_needed(rate, 0.15, fall, BEFORE, control) for control in (None, rate) for fall in (-0.3, -0.5)]
        lines.append(f"| {rate:.0f} | " + " | ".join("over 104" if one is None else str(one) for one in told) + " |")
    told_of_scores, scores = score_lines(runs)
    lines += told_of_scores
    (HERE / "loop.json").write_text(json.dumps({"runs": runs, "flat": flat, "power": power, "scores": scores}, indent=1) + "\n", encoding="utf-8")
    (HERE / "loop.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
