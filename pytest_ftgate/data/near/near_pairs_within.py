"""Questions -> the pairs that are nearly one text: Jaccard's index of character 5-grams at least .8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_ftgate.data.near.jaccard_join import Fuzzy
from pytest_ftgate.data.near.normalized import Golden, Sample
from pytest_ftgate.data.readers.normalize import short_digest

BLOCK = 2000
"""Questions that are indexed at once: bounds the memory. Which ones stand together depends on their texts alone."""


class NearPair(NamedTuple):
    """one, other: places in the sequence that was given, in no order. score: in [.8, 1]."""

    one: int
    other: int
    score: float


def near_pairs(questions: Sequence[str]) -> Iterator[NearPair]:
    """Each pair once, by the exact join of the leakage check; the time grows with the square of their number.

    questions: all different, normalised. Those of under five words are near to nothing. What stands in a fifth of a
    block's questions, and in ten or more, is their template and no evidence. The pairs do not depend on the order.
    """
    order = sorted(range(len(questions)), key=lambda place: short_digest(questions[place]))
    words = [tuple(questions[place].split()) for place in order]
    for start in range(0, len(order), BLOCK):
        join = Fuzzy([Golden("", each, each) for each in words[start : start + BLOCK]], keep=True)
        for number in range(start, len(order)):
            for hit in join.find(Sample(words[number], words[number])):
                if start + hit.golden < number and hit.verdict == "leak":
                    yield NearPair(order[start + hit.golden], order[number], hit.score)
