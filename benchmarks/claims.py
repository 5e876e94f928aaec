"""Whether claims are right: a third of the categories hidden, the others registered, and whether discovery finds those that were hidden.

python -m benchmarks.claims
python -m benchmarks.claims labelled.jsonl.gz --name "my own" --seeds 10

Takes verbatims labelled as data_samples/README.md says. Nothing of them is written but figures, to benchmarks/claims.json and claims.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.overlap import overlap
from voc_pipeline import discover, registry
from voc_pipeline.annotate import load_annotator
from voc_pipeline.config import Discovery
from voc_pipeline.discover.grouping import typical
from voc_pipeline.encoder import Floats, encode_all
from voc_pipeline.heads import THEME_SHARE, likeness
from voc_pipeline.schema import Exemplar, Irritant, IrritantKind
from voc_pipeline.training.labelled import read_labelled

HERE = Path(__file__).resolve().parent
WRITTEN = HERE.parent / "data_samples" / "training" / "written.jsonl"
HIDDEN = 0.3
LEAST = 6
"""Passages of a category in the half that registers, from which it can be registered or hidden."""
SETTINGS = Discovery(min_mentions=6)
Answers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class Way:
    """How likeness is measured and what it must reach."""

    name: str
    share: float
    claim: float
    birth: float


WAYS = (
    Way("what is said alone, 3.0 deviations", 0.0, 3.0, 3.5),
    Way(f"as shipped: {THEME_SHARE:.0%} theme, {registry.CLAIM_SPREADS} deviations", THEME_SHARE, registry.CLAIM_SPREADS, registry.BIRTH_SPREADS),
    Way("a third theme, 2.8 deviations", 0.35, 2.8, 2.8),
)


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages with their gold categories and what the model makes of them. `said`, *Shape:* (n, n_axes); `themes`, *Shape:* (n, n_themes)."""

    records: Sequence[str]
    texts: Sequence[str]
    langs: Sequence[str]
    gold: np.ndarray[tuple[int, ...], np.dtype[np.str_]]
    said: Floats
    themes: Floats
    names: Sequence[str]

    def vectors(self, share: float, without: Sequence[str] = ()) -> tuple[Floats, Floats]:
        """Topic vectors with a share of theme, and the themes' probabilities, some themes unknown to the head."""
        known = np.array([name not in without for name in self.names], np.float32)
        p = self.themes * known
        p = p / np.maximum(p.sum(1, keepdims=True), 1e-9)
        return likeness(self.said, p if share else p[:, :0], share), p


def read(paths: Sequence[Path], model: str) -> Passages:
    """Passages of labelled verbatims that have a category."""
    annotator = load_annotator(model)
    rows = [
        (record.id, " ".join(record.words(i) for i in passage.at), record.lang, passage.theme)
        for record in read_labelled(paths)
        for passage in record.passages
        if passage.theme and passage.at
    ]
    texts = [text for _, text, _, _ in rows]
    x = np.stack([tokens.vector() for tokens in encode_all(annotator.encoder, texts)]).astype(np.float16).astype(np.float32)
    said = replace(annotator.heads, themes=()).topics(x)
    themes = annotator.heads.segments(x, texts)["theme"]
    ids, langs, gold = [row[0] for row in rows], [row[2] for row in rows], np.array([row[3] for row in rows])
    return Passages(ids, texts, langs, gold, said, themes, annotator.heads.themes)


# ---------------------------------------------------------------- one trial


def trial(passages: Passages, way: Way, seed: int, blind: bool) -> dict[str, float]:
    """Hides categories, registers the others from one half, claims and discovers in the other.

    Args:
        passages: All of them.
        way: How.
        seed: Which categories are hidden.
        blind: Whether the head does not know the hidden ones either.
    """
    half = np.array([hashlib.sha256(record.encode()).digest()[0] % 2 == 0 for record in passages.records])
    gold = passages.gold
    categories = sorted(name for name, n in Counter(gold[half]).items() if n >= LEAST)
    hidden = set(np.random.default_rng(seed).choice(categories, round(HIDDEN * len(categories)), replace=False).tolist())
    x, p = passages.vectors(way.share, sorted(hidden) if blind else ())
    vector = dict(zip(passages.texts, x, strict=True))

    def embed(texts: Sequence[str]) -> Floats:
        return np.stack([vector[text] for text in texts]) if texts else np.zeros((0, x.shape[1]), np.float32)

    level = registry.above_chance(x, way.claim)
    known = [_registered(passages, x, np.flatnonzero(half & (gold == name)), name, level) for name in categories if name not in hidden]
    new = np.flatnonzero(~half & np.isin(gold, categories))
    told, of_hidden = gold[new], np.isin(gold[new], sorted(hidden))
    first = _claimed(x[new], registry.freeze(known, embed))
    right = first == told
    precision, recall = right.sum() / max(1, (first != "").sum()), right.sum() / max(1, (~of_hidden).sum())
    left = new[first == ""]
    candidates = [
        discover.Candidate(
            f"{i:06d}", passages.records[i], 0, passages.texts[i], passages.langs[i], passages.names[int(p[i].argmax())], float(p[i].max())
        )
        for i in left
    ]
    proposals = discover.propose(candidates, x[left], kind=IrritantKind.IRRITANT, settings=SETTINGS, languages=("fr", "en"))
    coherent = registry.above_chance(x, way.birth)
    born = registry.register(
        [one for one in proposals if _closeness(embed([e.text for e in one.exemplars])) >= coherent],
        registry.freeze(known, embed), [x], kind=IrritantKind.IRRITANT, run_id="run", ordinal=2, embed=embed,
    )  # fmt: skip
    last = _claimed(x[new], registry.freeze([*known, *(replace(one, threshold=level) for one in born)], embed))
    best, found = _found(told, last, {one.id for one in born}, hidden)
    return {
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "precision": float(precision),
        "recall": float(recall),
        "wrong_on_hidden": float((first[of_hidden] != "").mean()),
        "claimed": float((first != "").mean()),
        "hidden_best_f1": best,
        "hidden_found": found,
        "claimed_in_the_end": float((last != "").mean()),
        "born": float(len(born)),
    }


def _registered(passages: Passages, x: Floats, rows: Answers, name: str, level: float) -> Irritant:
    chosen = [int(i) for i in typical(x[rows], rows)][: discover.N_EXEMPLARS]
    exemplars = tuple(Exemplar(passages.records[i], 0, passages.texts[i], passages.langs[i]) for i in chosen)
    return Irritant(name, IrritantKind.IRRITANT, name, name, {}, name, (), exemplars, level, 1, "run")


def _claimed(x: Floats, snapshot: registry.Snapshot) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    return np.array([claim.irritant_id if not claim.fallback else "" for claim in registry.claim(x, snapshot)])


def _closeness(x: Floats) -> float:
    """Median over exemplars of the mean cosine to the three nearest others, as the registry asks it of a newborn."""
    among = x @ x.T
    np.fill_diagonal(among, -1)
    return float(np.median(np.sort(among, axis=1)[:, -registry.N_BEST :].mean(1)))


def _found(told: Any, last: Any, born: set[str], hidden: set[str]) -> tuple[float, float]:
    """Mean best-overlap F1 of the hidden categories, and the share of them that a newborn is mostly made of."""
    main = {one: Counter(told[last == one]).most_common(1)[0][0] for one in born if (last == one).any()}
    scores = []
    for name in sorted(hidden):
        overlaps = [2 * ((last == one) & (told == name)).sum() / ((last == one).sum() + (told == name).sum()) for one in born]
        scores.append(max(map(float, overlaps), default=0.0))
    return float(np.mean(scores)), float(np.mean([name in main.values() for name in sorted(hidden)]))


def grouping(passages: Passages, way: Way) -> dict[str, float]:
    """Discovery alone, nothing registered: B-cubed F1 (what is left out stands alone), noise, purity."""
    x, p = passages.vectors(way.share)
    candidates = [
        discover.Candidate(f"{i:06d}", passages.records[i], 0, text, passages.langs[i], passages.names[int(p[i].argmax())], float(p[i].max()))
        for i, text in enumerate(passages.texts)
    ]
    started = time.perf_counter()
    proposals = discover.propose(candidates, x, kind=IrritantKind.IRRITANT, settings=SETTINGS, languages=("fr", "en"))
    seconds = time.perf_counter() - started
    group = np.full(len(x), -1)
    for number, proposal in enumerate(proposals):
        group[list(proposal.members)] = number
    return {**overlap(group, passages.gold), "seconds": round(seconds, 1)}


# ---------------------------------------------------------------- all of it


def main() -> None:
    """Every way, every seed; write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[WRITTEN], help="labelled verbatims (default: those that ship)")
    parser.add_argument("--name", default="written verbatims that ship", help="what to call them")
    parser.add_argument("--note", default="", help="what a reader must know of them")
    parser.add_argument("--model", default="voc-mini")
    parser.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    passages = read(options.paths, options.model)
    result: dict[str, Any] = {
        "of": options.name,
        "note": options.note,
        "passages": len(passages.texts),
        "categories": len(set(passages.gold)),
        "ways": {},
    }
    result["seeds"] = options.seeds
    for way in WAYS:
        seen, blind = ([trial(passages, way, seed, blind) for seed in range(options.seeds)] for blind in (False, True))
        result["ways"][way.name] = {"seen": _summed(seen), "blind": _summed(blind), "grouping": grouping(passages, way)}
        print(way.name, result["ways"][way.name], flush=True)
    written = HERE / "claims.json"
    kept = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else []
    every = sorted([*(one for one in kept if one["of"] != result["of"]), result], key=lambda one: one["of"])
    written.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (HERE / "claims.md").write_text(_told(every), encoding="utf-8")
    print(_told(every))


def _summed(trials: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """Mean of each figure over seeds, and the 95 % interval of the mean (Student's t)."""
    from scipy.stats import t

    out = {}
    for name in trials[0]:
        values = np.array([one[name] for one in trials])
        half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
        out[name] = [round(float(values.mean()), 3), round(float(values.mean()) - half, 3), round(float(values.mean()) + half, 3)]
    return out


ROWS = {
    "f1": "F1 of claims (a passage of a hidden category that is claimed counts as wrong)",
    "precision": "precision",
    "recall": "recall, of passages of registered categories",
    "wrong_on_hidden": "passages of hidden categories that are claimed, so wrongly",
    "claimed": "passages claimed",
    "hidden_best_f1": "hidden categories after discovery: best-overlap F1 with a newborn, on average",
    "hidden_found": "hidden categories that a newborn is mostly made of",
    "claimed_in_the_end": "passages claimed, newborns' among them",
}


def _told(every: Sequence[dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = [
        "# Whether claims are right",
        "",
        f"Passages (the sentences of one irritant) with a gold category. Verbatims are halved; {HIDDEN:.0%} of the categories with {LEAST} passages or more in the "
        "first half are hidden, the others registered with their most typical passages of that half. The second half is claimed; discovery looks at what is left, "
        "and newborns claim by the rule of the product. Means over seeds, which draw what is hidden, with the 95 % interval of the mean (Student's t).",
        "",
        "*Known to the head*: the model knows the hidden categories as themes, only the registry does not: the usual case, as themes are general. *Unknown*: they are "
        "struck from the head too, as for a trouble of a kind nobody foresaw.",
    ]
    for one in every:
        lines += ["", f"## {one['of'][0].upper()}{one['of'][1:]}", ""]
        lines += [" ".join(filter(None, [f"{one['passages']} passages of {one['categories']} categories, {one['seeds']} seeds.", one["note"]]))]
        for view, words in (("seen", "Hidden categories known to the head"), ("blind", "Hidden categories unknown to the head")):
            lines += ["", " | ".join([f"| {words}", *one["ways"]]) + " |", "|---" * (len(one["ways"]) + 1) + "|"]
            for name, row in ROWS.items():
                cells = ["{:.2f} [{:.2f}-{:.2f}]".format(*way[view][name]) for way in one["ways"].values()]
                lines.append(" | ".join([f"| {row}", *cells]) + " |")
        lines += ["", " | ".join(["| Discovery alone, nothing registered", *one["ways"]]) + " |", "|---" * (len(one["ways"]) + 1) + "|"]
        for name in ("b_cubed_f1", "noise", "purity", "groups", "seconds"):
            cells = [
                f"{way['grouping'][name]:.2f}" if isinstance(way["grouping"][name], float) else str(way["grouping"][name])
                for way in one["ways"].values()
            ]
            lines.append(" | ".join([f"| {name.replace('_', '-').replace('b-cubed-f1', 'B-cubed F1')}", *cells]) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
