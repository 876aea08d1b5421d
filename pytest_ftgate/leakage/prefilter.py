"""Normalised rows, many at once -> those that a stage could find a golden in; never without one that a stage would.

Proof, stage by stage. A *place* is where a sequence begins in a row; equal sequences have equal codes
(`rolling_hash`), and what is counted is the places of the row whose code is one of the golden's, so never fewer than
its sequences there.

- exact: each question of the row, and all of it, is looked up as a whole.
- containment, of questions or of answers: a golden of 13 words or more is reported if half of its distinct 5-word
  sequences stand in the row (at that many places at least), or a common span of at least 13 words and half of the
  golden, rounded down; a span of s words is s - 4 places. A shorter golden is reported if all of its sequences stand
  in the row, at a place each.
- edited: a golden is reported only if so many of its rarest 3-word sequences stand in the row, at a place each.
- fuzzy: J(A, B) >= t means |A & B| >= t |A | B| >= t |A|. Let P be any part of the golden's grams A: at most |A| - |P|
  of the shared ones lie outside P, so at least t |A| - |A| + |P| of P stand in the row, at a place each. P is the
  rarest part, just large enough that a row must share some dozens of them. |A| is the number of grams, |P| of codes:
  should two grams of one golden have one code, the bound is only lower. The question is a part of the whole row, or is
  looked at by itself.

So a row that is dropped here fails a condition that every stage's finding implies. `tests/unit/leakage` compares the
findings with and without the filter on thousands of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytest_ftgate.data.near import jaccard_join
from pytest_ftgate.data.near.join_filter import SUSPECT, rarest
from pytest_ftgate.data.near.ngrams import text_of_words
from pytest_ftgate.data.near.normalized import Golden, Plain
from pytest_ftgate.data.near.rolling_hash import bytes_of, joined, letter_codes, word_codes
from pytest_ftgate.leakage import containment, edited
from pytest_ftgate.leakage.batch_counts import Counting

LETTERS, WORDS, EDITED = "letters", "words", "edited"
"""Sequences by which a stage could find a golden: near texts; containment, of answers too; edited copies."""
LONGEST = 1 << 18
"""Characters of a row that is looked at here; a longer one goes to the stages as it is."""


class Prefilter:
    """Made of the stages' own indexes, so that both mean the same templates and the same goldens."""

    def __init__(
        self,
        goldens: Sequence[Golden],
        contained: Sequence[containment.Containment],
        near: jaccard_join.Fuzzy,
        copies: edited.Edited,
    ) -> None:
        self._wholes = frozenset(text_of_words(words) for golden in goldens for words in golden.wordings)
        self._words = _of_words([golden for stage in contained for golden in stage.indexed])
        self._letters = _of_letters(near.indexed)
        self._edited = _of_edited(list(copies.indexed.values()))

    def passing(self, rows: Sequence[Plain]) -> list[int]:
        """Places of the rows that a stage could find a golden in, in order."""
        return sorted(self.told(rows))

    def told(self, rows: Sequence[Plain]) -> dict[int, set[str]]:
        """Of each of these by which sequences, by its place; rows of one benchmark share letters rather than words."""
        found = {place: {LETTERS, WORDS, EDITED} for place, row in enumerate(rows) if self._surely(row)}
        texts = [(place, text) for place, row in enumerate(rows) if place not in found for text in row.apart]
        for some in _pieces(texts):
            for by, passed in self._passing([text for _, text in some]).items():
                for each in np.flatnonzero(passed):
                    found.setdefault(some[each][0], set()).add(by)
        return found

    def _surely(self, row: Plain) -> bool:
        return len(row.whole) > LONGEST or not self._wholes.isdisjoint((row.whole, row.question, *row.others))

    def _passing(self, texts: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
        together, ends = joined(texts)
        return {
            LETTERS: self._letters.passing(letter_codes(together), None, ends),
            EDITED: self._edited.passing(*word_codes(together, edited.N), ends),
            WORDS: self._words.passing(*word_codes(together), ends),
        }


def _pieces(texts: Sequence[tuple[int, str]]) -> Iterator[Sequence[tuple[int, str]]]:
    """The texts, so many at a time that memory stays small."""
    some: list[tuple[int, str]] = []
    size = 0
    for each in texts:
        if some and size + len(each[1]) > LONGEST:
            yield some
            some, size = [], 0
        some.append(each)
        size += len(each[1])
    if some:
        yield some


def _of_words(goldens: Sequence[containment.Indexed]) -> Counting:
    codes = [np.unique(word_codes(bytes_of(text_of_words(golden.words)))[0][list(golden.places)]) for golden in goldens]
    return Counting(codes, np.array([containment.least_places(golden) for golden in goldens]))


def _of_edited(goldens: Sequence[edited.Indexed]) -> Counting:
    runs = (bytes_of(text_of_words([word for gram in golden.rarest for word in gram])) for golden in goldens)
    codes = [np.unique(word_codes(each, edited.N)[0][:: edited.N]) for each in runs]
    return Counting(codes, np.array([golden.floor for golden in goldens], np.float64))


def _of_letters(goldens: Sequence[jaccard_join.Indexed]) -> Counting:
    """Of each golden its rarest codes: as few as leave the least number of shared ones above chance."""
    sizes = np.array([golden.size for golden in goldens], np.float64)
    codes = rarest([golden.codes for golden in goldens], sizes)
    return Counting(codes, SUSPECT * sizes - sizes + [len(each) for each in codes])
