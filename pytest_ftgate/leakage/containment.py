"""Stages 2 and 3: how much of a golden, in sequences of five words, stands anywhere in a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_ftgate.data.near.hit import Hit, Verdict
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.template_threshold import least_of_template
from pytest_ftgate.leakage.information import BITS_LEAK, most_bits

N = 5
LEAK = 0.8
SUSPECT = 0.5
LONG = 13
"""A golden of at least so many words is judged by containment; so long is also the least span that is a leak."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A golden's 5-grams without the templates'. places: where they begin. size: how many words they cover."""

    words: Words
    places: tuple[int, ...]
    grams: frozenset[Words]
    size: int


class Containment:
    """Index of the goldens' 5-grams: what stands in many goldens is their template, and no evidence."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        self.indexed = _indexed([golden.question for golden in goldens])
        self.index: Mapping[Words, Sequence[tuple[int, int]]] = _places(self.indexed)

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens of at least five words that stand in this row, whole or in part."""
        if self.index.keys().isdisjoint(_grams(sample.whole)):
            return
        found, spans = self._compare(sample.whole)
        for number in sorted(found):
            if hit := self._judge(number, len(found[number]), spans[number]):
                yield hit

    def _compare(self, words: Words) -> tuple[Mapping[int, set[Words]], Mapping[int, tuple[int, int]]]:
        """By golden: its 5-grams found, and its longest span in this row as (5-grams in it, place of the last)."""
        found: defaultdict[int, set[Words]] = defaultdict(set)
        spans: dict[int, tuple[int, int]] = {}
        runs: dict[tuple[int, int], int] = {}
        for gram in _grams(words):
            going: dict[tuple[int, int], int] = {}
            for number, place in self.index.get(gram, ()):
                run = going[number, place] = runs.get((number, place - 1), 0) + 1
                found[number].add(gram)
                spans[number] = max(spans.get(number, (0, 0)), (run, place))
            runs = going
        return found, spans

    def _judge(self, number: int, found: int, span: tuple[int, int]) -> Hit | None:
        golden = self.indexed[number]
        run, last = span
        words = golden.words[last - run + 1 : last + N]
        score = found / len(golden.grams)
        verdict = _verdict_of_short(golden, run) if golden.size < LONG else verdict_of(score, len(words), golden.size)
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


def _verdict_of_short(golden: Indexed, run: int) -> Verdict | None:
    """Five to twelve words are said twice by chance: only the whole of them in one piece is worth a look."""
    return "suspect" if run == len(golden.places) else None


def _grams(words: Words) -> Iterator[Words]:
    return zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)


def _indexed(texts: Sequence[Words]) -> tuple[Indexed, ...]:
    counts = Counter(gram for words in texts for gram in set(_grams(words)))
    least = least_of_template(len(texts))
    return tuple(_without_templates(words, counts, least) for words in texts)


def _without_templates(words: Words, counts: Mapping[Words, int], least: float) -> Indexed:
    """Never without all of its 5-grams: a golden that is nothing but template keeps them."""
    everywhere = list(enumerate(_grams(words)))
    own = [(place, gram) for place, gram in everywhere if counts[gram] < least] or everywhere
    covered = {place + step for place, _ in own for step in range(N)}
    return Indexed(words, tuple(place for place, _ in own), frozenset(gram for _, gram in own), len(covered))


def _places(goldens: Sequence[Indexed]) -> dict[Words, list[tuple[int, int]]]:
    index: defaultdict[Words, list[tuple[int, int]]] = defaultdict(list)
    for number, golden in enumerate(goldens):
        for place in golden.places:
            index[golden.words[place : place + N]].append((number, place))
    return dict(index)
