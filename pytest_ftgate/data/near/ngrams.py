"""Normalised words -> one text -> its character 5-grams."""

from __future__ import annotations

from collections.abc import Sequence

N = 5


def text_of_words(words: Sequence[str]) -> str:
    """The words, one space between them."""
    return " ".join(words)


def grams_of(text: str) -> frozenset[str]:
    """The distinct sequences of five characters; none for a text of fewer."""
    return frozenset(text[place : place + N] for place in range(len(text) - N + 1))
