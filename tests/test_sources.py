"""Readers of files, the starter config and the first look at a source."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from voc_pipeline.config import Source, load_config
from voc_pipeline.errors import SourceError
from voc_pipeline.schema import RawFeedback, Reason, Role, Unreadable
from voc_pipeline.sources import READERS, fingerprint, guess, preview, read
from voc_pipeline.sources.mapping import Mapper, lookup
from voc_pipeline.sources.profiles import date_formats
from voc_pipeline.sources.reader import located_rows
from voc_pipeline.sources.turns import conversations
from voc_pipeline.sources.values import Refused, as_date, as_key, as_number, as_text

PARIS = ZoneInfo("Europe/Paris")
Item = RawFeedback | Unreadable


def source(kind: str, path: str, fields: dict[str, Any], **more: Any) -> Source:
    """Settings of a source, short to write."""
    return Source.model_validate({"name": "essai", "kind": kind, "path": path, "fields": fields, **more})


def reviews(path: str, **more: Any) -> Source:
    """A review source with the columns most tests use."""
    return source("review", path, {"id": "id", "text": "avis", "date": "date", "scores": {"stars": {"field": "note", "low": 1, "high": 5}}}, **more)


def feedback(items: Iterable[Item]) -> list[RawFeedback]:
    """What could be read."""
    return [item for item in items if isinstance(item, RawFeedback)]


def refused(items: Iterable[Item]) -> list[tuple[int, Reason]]:
    """What could not: positions and reasons."""
    return [(item.position, item.reason) for item in items if isinstance(item, Unreadable)]


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    """An XLSX file with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


LINES = [
    "id;date;note;avis",
    "1;2026-01-05;2;Facturé deux fois, c'est agaçant",
    '2;2026-01-06;5;"Rapide ; efficace, merci à l\'équipe"',
    "3;2026-01-07;1;Toujours pas réglé",
]


# ---------------------------------------------------------------- delimited text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "mac_roman", "cp850", "iso8859_15"])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
def test_encodings(tmp_path: Path, encoding: str, zipped: bool) -> None:
    """The accents of a French CSV survive every encoding that tools write, gzipped or not."""
    content = "\r\n".join(LINES).encode(encoding)
    (tmp_path / ("avis.csv.gz" if zipped else "avis.csv")).write_bytes(gzip.compress(content) if zipped else content)
    got = list(read(reviews("avis.csv*"), tmp_path, None, None))
    assert [item.text for item in feedback(got)] == ["Facturé deux fois, c'est agaçant", "Rapide ; efficace, merci à l'équipe", "Toujours pas réglé"]
    assert [item.row_id for item in feedback(got)] == ["1", "2", "3"]
    assert feedback(got)[0].scores == {"stars": 2.0} and feedback(got)[0].date == datetime(2026, 1, 5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "pipe"])
@pytest.mark.parametrize("quote", ['"', "'"], ids=["double", "single"])
def test_delimiters_and_quotes(tmp_path: Path, delimiter: str, quote: str) -> None:
    """Any common delimiter and quote is detected, with delimiters, quotes and line breaks inside the cells."""
    texts = ["Deux, trois; quatre| cinq", "Il a dit «non»\net puis rien", f"avec {quote}guillemets{quote} dedans", "Nul !!", "tab\tici"]
    with (tmp_path / "avis.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_ALL)
        writer.writerow(["id", "date", "note", "avis"])
        writer.writerows([n, "2026-02-01", 3, text] for n, text in enumerate(texts, 1))
    assert [item.text for item in feedback(read(reviews("avis.csv"), tmp_path))] == texts


def test_late_accents(tmp_path: Path) -> None:
    """A file whose first accent comes after a few hundred kilobytes of plain letters is still read in its encoding."""
    rows = [f"{n},2026-01-01,3,{'service moyen sans plus du tout ' * 3}" for n in range(1, 3000)] + ["3000,2026-01-01,1,Dégoûté par l'été à côté"]
    (tmp_path / "avis.csv").write_bytes("\n".join(["id,date,note,avis", *rows]).encode("cp1252"))
    assert feedback(read(reviews("avis.csv"), tmp_path))[-1].text == "Dégoûté par l'été à côté"


def test_mixed_encodings(tmp_path: Path) -> None:
    """A UTF-8 file into which cp1252 lines were pasted is read right on both kinds of lines."""
    good = "\n".join(["id,date,note,avis", *(f"{n},2026-01-01,3,déçu très énervé" for n in range(1, 20))])
    (tmp_path / "avis.csv").write_bytes(good.encode() + b"\n" + "20,2026-01-01,3,collé à côté\n".encode("cp1252"))
    got = feedback(read(reviews("avis.csv"), tmp_path))
    assert got[0].text == "déçu très énervé" and got[-1].text == "collé à côté"


def test_ragged_rows(tmp_path: Path) -> None:
    """Rows with too many cells or cut in two are quarantined, cells left out at the end are taken for empty."""
    lines = [
        "id;date;avis;note;ville",
        "1;2026-01-01;bien;5;Lyon",
        "2;2026-01-01;trop;de;cellules;ici",
        "3;2026-01-01;sans ville;4",
        "4;2026-01-01;le texte est",
        "coupé;2;Brest",
        "5;2026-01-01;fin;1;Nice",
        "",
        ";;;;",
    ]
    (tmp_path / "avis.csv").write_text("\n".join(lines), encoding="utf-8")
    got = list(read(reviews("avis.csv"), tmp_path))
    assert [item.row_id for item in feedback(got)] == ["1", "3", "5"]
    assert refused(got) == [(2, Reason.BAD_ROW), (4, Reason.BAD_ROW), (5, Reason.BAD_ROW)]
    assert [item.position for item in got] == [1, 2, 3, 4, 5, 6]


def test_open_quote_costs_one_row(tmp_path: Path) -> None:
    """A quote that is never closed costs its own row at most, never the rest of the file."""
    lines = ["id;date;note;avis"] + [f'{n};2026-01-01;3;"avis numéro {n}"' for n in range(1, 1500)]
    lines[5] = '5;2026-01-01;3;"jamais refermé'
    lines[700] = '700;2026-01-01;"3;bizarre'
    (tmp_path / "avis.csv").write_text("\n".join(lines), encoding="utf-8")
    got = list(read(reviews("avis.csv"), tmp_path))
    assert len(got) == 1499
    ids = {item.row_id for item in feedback(got)}
    assert ids | {"5", "700"} == {str(n) for n in range(1, 1500)}
    assert feedback(got)[4].text == "jamais refermé" and all("\n" not in item.text for item in feedback(got))


def test_sloppy_quotes_in_a_cell(tmp_path: Path) -> None:
    """Quotes that were not doubled, or escaped by a backslash, do not lose the row."""
    (tmp_path / "a.csv").write_text('id,date,note,avis\n1,2026-01-01,3,"il m\'a dit "oui" et rien"\n2,2026-01-01,3,"ok"\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text('id,date,note,avis\n3,2026-01-01,3,"il a dit \\"non\\", hélas"\n4,2026-01-01,3,"ok"\n', encoding="utf-8")
    got = feedback(read(reviews("?.csv"), tmp_path))
    assert [item.row_id for item in got] == ["1", "2", "3", "4"]
    assert got[2].text == 'il a dit "non", hélas'


def test_nuls_and_headers(tmp_path: Path) -> None:
    """NULs vanish, blanks and line breaks in names too, and a name that comes twice is numbered."""
    (tmp_path / "avis.csv").write_bytes(b'id,date,note," avis\n",avis\n1,2026-01-01,4,bra\0vo,second\n')
    fields = {"id": "id", "text": "avis", "attributes": {"autre": "avis (2)"}}
    got = feedback(read(source("review", "avis.csv", fields), tmp_path))
    assert got[0].text == "bravo" and got[0].attributes == {"autre": "second"}


def test_header_below_titles(tmp_path: Path) -> None:
    """Titles above the names are passed over as the config says, and Excel's `sep=` line by itself."""
    (tmp_path / "a.csv").write_text("Export du service client\n\n" + "\n".join(LINES), encoding="utf-8")
    (tmp_path / "b.csv").write_text("sep=;\n" + "\n".join(LINES), encoding="utf-8")
    assert len(feedback(read(reviews("a.csv", format={"header_row": 3}), tmp_path))) == 3
    assert len(feedback(read(reviews("b.csv"), tmp_path))) == 3


def test_single_column(tmp_path: Path) -> None:
    """A bare list of verbatims under one name is a table too, commas or not."""
    (tmp_path / "liste.csv").write_text("verbatim\nNul, vraiment nul\nTop; rien à dire\n", encoding="utf-8")
    got = feedback(read(source("review", "liste.csv", {"text": "verbatim"}, identity="position"), tmp_path))
    assert [(item.row_id, item.text) for item in got] == [("1", "Nul, vraiment nul"), ("2", "Top; rien à dire")]


def test_a_line_beyond_any_size(tmp_path: Path) -> None:
    """A line of megabytes is one quarantined row, and the next one is read."""
    (tmp_path / "avis.csv").write_text("id,date,note,avis\n1,2026-01-01,3," + "a" * 3_000_000 + "\n2,2026-01-01,3,ok\n", encoding="utf-8")
    got = list(read(reviews("avis.csv"), tmp_path))
    assert refused(got) == [(1, Reason.BAD_ROW)] and feedback(got)[0].row_id == "2"


def test_truncated_gzip_csv(tmp_path: Path) -> None:
    """Of an archive cut short the rows before the break are kept, and the break is one quarantined row."""
    rng = random.Random(3)
    content = "\n".join(["id,date,note,avis", *(f"{n},2026-01-01,3,{rng.getrandbits(200):x}" for n in range(1, 4000))]).encode()
    (tmp_path / "avis.csv.gz").write_bytes(gzip.compress(content)[:60_000])
    got = list(read(reviews("avis.csv.gz"), tmp_path))
    kept = feedback(got)
    assert len(kept) > 1000 and [item.row_id for item in kept] == [str(n) for n in range(1, len(kept) + 1)]
    assert refused(got) == [(len(kept) + 1, Reason.BAD_ROW)]


def test_damaged_gzip(tmp_path: Path) -> None:
    """An archive whose checksum is wrong gives all its rows and one quarantined row that says so."""
    content = bytearray(gzip.compress("\n".join([*LINES, ""]).encode()))
    content[-6] ^= 0xFF
    (tmp_path / "avis.csv.gz").write_bytes(bytes(content))
    got = list(read(reviews("avis.csv.gz"), tmp_path))
    assert len(feedback(got)) == 3 and refused(got) == [(4, Reason.BAD_ROW)]


def test_several_members(tmp_path: Path) -> None:
    """An archive made by joining archives is read to its end."""
    content = "\n".join([*LINES, ""]).encode()
    (tmp_path / "avis.csv.gz").write_bytes(gzip.compress(content[:40]) + gzip.compress(content[40:]) + b"\0" * 100)
    assert len(feedback(read(reviews("avis.csv.gz"), tmp_path))) == 3


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from(",;\t\"'\n|"), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), delimiter=st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    """Whatever a correct CSV writer writes comes back cell for cell, one record a row, nothing quarantined."""
    with (tmp_path / "loi.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "titre", "avis"])
        writer.writerows((f"r{n}", title, text) for n, (title, text) in enumerate(rows))
    got = list(
        read(source("review", "loi.csv", {"id": "id", "title": "titre", "text": "avis"}, format={"delimiter": delimiter, "quote": '"'}), tmp_path)
    )
    assert not refused(got)
    assert [(item.row_id, item.text) for item in feedback(got)] == [(f"r{n}", as_text(text)) for n, (_, text) in enumerate(rows)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400) | st.text(st.sampled_from('a1;,"\n\r\\\0'), max_size=200).map(str.encode))
def test_no_bytes_crash_a_reader(tmp_path: Path, content: bytes) -> None:
    """Whatever the bytes, reading ends with rows, quarantined rows, or one error a user can act on."""
    for name in ("x.csv", "x.tsv", "x.json", "x.jsonl", "x.xlsx", "x.parquet", "x.csv.gz"):
        (tmp_path / name).write_bytes(content)
        try:
            for item in read(source("review", name, {"text": "a"}, identity="position"), tmp_path):
                assert isinstance(item, RawFeedback | Unreadable)
        except SourceError as error:
            assert str(error)


# ---------------------------------------------------------------- workbooks


def test_workbook(tmp_path: Path) -> None:
    """Real, serial and written dates, numbers as ids and decimal commas of a workbook are read; empty sheets and rows are passed over."""
    rows: list[list[Any]] = [
        ["id", "date", "note", "avis"],
        [12.0, datetime(2026, 3, 4, 10, 30), 4, "bien"],
        [13, 46085, "4,5", "série"],
        [14, "05/03/2026", 3.0, "texte"],
        [None, None, None, None],
        ["A-15", date(2026, 3, 6), None, "ligne_x000D_\nsuivante"],
    ]
    workbook(tmp_path / "avis.xlsx", {"Vide": [], "Réponses": rows})
    got = list(read(reviews("avis.xlsx", date_formats=["%d/%m/%Y"]), tmp_path))
    assert [(item.row_id, item.date) for item in feedback(got)] == [
        ("12", datetime(2026, 3, 4, 10, 30)),
        ("13", datetime(2026, 3, 4)),
        ("14", datetime(2026, 3, 5)),
        ("A-15", datetime(2026, 3, 6)),
    ]
    assert [item.scores.get("stars") for item in feedback(got)] == [4.0, 4.5, 3.0, None]
    assert feedback(got)[3].text == "ligne\nsuivante"


def test_workbook_of_1904(tmp_path: Path) -> None:
    """Serial dates of a workbook that counts from 1904 are read from there."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append(["id", "date", "note", "avis"])
    sheet.append([1, 44623, 3, "ok"])
    book.save(tmp_path / "mac.xlsx")
    assert feedback(read(reviews("mac.xlsx"), tmp_path))[0].date == datetime(2026, 3, 4)


def test_impossible_workbook_date(tmp_path: Path) -> None:
    """A date cell beyond the calendar, or a number that is no day of this century, is quarantined without a warning."""
    path = workbook(
        tmp_path / "avis.xlsx", {"A": [["id", "date", "note", "avis"], [1, 99999999, 3, "x"], [2, 12, 3, "y"], [3, "2026-01-01", 3, "z"]]}
    )
    book = openpyxl.load_workbook(path)
    book["A"]["B2"].number_format = "dd/mm/yyyy"
    book.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = list(read(reviews("avis.xlsx"), tmp_path))
    assert refused(got) == [(1, Reason.BAD_DATE), (2, Reason.BAD_DATE)]


def test_sheet_by_name_and_gz(tmp_path: Path) -> None:
    """A sheet is chosen by name, an unknown one is refused with the known names, and a gzipped workbook opens too."""
    path = workbook(tmp_path / "avis.xlsx", {"Lisez-moi": [["À lire"]], "Données": [["id", "avis"], [1, "ok"]]})
    (tmp_path / "zip.xlsx.gz").write_bytes(gzip.compress(path.read_bytes()))
    fields = {"id": "id", "text": "avis"}
    assert len(feedback(read(source("review", "zip.xlsx.gz", fields, format={"sheet": "Données"}), tmp_path))) == 1
    with pytest.raises(SourceError, match="Did you mean 'Données'"):
        list(read(source("review", "avis.xlsx", fields, format={"sheet": "Donnees"}), tmp_path))


def test_wrong_extent(tmp_path: Path) -> None:
    """A sheet that declares a single cell, as some tools write, is read whole."""
    import zipfile

    path = workbook(tmp_path / "ok.xlsx", {"A": [["id", "avis"], [1, "un"], [2, "deux"]]})
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "avis.xlsx", "w") as new:
        for item in old.infolist():
            new.writestr(item.filename, old.read(item).replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"'))
    assert len(feedback(read(source("review", "avis.xlsx", {"id": "id", "text": "avis"}), tmp_path))) == 2


# ---------------------------------------------------------------- JSON and Parquet

CHAT = {
    "id": "id",
    "date": "ouvert",
    "customer": "client.id",
    "turns": {"path": "tours", "role": "qui", "text": "dit", "time": "quand", "customer_roles": ["Client"]},
    "attributes": {"file": "file"},
}


def chat(n: int) -> dict[str, Any]:
    """A conversation as a tool would export it."""
    tours = [
        {"qui": "agent", "dit": "Bonjour", "quand": "2026-05-01T10:01:00+02:00"},
        {"qui": "CLIENT", "dit": f"Troisième fois que j'explique {n}", "quand": "2026-05-01T10:00:00+02:00"},
        {"qui": "bot", "dit": None, "quand": None},
    ]
    return {"id": n, "ouvert": "2026-05-01T08:00:00Z", "client": {"id": f"C{n}"}, "file": "technique", "tours": tours[:2] if n % 2 else tours}


def test_guess_reads_an_export_with_its_faults(tmp_path: Path) -> None:
    """A note of 11, one in words and one column of attention hide neither the NPS, nor the satisfaction, nor the five Servqual pairs of a workbook."""
    workbook = Path(__file__).parent.parent / "data_samples" / "ondelia" / "enquete_ondelia.xlsx"
    fields = yaml.safe_load(guess([workbook], tmp_path))["sources"][0]["fields"]
    assert {name: (score["low"], score["high"]) for name, score in fields["scores"].items()} == {"nps": (0, 10), "csat": (1, 5)}
    assert list(fields["expectation"]) == list(fields["perception"]) == ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


@pytest.mark.parametrize("shape", ["list", "nested", "jsonl", "parquet", "pretty", "utf16"])
def test_nested_chats(tmp_path: Path, shape: str) -> None:
    """Nested turns map alike from JSON lists, JSON documents, JSONL and Parquet: roles, order by time, local dates, nested customers."""
    chats = [chat(n) for n in range(1, 6)]
    name, layout = "chats.json", {}
    if shape == "parquet":
        name = "chats.parquet"
        pq.write_table(pa.Table.from_pylist(chats), tmp_path / name, row_group_size=2)
    elif shape == "jsonl":
        name = "chats.jsonl"
        (tmp_path / name).write_text("\n".join(json.dumps(item) for item in chats) + "\n", encoding="utf-8")
    elif shape == "nested":
        layout = {"records": "data.conversations"}
        (tmp_path / name).write_text(json.dumps({"meta": {"n": 5, "tags": [{"a": 1}]}, "data": {"conversations": chats}}), encoding="utf-8")
    else:
        (tmp_path / name).write_text(json.dumps(chats, indent=2, ensure_ascii=False), encoding="utf-16" if shape == "utf16" else "utf-8")
    got = list(read(source("chat", name, CHAT, date_formats=["iso"], format=layout), tmp_path))
    assert not refused(got)
    first = feedback(got)[0]
    assert [item.row_id for item in feedback(got)] == ["1", "2", "3", "4", "5"]
    assert [(turn.role, turn.text) for turn in first.turns] == [(Role.CUSTOMER, "Troisième fois que j'explique 1"), (Role.AGENT, "Bonjour")]
    assert first.date == datetime(2026, 5, 1, 10) and first.customer == "C1" and first.attributes == {"file": "technique"}
    assert "Troisième" not in repr(first)


def test_json_without_records_named(tmp_path: Path) -> None:
    """The list of records is found by itself where the config does not name it, and a wrong name is answered with the lists there are."""
    (tmp_path / "c.json").write_text(json.dumps({"page": 1, "data": {"conversations": [chat(1), chat(2)]}}), encoding="utf-8")
    assert len(feedback(read(source("chat", "c.json", CHAT, date_formats=["iso"]), tmp_path))) == 2
    with pytest.raises(SourceError, match=r"Did you mean 'data\.conversations'"):
        list(read(source("chat", "c.json", CHAT, format={"records": "data.conversation"}), tmp_path))


def test_truncated_json(tmp_path: Path) -> None:
    """Of a JSON list cut short the records before the break are kept, and the break is one quarantined row, gzipped or not."""
    content = json.dumps([chat(n) for n in range(1, 500)]).encode()
    (tmp_path / "a.json").write_bytes(content[: len(content) // 2])
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(content)[:-200])
    for name in ("a.json", "b.json.gz"):
        got = list(read(source("chat", name, CHAT, date_formats=["iso"]), tmp_path))
        assert len(feedback(got)) > 200 and refused(got) == [(len(got), Reason.BAD_ROW)]


def test_json_as_tools_write_it(tmp_path: Path) -> None:
    """NaN, raw line breaks in strings, huge integers, floats as ids and objects in lists of another kind do not lose a record."""
    content = (
        '[{"id": 12.0, "avis": "NaN, dit-il: NaN\ndeux", "note": NaN}, {"id": 123456789012345678901234, "avis": "-Infinity", "note": -Infinity}, '
        '7, {"id": "x", "avis": "\\ud83d ok \\"NaN\\\\"}]'
    )
    (tmp_path / "avis.json").write_text(content, encoding="utf-8")
    got = list(
        read(source("review", "avis.json", {"id": "id", "text": "avis", "scores": {"stars": {"field": "note", "low": 1, "high": 5}}}), tmp_path)
    )
    assert [(item.row_id, item.text) for item in feedback(got)][:2] == [("12", "NaN, dit-il: NaN deux"), ("123456789012345678901234", "-Infinity")]
    assert refused(got) == [(3, Reason.BAD_ROW)] and feedback(got)[2].text.endswith('ok "NaN\\')
    feedback(got)[2].text.encode("utf-8")


def test_jsonl_with_broken_lines(tmp_path: Path) -> None:
    """A line of JSONL that is not an object is one quarantined row, and the others are read; `.json` files that hold lines are recognised."""
    lines = ['{"id": 1, "avis": "un"}', '{"id": 2, "avis": ', "[1]", "", '{"id": 3, "avis": "trois"}']
    for name in ("avis.jsonl", "avis.json"):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8-sig")
        got = list(read(source("review", name, {"id": "id", "text": "avis"}), tmp_path))
        assert [item.row_id for item in feedback(got)] == ["1", "3"] and [reason for _, reason in refused(got)] == [Reason.BAD_ROW] * 2


def test_truncated_gzip_jsonl(tmp_path: Path) -> None:
    """A gzipped JSONL cut short keeps its whole lines and counts the break once."""
    rng = random.Random(5)
    content = "\n".join(json.dumps({"id": n, "avis": f"{rng.getrandbits(200):x}"}) for n in range(1, 2000)).encode()
    (tmp_path / "avis.jsonl.gz").write_bytes(gzip.compress(content)[:40_000])
    got = list(read(source("review", "avis.jsonl.gz", {"id": "id", "text": "avis"}), tmp_path))
    assert len(feedback(got)) > 500 and refused(got) == [(len(got), Reason.BAD_ROW)]


def test_parquet_types(tmp_path: Path) -> None:
    """Timestamps with a zone, dates, decimals and categories of Parquet map as their values; a lost footer is an error, not a crash."""
    import decimal

    table = pa.table(
        {
            "id": pa.array([1.0, 2.0]),
            "date": pa.array([datetime(2026, 7, 1, 22, 30), None], pa.timestamp("ns", "UTC")),
            "note": pa.array([decimal.Decimal("4.0"), decimal.Decimal("2.0")]),
            "avis": pa.array(["bien", "bof"]).dictionary_encode(),
            "vecteur": pa.array([[0.1], [0.2]]),
        }
    )
    pq.write_table(table, tmp_path / "avis.parquet")
    got = feedback(read(reviews("avis.parquet"), tmp_path))
    assert [(item.row_id, item.date, item.scores["stars"], item.text) for item in got] == [
        ("1", datetime(2026, 7, 2, 0, 30), 4.0, "bien"),
        ("2", None, 2.0, "bof"),
    ]
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "avis.parquet").read_bytes()[:200])
    with pytest.raises(SourceError, match="cannot be opened"):
        list(read(reviews("cut.parquet"), tmp_path))


# ---------------------------------------------------------------- chats of one turn a row

TURN_ROWS = {"conversation": "conv", "customer": "client", "turns": {"role": "role", "text": "texte", "time": "heure"}}


def turn_rows(order: str) -> list[list[str]]:
    """Rows of 40 conversations of 3 turns, together or shuffled."""
    rows = [
        [f"conv{c}", f"K{c}", "customer" if t % 2 == 0 else "agent", f"tour {t} de {c}", f"2026-01-{c % 27 + 1:02d} 10:0{t}"]
        for c in range(40)
        for t in range(3)
    ]
    if order == "shuffled":
        random.Random(1).shuffle(rows)
    return rows


@pytest.mark.parametrize("order", ["together", "shuffled"])
@pytest.mark.parametrize("held", [7, 20_000], ids=["spilled", "held"])
def test_one_turn_a_row(tmp_path: Path, order: str, held: int) -> None:
    """Rows of a conversation become one chat whether they lie together or not, with few rows held in memory; stray rows are quarantined once each."""
    rows = turn_rows(order)
    rows[10:10] = [["", "K", "customer", "perdu", "2026-01-01 10:00"]]
    with (tmp_path / "tours.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["conv", "client", "role", "texte", "heure"], *rows])
    settings_ = source("chat", "tours.csv", TURN_ROWS, date_formats=["%Y-%m-%d %H:%M"])
    got = list(conversations(Mapper(settings_), lambda: located_rows(settings_, [tmp_path / "tours.csv"]), held_rows=held))
    assert refused(got) == [(11, Reason.MISSING_ID)]
    chats = {item.row_id: item for item in feedback(got)}
    assert set(chats) == {f"conv{c}" for c in range(40)} and len(feedback(got)) == 40
    assert all([turn.text for turn in item.turns] == [f"tour {t} de {name.removeprefix('conv')}" for t in range(3)] for name, item in chats.items())
    assert chats["conv3"].date == datetime(2026, 1, 4, 10) and chats["conv3"].customer == "K3"
    assert [item.position for item in feedback(got)] == sorted(item.position for item in feedback(got))


def test_turns_as_json_in_a_cell(tmp_path: Path) -> None:
    """Turns that a CSV export keeps as JSON in one cell are read, and broken JSON there quarantines the row."""
    with (tmp_path / "c.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "tours"], ["1", json.dumps([["customer", "Allô ?"], ["agent", "Oui"]])], ["2", '[["customer"'], ["3", ""]])
    got = list(read(source("chat", "c.csv", {"id": "id", "turns": {"path": "tours", "role": "0", "text": "1"}}), tmp_path))
    assert [turn.role for turn in feedback(got)[0].turns] == [Role.CUSTOMER, Role.AGENT]
    assert refused(got) == [(2, Reason.BAD_ROW)] and feedback(got)[1].turns == ()


# ---------------------------------------------------------------- surveys, scores, ids, dates

SURVEY = {
    "id": "id",
    "questions": [
        {"field": "q1", "question": "Pourquoi cette note ?"},
        {"field": "q2", "question": "Que devrions-nous améliorer ?", "channel": "web"},
    ],
    "scores": {"nps": {"field": "nps", "low": 0, "high": 10}},
    "expectation": {"empathy": "e_emp"},
    "perception": {"empathy": "p_emp"},
    "weight": {"empathy": "w_emp"},
}


def test_survey(tmp_path: Path) -> None:
    """Each answered question becomes feedback with its scores, a silent respondent one empty row, a score off its scale a quarantined one."""
    rows: list[list[Any]] = [
        ["id", "nps", "q1", "q2", "e_emp", "p_emp", "w_emp"],
        [1, 3, "Trop long", "L'attente", 7, 2, 30],
        [2, 9, None, "Rien", 6, 6, None],
        [3, 10, None, " ", 7, 7, 20],
        [4, 11, "x", None, 7, 7, 20],
        [5, "dix", "x", None, 7, 7, 20],
        [6, 5, "x", None, 8, 7, 20],
    ]
    workbook(tmp_path / "s.xlsx", {"S": rows})
    got = list(read(source("survey", "s.xlsx", SURVEY), tmp_path))
    assert [(item.row_id, item.respondent, item.question, item.text) for item in feedback(got)] == [
        ("1#q1", "1", "Pourquoi cette note ?", "Trop long"),
        ("1#q2", "1", "Que devrions-nous améliorer ?", "L'attente"),
        ("2#q2", "2", "Que devrions-nous améliorer ?", "Rien"),
        ("3", "3", "", ""),
    ]
    assert (
        feedback(got)[1].scores == {"nps": 3, "expectation.empathy": 7, "perception.empathy": 2, "weight.empathy": 30}
        and feedback(got)[1].channel == "web"
    )
    assert refused(got) == [(4, Reason.BAD_VALUE), (5, Reason.BAD_VALUE), (6, Reason.BAD_VALUE)]


def test_unreadable_rows_keep_no_words(tmp_path: Path) -> None:
    """A quarantined row keeps its place, its reason and a keyed hash, nothing of its id, text or date."""
    (tmp_path / "avis.csv").write_text(
        "id,date,note,avis\nsecret-77,31/02/2026,3,motsecret\n,2026-01-01,3,motsecret\nsecret-78,2026-01-01,9,motsecret\n", encoding="utf-8"
    )
    got = [item for item in read(reviews("avis.csv"), tmp_path) if isinstance(item, Unreadable)]
    assert [(item.position, item.reason) for item in got] == [(1, Reason.BAD_DATE), (2, Reason.MISSING_ID), (3, Reason.BAD_VALUE)]
    assert all("secret" not in repr(item) and "31/02" not in repr(item) and len(item.row_hash) == 32 for item in got)
    assert "avis.csv line 2" in got[0].detail and len({item.row_hash for item in got}) == 3


def test_since_until(tmp_path: Path) -> None:
    """Rows outside the bounds are not received, both days are inside, and undated rows always are."""
    lines = ["id,date,note,avis", "1,2026-01-31 23:59,3,a", "2,2026-02-01 00:00,3,b", "3,2026-02-28 23:59,3,c", "4,2026-03-01 00:00,9,d", "5,,3,e"]
    (tmp_path / "avis.csv").write_text("\n".join(lines), encoding="utf-8")
    got = list(read(reviews("avis.csv", date_formats=["%Y-%m-%d %H:%M"]), tmp_path, date(2026, 2, 1), date(2026, 2, 28)))
    assert [item.row_id for item in feedback(got)] == ["2", "3", "5"] and not refused(got)
    assert [item.position for item in got] == [2, 3, 5]


def test_identity_by_position(tmp_path: Path) -> None:
    """Where the row's place is its identity, rows are numbered over all files sorted by name."""
    for name, text in (("b.csv", "deux"), ("a.csv", "un")):
        (tmp_path / name).write_text(f"avis,autre\n{text},1\n", encoding="utf-8")
    got = feedback(read(source("review", "*.csv", {"text": "avis"}, identity="position"), tmp_path))
    assert [(item.row_id, item.position, item.text) for item in got] == [("1", 1, "un"), ("2", 2, "deux")]


@pytest.mark.parametrize(
    ("value", "formats", "expected"),
    [
        ("12/10/2026", ["%d/%m/%Y"], datetime(2026, 10, 12)),
        ("12 octobre 2026", ["%d %B %Y"], datetime(2026, 10, 12)),
        ("1er févr. 2026", ["%d %b %Y"], datetime(2026, 2, 1)),
        ("lundi 12 octobre 2026 à 14h05", ["%A %d %B %Y à %Hh%M"], datetime(2026, 10, 12, 14, 5)),
        ("Oct 12, 2026", ["%b %d, %Y"], datetime(2026, 10, 12)),
        ("2026-10-12T14:05:00Z", ["iso"], datetime(2026, 10, 12, 16, 5)),
        ("1791806700", ["unix"], datetime(2026, 10, 12, 14, 5)),
        (1791806700000, ["unix_ms"], datetime(2026, 10, 12, 14, 5)),
        ("46307,5", ["excel"], datetime(2026, 10, 12, 12)),
        ("20261012", ["%Y%m%d"], datetime(2026, 10, 12)),
        ("", ["%Y-%m-%d"], None),
        ("N/A", ["%Y-%m-%d"], None),
    ],
)
def test_dates(value: Any, formats: list[str], expected: datetime | None) -> None:
    """Dates are read by the formats named, French names included, and given in the source's local time."""
    assert as_date(value, formats, PARIS) == expected


@pytest.mark.parametrize("value", ["31/02/2026", "0000-00-00", "12-10-2026", "hier", "01/01/0026", "12/13/2026", True, 46307])
def test_impossible_dates(value: Any) -> None:
    """A date that fits no format named, or no calendar, is refused and not guessed."""
    with pytest.raises(Refused) as caught:
        as_date(value, ["%d/%m/%Y"], PARIS)
    assert caught.value.reason is Reason.BAD_DATE


def test_numbers_and_keys() -> None:
    """Decimal commas, `9/10` and numbers as ids are read; what stands for nothing is nothing."""
    assert [as_number(value, 0, 10, "nps") for value in ("4,5", 9, "9/10", "", "N/A", None, float("nan"))] == [4.5, 9, 9, None, None, None, None]
    for wrong in ("dix", "11", -1, True, "9/5", "1e1", float("inf")):
        if wrong == float("inf"):
            continue
        with pytest.raises(Refused):
            as_number(wrong, 0, 10, "nps")
    assert [as_key(value) for value in (12.0, "12.0", "12,00", "N/A", "-", " A  1 ", 7, "0012")] == ["12", "12", "12", "", "", "A 1", "7", "0012"]
    assert as_text("None") == "None" and as_text("NaN") == ""


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10), st.text()
)
@example([], "\u00b2")
def test_lookup_never_fails(record: Any, path: str) -> None:
    """Looking for any path in any record gives a value or nothing."""
    lookup(record, path)


def test_languages(tmp_path: Path) -> None:
    """A language column comes first among the languages declared."""
    (tmp_path / "a.csv").write_text("id,avis,langue\n1,ok,en-GB\n2,ok,Français\n3,ok,\n4,ok,nl\n", encoding="utf-8")
    got = feedback(read(source("review", "a.csv", {"id": "id", "text": "avis", "lang": "langue"}), tmp_path))
    assert [item.languages for item in got] == [("en", "fr"), ("fr", "en"), ("fr", "en"), ("nl", "fr", "en")]


# ---------------------------------------------------------------- errors, fingerprint


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    """No such file, column, reader, encoding or time zone: each says where, what was found and the remedy."""
    (tmp_path / "avis.csv").write_text("\n".join(LINES), encoding="utf-8")
    cases = [
        (reviews("avi.csv"), "That folder holds: avis.csv"),
        (reviews("."), "is a folder"),
        (source("review", "avis.csv", {"id": "id", "text": "avsi"}), "Did you mean 'avis'"),
        (reviews("avis.csv", reader="sql"), "Known: files"),
        (reviews("avis.csv", timezone="Europe/Pari"), "no time zone"),
        (reviews("avis.csv", format={"encoding": "utf8000"}), "is no encoding"),
        (reviews("avis.csv", format={"delimiter": ";;"}), "more than one character"),
        (reviews("avis.csv", format={"type": "xlsx"}), "cannot be opened"),
    ]
    for settings_, expected in cases:
        with pytest.raises(SourceError, match=expected.replace("(", r"\(")):
            list(read(settings_, tmp_path))
    assert set(READERS) == {"files"}


def test_old_workbooks_and_pdfs(tmp_path: Path) -> None:
    """Files of types that are not read are named for what they are."""
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 100)
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7")
    for name, expected in (("a.xls", "old Excel workbook"), ("b.pdf", "a PDF")):
        with pytest.raises(SourceError, match=expected):
            list(read(reviews(name), tmp_path))


def test_json_column_missing_everywhere(tmp_path: Path) -> None:
    """A text field that no record has is an error, not a run of empty rows."""
    (tmp_path / "a.jsonl").write_text('{"id": 1, "data": {"text": "ok"}}\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"Did you mean 'data\.text'"):
        list(read(source("review", "a.jsonl", {"id": "id", "text": "data.texte"}), tmp_path))


def test_fingerprint(tmp_path: Path) -> None:
    """The fingerprint changes with any byte of any file and with nothing else."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("\n".join(LINES), encoding="utf-8")
    before = fingerprint(reviews("*.csv"), tmp_path)
    assert before == fingerprint(reviews("?.csv"), tmp_path)
    (tmp_path / "b.csv").write_text("\n".join([*LINES, "4;2026-01-08;1;encore"]), encoding="utf-8")
    assert before != fingerprint(reviews("*.csv"), tmp_path)


@pytest.mark.parametrize("name", ["vide.csv", "vide.json", "vide.jsonl"])
def test_empty_files(tmp_path: Path, name: str) -> None:
    """A month without feedback is an empty file: nothing is read and nothing fails."""
    (tmp_path / name).write_bytes(b"")
    assert list(read(reviews(name), tmp_path)) == []


def test_reading_is_streamed(tmp_path: Path) -> None:
    """The first rows come before the file has been held in memory."""
    import tracemalloc

    with (tmp_path / "gros.csv").open("w", encoding="utf-8") as file:
        file.write("id,date,note,avis\n")
        for n in range(600):
            file.write(f"{n},2026-01-01,3,{'un avis de taille moyenne ' * 300}\n")
    tracemalloc.start()
    n = sum(1 for _ in read(reviews("gros.csv"), tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 600 and peak < 2_000_000


# ---------------------------------------------------------------- guess


def french(n: int) -> str:
    """An invented sentence, different for each number."""
    subjects = ["la facture", "le technicien", "votre application", "la livraison", "le conseiller", "mon colis", "la box"]
    verbs = ["arrive toujours en retard", "ne répond jamais", "m'a bien aidé", "plante sans prévenir", "reste introuvable"]
    return f"Franchement {subjects[n % 7]} {verbs[n % 5]} et cela fait {n} jours"


def written(tmp_path: Path, *files: Path) -> tuple[str, dict[str, Any]]:
    """The starter config of files, checked to load."""
    text = guess(files, tmp_path)
    (tmp_path / "voc.yaml").write_text(text, encoding="utf-8")
    load_config(tmp_path / "voc.yaml")
    return text, yaml.safe_load(text)


def test_guess_reviews(tmp_path: Path) -> None:
    """From a review CSV: text, title, stars, id, customer, date format and attributes, no customer's words, and it reads back."""
    with (tmp_path / "avis_2026.csv").open("w", newline="", encoding="cp1252") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Numéro avis", "Date de publication", "Note", "Titre", "Commentaire", "Id client", "Magasin", "Nom", "E-mail"])
        for n in range(1, 61):
            writer.writerow(
                [
                    1000 + n,
                    f"{n % 28 + 1:02d}/0{n % 9 + 1}/2026",
                    n % 5 + 1,
                    "Déçu" if n % 2 else "Ravi",
                    french(n),
                    f"K{n % 40}",
                    ["Lyon", "Brest", "Nice"][n % 3],
                    f"Dupont{n}",
                    f"a{n}@example.org",
                ]
            )
    text, config = written(tmp_path, tmp_path / "avis_2026.csv")
    got = config["sources"][0]
    assert got["kind"] == "review" and got["name"] == "avis" and got["path"] == "avis_2026.csv" and got["date_formats"] == ["%d/%m/%Y"]
    assert got["fields"] == {
        "id": "Numéro avis",
        "text": "Commentaire",
        "title": "Titre",
        "date": "Date de publication",
        "customer": "Id client",
        "scores": {"stars": {"field": "Note", "low": 1, "high": 5}},
        "attributes": {"magasin": "Magasin"},
    }
    assert not any(word in text for word in ("Franchement", "Dupont", "example.org", "Lyon", "Ravi"))
    settings_ = load_config(tmp_path / "voc.yaml").sources[0]
    assert len(feedback(read(settings_, tmp_path))) == 60 and preview(settings_, tmp_path).problems == ()


def test_guess_survey(tmp_path: Path) -> None:
    """From a survey workbook: questions in their own words, NPS, CSAT, pairs with their scale, the row of names below a title."""
    head = [
        "ID répondant",
        "Date",
        "Recommandation (0-10)",
        "Satisfaction",
        "Pourquoi cette note ?",
        "Que devrions-nous améliorer ?",
        "Région",
        "Attente fiabilité",
        "Perception fiabilité",
        "Attente empathie",
        "Perception empathie",
    ]
    rows: list[list[Any]] = [["Enquête clients 2026"], [], head]
    rows += [
        [
            n,
            datetime(2026, 1 + n % 9, 3),
            n % 11,
            n % 5 + 1,
            french(n),
            None if n % 3 else french(n + 90),
            ["Bretagne", "Alsace"][n % 2],
            7,
            n % 7 + 1,
            6,
            5,
        ]
        for n in range(1, 41)
    ]
    workbook(tmp_path / "enquete.xlsx", {"Réponses": rows})
    text, config = written(tmp_path, tmp_path / "enquete.xlsx")
    got = config["sources"][0]
    assert got["kind"] == "survey" and got["format"] == {"header_row": 3, "sheet": "Réponses"} and got["likert"] == [1, 7]
    assert [question["field"] for question in got["fields"]["questions"]] == ["Pourquoi cette note ?", "Que devrions-nous améliorer ?"]
    assert got["fields"]["scores"] == {
        "nps": {"field": "Recommandation (0-10)", "low": 0, "high": 10},
        "csat": {"field": "Satisfaction", "low": 1, "high": 5},
    }
    assert got["fields"]["expectation"] == {"reliability": "Attente fiabilité", "empathy": "Attente empathie"} and got["fields"]["attributes"] == {
        "region": "Région"
    }
    assert "Franchement" not in text
    assert preview(load_config(tmp_path / "voc.yaml").sources[0], tmp_path).problems == ()


@pytest.mark.parametrize("shape", ["nested", "rows"])
def test_guess_chats(tmp_path: Path, shape: str) -> None:
    """From chats: where turns are, who speaks, which roles are the customer's, times as dates."""
    if shape == "nested":
        chats = [
            {
                "conversation_id": f"c{n}",
                "opened_at": f"2026-01-{n % 27 + 1:02d}T10:00:00Z",
                "customer": {"id": f"K{n}"},
                "queue": ["technique", "facturation"][n % 2],
                "messages": [
                    {"author": "client", "body": french(n), "at": f"2026-01-{n % 27 + 1:02d}T10:00:00Z"},
                    {"author": "agent", "body": f"Bonjour, je regarde le dossier {n}", "at": f"2026-01-{n % 27 + 1:02d}T10:02:00Z"},
                ],
            }
            for n in range(30)
        ]
        path = tmp_path / "chats.json"
        path.write_text(json.dumps({"export": "v1", "data": {"items": chats}}), encoding="utf-8")
    else:
        path = tmp_path / "chats.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["ticket_id", "created_at", "author_type", "message", "queue"])
            for n in range(30):
                for turn in range(3):
                    writer.writerow(
                        [
                            f"T{n}",
                            f"2026-01-{n % 27 + 1:02d} 10:0{turn}:00",
                            "agent" if turn == 1 else "client",
                            french(n * 3 + turn),
                            ["technique", "facturation"][n % 2],
                        ]
                    )
    text, config = written(tmp_path, path)
    got = config["sources"][0]
    assert got["kind"] == "chat" and got["fields"]["turns"]["customer_roles"] == ["client"] and got["fields"]["attributes"] == {"queue": "queue"}
    if shape == "nested":
        assert got["fields"]["turns"] | {"customer_roles": 0} == {
            "path": "messages",
            "role": "author",
            "text": "body",
            "time": "at",
            "customer_roles": 0,
        }
        assert got["format"] == {"records": "data.items"} and got["fields"]["id"] == "conversation_id" and got["fields"]["customer"] == "customer.id"
    else:
        assert got["fields"]["conversation"] == "ticket_id" and got["fields"]["turns"]["time"] == "created_at"
    settings_ = load_config(tmp_path / "voc.yaml").sources[0]
    items = list(read(settings_, tmp_path))
    assert len(feedback(items)) == 30 and not refused(items) and all(item.date for item in feedback(items))
    assert preview(settings_, tmp_path).problems == () and "Franchement" not in text


def test_guess_dates() -> None:
    """Day-first or month-first is decided by a value that only one of them reads; without one the doubt is said."""
    assert date_formats(["03/04/2026", "25/04/2026"])[:2] == (("%d/%m/%Y",), "")
    assert date_formats(["03/04/2026", "04/25/2026"])[:2] == (("%m/%d/%Y",), "")
    formats, doubt, _ = date_formats(["03/04/2026", "05/06/2026"])
    assert formats == ("%d/%m/%Y",) and "alike" in doubt
    formats, doubt, _ = date_formats(["25/04/2026", "26/04/2026", "04/25/2026"])
    assert formats == ("%d/%m/%Y",) and "mixes both" in doubt
    assert date_formats(["2026-01-02T10:00:00Z", "2026-01-03T11:00:00+02:00"])[0] == ("iso",)
    assert date_formats(["12 octobre 2026", "3 mai 2026"])[0] == ("%d %B %Y",)
    assert date_formats(["2026-01-02", "25/04/2026", "2026-01-03"])[0] == ("%Y-%m-%d", "%d/%m/%Y")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.dates(date(2000, 1, 1), date(2035, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%d %B %Y"]),
)
def test_guessed_formats_read_every_date(days: list[date], pattern: str) -> None:
    """The guessed formats read every date of a column written in one format, rightly unless doubt is said."""
    texts = [day.strftime(pattern) for day in days]
    formats, doubt, share = date_formats(texts)
    assert share == 1.0
    assert doubt or [as_date(text, formats, PARIS).date() for text in texts] == days  # type: ignore[union-attr]  # none of these is missing


def test_guess_doubtful_dates_are_commented(tmp_path: Path) -> None:
    """A config whose dates could be read both ways warns in a comment."""
    (tmp_path / "avis.csv").write_text(
        "\n".join(["id,date,commentaire", *(f"{n},0{n % 9 + 1}/0{n % 7 + 1}/2026,{french(n)}" for n in range(1, 30))]), encoding="utf-8"
    )
    text, config = written(tmp_path, tmp_path / "avis.csv")
    assert "# WARNING, dates" in text and config["sources"][0]["date_formats"] == ["%d/%m/%Y"]


def test_guess_without_id_or_with_monthly_files(tmp_path: Path) -> None:
    """Without an id the row's place is the identity; monthly files become one glob; two sources get two names."""
    for month in (1, 2):
        (tmp_path / f"avis_2026-0{month}.csv").write_text(
            "\n".join(["date,verbatim", *(f"2026-0{month}-{n:02d},{french(n)}" for n in range(1, 28))]), encoding="utf-8"
        )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "avis.csv").write_text("\n".join(["ref,verbatim", *(f"R{n},{french(n)}" for n in range(1, 28))]), encoding="utf-8")
    _, config = written(tmp_path, *sorted(tmp_path.rglob("*.csv")))
    got = {item["name"]: item for item in config["sources"]}
    assert set(got) == {"avis", "avis-2"}
    by_path = {item["path"]: item for item in config["sources"]}
    assert by_path["avis_2026-0*.csv"]["identity"] == "position" and by_path["sub/avis.csv"]["fields"]["id"] == "ref"


def test_reviews_without_a_date_can_run(tmp_path: Path) -> None:
    """A source whose rows have no date is told so, and can be read all the same."""
    (tmp_path / "avis.csv").write_text("id,texte\n" + "".join(f"{n},{french(n)}\n" for n in range(5)), encoding="utf-8")
    source = Source.model_validate({"name": "avis", "kind": "review", "path": "avis.csv", "fields": {"id": "id", "text": "texte"}})
    got = preview(source, tmp_path)
    assert got.usable and [problem.found for problem in got.problems] == ["no column named"]


@pytest.mark.parametrize("name", ["sans_nom.csv", "chiffres.csv", "vide.csv", "absent.csv"])
def test_guess_refuses(tmp_path: Path, name: str) -> None:
    """A file without names of columns, without text, empty or absent is refused with a remedy, and none of its words is quoted."""
    (tmp_path / "sans_nom.csv").write_text("\n".join(f"{n};2026-01-{n:02d};{french(n)}" for n in range(1, 20)), encoding="utf-8")
    (tmp_path / "chiffres.csv").write_text("id,valeur\n1,2\n3,4\n", encoding="utf-8")
    (tmp_path / "vide.csv").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        guess([tmp_path / name], tmp_path)
    assert caught.value.remedy and "Franchement" not in str(caught.value)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=4))
def test_guess_survives_any_column_name(tmp_path: Path, names: list[str]) -> None:
    """Whatever the columns are called, the starter config loads or the file is refused."""
    header = ["verbatim", *names]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows([[french(n), *(f"v{n % 3}" for _ in names)] for n in range(12)])
    (tmp_path / "noms.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    try:
        text = guess([tmp_path / "noms.csv"], tmp_path)
    except SourceError:
        return
    (tmp_path / "voc.yaml").write_text(text, encoding="utf-8")
    load_config(tmp_path / "voc.yaml")


# ---------------------------------------------------------------- preview


def test_preview_shows_rows_and_all_problems(tmp_path: Path) -> None:
    """A preview shows rows as they map and names every problem at once, each with its remedy."""
    lines = ["id;jour;note;avis", *(f"{n % 3};{n:02d}/02/2026;{n % 11};{french(n)}" for n in range(1, 25))]
    (tmp_path / "avis.csv").write_text("\n".join(lines), encoding="utf-8")
    fields = {"id": "id", "text": "avi", "title": "tire", "date": "jour", "scores": {"stars": {"field": "note", "low": 1, "high": 5}}}
    got = preview(source("review", "avis.csv", fields), tmp_path)
    said = "\n".join(str(problem) for problem in got.problems)
    assert "no column 'avi'" in said and "Did you mean 'avis'" in said and "no column 'tire'" in said
    assert "no date can be read" in said and "Set date_formats: ['%d/%m/%Y']" in said and "99/99/9999" in said
    assert "repeat an id" in said and not got.usable and all(problem.remedy for problem in got.problems)
    again = preview(
        source("review", "avis.csv", {**fields, "text": "avis", "title": None}, date_formats=["%d/%m/%Y"], identity="position"), tmp_path, n=2
    )
    assert again.usable and len(again.rows) == 2 and again.rows[0]["text"] == french(1) and again.rows[0]["date"] == "2026-02-01 00:00"
    assert "check low and high" in str(again.problems[0]) and again.found["delimiter"] == ";" and again.counts["bad_value"] > 0


def test_preview_of_roles_and_missing_files(tmp_path: Path) -> None:
    """A chat none of whose roles is the customer's, and a glob that matches nothing, are problems and not crashes."""
    (tmp_path / "c.jsonl").write_text(json.dumps({"id": 1, "t": [{"r": "Kunde", "m": "Hallo"}]}) + "\n", encoding="utf-8")
    fields = {"id": "id", "turns": {"path": "t", "role": "r", "text": "m"}}
    assert "Kunde" in "".join(str(problem) for problem in preview(source("chat", "c.jsonl", fields), tmp_path).problems)
    assert "no file matches" in str(preview(source("chat", "d*.jsonl", fields), tmp_path).problems[0])
    (tmp_path / "vide.jsonl").write_bytes(b"")
    assert "no records" in str(preview(source("chat", "vide.jsonl", fields), tmp_path).problems[0])


def test_preview_counts_broken_rows(tmp_path: Path) -> None:
    """Rows that cannot be read are counted in the preview with where the first of them stands."""
    (tmp_path / "avis.csv").write_text("\n".join([*LINES, "4;x;y;z;trop"]), encoding="utf-8")
    got = preview(reviews("avis.csv"), tmp_path)
    assert Counter(got.counts) == {"feedback": 3, "bad_row": 1} and "avis.csv: line 5" in str(got.problems[0])
