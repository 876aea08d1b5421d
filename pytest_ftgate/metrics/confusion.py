"""Counts of (expected, predicted) labels -> a table, with own columns for answers that are no known label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

MOST_LABELS = 12
"""A table of more does not fit on a screen."""

NO_LABEL = "(no label)"
NOT_MEASURED = "(not measured)"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows are expected labels, columns predicted ones; `counts[row][column]` are cases.

    columns: the rows' labels in the same order, then NO_LABEL and, where there are such cases, NOT_MEASURED.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def to_json(self) -> dict[str, Any]:
        """rows, columns; cells: [row, column, count] of those that are not empty, by their places."""
        cells = [
            [row, column, count]
            for row, counts in enumerate(self.counts)
            for column, count in enumerate(counts)
            if count
        ]
        return {"rows": list(self.rows), "columns": list(self.columns), "cells": cells}

    def lines(self) -> list[str]:
        """The table as lines of text, without trailing space."""
        head = ["expected \\ predicted", *self.columns]
        body = [[row, *map(str, counts)] for row, counts in zip(self.rows, self.counts, strict=True)]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        return [_line(cells, widths) for cells in [head, *body]]

    def lines_in_short(self) -> list[str]:
        """The table; of more than `MOST_LABELS` labels the pairs that are confused most often."""
        return self.lines() if len(self.rows) <= MOST_LABELS else list(self._confused())

    def _confused(self) -> Iterator[str]:
        pairs = [
            (count, f"{row} -> {column}")
            for row, counts in zip(self.rows, self.counts, strict=True)
            for column, count in zip(self.columns, counts, strict=True)
            if count and row != column
        ]
        pairs.sort(key=lambda pair: (-pair[0], pair[1]))
        yield f"{len(self.rows)} labels; confused most often (expected -> predicted):"
        yield from (f"{count:>5}  {pair}" for count, pair in pairs[:MOST_LABELS])

    @property
    def cases(self) -> int:
        """How many cases the table counts."""
        return sum(map(sum, self.counts))

    def macro_f1(self) -> float:
        """Plain mean of the F1 of each label that a case expects, in [0, 1]; the table counts a case at least."""
        claimed = [sum(column) for column in zip(*self.counts, strict=True)]
        rows = [(counts[place], sum(counts), claimed[place]) for place, counts in enumerate(self.counts)]
        return fmean(2 * hits / (expected + found) for hits, expected, found in rows if expected)


def _line(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])
