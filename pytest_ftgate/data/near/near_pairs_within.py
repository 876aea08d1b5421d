"""Questions -> the pairs that are nearly one text: Jaccard's index of character 5-grams at least .8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pytest_ftgate.data.near.candidates import candidates
from pytest_ftgate.data.near.common_grams import common_grams, sampled, shared_note
from pytest_ftgate.data.near.gram_codes import gram_codes, jaccard_of_codes, spaced, without
from pytest_ftgate.data.near.minhash import BANDS, Bands, bands_of
from pytest_ftgate.data.near.rolling_hash import Hashes
from pytest_ftgate.data.near.together import Together
from pytest_ftgate.data.readers.normalize import short_digest

NEAR = 0.8
LEAST_WORDS = 5
AT_ONCE = 1000
"""Texts whose codes are held at the same time."""
_CACHED = 4096


class NearPair(NamedTuple):
    """one, other: places in the sequence that was given, in no order. score: in [.8, 1]."""

    one: int
    other: int
    score: float


class Compared(NamedTuple):
    """pairs: made when they are asked for. note: what was not compared, see `shared_note`."""

    pairs: Iterator[NearPair]
    note: str


def near_pairs(questions: Sequence[str]) -> Iterator[NearPair]:
    """The pairs of `compared`."""
    return compared(questions).pairs


def compared(questions: Sequence[str]) -> Compared:
    """Near questions, each pair once, compared exactly; of a large group only pairs that hold it together.

    questions: all different, normalised. Those of under five words are near to nothing; in a script without spaces a
    character counts as a word. What stands in a fifth of the questions, and in ten or more, is their template and no
    evidence. Candidates are found by MinHash: `minhash` says how many are missed, `candidates` what a large group is.
    The pairs do not depend on the order. The time grows with the number of questions: 100 microseconds each.
    """
    texts = [spaced(question) for question in questions]
    places = [place for place, text in enumerate(texts) if is_long_enough(text)]
    places.sort(key=lambda place: short_digest(texts[place]))
    texts = [texts[place] for place in places]
    sample = sampled(texts)
    templates = common_grams(sample)
    return Compared(_pairs(texts, places, templates), shared_note(sample, templates))


def _pairs(texts: Sequence[str], places: Sequence[int], templates: Hashes) -> Iterator[NearPair]:
    codes = lru_cache(_CACHED)(lambda place: without(gram_codes(texts[place]), templates))
    together, of_long = Together(), set[tuple[int, int]]()
    for ones, others, long in candidates(bands_of_texts(texts, templates)):
        for pair in zip(ones.tolist(), others.tolist(), strict=True):
            if pair in of_long or (long and together.of(pair[0]) == together.of(pair[1])):
                continue
            score = jaccard_of_codes(*map(codes, pair))
            if score >= NEAR:
                together.join(*pair)
                of_long |= {pair} if long else set()
                yield NearPair(places[pair[0]], places[pair[1]], score)


def is_long_enough(text: str) -> bool:
    """Whether a text, spaced, has the five words without which it is near to nothing."""
    return text.count(" ") >= LEAST_WORDS - 1


def bands_of_texts(texts: Sequence[str], templates: Hashes) -> Bands:
    """The bands of spaced texts, without what is of the templates."""
    some = (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))
    parts = (bands_of([without(gram_codes(text), templates) for text in each]) for each in some)
    return np.concatenate([np.zeros((0, BANDS), np.uint64), *parts])
