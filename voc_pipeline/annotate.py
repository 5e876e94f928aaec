"""Verbatims to labels: each segment is encoded once (X), a light reader looks at all of them together, heads on both.

An answer depends on (verbatim, model version) alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from voc_pipeline.checkpoint import is_hub_name
from voc_pipeline.encoder import Encoder, Floats, Reader, encoder_version, folder_version, load_encoder, load_reader, n_cores, read_verbatim
from voc_pipeline.errors import ModelError
from voc_pipeline.heads import NONE, THEME_SHARE, Heads, load_heads, own_features
from voc_pipeline.ngrams import own_words
from voc_pipeline.places import model_path
from voc_pipeline.schema import Annotation, Dimension, Gap, NotValuedCode, Passage, Role, Segment, SegmentAnnotation, Sentiment, Stage, Verbatim

MAX_PASSAGES = 3
"""Irritants told by one verbatim, as many as the labelled data hold."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Numbers that turn probabilities into answers, chosen on development data and kept in the model's ``voc.json``.

    Attributes:
        thresholds: By sigmoid head (per code: ``codes.<code>``), the probability from which the answer is yes; ``mixed``: from which it wins
            over a likelier class.
        abstain: By field, the confidence below which the answer is marked.
        temperatures: By head, what logits are divided by.
        themes: Labels of the head ``theme``.
        ngrams: By head, the share of the n-grams' logits.
        own_labels: Labels of the user's own, with their classes.
    """

    thresholds: Mapping[str, float]
    abstain: Mapping[str, float]
    temperatures: Mapping[str, float]
    themes: tuple[str, ...]
    ngrams: Mapping[str, float] = field(default_factory=dict)
    own_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Decisions:
        """From ``voc.json``.

        Raises:
            ModelError: The file is missing or incomplete.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                raw["thresholds"],
                raw["abstain"],
                raw["temperatures"],
                tuple(raw["themes"]),
                raw.get("ngrams", {}),
                {label: tuple(own["classes"]) for label, own in raw.get("own", {}).items()},
            )
        except FileNotFoundError:
            raise ModelError(
                str(path), "no such file", "thresholds and labels of the heads", "Copy the model again, or train one with `voc train`"
            ) from None
        except (ValueError, KeyError) as error:
            raise ModelError(str(path), f"incomplete: {error}", "thresholds, abstain, temperatures, themes", "Train the model again") from None


class Annotator:
    """A loaded model.

    Args:
        encoder: Texts to token vectors.
        reader: Token vectors of segments to token vectors of the whole.
        heads: Token vectors to probabilities.
        decisions: Probabilities to answers.
        version: Stored with every answer.
        space: Which topic space its vectors lie in, see `topic_space`.
    """

    def __init__(self, encoder: Encoder, reader: Reader, heads: Heads, decisions: Decisions, version: str, space: str) -> None:
        self.encoder, self.reader, self.heads, self.decisions, self.version, self.space = encoder, reader, heads, decisions, version, space
        self._asked = lru_cache(maxsize=256)(encoder.tokens)

    def annotate(self, verbatims: Sequence[Verbatim], threads: int = 0) -> list[tuple[Annotation, Floats]]:
        """Answers in the order of the verbatims, each with X of its segments, *Shape:* (n_segments, dim).

        Args:
            verbatims: What to annotate, redacted and split.
            threads: 0 for one per core; changes nothing but the speed.
        """
        threads = threads or n_cores()
        if threads == 1 or len(verbatims) == 1:
            return [self._one(verbatim) for verbatim in verbatims]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._one, verbatims))

    def _one(self, verbatim: Verbatim) -> tuple[Annotation, Floats]:
        hidden, evidence, x = read_verbatim(self.encoder, self.reader, verbatim, self._asked)
        p = self.heads.verbatim(hidden, evidence, own_words(verbatim))
        parts = self.heads.segments(x, [segment.text for segment in verbatim.segments])
        customer = [i for i, segment in enumerate(verbatim.segments) if segment.role is Role.CUSTOMER]
        p = self.heads.joined(p, {task: values[customer] for task, values in parts.items()})
        segments = self._segments(verbatim.segments, parts) if len(x) else ()
        annotation = self._answer(verbatim, p, segments)
        if self.heads.own_labels:
            annotation = replace(annotation, labels=self._own(self.heads.own(own_features(hidden, evidence, x[customer], p))))
        return annotation, x

    def _own(self, p: Mapping[str, Floats]) -> dict[str, str]:
        """Values of the user's own labels: of two classes the second from its threshold on, of more the likeliest."""
        out = {}
        for label, values in p.items():
            classes = self.heads.own_labels[label]
            threshold = self.decisions.thresholds.get(f"own.{label}", 0.5)
            out[label] = classes[int(values[1] >= threshold) if len(classes) == 2 else int(values.argmax())]
        return out

    def _segments(self, segments: Sequence[Segment], p: Mapping[str, Floats]) -> tuple[SegmentAnnotation, ...]:
        out = []
        for i, segment in enumerate(segments):
            polarity = p["polarity"][i]
            stage, dimension, gap, theme = (p[task][i] for task in ("passage_stage", "passage_dimension", "passage_gap", "theme"))
            customer = segment.role is Role.CUSTOMER
            best = int(polarity.argmax())
            out.append(
                SegmentAnnotation(
                    position=segment.position,
                    sentiment=Sentiment(self.heads.labels("polarity")[best]) if customer else Sentiment.NEUTRAL,
                    p_negative=_p(polarity[0] + polarity[3] / 2) if customer else 0.0,
                    p_positive=_p(polarity[2] + polarity[3] / 2) if customer else 0.0,
                    p_not_valued=_p(p["segment_not_valued"][i][0]) if customer else 0.0,
                    p_suggestion=_p(p["suggestion"][i][0]) if customer else 0.0,
                    theme=self.heads.themes[int(theme.argmax())],
                    p_theme=_p(theme.max()),
                    stage=Stage(self.heads.labels("passage_stage")[int(stage.argmax())]),
                    p_stage=_p(stage.max()),
                    dimension=_dimension(dimension, self.heads),
                    p_dimension=_p(dimension.max()),
                    gap_cue=_gap(gap, self.heads),
                    p_gap_cue=_p(gap.max()),
                )
            )
        return tuple(out)

    def _answer(self, verbatim: Verbatim, p: Mapping[str, Floats], segments: tuple[SegmentAnnotation, ...]) -> Annotation:
        thresholds = self.decisions.thresholds
        p_sentiment = _named(p["sentiment"], self.heads.labels("sentiment"))
        sentiment = Sentiment(max(p_sentiment, key=lambda name: (p_sentiment[name], name)))
        if p_sentiment["mixed"] >= thresholds.get("mixed", 1.0):
            sentiment = Sentiment.MIXED
        p_not_valued = _p(p["not_valued"][0])
        not_valued = p_not_valued >= thresholds["not_valued"]
        codes = self._codes(p["codes"]) if not_valued else ()
        intensity = int(p["intensity"][1:].argmax()) + 1 if not_valued else 0
        p_stage = _named(p["stage"], self.heads.labels("stage"))
        stage = Stage(max(p_stage, key=lambda name: (p_stage[name], name)))
        # Whoever is dissatisfied is so with something: in the labelled data 99 negative verbatims of 100 tell an irritant.
        told = _p(p["irritant"][0]) >= thresholds["irritant"] or sentiment in (Sentiment.NEGATIVE, Sentiment.MIXED)
        p_dimension, p_gap = _named(p["dimension"], self.heads.labels("dimension")), _named(p["gap_cue"], self.heads.labels("gap_cue"))
        dimension = _dimension(p["dimension"], self.heads, thresholds.get("no_dimension", 0.5)) if told else None
        gap = _gap(p["gap_cue"], self.heads, thresholds.get("no_gap_cue", 0.5)) if told else None
        passages = self._passages(segments, stage, dimension, gap, _p(p["irritant"][0])) if told else ()
        confidence = {
            "sentiment": p_sentiment[sentiment],
            "not_valued": _margin(p_not_valued, thresholds["not_valued"]),
            "stage": p_stage[stage],
            **({"dimension": max(p_dimension.values()), "gap_cue": max(p_gap.values())} if told else {}),
        }
        return Annotation(
            verbatim_id=verbatim.id,
            sentiment=sentiment,
            p_sentiment=p_sentiment,
            not_valued=not_valued,
            p_not_valued=p_not_valued,
            not_valued_codes=codes,
            intensity=intensity,
            valued=bool(p["valued"][0] >= thresholds["valued"]),
            stage=stage,
            p_stage=p_stage,
            dimension=dimension,
            p_dimension=p_dimension if told else {},
            gap_cue=gap,
            p_gap_cue=p_gap if told else {},
            passages=passages,
            abstained=tuple(name for name, value in confidence.items() if value < self.decisions.abstain.get(name, 0.0)),
            segments=segments,
            model_version=self.version,
            repaired=not_valued and bool(p["repaired"][0] >= thresholds.get("repaired", 0.5)),
            precursor=None if not_valued else self._precursor(p["precursor"]),
        )

    def _precursor(self, p: Floats) -> NotValuedCode | None:
        names = self.heads.labels("precursor")
        if p[names.index(NONE)] >= self.decisions.thresholds.get("no_precursor", 0.5):
            return None
        return NotValuedCode(names[int(p[: names.index(NONE)].argmax())])

    def _codes(self, p: Floats) -> tuple[NotValuedCode, ...]:
        names = self.heads.labels("codes")
        chosen = [name for name, value in zip(names, p, strict=True) if value >= self.decisions.thresholds.get(f"codes.{name}", 0.5)]
        return tuple(NotValuedCode(name) for name in chosen or [names[int(p.argmax())]])

    def _passages(
        self, segments: tuple[SegmentAnnotation, ...], stage: Stage, dimension: Dimension | None, gap: Gap | None, p: float
    ) -> tuple[Passage, ...]:
        """Negative segments gathered by theme; the heaviest is the main irritant and carries the verbatim's own stage, dimension and gap cue."""
        floor = self.decisions.thresholds.get("segment_negative", 0.5)
        negative = [s for s in segments if s.p_negative >= floor] or sorted(segments, key=lambda s: (-s.p_negative, s.position))[:1]
        by_theme: dict[str, list[SegmentAnnotation]] = defaultdict(list)
        for segment in negative:
            by_theme[segment.theme].append(segment)
        groups = sorted(by_theme.values(), key=lambda g: (-sum(s.p_negative * s.p_theme for s in g), g[0].position))[:MAX_PASSAGES]
        passages = []
        for rank, group in enumerate(groups):
            at = tuple(s.position for s in group)
            heaviest = max(group, key=lambda s: (s.p_negative * s.p_theme, -s.position))
            weight = _p(p * max(s.p_negative for s in group))
            if rank == 0:
                passages.append(Passage(at, stage, dimension, gap, heaviest.theme, weight))
            else:
                passages.append(Passage(at, heaviest.stage, heaviest.dimension, heaviest.gap_cue, heaviest.theme, weight))
        return tuple(passages)


def load_annotator(name: str | Path) -> Annotator:
    """A model folder, ready.

    Args:
        name: A folder of models/, or a path.

    Raises:
        ModelError: The folder lacks an encoder, heads or thresholds.
    """
    folder = trained(name)
    decisions = Decisions.read(folder / "voc.json")
    heads = load_heads(folder / "heads.safetensors", decisions.themes, decisions.temperatures, decisions.ngrams, decisions.own_labels)
    encoder, reader = load_encoder(folder), load_reader(folder)
    if reader.dim != encoder.dim:
        raise ModelError(
            str(folder), f"a reader of {reader.dim} dimensions", f"{encoder.dim}, as the encoder's vectors have", "Train the model again"
        )
    return Annotator(encoder, reader, heads, decisions, folder_version(folder), topic_space(folder, heads))


def topic_space(folder: Path, heads: Heads) -> str:
    """Digest of what decides topic vectors: the encoder, the axes and the head of the themes. Other heads on the same encoder leave it as it is."""
    digest = hashlib.sha256(encoder_version(folder).encode())
    for name in ("topic.axes", "topic.mean", "topic.scale", "weight.theme", "bias.theme"):
        digest.update(np.ascontiguousarray(heads.weights[name]).tobytes())
    share = heads.shares.get("theme", 0.0) if heads.ngrams is not None else 0.0
    digest.update(repr((THEME_SHARE, heads.themes, heads.temperatures.get("theme", 1.0), share)).encode())
    if heads.ngrams is not None and share:
        read = heads.ngrams
        digest.update("\n".join(read.vocabulary).encode())
        for array in (read.idf, read.weights["theme"], read.scales["theme"], read.biases["theme"]):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def trained(name: str | Path) -> Path:
    """The folder of a model that has heads.

    Args:
        name: A folder of models/, or a path.

    Raises:
        ModelError: No such folder, or an encoder alone, such as a hub checkpoint: the error tells the command that gives it heads.
    """
    needs = f"Give it heads: voc train data_samples/training/written.jsonl --encoder {name} --out models/mine; then `model: models/mine`"
    try:
        folder = model_path(str(name))
    except ModelError as error:
        if not is_hub_name(str(name)):
            raise
        raise ModelError(str(name), "no folder, and a hub checkpoint has no heads", error.expected, needs) from None
    if (folder / "config.json").is_file() and not (folder / "voc.json").is_file():
        raise ModelError(
            str(folder), "an encoder without heads: it can tell topics apart, but labels nothing", "a model that `voc train` wrote", needs
        )
    return folder


def as_record(verbatim: Verbatim, annotation: Annotation, given_id: str) -> dict[str, Any]:
    """One object of ``voc annotate``'s output, under the id its file gave."""
    spans = {s.position: s for s in verbatim.segments}
    return {
        "id": given_id,
        "lang": verbatim.lang,
        "text": verbatim.text,
        "sentiment": annotation.sentiment.value,
        "p_sentiment": dict(annotation.p_sentiment),
        "not_valued": annotation.not_valued,
        "p_not_valued": annotation.p_not_valued,
        "not_valued_codes": [code.value for code in annotation.not_valued_codes],
        "intensity": annotation.intensity,
        "valued": annotation.valued,
        "repaired": annotation.repaired,
        "precursor": annotation.precursor.value if annotation.precursor else None,
        "stage": annotation.stage.value,
        "p_stage": dict(annotation.p_stage),
        "dimension": annotation.dimension.value if annotation.dimension else None,
        "p_dimension": dict(annotation.p_dimension) or None,
        "gap_cue": int(annotation.gap_cue) if annotation.gap_cue else None,
        "p_gap_cue": dict(annotation.p_gap_cue) or None,
        "irritants": [
            {
                "segments": list(passage.segments),
                "stage": passage.stage.value,
                "dimension": passage.dimension.value if passage.dimension else None,
                "gap_cue": int(passage.gap_cue) if passage.gap_cue else None,
                "theme": passage.theme,
                "p": passage.p,
            }
            for passage in annotation.passages
        ],
        "labels": dict(annotation.labels),
        "abstained": list(annotation.abstained),
        "segments": [
            {
                "text": spans[s.position].text,
                "start": spans[s.position].start,
                "end": spans[s.position].end,
                "role": spans[s.position].role.value,
                "sentiment": s.sentiment.value,
                "p_negative": s.p_negative,
                "p_not_valued": s.p_not_valued,
            }
            for s in annotation.segments
        ],
        "model_version": annotation.model_version,
    }


def _p(value: Any) -> float:
    """A probability as stored: six decimals, so that a figure reads the same wherever it is written."""
    return round(min(max(float(value), 0.0), 1.0), 6)


def _named(values: Floats, names: Sequence[str]) -> dict[str, float]:
    return {name: _p(value) for name, value in zip(names, values, strict=True)}


def _margin(p: float, threshold: float) -> float:
    """Confidence of a yes or no: 0.5 at the threshold, 1 at certainty on either side."""
    return 0.5 + 0.5 * ((p - threshold) / (1 - threshold) if p >= threshold else (threshold - p) / threshold)


def _dimension(p: Floats, heads: Heads, none_from: float = 0.5) -> Dimension | None:
    names = heads.labels("dimension")
    if p[names.index(NONE)] >= none_from:
        return None
    return Dimension(names[int(p[: names.index(NONE)].argmax())])


def _gap(p: Floats, heads: Heads, none_from: float = 0.5) -> Gap | None:
    names = heads.labels("gap_cue")
    if p[names.index(NONE)] >= none_from:
        return None
    return Gap(int(names[int(p[: names.index(NONE)].argmax())]))
