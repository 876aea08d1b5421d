"""Text -> the text without what two writers of the same row may do differently."""

from __future__ import annotations

import hashlib
import unicodedata

from pytest_ftgate.files.folding import folded


def normal(text: str) -> str:
    """`folded`, white space made one. Punctuation stays: 4 + 5 is not 4 - 5."""
    return " ".join(folded(text).split())


def exact(text: str) -> str:
    """An answer as it is learnt: white space around it and how letters are composed do not count, all else does."""
    return unicodedata.normalize("NFC", text.strip())


def short_digest(*texts: str) -> bytes:
    """`exact_digest` of the normal forms of the texts."""
    return exact_digest(*map(normal, texts))


def exact_digest(*texts: str) -> bytes:
    """16 bytes that stand for the texts as they are; two lists of texts share them once in 2^64."""
    hashed = hashlib.blake2b(digest_size=16)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "big") + encoded)
    return hashed.digest()
