"""Roll-ups as a run counted them, with what is late or unowned in each group as people have it now: what the page and the tables both tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from voc_pipeline.discover.themes import load_themes
from voc_pipeline.journey import stage_label
from voc_pipeline.loop import unrejected
from voc_pipeline.loop.health import Standing, troubles
from voc_pipeline.report.reading import Reading, detail, parted
from voc_pipeline.report.words import Lang, Words
from voc_pipeline.schema import IrritantKind, Level, Metric


@dataclass(frozen=True, slots=True)
class Rolled:
    """One group of a level.

    Attributes:
        group: Id of the theme, stage or department; "" where its records have none.
        ids: Its records, those told most first.
        late: Those with an action that is late; irritants only.
        unowned: Those that nobody answers for; irritants only.
    """

    kind: IrritantKind
    level: Level
    group: str
    ids: tuple[str, ...]
    figures: Mapping[str, Metric]
    late: tuple[str, ...]
    unowned: tuple[str, ...]

    @property
    def n(self) -> int:
        """Verbatims that tell one of its records or more."""
        return round(self.figures["verbatims"].value)


def rolled(reading: Reading, kind: IrritantKind, level: Level) -> list[Rolled]:
    """Groups of a level: stages in the order of the journey, others from the one told most on; empty for a run of before roll-ups were counted."""
    late, unowned = _to_look_at(reading) if kind is IrritantKind.IRRITANT else ((), ())
    order = {stage: place for place, stage in enumerate(reading.stages)} if level is Level.STAGE else {}
    groups = []
    for key in reading.figures.keys(f"rollup_{level}"):
        own, group = parted(key)
        figures = reading.figures.of(f"rollup_{level}", key)
        if own == kind:
            ids = tuple(detail(figures.get("records"), "ids", ()))
            found = (tuple(one for one in ids if one in marked) for marked in (late, unowned))
            groups.append(Rolled(kind, level, group, ids, figures, *found))
    return sorted(groups, key=lambda one: (order.get(one.group, len(order)), -one.n, one.group))


def group_label(reading: Reading, one: Rolled, lang: Lang) -> str:
    """The name of a group; of records that have none, what is said of them."""
    t = Words(lang)
    if not one.group:
        return t("owner.none") if one.level is Level.DEPARTMENT else t("rollup.no_theme")
    if one.level is Level.STAGE:
        return stage_label(reading.journey, one.group, lang)
    if one.level is Level.DEPARTMENT:
        return t.known(f"department.{one.group}") or one.group.replace("_", " ")
    theme = load_themes().get(one.group)
    return theme.names[one.kind][lang] if theme else one.group


def _to_look_at(reading: Reading) -> tuple[Collection[str], Collection[str]]:
    """Irritants with a late action, and those without an owner, by the rule of the loop."""
    day = reading.run.as_of or reading.run.started_at.date()
    irritants = [Standing(record.id, record.owner, day) for record in reading.ranked(IrritantKind.IRRITANT, told=True) if record.status == "active"]
    found = troubles(irritants, unrejected(reading.loops, reading.everyone), day)
    late, unowned = ({one.irritant_id for one in found if one.kind == kind} for kind in ("late", "unowned"))
    return late, unowned
