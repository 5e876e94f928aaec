"""What a gap reading stands on, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voc_pipeline.report.words import Words
from voc_pipeline.schema import GapReading, Ground
from voc_pipeline.servqual import CHANNEL
from voc_pipeline.servqual.deciding import CEILINGS, DOCUMENTED_CEILING
from voc_pipeline.wording import GAP_NAMES


def sentences(reading: GapReading, t: Words, cues: bool = True) -> list[str]:
    """One sentence a piece of evidence, with its figures and its weight; that of the cues may be left out."""
    return [_sentence(ground, t) for ground in reading.grounds if cues or ground.kind != "cues"]


def ceiling_told(reading: GapReading, t: Words) -> str:
    """Confidence, its ceiling, and what sets the ceiling."""
    kinds = {ground.kind for ground in reading.grounds}
    sort = "owner" if "owner" in kinds else "person" if "person" in kinds else "documents" if reading.ceiling == DOCUMENTED_CEILING else "text"
    ceiling = reading.ceiling or (CEILINGS[reading.gap] if reading.gap else 0.0)  # a run of before kept none: text alone spoke then
    return t(f"gap.confidence.{sort}", x=t.number(reading.confidence, 2), ceiling=t.number(ceiling, 1))


def vouched(reading: GapReading) -> bool:
    """Whether a person stands behind the gap: its owner named it, or somebody confirmed the document that decides it."""
    return any(
        ground.kind == "owner" or (ground.kind == "entry" and ground.said["state"] == "confirmed" and ground.supports == reading.gap)
        for ground in reading.grounds
    )


def _sentence(ground: Ground, t: Words) -> str:
    said: Mapping[str, Any] = ground.said
    kind = ground.kind
    if kind == "cues":
        return t("ground.cues", gap=_gap(ground, t), **_interval(said, t), n=t.plural("tellings.n", int(said["n"])))
    if kind == "spread":
        holes = {
            "attribute": t.known(f"attribute.{said['attribute']}") or str(said["attribute"]),
            "x": t.number(said["value"], 2),
            "interval": t.range(said["low"], said["high"], 2),
            "n": t.plural("tellings.n", int(said["n"])),
        }
        # a run of before named only the unit most beyond chance
        units = said.get("above") or [(said["unit"], said["told"], said["expected"])]
        told = "fewer" if said["verdict"] == "concentrated" and said.get("above") == [] else said["verdict"]
        return t(f"ground.spread.{told}", units=_units(units, str(said["attribute"]), t), **holes) + _weight(ground, t)
    if kind == "entry":
        confirmed = said["state"] == "confirmed"
        holes = {"id": said["id"], "words": said[t.lang], "score": t.number(said["score"], 2), "level": t.number(said["level"], 2)}
        state = t("ground.confirmed", who=said["author"]) if confirmed else t("ground.proposed")
        return t(f"ground.entry.{said['register']}", state=state, **holes) + _weight(ground, t)
    if kind == "missing":
        return t(f"ground.{'refused' if said['refused'] else 'missing'}.{said['register']}") + _weight(ground, t)
    if owner := str(said.get("owner") or ""):  # a run of before kept none, and took any author's word
        return t("ground.owner", who=said["author"], owner=t.known(f"department.{owner}") or owner.replace("_", " "), gap=_gap(ground, t))
    return t("ground.person", who=said["author"], gap=_gap(ground, t)) + _weight(ground, t)


def _units(units: Sequence[tuple[str, int, float]], attribute: str, t: Words) -> str:
    named = [(t.known(f"channel.{unit}") if attribute == CHANNEL else "") or unit for unit, _, _ in units]
    times = (t.plural("ground.unit", told, unit=name, expected=t.number(expected, 1)) for name, (_, told, expected) in zip(named, units, strict=True))
    return ", ".join(times)


def _interval(said: Mapping[str, Any], t: Words) -> dict[str, str]:
    return {"share": t.percent(said["value"], 0), "interval": t.percents(said["low"], said["high"], 0)}


def _gap(ground: Ground, t: Words) -> str:
    if ground.supports is None:
        return ""
    return f"{int(ground.supports)} ({GAP_NAMES[ground.supports][t.lang].lower()})"


def _weight(ground: Ground, t: Words) -> str:
    """What the piece does to the share of a gap."""
    if ground.supports is None or ground.weight == 1:
        return ""
    sign, factor = ("×", ground.weight) if ground.weight > 1 else ("÷", 1 / ground.weight)
    digits = 0 if abs(factor - round(factor)) < 1e-9 else 1
    return " " + t("ground.weight", gap=_gap(ground, t), factor=f"{sign} {t.number(factor, digits)}")
