"""The training loop: whole verbatims, segments and passages, stars and parallel sentences, in one step after another.

The parallel sentences keep the topic vectors semantic while the heads are trained, so that French and English stay one space.
"""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from voc_pipeline.checkpoint import trimmed
from voc_pipeline.errors import TrainingError
from voc_pipeline.heads import SEGMENT_TASKS, VERBATIM_TASKS
from voc_pipeline.schema import Role
from voc_pipeline.training.distil import Pairs, contrast
from voc_pipeline.training.files import rows_of
from voc_pipeline.training.labelled import Labelled
from voc_pipeline.training.network import IGNORE, Descent, Network, loss_of

WEIGHTS = {
    "sentiment": 1.0,
    "not_valued": 1.0,
    "codes": 0.6,
    "intensity": 0.25,
    "valued": 0.3,
    "stage": 0.6,
    "irritant": 0.3,
    "dimension": 0.5,
    "gap_cue": 0.5,
    "precursor": 0.3,
    "repaired": 0.3,
}
SEGMENT_WEIGHTS = {
    "polarity": 0.6,
    "segment_not_valued": 0.4,
    "suggestion": 0.2,
    "passage_stage": 0.3,
    "passage_dimension": 0.3,
    "passage_gap": 0.3,
    "theme": 0.8,
}
DISTANT_WEIGHTS = {"stars": 0.5, "feeling": 0.5, "marks": 0.3}


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment or a passage with the labels of the segment heads that apply to it."""

    text: str
    targets: dict[str, Any]
    weight: float


@dataclass(frozen=True, slots=True)
class Distant:
    """A text with marks its author gave: stars 1-5, a feeling (0 negative, 1 neutral, 2 positive), (injustice, anger)."""

    text: str
    stars: int | None = None
    feeling: int | None = None
    marks: tuple[float, float] | None = None


@dataclass(frozen=True)
class Recipe:
    """Numbers of a training run."""

    epochs: int = 4
    distant_steps: int = 0
    batch: int = 16
    pieces: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    max_tokens: int = 256
    ema: float = 0.998
    seed: int = 13
    log_every: int = 50
    parallel_every: int = 3
    parallel_weight: float = 1.0
    kin_every: int = 2
    kin_weight: float = 0.3
    weights: dict[str, float] = field(default_factory=lambda: {**WEIGHTS, **SEGMENT_WEIGHTS, **DISTANT_WEIGHTS})


def pieces_of(records: Sequence[Labelled], themes: Sequence[str]) -> list[Piece]:
    """Sentences and passages of labelled verbatims, customer's words only, with the labels they carry."""
    order = {theme: index for index, theme in enumerate(themes)}
    found = []
    for record in records:
        singles = {passage.at[0]: passage for passage in record.passages if len(passage.at) == 1}
        for index, (_, _, role) in enumerate(record.spans):
            if role is Role.AGENT or record.polarities[index] is None or not record.words(index):
                continue
            targets: dict[str, Any] = {"polarity": record.polarities[index], "segment_not_valued": [float(index in record.not_valued_at)]}
            if record.suggestions is not None:
                targets["suggestion"] = [float(index in record.suggestions)]
            if index in singles:
                targets |= _passage_targets(singles[index], order)
            found.append(Piece(record.words(index), targets, record.weight))
        for passage in record.passages:
            if len(passage.at) > 1:
                text = " ".join(record.words(i) for i in passage.at)
                found.append(Piece(text, _passage_targets(passage, order), record.weight))
    return found


def _passage_targets(passage: Any, order: dict[str, int]) -> dict[str, Any]:
    stages, dims, gaps = (SEGMENT_TASKS[name] for name in ("passage_stage", "passage_dimension", "passage_gap"))
    return {
        "passage_stage": stages.index(passage.stage),
        "passage_dimension": dims.index(passage.dimension or "none"),
        "passage_gap": gaps.index(str(passage.gap) if passage.gap else "none"),
        "theme": order.get(passage.theme, IGNORE) if passage.theme else IGNORE,
    }


def read_distant(stars: Path | None, feelings: Path | None, exclude: set[str], seed: int = 13) -> list[Distant]:
    """Starred reviews (five stars thinned to the size of the others) and told experiences with their author's feeling.

    Args:
        stars: CSV, which may be gzipped, with ``stars, title, text``.
        feelings: CSV, which may be gzipped, with ``title, text, ressenti, injustice, anger``.
        exclude: `folded` texts that must not be learned, such as those of an evaluation set.
        seed: Of the thinning.

    Raises:
        TrainingError: A file cannot be read or lacks a column, or no row of it can teach.
    """
    rng = random.Random(seed)
    found: list[Distant] = []
    if stars:
        rows = [row for row in rows_of(stars, ("stars", "title", "text")) if row["stars"] in set("12345") and len(row["text"].split()) >= 3]
        if not rows:
            raise TrainingError(str(stars), "no row that can teach", "stars from 1 to 5 beside texts of three words or more", "Check the columns")
        few = [row for row in rows if row["stars"] != "5"]
        many = rng.sample([row for row in rows if row["stars"] == "5"], k=min(len(few) // 2, sum(r["stars"] == "5" for r in rows)))
        found += [Distant(_titled(row), stars=int(row["stars"])) for row in few + many if folded(row["text"]) not in exclude]
    if feelings:
        names, before = {"Négatif": 0, "Neutre": 1, "Positif": 2}, len(found)
        for row in rows_of(feelings, ("title", "text", "ressenti", "injustice", "anger")):
            if folded(row["text"]) in exclude or len(row["text"].split()) < 3:
                continue
            marks = (float(row["injustice"] == "1"), float(row["anger"] == "1")) if row["injustice"] in "01" and row["injustice"] else None
            if row["ressenti"] in names or marks:
                found.append(Distant(_titled(row), feeling=names.get(row["ressenti"]), marks=marks))
        if len(found) == before:
            expected = f"ressenti one of {', '.join(names)}, or injustice and anger 0 or 1, beside texts of three words or more"
            raise TrainingError(str(feelings), "no row that can teach", expected, "Check the columns")
    return found


def folded(text: str) -> str:
    """A text's letters and digits in lower case: equal for what a reader would call the same text."""
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _titled(row: dict[str, str]) -> str:
    title, text = row.get("title", "").strip(), row["text"].strip()
    return text if not title or folded(text).startswith(folded(title)[:40]) else f"{title}\n{text}"


class Batcher:
    """Texts to padded tensors."""

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self.tokenizer, self.max_tokens = tokenizer, max_tokens

    def __call__(self, texts: Sequence[str], max_tokens: int | None = None) -> dict[str, Tensor]:
        """Token ids and mask. *Shape:* (n, n_tokens)."""
        return dict(
            self.tokenizer(
                list(texts), padding=True, truncation=True, max_length=min(max_tokens or self.max_tokens, self.max_tokens), return_tensors="pt"
            )
        )

    def whole(self, records: Sequence[Labelled]) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs of whole verbatims, and which tokens are the customer's own words. *Shape:* (n, n_tokens)."""
        inputs = self.tokenizer(
            [record.text for record in records],
            padding=True,
            truncation=True,
            max_length=self.max_tokens,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        read = inputs.pop("offset_mapping").numpy()
        offsets = np.stack([trimmed(own, record.text) for own, record in zip(read, records, strict=True)])
        evidence = np.zeros(offsets.shape[:2], bool)
        for row, record in enumerate(records):
            for start, end, role in record.spans:
                if role is Role.CUSTOMER:
                    evidence[row] |= (offsets[row, :, 0] >= start) & (offsets[row, :, 1] <= end) & (offsets[row, :, 1] > offsets[row, :, 0])
            if not evidence[row].any():
                evidence[row] = inputs["attention_mask"][row].numpy().astype(bool)
        return dict(inputs), torch.from_numpy(evidence)


def verbatim_targets(records: Sequence[Labelled]) -> dict[str, Tensor]:
    """Targets of the verbatim heads; dimension and gap cue are those of the first irritant, ignored where there is none.

    A precursor is asked of who is not said to be not valued, a repair of who is; both only where the record tells of them.
    """
    out: dict[str, list[Any]] = {task: [] for task in VERBATIM_TASKS}
    for record in records:
        main = record.passages[0] if record.passages else None
        out["sentiment"].append(VERBATIM_TASKS["sentiment"].index(record.sentiment))
        out["not_valued"].append([float(record.not_valued)])
        out["codes"].append([float(code in record.codes) for code in VERBATIM_TASKS["codes"]])
        out["intensity"].append(min(record.intensity, 3))
        out["valued"].append([float(record.valued)])
        out["stage"].append(VERBATIM_TASKS["stage"].index(record.stage))
        out["irritant"].append([float(main is not None)])
        out["dimension"].append(VERBATIM_TASKS["dimension"].index(main.dimension or "none") if main else IGNORE)
        out["gap_cue"].append(VERBATIM_TASKS["gap_cue"].index(str(main.gap) if main.gap else "none") if main else IGNORE)
        told = record.precursor is not None and not record.not_valued
        out["precursor"].append(VERBATIM_TASKS["precursor"].index(str(record.precursor)) if told else IGNORE)
        out["repaired"].append([float(bool(record.repaired)) if record.repaired is not None and record.not_valued else -1.0])
    return {task: torch.tensor(values) for task, values in out.items()}


class Averaged:
    """Exponential moving average of the weights: steadier than the last step's."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.shadow = {name: value.detach().clone() for name, value in network.state_dict().items() if value.is_floating_point()}
        self.n = 0

    def update(self, network: nn.Module) -> None:
        """Move towards the weights as they are."""
        self.n += 1
        decay = min(self.decay, (1 + self.n) / (10 + self.n))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if name in self.shadow:
                    self.shadow[name].lerp_(value, 1 - decay)

    def load_into(self, network: nn.Module) -> None:
        """Put the average into the network."""
        network.load_state_dict(self.shadow, strict=False)


def fit(
    network: Network,
    tokenizer: Any,
    records: Sequence[Labelled],
    themes: Sequence[str],
    recipe: Recipe,
    *,
    distant: Sequence[Distant] = (),
    parallel: Sequence[tuple[str, str]] = (),
    after_epoch: Callable[[int, Network], None] | None = None,
) -> None:
    """Train the network in place, ending on the average of its weights.

    Args:
        network: Encoder and heads.
        tokenizer: The encoder's tokenizer.
        records: Labelled verbatims.
        themes: Canonical categories, in the order of the head's logits.
        recipe: Numbers of the run.
        distant: Starred texts: ``recipe.distant_steps`` steps on them alone come first, then one step in four.
        parallel: (French, English) sentences that keep the space bilingual.
        after_epoch: Called with the epoch's number and the averaged network.
    """
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    batcher = Batcher(tokenizer, recipe.max_tokens)
    pieces = pieces_of(records, themes)
    per_epoch = (len(records) + recipe.batch - 1) // recipe.batch
    n_steps = recipe.distant_steps + recipe.epochs * per_epoch
    body = list(network.encoder.parameters())
    heads = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    descent = Descent(network, [(body, recipe.rate), (heads, recipe.head_rate)], n_steps, warming=0.08)
    average = Averaged(network, recipe.ema)
    some_pieces = endless(pieces, recipe.pieces, lambda p: len(p.text), rng)
    some_distant = endless(list(distant), recipe.batch, lambda d: min(len(d.text), 1200), rng)
    some_pairs = endless(list(parallel), 48, lambda pair: len(pair[0]), rng)
    some_kin = _kindred(pieces, rng) if recipe.kin_every else None
    start, step, running = time.monotonic(), 0, 0.0

    def advance(loss: Tensor) -> None:
        nonlocal step, running
        running += descent.step(loss)
        step += 1
        if step > recipe.distant_steps // 2:
            average.update(network)
        if step % recipe.log_every == 0:
            print(f"step {step}/{n_steps} loss {running / recipe.log_every:.4f} {(time.monotonic() - start) / step:.2f} s/step", flush=True)
            running = 0.0

    def side_losses() -> Tensor:
        loss = torch.zeros(())
        if parallel and step % recipe.parallel_every == 0:
            loss = loss + recipe.parallel_weight * parallel_loss(network, batcher, next(some_pairs))
        if some_kin and step % recipe.kin_every == 0:
            loss = loss + recipe.kin_weight * _kin_loss(network, batcher, next(some_kin))
        return loss

    network.train()
    for _ in range(recipe.distant_steps):
        advance(
            _distant_loss(network, batcher, next(some_distant), recipe) + _piece_loss(network, batcher, next(some_pieces), recipe) + side_losses()
        )
    for epoch in range(recipe.epochs):
        network.train()
        for chosen in batches(list(records), recipe.batch, lambda r: min(len(r.text), 1400), rng):
            loss = _whole_loss(network, batcher, chosen, recipe) + _piece_loss(network, batcher, next(some_pieces), recipe) + side_losses()
            if distant and step % 4 == 1:
                loss = loss + 0.5 * _distant_loss(network, batcher, next(some_distant), recipe)
            advance(loss)
        if after_epoch:
            held = {name: value.detach().clone() for name, value in network.state_dict().items()}
            average.load_into(network)
            after_epoch(epoch + 1, network)
            network.load_state_dict(held)
    average.load_into(network)
    network.eval()


def _whole_loss(network: Network, batcher: Batcher, records: Sequence[Labelled], recipe: Recipe) -> Tensor:
    inputs, evidence = batcher.whole(records)
    logits = network.verbatim(network.hidden(inputs), evidence)
    targets = verbatim_targets(records)
    weight = torch.tensor([record.weight for record in records])
    return torch.stack([recipe.weights[task] * loss_of(task, logits[task], targets[task], weight) for task in VERBATIM_TASKS]).sum()


def _piece_loss(network: Network, batcher: Batcher, pieces: Sequence[Piece], recipe: Recipe) -> Tensor:
    inputs = batcher([piece.text for piece in pieces], 96)
    logits = network.segments(network.vectors(network.hidden(inputs), inputs["attention_mask"]))
    weight = torch.tensor([piece.weight for piece in pieces])
    loss = torch.zeros(())
    for task in SEGMENT_WEIGHTS:
        sigmoid = task in {"segment_not_valued", "suggestion"}
        target = torch.tensor([piece.targets.get(task, [-1.0] if sigmoid else IGNORE) for piece in pieces])
        loss = loss + recipe.weights[task] * loss_of(task, logits[task], target, weight)
    return loss


def _distant_loss(network: Network, batcher: Batcher, rows: Sequence[Distant], recipe: Recipe) -> Tensor:
    inputs = batcher([row.text for row in rows], 160)
    logits = network.distant(network.hidden(inputs), inputs["attention_mask"].bool())
    ones = torch.ones(len(rows))
    stars = torch.tensor([row.stars - 1 if row.stars else IGNORE for row in rows])
    feeling = torch.tensor([row.feeling if row.feeling is not None else IGNORE for row in rows])
    marks = torch.tensor([row.marks or (-1.0, -1.0) for row in rows])
    targets = {"stars": stars, "feeling": feeling, "marks": marks}
    return torch.stack([recipe.weights[task] * loss_of(task, logits[task], targets[task], ones) for task in targets]).sum()


def parallel_loss(network: Network, batcher: Batcher, pairs: Pairs, contrasted: float = 0.5, max_tokens: int = 64) -> Tensor:
    """How far sentences stand from their translations, and how much nearer than those of others (weighed by `contrasted`)."""
    sides = []
    for texts in zip(*pairs, strict=True):
        inputs = batcher(texts, max_tokens)
        sides.append(network.vectors(network.hidden(inputs), inputs["attention_mask"]))
    return contrasted * contrast(sides[0], sides[1]) + (1 - (sides[0] * sides[1]).sum(-1)).mean()


def _kindred(pieces: Sequence[Piece], rng: random.Random, n_themes: int = 8, each: int = 4) -> Iterator[list[Piece]] | None:
    """Endless batches of `each` pieces of `n_themes` themes, rare themes nearly as often as common ones; None where too few themes recur."""
    of_theme: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        theme = piece.targets.get("theme", IGNORE)
        if theme != IGNORE:
            of_theme[theme].append(piece)
    recurring = [found for _, found in sorted(of_theme.items()) if len(found) >= each]
    if len(recurring) < n_themes:
        return None

    def batches() -> Iterator[list[Piece]]:
        while True:
            order = sorted(recurring, key=lambda found: rng.random() ** (1 / len(found) ** 0.5), reverse=True)
            yield [piece for found in order[:n_themes] for piece in rng.sample(found, each)]

    return batches()


def _kin_loss(network: Network, batcher: Batcher, pieces: Sequence[Piece]) -> Tensor:
    """Pieces of one theme near one another, those of others away (Khosla et al. 2020, "Supervised contrastive learning")."""
    inputs = batcher([piece.text for piece in pieces], 96)
    vectors = network.vectors(network.hidden(inputs), inputs["attention_mask"])
    themes = torch.tensor([piece.targets["theme"] for piece in pieces])
    itself = torch.eye(len(pieces), dtype=torch.bool)
    kin = (themes[:, None] == themes[None, :]) & ~itself
    scores = (vectors @ vectors.T * KIN_SCALE).masked_fill(itself, -torch.inf)
    log_p = torch.log_softmax(scores, 1).masked_fill(~kin, 0.0)
    return -(log_p.sum(1) / kin.sum(1).clamp(min=1)).mean()


KIN_SCALE = 10.0
"""What cosines are multiplied by before the softmax: a temperature of a tenth."""


def batches(rows: list[Any], size: int, length: Callable[[Any], int], rng: random.Random) -> list[list[Any]]:
    """Rows in batches of about one length each, in no order."""
    order = sorted(rows, key=lambda row: length(row) * (1 + 0.2 * rng.random()))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(chunks)
    return chunks


def endless(rows: list[Any], size: int, length: Callable[[Any], int], rng: random.Random) -> Iterator[list[Any]]:
    """Batches of rows of about one length each, over and over."""
    while True:
        yield from batches(rows, size, length, rng)
