"""(sequences of words of each golden, how many a row must hold) -> SequenceIndex: row -> where it holds that many.

Goldens of one benchmark share phrases: a row of it has some sequences of most of them. They are counted in bulk, and
only goldens of which enough are there are looked at one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.normalized import Words

MOST_PLACES = 64
"""Places of one sequence in a row that count, the first ones."""

_Numbers = npt.NDArray[np.int64]


class SequenceIndex:
    """Which sequences stand where in which goldens."""

    def __init__(self, sequences: Iterable[Collection[tuple[int, Words]]], least: Sequence[float]) -> None:
        """Of each golden its sequences with their places, and how many places of a row must hold one of them."""
        self._numbers: dict[Words, int] = {}
        numbers, known, places, owners = self._numbers, array("i"), array("i"), array("i")
        for golden, of_golden in enumerate(sequences):
            known.extend(numbers.setdefault(words, len(numbers)) for _, words in of_golden)
            places.extend(place for place, _ in of_golden)
            owners.extend([golden] * len(of_golden))
        by_golden = np.array(known, np.int32)
        order = np.argsort(by_golden, kind="stable")
        self._starts = np.searchsorted(by_golden[order], np.arange(len(numbers) + 1))
        self._owners, self._places = np.array(owners, np.int32)[order], np.array(places, np.int32)[order]
        self._least = np.array(least, np.float64)

    def __contains__(self, words: Words) -> bool:
        return words in self._numbers

    def shared(self, sequences: Iterable[Words]) -> Iterator[tuple[int, int, int]]:
        """(place in the row, number of a golden, place in it) of the goldens that stand there in sufficient part."""
        held = [each for each in enumerate(map(self._numbers.get, sequences)) if each[1] is not None]
        if not held:
            return
        at, own = _first_few(np.array(held, np.int64)).T
        starts, lengths = self._starts[own], self._starts[own + 1] - self._starts[own]
        postings = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        owners = self._owners[postings]
        enough = np.bincount(owners, minlength=len(self._least)) >= self._least
        if enough.any():
            kept = np.flatnonzero(enough[owners])
            found = np.repeat(at, lengths)[kept], owners[kept], self._places[postings[kept]]
            yield from zip(*(each.tolist() for each in found), strict=True)


def _first_few(held: _Numbers) -> _Numbers:
    """Of the (place, number of a sequence) of a row those that are not the same sequence again and again."""
    if len(held) <= MOST_PLACES:
        return held
    order = np.argsort(held[:, 1], kind="stable")
    numbers = held[order, 1]
    rank = np.arange(len(numbers)) - np.searchsorted(numbers, numbers)
    kept: _Numbers = held[np.sort(order[rank < MOST_PLACES])]
    return kept
