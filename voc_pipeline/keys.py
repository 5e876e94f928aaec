"""Keyed hashes: what stands for an id, a customer or a row, and tells nothing without the key."""

from __future__ import annotations

import hmac
import os
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
