"""Rows that a model wrote: how many, and those that nobody has looked at."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import is_synthetic, is_unreviewed

MOST = 0.3
"""Share from which on a model learns more from models than from people: about 70:30 is usual."""


class Synthetic:
    """Counts rows with `"synthetic": true`; one that nobody reviewed is an error, since it does not train."""

    name = "synthetic"

    def __init__(self) -> None:
        self._rows = self._synthetic = self._unreviewed = 0

    @property
    def level(self) -> Level:
        """An error if a row is unreviewed."""
        return "error" if self._unreviewed else "warning"

    @property
    def advice(self) -> str:
        """What to do about the worse of the two."""
        return "review them: ftgate data review" if self._unreviewed else "add human-written rows"

    @property
    def note(self) -> str:
        """The share."""
        return f"synthetic rows: {self._synthetic / self._rows:.1%}" if self._synthetic else ""

    def see(self, row: DataRow) -> Iterator[Finding]:
        """The row if it is unreviewed."""
        self._rows += 1
        self._synthetic += is_synthetic(row.extras)
        if is_unreviewed(row.extras):
            self._unreviewed += 1
            yield Finding(row.path, row.line, "unreviewed")

    def close(self) -> Iterator[Finding]:
        """One finding if more than 30 % are synthetic."""
        if self._synthetic > MOST * self._rows:
            yield Finding(f"{self._synthetic:,} of {self._rows:,} rows are synthetic", 0, f"over {MOST:.0%}")
