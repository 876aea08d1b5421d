"""(goldens) -> Letters: (rows, as letters without spaces) -> the goldens in them, by sequences of twenty letters.

What `containment` is for words, with its thresholds: twenty letters are about five words.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Words
from pytest_ftgate.data.near.rolling_hash import Hashes, bytes_of, run_codes
from pytest_ftgate.data.near.template_threshold import least_of_template
from pytest_ftgate.leakage.containment import LONG, verdict_of
from pytest_ftgate.leakage.disguise.squeezed import places_of_ends, squeezed

N = 20
LEAST_WORDS = 5
LEAST_EXACT = 8
"""Letters of a golden that is found when it is the whole row; fewer are the same by chance."""
STAGE = "disguise"
_BITS = 20

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Indexed:
    """One golden. own: its letters without a template before and after. sequences: how many it has of its own.

    size: words of which they are.
    """

    words: Words
    text: str
    own: str
    sequences: int
    size: int


class Letters:
    """Index of the goldens' sequences of letters, without their templates'."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        words = [golden.bare or golden.question for golden in goldens]
        texts = [squeezed(each) for each in words]
        self._wholes: defaultdict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            if len(text) >= LEAST_EXACT:
                self._wholes[text].append(number)
        self._codes, self._owners, self._places = _postings(texts)
        self._any = np.zeros(1 << _BITS, np.bool_)
        self._any[_slots(self._codes)] = True
        bounds = np.argsort(self._owners, kind="stable")
        places = np.split(self._places[bounds], np.cumsum(np.bincount(self._owners, minlength=len(texts)))[:-1])
        self.indexed = tuple(map(_indexed, words, texts, places))

    def find(self, question: str, whole: str) -> Iterator[Hit]:
        """The goldens that are this row or its question, or that stand in it; each once."""
        exact = {*self._wholes.get(question, ()), *self._wholes.get(whole, ())}
        for number in sorted(exact):
            yield Hit(number, STAGE, "leak", 1.0, self.indexed[number].words)
        for number, at, places in self._shared(whole):
            if number not in exact and (hit := self._judge(number, whole, at, places)):
                yield hit

    def _shared(self, text: str) -> Iterator[tuple[int, _Ints, _Ints]]:
        """(number of a golden, places in the row, places in the golden) of the sequences that both have."""
        codes = run_codes(bytes_of(text), N)
        at = np.flatnonzero(self._any[_slots(codes)])
        starts = np.searchsorted(self._codes, codes[at])
        lengths = np.searchsorted(self._codes, codes[at], side="right") - starts
        last = np.cumsum(lengths)
        total = int(last[-1]) if len(last) else 0
        postings = np.repeat(starts - last + lengths, lengths) + np.arange(total)
        at, owners, places = np.repeat(at, lengths), self._owners[postings], self._places[postings]
        for number in np.unique(owners):
            of_golden = owners == number
            yield int(number), at[of_golden], places[of_golden]

    def _judge(self, number: int, text: str, at: _Ints, places: _Ints) -> Hit | None:
        golden = self.indexed[number]
        if len(golden.words) < LEAST_WORDS:
            return None
        score = len(np.unique(places)) / golden.sequences
        if golden.size < LONG:
            return Hit(number, STAGE, "suspect", score, golden.words) if golden.own in text else None
        span = _span(golden, *_longest(at, places))
        verdict = verdict_of(score, len(span), golden.size)
        return Hit(number, STAGE, verdict, score, span) if verdict else None


def _slots(codes: Hashes) -> _Ints:
    return (codes >> np.uint64(64 - _BITS)).view(np.int64)


def _postings(texts: Sequence[str]) -> tuple[Hashes, _Ints, _Ints]:
    """Codes in order, whose golden each is, and where it begins there: of each golden each once, and no template's."""
    codes = [run_codes(bytes_of(text), N) for text in texts]
    sizes = [len(each) for each in codes]
    together = np.concatenate([*codes, np.zeros(0, np.uint64)])
    order = np.argsort(together, kind="stable")
    together = together[order]
    owners = np.repeat(np.arange(len(texts)), sizes)[order]
    places = np.concatenate([*map(np.arange, sizes), np.zeros(0, np.int64)])[order]
    begins = np.diff(together, prepend=together[:1] + np.uint64(1)) != 0
    once = begins | (np.diff(owners, prepend=-1) != 0)
    group = np.cumsum(begins)
    goldens = np.bincount(group, once)[group]
    own = goldens < least_of_template(len(texts))
    bare = np.bincount(owners, own & once, minlength=len(texts)) == 0  # nothing but template: it keeps all
    kept = once & (own | bare[owners])
    return together[kept], owners[kept], places[kept]


def _indexed(words: Words, text: str, places: _Ints) -> Indexed:
    if not len(places):
        return Indexed(words, text, text, 0, 0)
    ends = places_of_ends(words, text)
    covered = np.zeros(len(text) + 1, np.int64)
    np.add.at(covered, places, 1)
    np.add.at(covered, places + N, -1)
    inside = np.flatnonzero(np.cumsum(covered))
    size = len(np.unique(np.searchsorted(ends, inside, side="right")))
    return Indexed(words, text, text[int(places.min()) : int(places.max()) + N], len(places), size)


def _longest(at: _Ints, places: _Ints) -> tuple[int, int]:
    """(place in the golden, sequences) of the longest run that both have, one sequence after the other."""
    order = np.lexsort((at, at - places))
    at, places = at[order], places[order]
    breaks = np.flatnonzero((np.diff(at) != 1) | (np.diff(places) != 1)) + 1
    edges = np.concatenate(([0], breaks, [len(at)]))
    longest = int(np.argmax(np.diff(edges)))
    return int(places[edges[longest]]), int(edges[longest + 1] - edges[longest])


def _span(golden: Indexed, place: int, run: int) -> Words:
    """The words that lie whole in a run of letters."""
    ends = places_of_ends(golden.words, golden.text)
    first = bisect_left([0, *ends], place)
    return golden.words[first : bisect_right(ends, place + run + N - 1)]
