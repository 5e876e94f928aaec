"""French into an English sentence encoder, by distillation on parallel sentences.

The student's vectors of a French sentence and of its English side both follow the teacher's vector of the English one (Reimers & Gurevych
2020, "Making monolingual sentence embeddings multilingual using knowledge distillation"), with an in-batch contrastive term, and titles drawn
to their own texts so that the student reads reviews and not only school sentences.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from voc_pipeline.training.files import rows_of
from voc_pipeline.training.network import Descent

Pairs = list[tuple[str, str]]


def read_parallel(path: Path, *, max_sides: int = 2) -> Pairs:
    """(French, English) pairs of a CSV with columns ``fr`` and ``en``, gzipped or plain; at most ``max_sides`` French sides per English sentence.

    Raises:
        TrainingError: The file cannot be read or lacks a column.
    """
    seen: dict[str, int] = defaultdict(int)
    pairs: Pairs = []
    for row in rows_of(path, ("fr", "en")):
        if seen[row["en"]] < max_sides:
            seen[row["en"]] += 1
            pairs.append((row["fr"], row["en"]))
    return pairs


def split_parallel(pairs: Pairs, n_test: int = 1000, seed: int = 13) -> tuple[Pairs, Pairs]:
    """(train, test) pairs sharing no sentence on either side, a tenth to test at most; the same split for every caller."""
    order = sorted(set(pairs))
    n_test = min(n_test, len(order) // 10)
    random.Random(seed).shuffle(order)
    test: Pairs = []
    french: set[str] = set()
    english: set[str] = set()
    for fr, en in order:
        if len(test) == n_test:
            break
        if len(fr.split()) >= 4 and fr not in french and en not in english:
            test.append((fr, en))
            french.add(fr)
            english.add(en)
    train = [(fr, en) for fr, en in pairs if fr not in french and en not in english]
    return train, test


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean of the token vectors under the mask, of length one. *Shape:* (n, dim)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0), dim=-1)


def encode(model: Any, tokenizer: Any, texts: Sequence[str], *, batch: int = 128, max_tokens: int = 128) -> np.ndarray:
    """Vectors of texts, sorted by length inside, returned in order. *Shape:* (n, dim), float32, of length one."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros((len(texts), model.config.hidden_size), np.float32)
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            inputs = tokenizer([texts[i] for i in chosen], padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
            hidden = model(**inputs).last_hidden_state.float()
            out[chosen] = mean_pool(hidden, inputs["attention_mask"]).numpy()
    return out


def retrieval_at_1(french: np.ndarray, english: np.ndarray) -> float:
    """Share of French sentences whose nearest English vector is their own translation. Both *Shape:* (n, dim)."""
    return float((np.argmax(french @ english.T, 1) == np.arange(len(french))).mean())


def batches_by_length(texts: Sequence[str], batch: int, rng: random.Random) -> Iterator[list[int]]:
    """Shuffled batches of indexes whose texts have about the same length, so that little is padded."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]) + rng.random() * 8)
    chunks = [order[start : start + batch] for start in range(0, len(order), batch)]
    rng.shuffle(chunks)
    yield from chunks


def contrast(left: Tensor, right: Tensor, scale: float = 20.0) -> Tensor:
    """In-batch cross-entropy of two views, both *Shape:* (n, dim), of length one."""
    scores = left @ right.T * scale
    labels = torch.arange(len(left))
    return (nn.functional.cross_entropy(scores, labels) + nn.functional.cross_entropy(scores.T, labels)) / 2


def distil(
    student: Any,
    tokenizer: Any,
    pairs: Pairs,
    targets: np.ndarray,
    test: Pairs,
    test_targets: np.ndarray,
    titled: Pairs,
    out: Path,
    *,
    epochs: int = 1,
    batch: int = 64,
    rate: float = 2e-4,
    seed: int = 13,
    log_every: int = 100,
) -> dict[str, float]:
    """Train the student; save it to ``out`` as it goes.

    Args:
        student: A transformers encoder, trained in place.
        tokenizer: Its tokenizer.
        pairs: (French, English) sentences.
        targets: The teacher's vectors of the English sides. *Shape:* (len(pairs), dim).
        test: Unseen pairs, for retrieval at 1.
        test_targets: The teacher's vectors of their English sides. *Shape:* (len(test), dim).
        titled: (title, text) pairs drawn to each other, one batch in six.
        out: Folder for checkpoints and ``distil.json``.
        epochs: Passes over ``pairs``.
        batch: Pairs in a step.
        rate: Peak learning rate.
        seed: Of the order of batches.
        log_every: Steps between lines of the log.

    Returns:
        Retrieval at 1, French to English, by name of the pair of encoders.
    """
    rng = random.Random(seed)
    torch.manual_seed(seed)
    n_steps = epochs * ((len(pairs) + batch - 1) // batch)
    descent = Descent(student, [(student.parameters(), rate)], n_steps)
    goal = torch.from_numpy(targets)
    title_stream: Iterator[list[int]] = iter(())
    step, start, running = 0, time.monotonic(), 0.0

    def vectors(texts: list[str], max_tokens: int) -> Tensor:
        inputs = tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16):
            hidden = student(**inputs).last_hidden_state
        return mean_pool(hidden.float(), inputs["attention_mask"])

    for _ in range(epochs):
        for chosen in batches_by_length([fr for fr, _ in pairs], batch, rng):
            student.train()
            want = goal[chosen]
            got = vectors([pairs[i][0] for i in chosen], 64)
            loss = (1 - (got * want).sum(-1)).mean() + 0.5 * contrast(got, want)
            if step % 3 == 0:
                loss = loss + 0.5 * (1 - (vectors([pairs[i][1] for i in chosen], 64) * want).sum(-1)).mean()
            if titled and step % 6 == 0:
                rows = next(title_stream, None)
                if rows is None:
                    title_stream = batches_by_length([text for _, text in titled], batch // 2, rng)
                    rows = next(title_stream)
                loss = loss + 0.15 * contrast(vectors([titled[i][0] for i in rows], 32), vectors([titled[i][1] for i in rows], 64))
            running += descent.step(loss)
            step += 1
            if step % log_every == 0:
                print(f"step {step}/{n_steps} loss {running / log_every:.4f} {step * batch / (time.monotonic() - start):.0f} pairs/s", flush=True)
                running = 0.0
            if step % 1000 == 0:
                score = retrieval_at_1(encode(student, tokenizer, [fr for fr, _ in test]), test_targets)
                print(f"step {step} retrieval at 1 against the teacher {score:.3f}", flush=True)
                save(student, tokenizer, out)
    french, english = encode(student, tokenizer, [fr for fr, _ in test]), encode(student, tokenizer, [en for _, en in test])
    figures = {"student_fr_teacher_en": retrieval_at_1(french, test_targets), "student_fr_student_en": retrieval_at_1(french, english)}
    save(student, tokenizer, out)
    (out / "distil.json").write_text(json.dumps({"pairs": len(pairs), "epochs": epochs, "n_test": len(test), **figures}, indent=1) + "\n")
    return figures


def save(student: Any, tokenizer: Any, out: Path) -> None:
    """The student in bfloat16 safetensors, with its tokenizer."""
    student.save_pretrained(out, state_dict={k: v.to(torch.bfloat16) for k, v in student.state_dict().items()})
    tokenizer.save_pretrained(out)
