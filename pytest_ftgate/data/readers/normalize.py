"""Text -> the text without what two writers of the same row may do differently."""

from __future__ import annotations

import hashlib

from pytest_ftgate.files.folding import folded


def normal(text: str) -> str:
    """`folded`, white space made one. Punctuation stays: 4 + 5 is not 4 - 5."""
    return " ".join(folded(text).split())


def short_digest(*texts: str) -> bytes:
    """16 bytes that stand for the normal forms of the texts; two lists of texts share them once in 2^64."""
    hashed = hashlib.blake2b(digest_size=16)
    for text in texts:
        encoded = normal(text).encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "big") + encoded)
    return hashed.digest()
