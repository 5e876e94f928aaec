"""The workbook people fill in: what to do, the verbatims without any of the model's answers, and the guide that says what each answer means."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voc_pipeline.audit.sheet import ABOUT, COLUMNS, CONTEXT, FIELDS, guide, head, shown, values
from voc_pipeline.errors import AuditError
from voc_pipeline.schema import Audit, Verbatim
from voc_pipeline.workbooks import new_workbook

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST = 32_000
"""Characters of one cell at most; Excel takes 32,767."""
WIDTHS: Mapping[str, float] = {
    "number": 6,
    "text": 78,
    "question": 26,
    "channel": 10,
    "lang": 9,
    "sentiment": 12,
    "not_valued": 12,
    "codes": 26,
    "valued": 12,
    "stage": 25,
    "dimension": 19,
    "gap_cue": 17,
    "comment": 30,
    "id": 11,
}
TALLEST = 409.0
"""Points of a row at most, in Excel."""
LINE = 14.5
"""Points of a line of text."""
ACCENT, WASH, FILL, RULE, SOFT = "#17494D", "#F3F6F6", "#FFFBEA", "#C9D3D5", "#66757A"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_workbook(audit: Audit, verbatims: Mapping[str, Verbatim], path: Path) -> Path:
    """Writes the workbook of an audit, in the audit's language. What the model said is nowhere in it, nor is the stratum.

    Args:
        audit: The draw.
        verbatims: By id, all of the sample.
        path: File to write; there must be none.

    Returns:
        The file.

    Raises:
        AuditError: The file is there already, or cannot be written.
    """
    with new_workbook(path, AuditError, "may be filled in", "Name another one with --to") as book:
        _Book(book, audit, verbatims).write()
    return path


class _Book:
    """One workbook at work: the sheets, and the formats they share."""

    def __init__(self, book: Workbook, audit: Audit, verbatims: Mapping[str, Verbatim]) -> None:
        self.book, self.audit, self.verbatims, self.lang = book, audit, verbatims, audit.lang
        self.rank = {name: place for place, name in enumerate(COLUMNS)}

    def write(self) -> None:
        sheets = {name: self.book.add_worksheet(self._named("sheets", name)) for name in ("read", "verbatims", "guide", "lists")}
        self._read(sheets["read"])
        self._lists(sheets["lists"])
        self._verbatims(sheets["verbatims"])
        self._guide(sheets["guide"])
        for name in ("read", "verbatims", "guide"):
            self._printable(sheets[name], wide=name == "verbatims")
        self.book.set_properties({"title": f"{self._named('words', 'title')} {self.audit.id}"})

    def _named(self, *path: str) -> str:
        found: Any = guide()
        for name in path:
            found = found[name]
        return str(found[self.lang])

    def _format(self, **style: Any) -> Format:
        return self.book.add_format({"valign": "top", "text_wrap": True, "font_name": "Calibri", "font_size": 11, **style})

    def _printable(self, sheet: Worksheet, wide: bool) -> None:
        sheet.set_paper(9)
        if wide:
            sheet.set_landscape()
            sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        sheet.set_footer(f"&L{self.audit.id}&R{self._named('words', 'page')}")

    # ------------------------------------------------------------ what to do

    def _read(self, sheet: Worksheet) -> None:
        audit, name = self.audit, self._format(font_color=SOFT)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 96)
        sheet.set_row(0, 30)
        sheet.write_string(0, 0, self._named("words", "title"), self.book.add_format({"bold": True, "font_size": 18, "font_color": ACCENT}))
        told = {
            "audit": audit.id,
            "run": audit.run_id,
            "model": audit.model_version,
            "seed": str(audit.seed),
            "date": f"{audit.drawn_at:%Y-%m-%d}",
            "drawn": str(len(audit.sample)),
            "population": str(audit.population),
        }
        for row, key in enumerate(ABOUT, start=2):
            sheet.write_string(row, 0, self._named("about", key), name)
            if key == "annotator":
                sheet.write_blank(row, 1, None, self._format(bg_color=FILL, border=1, border_color=RULE, bold=True, locked=False))
                sheet.data_validation(
                    row,
                    1,
                    row,
                    1,
                    {"validate": "any", "input_title": self._named("about", "annotator"), "input_message": self._named("about", "annotator_note")},
                )
            else:
                sheet.write_string(row, 1, told[key], self._format())
        row = len(ABOUT) + 3
        sheet.write_string(
            row, 0, str(guide()["instructions"]["title"][self.lang]), self.book.add_format({"bold": True, "font_size": 13, "font_color": ACCENT})
        )
        for number, line in enumerate(guide()["instructions"]["lines"][self.lang], start=1):
            sheet.write_number(row + number, 0, number, self._format(align="right", font_color=SOFT))
            sheet.write_string(row + number, 1, line, self._format())
            sheet.set_row(row + number, LINE * math.ceil(len(line) / 92) + 6)
        sheet.protect("", {"format_cells": True, "format_columns": True, "format_rows": True})
        sheet.activate()

    # ------------------------------------------------------------ the verbatims

    def _lists(self, sheet: Worksheet) -> None:
        for place, field in enumerate(FIELDS):
            sheet.write_column(0, place, [shown(field, value, self.lang) for value in values(field)])
        sheet.hide()

    def _verbatims(self, sheet: Worksheet) -> None:
        shown_head = self._format(bold=True, font_color="#FFFFFF", bg_color=SOFT, border=1, border_color=RULE, valign="vcenter")
        asked_head = self._format(bold=True, font_color="#FFFFFF", bg_color=ACCENT, border=1, border_color=RULE, valign="vcenter")
        given = self._format(border=1, border_color=RULE)
        quiet = self._format(border=1, border_color=RULE, font_color=SOFT, font_size=9)
        hidden = self._format(border=1, border_color=RULE, font_color=SOFT, font_size=9, text_wrap=False, align="fill")  # cut at the cell's edge
        asked = self._format(border=1, border_color=RULE, bg_color=FILL, locked=False)
        sheet.set_row(0, 36)
        sheet.freeze_panes(1, 2)
        for name, column in self.rank.items():
            sheet.set_column(column, column, WIDTHS[name])
            sheet.write_string(0, column, head(name, self.lang), asked_head if name in (*FIELDS, "comment") else shown_head)
            if name in (*FIELDS, "comment"):
                note = self._note(name)
                size = {"x_scale": 3.2, "y_scale": max(1.0, sum(math.ceil(len(line) / 62) + 0.2 for line in note.split("\n")) / 4.2)}
                sheet.write_comment(0, column, note, {**size, "font_size": 10, "author": self.audit.id})
        for row, drawn in enumerate(self.audit.sample, start=1):
            verbatim = self.verbatims[drawn.verbatim_id]
            told = {
                "text": self._cut(verbatim.text),
                "question": self._cut(verbatim.question),
                "channel": verbatim.channel or str(verbatim.kind),
                "lang": verbatim.lang,
                "id": verbatim.id,
            }
            sheet.write_number(row, 0, row, quiet)
            styles = {"text": given, "id": hidden}
            for name in (*CONTEXT[1:], "id"):
                sheet.write_string(row, self.rank[name], told[name], styles.get(name, quiet))  # a text that begins with = stays text
            for name in (*FIELDS, "comment"):
                sheet.write_blank(row, self.rank[name], None, asked)
            sheet.set_row(row, self._height(told["text"], told["question"]))
        last = len(self.audit.sample)
        for place, field in enumerate(FIELDS):
            sheet.data_validation(1, self.rank[field], last, self.rank[field], self._offered(place, field))
        sheet.print_area(0, 0, last, self.rank["comment"])
        allowed = ("format_cells", "format_columns", "format_rows", "autofilter")
        sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
        sheet.protect("", dict.fromkeys(allowed, True))

    def _offered(self, place: int, field: str) -> dict[str, Any]:
        """A list to choose from. Codes may be several, so that theirs only helps."""
        letter, several = chr(ord("A") + place), field == "codes"
        return {
            "validate": "list",
            "source": f"='{self._named('sheets', 'lists')}'!${letter}$1:${letter}${len(values(field))}",
            "show_error": not several,
            "show_input": False,
        }

    def _note(self, field: str) -> str:
        about = guide()["fields"][field]
        lines = [about["what"][self.lang]]
        for value in about.get("values", {}):
            lines.append(f"• {shown(field, value, self.lang)} : {about['values'][value]['what'][self.lang]}")
        return "\n".join(line if self.lang == "fr" else line.replace(" : ", ": ") for line in lines)

    def _cut(self, text: str) -> str:
        clean = _FORBIDDEN.sub("", text)
        return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]} {self._named('words', 'cut')}"

    @staticmethod
    def _height(text: str, question: str) -> float:
        lines = max(sum(math.ceil(max(len(line), 1) / (WIDTHS["text"] * 1.02)) for line in text.split("\n")), math.ceil(len(question) / 26))
        return min(TALLEST, LINE * max(2, lines) + 5)

    # ------------------------------------------------------------ the guide

    def _guide(self, sheet: Worksheet) -> None:
        title = self._format(bold=True, font_size=13, font_color="#FFFFFF", bg_color=ACCENT, valign="vcenter")
        plain, bold, soft = self._format(), self._format(bold=True), self._format(font_color=SOFT, italic=True)
        label = self._format(bold=True, font_color=SOFT, bg_color=WASH)
        sheet.hide_gridlines(2)
        for column, width in enumerate((30, 62, 52)):
            sheet.set_column(column, column, width)
        row = 0
        for field in (*FIELDS, "comment"):
            about = guide()["fields"][field]
            sheet.set_row(row, 24)
            for column, text in enumerate((head(field, self.lang), "", "")):
                sheet.write_string(row, column, text, title)
            row += 1
            what = about["what"][self.lang]
            sheet.merge_range(row, 0, row, 2, what, plain)
            sheet.set_row(row, LINE * math.ceil(len(what) / 135) + 6)
            row += 1
            steps = about.get("tree", {}).get(self.lang, ())
            for number, step in enumerate(steps, start=1):
                sheet.write_string(row, 0, self._named("words", "tree") if number == 1 else "", label)
                sheet.merge_range(row, 1, row, 2, f"{number}. {step}" if len(steps) > 1 else step, plain)
                sheet.set_row(row, LINE * math.ceil(len(step) / 105) + 4)
                row += 1
            if "values" in about:
                for column, word in enumerate(("value", "meaning", "example")):
                    sheet.write_string(row, column, self._named("words", word), label)
                row += 1
            for value in about.get("values", {}):
                said = about["values"][value]
                for column, (text, style) in enumerate(
                    ((shown(field, value, self.lang), bold), (said["what"][self.lang], plain), (said["example"][self.lang], soft))
                ):
                    sheet.write_string(row, column, text, style)
                lines = max(math.ceil(len(said["what"][self.lang]) / 58), math.ceil(len(said["example"][self.lang]) / 46))
                sheet.set_row(row, LINE * lines + 4)
                row += 1
            row += 1
        sheet.protect("", {"format_cells": True, "format_columns": True, "format_rows": True})
