"""Texts -> groups of near duplicates, so that no message of one group stands on two sides of the split."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

MIN_JACCARD = 0.45  # of character 5-grams; under the leakage check's "suspect" of .6, so the split passes it
MIN_CONTAINMENT = 0.35  # of the smaller one's word 5-grams; under the check's .5
WORD_GRAM = 5


def normalise(text: str) -> str:
    """NFKC, lower case, every digit a 0, everything else than letters and digits one space."""
    text = unicodedata.normalize("NFKC", text).lower()
    return " ".join(re.sub(r"[\W_]+", " ", re.sub(r"\d", "0", text)).split())


def word_grams(text: str) -> list[str]:
    """All runs of five words; a text of fewer words is one run."""
    words = text.split()
    last = max(1, len(words) - WORD_GRAM + 1)
    return [" ".join(words[i : i + WORD_GRAM]) for i in range(last)]


def group_duplicates(texts: Sequence[str]) -> list[int]:
    """A group number for each text; texts that resemble each other, also through a third one, share it."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    normal = [normalise(text) for text in texts]
    pairs = np.concatenate([similar_pairs(normal, "char"), similar_pairs(normal, "word"), inside_pairs(normal)])
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(texts), len(texts)))
    return [int(number) for number in connected_components(links, directed=False)[1]]


def similar_pairs(texts: Sequence[str], unit: str) -> Any:
    """Index pairs [pairs, 2]: "char" by Jaccard of character 5-grams, "word" by containment of word 5-grams."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    options = {"analyzer": "char", "ngram_range": (5, 5)} if unit == "char" else {"analyzer": word_grams}
    counts = CountVectorizer(binary=True, lowercase=False, dtype=np.float32, **options).fit_transform(texts)
    size = np.asarray(counts.sum(axis=1)).ravel()
    shared = (counts @ counts.T).tocoo()
    row, column, both = shared.row, shared.col, shared.data
    if unit == "char":
        near = both >= MIN_JACCARD * (size[row] + size[column] - both)
    else:
        near = both >= MIN_CONTAINMENT * np.minimum(size[row], size[column])
    return np.stack([row[near], column[near]], axis=1)


def inside_pairs(texts: Sequence[str]) -> Any:
    """Index pairs [pairs, 2] where the first text, of five words or more, stands verbatim in the second."""
    import numpy as np

    holders = defaultdict(set)
    for index, text in enumerate(texts):
        for gram in word_grams(text):
            holders[gram].add(index)
    found = [
        (index, other)
        for index, text in enumerate(texts)
        for other in holders[word_grams(text)[0]]
        if other != index and f" {text} " in f" {texts[other]} "
    ]
    return np.array(found, dtype=int).reshape(-1, 2)
