"""The trained French pipeline, loaded once; made by `voc_pipeline.training.french`."""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from voc_pipeline.places import model_path

if TYPE_CHECKING:
    from spacy.language import Language

MODEL = "voc-fr"
LETTER = re.compile(r"[^\W\d_]")
ONE_AT_A_TIME = Lock()  # a pipeline's vocabulary grows as it reads, which two threads must not do at once


_LOADING = Lock()


def pipeline() -> Language:
    """The French pipeline, loaded once however many threads ask: spaCy cannot load in two at a time."""
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> Language:
    import spacy

    return spacy.load(model_path(MODEL))
