"""`voc train CONFIG --labels FILE`: corrections move heads as far as they carry, labels of the user's own join them, weak ones are said to be weak."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from commands import voc
from conftest import Demo
from openpyxl import Workbook

from voc_pipeline.annotate import load_annotator
from voc_pipeline.composers.adapting import adapt
from voc_pipeline.composers.training import prepared
from voc_pipeline.config import load_config
from voc_pipeline.errors import TrainingError
from voc_pipeline.places import ROOT
from voc_pipeline.store import open_store
from voc_pipeline.training import own
from voc_pipeline.training.labelled import read_labelled

SETTINGS = """
project: Essai
sources:
  - {name: avis, kind: review, path: labels.csv, fields: {id: id, text: text}}
"""


def customers(n: int) -> list[str]:
    return [f"c{i}" for i in range(n)]


def accuracy(target: np.ndarray, p: np.ndarray) -> float:
    return float((p.argmax(1) == target).mean())


def test_corrections_move_a_head_that_was_wrong() -> None:
    """A head that confuses two classes of the user's is moved, and rows held out in turn are answered better by an amount that shows."""
    rng = np.random.default_rng(1)
    target = rng.integers(0, 3, 240)
    x = np.eye(3)[target] + rng.normal(size=(240, 3)) * 0.35
    shipped = np.eye(3)[[0, 2, 1]] * 4  # the last two taken for each other
    got = own.adapt(shipped, np.zeros(3), x, np.zeros((240, 3)), target, customers(240), accuracy, sigmoid=False)
    assert got.moved
    assert got.before.value < 0.5 < 0.85 < got.after.value and got.after.low > got.before.high


def test_a_head_that_is_right_stays_as_it_was() -> None:
    """Noise in the corrections does not move a head that held-out rows prefer as it is."""
    rng = np.random.default_rng(2)
    target = rng.integers(0, 3, 60)
    x = np.concatenate([np.eye(3)[target], rng.normal(size=(60, 40))], 1)
    weight = np.concatenate([np.eye(3) * 8, np.zeros((3, 40))], 1)
    got = own.adapt(weight, np.zeros(3), x, np.zeros((60, 3)), target, customers(60), accuracy, sigmoid=False)
    assert not got.moved and np.allclose(got.weight, weight)


def test_eight_rows_a_class_teach_a_label_and_its_figure_is_honest() -> None:
    """Eight clear rows a class suffice; rows whose label is a coin toss get a figure near chance and are not trusted."""
    rng = np.random.default_rng(3)
    y = ["yes", "no"] * 8
    clear = np.array([[1.0, 0.0] if name == "yes" else [0.0, 1.0] for name in y]) * 12 + rng.normal(size=(16, 2))
    good = own.learn_label(clear, y, customers(16))
    assert good.classes == ("no", "yes") and good.figure.value > 0.9 and good.trusted
    assert good.figure.low <= round(0.025 ** (1 / 16), 4), "sixteen customers cannot promise that nobody is read wrongly"
    weak = own.learn_label(rng.normal(size=(200, 30)), [str(name) for name in rng.choice(["yes", "no"], 200)], customers(200))
    assert weak.figure.value < 0.65 and not weak.trusted


def test_a_threshold_is_never_measured_on_rows_it_was_chosen_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a held-out row is answered comes from a threshold chosen without it; that of the label itself, chosen on all rows, is measured nowhere."""
    seen: list[int] = []

    def chosen(p: np.ndarray, truth: np.ndarray) -> float:
        seen.append(len(truth))
        return 0.99 if len(truth) == 60 else -1.0

    monkeypatch.setattr(own, "_threshold", chosen)
    rng = np.random.default_rng(4)
    y = ["yes"] * 20 + ["no"] * 40
    got = own.learn_label(rng.normal(size=(60, 5)), y, customers(60))
    assert got.threshold == 0.99 and sorted(seen) == [48] * 5 + [60]
    assert got.figure.value == pytest.approx(2 * 20 / (60 + 20) / 2, abs=1e-4), "every row held out is answered yes"


def test_a_value_of_few_customers_stops_no_label() -> None:
    """Where all rows of a value but one are of one customer, some folds know one value only; the label is learnt, and its figure says that it is weak."""
    who = ["a"] * 30 + ["b"] + [f"c{i}" for i in range(60)]
    rng = np.random.default_rng(5)
    got = own.learn_label(rng.normal(size=(91, 5)), ["yes"] * 31 + ["no"] * 60, who)
    assert got.classes == ("no", "yes") and not got.trusted


def test_a_customer_is_never_on_both_sides() -> None:
    """Rows of one customer are held out together."""
    who = [f"c{i // 4}" for i in range(80)]
    target = np.array([i % 2 for i in range(80)])
    for kept, out in own.folds(target, who):
        assert not {who[i] for i in kept} & {who[i] for i in out}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and a CSV of 120 verbatims, corrected and given a label of the user's own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "voc.yaml").write_text(SETTINGS, encoding="utf-8")
    records = read_labelled([ROOT / "data_samples" / "development" / "written.jsonl"])
    money = [r for r in records if r.stage == "pay"][:20]
    others = [r for r in records if r.stage != "pay" and r.channel != "chat"][:100]
    lines = ["text,channel,question,about_money,not_valued,comment"]
    for record in [*money, *others]:
        cells = (record.text, record.channel, str(record.raw.get("question", "")), "oui" if record in money else "non", "no", "seen by Ada")
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_label_of_ones_own_is_answered_by_the_new_model(labelled: Path) -> None:
    """The command says the figure held out in turn, writes a model beside the settings, and that model answers the label in `voc annotate`."""
    ended = voc("train", labelled / "voc.yaml", "--labels", labelled / "labels.csv")
    assert ended.code == 0, ended.err
    assert (
        "about_money (new)" in ended.out
        and "model: " in ended.out
        and "draw another by `voc audit`" in ended.out
        and "Traceback" not in ended.err
        and "Warning" not in ended.err
    )
    assert "left aside: not_valued: all rows say the same" in ended.out
    folder = labelled / "models" / "essai"
    assert "held out in turn" in (folder / "README.md").read_text(encoding="utf-8")
    rows = labelled / "rows.csv"
    rows.write_text('id,text\n1,"On m\'a prélevé deux fois la facture de mars"\n2,"Le vendeur était charmant"\n', encoding="utf-8")
    assert voc("annotate", rows, labelled / "out.jsonl", "--model", folder).code == 0
    answers = [json.loads(line) for line in (labelled / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [answer["labels"]["about_money"] for answer in answers] == ["yes", "no"]


def test_the_other_answers_stay_what_they_were(labelled: Path) -> None:
    """A label added moves no other head: every other answer is that of the model it began with."""
    outcome = adapt(load_config(labelled / "voc.yaml"), labelled / "labels.csv", labelled / "models" / "again")
    records = prepared(read_labelled([ROOT / "data_samples" / "evaluation" / "written.jsonl"])[:12])
    before, after = load_annotator("voc-mini").annotate(records), load_annotator(outcome.folder).annotate(records)
    for (one, x), (other, y) in zip(before, after, strict=True):
        assert one.p_sentiment == other.p_sentiment and one.p_not_valued == other.p_not_valued and np.array_equal(x, y)
        assert one.labels == {} and set(other.labels) == {"about_money"}


def test_corrections_reach_the_answers(tmp_path: Path) -> None:
    """Rows that all read a stage in another way than the shipped head make the new model answer their way."""
    records = [r for r in read_labelled([ROOT / "data_samples" / "training" / "written.jsonl"]) if r.stage in ("pay", "use")][:120]
    (tmp_path / "voc.yaml").write_text(SETTINGS, encoding="utf-8")
    stages = {"pay": "loyalty", "use": "discover"}
    table = [{"text": record.text, "stage": stages[record.stage]} for record in records]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table), encoding="utf-8")
    outcome = adapt(load_config(tmp_path / "voc.yaml"), tmp_path / "labels.jsonl")
    head = outcome.heads["stage"]
    assert head.moved and head.after.low > head.before.high
    answers = load_annotator(outcome.folder).annotate(prepared(records))
    right = np.mean([annotation.stage.value == row["stage"] for (annotation, _), row in zip(answers, table, strict=True)])
    assert right >= head.after.value - 0.02


def test_rows_may_name_verbatims_of_the_store(demo: Demo, tmp_path: Path) -> None:
    """A spreadsheet of verbatim ids is enough: texts come from the store, and an id it lacks is named."""
    config = load_config(demo.config)
    with open_store(config.store_url) as store:
        verbatims = list(store.verbatims())
    told = [v for v in verbatims if "esim" in v.text.lower()][:30]
    others = [v for v in verbatims if "esim" not in v.text.lower()][:60]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Verbatim id", "eSIM"])
    for verbatim in [*told, *others]:
        sheet.append([verbatim.id, "yes" if verbatim in told else "no"])
    book.save(tmp_path / "labels.xlsx")
    outcome = adapt(config, tmp_path / "labels.xlsx", tmp_path / "model")
    assert outcome.rows == len(told) + len(others) and outcome.labels["esim"].figure.value > 0.8
    sheet.append(["0" * 32, "yes"])
    book.save(tmp_path / "labels.xlsx")
    with pytest.raises(TrainingError, match="not in the store"):
        adapt(config, tmp_path / "labels.xlsx", tmp_path / "model")


def test_a_text_teaches_once_and_not_at_all_where_it_is_torn(labelled: Path, tmp_path: Path) -> None:
    """The same text again with the same value counts once; a text given two values is left aside; both are told, and the figures are those without."""
    with (labelled / "labels.csv").open(encoding="utf-8", newline="") as file:
        head, first, *others = csv.reader(file)
    assert first[3] == "oui"
    (tmp_path / "voc.yaml").write_text(SETTINGS, encoding="utf-8")
    for name, rows in (("plain", others), ("again", [first, *others, [*first[:3], "non", *first[4:]], *others[:10]])):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
    config = load_config(tmp_path / "voc.yaml")
    plain, again = (adapt(config, tmp_path / f"{name}.csv", tmp_path / name) for name in ("plain", "again"))
    assert again.labels["about_money"].figure == plain.labels["about_money"].figure and plain.labels["about_money"].figure.n == 119
    assert again.aside["about_money: 2 rows"] == "one text is given different values" and "counted once" in again.aside["about_money: 10 rows"]
    assert not any("rows" in name for name in plain.aside)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("text,stage\n", "no row with anything in it"),
        ("text,stage\nbonjour,delivrey\n", "Did you mean 'deliver'"),
        ("text,not_valued\nbonjour,peut-être\n", "neither yes nor no"),
        ("words,stage\nbonjour,buy\n", "verbatim_id"),
        ("text,mine\nbonjour,yes\nsalut,no\n", "8 rows or more"),
        ("text,why\n" + "".join(f"bonjour {i},raison {i}\n" for i in range(30)), "too many for a label"),
    ],
)
def test_what_cannot_teach_is_said(content: str, told: str, tmp_path: Path) -> None:
    """A wrong cell, a file without texts, too few rows or free text for a label: one clear error, and no folder is written."""
    (tmp_path / "voc.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "labels.csv").write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError, match=told):
        adapt(load_config(tmp_path / "voc.yaml"), tmp_path / "labels.csv")
    assert not (tmp_path / "models").exists()
