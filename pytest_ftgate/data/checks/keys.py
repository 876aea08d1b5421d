"""Unused keys of rows: what they say is not learnt."""

from __future__ import annotations

from collections import Counter

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import DataRow

MOST = 20
"""Different keys that are listed; a file whose keys are contents has as many as rows."""


class UnusedKeys:
    """Counts them; all are one finding, at the first row that has one."""

    name = "keys"
    advice = "remove them, or map the one that asks or answers: [data.columns], --column"
    level: Level = "warning"
    note = ""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._first: tuple[str, int] | None = None
        self._others = 0

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        for key in row.unused:
            self._first = self._first or (row.path, row.line)
            if key in self._rows or len(self._rows) < MOST:
                self._rows[key] += 1
            else:
                self._others += 1
        return ()

    def close(self) -> tuple[Finding, ...]:
        """Each key with the number of rows that have it."""
        if self._first is None:
            return ()
        told = [f"{key!r} in {count:,} row{'s' if count > 1 else ''}" for key, count in self._rows.most_common()]
        told += [f"other keys {self._others:,} times"] if self._others else []
        return (Finding(*self._first, f"not used: {', '.join(told)}"),)
