"""Tables of the company's registers, and of how irritants spread over its units."""

from __future__ import annotations

from voc_pipeline.registers import Entry
from voc_pipeline.report.reading import Reading, detail, parted
from voc_pipeline.report.tables.cells import Row, estimate, labels
from voc_pipeline.schema import SMALL_BASE, MatchState


def register_rows(reading: Reading) -> list[Row]:
    """One row an entry, register by register, in the order of their ids; what is told stays empty where no irritant is matched."""
    rows: list[Row] = []
    for register, entry in reading.entries:
        standing = [match for match in reading.matches if match.entry_id == entry.id and match.state.stands]
        metric = reading.figures.get("register", entry.id, "share")
        told = int(detail(metric, "told", 0))
        rows.append(
            {
                "register": str(register),
                "entry_id": entry.id,
                **_words(entry),
                **{name: getattr(entry, name) for name in ("owner", "stage", "source", "channel")},
                **{name: day.isoformat() for name, day in (("date", entry.date), ("valid_from", entry.from_), ("valid_until", entry.until)) if day},
                "irritants": len(standing),
                "confirmed": sum(match.state is MatchState.CONFIRMED for match in standing),
                **({"told": told, **estimate(metric, "share"), "small_base": told < SMALL_BASE} if standing else {}),
            }
        )
    return rows


def register_match_rows(reading: Reading) -> list[Row]:
    """One row a match, register by register, entry by entry, the nearest first."""
    entries = {entry.id: (place, entry) for place, (_, entry) in enumerate(reading.entries)}
    rows: list[Row] = []
    for match in sorted(reading.matches, key=lambda one: (entries[one.entry_id][0], -round(one.score, 6), one.irritant_id)):
        record = reading.everyone.get(match.irritant_id)
        rows.append(
            {
                "register": match.register,
                "entry_id": match.entry_id,
                **_words(entries[match.entry_id][1]),
                "irritant_id": match.irritant_id,
                **(labels(record) if record is not None else {}),
                **{name: getattr(match, name) for name in ("score", "level", "author")},
                "state": str(match.state),
                "at": f"{match.at:%Y-%m-%d %H:%M:%S}" if match.at else "",
            }
        )
    return rows


def dispersion_rows(reading: Reading) -> list[Row]:
    """One row an irritant and attribute."""
    rows: list[Row] = []
    for key in reading.figures.keys("dispersion"):
        metric = reading.figures.get("dispersion", key, "effect")
        irritant_id, attribute = parted(key)
        record = reading.everyone.get(irritant_id)
        units = detail(metric, "units")
        unit, told, _, expected = units[0]
        of_unit = {name: f"{name} ({told} / {expected})" for name, told, _, expected in units}
        row: Row = {
            "irritant_id": irritant_id,
            **(labels(record) if record is not None else {}),
            "attribute": attribute,
            **estimate(metric, "spread"),
        }
        rows.append(
            row
            | {name: detail(metric, name) for name in ("p_value", "q_value", "verdict")}
            | {"highest": unit, "highest_told": told, "highest_expected": expected}
            | {"above": ", ".join(of_unit[name] for name in detail(metric, "above", ()))}
        )
    return sorted(rows, key=lambda row: (row["irritant_id"], row["attribute"]))


def _words(entry: Entry) -> Row:
    return {"words_fr": entry.fr, "words_en": entry.en}
