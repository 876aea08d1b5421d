"""Band hashes of texts -> the pairs that share a band, one band after the other, in time that grows with the texts.

Each band is sorted, so texts that share it are neighbours: a run. A run of up to 50 texts gives all its pairs. In a
longer one, which duplicates make, or texts that share half of what they say, each text is paired with the first and
with the next ten in the order of their other bands. Duplicates still become one group, as each is near to the first. A
pair of texts that are merely alike may be lost if all bands that it shares are in long runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.minhash import Bands

LONG = 50
"""Texts of a run beyond which not all of its pairs are candidates."""
NEXT = 10

Places = npt.NDArray[np.int64]
_Marks = npt.NDArray[np.bool_]


class Candidates(NamedTuple):
    """Pairs of places, the lesser one in ones. long: of runs that are too long for all of their pairs."""

    ones: Places
    others: Places
    long: bool


def candidates(bands: Bands) -> Iterator[Candidates]:
    """For each band the pairs of its short runs that no band before gave, then those of its long ones."""
    in_long = np.zeros(bands.shape, np.bool_)
    for band in range(bands.shape[1]):
        order, starts, lengths = _runs(bands[:, band])
        short, long = lengths <= LONG, lengths > LONG
        yield _fresh(_all_pairs(order, starts[short], lengths[short]), bands, band, in_long)
        for start, length in zip(starts[long].tolist(), lengths[long].tolist(), strict=True):
            members = order[start : start + length]
            in_long[members, band] = True
            yield _some_pairs(members, bands, band)


def _runs(column: npt.NDArray[np.uint64]) -> tuple[Places, Places, Places]:
    """(places in the order of a band, where each run of two texts or more begins, its length); 0 is no band."""
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(order)), np.bool_), ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.concatenate((starts, [len(order)])))
    several = (lengths > 1) & (ordered[starts] != 0)
    return order, starts[several], lengths[several]


def _all_pairs(order: Places, starts: Places, lengths: Places) -> Candidates:
    """Every pair of every run: those one place apart, then two, and so on."""
    ends = np.repeat(starts + lengths, lengths)
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.arange(len(ends)) - begins + np.repeat(starts, lengths)
    ones, others = [order[:0]], [order[:0]]
    for apart in range(1, int(lengths.max(initial=1))):
        there = places + apart < ends
        places, ends = places[there], ends[there]
        ones.append(order[places])
        others.append(order[places + apart])
    return _pairs(ones, others, long=False)


def _some_pairs(members: Places, bands: Bands, band: int) -> Candidates:
    """Each with the first, then each with the next ten in the order of the three bands after this one."""
    after = [bands[members, (band + more) % bands.shape[1]] for more in (3, 2, 1)]
    ordered = members[np.lexsort(after)]
    steps = range(1, NEXT + 1)
    ones = [np.full(len(members) - 1, members[0]), *(ordered[:-apart] for apart in steps)]
    return _pairs(ones, [members[1:], *(ordered[apart:] for apart in steps)], long=True)


def _pairs(ones: list[Places], others: list[Places], *, long: bool) -> Candidates:
    one, other = np.concatenate(ones), np.concatenate(others)
    return Candidates(np.minimum(one, other), np.maximum(one, other), long)


def _fresh(found: Candidates, bands: Bands, band: int, in_long: _Marks) -> Candidates:
    """Without the pairs that were together in a short run of a band before."""
    ones, others, long = found
    for before in range(band):
        met = (bands[ones, before] == bands[others, before]) & ~in_long[ones, before]
        ones, others = ones[~met], others[~met]
    return Candidates(ones, others, long)
