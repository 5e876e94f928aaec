"""How fast the model answers, beside a `transformers` pipeline at its defaults: texts a second and seconds to load, round by round.

python -m benchmarks.throughput --n 400 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.run import HERE, measure
from benchmarks.texts import WORDS

LENGTHS = {"76 words on average": WORDS, "29 words on average": 20}
ASKED, MOST_SECONDS = 4.0, 2.0
"""Times the pipeline's texts a second, and seconds to load, that are asked for."""
WAYS = {
    "encoder alone": lambda row: row["encode_seconds"],
    "all labels": lambda row: row["label_seconds"],
    "all labels, intake before them": lambda row: row["label_seconds"] + row["intake_seconds"],
}


def page(result: Mapping[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# Throughput",
        "",
        f"{result['cores']} cores, {result['n']} texts of `benchmarks/texts.py`, each system in a process of its own, in turn; `python -m benchmarks.throughput`. Machines differ: read the ratios.",
        "",
        "*Encoder alone*: token vectors of whole texts by the int8 graph, one text a call. *All labels*: encoder sentence by sentence, reader, heads and n-grams: every label of the verbatim and of each sentence. *Intake*: redaction, language, sentences. "
        "The *pipeline* gives one label, by the same encoder in fp32, text after text; it does nothing else.",
    ]
    for name, rounds in result["rounds"].items():
        rival = [row["n"] / row["label_seconds"] for _, row in rounds]
        lines += ["", f"## {name}", "", f"| | {' | '.join(f'round {i}' for i in range(1, len(rounds) + 1))} | median, times the pipeline |"]
        lines += [f"|---{'|---' * len(rounds)}|---|", _line("`transformers` pipeline, texts/s", rival, "")]
        for way, seconds in WAYS.items():
            rates = [row["n"] / seconds(row) for row, _ in rounds]
            times = median(ours / theirs for ours, theirs in zip(rates, rival, strict=True))
            lines.append(_line(f"{way}, texts/s", rates, f"**{times:.1f}**"))
    slowest = max(row["load_seconds"] for rounds in result["rounds"].values() for row, _ in rounds)
    lines += ["", f"Asked: {ASKED:.0f} times, and loading in under {MOST_SECONDS:.0f} s; the slowest load took {slowest:.2f} s.", ""]
    return "\n".join(lines)


def _line(name: str, values: Sequence[float], last: str) -> str:
    return f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} | {last} |"


def main() -> None:
    """Time both in turn, write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = {
        name: [[measure(system, options.n, words) for system in ("labels", "pipeline")] for _ in range(options.rounds)]
        for name, words in LENGTHS.items()
    }
    result = {"cores": len(os.sched_getaffinity(0)), "n": options.n, "rounds": rounds}
    (HERE / "throughput.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (HERE / "throughput.md").write_text(page(result), encoding="utf-8")


if __name__ == "__main__":
    main()
