"""Stage 4: the golden and the row, or its question, are nearly one text, by Jaccard's index of character 5-grams.

An exact join, not a sketch: of the goldens that a filter lets through the index is computed from the texts, and the
filter loses none. J(A, B) >= t means |A & B| >= t / (1 + t) (|A| + |B|), and |B| between t |A| and |A| / t (Bayardo,
Ma and Srikant 2007). Of the rarest part P of a golden's A a row that is near then has at least that many, less the
|A| - |P| that may lie outside P (prefix filter: Chaudhuri, Ganti and Kaushik 2006). Only P is indexed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.ngrams import N, grams_of, text_of_words
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.rolling_hash import Hashes, bytes_of, codes_of_grams, distinct_codes, letter_codes
from pytest_ftgate.data.near.template_threshold import least_of_template

LEAK = 0.8
SUSPECT = 0.6
LEAST_WORDS = 5
SHARED, SHARED_OF = 20, 0.02
"""So many more of a golden's grams are indexed, the rarest, than may lie outside a near row, and this share of all."""
SLOTS_PER_GRAM = 8
CLOSE = 0.1
"""A row is filtered once for itself and for its question if it has at most so much more words, as a share."""
_SLACK = 1e-6

_NONE: Hashes = np.zeros(0, np.uint64)

_Counts = npt.NDArray[np.int64]


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
    """Index of the goldens of at least five words. filtered: False compares each row with all of them.

    keep: hold the goldens' grams, about 100 bytes a character, for rows that are near to many of them.
    """

    def __init__(self, goldens: Sequence[Golden], *, filtered: bool = True, keep: bool = False) -> None:
        self._words = [golden.question for golden in goldens]
        self.indexed, self._templates = _indexed(goldens)
        self._kept = [golden.grams for golden in self.indexed] if keep else None
        self._filter = Filter(self.indexed, self._templates) if filtered and self.indexed else None

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens that are nearly this row or nearly its question."""
        found: dict[int, Hit] = {}
        for texts in (*_together(sample), *((words,) for words in sample.others)):
            for hit in self._near(texts):
                if hit.golden not in found or found[hit.golden].score < hit.score:
                    found[hit.golden] = hit
        yield from found.values()

    def _near(self, texts: Sequence[Words]) -> Iterator[Hit]:
        places = self._candidates(texts)
        if goldens := [self.indexed[place] for place in places]:
            own = [self._kept[place] for place in places] if self._kept else [golden.grams for golden in goldens]
            for words in texts:
                grams = grams_of(text_of_words(words))
                for golden, theirs in zip(goldens, own, strict=True):
                    score = jaccard(theirs, grams - golden.dropped)
                    if score >= SUSPECT:
                        span = _common(self._words[golden.number], words)
                        yield Hit(golden.number, "fuzzy", "leak" if score >= LEAK else "suspect", score, span)

    def _candidates(self, texts: Sequence[Words]) -> Sequence[int]:
        """Places of the goldens that one of the texts may be near to; the last text has the others' grams and more."""
        if self._filter is None:
            return range(len(self.indexed))
        shortest, longest = text_of_words(texts[0]), text_of_words(texts[-1])
        return self._filter.candidates(longest, len(longest) - len(shortest))


def _together(sample: Sample) -> Iterator[tuple[Words, ...]]:
    """Question and whole row; as one pair, to be filtered at once, if the one is most of the other and begins it."""
    question, whole = sample.question, sample.whole
    if question == whole or not question:
        yield (whole,)
    elif len(whole) - len(question) <= len(question) * CLOSE and whole[: len(question)] == question:
        yield question, whole
    else:
        yield (question,)
        yield (whole,)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """|one & other| / |one | other|; 0 if both are empty."""
    shared = len(one & other)
    return shared / max(1, len(one) + len(other) - shared)


class Filter:
    """Which goldens a row may be near to; never leaves out one that is.

    Grams are counted by slots of a table: two grams in one slot only add to the hits, and only take from the row's
    size, and either lets more through. So do grams of one golden with one code: they make its indexed part smaller.
    """

    def __init__(self, goldens: Sequence[Indexed], templates: frozenset[str]) -> None:
        self._sizes = np.array([golden.size for golden in goldens], np.int64)
        self._bare = np.array([not golden.dropped for golden in goldens], np.bool_)
        prefixes = rarest(goldens)
        self._outside = self._sizes - [len(prefix) for prefix in prefixes]
        self._largest = float(self._sizes.max()) / SUSPECT
        bits = max(10, (SLOTS_PER_GRAM * int(self._sizes.sum())).bit_length())
        self._shift = np.uint64(64 - min(bits, 22))
        self._template = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        self._templated = bool(templates)
        self._template[self._slots(codes_of_grams(templates))] = True
        slots = self._slots(np.concatenate(prefixes))
        self._starts, order = _inverted(slots, len(self._template))
        self._indexed = np.diff(self._starts) > 0
        self._postings = np.repeat(np.arange(len(goldens), dtype=np.int32), [len(own) for own in prefixes])[order]

    def candidates(self, text: str, longer_by: int = 0) -> Sequence[int]:
        """Places of the goldens to compare with. longer_by: characters that a beginning, compared as well, lacks."""
        if self._too_large(text, longer_by):
            return ()
        slots = self._slots(distinct_codes(text))
        size = len(slots) - longer_by
        own = size - self._of_templates(slots)
        shared = SUSPECT / (1 + SUSPECT) * (self._sizes + np.where(self._bare, size, own))
        near = (self._hits(slots) >= shared - self._outside - _SLACK) & (shared <= self._sizes + _SLACK)
        return [int(place) for place in np.flatnonzero(near)]

    def _too_large(self, text: str, longer_by: int) -> bool:
        """Whether a beginning of the text has already more grams than anything near a golden."""
        enough = int(1.5 * self._largest) + longer_by
        if len(text) < enough:
            return False
        slots = self._slots(distinct_codes(text[:enough]))
        return len(slots) - self._of_templates(slots) - longer_by > self._largest

    def _of_templates(self, slots: _Counts) -> int:
        return int(np.count_nonzero(self._template[slots])) if self._templated else 0

    def _slots(self, hashes: Hashes) -> _Counts:
        return (hashes >> self._shift).astype(np.int64)

    def _hits(self, slots: _Counts) -> _Counts:
        """For each golden the grams of its prefix that stand in the row, or more."""
        slots = slots[self._indexed[slots]]
        starts = self._starts[slots]
        lengths = self._starts[slots + 1] - starts
        ends = np.cumsum(lengths, dtype=np.int32)
        total = int(ends[-1]) if len(ends) else 0
        places = np.repeat(starts - ends + lengths, lengths) + np.arange(total, dtype=np.int32)
        return np.bincount(self._postings[places], minlength=len(self._sizes))


def rarest(goldens: Sequence[Indexed]) -> list[Hashes]:
    """Of each golden those codes that the fewest have: some dozens more than may lie outside a near row."""
    known, common = np.unique(np.concatenate([golden.codes for golden in goldens] or [_NONE]), return_counts=True)
    counts = (int(golden.size * (1 - SUSPECT + SHARED_OF)) + SHARED for golden in goldens)
    orders = (np.argsort(common[np.searchsorted(known, golden.codes)], kind="stable") for golden in goldens)
    return [golden.codes[order[:count]] for golden, order, count in zip(goldens, orders, counts, strict=True)]


def _inverted(slots: _Counts, size: int) -> tuple[npt.NDArray[np.int32], _Counts]:
    """Where each slot's entries begin (one more than slots), and the order that puts entries of one slot together."""
    starts = np.zeros(size + 1, np.int32)
    np.cumsum(np.bincount(slots, minlength=size), out=starts[1:])
    return starts, np.argsort(slots, kind="stable")


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


def _common(golden: Words, row: Words) -> Words:
    """The longest run of words that stands in both."""
    match = SequenceMatcher(None, golden, row, autojunk=False).find_longest_match()
    return golden[match.a : match.a + match.size]
