"""Words of the goldens -> the bits that each tells: common words stand together by chance, rare ones do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf, log2

BITS_LEAK, BITS_SUSPECT = 60, 30
"""How much the words that both have must tell: with 30 bits one in a thousand million places has them by chance."""
UNSEEN = 2000
"""Words that are counted besides the goldens' own, so that those of a small set do not all look common."""
FROM_SPACELESS = 0x0E00
"""Code points from Thai on: here stand the scripts without spaces."""
_IDEOGRAPHS = ((0x3400, 0xA000), (0x20000, 0x32000))
_KANA = (0x3040, 0x3100)
_ALPHABETS = ((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800))
"""Thai and Lao, Burmese, Khmer: a word has several letters."""
IDEOGRAPH, KANA, LETTER = 7.5, 5.0, 3.0
"""Most bits of a character in a script without spaces: fewer than its frequency says, since neighbours foretell it."""


def bits_of_words(texts: Iterable[Sequence[str]], unseen: int = UNSEEN) -> Mapping[str, float]:
    """By word: the logarithm of how rare it is among the texts' words and so many others."""
    counts = Counter(word for words in texts for word in words)
    total = counts.total() + unseen
    return {word: min(log2(total / count), _most(word)) for word, count in counts.items()}


def most_bits(words: Iterable[str]) -> float:
    """What the words tell at most; no limit unless all are characters of scripts without spaces."""
    return sum(map(_most, words))


def by_character(words: Sequence[str]) -> bool:
    """Whether most of the words are characters of a script without spaces."""
    return sum(_most(word) < inf for word in words) > len(words) / 2


def _most(word: str) -> float:
    code = ord(word[0])
    if code < FROM_SPACELESS:
        return inf
    if any(first <= code < end for first, end in _IDEOGRAPHS):
        return IDEOGRAPH
    if _KANA[0] <= code < _KANA[1]:
        return KANA
    return LETTER if any(first <= code < end for first, end in _ALPHABETS) else inf
