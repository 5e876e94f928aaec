"""The trained French pipeline, loaded once; made by `voc_pipeline.training.french`."""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from voc_pipeline.lean import without
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
    """The model's own tokenizer on a bare French: importing spaCy's French class alone compiles its exceptions for four seconds."""
    with without("torch", "tensorflow"):
        from spacy.language import Language
        from spacy.util import load_config

    class French(Language):  # type: ignore[no-untyped-call]  # spaCy's own hook
        lang = "fr"

    folder = model_path(MODEL)
    return French.from_config(load_config(folder / "config.cfg")).from_disk(folder)
