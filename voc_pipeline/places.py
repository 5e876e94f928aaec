"""Where the shipped folders are: beside the package in a clone, beside it in `site-packages` once installed."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from voc_pipeline.errors import ModelError, suggest

ROOT = Path(__file__).resolve().parent.parent


def model_path(name: str | PathLike[str]) -> Path:
    """The folder of a model: `name` itself where such a folder exists, else the shipped `models/<name>`.

    Args:
        name: Path of a folder, or the name of a shipped model such as ``voc-fr``.

    Raises:
        ModelError: there is neither.
    """
    given = Path(name)
    if given.is_dir():
        return given
    shipped = ROOT / "models" / given
    if not given.is_absolute() and shipped.is_dir():
        return shipped
    models = ROOT / "models"
    known = (
        sorted(path.name for path in models.iterdir() if path.is_dir() and path.name.isidentifier() | ("-" in path.name)) if models.is_dir() else []
    )
    raise ModelError(
        str(name), "no such model folder", f"a folder, or the name of a model shipped in {models}", suggest(str(name), known) if known else ""
    )
