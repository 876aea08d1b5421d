"""Stage 1: the whole golden is the whole row, once both are normalised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Sample, Words


class Exact:
    """The goldens by their inputs, alone and with their expected values, and as a prompt writes them."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        self._goldens = goldens
        self._index: defaultdict[Words, set[int]] = defaultdict(set)
        for number, golden in enumerate(goldens):
            for words in golden.wordings:
                self._index[words].add(number)

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens that are a question of this row, or all of this row."""
        for number in sorted({number for words in sample.texts for number in self._numbers(words)}):
            yield Hit(number, "exact", "leak", 1.0, self._goldens[number].question)

    def _numbers(self, words: Words) -> set[int]:
        return self._index.get(words, set())
