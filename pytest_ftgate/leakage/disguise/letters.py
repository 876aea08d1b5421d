"""(goldens) -> Letters: (rows, as letters without spaces) -> the goldens in them, by sequences of twenty letters.

What `containment` is for words, with its thresholds: twenty letters are about five words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Words
from pytest_ftgate.data.near.own_text import N as WORDS
from pytest_ftgate.data.near.own_text import Own, Templates
from pytest_ftgate.data.near.rolling_hash import Hashes, bytes_of, run_codes
from pytest_ftgate.leakage.containment import LONG, SUSPECT, verdict_of
from pytest_ftgate.leakage.disguise.squeezed import squeezed

N = 20
LEAST_WORDS = 5
LEAST_EXACT = 8
"""Letters of a golden that is found when it is the whole row; fewer are the same by chance."""
STAGE = "disguise"
_MOST_BITS = 24

_Ints = npt.NDArray[np.int64]
_Small = npt.NDArray[np.int32]
"""Held for every letter of the goldens."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """One golden. own: its letters without a template before and after. sequences: how many it has of its own.

    size: words of which they are. ends: where each word ends in the letters. needed: places of the sequences that must
    all stand in a row, see `own_text`.
    """

    words: Words
    text: str
    own: str
    sequences: int
    size: int
    ends: _Ints
    needed: frozenset[int] = frozenset()

    @property
    def open(self) -> bool:
        """Whether what must stand in a row begins or ends the golden, so that the row may go on as another text."""
        return not self.needed.isdisjoint((0, len(self.text) - N))


class Letters:
    """Index of the goldens' sequences of letters, without their templates'."""

    def __init__(self, goldens: Sequence[Golden], templates: Templates | None = None) -> None:
        """templates: of the goldens' questions, if they are known; they are the same where no golden is disguised."""
        words = [golden.bare or golden.question for golden in goldens]
        texts = [squeezed(each) for each in words]
        self._wholes: defaultdict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            if len(text) >= LEAST_EXACT:
                self._wholes[text].append(number)
        texts = [text.replace(" ", "") for text in texts]
        if not templates or any(each != golden.question for golden, each in zip(goldens, words, strict=True)):
            templates = Templates([replace(golden, question=each) for golden, each in zip(goldens, words, strict=True)])
        owns = [_own_letters(each, templates.own(each)) for each in words]
        self._codes, self._owners, self._places = _postings(texts, [kept for kept, _ in owns])
        bits = min(_MOST_BITS, max(12, (8 * len(self._codes)).bit_length()))
        self._shift = np.uint64(64 - bits)
        self._any = np.zeros(1 << bits, np.bool_)
        self._any[self._slots(self._codes)] = True
        bounds = np.argsort(self._owners, kind="stable")
        places = np.split(self._places[bounds], np.cumsum(np.bincount(self._owners, minlength=len(texts)))[:-1])
        self.indexed = tuple(map(_indexed, words, texts, places, [needed for _, needed in owns]))
        self._least = np.array([_least(golden) for golden in self.indexed])

    def find(self, question: str, whole: str, others: Sequence[str] = ()) -> Iterator[Hit]:
        """The goldens that are this row or a question of it, or that stand in it; each once."""
        exact = {number for text in (question, whole, *others) for number in self._wholes.get(text, ())}
        for number in sorted(exact):
            yield Hit(number, STAGE, "leak", 1.0, self.indexed[number].words)
        letters = whole.replace(" ", "")  # that two numbers are apart counts for a whole row only
        for number, at, places in self._shared(letters):
            if number not in exact and (hit := self._judge(number, letters, at, places)):
                yield hit

    def _shared(self, text: str) -> Iterator[tuple[int, _Ints, _Ints]]:
        """(number of a golden, places in the row, in the golden) of the sequences of both, where they are enough."""
        codes = run_codes(bytes_of(text), N)
        at = np.flatnonzero(self._any[self._slots(codes)])
        starts = np.searchsorted(self._codes, codes[at])
        lengths = np.searchsorted(self._codes, codes[at], side="right") - starts
        last = np.cumsum(lengths)
        total = int(last[-1]) if len(last) else 0
        postings = np.repeat(starts - last + lengths, lengths) + np.arange(total)
        at, owners, places = np.repeat(at, lengths), self._owners[postings], self._places[postings]
        for number in np.flatnonzero(np.bincount(owners, minlength=len(self._least)) >= self._least):
            of_golden = owners == number
            yield int(number), at[of_golden], places[of_golden]

    def _slots(self, codes: Hashes) -> _Ints:
        return (codes >> self._shift).view(np.int64)

    def _judge(self, number: int, text: str, at: _Ints, places: _Ints) -> Hit | None:
        golden = self.indexed[number]
        if not golden.needed.issubset(places.tolist()):
            return None
        score = len(np.unique(places)) / golden.sequences
        if golden.size < LONG:
            whole = len(golden.words) >= LONG and golden.text in text
            found = Hit(number, STAGE, "leak" if whole else "suspect", score, golden.words)
            return found if golden.own in text else None
        span = _span(golden, *_longest(at, places))
        verdict = verdict_of(score, len(span), golden.size)
        return Hit(number, STAGE, "suspect" if golden.open else verdict, score, span) if verdict else None


def _own_letters(words: Words, own: Own) -> tuple[npt.NDArray[np.bool_], frozenset[int]]:
    """Of each letter whether a golden is looked for by it, and the places of the sequences that must stand in a row."""
    sizes = [len(word) for word in words]
    looked_for = {place + step for place in own.places for step in range(WORDS)} if own.places else range(len(words))
    kept = np.repeat([place in looked_for for place in range(len(words))], sizes).astype(np.bool_)
    if _runs_of(kept, N).any() and not own.needed:
        return kept, frozenset()
    ends = np.concatenate(([0], np.cumsum(sizes)))
    spans = (range(int(ends[place]), int(ends[place + WORDS]) - N + 1) for place in own.needed)
    if within := frozenset(place for span in spans for place in span):
        return kept, within
    of_own = np.repeat([place in own.words for place in range(len(words))], sizes).astype(np.int64)
    if of_own.all():
        return kept, frozenset()
    before = np.concatenate(([0], np.cumsum(of_own)))
    return kept, frozenset(np.flatnonzero(before[N:] > before[:-N]).tolist())


def _postings(texts: Sequence[str], kept: Sequence[npt.NDArray[np.bool_]]) -> tuple[Hashes, _Small, _Small]:
    """Codes in order, whose golden each is, and where it begins there: of each golden each once, of kept letters."""
    sizes = [max(0, len(text) - N + 1) for text in texts]
    codes = np.concatenate([*(run_codes(bytes_of(text), N) for text in texts), np.zeros(0, np.uint64)])
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)[order]
    once = np.ones(len(codes), np.bool_)
    once[1:] = (codes[1:] != codes[:-1]) | (owners[1:] != owners[:-1])
    own = np.concatenate([*(_runs_of(each, N) for each in kept), np.zeros(0, np.bool_)])[order]
    bare = np.bincount(owners, own & once, minlength=len(texts)) == 0  # its own run is too short: it keeps all
    taken = once & (own | bare[owners])
    codes, owners, order = codes[taken], owners[taken], order[taken]
    places = np.concatenate([*(np.arange(size, dtype=np.int32) for size in sizes), np.zeros(0, np.int32)])
    return codes, owners, places[order]


def _runs_of(kept: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """For each place whether so many letters from there on are kept."""
    before = np.concatenate(([0], np.cumsum(kept)))
    whole: npt.NDArray[np.bool_] = before[length:] - before[:-length] == length
    return whole


def _indexed(words: Words, text: str, places: _Small, needed: frozenset[int]) -> Indexed:
    ends = np.cumsum([len(word) for word in words])  # a word alone is squeezed letter by letter
    if not len(places):
        return Indexed(words, text, text, 0, 0, ends)
    covered = np.zeros(len(text) + 1, np.int64)
    np.add.at(covered, places, 1)
    np.add.at(covered, places + N, -1)
    inside = np.flatnonzero(np.cumsum(covered))
    size = len(np.unique(np.searchsorted(ends, inside, side="right")))
    own = text[int(places.min()) : int(places.max()) + N]
    return Indexed(words, text, own, len(places), size, ends, needed & frozenset(places.tolist()))


def _least(golden: Indexed) -> float:
    """How many sequences a row must have of a golden that is found in it: all, the suspect's share, or a span's."""
    if len(golden.words) < LEAST_WORDS or not golden.sequences:
        return np.inf
    if golden.size < LONG:
        return golden.sequences
    span = max(LONG, golden.size // 2)
    begins = np.concatenate(([0], golden.ends))
    shortest = int(np.min(begins[span:] - begins[:-span])) - N + 1
    return max(1, min(SUSPECT * golden.sequences, shortest))


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
    first = int(np.searchsorted(golden.ends, place)) + 1 if place else 0
    return golden.words[first : int(np.searchsorted(golden.ends, place + run + N - 1, side="right"))]
