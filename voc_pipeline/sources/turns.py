"""Conversations out of rows of one turn each: streamed where a conversation's rows lie together, else sorted with bounded memory."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import pickle
import tempfile
from collections.abc import Callable, Iterator
from typing import IO

from voc_pipeline.schema import RawFeedback, Reason, Unreadable
from voc_pipeline.sources.files import BrokenRow
from voc_pipeline.sources.mapping import Located, Mapper

HELD_ROWS = 20_000
_Keyed = tuple[int, int, Located]  # rank of the conversation, position, row


def conversations(mapper: Mapper, rows: Callable[[], Iterator[Located]], held_rows: int = HELD_ROWS) -> Iterator[RawFeedback | Unreadable]:
    """The conversations of a source with one turn a row, in the order of their first rows.

    Two passes: the first sees whether each conversation's rows lie together. If not, rows are sorted in pieces of `held_rows`, kept meanwhile in
    temporary files that have no name (the system frees them with the process).

    Args:
        mapper: Maps the rows.
        rows: Starts the source's rows anew.
        held_rows: Rows held in memory at a time.
    """
    ranks, together = _ranks(mapper, rows())
    whole = _singled_out(mapper, rows())
    if together:
        group: list[Located] = []
        for item in whole:
            if isinstance(item, Unreadable):
                yield item
                continue
            if group and mapper.conversation(item) != mapper.conversation(group[0]):
                yield from mapper.map_conversation(group)
                group = []
            group.append(item)
        if group:
            yield from mapper.map_conversation(group)
        return
    pieces: list[Iterator[_Keyed]] = []
    held: list[_Keyed] = []
    for item in whole:
        if isinstance(item, Unreadable):
            yield item
            continue
        held.append((ranks[_digest(mapper.conversation(item))], item.position, item))
        if len(held) >= held_rows:
            pieces.append(_spilled(sorted(held)))
            held = []
    merged = heapq.merge(*pieces, sorted(held), key=lambda keyed: keyed[:2])
    for _, turns in itertools.groupby(merged, key=lambda keyed: keyed[0]):
        yield from mapper.map_conversation([located for _, _, located in turns])


def _digest(conversation: str) -> bytes:
    return hashlib.blake2b(conversation.encode("utf-8", "replace"), digest_size=12).digest()


def _ranks(mapper: Mapper, rows: Iterator[Located]) -> tuple[dict[bytes, int], bool]:
    """Rank of each conversation by its first row, and whether the rows of each lie together."""
    ranks: dict[bytes, int] = {}
    last, together = b"", True
    for located in rows:
        if conversation := mapper.conversation(located):
            key = _digest(conversation)
            if key != last and key in ranks:
                together = False
            ranks.setdefault(key, len(ranks))
            last = key
    return ranks, together


def _singled_out(mapper: Mapper, rows: Iterator[Located]) -> Iterator[Located | Unreadable]:
    """Rows, those that belong to no conversation turned into what they are."""
    for located in rows:
        if isinstance(located.row, BrokenRow):
            yield mapper.unreadable(located, Reason.BAD_ROW, located.row.detail)
        elif not mapper.conversation(located):
            yield mapper.unreadable(located, Reason.MISSING_ID, "no conversation")
        else:
            yield located


def _spilled(piece: list[_Keyed]) -> Iterator[_Keyed]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been read
    for keyed in piece:
        pickle.dump(keyed, file, pickle.HIGHEST_PROTOCOL)
    file.seek(0)
    return _read_back(file, len(piece))


def _read_back(file: IO[bytes], n: int) -> Iterator[_Keyed]:
    with file:
        for _ in range(n):
            keyed: _Keyed = pickle.load(file)  # our own unnamed file, written a moment ago
            yield keyed
