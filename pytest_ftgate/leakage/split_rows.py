"""Two rows, one after the other -> the goldens that begin at the end of one and go on at the start of the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Plain, Sample
from pytest_ftgate.data.near.text import split
from pytest_ftgate.leakage.containment import LONG, Containment, N

SPLIT = "split"
AROUND = 2 * LONG
"""Words on either side of the border: of a golden that is longer, the greater part is found where it is."""


class SplitRows:
    """contained: the goldens by their sequences of five words."""

    def __init__(self, contained: Containment) -> None:
        self._contained = contained

    def find(self, first: Plain, second: Plain) -> Iterator[Hit]:
        """The goldens that stand across the border of two rows' questions."""
        one, other = first.question or first.whole, second.question or second.whole
        if not (self._known(one.rsplit(" ", N)[-N:]) or self._known(other.split(" ", N)[:N])):
            return
        before, after = split(one)[-AROUND:], split(other)[:AROUND]
        for hit in self._contained.find(Sample((), before + after)):
            span = " ".join(hit.span)
            if span not in one and span not in other:
                yield replace(hit, stage=SPLIT)

    def _known(self, words: list[str]) -> bool:
        return tuple(words) in self._contained.index
