"""Words of the goldens -> the bits that each tells: common words stand together by chance, rare ones do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf, log2

from pytest_ftgate.files.words import is_unspaced

BITS_LEAK, BITS_SUSPECT = 60, 30
"""How much the words that both have must tell: with 30 bits one in a thousand million places has them by chance."""
UNSEEN = 2000
"""Words that are counted besides the goldens' own, so that those of a small set do not all look common."""
_FIRST_UNSPACED = 0x0E00
"""Code points from Thai on: before it stand no scripts without spaces."""
_IDEOGRAPHS = ((0x3400, 0xA4D0), (0x17000, 0x18D80), (0x1B170, 0x1B300), (0x20000, 0x33480))
"""Han, Yi, Tangut, Nushu."""
_KANA = (0x3040, 0x3100)
IDEOGRAPH, KANA, LETTER = 7.5, 5.0, 3.0
"""Most bits of a character in a script without spaces: fewer than its frequency says, since neighbours foretell it.

LETTER: of Thai, Lao, Burmese, Khmer and all others, of whose words each has several.
"""
OTHER = 10.0
"""Most bits of a number or a word of another script among them."""


def bits_of_words(texts: Iterable[Sequence[str]], unseen: int = UNSEEN) -> Mapping[str, float]:
    """By word: the logarithm of how rare it is among the texts' words and so many others."""
    counts = Counter(word for words in texts for word in words)
    total = counts.total() + unseen
    return {word: min(log2(total / count), _most(word)) for word, count in counts.items()}


def most_bits(words: Sequence[str]) -> float:
    """What the words tell at most; no limit unless most are characters of scripts without spaces."""
    return sum(min(_most(word), OTHER) for word in words) if by_character(words) else inf


def by_character(words: Sequence[str]) -> bool:
    """Whether most of the words are characters of a script without spaces."""
    return sum(_most(word) < inf for word in words) > len(words) / 2


def _most(word: str) -> float:
    code = ord(word[0])
    if code < _FIRST_UNSPACED or not is_unspaced(word[0]):
        return inf
    if any(first <= code < end for first, end in _IDEOGRAPHS):
        return IDEOGRAPH
    return KANA if _KANA[0] <= code < _KANA[1] else LETTER
