"""(goldens, training rows, encoder) -> the nearest row of each golden by meaning: advice, never a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.errors import LeakageError

BATCH = 256
"""Rows that are embedded at once; only the nearest of each golden is kept."""
LEAST = 0.8
"""Cosine from which on a pair is shown, unless told otherwise. Models differ: scores of two are not comparable."""
_LISTED = 20
_SHOWN = 100

Encode = Callable[[Sequence[str]], Any]
"""Texts -> array (texts, dimensions) of vectors of length 1."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """golden: its name. file, line: of the nearest row. score: cosine in [-1, 1]. asked, text: the two questions.

    answer: what the golden expects, row: all text of the row; "" where nobody asks a judge.
    """

    golden: str
    file: str
    line: int
    score: float
    asked: str
    text: str
    answer: str = ""
    row: str = ""

    def __str__(self) -> str:
        texts = f"{shown(self.asked)} ~ {shown(self.text)}"
        return f"{self.file}:{self.line}: similarity {self.score:.2f} to golden case {self.golden}: {texts}"


def nearest_rows(goldens: Sequence[tuple[str, str]], rows: Iterable[Row], encode: Encode) -> list[Nearest]:
    """The nearest row of each golden, the closest pair first; of equally near rows the first.

    goldens: (name, question) of each. rows: read once; a row without a question is taken whole, one without text is
    passed over. Raises LeakageError if there is nothing to compare.
    """
    asked = [golden for golden in goldens if golden[1].strip()]
    best: dict[int, Nearest] = {}
    vectors = encode([text for _, text in asked]) if asked else ()
    for batch in _batches(rows):
        scores = vectors @ encode([text for _, text in batch]).T if asked else ()
        for number, (of_golden, golden) in enumerate(zip(scores, asked, strict=True)):
            place = int(of_golden.argmax())
            if number not in best or best[number].score < float(of_golden[place]):
                row, text = batch[place]
                score, whole = float(of_golden[place]), row.whole
                best[number] = Nearest(golden[0], row.path, row.line, score, golden[1], text, row=whole)
    if not best:
        raise LeakageError("nothing to compare by embedding: no golden cases with text, or no training rows")
    return sorted(best.values(), key=lambda nearest: -nearest.score)


def _batches(rows: Iterable[Row]) -> Iterator[Sequence[tuple[Row, str]]]:
    texts = ((row, row.question or row.whole) for row in rows)
    with_text = ((row, text) for row, text in texts if text.strip())
    while batch := list(islice(with_text, BATCH)):
        yield batch


def headline(found: Sequence[Nearest], model: str, least: float) -> str:
    """How many goldens have a row of at least that cosine."""
    asked = f"advisory; {model}, cosine >= {least:g}"
    return f"embedding matches ({asked}): {len(near_ones(found, least)):,} of {len(found):,} golden cases"


def near_ones(found: Sequence[Nearest], least: float) -> list[Nearest]:
    """Those whose cosine is at least `least`."""
    return [nearest for nearest in found if nearest.score >= least]


def advice(found: Sequence[Nearest], model: str, least: float) -> Iterator[str]:
    """The lines for a person: of each golden the nearest row, if its cosine is at least `least`."""
    near = near_ones(found, least)
    yield headline(found, model, least)
    for nearest in near[:_LISTED]:
        yield f"  {nearest}"
    if len(near) > _LISTED:
        yield f"  and {len(near) - _LISTED:,} more"
    if not near and found:
        yield f"  highest similarity: {found[0].score:.2f}"


def shown(text: str, most: int = _SHOWN) -> str:
    """A text on one line, in quotes, cut to so many characters; what a terminal would obey is escaped."""
    line = " ".join(text.split())
    return repr(line if len(line) <= most else f"{line[: most - 3]}...")
