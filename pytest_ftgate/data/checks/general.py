"""How many rows are of no task at all, but of general skills: mixed in so that a fine-tune does not forget them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.general import is_general
from pytest_ftgate.data.readers.row import DataRow

LEAST, MOST = 0.05, 0.10
"""Recommended shares against forgetting."""


class General:
    """Counts rows with `"source": "general"`. watched: the pipeline measures forgetting; else none are needed."""

    name = "general"
    advice = 'mix in 5 to 10 % general instructions ("source": "general") to limit forgetting'
    level: Level = "warning"

    def __init__(self, *, watched: bool = False) -> None:
        self._watched = watched
        self._rows = self._general = 0

    @property
    def note(self) -> str:
        """The share."""
        return f"general rows: {self._general / self._rows:.1%}" if self._general else ""

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        self._rows += 1
        self._general += is_general(row.extras)
        return ()

    def close(self) -> Iterator[Finding]:
        """One finding if the share is outside of 5 to 10 %, rounded to whole rows."""
        if self._watched and not int(LEAST * self._rows) <= self._general <= MOST * self._rows + 1:
            yield Finding(f"{self._general:,} of {self._rows:,} rows are general", 0)
