"""Imports without the parts of a library that we do not use: optional packages stay out of memory where nobody asked for them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotHere:
    """A finder that says of some packages, to one thread, that they are not installed."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names, self._thread = names, threading.get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is left out of this import", name=name)
        return None


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within it, this thread's imports find none of these packages, unless they are loaded already; asking for one's spec raises too.

    For libraries that import a heavy optional package only to know whether it is there: spaCy and BERTopic load torch (2 s, 200 MB) and the
    latter transformers (5 s), of which a run on an ONNX graph uses nothing. What such a library concludes at its import, it concludes for good: in this
    process it works without the package, though everybody else can import it afterwards.

    Args:
        names: Top-level packages, such as ``"torch"``.

    >>> with without("antigravity"):
    ...     import antigravity
    Traceback (most recent call last):
    ModuleNotFoundError: antigravity is left out of this import
    """
    finder = _NotHere(frozenset(names))
    # a new list each time: other threads may be walking through the one they found
    sys.meta_path = [finder, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [other for other in sys.meta_path if other is not finder]
