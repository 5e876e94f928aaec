"""Which verbatims people read: a stratified random sample whose every verbatim has a known weight."""

from __future__ import annotations

import hashlib
import random
from base64 import b32encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from voc_pipeline.errors import AuditError
from voc_pipeline.schema import Annotation, Drawn, Sentiment, Stratum, Verbatim

ENOUGH = 300
"""Verbatims the protocol asks for (codebook 6 and 7)."""
MINIMUM = 12
"""Verbatims drawn from each stratum at least, where it has as many and the sample is large enough."""
LEAST = 2
"""Under this many in a stratum, nothing could be said of how it varies."""

Key = tuple[str, bool, bool]


def stratum_of(verbatim: Verbatim, annotation: Annotation) -> Key:
    """Source, whether the model reads not valued, whether it reads negative."""
    return verbatim.source, annotation.not_valued, annotation.sentiment is Sentiment.NEGATIVE


def least_drawn(n: int, n_strata: int, minimum: int = MINIMUM) -> int:
    """Verbatims that each stratum gives at least where it has as many: `minimum`, lowered so that topping up takes at most half of a sample of `n`."""
    return max(LEAST, min(minimum, n // (2 * n_strata)))


def allocate(sizes: Sequence[int], n: int, minimum: int = MINIMUM) -> list[int]:
    """How many to draw from each stratum: its proportional part, small strata topped up to `minimum`, never more than there are.

    Args:
        sizes: Of the strata, each above 0.
        n: Of the sample.
        minimum: Wanted from each stratum.

    Returns:
        One number a stratum; their sum is `n`, or all there are.

    Raises:
        AuditError: `n` is too small for two verbatims a stratum.

    >>> allocate([900, 90, 10], 100)
    [78, 12, 10]
    """
    least = sum(min(size, LEAST) for size in sizes)
    if n < least:
        raise AuditError("--n", f"{n}, but there are {len(sizes)} strata", f"at least {least}, so that each can be heard", "Ask for more")
    if n >= sum(sizes):
        return list(sizes)
    floor = least_drawn(n, len(sizes), minimum)
    drawn = [min(size, floor) for size in sizes]
    total = sum(sizes)
    while left := n - sum(drawn):
        short = [max(0.0, min(size, n * size / total) - have) for size, have in zip(sizes, drawn, strict=True)]
        if not any(short):
            short = [float(size - have) for size, have in zip(sizes, drawn, strict=True)]
        parts = [left * part / sum(short) for part in short]
        whole = [min(int(part), size - have) for part, size, have in zip(parts, sizes, drawn, strict=True)]
        if not any(whole):
            open_ = [i for i, (size, have) in enumerate(zip(sizes, drawn, strict=True)) if have < size]
            for i in sorted(open_, key=lambda i: (-parts[i], i))[:left]:
                drawn[i] += 1
            continue
        drawn = [have + more for have, more in zip(drawn, whole, strict=True)]
    return drawn


def draw(verbatims: Iterable[Verbatim], annotations: Mapping[str, Annotation], n: int, seed: int) -> tuple[list[Stratum], list[Drawn]]:
    """A stratified random sample without replacement: the same for the same verbatims, answers and seed, whatever their order.

    Args:
        verbatims: The population; those without an annotation are left out.
        annotations: What the model said, by verbatim id.
        n: Verbatims wanted; all are taken where there are fewer.
        seed: Of the draw.

    Returns:
        The strata, sorted; and the sample in a random order that tells nothing of them.

    Raises:
        AuditError: There is no verbatim, or `n` is too small for the strata.
    """
    members: dict[Key, list[Verbatim]] = defaultdict(list)
    for verbatim in verbatims:
        if verbatim.id in annotations:
            members[stratum_of(verbatim, annotations[verbatim.id])].append(verbatim)
    if not members:
        raise AuditError("voc audit", "the run has no analysed verbatim", "verbatims to draw from", "Check the sources with `voc check`")
    keys = sorted(members)
    numbers = allocate([len(members[key]) for key in keys], n)
    strata, sample = [], []
    for place, (key, number) in enumerate(zip(keys, numbers, strict=True)):
        ordered = sorted(members[key], key=lambda verbatim: verbatim.id)
        chosen = random.Random(f"{seed}|{key}").sample(ordered, number)
        strata.append(Stratum(*key, size=len(ordered), drawn=number))
        sample += [Drawn(verbatim.id, place, verbatim.text_key) for verbatim in chosen]
    sample.sort(key=lambda drawn: hashlib.sha256(f"{seed}|{drawn.verbatim_id}".encode()).digest())
    return strata, sample


def audit_id(run_id: str, model_version: str, seed: int, strata: Sequence[Stratum], sample: Sequence[Drawn]) -> str:
    """The id of a draw: equal for the same run, model, seed, strata and texts."""
    told = repr((run_id, model_version, seed, [(s.source, s.not_valued, s.negative, s.size) for s in strata], sorted(d.verbatim_id for d in sample)))
    texts = "|".join(sorted(drawn.text_key for drawn in sample))
    return f"AUD-{b32encode(hashlib.sha256(f'{told}{texts}'.encode()).digest()).decode()[:8]}"
