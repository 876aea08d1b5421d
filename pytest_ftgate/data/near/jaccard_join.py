"""Stage 4: the golden and the row, or its question, are nearly one text, by Jaccard's index of character 5-grams.

An exact join, not a sketch: of the goldens that `join_filter` lets through the index is computed from the texts, and
the filter loses none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.join_filter import SUSPECT, Filter
from pytest_ftgate.data.near.ngrams import N, grams_of, text_of_words
from pytest_ftgate.data.near.normalized import Golden, Sample
from pytest_ftgate.data.near.rolling_hash import Hashes, bytes_of, codes_of_grams, distinct_codes, letter_codes
from pytest_ftgate.data.near.template_threshold import least_of_template
from pytest_ftgate.data.near.text import split
from pytest_ftgate.data.near.word_runs import longest_common

LEAK = 0.8
LEAST_WORDS = 5

_NONE: Hashes = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A golden without the templates' grams. size: the number of its grams. codes: theirs, each once.

    dropped: what is left out of a row before the two are compared.
    """

    number: int
    text: str
    size: int
    codes: Hashes
    dropped: frozenset[str]

    @property
    def grams(self) -> frozenset[str]:
        """Made for the few rows that come near; all goldens' at once are most of the memory of an index."""
        return grams_of(self.text) - self.dropped


class Fuzzy:
    """Index of the goldens of at least five words. filtered: False compares each row with all of them."""

    def __init__(self, goldens: Sequence[Golden], *, filtered: bool = True) -> None:
        self._words = [golden.question for golden in goldens]
        self.indexed, self._templates = _indexed(goldens)
        self._filter = _filter(self.indexed, self._templates) if filtered and self.indexed else None

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens that are nearly this row or nearly its question."""
        found: dict[int, Hit] = {}
        for texts in _together(sample):
            for hit in self._near(texts):
                if hit.golden not in found or found[hit.golden].score < hit.score:
                    found[hit.golden] = hit
        yield from found.values()

    def _near(self, texts: Sequence[str]) -> Iterator[Hit]:
        if goldens := [self.indexed[place] for place in self._candidates(texts)]:
            own = [golden.grams for golden in goldens]
            for text in texts:
                grams = grams_of(text)
                for golden, theirs in zip(goldens, own, strict=True):
                    score = jaccard(theirs, grams - golden.dropped)
                    if score >= SUSPECT:
                        span = longest_common(self._words[golden.number], split(text))
                        yield Hit(golden.number, "fuzzy", "leak" if score >= LEAK else "suspect", score, span)

    def _candidates(self, texts: Sequence[str]) -> Collection[int]:
        """Places of the goldens that one of the texts may be near to; all others are pieces of the last."""
        return self._filter.candidates(texts) if self._filter else range(len(self.indexed))


def _together(sample: Sample) -> Iterator[list[str]]:
    """The whole row with what is a piece of it, to be filtered at once; and what is none, each by itself."""
    whole = text_of_words(sample.whole)
    texts = dict.fromkeys(map(text_of_words, (sample.question, *sample.others)))
    yield [*(text for text in texts if text in whole and text != whole), whole]
    yield from ([text] for text in texts if text not in whole)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """|one & other| / |one | other|; 0 if both are empty."""
    shared = len(one & other)
    return shared / max(1, len(one) + len(other) - shared)


def _filter(goldens: Sequence[Indexed], templates: frozenset[str]) -> Filter:
    codes, sizes = [golden.codes for golden in goldens], [golden.size for golden in goldens]
    return Filter(codes, sizes, codes_of_grams(templates))


def _indexed(goldens: Sequence[Golden]) -> tuple[list[Indexed], frozenset[str]]:
    """The goldens that can be near to something, and the grams that stand in so many that they are a template."""
    long = [number for number, golden in enumerate(goldens) if len(golden.question) >= LEAST_WORDS]
    texts = [text_of_words(goldens[number].question) for number in long]
    codes = [distinct_codes(text) for text in texts]
    templates = _templates(texts, codes, least_of_template(len(goldens)))
    dropped = codes_of_grams(templates)
    found = zip(long, texts, codes, strict=True)
    return [_without(number, text, own, templates, dropped) for number, text, own in found], templates


def _templates(texts: Sequence[str], codes: Sequence[Hashes], least: float) -> frozenset[str]:
    """The grams of that many texts; counted as such only where their codes stand in as many."""
    known, counts = np.unique(np.concatenate([*codes, _NONE]), return_counts=True)
    if not len(frequent := known[counts >= least]):
        return frozenset()
    found = Counter(gram for text in texts for gram in _grams_with(text, frequent))
    return frozenset(gram for gram, count in found.items() if count >= least)


def _grams_with(text: str, codes: Hashes) -> frozenset[str]:
    places = np.flatnonzero(np.isin(letter_codes(bytes_of(text)), codes))
    return frozenset(text[place : place + N] for place in places)


def _without(number: int, text: str, codes: Hashes, templates: frozenset[str], dropped: Hashes) -> Indexed:
    """Never without all of its grams: a golden that is nothing but template keeps them."""
    own = codes[~np.isin(codes, dropped)] if templates else codes
    size = len(own) if text.isascii() else len(grams_of(text) - templates)
    if size:
        return Indexed(number, text, size, own, templates)
    return Indexed(number, text, len(grams_of(text)), codes, frozenset())
