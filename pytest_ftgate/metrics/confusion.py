"""Counts of (expected, predicted) labels -> a table, with own columns for answers that are no known label."""

from __future__ import annotations

from dataclasses import dataclass

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

    def lines(self) -> list[str]:
        """The table as lines of text, without trailing space."""
        head = ["expected \\ predicted", *self.columns]
        body = [[row, *map(str, counts)] for row, counts in zip(self.rows, self.counts, strict=True)]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        return [_line(cells, widths) for cells in [head, *body]]


def _line(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])
