"""Texts alone among rows with an answer: most often rows whose answer got lost."""

from __future__ import annotations

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import TEXT, DataRow


class Texts:
    """Counts both kinds; one finding, at the first text alone.

    level: an error where golden sets grade answers, since a text alone teaches none.
    """

    name = "texts"
    advice = "fill in the answers, or keep texts for continued pretraining in a pipeline of their own"
    note = ""

    def __init__(self, level: Level = "warning") -> None:
        self.level: Level = level
        self._texts = self._others = 0
        self._first: tuple[str, int] = ("", 0)

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        if row.shape == TEXT:
            self._first = self._first if self._texts else (row.path, row.line)
            self._texts += 1
        else:
            self._others += 1
        return ()

    def close(self) -> tuple[Finding, ...]:
        """How many rows are texts alone, if others are not."""
        if not self._texts or not self._others:
            return ()
        return (Finding(*self._first, f"{self._texts:,} texts alone beside {self._others:,} rows with an answer"),)
