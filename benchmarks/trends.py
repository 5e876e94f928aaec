"""Do trend alerts hold what they promise? Simulated years: `python -m benchmarks.trends` writes benchmarks/trends.md and trends.json (some minutes).

A run has 25 irritants of 5 to 300 verbatims in sixteen weeks. Flat: no rate changes, so any alert is false; the promise is at most one run in ten with one
(q <= .10). Planted: one irritant's rate is multiplied in the last four weeks; power is how often it rings, by its verbatims in sixteen weeks of no change.
Beside it, the exact conditional test alone, corrected for customers who repeat themselves: what was used before.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voc_pipeline.config import Priority
from voc_pipeline.intervals import Floats, q_values, rate_ratio, wilson_interval
from voc_pipeline.prioritise.trends import Finding, Weeks, trends

HERE = Path(__file__).resolve().parent
WEEKS, RECENT, IRRITANTS = 16, 4, 25
FLAT = np.arange(WEEKS) >= WEEKS - RECENT


@dataclass(frozen=True, slots=True)
class World:
    """How voices come.

    Attributes:
        frailty: Variance of each irritant's own weekly factor of mean 1: a bad week for everybody.
        repeats: Verbatims that a customer adds to the first one, on average, in the same week.
        season: Half the swing of the weekly volume of all verbatims, as a share of its mean.
    """

    name: str
    frailty: float = 0.0
    repeats: float = 0.0
    season: float = 0.5


WORLDS = (
    World("chance alone", season=0.0),
    World("volume with a season"),
    World("customers repeat themselves", repeats=1.0),
    World("weeks differ", frailty=0.15),
    World("weeks differ, customers repeat", frailty=0.3, repeats=1.0),
)


def simulate(rng: np.random.Generator, world: World, planted: tuple[float, float] | None = None) -> tuple[list[Weeks], Floats]:
    """Weekly counts of a run's irritants and the base of each week.

    Args:
        rng: Source of chance.
        world: How voices come.
        planted: Size of the first irritant in sixteen flat weeks, and what its rate is multiplied by in the last four; None: nothing changes.
    """
    volume = rng.poisson(600 * (1 + world.season * np.sin(2 * np.pi * (np.arange(WEEKS) / WEEKS + rng.random())))).astype(np.float64)
    sizes = np.exp(rng.uniform(np.log(5), np.log(300), IRRITANTS))
    told = []
    for place, size in enumerate(sizes):
        expected = (planted[0] if planted and place == 0 else size) * volume / volume.sum()
        if planted and place == 0:
            expected = np.where(FLAT, expected * planted[1], expected)
        shaken = expected * rng.gamma(1 / world.frailty, world.frailty, WEEKS) if world.frailty else expected
        customers = rng.poisson(shaken / (1 + world.repeats))
        each = [1 + rng.poisson(world.repeats, n) for n in customers]
        all_of_them = np.concatenate(each).astype(np.float64)
        dispersion = float((all_of_them**2).sum() / all_of_them.sum()) if len(all_of_them) else 1.0
        told.append(Weeks(np.array([own.sum() for own in each], dtype=np.float64), dispersion))
    return told, volume


def ours(told: list[Weeks], volume: Floats) -> list[bool]:
    """Which irritants ring."""
    found: list[Finding] = trends(told, volume, FLAT, Priority())
    return [finding.detail["alert"] is True for finding in found]


def exact(told: list[Weeks], volume: Floats) -> list[bool]:
    """The same by the exact conditional test alone."""
    recent, before = float(volume[FLAT].sum()), float(volume[~FLAT].sum())
    contrasts = [rate_ratio(int(one.counts[FLAT].sum()), recent, int(one.counts[~FLAT].sum()), before, one.dispersion) for one in told]
    q = q_values([contrast.p_value for contrast in contrasts])
    return [own is not None and own <= 0.10 and contrast.value >= 1.3 for own, contrast in zip(q, contrasts, strict=True)]


def false_alarms(world: World, runs: int, seed: int) -> dict[str, float]:
    """Share of flat runs with an alert, ours and by the exact test alone."""
    rng = np.random.default_rng(seed)
    rung = {"ours": 0, "exact": 0}
    for _ in range(runs):
        run = simulate(rng, world)
        rung["ours"] += any(ours(*run))
        rung["exact"] += any(exact(*run))
    return {name: n / runs for name, n in rung.items()}


def power(world: World, size: float, ratio: float, runs: int, seed: int) -> float:
    """Share of runs where the planted irritant rings."""
    rng = np.random.default_rng(seed)
    return sum(ours(*simulate(rng, world, (size, ratio)))[0] for _ in range(runs)) / runs


def main() -> None:
    """Simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args().runs
    flat = {world.name: false_alarms(world, runs, seed=11) for world in WORLDS}
    lines = [
        "# Trend alerts",
        "",
        f"{runs} simulated runs a line, 25 irritants each; `python -m benchmarks.trends`. Promise: at most .10 of flat runs with an alert.",
        "",
        "| flat world | runs with a false alert | 95 % | the exact test alone |",
        "|---|---|---|---|",
    ]
    for name, found in flat.items():
        low, high = wilson_interval(round(found["ours"] * runs), runs)
        lines.append(f"| {name} | {found['ours']:.3f} | {low:.3f} to {high:.3f} | {found['exact']:.3f} |")
    tried = max(50, runs // 3)
    sizes, ratios = (16, 32, 64, 128, 256), (1.5, 2.0, 3.0, 5.0)
    found_power = {}
    for world in (WORLDS[1], WORLDS[4]):
        lines += ["", f"Power, {world.name}: {tried} runs a cell, by verbatims in sixteen flat weeks and growth of the rate.", ""]
        lines += ["| verbatims | " + " | ".join(f"x {ratio}" for ratio in ratios) + " |", "|---|" + "---|" * len(ratios)]
        for size in sizes:
            cells = [power(world, size, ratio, tried, seed=13) for ratio in ratios]
            found_power[f"{world.name}, {size}"] = dict(zip(map(str, ratios), cells, strict=True))
            lines.append(f"| {size} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    (HERE / "trends.json").write_text(json.dumps({"runs": runs, "false_alarms": flat, "power": found_power}, indent=1) + "\n", encoding="utf-8")
    (HERE / "trends.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
