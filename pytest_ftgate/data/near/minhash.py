"""Texts -> 24 band hashes of each: texts that share one are candidates to be near (MinHash with LSH, Broder 1997).

A signature is the least of 168 permutations of a text's codes; a band is a hash of seven of them. Of two texts with
Jaccard's index J the share 1 - (1 - J^7)^24 has a band in common: .9965 at .8, .87 at .7, .17 at .5, .0001 at .2. What
shares a band is compared exactly, so a sketch costs recall, never precision.

datasketch makes the same signatures from a Python call for each 5-gram and keeps the bands in dictionaries of Python
objects; ours are arrays of numpy. `make bench-near` measures both, see bench/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.rolling_hash import Hashes

BANDS, ROWS = 24, 7
Bands = npt.NDArray[np.uint64]
"""A line for each text, a column for each band."""

_draw = np.random.default_rng(1)
_FACTORS = _draw.integers(0, 2**32, BANDS * ROWS, np.uint32) | np.uint32(1)
_OFFSETS = _draw.integers(0, 2**32, BANDS * ROWS, np.uint32)
_MIX = _draw.integers(0, 2**64, ROWS, np.uint64) | np.uint64(1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def bands_of(texts: Sequence[Hashes]) -> Bands:
    """The bands of texts, given their codes; of a text without any they are all 0, and it is near to nothing."""
    least = np.zeros((len(texts), BANDS * ROWS), np.uint32)
    for number, codes in enumerate(texts):
        if len(codes):
            least[number] = _signature(codes)
    rows = least.reshape(len(texts), BANDS, ROWS).astype(np.uint64)
    bands: Bands = (rows * _MIX).sum(axis=2, dtype=np.uint64) * _SPREAD
    bands[[not len(codes) for codes in texts]] = 0
    return bands


def _signature(codes: Hashes) -> npt.NDArray[np.uint32]:
    """For each permutation x -> a x + b modulo 2^32, a odd, its least value over the codes."""
    mixed = codes ^ (codes >> _HALF)
    mixed *= _SPREAD
    hashes = (mixed >> _HALF).astype(np.uint32)
    least: npt.NDArray[np.uint32] = (np.multiply.outer(_FACTORS, hashes) + _OFFSETS[:, None]).min(axis=1)
    return least
