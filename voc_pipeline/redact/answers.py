"""What the other side has just asked for, a name or a number, and the name that a bare answer gives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voc_pipeline.redact.contacts import Span
from voc_pipeline.redact.lexicon import NOT_NAMES, SURNAMES
from voc_pipeline.redact.reader import Reader

_ASKED_NAME = re.compile(
    r"\b(?:votre|vos|ton|quel|your|the|le|nom de)\b[^.!?\n]{0,60}?\b(?:noms?|prenoms?|names?|surname|identite|titulaire)\b"
    r"|\bqui (?:etes[- ]vous|ai-je)|\bwho am i"
)
ASKED_NUMBER = re.compile(
    r"\b(?:numeros?|n°|references?|identifiant|code client|number|account|order|dossier|contrat|phone|telephone|portable|carte|iban|tracking"
    r"|suivi|imei)\b[^.!\n]{0,120}\?|\b(?:indiquer|donner|communiquer|preciser|transmettre|confirmer|provide|give|confirm|share|tell|send|have)\b[^.!?\n]{0,60}"
    r"\b(?:numeros?|references?|identifiant|number|id|account|order)\b"
)
"""A question that asks for a number."""


def asks_name(folded: str) -> bool:
    """Whether what was said before asks who is there."""
    return _ASKED_NAME.search(folded) is not None


def find_answer_name(text: str, folded: str, lang: str) -> Iterator[Span]:
    """A short answer to "votre nom ?": every word of it that no dictionary knows, and every first name."""
    reader = Reader(text, folded, lang)
    if len(reader.words) > 8:
        return
    bare = len([w for w in reader.words if w.word not in NOT_NAMES]) <= 3
    for w in reader.words:
        if w.word in NOT_NAMES and not (w.title and w.word in SURNAMES):
            continue
        if (
            reader.first_name(w)
            or w.word in SURNAMES
            or (bare and len(w.word) >= 3 and (reader.unknown(w) or (w.title and not reader.shout and w.start > 0)))
        ):
            yield w.start, w.end, "NAME"
