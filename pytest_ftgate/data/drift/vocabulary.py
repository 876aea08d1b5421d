"""(inputs, inputs) -> Comparison: do the texts use the same words as often?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_ftgate.data.drift.finding import Comparison
from pytest_ftgate.data.drift.inputs import Inputs
from pytest_ftgate.files.words import terms

DRAWS = 999
MOST_WORDS = 500
LEAST_TEXTS = 3
SHOWN = 5


def vocabulary(log: Inputs, other: Inputs) -> Comparison | None:
    """Permutation test of the share of texts that hold each word, over the commonest words of both sides.

    Statistic: sum over words of (share in the log - share in the other)^2 / (pooled variance). Whole texts change
    sides, since words of one text go together and a chi-squared test of word counts would find far too much. None if
    no word stands in three texts.
    """
    import numpy as np

    texts = [frozenset(terms(text)) for text in (*log.texts, *other.texts)]
    counts = Counter(word for words in texts for word in words)
    words = [word for word, count in counts.most_common(MOST_WORDS) if LEAST_TEXTS <= count < len(texts)]
    if not words:
        return None
    holds = np.array([[word in text for word in words] for text in texts], dtype=np.float32)
    sides = _sides(len(log.texts), len(texts))
    shares = holds.mean(axis=0)
    # difference of the two sides' shares, for each draw and word
    ours = sides @ holds
    theirs = holds.sum(axis=0) - ours
    gaps = ours / len(log.texts) - theirs / len(other.texts)
    sums = (gaps**2 / (shares * (1 - shares))).sum(axis=1)
    p = float((1 + (sums[1:] >= sums[0] * (1 - 1e-6)).sum()) / (1 + DRAWS))
    told = _told(words, gaps[0] / np.sqrt(shares * (1 - shares)))
    return Comparison("vocabulary", other.name, p, f"document frequency of each word, {DRAWS} permutations", told)


def _sides(ours: int, total: int) -> Any:
    """(1 + DRAWS, total) of 0 and 1: which texts are ours; the first row is the truth, the others are permutations."""
    import numpy as np

    truth = (np.arange(total) < ours).astype(np.float32)
    rows = np.tile(truth, (1 + DRAWS, 1))
    rows[1:] = np.random.default_rng(0).permuted(rows[1:], axis=1)
    return rows


def _told(words: list[str], gaps: Any) -> str:
    order = sorted(range(len(words)), key=lambda i: gaps[i])
    more, fewer = [words[i] for i in order[: -SHOWN - 1 : -1]], [words[i] for i in order[:SHOWN]]
    return f"more frequent: {' '.join(more)}; less frequent: {' '.join(fewer)}"
