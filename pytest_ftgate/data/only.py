"""(Check, path) -> the same check, which sees the rows of one file alone."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_ftgate.data.finding import Check, Finding, Level
from pytest_ftgate.data.row import DataRow


class Only:
    """For what is asked of the training rows and not of all: how many there are, and of which classes."""

    def __init__(self, check: Check, path: str) -> None:
        self._check = check
        self._path = path

    @property
    def name(self) -> str:
        """The check's."""
        return self._check.name

    @property
    def advice(self) -> str:
        """The check's."""
        return self._check.advice

    @property
    def level(self) -> Level:
        """The check's."""
        return self._check.level

    @property
    def note(self) -> str:
        """The check's."""
        return self._check.note

    def see(self, row: DataRow) -> Iterable[Finding]:
        """What the check says to a row of the file; to others nothing."""
        return self._check.see(row) if row.path == self._path else ()

    def close(self) -> Iterable[Finding]:
        """What the check says."""
        return self._check.close()
