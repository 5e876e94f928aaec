"""The promise page: what the company promised, set as a standard or researched, and the irritants that speak of it."""

from __future__ import annotations

from collections import Counter

from voc_pipeline.registers import Entry, Register
from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.page.records import Records
from voc_pipeline.report.quotes import Quotes
from voc_pipeline.report.reading import detail, interval
from voc_pipeline.schema import Match, MatchState

ORDER = (Register.PROMISES, Register.STANDARDS, Register.PRIORITIES)
LISTED = (MatchState.CONFIRMED, MatchState.PROPOSED, MatchState.REFUSED)
"""States that the page lists; what is only near is counted, and listed by `voc registers CONFIG list --all`."""
SHOWN_QUOTES = 4


def view(phrases: Phrases, records: Records, quotes: Quotes) -> View:
    """Each register, entry by entry: those that most verbatims tell against come first, those that nobody does last."""
    t, reading = phrases.t, phrases.reading
    found: list[View] = []
    for register in ORDER:
        entries = [entry for of, entry in reading.entries if of is register]
        rows = [_entry(phrases, records, quotes, register, entry) for entry in entries]
        confirmed, held = sum(row["confirmed"] for row in rows), sum(row["held"] for row in rows)
        if rows:
            found.append(
                {
                    "name": t(f"register.{register}"),
                    "id": f"register-{register}",
                    "intro": t(f"register.{register}.intro"),
                    "head": t(f"register.{register}.head"),
                    "summary": t(f"register.{register}.summary", n=t.number(len(rows)), confirmed=confirmed, proposed=held - confirmed),
                    "rows": sorted(rows, key=lambda row: (not row["held"], -row["order"])),
                    "none": t(f"register.{register}.none"),
                }
            )
    waiting = sum(1 for match in reading.matches if match.state is MatchState.PROPOSED)
    return {"registers": found, "waiting": t.plural("register.waiting", waiting) if waiting else ""}


def _entry(phrases: Phrases, records: Records, quotes: Quotes, register: Register, entry: Entry) -> View:
    t, reading = phrases.t, phrases.reading
    matches = [match for match in reading.matches if match.entry_id == entry.id]
    counts = Counter(match.state for match in matches)
    share = interval(phrases.f.get("register", entry.id, "share"))
    held = any(match.state.stands for match in matches)
    listed = sorted((match for match in matches if match.state in LISTED), key=lambda one: (LISTED.index(one.state), -one.score, one.irritant_id))
    first = next((match.irritant_id for match in listed if match.state.stands), "")
    other = "en" if t.lang == "fr" else "fr"
    words, lang = (getattr(entry, t.lang), t.lang) if getattr(entry, t.lang) else (getattr(entry, other), other)
    valid = t("register.until", day=t.day(entry.until)) if entry.until else ""
    where = [entry.source, phrases.stage(entry.stage) if entry.stage else "", valid]
    return {
        "id": entry.id,
        "words": words,
        "lang": lang,
        "where": " · ".join(part for part in where if part),
        "owner": phrases.department(entry.owner) or t("owner.none"),
        "held": held,
        "confirmed": counts[MatchState.CONFIRMED] > 0,
        "order": share.value if share else 0.0,
        "share": t.percent(share.value) if held and share else "",
        "told": int(detail(phrases.f.get("register", entry.id, "share"), "told", 0)),
        "interval": phrases.ends("share", share) if held and share else "",
        "matches": [_match(phrases, records, match) for match in listed],
        "near": t.plural("register.near", counts[MatchState.NEAR]) if counts[MatchState.NEAR] else "",
        "quotes": quotes.of("irritant", first, most=SHOWN_QUOTES) if first else [],
    }


def _match(phrases: Phrases, records: Records, match: Match) -> View:
    t, reading = phrases.t, phrases.reading
    record = reading.everyone.get(match.irritant_id)
    shown = match.irritant_id in records.by_id
    name = str(phrases.label(record)["label"]) if record is not None else match.irritant_id
    state = t(f"register.state.{match.state}")
    if match.author:
        state += f", {match.author}" + (f", {t.day(match.at, short=True)}" if match.at else "")
    return {
        "id": match.irritant_id,
        "label": name,
        "linked": shown,
        "score": t.number(match.score, 2),
        "state": state,
        "confirmed": match.state is MatchState.CONFIRMED,
    }
