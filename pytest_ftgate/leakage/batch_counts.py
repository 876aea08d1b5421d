"""(codes of each golden, how many of them a row must hold) -> which rows of a batch hold so many of any golden's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.rolling_hash import Hashes, Places

_SLOTS_PER_CODE = 8
_SLACK = 1e-6
_COUNTERS = 1 << 20
"""One for each row and golden, so many at a time: bounds the memory."""


class Counting:
    """Postings of the goldens' codes in a table of slots; two codes in one slot only add to the counts.

    least: for each golden how many places of a row must hold one of its codes; above 0, inf for a golden to leave out.
    """

    def __init__(self, codes: Sequence[Hashes], least: npt.NDArray[np.float64]) -> None:
        self._least = np.ceil(np.minimum(least, 2**62) - _SLACK).astype(np.int64)
        sizes = [len(own) for own in codes]
        bits = min(22, max(12, (_SLOTS_PER_CODE * sum(sizes)).bit_length()))
        self._shift = np.uint64(64 - bits)
        slots = self._slots(np.concatenate([*codes, np.zeros(0, np.uint64)]))
        held = np.bincount(slots, minlength=1 << bits)
        self._any = held > 0
        self._starts = np.zeros(len(held) + 1, np.int32)
        np.cumsum(held, out=self._starts[1:])
        self._owners = np.repeat(np.arange(len(codes), dtype=np.int32), sizes)[np.argsort(slots, kind="stable")]

    def passing(self, codes: Hashes, begins: Places | None, ends: Places) -> npt.NDArray[np.bool_]:
        """For each row whether it holds enough codes of any golden.

        codes: of the places of a batch; begins: where those places are, None: 0, 1, 2 ...; ends: of the rows.
        """
        slots = self._slots(codes)
        hits = np.flatnonzero(self._any[slots])
        rows = np.searchsorted(ends, hits if begins is None else begins[hits], side="right")
        together = max(1, _COUNTERS // max(1, len(self._least)))
        passed = np.zeros(len(ends), np.bool_)
        for first in range(0, len(ends), together):
            last = min(first + together, len(ends))
            begin, end = np.searchsorted(rows, (first, last))
            passed[first:last] = self._enough(slots[hits[begin:end]], rows[begin:end] - first, last - first)
        return passed

    def _enough(self, slots: Places, rows: Places, count: int) -> npt.NDArray[np.bool_]:
        """Of so many rows those that hold enough of any golden. slots: that any golden has; rows: theirs."""
        starts, lengths = self._starts[slots], self._starts[slots + 1] - self._starts[slots]
        last = np.cumsum(lengths, dtype=np.int32)
        total = int(last[-1]) if len(last) else 0
        postings = np.repeat(starts - last + lengths, lengths) + np.arange(total, dtype=np.int32)
        goldens = len(self._least)
        pairs = self._owners[postings] + np.repeat((rows * goldens).astype(np.int32), lengths)
        counts = np.bincount(pairs, minlength=count * goldens).reshape(count, goldens)
        enough: npt.NDArray[np.bool_] = np.any(counts >= self._least, axis=1)
        return enough

    def _slots(self, codes: Hashes) -> Places:
        return (codes >> self._shift).view(np.int64)
