"""(codes and sizes of goldens) -> Filter: text -> the few goldens that it may be near to; never without one that is.

J(A, B) >= t means |A & B| >= t / (1 + t) (|A| + |B|), and |B| between t |A| and |A| / t (Bayardo, Ma and Srikant 2007).
Of the rarest part P of a golden's A a row that is near then has at least that many, less the |A| - |P| that may lie
outside P (prefix filter: Chaudhuri, Ganti and Kaushik 2006); only P is indexed. Texts of one benchmark share much of
any P. So each text also has a bitmap, one bit set for each gram: a shared gram sets the same bit in both, so |A & B| is
at most the number of bits that are set in both and what |A| is above the bits of its own (Sandes, Teodoro and Melo
2020). Last the codes that two texts share are counted, as far as the bitmaps leave any pair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.rolling_hash import Hashes, distinct_codes

SUSPECT = 0.6
"""Least Jaccard's index of a pair that is near."""
SHARED, SHARED_OF = 20, 0.02
"""So many more of a golden's grams are indexed, the rarest, than may lie outside a near row, and this share of all."""
SLOTS_PER_GRAM = 8
BITS_PER_GRAM = 4
"""Bits of a bitmap for each gram of the mean golden, or up to twice as many."""
_BOTH = SUSPECT / (1 + SUSPECT)
_SLACK = 1e-3

_MIX = np.uint64(0xD6E8FEB86659FD93)
"""Codes are spread once more: their top bits are those of the slots."""
_NONE: Hashes = np.zeros(0, np.uint64)

_Counts = npt.NDArray[np.int64]


class Filter:
    """Which goldens a text may be near to; never leaves out one that is.

    Grams are counted by slots of a table: two grams in one slot only add to the hits, and only take from the row's
    size, and either lets more through. So do grams of one golden with one code: they make its indexed part smaller.
    """

    def __init__(self, codes: Sequence[Hashes], sizes: Sequence[int], templates: Hashes) -> None:
        """Of each golden the codes of its grams, sorted, and the number of its grams; the codes of the templates'."""
        self._order = np.argsort(np.array(sizes, np.int64), kind="stable")
        self._codes = [codes[place] for place in self._order]
        self._sizes = np.array(sizes, np.int64)[self._order]
        prefixes = rarest(self._codes, self._sizes)
        outside = self._sizes - [len(prefix) for prefix in prefixes]
        self._least = (_BOTH * self._sizes - outside - _SLACK).astype(np.float32)
        self._largest = float(self._sizes[-1]) / SUSPECT
        bits = max(10, (SLOTS_PER_GRAM * int(self._sizes.sum())).bit_length())
        self._shift = np.uint64(64 - min(bits, 22))
        self._template = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        self._templated = bool(len(templates))
        self._template[self._slots(templates)] = True
        slots = self._slots(np.concatenate(prefixes))
        self._starts, order = _inverted(slots, len(self._template))
        self._indexed = np.diff(self._starts) > 0
        self._postings = np.repeat(np.arange(len(codes), dtype=np.int32), [len(own) for own in prefixes])[order]
        self._bits = Bitmaps(self._codes, self._sizes)

    def candidates(self, texts: Sequence[str]) -> Collection[int]:
        """Places of the goldens to compare with, of any of the texts; all others are pieces of the last."""
        small = [text for text in texts if not self._too_large(text)]
        codes = [distinct_codes(text) for text in small]
        whole = self._hits(self._slots(codes[-1])) if small and small[-1] is texts[-1] else None
        found: set[int] = set()
        for text, own in zip(small, codes, strict=True):
            found.update(self._near(text, own, self._hits(self._slots(own)) if whole is None else whole))
        return found

    def _near(self, text: str, codes: Hashes, hits: _Counts) -> Iterator[int]:
        least = len(codes) - self._of_templates(self._slots(codes))
        begin, end = np.searchsorted(self._sizes, (SUSPECT * least - _SLACK, len(text) / _BOTH - least + _SLACK))
        found = begin + np.flatnonzero(hits[begin:end] >= self._least[begin:end] + np.float32(_BOTH * least))
        if len(found):
            shared = _BOTH * (self._sizes[found] + least) - _SLACK
            near = self._bits.most_shared(found, codes) >= shared
            few = zip(found[near], shared[near], strict=True)
            yield from (int(self._order[place]) for place, wanted in few if self._most_shared(place, codes) >= wanted)

    def _most_shared(self, place: int, codes: Hashes) -> int:
        """Of a golden's grams at most so many are the text's."""
        own = self._codes[place]
        both = np.concatenate((own, codes))
        both.sort()
        return int(np.count_nonzero(both[1:] == both[:-1]) + self._sizes[place] - len(own))

    def _too_large(self, text: str) -> bool:
        """Whether a beginning of the text has already more grams than anything near a golden."""
        enough = int(1.5 * self._largest)
        if len(text) < enough:
            return False
        slots = self._slots(distinct_codes(text[:enough]))
        return len(slots) - self._of_templates(slots) > self._largest

    def _of_templates(self, slots: _Counts) -> int:
        return int(np.count_nonzero(self._template[slots])) if self._templated else 0

    def _slots(self, hashes: Hashes) -> _Counts:
        return (hashes >> self._shift).view(np.int64)

    def _hits(self, slots: _Counts) -> _Counts:
        """For each golden the grams of its prefix that stand in the row, or more."""
        slots = slots[self._indexed[slots]]
        starts = self._starts[slots]
        lengths = self._starts[slots + 1] - starts
        ends = np.cumsum(lengths, dtype=np.int32)
        total = int(ends[-1]) if len(ends) else 0
        places = np.repeat(starts - ends + lengths, lengths) + np.arange(total, dtype=np.int32)
        return np.bincount(self._postings[places], minlength=len(self._sizes))


class Bitmaps:
    """One bit of each golden's bitmap for each of its codes; two codes may have the same."""

    def __init__(self, codes: Sequence[Hashes], sizes: _Counts) -> None:
        bits = max(6, (BITS_PER_GRAM * int(sizes.mean())).bit_length())
        self._shift = np.uint64(64 - bits)
        self._maps = np.stack([self._of(own) for own in codes])
        self._above = sizes - np.bitwise_count(self._maps).sum(axis=1, dtype=np.int64)

    def most_shared(self, places: _Counts, codes: Hashes) -> _Counts:
        """Of each of these goldens' grams at most so many are among those of a text with these codes."""
        both = np.bitwise_count(self._maps[places] & self._of(codes))
        most: _Counts = both.sum(axis=1, dtype=np.int64) + self._above[places]
        return most

    def _of(self, codes: Hashes) -> Hashes:
        marked = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        marked[(codes * _MIX) >> self._shift] = True
        return np.packbits(marked).view(np.uint64)


def rarest(codes: Sequence[Hashes], sizes: npt.ArrayLike) -> list[Hashes]:
    """Of each golden those codes that the fewest have: some dozens more than may lie outside a near row."""
    known, common = np.unique(np.concatenate([*codes, _NONE]), return_counts=True)
    counts = (int(size * (1 - SUSPECT + SHARED_OF)) + SHARED for size in np.asarray(sizes))
    orders = (np.argsort(common[np.searchsorted(known, own)], kind="stable") for own in codes)
    return [own[order[:count]] for own, order, count in zip(codes, orders, counts, strict=True)]


def _inverted(slots: _Counts, size: int) -> tuple[npt.NDArray[np.int32], _Counts]:
    """Where each slot's entries begin (one more than slots), and the order that puts entries of one slot together."""
    starts = np.zeros(size + 1, np.int32)
    np.cumsum(np.bincount(slots, minlength=size), out=starts[1:])
    return starts, np.argsort(slots, kind="stable")
