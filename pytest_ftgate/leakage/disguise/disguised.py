"""(goldens) -> Disguised: (batch of rows) -> the goldens in rows that look disguised, once the disguise is undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_ftgate.data.near.hit import Hit
from pytest_ftgate.data.near.normalized import Golden, Plain, bare_text
from pytest_ftgate.data.near.own_text import Templates
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.text import split
from pytest_ftgate.data.near.wrapping import Wrappings
from pytest_ftgate.leakage.disguise.letters import Letters
from pytest_ftgate.leakage.disguise.signs import suspicious
from pytest_ftgate.leakage.disguise.squeezed import squeezed

PIECE, OVERLAP = 1 << 17, 1 << 15
"""Letters of a row that are compared at once, and how many of them belong to the next piece too: bounds the memory."""


class Disguised:
    """The goldens, as letters."""

    def __init__(
        self, goldens: Sequence[Golden], wrappings: Wrappings | None = None, templates: Templates | None = None
    ) -> None:
        """templates: of the goldens' questions, if they are known."""
        self.letters, self._wrappings = Letters(goldens, templates), wrappings or Wrappings()

    def find(self, rows: Sequence[Row], plain: Sequence[Plain]) -> Iterator[tuple[int, list[Hit]]]:
        """(place of a row, goldens found in it), of the rows that look disguised. plain: the rows, normalised."""
        for place in suspicious(plain):
            asked, raw = rows[place].question, plain[place].raw
            bare = [bare_text(text) for text in dict.fromkeys((raw, asked, *rows[place].other_questions))]
            whole, *others = [squeezed(split(text)) for text in (*bare, *self._wrappings.inside(bare))]
            if hits := [hit for piece in _pieces(whole) for hit in self.letters.find(whole, piece, others)]:
                yield place, hits


def _pieces(text: str) -> Iterator[str]:
    yield from (text[start : start + PIECE] for start in range(0, max(1, len(text) - OVERLAP), PIECE - OVERLAP))
