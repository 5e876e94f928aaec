"""What is new: BERTopic proposes from what no irritant claims, troubles that grow inside an irritant part from it, and newborns claim by the same rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from voc_pipeline import discover, registry
from voc_pipeline.encoder import Floats
from voc_pipeline.keys import fold
from voc_pipeline.registry.parting import CORE_SPREADS, Parting, Saying, partings
from voc_pipeline.schema import Irritant, IrritantKind, Mention, Proposal
from voc_pipeline.steps.assigning import Crowds, Told, crowds_of, gather, kinds, snapshot_of, texts_of
from voc_pipeline.steps.context import Context, Counts, Step
from voc_pipeline.store import Edit

DISCOVERY_SHARD = 1_000_000
"""Shard number under which discovery writes its mentions, beyond every shard of assignment."""


def _discover(context: Context, shard: int) -> Counts:
    """Newborns, and all that they claim; what stays unclaimed is shown with its nearest irritant, flagged."""
    run = context.run
    assigned = {(m.verbatim_id, m.position): m.irritant_id for m in context.store.mentions(context.run_id)}
    mentions: list[Mention] = []
    newborn: list[tuple[Irritant, Parting | None]] = []
    counts: dict[str, int] = {}
    gathered = gather(context, None)
    crowds = crowds_of(context, gathered)
    for kind, rows in gathered.items():
        x = crowds.by_kind[kind]
        before = snapshot_of(context, kind, run.ordinal)
        born, claims = _born(context, kind, rows, crowds, before)
        newborn += born
        for row, claim in zip(rows, claims, strict=True):
            place = (row.verbatim.id, row.segment.position)
            if claim.irritant_id and not claim.barred and assigned.get(place) != claim.irritant_id:
                mentions.append(Mention(*place, claim.irritant_id, claim.score, claim.fallback))
        free = [claim for claim in claims if claim.fallback]
        counts |= {f"{kind.value}.candidates": len(x), f"{kind.value}.born": len(born), f"{kind.value}.known": len(before.irritants)}
        counts |= {f"{kind.value}.parted": sum(parting is not None for _, parting in born)}
        counts |= {f"{kind.value}.unassigned": len(free), f"{kind.value}.fallback": sum(bool(claim.irritant_id) for claim in free)}
        counts |= {f"{kind.value}.rejected": sum(claim.barred for claim in claims)}
        context.on_progress("discover", 1)
    with context.finishing("discover", shard, counts):
        context.store.save_irritants([irritant for irritant, _ in newborn])
        context.store.write_thresholds(run.id, context.annotator.space, {irritant.id: irritant.threshold for irritant, _ in newborn})
        for irritant, parting in newborn:
            context.store.append_edit(_born_event(context, irritant, parting))
        context.store.write_mentions(context.run_id, DISCOVERY_SHARD, mentions, instead=True)
    return counts


def _born(
    context: Context, kind: IrritantKind, rows: Sequence[Told], crowds: Crowds, before: registry.Snapshot
) -> tuple[list[tuple[Irritant, Parting | None]], list[registry.Claim]]:
    """Newborns of one kind, each with what it parted from, and what every segment tells of in their light."""
    run, settings, languages = context.run, context.config.discovery, context.config.languages
    x, texts = crowds.by_kind[kind], texts_of(rows)
    candidates = [_candidate(row) for row in rows]
    chance = [x, crowds.all]
    records = list(before.irritants)

    def borne(proposals: Sequence[Proposal], inside: str = "") -> list[Irritant]:
        known = registry.freeze(records, context.embed, before.moves)
        found = registry.register(proposals, known, chance, kind=kind, run_id=run.id, ordinal=run.ordinal, embed=context.embed, inside=inside)
        records.extend(found)
        return found

    def claimed() -> list[registry.Claim]:
        return registry.claim(x, registry.freeze(records, context.embed, before.moves), texts)

    def parted(claims: Sequence[registry.Claim]) -> list[tuple[Irritant, Parting | None]]:
        found: list[tuple[Irritant, Parting | None]] = []
        for parting in _partings(context, rows, claims, x):
            own = [i for i, claim in enumerate(claims) if claim.irritant_id == parting.irritant_id and not claim.fallback]
            inside = np.flatnonzero(np.isin(own, parting.rows)).tolist()
            proposal = discover.part([candidates[i] for i in own], x[own], inside, kind=kind, languages=languages, known=_labels(records))
            found += [(irritant, parting) for irritant in borne([proposal] if proposal else [], parting.irritant_id)]
        return found

    born = parted(claimed())  # first, so that the same trouble is not born a second time of what its irritant did not claim
    left = [i for i, claim in enumerate(claimed()) if claim.fallback]
    proposals = discover.propose([candidates[i] for i in left], x[left], kind=kind, settings=settings, languages=languages, known=_labels(records))
    born += [(irritant, None) for irritant in borne(proposals)]
    born += parted(claimed())
    return born, claimed()


def _partings(context: Context, rows: Sequence[Told], claims: Sequence[registry.Claim], x: Floats) -> list[Parting]:
    """Groups that depart from what claims them, where the run is large enough to discover anything; what people moved stays where they put it."""
    if len(rows) < context.config.discovery.min_segments:
        return []
    moved = context.standing().moves
    sayings = [
        Saying(
            key=f"{row.verbatim.id}:{row.segment.position:05d}",
            irritant_id="" if claim.fallback or claim.barred or fold(row.segment.text) in moved else claim.irritant_id,
            text=row.segment.text,
            teller=row.verbatim.customer or row.verbatim.id,
            day=row.verbatim.date.date() if row.verbatim.date else None,
        )
        for row, claim in zip(rows, claims, strict=True)
    ]
    smallest = discover.smallest_group(len({fold(row.segment.text) for row in rows}), context.config.discovery.min_mentions)
    as_of = context.run.as_of or max((saying.day for saying in sayings if saying.day), default=date.min)
    return partings(sayings, x, level=registry.above_chance(x, CORE_SPREADS), smallest=smallest, as_of=as_of)


def _candidate(row: Told) -> discover.Candidate:
    return discover.Candidate(
        key=f"{row.verbatim.id}:{row.segment.position:05d}",
        verbatim_id=row.verbatim.id,
        position=row.segment.position,
        text=row.segment.text,
        lang=row.verbatim.lang,
        theme=row.answer.theme,
        p_theme=row.answer.p_theme,
    )


def _labels(records: Sequence[Irritant]) -> dict[str, set[str]]:
    """Labels that are taken, by language; those of rejected and merged records are not."""
    standing = [record for record in records if record.status in ("active", "retired")]
    return {"fr": {record.label_fr for record in standing}, "en": {record.label_en for record in standing}}


def _born_event(context: Context, irritant: Irritant, parting: Parting | None) -> Edit:
    figures: dict[str, object] = {"exemplars": len(irritant.exemplars)}
    reason = "proposed by discovery"
    if parting is not None:
        figures |= {"inside": parting.irritant_id, "recent": parting.recent, "earlier": parting.earlier, "q_value": parting.q}
        figures |= {"rest_recent": parting.rest_recent, "rest_earlier": parting.rest_earlier}
        reason = f"told lately far more than the rest of {parting.irritant_id}, which claimed it"
    return Edit(context.run.started_at, "voc", context.run_id, "born", irritant.id, figures, reason)


DISCOVER = Step("discover", lambda context: [0], _discover, lambda context: len(kinds(context)))
