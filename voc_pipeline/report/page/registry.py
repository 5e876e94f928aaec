"""What changed in the registry: what people did, what the run did, who drifts, and what no irritant claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.quotes import passage
from voc_pipeline.report.reading import detail
from voc_pipeline.report.words import capital
from voc_pipeline.schema import Edit, Verbatim

LISTED = 8
"""Records of one kind of event that are named; the table `ledger` holds them all."""
EVENTS = ("born", "growth", "drift", "measured", "recurred", "retired", "returned")
"""What runs do, in the order it is told."""


def view(phrases: Phrases) -> View:
    """What changed in the registry since the run before."""
    reading = phrases.reading
    since = reading.previous.started_at if reading.previous else None
    people = [edit for edit in reading.ledger if not edit.run_id and (since is None or edit.at > since)]
    return {
        "people": [_edit(phrases, edit) for edit in people],
        "events": _events(phrases, [edit for edit in reading.ledger if edit.run_id == reading.run.id]),
        **_watched(phrases),
    }


def _edit(phrases: Phrases, edit: Edit) -> View:
    t = phrases.t
    named = {name: _name(phrases, str(edit.payload.get(name, ""))) for name in ("into", "to", "child")}
    given = {lang: str(edit.payload[lang]) for lang in ("fr", "en") if edit.payload.get(lang)}
    labels = " / ".join(given.values())
    nowhere = edit.action == "move" and not edit.payload.get("to")
    decided = edit.action == "close" and edit.payload.get("how") == "decision"
    owned = edit.action == "confirm-gap" and edit.payload.get("owner")
    filled = t(
        "did.move.none" if nowhere else "did.confirm-gap.owner" if owned else "did.close.decision" if decided else f"did.{edit.action}",
        label=", ".join(t(f"did.rename.{lang}", label=label) for lang, label in given.items()),
        into=named["into"],
        to=named["to"],
        child=labels or named["child"],
        owner=phrases.department(str(edit.payload.get("owner", ""))) or t("owner.none"),
        text=str(edit.payload.get("text", ""))[:90],
        note=", ".join(t(f"did.note.{side}", note=edit.payload[side]) for side in ("inclusion", "exclusion") if edit.payload.get(side)),
        edit=edit.payload.get("edit", ""),
        entry=" ".join(str(edit.payload.get(name, "")) for name in ("entry", "words")).strip(),
        gap=edit.payload.get("gap", ""),
        done=str(edit.payload.get("what", ""))[:90],
        action=edit.payload.get("action", ""),
    )
    return {
        "n": edit.id,
        "who": edit.author,
        "day": phrases.day(edit.at.date().isoformat()),
        "what": _name(phrases, edit.irritant_id) or "–",
        "did": filled,
        "why": edit.reason,
        "pending": edit.at > phrases.reading.run.started_at,
    }


def _name(phrases: Phrases, irritant_id: str) -> str:
    record = phrases.reading.everyone.get(irritant_id)
    return str(phrases.label(record)["label"]) if record is not None else irritant_id


def _events(phrases: Phrases, lines: Sequence[Edit]) -> list[View]:
    out: list[View] = []
    for action in EVENTS:
        ids = [line.irritant_id for line in lines if line.action == action]
        if ids:
            listed = ", ".join(_name(phrases, irritant_id) for irritant_id in ids[:LISTED])
            out.append({"name": phrases.t(f"event.{action}"), "n": len(ids), "listed": listed + (" …" if len(ids) > LISTED else "")})
    return out


def _watched(phrases: Phrases) -> View:
    """Irritants that drift, and the remainder, each with quotes."""
    t, f = phrases.t, phrases.f
    drifting = [(key, metric) for key in f.keys("drift") if (metric := f.get("drift", key, "effect")) and detail(metric, "flagged")]
    groups = [(key, metric) for key in f.keys("remainder") if key and (metric := f.get("remainder", key, "size"))]
    places = [tuple(place) for _, metric in drifting for place in detail(metric, "examples", [])]
    places += [tuple(place) for _, metric in groups for place in detail(metric, "quotes", [])[:1]]
    said = {verbatim.id: verbatim for verbatim in phrases.reading.store.verbatims(ids={str(place[0]) for place in places})}
    growth = f.get("remainder", "", "growth")
    share = phrases.run("unassigned_share")
    return {
        "drifting": [
            {
                "label": _name(phrases, key),
                "told": t("drift.told", earlier=t.number(float(detail(m, "earlier")), 2), recent=t.number(float(detail(m, "recent")), 2), n=m.n),
                "quotes": [_quote(said, place) for place in detail(m, "examples", [])],
                "command": f"voc irritants CONFIG split {key} "
                + " ".join(f"--example {v}:{p}" for v, p in detail(m, "examples", []))
                + f' --{t.lang} "{t("drift.label")}"',
            }
            for key, m in drifting
        ],
        "remainder": [
            {"n": round(m.value), "quote": _quote(said, detail(m, "quotes")[0]), "nearest": capital(_name(phrases, str(detail(m, "nearest"))))}
            for _, m in groups
        ],
        "remainder_told": t("remainder.told", share=t.percent(share.value), n=t.number(share.n)) if share else "",
        "warning": t("remainder.grows", points=phrases.points(growth.value, 1)) if growth and detail(growth, "warning") else "",
    }


def _quote(said: Mapping[str, Verbatim], place: Sequence[object]) -> str:
    verbatim = said.get(str(place[0]))
    return passage(verbatim, int(str(place[1]))) if verbatim is not None else ""
