"""Words -> their sequences of one size; two sequences of words -> the longest run that both have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from pytest_ftgate.data.near.normalized import Words


def word_grams(words: Words, size: int) -> Iterator[Words]:
    """Every sequence of so many words, in order; none of fewer words."""
    return zip(*(words[start:] for start in range(size)), strict=False)


def longest_common(one: Words, other: Words) -> Words:
    """The longest run of words that stands in both."""
    match = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return one[match.a : match.a + match.size]
