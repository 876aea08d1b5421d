"""(Check, which rows) -> the same check, which sees these rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_ftgate.data.checks.finding import Check, Finding, Level
from pytest_ftgate.data.readers.row import DataRow


class Only:
    """For what is asked of the training rows and not of all: how many there are, and of which classes."""

    def __init__(self, check: Check, counts: Callable[[DataRow], bool]) -> None:
        self._check = check
        self._counts = counts

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
        """What the check says to a row that counts; to others nothing."""
        return self._check.see(row) if self._counts(row) else ()

    def close(self) -> Iterable[Finding]:
        """What the check says."""
        return self._check.close()
