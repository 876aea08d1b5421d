"""Normalised texts -> a 64-bit code for the sequence that begins at each place, of many texts at once.

Equal sequences have equal codes, which is all that a filter needs; unequal ones may share a code.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.ngrams import N

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_SPACE = 32
_FACTOR = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_LETTERS = np.uint64((_FACTOR << (8 * (8 - N))) & _MASK)  # the bytes after the fifth leave the product at its top
_INVERSE = pow(_FACTOR, -1, 2**64)
_PAD = bytes(8)
_NOT_ASCII = np.uint32(0x9E3779B1)


def bytes_of(text: str) -> bytes:
    """One byte a character: of ASCII the character itself, of all others one of the 128 bytes that ASCII lacks."""
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        others = (codes * _NOT_ASCII) >> np.uint32(25) | np.uint32(128)
        return bytes(np.where(codes < 128, codes, others).astype(np.uint8))


def letter_codes(joined: bytes) -> Hashes:
    """The code of the five characters that begin at each place; 0 in its low bits alone tells nothing: take the top.

    Five bytes are read as the low bytes of an 8-byte number and multiplied by an odd number: one to one, and the top
    bits of the product depend on all of them.
    """
    padded = joined + _PAD
    windows = np.ndarray((max(0, len(joined) - N + 1),), "<u8", padded, 0, (1,))
    return windows * _LETTERS


def distinct_codes(text: str) -> Hashes:
    """The codes of all sequences of five characters, sorted, each once; of ASCII as many as there are sequences."""
    codes = letter_codes(bytes_of(text))
    codes.sort()
    kept = np.ones(len(codes), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=kept[1:])
    return codes[kept]


def codes_of_grams(grams: Collection[str]) -> Hashes:
    """The code of each of some sequences of five characters, in no order."""
    return letter_codes(bytes_of("".join(grams)))[::N]


def word_codes(joined: bytes, words: int = 5) -> tuple[Hashes, Places]:
    """The code of every run of so many words, by a rolling polynomial hash modulo 2^64; and where each run begins.

    One space stands between two words, as `text_of_words` puts it. The hash of a piece is the difference of two
    prefix sums, divided by the power of its first place (Karp and Rabin 1987).
    """
    letters = np.frombuffer(joined, np.uint8)
    sums, inverses = _sums(letters)
    gaps = np.flatnonzero(letters == _SPACE)
    begins = np.concatenate(([0], gaps + 1))[: len(gaps) + 2 - words if len(gaps) + 2 > words else 0]
    ends = np.concatenate((gaps, [len(letters)]))[words - 1 :][: len(begins)]
    return (sums[ends] - sums[begins]) * inverses[begins], begins


def run_codes(joined: bytes, length: int) -> Hashes:
    """The code of the so many characters that begin at each place, by the same rolling hash."""
    sums, inverses = _sums(np.frombuffer(joined, np.uint8))
    count = max(0, len(joined) - length + 1)
    return (sums[length:] - sums[:count]) * inverses[:count]


def _sums(letters: npt.NDArray[np.uint8]) -> tuple[Hashes, Hashes]:
    """The hash of each beginning, one more than letters, and the inverse of each place's power."""
    powers, inverses = _powers(1 << max(12, len(letters).bit_length()))
    sums = np.zeros(len(letters) + 1, np.uint64)
    np.cumsum((letters.astype(np.uint64) + np.uint64(1)) * powers[: len(letters)], out=sums[1:])
    return sums, inverses


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The first powers of the factor and of its inverse."""
    return _run(_FACTOR, count), _run(_INVERSE, count)


def _run(factor: int, count: int) -> Hashes:
    steps = np.full(count, factor, np.uint64)
    steps[0] = 1
    return np.cumprod(steps)


def joined(texts: Sequence[str]) -> tuple[bytes, Places]:
    """The texts with a space between them, and the place after the end of each: what begins before it is of it."""
    parts = [bytes_of(text) for text in texts]
    return b" ".join(parts), np.cumsum([len(part) + 1 for part in parts])
