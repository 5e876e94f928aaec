"""The systems that are timed, imports of their libraries included, as whoever calls them waits for those too.

Each runs alone in a process of its own: `python -m benchmarks.systems NAME N [WORDS]`, one JSON line out.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voc_pipeline.offline import switch_off_telemetry

switch_off_telemetry()
os.environ["HF_HUB_OFFLINE"] = "1"

from benchmarks.texts import WORDS, texts  # noqa: E402  # after the switches
from voc_pipeline.places import ROOT, model_path  # noqa: E402  # after the switches

CONFIG = """project: bench
store: sqlite:///voc.db
output: out
sources:
  - {name: reviews, kind: review, path: reviews.csv, fields: {id: id, text: text, date: date, customer: customer}}
"""


def ours(rows: list[str]) -> dict[str, float]:
    """The whole product, files to report: from an empty store, then with nothing new, then once more with its answers known."""
    began = time.perf_counter()
    from voc_pipeline import pipeline
    from voc_pipeline.config import load_config

    imported = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        with (place / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "date", "customer", "text"])
            for i, text in enumerate(rows):
                writer.writerow([i, f"2026-{1 + i % 10:02d}-{1 + i % 27:02d}", f"c{i // 3}", text])
        (place / "voc.yaml").write_text(CONFIG, encoding="utf-8")
        config = load_config(place / "voc.yaml")
        steps: dict[str, float] = {}
        last: list[Any] = ["", time.perf_counter()]

        def on_step(step: Any, context: Any) -> None:
            now = time.perf_counter()
            if last[0]:
                steps[f"step.{last[0]}"] = round(now - last[1], 2)
            last[:] = [step.name, now]

        start = time.perf_counter()
        pipeline.run(config, on_step=on_step)
        first = imported + time.perf_counter() - start
        steps[f"step.{last[0]}"] = round(time.perf_counter() - last[1], 2)
        start = time.perf_counter()
        pipeline.run(config)
        again = time.perf_counter() - start
        start = time.perf_counter()
        pipeline.run(config, fresh=True)
        fresh = time.perf_counter() - start
        report = (config.output_dir / "report.fr.html").stat().st_size / 2**20
        return {"seconds": first, "again_seconds": again, "fresh_seconds": fresh, "report_mib": report, **steps}


def labels(rows: list[str]) -> dict[str, float]:
    """Our labels alone, all of them, after imports: the model loaded, then every text through intake, segments, encoder, reader and heads; and the encoder alone."""
    from voc_pipeline.annotate import load_annotator
    from voc_pipeline.composers.annotating import feedback_of
    from voc_pipeline.encoder import encode_all
    from voc_pipeline.intake import Intake
    from voc_pipeline.keys import installation_key

    start = time.perf_counter()
    annotator = load_annotator("voc-mini")
    loaded = time.perf_counter()
    intake = Intake(installation_key(), ("fr", "en"))
    verbatims = [intake.prepare(feedback_of(str(i), row, lang="", channel="review", question="")) for i, row in enumerate(rows)]
    prepared = time.perf_counter()
    answered = sum(1 for _ in annotator.annotate(verbatims))
    if answered != len(rows):
        raise SystemExit(f"{answered} of {len(rows)} texts answered")
    labelled = time.perf_counter()
    encoded = sum(1 for _ in encode_all(annotator.encoder, rows))
    if encoded != len(rows):
        raise SystemExit(f"{encoded} of {len(rows)} texts encoded")
    told = {"load_seconds": loaded - start, "intake_seconds": prepared - loaded, "label_seconds": labelled - prepared}
    return {"seconds": sum(told.values()), **told, "encode_seconds": time.perf_counter() - labelled}


def pipeline(rows: list[str]) -> dict[str, float]:
    """One label by a transformers pipeline at its defaults, after imports: the same encoder in fp32, text after text."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers import pipeline as made
    from transformers.utils import logging

    logging.set_verbosity_error()
    folder = str(model_path("voc-mini"))
    start = time.perf_counter()
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4, dtype="float32")
    classify = made("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder), truncation=True, max_length=512)
    loaded = time.perf_counter()
    for row in rows:
        classify(row)
    told = {"load_seconds": loaded - start, "label_seconds": time.perf_counter() - loaded}
    return {"seconds": sum(told.values()), **told}


def pipelines(rows: list[str]) -> dict[str, float]:
    """What a user would pick: a transformers pipeline per label at its defaults, and BERTopic at its defaults."""
    start = time.perf_counter()
    from bertopic import BERTopic
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    folder = str(model_path("voc-mini"))
    for n_labels in (4, 2, 12, 6):
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=n_labels, dtype="float32")
        classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder), truncation=True, max_length=512)
        for row in rows:
            classify(row)
    labelled = time.perf_counter()
    encoder = SentenceTransformer(folder)
    BERTopic(embedding_model=encoder).fit_transform(rows)
    return {"seconds": time.perf_counter() - start, "step.label": round(labelled - start, 2), "step.topics": round(time.perf_counter() - labelled, 2)}


def straight(rows: list[str]) -> dict[str, float]:
    """A good engineer's straight version: one multi-head fp32 encoder, batches of 32, and BERTopic on the same vectors."""
    start = time.perf_counter()
    import torch
    from bertopic import BERTopic
    from transformers import AutoModel, AutoTokenizer

    folder = str(model_path("voc-mini"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    heads = [torch.nn.Linear(model.config.hidden_size, n) for n in (4, 2, 12, 6)]
    vectors = []
    with torch.inference_mode():
        for at in range(0, len(rows), 32):
            inputs = tokenizer(rows[at : at + 32], padding=True, truncation=True, max_length=512, return_tensors="pt")
            hidden = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            for head in heads:
                head(pooled).softmax(-1)
            vectors.append(pooled)
    labelled = time.perf_counter()
    BERTopic().fit_transform(rows, embeddings=torch.cat(vectors).numpy())
    return {"seconds": time.perf_counter() - start, "step.label": round(labelled - start, 2), "step.topics": round(time.perf_counter() - labelled, 2)}


SYSTEMS: dict[str, Callable[[list[str]], dict[str, float]]] = {
    "ours": ours,
    "pipelines": pipelines,
    "straight": straight,
    "labels": labels,
    "pipeline": pipeline,
}


def main() -> None:
    """Run one system on N texts (of WORDS words) and print its figures."""
    name, n, *words = sys.argv[1], *map(int, sys.argv[2:])
    rows = texts(n, words=words[0] if words else WORDS)
    found = SYSTEMS[name](rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "system": name,
                "n": n,
                "peak_mib": round(peak),
                "per_second": round(n / found["seconds"], 2),
                **{k: round(v, 2) for k, v in found.items()},
            }
        )
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
