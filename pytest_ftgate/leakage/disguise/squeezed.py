"""Words -> their letters without spaces, so that words which were spaced or joined are the same again."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERS = re.compile(r"\b(\d+) (?=\d+\b)")
_LIKE_A_LETTER = str.maketrans("l103457", "iioeast")
_KEPT = "\n"


def squeezed(words: Sequence[str]) -> str:
    """The letters of the words, l as i, and digits as the letters that they look like.

    Two numbers stay apart ("1 + 23" is not "12 + 3"), unless most words are single characters.
    """
    text = " ".join(words)
    if 2 * sum(len(word) == 1 for word in words) <= len(words):
        text = _NUMBERS.sub(rf"\1{_KEPT}", text)
    return text.replace(" ", "").replace(_KEPT, " ").translate(_LIKE_A_LETTER)


def places_of_ends(words: Sequence[str], letters: str) -> list[int]:
    """Where each word ends in its letters."""
    ends, place = [], 0
    for word in words:
        place += len(word) + letters.startswith(" ", place)
        ends.append(place)
    return ends
