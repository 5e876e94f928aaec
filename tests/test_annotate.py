"""`annotate`: labels of the codebook for a verbatim, depending on nothing but the verbatim and the model."""

import json
from pathlib import Path

import pytest

from voc_pipeline.annotate import Annotator, load_annotator
from voc_pipeline.composers.annotating import Row, annotate_file, annotate_rows, feedback_of, read_rows, turns_of
from voc_pipeline.errors import SourceError
from voc_pipeline.intake import Intake
from voc_pipeline.schema import Dimension, Gap, NotValuedCode, Role, Sentiment, Stage

INTAKE = Intake(b"test", ("fr", "en"))
ROWS = [
    ("1", "Nul !!", ""),
    (
        "2",
        "Bonjour, je suis Nadia Lemaire. Trois fois que je raconte mon histoire à un nouveau conseiller, personne ne lit le dossier. On se moque de moi.",
        "",
    ),
    ("3", "client: ma box clignote rouge depuis hier\nagent: Je comprends votre sentiment d'abandon, on s'en occupe.\nclient: ok merci", "chat"),
    ("4", "The technician was lovely, he took his shoes off and explained everything.", ""),
    ("5", "RAS", ""),
    ("6", "", ""),
]


@pytest.fixture(scope="module")
def annotator() -> Annotator:
    return load_annotator("voc-mini")


def rows() -> list[Row]:
    return [Row(i, feedback_of(i, text, channel=channel)) for i, text, channel in ROWS]


def test_answers_do_not_depend_on_neighbours(annotator: Annotator) -> None:
    """One by one, all at once or in reverse, on one thread or four: the very same answers."""
    verbatims = [INTAKE.prepare(row.feedback) for row in rows()]
    alone = [annotator.annotate([v])[0] for v in verbatims]
    for threads in (1, 4):
        again = annotator.annotate(verbatims[::-1], threads)[::-1]
        assert [a for a, _ in again] == [a for a, _ in alone]
        assert all((x == y).all() for (_, x), (_, y) in zip(again, alone, strict=True))


def test_every_answer_is_of_the_codebook(annotator: Annotator) -> None:
    """Each field holds a label of the codebook, probabilities are probabilities, offsets give their text."""
    for record in annotate_rows(rows(), annotator, INTAKE):
        assert record["sentiment"] in set(Sentiment) and abs(sum(record["p_sentiment"].values()) - 1) < 1e-3
        assert record["stage"] in set(Stage) and record["dimension"] in {*Dimension, None} and record["gap_cue"] in {*Gap, None}
        assert set(record["not_valued_codes"]) <= set(NotValuedCode)
        assert bool(record["not_valued_codes"]) == record["not_valued"] == (record["intensity"] > 0)
        assert (record["dimension"] is None) >= (not record["irritants"])
        for segment in record["segments"]:
            assert record["text"][segment["start"] : segment["end"]] == segment["text"]
            assert 0 <= segment["p_negative"] <= 1 and 0 <= segment["p_not_valued"] <= 1


def test_plain_cases_are_read_right(annotator: Annotator) -> None:
    """What nobody would read otherwise is read right: anger, praise, being made to repeat, nothing to say."""
    read = {record["id"]: record for record in annotate_rows(rows(), annotator, INTAKE)}
    assert read["1"]["sentiment"] == "negative" and not read["1"]["not_valued"]
    assert read["2"]["sentiment"] == "negative" and read["2"]["not_valued"]
    assert read["4"]["sentiment"] == "positive" and not read["4"]["not_valued"]
    assert read["5"]["sentiment"] == "neutral"


def test_personal_data_is_gone_before_anything_is_written(annotator: Annotator) -> None:
    """The text that comes out holds the placeholder, not the name."""
    (record,) = [r for r in annotate_rows(rows(), annotator, INTAKE) if r["id"] == "2"]
    assert "Lemaire" not in json.dumps(record, ensure_ascii=False) and "[NAME]" in record["text"]


def test_a_row_without_words_abstains(annotator: Annotator) -> None:
    """An empty text keeps its place in the output and marks every answer."""
    (record,) = [r for r in annotate_rows(rows(), annotator, INTAKE) if r["id"] == "6"]
    assert set(record["abstained"]) == {"sentiment", "not_valued", "stage", "dimension", "gap_cue"} and record["segments"] == []


def test_an_agents_segments_carry_no_label(annotator: Annotator) -> None:
    """The agent's sentence is shown as context: no polarity, no feeling of not being valued."""
    (record,) = [r for r in annotate_rows(rows(), annotator, INTAKE) if r["id"] == "3"]
    agent = [s for s in record["segments"] if s["role"] == "agent"]
    assert agent and all(s["p_negative"] == 0 and s["p_not_valued"] == 0 and s["sentiment"] == "neutral" for s in agent)


def test_the_same_words_count_for_whoever_says_them(annotator: Annotator) -> None:
    """The same two lines are praise when the customer says the kind one, and a complaint when the customer says the angry one."""
    lines = ("merci beaucoup, tout est réglé, vous êtes au top", "c'est honteux, trois semaines sans nouvelles, personne ne répond jamais")
    chats = [f"client: {lines[i]}\nagent: {lines[1 - i]}" for i in (0, 1)]
    kind, angry = annotate_rows([Row(str(i), feedback_of(str(i), chat, channel="chat")) for i, chat in enumerate(chats)], annotator, INTAKE)
    assert kind["sentiment"] == "positive" and kind["p_sentiment"]["negative"] < 0.1
    assert angry["sentiment"] in ("negative", "mixed") and angry["p_sentiment"]["positive"] < 0.1


def test_turns_of_a_written_chat() -> None:
    """Heads in any case open turns; words before the first head are the customer's; lines without a head go on."""
    turns = list(turns_of("salut\nCLIENT : rien ne marche\ndepuis lundi\nAgent: je regarde"))
    assert [(t.role, t.text) for t in turns] == [
        (Role.CUSTOMER, "salut"),
        (Role.CUSTOMER, "rien ne marche\ndepuis lundi"),
        (Role.AGENT, "je regarde"),
    ]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_the_same_rows_from_every_format(tmp_path: Path, kind: str) -> None:
    """CSV, TSV, JSONL and Parquet give the same rows in the same order."""
    import pandas as pd

    frame = pd.DataFrame([{"id": i, "text": text, "channel": channel} for i, text, channel in ROWS])
    path = tmp_path / f"rows.{kind}"
    match kind:
        case "csv":
            frame.to_csv(path, index=False)
        case "tsv":
            frame.to_csv(path, index=False, sep="\t")
        case "jsonl":
            path.write_text("".join(json.dumps(r) + "\n" for r in frame.to_dict("records")), encoding="utf-8")
        case _:
            frame.to_parquet(path)
    found = list(read_rows(path))
    assert [str(row.id) for row in found] == [i for i, _, _ in ROWS]
    assert found[2].feedback.turns[1].role is Role.AGENT


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.jsonl", '{"id": 1}\n', "no field 'text'"),
        ("x.jsonl", "{nope\n", "line 1"),
        ("x.pdf", "", "CSV, TSV, JSONL or Parquet"),
        ("x.csv", "id,texte\n1,a\n", "found: id, texte"),
    ],
)
def test_wrong_files_are_refused_in_words(tmp_path: Path, name: str, content: str, told: str) -> None:
    """A file that cannot be labelled is refused with where, what was found and what to do; nothing is written."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=told):
        annotate_file(tmp_path / name, tmp_path / "out.jsonl", "voc-mini")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_file_is_labelled_in_order(tmp_path: Path) -> None:
    """One object a row, ids as given, in the order of the file."""
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"id": i, "text": text, "channel": channel}) + "\n" for i, text, channel in ROWS), encoding="utf-8")
    assert annotate_file(source, tmp_path / "out.jsonl", "voc-mini") == len(ROWS)
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [r["id"] for r in out] == [i for i, _, _ in ROWS] and {r["model_version"] for r in out} == {load_annotator("voc-mini").version}
