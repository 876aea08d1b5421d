"""Stages 2 and 3: how much of a golden, in sequences of five words, stands anywhere in a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from pytest_ftgate.data.near.hit import Hit, Verdict
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.own_text import Own, Templates
from pytest_ftgate.data.near.word_runs import word_grams
from pytest_ftgate.leakage.information import BITS_LEAK, most_bits
from pytest_ftgate.leakage.sequence_index import SequenceIndex

N = 5
LEAK = 0.8
SUSPECT = 0.5
LONG = 13
"""A golden of at least so many words is judged by containment; so long is also the least span that is a leak."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The 5-grams that a golden is looked for by, see `own_text`. places: where they begin. size: words they cover.

    needed: those that must all stand in a row. open: whether own words begin or end it, so that they may be the
    beginning or the end of another text in the same template.
    """

    words: Words
    places: tuple[int, ...]
    grams: frozenset[Words]
    size: int
    needed: frozenset[Words] = frozenset()
    open: bool = False

    @property
    def in_one_piece(self) -> bool:
        """Whether no template stands between its sequences."""
        return not self.places or self.places[-1] - self.places[0] + 1 == len(self.places)


class Containment:
    """Index of the goldens' own 5-grams."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        templates = Templates(goldens)
        self.indexed = tuple(_indexed(golden.question, templates.own(golden.question)) for golden in goldens)
        sequences = [[(place, golden.words[place : place + N]) for place in golden.places] for golden in self.indexed]
        self.index = SequenceIndex(sequences, [least_places(golden) for golden in self.indexed])

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens of at least five words that stand in this row, whole or in part."""
        found, spans = self._compare(sample.whole)
        for number in sorted(found):
            golden = self.indexed[number]
            if golden.needed <= found[number] and (hit := self._judge(number, len(found[number]), spans[number])):
                yield replace(hit, verdict=_weighed(golden, hit.verdict, sample.whole))

    def _compare(self, words: Words) -> tuple[Mapping[int, set[Words]], Mapping[int, tuple[int, int]]]:
        """By golden: its 5-grams found, and its longest span in this row as (5-grams in it, place of the last)."""
        found: defaultdict[int, set[Words]] = defaultdict(set)
        spans: dict[int, tuple[int, int]] = {}
        runs: dict[tuple[int, int], tuple[int, int]] = {}
        for at, number, place in self.index.shared(word_grams(words, N)):
            last, run = runs.get((number, place - at), (at, 0))
            run = run + 1 if last == at - 1 else 1
            runs[number, place - at] = at, run
            found[number].add(words[at : at + N])
            spans[number] = max(spans.get(number, (0, 0)), (run, place))
        return found, spans

    def _judge(self, number: int, found: int, span: tuple[int, int]) -> Hit | None:
        golden = self.indexed[number]
        run, last = span
        words = golden.words[last - run + 1 : last + N]
        score = found / len(golden.grams)
        short = golden.size < LONG
        verdict = _verdict_of_short(golden, score, run) if short else verdict_of(score, len(words), golden.size)
        if verdict == "leak" and score < LEAK and most_bits(words) < BITS_LEAK:
            verdict = "suspect"
        return Hit(number, "containment", verdict, score, words) if verdict else None


def verdict_of(score: float, span: int, size: int) -> Verdict | None:
    """Of a golden of `size` words, 13 or more. score: share of its sequences in a row; span: words of its longest run.

    Half of the golden is enough, rounded down: of 27 words 13.
    """
    if score >= LEAK or (span >= LONG and span >= size // 2):
        return "leak"
    return "suspect" if score >= SUSPECT else None


def least_places(golden: Indexed) -> float:
    """How many places of a row must hold one of the golden's sequences before it can be found there."""
    if not golden.grams:
        return inf
    if golden.size < LONG:
        return len(golden.grams)
    return min(SUSPECT * len(golden.grams), max(LONG, golden.size // 2) - N + 1)


def _verdict_of_short(golden: Indexed, score: float, run: int) -> Verdict | None:
    """Five to twelve words are said twice by chance: only the whole of them in one piece is worth a look."""
    whole = run == len(golden.places) if golden.in_one_piece else score == 1
    return "suspect" if whole else None


def _weighed(golden: Indexed, verdict: Verdict, row: Words) -> Verdict:
    """With its template a short text is a leak: 13 words or more, verbatim. Not so if it may go on as another text."""
    if golden.needed and golden.open:
        return "suspect"
    whole = golden.size < LONG <= len(golden.words) and f" {' '.join(golden.words)} " in f" {' '.join(row)} "
    return "leak" if whole else verdict


def _indexed(words: Words, own: Own) -> Indexed:
    grams = {place: words[place : place + N] for place in own.places}
    covered = {place + step for place in own.places for step in range(N)}
    needed = frozenset(grams[place] for place in own.needed)
    return Indexed(words, own.places, frozenset(grams.values()), len(covered), needed, own.is_open(len(words)))
