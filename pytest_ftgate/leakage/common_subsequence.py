"""Two sequences -> the length of their longest common subsequence, many places at once in the bits of an integer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence


def common_length(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many items of the one also stand in the other, in the same order.

    Time: len(other) operations on integers of len(one) bits (Hyyro 2004, "Bit-parallel LCS-length computation
    revisited"). A bit that is 0 is a place of `one` at which the length grows.
    """
    places: defaultdict[Hashable, int] = defaultdict(int)
    for place, item in enumerate(one):
        places[item] |= 1 << place
    every = (1 << len(one)) - 1
    rest = every
    for item in other:
        if matches := rest & places.get(item, 0):
            rest = (rest + matches | rest - matches) & every
    return len(one) - rest.bit_count()
