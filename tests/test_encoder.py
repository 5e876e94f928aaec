"""The encoder's door: the same text has the same vector, whatever stands beside it; the cache changes nothing but the time."""

from pathlib import Path

import numpy as np
import pytest

from voc_pipeline.encoder import MAX_TOKENS, Encoder, Tokens, VectorCache, encode_all, folder_version, half, load_encoder
from voc_pipeline.errors import ModelError
from voc_pipeline.places import model_path

TEXTS = [
    "Nul !!",
    "Trois semaines que j'attends le remboursement de ma box, et toujours rien.",
    "They passed me from desk to desk all afternoon.",
    "g rappelé 2 fois personne rep",
]


class Counting:
    """An encoder that tells how often it was asked."""

    dim = 8
    version = "counting-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def tokens(self, text: str) -> Tokens:
        self.asked.append(text)
        rng = np.random.default_rng(len(text))
        return Tokens(rng.normal(size=(3, self.dim)).astype(np.float32), np.zeros((3, 2), np.int64))


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder("voc-mini")


def test_a_vector_depends_on_its_text_alone(shipped: Encoder) -> None:
    """Alone, among others, in any order, on any number of threads: bit for bit the same vector."""
    alone = [shipped.tokens(text).vector() for text in TEXTS]
    for threads in (1, 2, 4):
        shuffled = list(encode_all(shipped, TEXTS[::-1] * 3, threads))[::-1]
        assert all(np.array_equal(a, b.vector()) for a, b in zip(alone * 3, shuffled, strict=True))


def test_a_vector_survives_the_cache_to_the_bit(shipped: Encoder, tmp_path: Path) -> None:
    """What comes back from the cache is what was computed: float16 holds it exactly."""
    x = np.stack([shipped.tokens(text).vector() for text in TEXTS])
    assert np.array_equal(x, half(x))
    VectorCache(str(tmp_path), shipped.version, b"k").put(TEXTS, x)
    assert np.array_equal(VectorCache(str(tmp_path), shipped.version, b"k").get(TEXTS, shipped), x)


def test_french_and_english_of_one_thing_are_near(shipped: Encoder) -> None:
    """A complaint and its translation are nearer to each other than to another complaint."""
    fr, en, other = (
        shipped.tokens(t).vector() for t in ("Le remboursement n'arrive pas.", "The refund never comes.", "Le technicien n'est pas venu.")
    )
    assert fr @ en > fr @ other


def test_a_long_text_keeps_its_beginning_and_its_end(shipped: Encoder) -> None:
    """Beyond the limit the middle goes: the last words still have a token of their own."""
    text = " ".join(f"phrase{i % 7}" for i in range(2000)) + " au final je pars"
    tokens = shipped.tokens(text)
    assert len(tokens.hidden) == MAX_TOKENS
    ends = {text[start:end].lower() for start, end in tokens.offsets}
    assert {"pars", "final"} <= ends


def test_the_cache_computes_each_text_once(tmp_path: Path) -> None:
    """Equal texts are computed once, known ones never again, by any later cache of the same version."""
    encoder = Counting()
    VectorCache(str(tmp_path), "v1", b"k").get(["a b", "a b", "c"], encoder)
    VectorCache(str(tmp_path), "v1", b"k").get(["c", "a b"], encoder)
    assert sorted(encoder.asked) == ["a b", "c"]
    VectorCache(str(tmp_path), "v2", b"k").get(["c"], encoder)
    assert sorted(encoder.asked) == ["a b", "c", "c"]


def test_the_cache_names_no_text(tmp_path: Path) -> None:
    """Neither names nor contents of the cache's files hold a word that was put there."""
    VectorCache(str(tmp_path), "v1", b"k").get(["monsieur Lapérouse"], Counting())
    for file in tmp_path.rglob("*"):
        assert "rouse" not in file.name
        assert not file.is_file() or b"rouse" not in file.read_bytes()


def test_a_part_cut_short_is_made_again(tmp_path: Path) -> None:
    """A file that a crash left half written is passed over, and its vectors are computed again."""
    encoder = Counting()
    VectorCache(str(tmp_path), "v1", b"k").get(["a b"], encoder)
    (part,) = tmp_path.rglob("*.npz")
    part.write_bytes(part.read_bytes()[:40])
    VectorCache(str(tmp_path), "v1", b"k").get(["a b"], encoder)
    assert encoder.asked == ["a b", "a b"]


def test_the_version_follows_what_decides_answers(tmp_path: Path) -> None:
    """Another threshold or another weight is another version; the model card is not."""
    (tmp_path / "voc.json").write_text("{}")
    first = folder_version(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert folder_version(tmp_path) == first
    (tmp_path / "voc.json").write_text('{"thresholds": {}}')
    assert folder_version(tmp_path) != first


def test_an_unknown_model_is_refused_with_what_is_known() -> None:
    """A name that is neither a folder nor shipped is refused, and the shipped ones are told."""
    with pytest.raises(ModelError, match="voc-mini"):
        load_encoder("voc-minj")


def test_the_shipped_models_are_small_and_hold_no_code() -> None:
    """All models together stay under 90 MB, without a line of Python or a pickle."""
    files = [file for file in model_path("voc-mini").parent.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 90e6
    assert not [file for file in files if file.suffix in {".py", ".pkl", ".pickle", ".pt", ".joblib"}]
