"""Texts -> the number that stands for each: those that are near, directly or through others, are one group."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from pytest_ftgate.data.dedup.parts import Parts
from pytest_ftgate.data.dedup.tasks import Compare, Sign
from pytest_ftgate.data.dedup.texts import Texts
from pytest_ftgate.data.dedup.work import Work
from pytest_ftgate.data.near.candidates import candidates
from pytest_ftgate.data.near.minhash import BANDS, Bands
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.near.together import Together

PIECE = 10_000
"""Texts whose bands are made, and kept, at once."""
PAIRS = 4_000
"""Pairs that are compared, and kept, at once."""

Pair = tuple[int, int]


def near_groups(
    texts: Texts, templates: Hashes, work: Work, least: float, advance: Callable[[int, str], None]
) -> Together:
    """Of all numbers. templates: what is not compared.

    advance: called with the numbers that are signed, then with what is compared.
    """
    together = Together()
    bands = _bands(texts, work, templates, advance)
    asked: deque[tuple[Pair, ...]] = deque()
    compared = 0
    for scores in work.results(_compares(texts, _apart(bands, together), templates, asked)):
        pairs = asked.popleft()
        for pair, score in zip(pairs, scores.tolist(), strict=True):
            if score >= least:
                together.join(*pair)
        compared += len(pairs)
        advance(len(texts), f"{compared:,} pairs compared")
    return together


def _bands(texts: Texts, work: Work, templates: Hashes, advance: Callable[[int, str], None]) -> Bands:
    bands = np.zeros((len(texts), BANDS), np.uint64)
    signed = 0
    for each in work.results(_signs(texts, templates)):
        bands[signed : signed + len(each)] = each
        signed += len(each)
        advance(signed, "")
    return bands


def _signs(texts: Texts, templates: Hashes) -> Iterator[Sign]:
    for start in range(0, len(texts), PIECE):
        numbers = range(start, min(start + PIECE, len(texts)))
        yield Sign(tuple(parts.text for parts in texts.of(numbers)), templates)


def _apart(bands: Bands, together: Together) -> Iterator[Pair]:
    """The candidates that nothing has joined yet when their turn comes."""
    for ones, others, _ in candidates(bands):
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            if together.of(one) != together.of(other):
                yield one, other


def _compares(
    texts: Texts, pairs: Iterator[Pair], templates: Hashes, asked: deque[tuple[Pair, ...]]
) -> Iterator[Compare]:
    """asked: gets the pairs of each task."""
    while some := tuple(islice(pairs, PAIRS)):
        asked.append(some)
        yield Compare(tuple(_both(texts, pair) for pair in some), templates)


def _both(texts: Texts, pair: Pair) -> tuple[Parts, Parts]:
    one, other = texts.of(pair)
    return one, other
