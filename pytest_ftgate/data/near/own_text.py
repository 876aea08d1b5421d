"""Goldens -> which words of each are its own; what many goldens share is their template, and no evidence of a leak.

A template is text of five words or more that stands in ten goldens or more, however many others there are: the
instruction of a slice as well as that of the whole set. Goldens of one `cluster` count as one, since a document that
they all quote is evidence. How a golden is looked for depends on what is left of it:

- five or more of its own words in a row: by these alone, whatever is around them in a training row;
- fewer (twenty variants of one question that differ in a number): by all of its words, but only where its own stand in
  the row too, each with the words around it. If they begin or end the golden, it is a suspect at most inside other
  text: the same template may go on as another text;
- none (a golden that is nothing but template): by all of its words. A golden is never left without any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress, count, groupby

import numpy as np

from pytest_ftgate.data.near.ngrams import text_of_words
from pytest_ftgate.data.near.normalized import Golden, Words
from pytest_ftgate.data.near.rolling_hash import Hashes, bytes_of, word_codes
from pytest_ftgate.data.near.word_runs import word_grams

N = 5
"""Words of a sequence that is counted, and the least run of own words that a golden is looked for by."""
LEAST = 10
"""Goldens, or clusters of them, in which a sequence is a template."""


@dataclass(frozen=True, slots=True)
class Own:
    """Of one golden. words: places of its own words. places: where the sequences begin that it is looked for by.

    needed: places of those sequences that must all stand in a row; none if the golden has a run of own words.
    """

    words: frozenset[int]
    places: tuple[int, ...]
    needed: frozenset[int] = frozenset()

    def runs(self, words: Words) -> Iterator[Words]:
        """The own words, in pieces that stand together in the golden; without any what is needed."""
        for _, run in groupby(enumerate(sorted(self.words)), key=lambda pair: pair[1] - pair[0]):
            yield tuple(words[place] for _, place in run)
        if not self.words:
            yield from (words[place : place + N] for place in self.needed)

    def is_open(self, size: int) -> bool:
        """Whether a golden of so many words begins or ends with own words: its template may go on as another text."""
        return not self.words.isdisjoint((0, size - 1))


class Templates:
    """What many of the goldens share."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        """Of their questions."""
        together: defaultdict[object, list[Words]] = defaultdict(list)
        for number, golden in enumerate(goldens):
            together[(golden.set, golden.cluster) if golden.cluster else number].append(golden.question)
        self._grams = _shared(list(together.values()))

    def own(self, words: Words) -> Own:
        """What of a golden is its own."""
        everywhere = tuple(range(len(words) - N + 1))
        if self._grams.isdisjoint(word_grams(words, N)):
            return Own(frozenset(range(len(words))), everywhere)
        own = frozenset(range(len(words))) - self._covered(words)
        alone = tuple(place for place in everywhere if own.issuperset(range(place, place + N)))
        if alone:
            return Own(own, alone)
        needed = frozenset(place for place in everywhere if words[place : place + N] not in self._grams)
        return Own(own, everywhere, needed if len(own) < len(words) else frozenset())

    def trimmed(self, words: Words) -> Words:
        """A text without the templates that it begins and ends with; the text if nothing else would be left."""
        return next(self.pieces(words))

    def pieces(self, words: Words) -> Iterator[Words]:
        """What may be a golden's core in a text: all of it trimmed, and what is between two templates."""
        runs = _apart(self._places(words), len(words))
        yield words[runs[0][0] : runs[-1][1]] if runs else words
        if len(runs) > 1:
            yield from (words[begin:end] for begin, end in runs if end - begin >= N)

    def core(self, golden: Golden) -> Golden:
        """The golden as it is compared with whole texts that are trimmed as well, if it has a run of own words."""
        words = golden.question
        return golden if self.own(words).needed else replace(golden, question=self.trimmed(words))

    def with_core(self, golden: Golden) -> Golden:
        """The golden, known by its core too where that is a text of its own."""
        core = self.core(golden).question
        return golden if len(core) < N or core == golden.question else replace(golden, forms=(*golden.forms, core))

    def _covered(self, words: Words) -> set[int]:
        """Places of the words of a template."""
        return {place + step for place in self._places(words) for step in range(N)}

    def _places(self, words: Words) -> list[int]:
        """Where the sequences of a template begin."""
        return list(compress(count(), map(self._grams.__contains__, word_grams(words, N))))


def _shared(groups: Sequence[Sequence[Words]]) -> frozenset[Words]:
    """The sequences of ten groups of texts or more; counted as such only where their codes are in as many."""
    codes = [np.unique(np.concatenate([*map(_codes, texts)])) for texts in groups]
    known, held = np.unique(np.concatenate([*codes, np.zeros(0, np.uint64)]), return_counts=True)
    frequent = known[held >= LEAST]
    counts = Counter(gram for texts in groups for gram in {gram for text in texts for gram in _with(text, frequent)})
    return frozenset(gram for gram, found in counts.items() if found >= LEAST)


def _with(words: Words, frequent: Hashes) -> Iterator[Words]:
    """The sequences of these codes. frequent: sorted."""
    if len(frequent) and len(codes := _codes(words)):
        at = np.minimum(np.searchsorted(frequent, codes), len(frequent) - 1)
        yield from (words[place : place + N] for place in np.flatnonzero(frequent[at] == codes).tolist())


def _codes(words: Words) -> Hashes:
    return word_codes(bytes_of(text_of_words(words)), N)[0]


def _apart(places: Sequence[int], size: int) -> list[tuple[int, int]]:
    """Where the words begin and end that no sequence at one of the places covers; places: in order."""
    ends = [0, *(place + N for place in places)]
    return [(end, begin) for end, begin in zip(ends, [*places, size], strict=True) if end < begin]
