"""Rows that ask and answer the same as a row before, once both are normalised."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.normalize import short_digest
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
        place = self._first.setdefault(short_digest(*row.turns, row.answered, row.rejected or ""), (row.path, row.line))
        if place != (row.path, row.line):
            yield Finding(row.path, row.line, f"duplicate of {place[0]}:{place[1]}")

    def close(self) -> tuple[Finding, ...]:
        """Nothing more."""
        return ()
