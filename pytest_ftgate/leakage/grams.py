"""Normalised words -> their character 5-grams: as a set of texts, and as 64-bit hashes made all at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
"""One-dimensional."""

N = 5
_FACTOR = 0x9E3779B97F4A7C15  # odd; 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4)
_WEIGHTS = tuple(np.uint64(pow(_FACTOR, power, 2**64)) for power in range(1, N + 1))


def text_of_words(words: Sequence[str]) -> str:
    """The words, one space between them."""
    return " ".join(words)


def grams_of(text: str) -> frozenset[str]:
    """The distinct sequences of five characters; none for a text of fewer."""
    return frozenset(text[place : place + N] for place in range(len(text) - N + 1))


def hashes_of(text: str) -> Hashes:
    """The hashes of `grams_of(text)`. Equal grams have equal hashes; unequal ones collide about once in 2^64 pairs."""
    hashed = _rolled(_codes(text))
    hashed.sort()
    kept = np.ones(len(hashed), np.bool_)
    np.not_equal(hashed[1:], hashed[:-1], out=kept[1:])
    return hashed[kept]


def hashes_of_grams(grams: Collection[str]) -> Hashes:
    """The hash of each of some sequences of five characters, in no order."""
    hashed = _rolled(_codes("".join(grams)))
    return hashed[::N]


def _rolled(codes: Hashes) -> Hashes:
    """The hash of the gram at each place of a text."""
    places = max(0, len(codes) - N + 1)
    hashed = codes[:places] * _WEIGHTS[0]
    for step in range(1, N):
        hashed += codes[step : step + places] * _WEIGHTS[step]
    return hashed


def _codes(text: str) -> Hashes:
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8).astype(np.uint64)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
