"""A French-English WordPiece vocabulary grafted on a pretrained English one.

A French word costs about two pieces in an English vocabulary: slower, and its meaning is spread over fragments. This room trains pieces
on French text, keeps the English pieces that the texts use, and gives every new piece a starting vector: the vectors of the English pieces
that translate it where parallel sentences tell (Dice coefficient), else the mean of the pieces it used to be cut into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def graft(body: Any, old: Any, pairs: tuple[Sequence[str], Sequence[str]], french: Iterable[str]) -> PreTrainedTokenizerFast:
    """Give an English WordPiece encoder a French-English vocabulary, in place.

    Args:
        body: A transformers encoder; its word embeddings are replaced.
        old: Its fast WordPiece tokenizer.
        pairs: French and English sides of parallel sentences.
        french: More French texts to learn pieces from.

    Returns:
        The tokenizer of the new vocabulary.
    """
    import torch
    from transformers import BertTokenizer

    pieces = learn_vocabulary(old, [*pairs[0], *french], pairs[1])
    new: PreTrainedTokenizerFast = BertTokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=True, strip_accents=True, model_max_length=512
    )
    vectors = graft_embeddings(old, body.get_input_embeddings().weight.detach().numpy(), new, *pairs)
    body.resize_token_embeddings(len(new))
    with torch.no_grad():
        body.get_input_embeddings().weight.copy_(torch.from_numpy(vectors))
    return new


def learn_vocabulary(
    old: PreTrainedTokenizerFast,
    french: Iterable[str],
    english: Iterable[str],
    *,
    extra: Sequence[str] = (),
    n_french: int = 18_000,
    size: int = 30_000,
) -> list[str]:
    """Pieces of the new vocabulary, special ones first.

    Args:
        old: The pretrained English WordPiece tokenizer (lower case, accents stripped).
        french: French texts to learn pieces from.
        english: English texts; their most frequent old pieces fill the room left.
        extra: Tokens to keep whole, such as typed placeholders.
        n_french: Pieces learned on the French texts.
        size: Pieces in all.

    Returns:
        ``size`` distinct pieces at most, in the order of their ids.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.trainers import WordPieceTrainer

    backend = old.backend_tokenizer
    learner = Tokenizer(WordPiece(unk_token="[UNK]"))
    learner.normalizer = backend.normalizer
    learner.pre_tokenizer = backend.pre_tokenizer
    trainer = WordPieceTrainer(vocab_size=n_french, special_tokens=list(SPECIALS), limit_alphabet=120, min_frequency=3, show_progress=False)
    learner.train_from_iterator(french, trainer)
    learned = [piece for piece, _ in sorted(learner.get_vocab().items(), key=lambda item: item[1])]
    counts: Counter[str] = Counter()
    for text in english:
        counts.update(old.tokenize(text))
    pieces = dict.fromkeys([*SPECIALS, *extra, *learned])
    singles = [piece for piece in old.get_vocab() if len(piece.removeprefix("##")) == 1 and piece.removeprefix("##").isascii()]
    pieces.update(dict.fromkeys(sorted(singles)))
    for piece, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if len(pieces) >= size:
            break
        pieces.setdefault(piece)
    return list(pieces)[:size]


def graft_embeddings(
    old: PreTrainedTokenizerFast,
    old_vectors: np.ndarray,
    new: PreTrainedTokenizerFast,
    french: Sequence[str],
    english: Sequence[str],
    *,
    min_dice: float = 0.12,
) -> np.ndarray:
    """Starting vectors of the new vocabulary.

    Args:
        old: Pretrained tokenizer.
        old_vectors: Its word embeddings. *Shape:* (n_old, dim).
        new: Tokenizer over the new vocabulary.
        french: French sides of parallel sentences.
        english: English sides, same length and order.
        min_dice: Association from which a translation is believed.

    Returns:
        Embeddings for the new vocabulary. *Shape:* (n_new, dim).
    """
    n_new, n_old = len(new), old_vectors.shape[0]
    rows = _presence(list(new(list(french), add_special_tokens=False)["input_ids"]), n_new)
    cols = _presence(list(old(list(english), add_special_tokens=False)["input_ids"]), n_old)
    joint = (rows.T @ cols).tocsr()
    f_new, f_old = np.asarray(rows.sum(0)).ravel(), np.asarray(cols.sum(0)).ravel()
    known = old.get_vocab()
    vectors = np.empty((n_new, old_vectors.shape[1]), dtype=np.float32)
    rng = np.random.default_rng(0)
    for piece, index in new.get_vocab().items():
        if piece in known:
            vectors[index] = old_vectors[known[piece]]
            continue
        start, end = joint.indptr[index], joint.indptr[index + 1]
        dice = 2.0 * joint.data[start:end] / (f_new[index] + f_old[joint.indices[start:end]])
        best = np.argsort(-dice)[:3]
        best = best[dice[best] >= min_dice]
        bare = piece.removeprefix("##")
        cut = old.convert_tokens_to_ids(old.tokenize(bare)) or [known["[UNK]"]]
        mean = old_vectors[cut].mean(0)
        if len(best) and f_new[index] >= 3:
            weights = dice[best] ** 2
            translated = (weights[:, None] * old_vectors[joint.indices[start:end][best]]).sum(0) / weights.sum()
            vectors[index] = 0.8 * translated + 0.2 * mean
        else:
            vectors[index] = mean
        vectors[index] += rng.normal(0, 1e-3, vectors.shape[1])
    return vectors


def _presence(rows: list[list[int]], width: int) -> sparse.csr_matrix:
    """One row a sentence, ones at the pieces it holds. *Shape:* (n, width)."""
    indptr, indices = [0], []
    for ids in rows:
        indices.extend(sorted(set(ids)))
        indptr.append(len(indices))
    return sparse.csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=(len(rows), width))
