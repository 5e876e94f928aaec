"""Tiny checkpoints of random weights, in the layout of a hub download: one of each family of encoders that a user may bring."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

WORDS = [
    "Trois semaines que j'attends le remboursement de ma facture, et toujours rien.",
    "Déçue : l'été dernier, le technicien n'est jamais passé, ça suffit !",
    "They passed me from desk to desk all afternoon, nobody called back.",
    "Le conseiller a été très poli et m'a rappelé aussitôt, merci.",
    "Une cliente fidèle depuis dix ans, traitée comme un numéro…",
    "My bill is wrong again and the shop does not care about the refund.",
] * 4
"""What the tokenizers learn their pieces from."""


@dataclass(frozen=True)
class Family:
    """How a family's checkpoints are made.

    Attributes:
        model_type: As `config.json` names it.
        tokenizer: "wordpiece", "bytes" (byte-level BPE) or "sentencepiece" (unigram, spaces as ▁).
        tokenizer_class: As `tokenizer_config.json` names it.
        specials: Beginning, end, padding, unknown, mask.
        config: What differs from a BERT of one layer.
        framed: Whether a text gets a beginning and an end.
        sentence: Whether it lies in the folders of sentence-transformers.
    """

    model_type: str
    tokenizer: str
    tokenizer_class: str
    specials: tuple[str, str, str, str, str]
    config: Mapping[str, Any]
    framed: bool = True
    sentence: bool = False


BERT = ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")
FAIRSEQ = ("<s>", "</s>", "<pad>", "<unk>", "<mask>")
SIZE = {"hidden_size": 36, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}
FAMILIES: dict[str, Family] = {
    "bert": Family("bert", "wordpiece", "BertTokenizer", BERT, SIZE),
    "bert-unframed-prime": Family(
        "bert",
        "wordpiece",
        "PreTrainedTokenizerFast",
        BERT,
        {**SIZE, "hidden_size": 37, "num_attention_heads": 1, "max_position_embeddings": 40},
        False,
    ),
    "distilbert": Family("distilbert", "wordpiece", "DistilBertTokenizer", BERT, {"dim": 36, "n_layers": 1, "n_heads": 2, "hidden_dim": 48}),
    "electra": Family("electra", "wordpiece", "ElectraTokenizer", BERT, {**SIZE, "embedding_size": 20}),
    "roberta": Family("roberta", "bytes", "RobertaTokenizer", FAIRSEQ, {**SIZE, "max_position_embeddings": 130, "type_vocab_size": 1}),
    "camembert": Family("camembert", "sentencepiece", "CamembertTokenizer", FAIRSEQ, {**SIZE, "max_position_embeddings": 514, "type_vocab_size": 1}),
    "xlm-roberta": Family(
        "xlm-roberta", "sentencepiece", "XLMRobertaTokenizer", FAIRSEQ, {**SIZE, "max_position_embeddings": 514, "type_vocab_size": 1}, sentence=True
    ),
    "mpnet": Family("mpnet", "wordpiece", "MPNetTokenizer", FAIRSEQ, {**SIZE, "max_position_embeddings": 514}, sentence=True),
    "deberta-v2": Family(
        "deberta-v2",
        "sentencepiece",
        "DebertaV2Tokenizer",
        BERT,
        {
            **SIZE,
            "relative_attention": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "position_buckets": 8,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "type_vocab_size": 0,
        },
    ),
}


def hub_checkpoint(name: str, folder: Path, seed: int = 0, **changes: Any) -> Path:
    """Write a checkpoint of a family.

    Args:
        name: One of `FAMILIES`.
        folder: Where.
        seed: Of its weights.
        changes: Settings of `config.json` that differ from the family's.
    """
    import torch
    from transformers import AutoConfig, AutoModel

    family = FAMILIES[name]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(family)
    tokenizer.save(str(folder / "tokenizer.json"))
    begin, end, pad, unknown, mask = family.specials
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": family.tokenizer_class,
                "model_max_length": 512,
                **{"bos_token": begin, "eos_token": end, "cls_token": begin, "sep_token": end},
                **{"pad_token": pad, "unk_token": unknown, "mask_token": mask},
            }
        ),
        encoding="utf-8",
    )
    torch.manual_seed(seed)
    settings = {"vocab_size": tokenizer.get_vocab_size(), "pad_token_id": tokenizer.token_to_id(pad), **family.config, **changes}
    model = AutoModel.from_config(AutoConfig.for_model(family.model_type, **settings))
    for parameter in model.parameters():  # as they are initialised, token vectors of a tiny model hardly differ
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    if family.sentence:
        (folder / "modules.json").write_text(
            json.dumps(
                [
                    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                ]
            ),
            encoding="utf-8",
        )
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(
            json.dumps({"word_embedding_dimension": 36, "pooling_mode_mean_tokens": True}), encoding="utf-8"
        )
    return folder


def _tokenizer(family: Family) -> Tokenizer:
    begin, end, _, unknown, _ = family.specials
    tokenizer = {"wordpiece": _wordpiece, "bytes": _bytes, "sentencepiece": _sentencepiece}[family.tokenizer](list(family.specials), unknown)
    if family.framed:
        frame = [(begin, tokenizer.token_to_id(begin)), (end, tokenizer.token_to_id(end))]
        if family.tokenizer == "bytes":
            tokenizer.post_processor = processors.RobertaProcessing(frame[1], frame[0], trim_offsets=True, add_prefix_space=False)
        else:
            tokenizer.post_processor = processors.TemplateProcessing(f"{begin} $A {end}", f"{begin} $A {end} $B {end}", frame)
    return tokenizer


def _wordpiece(specials: Sequence[str], unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(WORDS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=_padded_first(specials), show_progress=False))
    return tokenizer


def _bytes(specials: Sequence[str], unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=_fairseq(specials), initial_alphabet=letters, show_progress=False)
    tokenizer.train_from_iterator(WORDS, trainer)
    return tokenizer


def _sentencepiece(specials: Sequence[str], unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    order = _fairseq(specials) if "<s>" in specials else _padded_first(specials)
    trainer = trainers.UnigramTrainer(vocab_size=260, special_tokens=order, unk_token=unknown, show_progress=False)
    tokenizer.train_from_iterator(WORDS, trainer)
    return tokenizer


def _padded_first(specials: Sequence[str]) -> list[str]:
    begin, end, pad, unknown, mask = specials
    return [pad, unknown, begin, end, mask] if begin == "[CLS]" else _fairseq(specials)


def _fairseq(specials: Sequence[str]) -> list[str]:
    begin, end, pad, unknown, mask = specials
    return [begin, pad, end, unknown, mask]
