"""The review workbook: one row a record, one a mention, cells to change with lists to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voc_pipeline.edits.action_sheet import ACTIONS, FILLED, action_rows, offered
from voc_pipeline.edits.sheet import (
    ANSWERABLE,
    EDITABLE,
    HIDDEN,
    MATCHES,
    MENTIONS,
    MOVABLE,
    NONE,
    RECORDS,
    cells_of,
    digest,
    head,
    shown,
    state_of,
    state_of_match,
    state_of_mention,
    words,
)
from voc_pipeline.errors import EditError
from voc_pipeline.registry import Standing
from voc_pipeline.report.reading import Reading
from voc_pipeline.report.tables.records import best_quotes, mention_rows
from voc_pipeline.schema import Gap, Irritant, IrritantKind, MatchState
from voc_pipeline.wording import GAP_NAMES
from voc_pipeline.workbooks import new_workbook

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

ROWS = 50_000
"""Mentions of one workbook at most: those nearest to what claims them stay."""
WIDTHS: Mapping[str, float] = {
    **dict.fromkeys(("label_fr", "label_en", "split_label", "merge_into", "move_to", "irritant"), 30),
    **dict.fromkeys(("quote_1", "quote_2", "quote_3", "inclusion", "exclusion", "reason"), 38),
    **{"words": 60, "register": 14},
    **dict.fromkeys(("cause", "what", "result"), 38),
    **dict.fromkeys(("found_by", "action_owner", "metric", "control", "treated", "loop_decision"), 18),
    **{"action_id": 15, "change": 9, "weeks": 9},
    **{"id": 14, "theme": 18, "owner": 22, "split_on": 24, "quote": 90, "verbatim_id": 34},
}
FREE = ("owner", "action_owner", "move_to")
"""Columns whose list only proposes: an owner nobody named yet, the label of a new part."""
ACCENT, SOFT, FILL, RULE = "#17494D", "#66757A", "#FFFBEA", "#C9D3D5"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_review(reading: Reading, standing: Standing, owners: Sequence[str], since: int, path: Path, lang: str) -> Path:
    """Writes the workbook of a run.

    Args:
        reading: The run.
        standing: The registry as it stands.
        owners: Departments to choose from.
        since: Rank of the last line of the ledger.
        path: File to write; there must be none.
        lang: `fr` or `en`.

    Returns:
        The file.

    Raises:
        EditError: The file is there already, or cannot be written.
    """
    with new_workbook(path, EditError, "may hold somebody's changes", "Name another one") as book:
        _Book(book, reading, standing, lang, since).write(owners)
    return path


class _Book:
    def __init__(self, book: Workbook, reading: Reading, standing: Standing, lang: str, since: int) -> None:
        self.book, self.reading, self.standing, self.lang, self.since = book, reading, standing, lang, since
        self.styles = {
            "shown": book.add_format({"valign": "top", "text_wrap": True, "border": 1, "border_color": RULE}),
            "percent": book.add_format({"valign": "top", "border": 1, "border_color": RULE, "num_format": "0.0 %"}),
            "asked": book.add_format({"valign": "top", "text_wrap": True, "border": 1, "border_color": RULE, "bg_color": FILL, "locked": False}),
        }

    def write(self, owners: Sequence[str]) -> None:
        names = ("read", "records", "mentions", "matches", "actions", "lists")
        sheets = {name: self.book.add_worksheet(words()["sheets"][name][self.lang]) for name in names}
        mentions = [row for row in mention_rows(self.reading) if not row["fallback"]]
        rows = list(self._records(best_quotes(mentions)))
        self._read(sheets["read"])
        self._sheet(sheets["records"], RECORDS, EDITABLE, rows, frozen=3)
        self._sheet(sheets["mentions"], MENTIONS, MOVABLE, self._mentions(mentions), frozen=1)
        self._sheet(sheets["matches"], MATCHES, ANSWERABLE, self._matches(), frozen=1)
        actions = list(self._actions())
        self._sheet(sheets["actions"], ACTIONS, FILLED, actions, frozen=1)
        self._lists(sheets, owners, len(rows), len(mentions), len(actions))
        sheets["records"].activate()

    # ------------------------------------------------------------ rows

    def _records(self, quotes: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
        ranked = [record.id for kind in IrritantKind for record in self.reading.ranked(kind)]
        order = {irritant_id: place for place, irritant_id in enumerate(ranked)}
        standing = [record for record in self.standing.records.values() if record.status != "merged"]
        for record in sorted(standing, key=lambda one: (one.status == "rejected", order.get(one.id, len(order)), one.id)):
            f = self.reading.figures.of("irritant", record.id)
            cells = cells_of(record)
            yield {
                **cells,
                "pinned": shown(cells["pinned"], self.lang),
                "id": record.id,
                "kind": shown(record.kind, self.lang),
                "status": shown(record.status, self.lang),
                "theme": record.theme,
                "mentions": round(f["mentions"].value) if "mentions" in f else 0,
                **{name: f[figure].value for name, figure in (("share", "share"), ("not_valued", "not_valued_rate")) if figure in f},
                **{f"quote_{n}": quote for n, quote in enumerate(quotes.get(record.id, [])[:3], start=1)},
                "state": state_of(record, self.standing),
                "cells": digest(cells),
                "since": self.since,
            }

    def _mentions(self, mentions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        segments = {
            v.id: {s.position: s.text for s in v.segments} for v in self.reading.store.verbatims(ids={row["verbatim_id"] for row in mentions})
        }
        for row in sorted(
            sorted(mentions, key=lambda row: -row["score"])[:ROWS], key=lambda row: (row["irritant_id"], row["verbatim_id"], row["position"])
        ):
            text = segments[row["verbatim_id"]][row["position"]]
            yield {
                **{name: row[name] for name in ("date", "verbatim_id", "position")},
                "channel": str(row["channel"]),
                "irritant": named(self.standing.records[row["irritant_id"]], self.lang),
                "quote": text,
                "state": state_of_mention(text, row["irritant_id"], self.standing),
                "cells": digest(""),
                "since": self.since,
            }

    def _matches(self) -> Iterator[dict[str, Any]]:
        """What waits for an answer first, the nearest first."""
        words_of = {entry.id: entry for _, entry in self.reading.entries}
        waiting = MatchState.PROPOSED
        for match in sorted(self.reading.matches, key=lambda one: (one.state is not waiting, -one.score, one.irritant_id, one.entry_id)):
            entry = words_of[match.entry_id]
            if match.irritant_id not in self.standing.records:
                continue
            yield {
                "irritant": named(self.standing.records[match.irritant_id], self.lang),
                "register": shown(match.register, self.lang),
                "entry": entry.id,
                "words": (entry.fr or entry.en) if self.lang == "fr" else (entry.en or entry.fr),
                "score": round(match.score, 2),
                "match_state": shown(match.state, self.lang),
                "state": state_of_match(match.irritant_id, entry.id, self.standing),
                "cells": digest(""),
                "since": self.since,
            }

    def _actions(self) -> Iterator[dict[str, Any]]:
        ranked = [record.id for record in self.reading.ranked(IrritantKind.IRRITANT)]
        names = {i: named(record, self.lang) for i, record in self.standing.records.items()}
        return action_rows(self.standing, self.reading.loops, ranked, names, self.since, self.lang)

    # ------------------------------------------------------------ sheets

    def _read(self, sheet: Worksheet) -> None:
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 4)
        sheet.set_column(1, 1, 120)
        sheet.write_string(0, 0, words()["title"][self.lang], self.book.add_format({"bold": True, "font_size": 18, "font_color": ACCENT}))
        sheet.write_string(1, 0, f"{self.reading.run.project} · {self.reading.run.id}", self.book.add_format({"font_color": SOFT}))
        wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        for place, line in enumerate(words()["instructions"][self.lang], start=3):
            sheet.write_number(place, 0, place - 2, wrapped)
            sheet.write_string(place, 1, line, wrapped)
            sheet.set_row(place, 17 * max(2, -(-len(line) // 110)))

    def _sheet(self, sheet: Worksheet, columns: Sequence[str], asked: Sequence[str], rows: Any, frozen: int) -> None:
        heads = {
            wanted: self.book.add_format(
                {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT if wanted else SOFT, "text_wrap": True, "border": 1}
            )
            for wanted in (True, False)
        }
        sheet.set_row(0, 32)
        sheet.freeze_panes(1, frozen)
        for place, name in enumerate(columns):
            sheet.set_column(place, place, WIDTHS.get(name, 11), None, {"hidden": name in HIDDEN})
            sheet.write_string(0, place, head(name, self.lang), heads[name in asked])
        last = 0
        for last, row in enumerate(rows, start=1):
            for place, name in enumerate(columns):
                value, style = row.get(name, ""), self.styles["asked" if name in asked else "percent" if name in ("share", "not_valued") else "shown"]
                if value == "":
                    sheet.write_blank(last, place, None, style)
                elif isinstance(value, str):  # a text that begins with = stays text
                    sheet.write_string(last, place, _FORBIDDEN.sub("", value)[:32_000], style)
                else:
                    sheet.write_number(last, place, value, style)
        sheet.autofilter(0, 0, max(last, 1), len(columns) - len(HIDDEN) - 1)
        sheet.protect("", dict.fromkeys(("format_cells", "format_columns", "format_rows", "autofilter"), True))

    def _lists(self, sheets: Mapping[str, Worksheet], owners: Sequence[str], n_records: int, n_mentions: int, n_actions: int) -> None:
        active = [record for record in self.standing.records.values() if record.status in ("active", "retired")]
        lists = {
            "owner": [*dict.fromkeys(owner for owner in (*owners, *sorted({record.owner for record in active})) if owner)],
            "pinned": [shown(value, self.lang) for value in ("yes", "no")],
            "decision": [shown(value, self.lang) for value in ("reject", "restore")],
            "merge_into": [named(record, self.lang) for record in active],
            "move_to": [shown(NONE, self.lang), *(named(record, self.lang) for record in active)],
            "confirm_gap": [f"{int(gap)} · {GAP_NAMES[gap][self.lang]}{end}" for end in ("", f" ({words()['for_owner'][self.lang]})") for gap in Gap],
            "answer": [shown(value, self.lang) for value in ("confirm", "refuse")],
        }
        lists |= offered(self.lang) | {"action_owner": lists["owner"]}
        bases = {
            "mentions": (MENTIONS, n_mentions),
            "matches": (MATCHES, len(self.reading.matches)),
            "actions": (ACTIONS, n_actions),
            "records": (RECORDS, n_records),
        }
        homes = {"move_to": "mentions", "answer": "matches", **dict.fromkeys(FILLED, "actions")}
        for place, (name, values) in enumerate(lists.items()):
            sheets["lists"].write_column(0, place, values or [""])
            source = f"='{words()['sheets']['lists'][self.lang]}'!${chr(65 + place)}$1:${chr(65 + place)}${max(len(values), 1)}"
            target = homes.get(name, "records")
            columns, n = bases[target]
            column = columns.index(name)
            rule = {"validate": "list", "source": source, "show_error": name not in FREE}
            sheets[target].data_validation(1, column, max(n, 1), column, rule)
        sheets["lists"].hide()


def named(record: Irritant, lang: str) -> str:
    """A record by id and label, as the lists offer it; the id alone decides."""
    label = (record.label_fr or record.label_en) if lang == "fr" else (record.label_en or record.label_fr)
    return f"{record.id} · {label or ', '.join(record.keywords[:3])}"
