"""Whether corrected shares of groups keep their promise: coverage over simulated audits, and what is left when a group's errors are its own.

python -m benchmarks.corrected
python -m benchmarks.corrected --audits 200

Writes corrected.json and corrected.md beside this file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voc_pipeline.audit.sampling import allocate
from voc_pipeline.audit.scoring import Range, Table, corrected_by, spread
from voc_pipeline.intervals import customer_codes, shares
from voc_pipeline.schema import SMALL_BASE

HERE = Path(__file__).resolve().parent
SAMPLE = 300
REPLICATES = 400
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """Verbatims with one share of not valued, read with one sensitivity and specificity."""

    n: int
    share: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True, slots=True)
class Setting:
    """Groups that make up a run. `like`: error rates measured on the audited verbatims of each group's own sort; else on all."""

    name: str
    groups: Mapping[str, Group]
    per_customer: int = 2
    like: bool = False


def _alike(sensitivity: float, specificity: float) -> dict[str, Group]:
    sizes = {"2 %": (600, 0.02), "10 %": (600, 0.10), "25 %": (900, 0.25), "50 %": (300, 0.50), "75 %": (120, 0.75), "40 %, n = 40": (40, 0.40)}
    return {name: Group(n, share, sensitivity, specificity) for name, (n, share) in sizes.items()}


OTHERWISE = {
    "chats": Group(700, 0.45, 0.85, 0.80),
    "reviews": Group(1200, 0.20, 0.75, 0.95),
    "survey": Group(700, 0.10, 0.65, 0.97),
}
SETTINGS = (
    Setting("same errors in each group (Se .75, Sp .93)", _alike(0.75, 0.93)),
    Setting("same errors, a poorer model (Se .65, Sp .85)", _alike(0.65, 0.85)),
    Setting("same errors, five verbatims a customer", _alike(0.75, 0.93), per_customer=5),
    Setting("each group has its own errors, corrected by those of the whole audit (supposed)", OTHERWISE),
    Setting("each group has its own errors, corrected by those of its own verbatims", OTHERWISE, like=True),
)


@dataclass(frozen=True, slots=True)
class Found:
    """One group in one simulated audit; `corrected` is None where it was refused."""

    truth: float
    raw: float
    raw_low: float
    raw_high: float
    corrected: Range | None


def audit(setting: Setting, rng: np.random.Generator, sample: int = SAMPLE, replicates: int = REPLICATES) -> dict[str, Found]:
    """One run, drawn anew with its audit.

    Args:
        setting: Groups and errors.
        rng: Of all that is drawn.
        sample: Verbatims read.
        replicates: Of the bootstrap.

    Returns:
        By group: its planted share, the raw and the corrected one.
    """
    names = list(setting.groups)
    place = np.repeat(np.arange(len(names)), [setting.groups[name].n for name in names])
    clusters, truth, said = _voices(setting, place, rng)
    stratum = place * 2 + said if setting.like else said.astype(np.int64)
    used, stratum = np.unique(stratum, return_inverse=True)
    sizes = np.bincount(stratum)
    drawn = [rng.choice(np.flatnonzero(stratum == s), n, replace=False) for s, n in enumerate(allocate(sizes.tolist(), sample))]
    rows = np.concatenate(drawn)
    strata = stratum[rows].astype(np.int64)
    assert len(used) == len(sizes)
    table = Table(
        gold=truth[rows].astype(np.float64)[:, None],
        said=said[rows][:, None],
        weights=spread(sizes.astype(np.int64), strata),
        strata=strata,
        clusters=np.unique(clusters[rows], return_inverse=True)[1].astype(np.int64),
        seed=int(rng.integers(1 << 30)),
        replicates=replicates,
    )
    return {
        name: _group(setting, setting.groups[name].share, table, place[rows] == at, said[place == at], clusters[place == at])
        for at, name in enumerate(names)
    }


def _voices(setting: Setting, place: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.int64], Bools, Bools]:
    """Customers, what is true and what the model says. Verbatims of one customer are alike: a third take over what the first of them is."""
    groups = list(setting.groups.values())
    clusters = np.arange(len(place)) // setting.per_customer
    share, sensitivity, specificity = (
        np.array([getattr(group, name) for group in groups])[place] for name in ("share", "sensitivity", "specificity")
    )
    first = np.arange(len(place)) // setting.per_customer * setting.per_customer
    copied = (rng.random(len(place)) < 1 / 3) & (place[first] == place)
    level = np.where(copied, first, np.arange(len(place)))
    truth = (rng.random(len(place)) < share)[level]
    said = np.where(truth, rng.random(len(place)) < sensitivity, rng.random(len(place)) >= specificity)
    return clusters.astype(np.int64), truth, said


def _group(setting: Setting, share: float, table: Table, inside: Bools, said: Bools, clusters: NDArray[np.int64]) -> Found:
    row = np.flatnonzero(said)
    codes = customer_codes([str(one) for one in clusters], [""] * len(clusters))
    raw = shares(row, np.zeros(len(row), dtype=np.int64), 1, codes)
    own = table.among(inside) if setting.like else table
    seen, spared = (own if n >= SMALL_BASE else table for n in (own.positives[0], own.negatives(0)))
    found = corrected_by(seen, spared, 0, float(raw.value[0]), float(raw.effective_n[0]))
    value, low, high = (float(one[0]) for one in (raw.value, raw.low, raw.high))
    return Found(share, value, low, high, found if isinstance(found, Range) else None)


def summed(found: Sequence[Found]) -> dict[str, float]:
    """Coverage, bias and width of one group over audits."""
    told = [one.corrected for one in found if one.corrected]
    truth = found[0].truth
    return {
        "truth": truth,
        "raw": round(float(np.mean([one.raw for one in found])), 4),
        "raw_coverage": round(float(np.mean([one.raw_low <= truth <= one.raw_high for one in found])), 3),
        "corrected": round(float(np.mean([one.value for one in told])), 4),
        "coverage": round(float(np.mean([one.low <= truth <= one.high for one in told])), 3),
        "width": round(float(np.mean([one.high - one.low for one in told])), 3),
        "clipped": round(float(np.mean([one.clipped for one in told])), 3),
        "refused": round(1 - len(told) / len(found), 3),
    }


def measure(setting: Setting, audits: int, seed: int = 7) -> dict[str, dict[str, float]]:
    """Every group of a setting over simulated audits."""
    rng = np.random.default_rng(seed)
    every = [audit(setting, rng) for _ in range(audits)]
    return {name: summed([one[name] for one in every]) for name in setting.groups}


def main() -> None:
    """All settings; write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audits", type=int, default=1000)
    options = parser.parse_args()
    result = {setting.name: measure(setting, options.audits) for setting in SETTINGS}
    (HERE / "corrected.json").write_text(json.dumps({"audits": options.audits, "settings": result}, indent=1) + "\n", encoding="utf-8")
    (HERE / "corrected.md").write_text(_told(result, options.audits), encoding="utf-8")
    print(_told(result, options.audits))


def _told(result: Mapping[str, Mapping[str, Mapping[str, float]]], audits: int) -> str:
    lines = [
        "# Corrected shares of groups",
        "",
        f"`python -m benchmarks.corrected`: {audits:,} simulated runs a setting, each with an audit of {SAMPLE} verbatims drawn by the product's rule. A third of the verbatims of "
        "a customer repeat what that customer's first one says. Raw: the share the model tells. Coverage: how often the 95 % interval holds the planted share.",
    ]
    for name, groups in result.items():
        lines += [
            "",
            f"## {name[0].upper()}{name[1:]}",
            "",
            "| group | planted | raw | raw coverage | corrected | coverage | width | clipped | refused |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|---|"]
        for group, row in groups.items():
            figures = [f"{row[one]:.1%}" for one in ("truth", "raw", "raw_coverage", "corrected", "coverage")]
            lines.append(f"| {group} | {' | '.join(figures)} | {row['width']:.3f} | {row['clipped']:.1%} | {row['refused']:.1%} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
