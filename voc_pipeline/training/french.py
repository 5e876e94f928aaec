"""The French pipeline: UD treebanks in, `models/voc-fr` out, with its scores and card.

    python -m voc_pipeline.training.french TREEBANKS OUT [REVIEWS]

TREEBANKS is a folder of `fr_<treebank>-ud-<part>.conllu[.gz]` files (Sequoia, FQB, GSD, ParisStories, Rhapsodie of universaldependencies.org).
Every document is a run of consecutive sentences, seen once as it stands and once as people type: without final punctuation, in lower case, glued,
without accents, in capitals. The settings of the network are those of `configs/voc-fr.cfg`.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voc_pipeline.errors import TrainingError
from voc_pipeline.places import ROOT
from voc_pipeline.training.files import opened, rows_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

CONFIG = ROOT / "configs" / "voc-fr.cfg"
TRAIN_FILES = ("sequoia-ud-train", "fqb-ud-test", "gsd-ud-dev", "parisstories-ud-train", "parisstories-ud-dev", "rhapsodie-ud-train")
DEV_FILES = ("sequoia-ud-dev", "rhapsodie-ud-dev")
TEST_FILES = ("sequoia-ud-test", "gsd-ud-test", "parisstories-ud-test", "rhapsodie-ud-test")
DROPPED = frozenset((",", '"', "«", "»"))
HESITATIONS = frozenset(("euh", "hum", "s~"))
SILVER_BREAK = re.compile(r"(?<=[a-zà-ÿ)][.!?])\s*(?=[A-ZÀ-Ý][a-zà-ÿ'’ ])")
SILVER_SENTENCE = re.compile(r"[A-ZÀ-Ý][^.!?…:;]+[.!?]")
FINAL_MARKS = frozenset(".!?…;:")
N_TRAIN_REVIEW, N_TEST_REVIEW = 9000, 1500  # sentences
LETTER = r"[^\W\d_]"
MAX_BYTES = 12_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """A surface token; one that a treebank splits ("du" = "de" + "le") is whole again. What is None is not to be learnt from."""

    form: str
    lemma: str | None
    pos: str | None
    morph: str | None
    space: bool


Sentence = list[Token]


def read_treebank(path: Path) -> list[Sentence]:
    """The sentences of a CoNLL-U file, plain or gzipped, in order."""
    found: list[Sentence] = []
    sentence: Sentence = []
    whole: tuple[str, int, bool] | None = None
    parts: list[Token] = []
    with opened(path, "a treebank in CoNLL-U", "Check the path and the file") as lines:
        for line in [*lines, "\n"]:
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != 10:
                if not line.strip() and sentence:
                    found.append(sentence)
                    sentence = []
                continue
            number, form, lemma, pos, _, feats, _, _, _, misc = fields
            space = "SpaceAfter=No" not in misc
            if "-" in number:
                whole = (form, int(number.split("-")[1]), space)
                parts = []
            elif "." not in number:
                token = Token(form, None if lemma == "_" and form != "_" else lemma, pos, "" if feats == "_" else feats, space)
                if whole is None:
                    sentence.append(token)
                    continue
                parts.append(token)
                if int(number) == whole[1]:
                    head = parts[-1] if parts[-1].pos == "PRON" else parts[0]
                    sentence.append(replace(head, form=whole[0], space=whole[2]))
                    whole = None
    return found


def read_treebanks(folder: Path, names: Sequence[str]) -> dict[str, list[Sentence]]:
    """The named files of a folder.

    Raises:
        TrainingError: one of them is not there.
    """
    read: dict[str, list[Sentence]] = {}
    for name in names:
        paths = [path for path in (folder / f"fr_{name}.conllu", folder / f"fr_{name}.conllu.gz") if path.is_file()]
        if not paths:
            raise TrainingError(str(folder), f"no fr_{name}.conllu[.gz]", "the French UD treebanks", "Download them from universaldependencies.org.")
        read[name] = read_treebank(paths[0])
    return read


def documents(sentences: Sequence[Sentence], rng: random.Random, longest: int = 6) -> Iterator[list[Sentence]]:
    """Runs of 1 to `longest` consecutive sentences."""
    start = 0
    while start < len(sentences):
        size = rng.randint(1, longest)
        yield list(sentences[start : start + size])
        start += size


def strip_accents(word: str) -> str:
    """The word without its accents.

    >>> strip_accents("problème")
    'probleme'
    """
    return "".join(mark for mark in unicodedata.normalize("NFD", word) if not unicodedata.combining(mark))


def messy(document: Sequence[Sentence], rng: random.Random) -> list[Sentence]:
    """The document as customers type: a draw of dropped marks, lower case, glued stops, missing accents, capitals. Sentences stay what they are."""
    bare = rng.random() < 0.75  # final marks mostly dropped
    no_commas = rng.random() < 0.4
    lower = rng.random() < 0.7
    no_accents = rng.random() < 0.25
    no_apostrophes = lower and rng.random() < 0.2
    capitals = not lower and rng.random() < 0.15
    typed: list[Sentence] = []
    for sentence in document:
        kept = list(sentence)
        while len(kept) > 1 and kept[-1].form in FINAL_MARKS and bare and rng.random() < 0.9:
            kept.pop()
        if no_commas:
            kept = _without(kept, DROPPED)
        if bare:
            kept = _without(kept, HESITATIONS)
        if lower:
            kept = [replace(token, form=token.form.lower()) if rng.random() < 0.95 or token is kept[0] else token for token in kept]
        elif capitals:
            kept = [replace(token, form=token.form.upper()) for token in kept]
        elif rng.random() < 0.3:
            kept[0] = replace(kept[0], form=kept[0].form[:1].lower() + kept[0].form[1:])
        if no_apostrophes:
            kept = _joined(kept)
        if no_accents:
            kept = [replace(token, form=strip_accents(token.form), lemma=token.lemma if token.form.isascii() else None) for token in kept]
        if kept[-1].form in FINAL_MARKS and rng.random() < 0.2:
            kept[-1] = replace(kept[-1], form=rng.choice(("...", "..", "!!", "!", "?!", "…")))
        kept[-1] = replace(kept[-1], space=True)
        typed.append(kept)
    return typed


def _without(sentence: Sentence, forms: frozenset[str]) -> Sentence:
    """The sentence without some tokens, the blanks behind them kept."""
    kept: Sentence = []
    for token in sentence:
        if token.form not in forms:
            kept.append(token)
        elif kept and token.space:
            kept[-1] = replace(kept[-1], space=True)
    return kept or sentence


def _joined(sentence: Sentence) -> Sentence:
    """The sentence typed without apostrophes: "j'" + "ai" become "jai", which has no lemma to learn."""
    kept: Sentence = []
    for token in sentence:
        if kept and not kept[-1].space and kept[-1].form[-1:] in "'’" and len(kept[-1].form) > 1:
            kept[-1] = replace(token, form=kept[-1].form[:-1] + token.form, lemma=None)
        else:
            kept.append(token)
    return kept


def read_reviews(path: Path, n_sentences: int) -> list[list[Sentence]]:
    """Well-typed documents of a CSV with a `text` column, for boundaries alone: each sentence starts with a capital and ends in a mark.

    A silver standard: its marks say where sentences end, and `messy` then takes them away. No token has a part of speech or a lemma.
    """
    import spacy

    tokenizer = spacy.blank("fr").tokenizer
    found: list[list[Sentence]] = []
    total = 0
    for row in rows_of(path, ("text",)):
        run: list[Sentence] = []
        for part in [*SILVER_BREAK.split(" ".join(row["text"].split())), ""]:
            if SILVER_SENTENCE.fullmatch(part) and 3 <= len(part.split()) <= 40 and len(run) < 9:
                sentence = [Token(token.text, None, None, None, bool(token.whitespace_)) for token in tokenizer(part)]
                run.append([*sentence[:-1], replace(sentence[-1], space=True)])
                continue
            if len(run) > 1:
                found.append(run)
                total += len(run)
            run = []
        if total >= n_sentences:
            break
    return found


def doc_of(vocab: Vocab, document: Sequence[Sentence]) -> Doc:
    """The document as a spaCy Doc with its gold answers."""
    from spacy.tokens import Doc

    tokens = [token for sentence in document for token in sentence]
    tagged = tokens[0].pos is not None  # an empty morph would be an answer to learn, so a document without answers gets none
    return Doc(
        vocab,
        words=[token.form for token in tokens],
        spaces=[token.space for token in tokens],
        pos=["X" if token.pos == "_" else token.pos or "" for token in tokens] if tagged else None,
        morphs=[token.morph or "" for token in tokens] if tagged else None,
        lemmas=[token.lemma or "" for token in tokens] if tagged else None,
        sent_starts=[at == 0 for sentence in document for at in range(len(sentence))],
    )


def docs_of(vocab: Vocab, banks: dict[str, list[Sentence]], seed: int) -> list[Doc]:
    """Documents of all banks, once as they stand and once as people type."""
    rng = random.Random(seed)
    docs: list[Doc] = []
    for sentences in banks.values():
        docs.extend(doc_of(vocab, document) for document in documents(sentences, rng))
        docs.extend(doc_of(vocab, messy(document, rng)) for document in documents(sentences, rng, longest=9))
    rng.shuffle(docs)
    return docs


def train(treebanks: Path, out: Path, *, reviews: Path | None = None, config: Path = CONFIG) -> dict[str, Any]:
    """Trains the pipeline and writes it to `out` with `metrics.json`.

    Args:
        treebanks: Folder of the treebanks.
        out: Folder to write, replaced if it exists.
        reviews: CSV of well-typed French texts in a `text` column; their boundaries are learnt with their marks taken away.
        config: spaCy training config.

    Returns:
        The scores on the test files, which no choice was made on.

    Raises:
        TrainingError: a treebank is missing, or the pipeline came out larger than 12 MB.
    """
    import spacy
    from spacy.tokens import DocBin
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as train_loop
    from spacy.util import load_config

    blank = spacy.blank("fr")
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        silver = read_reviews(reviews, N_TRAIN_REVIEW + N_TEST_REVIEW) if reviews else []
        n_test = next((at for at in range(len(silver)) if sum(map(len, silver[:at])) >= N_TEST_REVIEW), 0)
        rng = random.Random(17)
        for part, names, runs in (("train", TRAIN_FILES, silver[n_test:]), ("dev", DEV_FILES, [])):
            docs = docs_of(blank.vocab, read_treebanks(treebanks, names), 13)
            docs.extend(doc_of(blank.vocab, messy(run, rng)) for run in runs)
            paths[part] = Path(folder) / f"{part}.spacy"
            DocBin(docs=docs, store_user_data=False).to_disk(paths[part])
        settings = load_config(config, overrides={f"paths.{part}": str(path) for part, path in paths.items()}, interpolate=False)
        nlp = init_nlp(settings)
        (Path(folder) / "out").mkdir()
        train_loop(nlp, Path(folder) / "out", stdout=sys.stdout, stderr=sys.stderr)
        nlp = spacy.load(Path(folder) / "out" / "model-best")
    nlp.config["paths"] = dict.fromkeys((*nlp.config["paths"], "vectors", "init_tok2vec"))  # spaCy's own settings refer to the last two
    nlp.meta.update(
        name="voc", version="0.1.0", description="Compact French: parts of speech, morphology, lemmas, sentence boundaries.", license="CC BY-SA 4.0"
    )
    metrics = evaluate(
        nlp,
        {name: list(documents(bank, random.Random(29))) for name, bank in read_treebanks(treebanks, TEST_FILES).items()}
        | ({"reviews": silver[:n_test]} if silver else {}),
    )
    nlp.meta["performance"] = {}
    lighten(nlp.tokenizer)
    _write(nlp, out, metrics)
    return metrics


def evaluate(nlp: Language, tests: dict[str, list[list[Sentence]]]) -> dict[str, Any]:
    """Scores per test set of documents, as it stands (`clean`) and as people type (`messy`); shares in [0, 1]."""
    from spacy.training import Example

    scores: dict[str, Any] = {}
    for name, runs in tests.items():
        for kind in ("clean", "messy"):
            rng = random.Random(29)
            golds = [doc_of(nlp.vocab, messy(run, rng) if kind == "messy" else run) for run in runs]
            result = nlp.evaluate([Example(nlp.make_doc(gold.text), gold) for gold in golds])
            kept = {
                key: round(float(result[key]), 4)
                for key in ("token_acc", "pos_acc", "morph_acc", "lemma_acc", "sents_p", "sents_r", "sents_f")
                if result.get(key) is not None
            }
            scores[f"{name}/{kind}"] = {"n_sentences": sum(len(run) for run in runs), **kept}
    return scores


def lighten(tokenizer: Tokenizer) -> None:
    """Writes "any letter" in the pattern of words kept whole ("grand-mère") for the thousands of letters spaCy lists: 1.4 MB, and seconds to compile.

    The same tokens on 28,130 real texts.

    Raises:
        TrainingError: The pattern lists no letters, so that nothing would become lighter.
    """
    from spacy.lang.char_classes import ALPHA, ALPHA_LOWER, ALPHA_UPPER

    def lighter(found: re.Match[str]) -> str:
        others = found[1]
        for letters in (ALPHA, ALPHA_LOWER, ALPHA_UPPER):
            others = others.replace(letters, "")
        if others == found[1]:
            return found[0]
        return rf"(?:{LETTER}|[{others}])" if others else LETTER

    known: re.Pattern[str] = tokenizer.token_match.__self__
    pattern = re.sub(r"\[([^\]]+)\]", lighter, known.pattern)
    if pattern == known.pattern:
        raise TrainingError(
            "the tokenizer's pattern", "no list of letters in it", "spaCy's lists of letters", "See what this release of spaCy changed"
        )
    tokenizer.token_match = re.compile(pattern, known.flags).match


def _write(nlp: Language, out: Path, metrics: dict[str, Any]) -> None:
    """The pipeline's folder, without what only training needs."""
    card = out / "README.md"
    kept = card.read_text(encoding="utf-8") if card.is_file() else None
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    nlp.to_disk(out)
    if kept is not None:
        card.write_text(kept, encoding="utf-8")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > MAX_BYTES:
        raise TrainingError(str(out), f"{size} bytes", f"{MAX_BYTES} at most", "Lower the rows of the embedding in configs/voc-fr.cfg.")
    (out / "metrics.json").write_text(json.dumps({"bytes": size, "test": metrics}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit("python -m voc_pipeline.training.french TREEBANKS OUT [REVIEWS]")
    given = [Path(word) for word in sys.argv[1:]]
    print(json.dumps(train(given[0], given[1], reviews=given[2] if len(given) == 3 else None), indent=1))
