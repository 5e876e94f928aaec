"""Whether irritants last: weekly runs over a moving window of the demo year, beside plain BERTopic refitted each week on the same vectors.

python -m benchmarks.stability
python -m benchmarks.stability --file reviews.csv --text words --date day --evenly --name reviews

No assignment is kept from one run to the next: every run claims every segment of its window anew. Results go to benchmarks/stability.json and .md, those of
a file of your own under the name you give it; both are told in stability.md.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.own_file import arguments, project
from voc_pipeline import pipeline, report
from voc_pipeline.config import Config, load_config
from voc_pipeline.discover.grouping import lean, quiet
from voc_pipeline.encoder import Floats
from voc_pipeline.keys import fold
from voc_pipeline.report.tables import canonical_csv
from voc_pipeline.schema import IrritantKind
from voc_pipeline.steps.assigning import gather
from voc_pipeline.steps.context import Context
from voc_pipeline.store import Store, exclusive, open_store

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "configs" / "demo.yaml"
LAST, WEEKS, WINDOW = date(2026, 10, 31), 6, 300
"""Last day, how many weekly runs, and days of the window: with 300 of them both of its ends move within the demo's year."""
ROWS = 400
"""Reviews that are read in several orders and shards."""

Place = tuple[str, int]
Told = dict[Place, str]


def main() -> None:
    """Run, refit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments(parser)
    parser.add_argument("--name", default="", help="what to call a file of your own")
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        settings, last = project(options, folder, WINDOW + 7 * WEEKS) if options.file else (_demo(folder), LAST)
        weeks = _weeks(settings, last)
        result = {
            "of": (options.name or options.file.name) if options.file else "the demo",
            "verbatims": len({verbatim for week in weeks for verbatim, _ in week["places"]}),
            "evenly": bool(options.file and options.evenly),
            "weeks": [str(week["until"]) for week in weeks],
            "window_days": WINDOW,
            "ours": _compared(weeks, "ours"),
            "bertopic": _compared(weeks, "bertopic"),
            "bertopic_at_our_coverage": _compared(weeks, "surest"),
            "identical_segments_with_different_irritants": sum(week["parted"] for week in weeks),
            "identical_segments_with_different_topics_of_bertopic": sum(week["parted_bertopic"] for week in weeks),
        }
        if not options.file:
            result["byte_identical"] = _byte_identical(folder)
    result["seconds"] = round(time.perf_counter() - started)
    written = HERE / "stability.json"
    kept = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else []
    others = [one for one in kept if isinstance(one, dict) and one.get("of", result["of"]) != result["of"]] if isinstance(kept, list) else []
    every = sorted([*others, result], key=lambda one: (one["of"] != "the demo", one["of"]))
    written.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    told = "# Stability of irritants\n\n" + "\n".join(_told(one) for one in every)
    (HERE / "stability.md").write_text(told, encoding="utf-8")
    print(told)


# ---------------------------------------------------------------- weekly runs


def _demo(folder: Path) -> Path:
    """The demo's settings, their store in a folder that goes away."""
    settings = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for source in settings["sources"]:
        source["path"] = str((DEMO.parent / source["path"]).resolve())
    settings |= {"journey": str(DEMO.parent / "journey.yaml"), "exposure": str((DEMO.parent / settings["exposure"]).resolve())}
    settings |= {"registers": {name: str((DEMO.parent / path).resolve()) for name, path in settings["registers"].items()}}
    settings |= {"output": "out", "store": "sqlite:///voc.db"}
    (folder / "demo.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return folder / "demo.yaml"


def _weeks(settings: Path, last: date) -> list[dict[str, Any]]:
    """One run a week, ours and BERTopic's topics of the same segments."""
    weeks = []
    for back in reversed(range(WEEKS)):
        until = last - timedelta(days=7 * back)
        config = load_config(settings, {"since": until - timedelta(days=WINDOW), "until": until})
        with exclusive(config.store_url), open_store(config.store_url) as store:
            weeks.append({"until": until, **_week(config, store)})
        print(until, {name: len(weeks[-1][name]) for name in ("places", "ours", "bertopic")}, flush=True)
    return weeks


def _week(config: Config, store: Store) -> dict[str, Any]:
    context = _ran(config, store)
    rows = gather(context, None)[IrritantKind.IRRITANT]
    places = [(row.verbatim.id, row.segment.position) for row in rows]
    texts = [row.segment.text for row in rows]
    ours = {(m.verbatim_id, m.position): m.irritant_id for m in store.mentions(context.run_id) if not m.fallback and m.irritant_id[:3] == "IRR"}
    topics, sure = _bertopic(texts, context.embed(texts))
    bertopic = {place: str(topic) for place, topic in zip(places, topics, strict=True) if topic >= 0}
    by_sureness = sorted((place for place in places if place in bertopic), key=lambda place: (-sure[places.index(place)], place))
    surest = {place: bertopic[place] for place in by_sureness[: len(ours)]}
    words = {place: fold(text) for place, text in zip(places, texts, strict=True)}
    parted = {"parted": _parted(ours, words), "parted_bertopic": _parted(bertopic, words)}
    return {"places": places, "ours": ours, "bertopic": bertopic, "surest": surest, **parted}


def _ran(config: Config, store: Store) -> Context:
    """A run but for its report."""
    context = Context(config, store, pipeline.begin(config, store, fresh=True).run.id)
    with pipeline.closing_run(context):
        for step in pipeline.STEPS:
            if step.name != "publish":
                pipeline.run_step(context, step)
    return context


def _bertopic(texts: Sequence[str], x: Floats) -> tuple[list[int], list[float]]:
    """BERTopic at its defaults, but for a pinned seed, on the vectors that ours is given: topics, and how sure it is of each."""
    with quiet(), lean():
        from bertopic import BERTopic
        from umap import UMAP

        reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=13, n_jobs=1)
        topics, sure = BERTopic(umap_model=reduced).fit_transform(list(texts), embeddings=x)
    return [int(topic) for topic in topics], [float(p) for p in sure]


def _parted(told: Mapping[Place, str], words: Mapping[Place, str]) -> int:
    """Texts that stand in several segments which do not all have one answer."""
    answers: dict[str, set[str]] = defaultdict(set)
    for place, text in words.items():
        answers[text].add(told.get(place, ""))
    return sum(len(found) > 1 for found in answers.values())


# ---------------------------------------------------------------- what is kept


def _compared(weeks: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Shares of one system: kept between consecutive runs, and assigned."""
    kept = both = 0
    for before, after in pairwise(weeks):
        shared = set(before["places"]) & set(after["places"])
        later = _renamed(before[name], after[name], shared) if name != "ours" else after[name]
        then, now = (_main({p: i for p, i in told.items() if p in shared}) for told in (before[name], later))
        both += len(then)
        kept += sum(now.get(verbatim) == irritant for verbatim, irritant in then.items())
    segments = sum(len(week["places"]) for week in weeks)
    verbatims = sum(len({v for v, _ in week["places"]}) for week in weeks)
    return {
        "kept_share": round(kept / both, 4),
        "verbatims_compared": both,
        "assigned_segments_share": round(sum(len(week[name]) for week in weeks) / segments, 4),
        "assigned_verbatims_share": round(sum(len({v for v, _ in week[name]}) for week in weeks) / verbatims, 4),
        "topics": [len(set(week[name].values())) for week in weeks],
    }


def _main(told: Told) -> dict[str, str]:
    """The irritant that each verbatim tells in most segments, the first of them in the alphabet among equals."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (verbatim, _), irritant in told.items():
        counts[verbatim][irritant] += 1
    return {verbatim: min(found, key=lambda i: (-found[i], i)) for verbatim, found in counts.items()}


def _renamed(before: Told, after: Told, shared: set[Place]) -> Told:
    """Topics of a refit under the names of the week before: matched one to one by the most segments in common."""
    from scipy.optimize import linear_sum_assignment

    olds, news = sorted(set(before.values())), sorted(set(after.values()))
    overlap = np.zeros((len(olds), len(news)))
    for place in shared & set(before) & set(after):
        overlap[olds.index(before[place]), news.index(after[place])] += 1
    names = {news[j]: olds[i] for i, j in zip(*linear_sum_assignment(-overlap), strict=True)}
    return {place: names.get(topic, f"new {topic}") for place, topic in after.items()}


# ---------------------------------------------------------------- byte-identical tables


def _byte_identical(folder: Path) -> dict[str, Any]:
    """Reviews of the demo in three orders and three shard sizes: the tables of each, by their digest."""
    with open_store(f"sqlite:///{folder}/voc.db") as store:
        reviews = [v for v in store.verbatims() if v.source == "reviews"][:ROWS]
    rows = [(v.id, v.date.date() if v.date else "", v.text.replace("\n", " "), v.customer) for v in reviews]
    digests = {}
    for name, seed, shard_size in (
        ("as they come, shards of 512", 0, 512),
        ("shuffled, shards of 64", 1, 64),
        ("shuffled otherwise, one shard", 2, 4096),
    ):
        place = folder / f"order-{seed}"
        place.mkdir()
        shuffled = list(rows)
        if seed:
            random.Random(seed).shuffle(shuffled)
        with (place / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "date", "text", "customer"), *shuffled])
        source = {"name": "reviews", "kind": "review", "path": "reviews.csv"}
        fields = {name: name for name in ("id", "date", "text", "customer")}
        settings = {
            "project": "orders",
            "store": "sqlite:///voc.db",
            "output": "out",
            "shard_size": shard_size,
            "sources": [source | {"fields": fields}],
        }
        (place / "voc.yaml").write_text(yaml.safe_dump(settings | {"discovery": {"min_segments": 50}}), encoding="utf-8")
        config = load_config(place / "voc.yaml")
        with open_store(config.store_url) as store:
            run = _ran(config, store).run_id
            found = report.tables(store, config, run)
        digests[name] = hashlib.sha256(b"".join(canonical_csv(frame) for frame in found.values())).hexdigest()[:16]
    return {"rows": len(rows), "tables": digests, "identical": len(set(digests.values())) == 1}


def _told(result: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    own = result["of"] != "the demo"
    evenly = ", which keep their order and are spread evenly over the days, as theirs bunch: consecutive runs then share what weekly runs would"
    lines = [
        f"## {result['of'][0].upper()}{result['of'][1:]}",
        "",
        f"{len(result['weeks'])} weekly runs, {result['weeks'][0]} to {result['weeks'][-1]}, over a moving window of {result['window_days']} days"
        + (
            f" of {result['verbatims']} verbatims{evenly if result['evenly'] else ''}. "
            if own
            else " of the demo (its year is too short for twelve months to move in). "
        )
        + "Every run claims every segment anew. BERTopic: its defaults, the seed pinned, refitted each week on the same segments and the same vectors, its "
        "topics matched to those of the week before by best overlap.",
        "",
        "| | ours | BERTopic refitted | of it, as many of the segments it is surest of as ours assigns |",
        "|---|---|---|---|",
    ]
    named = {
        "kept_share": "of verbatims in two consecutive runs with an irritant in the first, the share with the same one in the second",
        "verbatims_compared": "verbatims compared, over all pairs of weeks",
        "assigned_segments_share": "negative segments with an irritant",
        "assigned_verbatims_share": "verbatims with a negative segment that have an irritant",
        "topics": "irritants or topics told, week by week",
    }
    for name, words in named.items():
        cells = [str(result[system][name]).strip("[]") for system in ("ours", "bertopic", "bertopic_at_our_coverage")]
        lines.append(" | ".join([f"| {words}", *cells]) + " |")
    parted = (result["identical_segments_with_different_irritants"], result["identical_segments_with_different_topics_of_bertopic"])
    lines.append(f"| texts said in several segments with different answers, summed over weeks | {parted[0]} | {parted[1]} | |")
    same = result.get("byte_identical")
    if same:
        verdict = "byte-identical" if same["identical"] else f"different: {same['tables']}"
        lines += ["", f"Tables of {same['rows']} reviews in {len(same['tables'])} orders and shard sizes: {verdict}."]
    lines += [
        "",
        f"{result['seconds']} s on two cores.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
