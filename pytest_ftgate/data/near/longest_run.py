"""Two texts -> the longest run of words that stands in both, in time that does not explode where words repeat."""

from __future__ import annotations

from pytest_ftgate.data.near.normalized import Words


def longest_run(one: Words, other: Words) -> Words:
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
