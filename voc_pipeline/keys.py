"""What things are known by: keyed hashes for ids, customers and rows, which tell nothing without the key; folded words for texts said twice."""

from __future__ import annotations

import hmac
import os
import unicodedata
from hashlib import sha256

DEMO_KEY = "demo-key-public-change-me"
"""The key where `VOC_KEY` is not set: public, fit for the demo alone."""


def installation_key() -> bytes:
    """The key of this installation, from `VOC_KEY`."""
    return os.environ.get("VOC_KEY", DEMO_KEY).encode()


def keyed_hash(key: bytes, *parts: str) -> str:
    """HMAC-SHA256 of the parts, cut to 128 bits: the same parts give the same id, which tells nothing without the key.

    Args:
        key: Secret of the installation (`VOC_KEY`).
        parts: What identifies the thing; ("a", "bc") and ("ab", "c") differ.

    Returns:
        32 hexadecimal characters.
    """
    message = b"".join(len(part).to_bytes(8, "big") + part for part in (text.encode("utf-8", "surrogatepass") for text in parts))
    return hmac.digest(key, message, sha256).hex()[:32]


def fold(text: str) -> str:
    """The text without case or varying blanks: equal for texts that must never part.

    >>> fold(" Toujours  RIEN reçu") == fold("toujours rien reçu")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
