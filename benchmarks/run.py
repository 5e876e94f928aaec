"""`make bench`: every system on the same texts, one after the other, as ratios. Results go to benchmarks/results.json and results.md.

python -m benchmarks.run --sizes 1000 5000 20000 --straight-sizes 1000 5000 --pipelines-sizes 1000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.texts import WORDS

HERE = Path(__file__).resolve().parent
WARM = "UMAP's compiled functions were on disk from an earlier run, as they are after a machine's first; that one takes some seconds more."


def measure(system: str, n: int, words: int = WORDS, *, first: bool = False) -> dict[str, Any]:
    """Figures of one system on `n` texts, in a process of its own; `first`: with no compiled function of UMAP on disk, as on a new machine."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.systems", system, str(n), str(words)]
    with tempfile.TemporaryDirectory() as empty:
        known = {**os.environ, "NUMBA_CACHE_DIR": empty} if first else os.environ
        done = subprocess.run(command, cwd=HERE.parent, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{system} on {n} texts failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if first:
        found["system"] += ", a machine's first run"
    print(json.dumps(found), flush=True)
    return found


def main() -> None:
    """Time, divide, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--straight-sizes", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--pipelines-sizes", type=int, nargs="+", default=[1000])
    options = parser.parse_args()
    rivals = [measure("straight", n) for n in options.straight_sizes] + [measure("pipelines", n) for n in options.pipelines_sizes]
    own = {n: measure("ours", n) for n in sorted({*options.sizes, *options.straight_sizes, *options.pipelines_sizes})}
    fresh = measure("ours", min(own), first=True)
    ratios = {f"ours / {rival['system']}, {rival['n']} verbatims": round(rival["seconds"] / own[rival["n"]]["seconds"], 2) for rival in rivals}
    result = {"cores": len(os.sched_getaffinity(0)), "ratios": ratios, "rows": [*rivals, fresh, *own.values()]}
    (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    lines = ["# Results", "", f"{result['cores']} cores. Texts: `benchmarks/texts.py`, 80 words on average. Machines differ: read the ratios.", ""]
    lines += [
        "| system | verbatims | seconds | verbatims/s | peak MiB | re-run with nothing new, s | run again in full (cached), s | report, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        names = ("system", "n", "seconds", "per_second", "peak_mib", "again_seconds", "fresh_seconds", "report_mib")
        lines.append("| " + " | ".join(str(row.get(name, "")) for name in names) + " |")
    lines += ["", *[f"- {name}: **{value} times** as fast" for name, value in ratios.items()], "", WARM, ""]
    (HERE / "results.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
