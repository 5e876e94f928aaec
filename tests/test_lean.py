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


@pytest.mark.parametrize(
    "use",
    [
        "from voc_pipeline import language; language.lemmas(['La box est en panne depuis lundi.'], 'fr')",
        "from voc_pipeline.discover.grouping import quiet\nwith quiet():\n    import bertopic",
    ],
    ids=["spaCy", "BERTopic"],
)
def test_a_run_without_torch_models_never_loads_torch(use: str) -> None:
    """The language room and discovery import neither torch nor transformers."""
    code = f"{use}\nimport sys; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
