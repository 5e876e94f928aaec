"""Is the leaving cue right when it speaks? `python -m benchmarks.leaving` writes benchmarks/leaving.md.

The lexicon was written on verbatims of writers B to H and J to L. It is judged on those of the others (I, M to Q), which it was not changed for: each
verbatim where it speaks was read by a person and judged (`leaving_judged.csv`): does the customer say that they end, have ended or will end what they
have with the company, for themselves or for one they act for? The stage is the written label here; a run takes the model's, which is wrong more often.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from voc_pipeline.intervals import wilson_interval
from voc_pipeline.leaving import announces_leaving

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "data_samples"
HELD_OUT = frozenset("IMNOPQ")


def judged() -> dict[str, bool]:
    """What a person said of each verbatim where the cue speaks."""
    with (HERE / "leaving_judged.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["leaves"] == "yes" for row in csv.DictReader(file)}


def spoken() -> Iterator[tuple[str, str, bool]]:
    """(id, language, whether plain words were not needed) of held-out verbatims where the cue speaks."""
    for part in ("training", "development", "evaluation"):
        for line in (SAMPLES / part / "written.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            said = [sentence.removeprefix("client: ") for sentence in record["sents"] if not sentence.startswith("agent")]
            if record["writer"] in HELD_OUT and any(announces_leaving(sentence, record["stage"] == "leave") for sentence in said):
                yield record["id"], record["lang"], any(announces_leaving(sentence) for sentence in said)


def main() -> None:
    """Count, write."""
    people, found = judged(), list(spoken())
    lines = ["# The leaving cue", "", "Precision on verbatims of writers the lexicon was not written on; `python -m benchmarks.leaving`.", ""]
    lines += ["| where it speaks | verbatims | right | precision | 95 % |", "|---|---|---|---|---|"]
    groups = {
        "all": found,
        "announced, whatever the stage": [one for one in found if one[2]],
        "plainer words, in the stage leave": [one for one in found if not one[2]],
        "French": [one for one in found if one[1] == "fr"],
        "English": [one for one in found if one[1] == "en"],
    }
    for name, some in groups.items():
        right = sum(people[one[0]] for one in some)
        low, high = wilson_interval(right, len(some))
        lines.append(f"| {name} | {len(some)} | {right} | {right / len(some):.2f} | {low:.2f} to {high:.2f} |")
    (HERE / "leaving.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
