"""Imports that leave out optional packages."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from voc_pipeline.lean import without


def test_a_left_out_package_is_not_found_by_this_thread_and_comes_back() -> None:
    """Inside the block this thread finds no such package, another thread does, and afterwards everybody does."""
    found: list[str] = []

    def elsewhere() -> None:
        import colorsys

        found.append(colorsys.__name__)

    sys.modules.pop("colorsys", None)
    with without("colorsys"):
        with pytest.raises(ModuleNotFoundError, match="colorsys is left out"):
            import colorsys
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join()
    sys.modules.pop("colorsys", None)
    import colorsys

    assert found == [colorsys.__name__]


def test_a_loaded_package_stays() -> None:
    """What is loaded already is not taken from those who use it."""
    with without("json"):
        import json
    assert json.loads("1") == 1


ANNOTATION = """
from voc_pipeline.annotate import load_annotator
from voc_pipeline.composers.annotating import feedback_of
from voc_pipeline.intake import Intake
verbatim = Intake(b"k", ("fr", "en")).prepare(feedback_of("1", "La box est en panne depuis lundi et personne ne rappelle. Nul.", channel="review"))
assert load_annotator("voc-mini").annotate([verbatim])[0][0].not_valued is not None
"""
DISCOVERY = """
import numpy as np
from voc_pipeline import discover
from voc_pipeline.config import Discovery
from voc_pipeline.schema import IrritantKind
rng = np.random.default_rng(0)
texts = [f"{'la box est en panne' if i % 2 else 'le rappel promis ne vient pas'}, dit {'x' * i}" for i in range(60)]
candidates = [discover.Candidate(f"{i:03}", f"v{i}", 0, text, "fr") for i, text in enumerate(texts)]
x = (np.eye(8)[[i % 2 for i in range(60)]] + 0.1 * rng.normal(size=(60, 8))).astype(np.float32)
assert discover.propose(candidates, x, kind=IrritantKind.IRRITANT, settings=Discovery(), languages=("fr", "en"))
"""


@pytest.mark.parametrize("use", [ANNOTATION, DISCOVERY], ids=["annotation", "discovery"])
def test_a_run_on_an_onnx_graph_never_loads_torch(use: str) -> None:
    """Intake, annotation and discovery, naming included, load neither torch nor transformers."""
    code = f"{use}\nimport sys; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
