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
        self._least = np.floor(_BOTH * self._sizes - outside - _SLACK).astype(np.int64)
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
        self._bits = Bitmaps([self._own(own) for own in self._codes], self._sizes)

    def candidates(self, texts: Sequence[str]) -> Collection[int]:
        """Places of the goldens to compare with, of any of the texts; all others are pieces of the last."""
        fit = [text for text in texts if self._fits(text)]
        if not fit:
            return ()
        codes = [distinct_codes(text) for text in fit]
        whole = fit[-1] is texts[-1]
        groups = [list(zip(fit, codes, strict=True))] if whole else [[each] for each in zip(fit, codes, strict=True)]
        return {int(self._order[place]) for group in groups for place in self._near(group)}

    def _near(self, texts: Sequence[tuple[str, Hashes]]) -> Iterator[int]:
        """Of texts with their codes, all pieces of the last: what is not in the last is in none."""
        owns = [self._own(codes) for _, codes in texts]
        above = self._hits(self._slots(texts[-1][1])) - self._least
        ranges = [self._range(len(own), len(text)) for own, (text, _) in zip(owns, texts, strict=True)]
        enough = np.zeros(len(above), np.bool_)
        for own, (begin, end) in zip(owns, ranges, strict=True):
            enough[begin:end] |= above[begin:end] >= int(_BOTH * len(own))
        places = np.flatnonzero(enough)
        if not len(places):
            return
        sizes, shared = self._sizes[places], self._bits.most_shared(places, owns[-1])
        for own, (begin, end), (_, codes) in zip(owns, ranges, texts, strict=True):
            wanted = _BOTH * (sizes + len(own)) - _SLACK
            near = np.flatnonzero((shared >= wanted) & (places >= begin) & (places < end))
            if len(near) and own is not owns[-1]:
                near = near[self._bits.most_shared(places[near], own) >= wanted[near]]
            yield from (place for place in places[near] if self._is_shared(place, codes, len(own)))

    def _range(self, least: int, letters: int) -> tuple[int, int]:
        """The goldens, by size, that a text may be near to. least: codes that it has at least besides templates."""
        bounds = SUSPECT * least - _SLACK, letters / _BOTH - least + _SLACK
        begin, end = np.searchsorted(self._sizes, bounds).tolist()
        return begin, end

    def _own(self, codes: Hashes) -> Hashes:
        """Without those that share a slot with a template's, in texts and goldens alike."""
        return codes[~self._template[self._slots(codes)]] if self._templated else codes

    def _is_shared(self, place: int, codes: Hashes, least: int) -> bool:
        """Whether as many of a golden's grams may be the text's as a near one's, by their codes."""
        own = self._codes[place]
        both = np.concatenate((own, codes))
        both.sort()
        shared = np.count_nonzero(both[1:] == both[:-1]) + self._sizes[place] - len(own)
        return bool(shared >= _BOTH * (self._sizes[place] + least) - _SLACK)

    def _fits(self, text: str) -> bool:
        """Not if the text has too few letters for any golden, or a beginning of it too many grams."""
        if len(text) < SUSPECT * self._sizes[0]:
            return False
        enough = int(1.5 * self._largest)
        return len(text) < enough or len(self._own(distinct_codes(text[:enough]))) <= self._largest

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
