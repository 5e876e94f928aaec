"""Five folds ask about every row once, and nothing that is asked about trains."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from benchmarks.folds import FOLDS, parts
from voc_pipeline.places import ROOT
from voc_pipeline.training.fit import folded
from voc_pipeline.training.labelled import Labelled, read_labelled

WRITTEN = read_labelled([ROOT / "data_samples" / "evaluation" / "two_hands.jsonl"])


def asked_once(records: list[Labelled]) -> list[tuple[list[Labelled], list[Labelled]]]:
    """The folds as records, of which every row is asked about once and trains the other four."""
    splits = list(parts(records))
    assert len(splits) == FOLDS
    assert Counter(i for _, test in splits for i in test) == Counter(range(len(records)))
    assert all(sorted([*train, *test]) == list(range(len(records))) for train, test in splits)
    return [([records[i] for i in train], [records[i] for i in test]) for train, test in splits]


def test_a_text_that_stands_twice_is_on_one_side() -> None:
    """Of real verbatims each origin is in every fold, and a text copied with other capitals and marks goes where the first one goes."""
    real = [replace(record, origin=f"site {i % 3}", raw={}) for i, record in enumerate(WRITTEN[:300])]
    copies = [replace(record, id=f"{record.id}-again", text=f"« {record.text.upper()} » !!") for record in real[:60]]
    for train, test in asked_once([*real, *copies]):
        assert not {folded(record.text) for record in train} & {folded(record.text) for record in test}
        assert {record.origin for record in test} == {"site 0", "site 1", "site 2"}


def test_a_writer_is_on_one_side() -> None:
    """Where every row was written for the project, nobody's hand is learnt and asked about."""
    hands = [replace(record, raw={**record.raw, "writer": "ABCDEFG"[i % 7]}) for i, record in enumerate(WRITTEN)]
    for train, test in asked_once(hands):
        assert not {record.raw["writer"] for record in train} & {record.raw["writer"] for record in test}
