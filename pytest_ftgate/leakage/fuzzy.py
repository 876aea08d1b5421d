"""Stage 4: the golden and the row, or a question of it, are nearly one text, both without the goldens' templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_ftgate.data.near import jaccard_join
from pytest_ftgate.data.near.hit import Hit, Verdict
from pytest_ftgate.data.near.normalized import Golden, Sample, Words
from pytest_ftgate.data.near.own_text import Templates
from pytest_ftgate.leakage.repetition import of_repetitive

LONG = 13
"""Own words from which on a text in a template is compared as any other."""


class Fuzzy:
    """The join of `data.near` on what is the goldens' own; what may be a template in a row is taken off there too."""

    def __init__(self, goldens: Sequence[Golden], templates: Templates | None = None) -> None:
        """templates: of these goldens, if they are known."""
        self._goldens, self._templates = goldens, templates or Templates(goldens)
        cores = [self._templates.core(golden) for golden in goldens]
        self._cores = [golden.question for golden in cores]
        self.join = jaccard_join.Fuzzy(cores)

    def find(self, sample: Sample) -> Iterator[Hit]:
        """The goldens that are nearly this row or nearly a question of it."""
        pieces = dict.fromkeys(piece for words in sample.texts for piece in self._templates.pieces(words))
        others = tuple(words for words in pieces if words and words not in sample.texts)
        for hit in self.join.find(replace(sample, others=sample.others + others) if others else sample):
            verdict = self._verdict(hit, sample)
            if verdict and (verdict := of_repetitive(verdict, hit.span, self._cores[hit.golden])):
                yield replace(hit, verdict=verdict)

    def _verdict(self, hit: Hit, sample: Sample) -> Verdict | None:
        """A golden with but a few words of its own is not near to a row that lacks them.

        What is left of one template is like what is left of another: fewer than 13 words are near from .8 on only.
        """
        words = self._goldens[hit.golden].question
        own = self._templates.own(words)
        if not own.needed:
            return None if len(own.words) < min(LONG, len(words)) and hit.verdict == "suspect" else hit.verdict
        if not all(_stands(run, sample.whole) for run in own.runs(words)):
            return None
        return "suspect" if own.is_open(len(words)) else hit.verdict


def _stands(run: Words, text: Words) -> bool:
    return f" {' '.join(run)} " in f" {' '.join(text)} "
