"""Text -> the 64-bit codes of its character 5-grams; the exact Jaccard index of two texts from their codes."""

from __future__ import annotations

import numpy as np

from pytest_ftgate.data.near.ngrams import N
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.files import words

_FACTORS = np.random.default_rng(5).integers(1, 2**64, N, np.uint64) | np.uint64(1)


def spaced(text: str) -> str:
    """A space around each cluster of a script that is written without, one space between two words.

    So five characters of such a text are two or three of its own, which tell as much as five letters do.
    """
    return text if text.isascii() else " ".join(words.spaced(text).split())


def gram_codes(text: str) -> Hashes:
    """Sorted, each once. Two different 5-grams share a code once in 2^64 pairs: indices of these codes are exact."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    count = max(0, len(letters) - N + 1)
    codes: Hashes = letters[:count] * _FACTORS[0]
    for place in range(1, N):
        codes += letters[place : place + count] * _FACTORS[place]
    codes.sort()
    kept = np.ones(count, np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=kept[1:])
    return codes[kept]


def without(codes: Hashes, templates: Hashes) -> Hashes:
    """The codes that are not of the templates; all of them if nothing were left. Both are sorted."""
    if not len(templates) or not len(codes):
        return codes
    places = np.minimum(np.searchsorted(templates, codes), len(templates) - 1)
    own = codes[templates[places] != codes]
    return own if len(own) else codes


def jaccard_of_codes(one: Hashes, other: Hashes) -> float:
    """Shared codes of all, in [0, 1]; 0 if both are empty. Both are sorted, each code once."""
    short, long = sorted((one, other), key=len)
    if not len(short):
        return 0.0
    places = np.minimum(np.searchsorted(long, short), len(long) - 1)
    shared = int(np.count_nonzero(long[places] == short))
    return shared / (len(one) + len(other) - shared)
