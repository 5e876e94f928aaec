"""The network that training fits: one encoder, heads over whole verbatims and over segments (the torch twin of `voc_pipeline.heads`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from voc_pipeline.heads import SEGMENT_SCALE, SEGMENT_TASKS, SIGMOID_TASKS, VERBATIM_TASKS

IGNORE = -100


class Network(nn.Module):
    """Encoder and heads.

    Args:
        encoder: A transformers encoder.
        themes: Canonical irritant categories, labels of the head ``theme``.
        dropout: On what the heads see.
    """

    def __init__(self, encoder: Any, themes: Sequence[str], dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        dim = encoder.config.hidden_size
        sizes = {task: len(labels) for task, labels in VERBATIM_TASKS.items()}
        self.query = nn.ParameterDict({task: nn.Parameter(torch.randn(dim) * 0.02) for task in sizes})
        self.over_verbatim = nn.ModuleDict({task: nn.Linear(2 * dim, n) for task, n in sizes.items()})
        segment_sizes = {task: len(labels) for task, labels in SEGMENT_TASKS.items()} | {"theme": len(themes)}
        self.over_segment = nn.ModuleDict({task: nn.Linear(dim, n) for task, n in segment_sizes.items()})
        self.stars = nn.Linear(2 * dim, 5)
        self.feeling = nn.Linear(2 * dim, 3)
        self.marks = nn.Linear(2 * dim, 2)
        self.dropout = nn.Dropout(dropout)

    def hidden(self, inputs: Mapping[str, Tensor], autocast: bool = True) -> Tensor:
        """Token vectors. *Shape:* (n, n_tokens, dim), float32."""
        return token_vectors(self.encoder, inputs, autocast)

    def verbatim(self, hidden: Tensor, evidence: Tensor) -> dict[str, Tensor]:
        """Logits by task. ``evidence`` marks the customer's tokens. *Shape:* (n, n_tokens); each result (n, n_labels)."""
        return {task: head(self.dropout(attended(hidden, evidence, self.query[task]))) for task, head in self.over_verbatim.items()}

    def distant(self, hidden: Tensor, evidence: Tensor) -> dict[str, Tensor]:
        """Logits of the auxiliary tasks, which share the attention of ``sentiment`` and ``not_valued``. Each *Shape:* (n, n_labels)."""
        pooled = {task: self.dropout(attended(hidden, evidence, self.query[task])) for task in ("sentiment", "not_valued")}
        return {"stars": self.stars(pooled["sentiment"]), "feeling": self.feeling(pooled["sentiment"]), "marks": self.marks(pooled["not_valued"])}

    def vectors(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """X: mean of the tokens, of length one. *Shape:* (n, dim)."""
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0), dim=-1)

    def segments(self, x: Tensor) -> dict[str, Tensor]:
        """Logits by task from X. Each *Shape:* (n, n_labels)."""
        scaled = self.dropout(x * SEGMENT_SCALE)
        return {task: head(scaled) for task, head in self.over_segment.items()}

    def head_weights(self) -> dict[str, Tensor]:
        """Weights as `voc_pipeline.heads` reads them."""
        out = {f"query.{task}": query.detach().clone() for task, query in self.query.items()}
        for task, head in (*self.over_verbatim.items(), *self.over_segment.items()):
            for part, value in head.named_parameters():
                out[f"{part}.{task}"] = value.detach().clone()
        return out


def token_vectors(encoder: Any, inputs: Mapping[str, Tensor], autocast: bool = True) -> Tensor:
    """What an encoder says of every token. *Shape:* (n, n_tokens, dim), float32."""
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        hidden: Tensor = encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
        return hidden.float()


def attended(hidden: Tensor, evidence: Tensor, query: Tensor) -> Tensor:
    """What a verbatim head looks at: the tokens that answer its query, and the mean of all, among the evidence. *Shape:* (n, 2 dim).

    Args:
        hidden: *Shape:* (n, n_tokens, dim).
        evidence: *Shape:* (n, n_tokens).
        query: *Shape:* (dim,).
    """
    known = evidence.to(hidden.dtype)
    mean = (hidden * known.unsqueeze(-1)).sum(1) / known.sum(1, keepdim=True).clamp(min=1)
    attention = ((hidden @ query) * hidden.shape[-1] ** -0.5).masked_fill(~evidence, -1e9).softmax(-1)
    return torch.cat([torch.einsum("nt,ntd->nd", attention, hidden), mean], -1)


def loss_of(task: str, logits: Tensor, target: Tensor, weight: Tensor, smoothing: float = 0.03) -> Tensor:
    """Weighted mean loss of one head; rows whose target is `IGNORE` count for nothing.

    Args:
        task: Name of the head, which says whether its labels exclude each other.
        logits: *Shape:* (n, n_labels).
        target: Class indexes, *Shape:* (n,), or for sigmoid heads 0/1 per label, *Shape:* (n, n_labels).
        weight: Of each row. *Shape:* (n,).
        smoothing: Label smoothing of softmax heads.
    """
    if task in SIGMOID_TASKS or task == "marks":
        known = (target >= 0).float()
        each = nn.functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0).float(), reduction="none")
        return (each * known * weight[:, None]).sum() / (known * weight[:, None]).sum().clamp(min=1.0)
    each = nn.functional.cross_entropy(logits, target, reduction="none", ignore_index=IGNORE, label_smoothing=smoothing)
    used = weight * (target != IGNORE).float()
    return (each * used).sum() / used.sum().clamp(min=1.0)


class Descent:
    """AdamW whose rates rise and fall once, with gradients of length one at most.

    Args:
        network: What is trained.
        groups: Parameters with the peak of their rate.
        n_steps: How many steps will be taken.
        warming: Share of the steps, one step at least, in which rates rise.
        decay: Of the weights.
    """

    def __init__(
        self, network: nn.Module, groups: Sequence[tuple[Iterable[nn.Parameter], float]], n_steps: int, warming: float = 0.1, decay: float = 0.01
    ) -> None:
        self.network = network
        self.optimiser = torch.optim.AdamW([{"params": list(some), "lr": rate} for some, rate in groups], weight_decay=decay)
        total, rates = n_steps + 1, [rate for _, rate in groups]
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, max_lr=rates, total_steps=total, pct_start=max(warming, 1.5 / total))

    def step(self, loss: Tensor) -> float:
        """One step down a loss; its value before."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())
