"""Rows that ask and answer the same as a row before: questions normalised, answers to the letter."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.normalize import exact, exact_digest, normal
from pytest_ftgate.data.readers.row import DataRow


class Duplicates:
    """Keeps a digest and a place of each row: about 200 bytes."""

    name = "duplicates"
    advice = "keep one of each; duplicates across files leak from training to validation"
    level: Level = "error"
    note = ""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[str, int]] = {}

    def see(self, row: DataRow) -> Iterator[Finding]:
        """The row, if it was there before."""
        answers = map(exact, (row.answered, row.rejected or ""))
        place = self._first.setdefault(exact_digest(*map(normal, row.turns), *answers), (row.path, row.line))
        if place != (row.path, row.line):
            yield Finding(row.path, row.line, f"duplicate of {place[0]}:{place[1]}")

    def close(self) -> tuple[Finding, ...]:
        """Nothing more."""
        return ()
