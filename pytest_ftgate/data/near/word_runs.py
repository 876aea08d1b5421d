"""Words -> their sequences of one size."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.near.normalized import Words


def word_grams(words: Words, size: int) -> Iterator[Words]:
    """Every sequence of so many words, in order; none of fewer words."""
    return zip(*(words[start:] for start in range(size)), strict=False)


def longest_common(one: Words, other: Words) -> Words:
    """The first in `one` of the longest; empty if they share no word. A run's length is searched by halves."""
    least, most = 0, min(len(one), len(other))
    found: Words = ()
    while least < most:
        size = (least + most + 1) // 2
        runs = {other[place : place + size] for place in range(len(other) - size + 1)}
        tried = (one[place : place + size] for place in range(len(one) - size + 1))
        if run := next((run for run in tried if run in runs), ()):
            least, found = size, run
        else:
            most = size - 1
    return found
