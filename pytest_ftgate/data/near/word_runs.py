"""Words -> their sequences of one size."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.near.normalized import Words


def word_grams(words: Words, size: int) -> Iterator[Words]:
    """Every sequence of so many words, in order; none of fewer words."""
    return zip(*(words[start:] for start in range(size)), strict=False)
