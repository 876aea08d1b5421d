"""(texts that fail, other texts) -> the words that stand in the failing ones more often than elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt

from pytest_ftgate.files.words import terms

LEAST_TEXTS = 2
LEAST_Z = 1.645
"""One-sided 5 % for one word looked at alone; the list is ranked by it, and shows no significance."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word and in how many texts it stands.

    failing: of the `failing_texts`. others: of the `other_texts`. log_odds: natural logarithm of the smoothed odds
    ratio, above 0 for a word of the failing texts. z: log_odds in standard errors.
    """

    word: str
    failing: int
    failing_texts: int
    others: int
    other_texts: int
    log_odds: float
    z: float

    def __str__(self) -> str:
        return f"{self.word} ({self.failing} of {self.failing_texts}, elsewhere {self.others} of {self.other_texts})"


def shared_words(failing: Iterable[str], others: Iterable[str], most: int = 10) -> tuple[Word, ...]:
    """At most `most` words, the most telling first: in two failing texts or more, with z of 1.645 or more.

    A word counts once in a text, however often it stands there: the texts are the sample, not the words.
    () if either side has no text.
    """
    bad, good = [_words(text) for text in failing], [_words(text) for text in others]
    if not bad or not good:
        return ()
    in_bad, in_good = _texts_by_word(bad), _texts_by_word(good)
    found = [_word(word, count, len(bad), in_good[word], len(good)) for word, count in in_bad.items()]
    telling = [word for word in found if word.failing >= LEAST_TEXTS and word.z >= LEAST_Z]
    return tuple(sorted(telling, key=lambda word: (-word.z, word.word))[:most])


def log_odds_ratio(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    """(log odds ratio, standard error) of a of n against b of m, with 1/2 added to each of the four counts.

    The smoothing is Haldane's and Anscombe's (1956), the standard error that of Gart and Zweifel (1967,
    Biometrika 54, 181-187): finite where a count is 0.
    """
    cells = (a + 0.5, n - a + 0.5, b + 0.5, m - b + 0.5)
    ratio = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
    return ratio, sqrt(sum(1 / cell for cell in cells))


def _words(text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _texts_by_word(texts: Sequence[frozenset[str]]) -> Counter[str]:
    return Counter(word for words in texts for word in words)


def _word(word: str, failing: int, failing_texts: int, others: int, other_texts: int) -> Word:
    ratio, error = log_odds_ratio(failing, failing_texts, others, other_texts)
    return Word(word, failing, failing_texts, others, other_texts, ratio, ratio / error)
