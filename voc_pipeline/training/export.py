"""A trained network out to a model folder: bfloat16 safetensors to fine-tune, an int8 ONNX graph to run, the heads, the thresholds."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voc_pipeline.checkpoint import n_positions, quiet
from voc_pipeline.training.network import Network
from voc_pipeline.training.quantise import quantise

DEFAULTS: dict[str, float] = {
    "not_valued": 0.5,
    "valued": 0.5,
    "irritant": 0.5,
    "mixed": 1.0,
    "no_dimension": 0.75,
    "no_gap_cue": 0.75,
    "segment_negative": 0.5,
    "segment_positive": 0.5,
    "suggestion": 0.5,
    "repaired": 0.5,
    "no_precursor": 0.5,
}
"""Thresholds before calibration."""

ABSTAIN = {"sentiment": 0.5, "not_valued": 0.6, "stage": 0.4, "dimension": 0.45, "gap_cue": 0.5}
"""Confidence below which an answer is marked: a calibrated one of 0.5 is wrong as often as right."""


SHOWN_TOKENS = 128
"""Tokens of a text that tell how far channels reach."""


class _Hidden(nn.Module):
    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state  # type: ignore[no-any-return]  # transformers is untyped here


def export_model(network: Network, tokenizer: Any, themes: Sequence[str], folder: Path, *, int8: bool = True, texts: Sequence[str] = ()) -> None:
    """Write a model folder, whole or not at all.

    Args:
        network: Trained encoder and heads.
        tokenizer: The encoder's fast tokenizer.
        themes: Canonical categories in the order of the head's logits.
        folder: Where; an existing one is replaced file by file.
        int8: Quantise the graph; else it is fp32.
        texts: Of the kind that the encoder will read, a few hundred: they tell the int8 graph how far its channels reach.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("reader*.onnx"):  # it reads what another encoder wrote
        old.unlink()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as work, quiet():
        place = Path(work)
        encoder = network.encoder.eval().float()
        encoder.save_pretrained(place, state_dict={k: v.to(torch.bfloat16) for k, v in encoder.state_dict().items()})
        tokenizer.save_pretrained(place)
        for name in ("special_tokens_map.json", "vocab.txt", "added_tokens.json"):
            (place / name).unlink(missing_ok=True)
        save_file({name: value.contiguous() for name, value in network.head_weights().items()}, place / "heads.safetensors")
        graph = place / ("model.int8.onnx" if int8 else "model.onnx")
        write_graph(encoder, tokenizer, graph, int8=int8, texts=texts)
        write_decisions(place / "voc.json", DEFAULTS, ABSTAIN, {}, themes, {})
        for file in sorted(place.iterdir()):
            if file.is_file():
                file.chmod(0o644)
                shutil.move(file, folder / file.name)


def write_graph(encoder: Any, tokenizer: Any, path: Path, *, int8: bool = True, texts: Sequence[str] = ()) -> None:
    """The encoder as an ONNX graph from (input_ids, attention_mask) to token vectors; `texts` of the kind it will read tell its int8 form what to hold."""
    sample = tokenizer(["Nul !! J'attends toujours mon remboursement.", "ok"], padding=True, return_tensors="pt")
    encoder.config._attn_implementation = "eager"
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "n", 1: "n_tokens"} for name in (*names, "hidden")}
    longest = min(SHOWN_TOKENS, n_positions(encoder.config.to_dict()))
    shown = [dict(tokenizer(text, truncation=True, max_length=longest, return_tensors="np")) for text in texts if text]
    write_onnx(_Hidden(encoder).eval(), tuple(sample[name] for name in names), path, names, "hidden", axes, int8=int8, shown=shown)


def write_onnx(
    module: nn.Module,
    sample: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    output: str,
    axes: Mapping[str, Mapping[int, str]],
    *,
    int8: bool = True,
    shown: Sequence[Mapping[str, Any]] = (),
) -> None:
    """A module as an ONNX graph, int8 as `quantise` makes it of inputs `shown` to it, or fp32."""
    with tempfile.TemporaryDirectory(dir=path.parent) as work, warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        plain = Path(work) / "plain.onnx"
        with torch.inference_mode():
            torch.onnx.export(
                module,
                sample,
                str(plain),
                input_names=list(inputs),
                output_names=[output],
                dynamic_axes={name: dict(sizes) for name, sizes in axes.items()},
                opset_version=17,
                dynamo=False,
            )
        if int8:
            quantise(plain, path, shown)
        else:
            shutil.move(plain, path)


def write_decisions(
    path: Path,
    thresholds: Mapping[str, float],
    abstain: Mapping[str, float],
    temperatures: Mapping[str, float],
    themes: Sequence[str],
    shares: Mapping[str, float],
) -> None:
    """``voc.json``: what turns probabilities into answers."""

    def tidy(values: Mapping[str, float]) -> dict[str, float]:
        return {name: round(float(value), 4) for name, value in sorted(values.items())}

    content = {"abstain": tidy(abstain), "ngrams": tidy(shares), "temperatures": tidy(temperatures), "themes": list(themes)}
    content["thresholds"] = tidy(thresholds)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
