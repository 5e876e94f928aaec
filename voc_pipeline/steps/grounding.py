"""What a gap stands on besides words: dispersion over units, the company's registers, the owner's word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voc_pipeline import registry, servqual
from voc_pipeline.intervals import customer_codes, shares
from voc_pipeline.keys import fold
from voc_pipeline.redact import redact
from voc_pipeline.registers import Entry, Register
from voc_pipeline.schema import Gap, Irritant, IrritantKind, Match, Metric, Telling, Voice
from voc_pipeline.servqual import Confirmation, Dispersion, Grounds
from voc_pipeline.steps.assigning import crowds_of, gather
from voc_pipeline.steps.context import Context

SPREAD, SHARE = "dispersion", "register"
"""Scopes of the figures this makes."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What a run holds against its irritants.

    Attributes:
        entries: Entries of the registers that hold in the run's window, redacted.
        matches: Of the irritants told, with people's words.
        compared: Irritants that could be compared with the registers.
        spreads: Dispersion of the irritants.
        confirmed: By irritant, the gap that a person confirmed, who did and for whom.
    """

    entries: tuple[tuple[Register, Entry], ...]
    matches: tuple[Match, ...]
    compared: frozenset[str]
    declared: tuple[Register, ...]
    spreads: tuple[Dispersion, ...]
    confirmed: Mapping[str, Confirmation]

    def grounds(self) -> Mapping[str, Grounds]:
        """What is known of each irritant; an irritant that is not there has nothing but its words."""
        entries = {entry.id: entry for _, entry in self.entries}
        matches: dict[str, list[Match]] = defaultdict(list)
        spreads: dict[str, list[Dispersion]] = defaultdict(list)
        for match in self.matches:
            matches[match.irritant_id].append(match)
        for spread in self.spreads:
            spreads[spread.irritant_id].append(spread)
        return {
            key: Grounds(
                spreads=tuple(spreads[key]),
                matches=tuple(matches[key]),
                declared=self.declared if key in self.compared or matches[key] else (),
                entries=entries,
                confirmed=self.confirmed.get(key),
            )
            for key in {*matches, *spreads, *self.compared, *self.confirmed}
        }


def documents_of(context: Context, voices: Sequence[Voice], tellings: Sequence[Telling]) -> Documents:
    """Compares a run's irritants with the registers, and tests their dispersion.

    Args:
        context: The run.
        voices: The base.
        tellings: What is told in it.
    """
    config, standing = context.config, context.standing()
    painful = [telling for telling in tellings if _is_irritant(standing.records.get(telling.irritant_id))]
    told = {telling.irritant_id for telling in painful}
    first, last = context.window
    entries = tuple((register, _redacted(entry)) for register, entry in config.registers.entries() if entry.holds(first, last))
    compared = registry.Compared((), frozenset())
    if entries:
        gathered = {kind: list({fold(row.segment.text): row for row in rows}.values()) for kind, rows in gather(context, None).items()}
        crowds, said = crowds_of(context, gathered), context.annotator.heads.said
        snapshot = registry.freeze(
            [record for record in standing.records.values() if record.id in told and record.status == "active"],
            lambda texts: said(context.embed(texts)),
            standing.moves,
        )
        chance = [said(crowds.by_kind[IrritantKind.IRRITANT]), said(crowds.all)]
        compared = registry.compare(entries, snapshot, chance, lambda texts: said(context.embed(texts)))
    by_id = {entry.id: register for register, entry in entries}
    confirmed = {
        standing.following(key): Confirmation(Gap(int(word.said)), word.author, word.owner)
        for key, word in sorted(standing.gaps.items(), key=lambda item: item[1].at)
    }
    return Documents(
        entries=entries,
        matches=registry.settled(compared.matches, standing, by_id, told),
        compared=compared.irritants,
        declared=config.registers.declared,
        spreads=tuple(servqual.dispersions(voices, painful, config.units)),
        confirmed={key: word for key, word in confirmed.items() if key in told},
    )


def document_metrics(documents: Documents, voices: Sequence[Voice], tellings: Sequence[Telling]) -> list[Metric]:
    """Figures: how each irritant spreads, and which share of the verbatims tells against each entry."""
    metrics = [
        Metric(
            SPREAD,
            f"{one.irritant_id}={one.attribute}",
            "effect",
            one.effect.value,
            one.effect.low,
            one.effect.high,
            one.effect.n,
            {
                "p_value": one.p_value,
                "q_value": one.q_value,
                "verdict": str(one.verdict),
                "units": [list(unit) for unit in one.units],
                "above": list(one.above),
            },
        )
        for one in documents.spreads
    ]
    ordered = sorted(voices, key=lambda voice: voice.verbatim_id)
    place = {voice.verbatim_id: row for row, voice in enumerate(ordered)}
    told: dict[str, set[int]] = defaultdict(set)
    for telling in tellings:
        told[telling.irritant_id].add(place[telling.verbatim_id])
    against: dict[str, set[int]] = defaultdict(set)
    for match in documents.matches:
        if match.state.stands:
            against[match.entry_id] |= told[match.irritant_id]
    ids = [entry.id for _, entry in documents.entries]
    rows = [(row, column) for column, name in enumerate(ids) for row in sorted(against[name])]
    found = shares(
        np.array([row for row, _ in rows], dtype=np.int64),
        np.array([column for _, column in rows], dtype=np.int64),
        len(ids),
        customer_codes([v.customer or v.respondent for v in ordered], [v.verbatim_id for v in ordered]),
    )
    if found.n:
        metrics += [
            Metric(SHARE, name, "share", float(found.value[i]), float(found.low[i]), float(found.high[i]), found.n, {"told": len(against[name])})
            for i, name in enumerate(ids)
        ]
    return metrics


def _is_irritant(record: Irritant | None) -> bool:
    return record is not None and record.kind is IrritantKind.IRRITANT


def _redacted(entry: Entry) -> Entry:
    """An entry as it may be kept: the store holds nobody's name."""
    texts = {"fr": redact(entry.fr, "fr").text, "en": redact(entry.en, "en").text, "source": redact(entry.source, "fr").text}
    return entry.model_copy(update=texts)
