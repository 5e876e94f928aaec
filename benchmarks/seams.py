"""Are the two sides of a seam, and what was lost, read right? `python -m benchmarks.seams` writes benchmarks/seams.md.

Verbatims of `data_samples/training/written.jsonl` whose stage is `transition`. The lexicon was written on those with an even number; it is judged on a
hundred and four drawn of the others, which none of its words was changed for (how overlapping places are told apart was mended after, on other texts). One person read each (`seams_judged.csv`), without seeing what the lexicon says: the
side the matter was first passed on from, the side it was first passed on to, and what was lost, `-` where the text does not tell. What is read is the first seam of each.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from voc_pipeline.intervals import wilson_interval
from voc_pipeline.schema import UNKNOWN, SeamTold
from voc_pipeline.seams import places, read_seams

HERE = Path(__file__).resolve().parent
WRITTEN = HERE.parent / "data_samples" / "training" / "written.jsonl"
Judged = tuple[str, str, str]


def judged() -> dict[str, Judged]:
    """What a person said of each verbatim: from, to, lost."""
    with (HERE / "seams_judged.csv").open(encoding="utf-8", newline="") as file:
        rows = [{name: UNKNOWN if value == "-" else value for name, value in row.items()} for row in csv.DictReader(file)]
    return {row["id"]: (row["from"], row["to"], row["lost"]) for row in rows}


def read() -> Iterator[tuple[str, SeamTold]]:
    """(id, first seam) of each judged verbatim."""
    people = judged()
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["id"] in people:
            said = " ".join(one.removeprefix("client: ") for one in record["sents"] if not one.startswith("agent"))
            yield record["id"], read_seams(said)[0]


def _kind(place: str) -> str:
    return places().get(place, UNKNOWN)


Question = tuple[Callable[[SeamTold], str], Callable[[Judged], str]]
QUESTIONS: dict[str, Question] = {
    "from: the place": (lambda seam: seam.from_.place, lambda truth: truth[0]),
    "to: the place": (lambda seam: seam.to.place, lambda truth: truth[1]),
    "both places, in order": (lambda seam: _both(seam.from_.place, seam.to.place), lambda truth: _both(truth[0], truth[1])),
    "both places, either order": (
        lambda seam: _both(*sorted((seam.from_.place, seam.to.place))),
        lambda truth: _both(*sorted((truth[0], truth[1]))),
    ),
    "from: channel, department, partner, adviser": (lambda seam: _kind(seam.from_.place), lambda truth: _kind(truth[0])),
    "to: channel, department, partner, adviser": (lambda seam: _kind(seam.to.place), lambda truth: _kind(truth[1])),
    "what was lost": (lambda seam: seam.lost, lambda truth: truth[2]),
}


def _both(first: str, second: str) -> str:
    return UNKNOWN if UNKNOWN in (first, second) else f"{first} > {second}"


def main() -> None:
    """Count, write."""
    people, found = judged(), list(read())
    lines = ["# Seams: from, to and what was lost", ""]
    lines += [f"{len(found)} verbatims that the lexicon was not written on, one reader; `python -m benchmarks.seams`.", ""]
    lines += ["Precision: of what is answered, right. Recall: of what the text tells, found and right. 95 % intervals.", ""]
    lines += ["| question | told | answered | right | precision | recall |", "|---|---|---|---|---|---|"]

    def row(name: str, some: list[tuple[str, SeamTold]], ask: Question) -> str:
        said = [(ask[0](seam), ask[1](people[id_])) for id_, seam in some]
        told, answered = sum(truth != UNKNOWN for _, truth in said), sum(answer != UNKNOWN for answer, _ in said)
        right = sum(answer == truth != UNKNOWN for answer, truth in said)
        return f"| {name} | {told} | {answered} | {right} | {_share(right, answered)} | {_share(right, told)} |"

    lines += [row(name, found, ask) for name, ask in QUESTIONS.items()]
    (HERE / "seams.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _share(right: int, of: int) -> str:
    low, high = wilson_interval(right, of)
    return f"{right / of:.2f} [{low:.2f}, {high:.2f}]" if of else "–"


if __name__ == "__main__":
    main()
