"""Stages 2 and 3: how much of a golden, in sequences of five words, stands anywhere in a row.

In scripts without spaces a word is a character, and five of them stand together by chance: what a row has of a golden
must tell as much (`information`) as of an edited copy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from pytest_ftgate.data.near.hit import Hit, Verdict
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.own_text import Own, Templates
from pytest_ftgate.data.near.word_runs import word_grams
from pytest_ftgate.leakage.information import BITS_LEAK, BITS_SUSPECT, most_bits
from pytest_ftgate.leakage.repetition import of_repetitive
from pytest_ftgate.leakage.sequence_index import SequenceIndex

N = 5
MOST_PLACES = 8
"""Places of one sequence in a golden that are looked up; a run is followed from there."""
LEAK = 0.8
SUSPECT = 0.5
LONG = 13
"""A golden of at least so many words is judged by containment; so long is also the least span that is a leak."""

ANY_PART = 10
"""Bits by which a part tells less than as many words that are a whole golden: it could be any of its parts."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The 5-grams that a golden is looked for by, see `own_text`. places: where they begin. count: of different ones.
    size: words they cover.

    needed: those that must all stand in a row. open: whether own words begin or end it, so that they may be the
    beginning or the end of another text in the same template.
    """

    words: Words
    places: tuple[int, ...]
    count: int
    size: int
    needed: frozenset[Words] = frozenset()
    open: bool = False

    @property
    def in_one_piece(self) -> bool:
        """Whether no template stands between its sequences."""
        return not self.places or self.places[-1] - self.places[0] + 1 == len(self.places)


class Containment:
    """Index of the goldens' own 5-grams."""

    def __init__(self, goldens: Sequence[Golden], templates: Templates | None = None) -> None:
        """templates: of these goldens, if they are known."""
        templates = templates or Templates(goldens)
        self.indexed = tuple(_indexed(golden.question, templates.own(golden.question)) for golden in goldens)
        sequences = map(_some, self.indexed)
        self.index = SequenceIndex(sequences, [least_places(golden) for golden in self.indexed])

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens of at least five words that stand in this row, whole or in part."""
        found, spans = self._compare(sample.whole)
        for number in sorted(found):
            golden = self.indexed[number]
            if golden.needed <= found[number] and (hit := self._judge(number, found[number], spans[number])):
                yield replace(hit, verdict=_weighed(golden, hit.verdict, sample.whole))

    def _compare(self, words: Words) -> tuple[Mapping[int, set[Words]], Mapping[int, tuple[int, int]]]:
        """By golden: its 5-grams found, and its longest span in this row as (5-grams in it, place of the last)."""
        found: defaultdict[int, set[Words]] = defaultdict(set)
        spans: dict[int, tuple[int, int]] = {}
        ends: dict[tuple[int, int], int] = {}
        for at, number, place in self.index.shared(word_grams(words, N)):
            found[number].add(words[at : at + N])
            if at > ends.get((number, place - at), -1):
                first, last = _extended(self.indexed[number], words, at, place)
                ends[number, place - at] = last + at - place
                spans[number] = max(spans.get(number, (0, 0)), (last - first + 1, last))
        return found, spans

    def _judge(self, number: int, found: set[Words], span: tuple[int, int]) -> Hit | None:
        golden = self.indexed[number]
        run, last = span
        words = golden.words[last - run + 1 : last + N]
        score = len(found) / golden.count
        short = golden.size < LONG
        verdict = _verdict_of_short(golden, score, run) if short else verdict_of(score, len(words), golden.size)
        if verdict:
            told = most_bits(_words_in(golden, found)) if score >= LEAK else most_bits(words) - ANY_PART
            verdict = None if told < BITS_SUSPECT else verdict if told >= BITS_LEAK else "suspect"
        if verdict:
            verdict = of_repetitive(verdict, words, golden.words)
        return Hit(number, "containment", verdict, score, words) if verdict else None


def verdict_of(score: float, span: int, size: int) -> Verdict | None:
    """Of a golden of `size` words, 13 or more. score: share of its sequences in a row; span: words of its longest run.

    Half of the golden is enough, rounded down: of 27 words 13.
    """
    if score >= LEAK or (span >= LONG and span >= size // 2):
        return "leak"
    return "suspect" if score >= SUSPECT else None


def tells_enough(words: Sequence[str]) -> bool:
    """Whether the words are no too few characters of a script without spaces to be found inside other text."""
    return most_bits(words) >= BITS_SUSPECT


def least_places(golden: Indexed) -> float:
    """How many places of a row must hold one of the golden's sequences before it can be found there."""
    if not golden.count:
        return inf
    if golden.size < LONG:
        return golden.count
    return min(SUSPECT * golden.count, max(LONG, golden.size // 2) - N + 1)


def _verdict_of_short(golden: Indexed, score: float, run: int) -> Verdict | None:
    """Five to twelve words are said twice by chance: only the whole of them in one piece is worth a look."""
    whole = run == len(golden.places) if golden.in_one_piece else score == 1
    return "suspect" if whole else None


def _weighed(golden: Indexed, verdict: Verdict, row: Words) -> Verdict:
    """With its template a short text is a leak: 13 words or more, verbatim. Not so if it may go on as another text."""
    if golden.needed and golden.open:
        return "suspect"
    enough = golden.size < LONG <= len(golden.words) and most_bits(golden.words) >= BITS_LEAK
    whole = enough and f" {' '.join(golden.words)} " in f" {' '.join(row)} "
    return "leak" if whole else verdict


def _some(golden: Indexed) -> list[tuple[int, Words]]:
    """Its sequences with the places that are indexed: of one that repeats the first few."""
    counts: Counter[Words] = Counter()
    kept = []
    for place in golden.places:
        gram = golden.words[place : place + N]
        counts[gram] += 1
        if counts[gram] <= MOST_PLACES:
            kept.append((place, gram))
    return kept


def _extended(golden: Indexed, row: Words, at: int, place: int) -> tuple[int, int]:
    """The first and the last place of the golden's sequences that go on as the row does, around one that both have."""
    first = last = place
    while at + first > place and _goes_on(golden, row, first - 1, first - 1 + at - place):
        first -= 1
    while _goes_on(golden, row, last + 1, last + 1 + at - place):
        last += 1
    return first, last


def _goes_on(golden: Indexed, row: Words, place: int, at: int) -> bool:
    known = bisect_left(golden.places, place)
    own = known < len(golden.places) and golden.places[known] == place
    return own and golden.words[place : place + N] == row[at : at + N]


def _words_in(golden: Indexed, found: set[Words]) -> Words:
    """The golden's words that its sequences found in a row cover."""
    return tuple(golden.words[place] for place in _covered(golden.words, golden.places, found))


def _covered(words: Words, places: Iterable[int], grams: Collection[Words]) -> list[int]:
    stand = (place for place in places if words[place : place + N] in grams)
    return sorted({place + step for place in stand for step in range(N)})


def _indexed(words: Words, own: Own) -> Indexed:
    grams = {place: words[place : place + N] for place in own.places}
    covered = _covered(words, own.places, grams.values())
    told = [words[place] for place in covered]
    if not own.needed and len(told) < len(words) and most_bits(told) < BITS_LEAK:
        return _indexed(words, _with_all_around(own, len(words)))
    needed = frozenset(grams[place] for place in own.needed)
    return Indexed(words, own.places, len(set(grams.values())), len(covered), needed, own.is_open(len(words)))


def _with_all_around(own: Own, size: int) -> Own:
    """Too few characters of its own are looked for as fewer than five words are: with what is around them."""
    everywhere = range(size - N + 1)
    needed = (place for place in everywhere if not own.words.isdisjoint(range(place, place + N)))
    return replace(own, places=tuple(everywhere), needed=frozenset(needed))
