"""What every step of one run shares, and the face that a step has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from voc_pipeline.annotate import Annotator, load_annotator
from voc_pipeline.config import Config
from voc_pipeline.encoder import Floats, VectorCache
from voc_pipeline.registry import Standing, replay
from voc_pipeline.store import Run, Store

Counts = Mapping[str, int]


@dataclass
class Context:
    """One run at work: settings, store, and what is loaded once on demand."""

    config: Config
    store: Store
    run_id: str
    on_progress: Callable[[str, int], None] = lambda step, n: None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def run(self) -> Run:
        """The run as the store has it now."""
        return self.store.run(self.run_id)

    @property
    def annotator(self) -> Annotator:
        """The model, loaded once however many threads ask."""
        with self._lock:
            return self._annotator

    @cached_property
    def _annotator(self) -> Annotator:
        return load_annotator(model_name(self.config))

    @cached_property
    def _vectors(self) -> VectorCache:
        return VectorCache(self.config.cache_url, self.annotator.version, self.config.key)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Topic vectors of texts, their encodings taken from the cache where it has them. *Shape:* (n_texts, n_topics)."""
        with self._lock:
            new = list(dict.fromkeys(text for text in texts if text not in self._topics))
            if new or not texts:
                found = self.annotator.heads.topics(self._vectors.get(new, self.annotator.encoder), new)
                self._topics.update(zip(new, found.astype(np.float16), strict=True))
            return np.stack([self._topics[text] for text in texts]).astype(np.float32) if texts else found

    _topics: dict[str, npt.NDArray[np.float16]] = field(default_factory=dict, repr=False)

    def keep(self, texts: Sequence[str], x: Floats) -> None:
        """Put encodings into the cache. *Shape:* (n_texts, dim)."""
        with self._lock:
            self._vectors.put(texts, x)

    def standing(self) -> Standing:
        """The registry as runs and people left it. People wait for a run to end before they edit: it stands so for the whole of it."""
        return replay(self.store.given_irritants(), self.store.edits()).standing

    @property
    def window(self) -> tuple[date | None, date | None]:
        """First and last day of the base of all figures."""
        run = self.run
        return run.window_start, run.as_of

    @contextmanager
    def finishing(self, step: str, shard: int, counts: Counts) -> Iterator[None]:
        """One transaction for what a shard writes and the mark that it is done: both are kept, or neither."""
        with self.store.transaction():
            yield
            self.store.shard_done(self.run_id, step, shard, counts)

    def base_ids(self) -> list[str]:
        """Verbatims of the base, sorted: the same list for every step and every restart of a run."""
        with self._lock:
            if self._ids is None:
                self._ids = self.store.verbatim_ids(*self.window)
            return self._ids

    _ids: list[str] | None = field(default=None, repr=False)

    def chunks(self) -> list[int]:
        """Shards of the base: numbers of its chunks."""
        return list(range((len(self.base_ids()) + self.config.shard_size - 1) // self.config.shard_size))

    def chunk(self, shard: int) -> list[str]:
        """Ids of one shard."""
        size = self.config.shard_size
        return self.base_ids()[shard * size : (shard + 1) * size]


@dataclass(frozen=True)
class Step:
    """A step by its name: what shards it has, what one shard does, what closes it.

    Attributes:
        shards: Numbers of its shards: the same list when a run is resumed.
        run_shard: Does one shard and marks it done, in one transaction (`Context.finishing`).
        size: Units its progress is told in, or None where they cannot be known before.
    """

    name: str
    shards: Callable[[Context], list[int]]
    run_shard: Callable[[Context, int], Counts]
    size: Callable[[Context], int | None] = lambda context: 1


def model_name(config: Config) -> str:
    """The model of the settings: a folder beside the settings if there is one, else a shipped name, a path or a hub name."""
    beside = config.resolve(config.model)
    return str(beside) if beside.is_dir() else config.model
