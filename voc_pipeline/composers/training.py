"""`voc train` and `voc evaluate`: labelled files in; a model folder, figures and a model card out."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voc_pipeline.annotate import Annotator, load_annotator
from voc_pipeline.checkpoint import find, load, n_positions
from voc_pipeline.composers.annotating import feedback_of
from voc_pipeline.encoder import load_encoder
from voc_pipeline.errors import TrainingError, suggest
from voc_pipeline.heads import load_heads
from voc_pipeline.intake import Intake
from voc_pipeline.keys import installation_key
from voc_pipeline.schema import SMALL_BASE, Verbatim
from voc_pipeline.training.labelled import Labelled, read_labelled, split

UNLABELLED = 5000
"""Texts with their authors' stars or feelings, from which the reader learns to say what a pass over the whole says."""

SHOWN = 200
"""Verbatims that tell the int8 graph how far its channels reach."""

NAMES = {
    "sentiment_macro_f1_4": "sentiment, macro-F1, 4 classes",
    "sentiment_macro_f1_3": "sentiment, macro-F1, 3 classes",
    "polarity_accuracy": "polarity, accuracy",
    "not_valued_f1": "not valued, F1",
    "not_valued_average_precision": "not valued, average precision",
    "not_valued_f1_within_negative": "not valued, F1 within negative",
    "rule_negative_is_not_valued_f1": "rule negative = not valued, F1",
    "stage_accuracy": "stage, accuracy",
    "dimension_accuracy": "dimension, accuracy",
    "gap_cue_accuracy": "gap cue, accuracy",
}


def answers_of(records: Sequence[Labelled], annotator: Annotator) -> list[dict[str, Any]]:
    """What the model answers to labelled verbatims, the whole way through intake as a user's verbatims go."""
    from voc_pipeline.training.measure import answer_of

    return [answer_of(annotation) for annotation, _ in annotator.annotate(prepared(records))]


def prepared(records: Sequence[Labelled]) -> list[Verbatim]:
    """Labelled verbatims as intake makes them of a user's."""
    intake = _intake()
    return [intake.prepare(feedback_of(r.id, r.text, lang=r.lang, channel=r.channel, question=str(r.raw.get("question", "")))) for r in records]


def shown_texts(records: Sequence[Labelled]) -> list[str]:
    """Sentences of some `SHOWN` of the verbatims, evenly chosen."""
    return [record.words(i) for record in records[:: max(1, len(records) // SHOWN)] for i in range(len(record.spans))]


def _intake() -> Intake:
    return Intake(installation_key(), ("fr", "en"))


def evaluate(data: Sequence[Path], model: str, baseline: Sequence[Path], out: Path) -> dict[str, Any]:
    """Measure a model, print the figures and write them.

    Args:
        data: Labelled verbatims to measure on.
        model: A model of models/, or a path.
        baseline: Rows that the TF-IDF baseline is trained on; none: no baseline beside the rule.
        out: JSON file for the figures.
    """
    from voc_pipeline.training.measure import figures, tfidf_answers

    if not out.parent.is_dir() or out.is_dir():
        raise TrainingError(
            str(out), "no such folder" if not out.is_dir() else "a folder", "a file to write in a folder that is there", "Check --out"
        )
    records = read_labelled(data)
    if not records:
        raise TrainingError(", ".join(map(str, data)), "no record", "labelled verbatims, one JSON object a line", "Check the file")
    annotator = load_annotator(model)
    found = {"model_version": annotator.version, "data": [path.name for path in data], **figures(records, answers_of(records, annotator))}
    if baseline:
        held = {record.id for record in records}
        train = [record for record in read_labelled(baseline) if record.id not in held]
        found["tfidf"] = figures(records, tfidf_answers(train, records))
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    show(found, Console())
    return found


def show(found: Mapping[str, Any], console: Console) -> None:
    """Figures as a table, the baseline's beside them."""
    table = Table(title=f"{found['model_version']}, {found['n']} verbatims of {', '.join(found['data'])}", box=None, header_style="dim")
    for name in ("figure", "value", "95 % interval", "n", *(["TF-IDF"] if "tfidf" in found else [])):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name, figure in found["all"].items():
        row = [NAMES.get(name, name), f"{figure['value']:.3f}", f"{figure['low']:.3f}-{figure['high']:.3f}", str(figure["n"])]
        table.add_row(*row, *([f"{found['tfidf']['all'][name]['value']:.3f}"] if "tfidf" in found else []))
    console.print(table)
    for part, measures in found["by"].items():
        told = ", ".join(
            f"{NAMES[name]} {measures[name]['value']:.3f}" for name in ("sentiment_macro_f1_4", "not_valued_f1", "stage_accuracy") if name in measures
        )
        console.print(f"  {part} (n={measures['stage_accuracy']['n']}): {told}")
    if found["n"] < SMALL_BASE:
        console.print(
            f"  [yellow]Under {SMALL_BASE} verbatims the intervals are too narrow to be believed: resampling so few says little.[/]", soft_wrap=True
        )
    console.print("  calibration error: " + ", ".join(f"{name} {value:.3f}" for name, value in found["calibration_error"].items()))


def train(
    data: Sequence[Path],
    out: Path,
    *,
    encoder: str,
    epochs: int,
    parallel: Path | None,
    stars: Path | None,
    feelings: Path | None,
    hold_out: tuple[str, ...],
    distil: bool,
) -> None:
    """Train a model on labelled verbatims: encoder and heads first, then the reader over the encoder as it ships.

    A tenth of the rows (stratified by origin) chooses thresholds, and a tenth is measured at the end; neither trains. Rows of a licence class
    `nc` never train.

    Args:
        data: Labelled files.
        out: Model folder, written when the model is whole and measured; `distil` leaves its checkpoints in it as it goes.
        encoder: A model folder, a path, a hub name, or the module of a packaged encoder.
        epochs: Passes over the labelled verbatims.
        parallel: CSV of ``fr,en``, drawn together while the labels are learnt and once more after, with a tenth of the encoder's first weights given back.
        stars: CSV of starred reviews, in French.
        feelings: CSV of experiences with their author's feeling, in French.
        hold_out: Origins kept out of training and thresholds, measured at the end.
        distil: First distil French into the encoder with `parallel`.

    Raises:
        TrainingError: Too few rows or pairs, a file that cannot be read, or `distil` without `parallel`.
    """
    from voc_pipeline.training import distil as distillation
    from voc_pipeline.training.axes import write_axes
    from voc_pipeline.training.calibrate import calibrate
    from voc_pipeline.training.export import export_model
    from voc_pipeline.training.fit import Recipe, fit, folded, pieces_of, read_distant
    from voc_pipeline.training.lexical import write_ngrams
    from voc_pipeline.training.measure import figures, tfidf_answers
    from voc_pipeline.training.network import Network
    from voc_pipeline.training.reading import add_reader
    from voc_pipeline.training.realign import realign
    from voc_pipeline.training.segments import refine_segment_heads
    from voc_pipeline.training.vocabulary import graft

    records = [record for record in read_labelled(data) if record.licence != "nc"]
    origins = sorted({record.origin for record in records})
    for one in hold_out:
        if one not in origins:
            raise TrainingError(f"--hold-out {one}", "no row is of that origin", "an origin (writer, or else source) of the rows", suggest(one, origins))
    unseen = [record for record in records if record.origin in hold_out]
    parts = split([record for record in records if record.origin not in hold_out], {"test": 0.1, "dev": 0.1})
    if len(parts["train"]) < 50 or len(parts["dev"]) < 5:
        raise TrainingError(", ".join(map(str, data)), f"{len(records)} rows that may train", "at least 70", "Label more verbatims")
    if distil and parallel is None:
        raise TrainingError("--distil", "no parallel sentences", "--parallel FILE", "Give a gzipped CSV with columns fr and en")
    known = {folded(record.text) for record in (*parts["dev"], *parts["test"], *unseen)}
    distant = read_distant(stars, feelings, known) if stars or feelings else []
    pairs: distillation.Pairs = []
    if parallel:
        pairs, unseen_pairs = distillation.split_parallel(distillation.read_parallel(parallel))
        if not pairs or not unseen_pairs:
            expected = "at least ten different ones, French sides of four words or more among them"
            raise TrainingError(str(parallel), f"{len(pairs) + len(unseen_pairs)} pairs", expected, "Give more sentences, or leave --parallel out")
    themes = sorted({p.theme for r in parts["train"] for p in r.passages if p.theme}) or ["other"]
    console = Console(highlight=False)
    told = ", ".join(
        f"{len(parts[name])} {words}" for name, words in (("train", "verbatims train"), ("dev", "choose thresholds"), ("test", "are measured"))
    )
    held = f", {len(unseen)} more are held out by origin" if unseen else ""
    console.print(
        f"{told}{held}; {len(distant)} rows of distant supervision, {len(pairs)} parallel sentences, {len(themes)} categories", soft_wrap=True
    )
    tokenizer, body = load(checkpoint(encoder))
    if distil:
        goal = distillation.encode(body, tokenizer, [en for _, en in pairs])
        test_goal = distillation.encode(body, tokenizer, [en for _, en in unseen_pairs])
        if type(tokenizer.backend_tokenizer.model).__name__ == "WordPiece":
            sides = ([fr for fr, _ in pairs], [en for _, en in pairs])
            tokenizer = graft(body, tokenizer, sides, [r.text for r in parts["train"] if r.lang == "fr"])
        distillation.distil(body, tokenizer, pairs, goal, unseen_pairs, test_goal, [], out / "distilled")
    network = Network(body, themes)
    recipe = Recipe(epochs=epochs, distant_steps=min(300, len(distant) // 16), max_tokens=min(Recipe.max_tokens, n_positions(body.config.to_dict())))
    before = {name: value.clone() for name, value in body.state_dict().items()}
    fit(network, tokenizer, parts["train"], themes, recipe, distant=distant, parallel=pairs)
    passages = [piece.text for piece in pieces_of(parts["train"], themes)]
    if pairs and passages:
        realign(network, tokenizer, pairs, passages, before)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as work:
        made = Path(work) / out.name  # a model bears its folder's name in its version
        export_model(network, tokenizer, themes, made, texts=shown_texts(parts["train"]))
        exported = load_encoder(made)
        write_axes(exported, parts["train"], made / "heads.safetensors")
        others = [
            feedback_of(f"unlabelled-{i}", row.text, lang="fr", channel="review", question="")
            for i, row in enumerate(random.Random(recipe.seed).sample(distant, min(len(distant), UNLABELLED)))
        ]
        fitted = load_heads(made / "heads.safetensors", tuple(themes), {})
        refine_segment_heads(exported, fitted, parts["train"], made)
        add_reader(made, exported, fitted, [*parts["train"], *[None] * len(others)], [*prepared(parts["train"]), *map(_intake().prepare, others)])
        write_ngrams(parts["train"], prepared(parts["train"]), themes, made)
        raw = load_annotator(made)
        calibrate(raw.encoder, raw.reader, raw.heads, parts["dev"], prepared(parts["dev"]), made)
        annotator = load_annotator(made)
        sets = {"held out by verbatim": parts["test"], **({"held out by origin": unseen} if unseen else {})}
        found = {}
        for name, rows in sets.items():
            found[name] = figures(rows, answers_of(rows, annotator)) | {"tfidf": figures(rows, tfidf_answers(parts["train"], rows))}
            show({"model_version": annotator.version, "data": [name], **found[name]}, console)
        write_metrics(made / "metrics.json", annotator.version, found)
        _move(made, out)
    console.print(
        f"Model {annotator.version} written to {escape(str(out))}. To use it, set in your configuration:  model: {escape(str(out))}", soft_wrap=True
    )


def _move(made: Path, out: Path) -> None:
    """A finished model into its folder; graphs and n-grams that another left there go."""
    out.mkdir(exist_ok=True)
    for pattern in ("*.onnx", "ngrams.*"):
        for old in out.glob(pattern):
            old.unlink()
    for file in sorted(made.iterdir()):
        file.replace(out / file.name)


def write_metrics(path: Path, version: str, found: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> None:
    """``metrics.json``: every figure by set, and the headline that reports show."""
    headline = {
        f"{name}, {where}": {**figure, "set": where}
        for where, figures in found.items()
        for name, figure in figures["all"].items()
        if not name.startswith("rule_")
    }
    content = {"model_version": version, "headline": headline, "sets": dict(found), **(extra or {})}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def checkpoint(encoder: str) -> Path:
    """Where a transformers checkpoint is: a model folder, one that an installed package carries, or a hub name, cached or within reach.

    Raises:
        ModelError: Nowhere.
    """
    name = encoder.replace("-", "_")
    spec = find_spec(name) if name.isidentifier() and not Path(encoder).is_dir() else None
    for place in spec.submodule_search_locations or [] if spec else []:
        for config in sorted(Path(place).rglob("config.json")):
            if (config.parent / "tokenizer.json").is_file():
                return config.parent
    return find(encoder)
