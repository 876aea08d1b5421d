"""Few different words, again and again (grids, boards, bases): another such text has most of the same sequences.

What counts of such a text is its longest run in a row: the bits that it tells, if nothing is known but how often each
word is in the text itself (2 for each of four bases).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log2

from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.leakage.information import BITS_LEAK, BITS_SUSPECT

N = 3
REPEATED = 2 / 3
"""A text repeats itself if fewer of its sequences of three words are different ones."""
FEW = 20
OFTEN = 4
"""Or if it has fewer different words, each this many times."""


def is_repetitive(words: Sequence[str]) -> bool:
    """Whether its sequences, each once, say little about the text."""
    different = len(set(words))
    if different < FEW and OFTEN * different <= len(words):
        return True
    places = max(1, len(words) - N + 1)
    return len(set(zip(words, words[1:], words[2:], strict=False))) < REPEATED * places


def bits_by_itself(words: Sequence[str]) -> float:
    """What the words tell if their own frequencies are known."""
    return sum(count * log2(len(words) / count) for count in Counter(words).values())


def of_repetitive(verdict: Verdict, span: Sequence[str], words: Sequence[str]) -> Verdict | None:
    """The verdict on a golden of these words, of which a row has this run; at most a suspect if all of it tells little.

    Any other text's verdict is as it was.
    """
    if not is_repetitive(words):
        return verdict
    bits = bits_by_itself(words) * len(span) / len(words)
    if bits >= BITS_LEAK:
        return verdict
    return "suspect" if bits >= BITS_SUSPECT or len(span) == len(words) else None
