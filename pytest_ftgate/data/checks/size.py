"""Fewer rows than a fine-tune needs."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import DataRow

FEW = 200
ENOUGH = 500


class Size:
    """Counts rows of all files together."""

    name = "size"
    advice = f"too few for a robust fine-tune: {FEW} at least, {ENOUGH} or more recommended"
    note = ""

    def __init__(self) -> None:
        self._rows = 0

    @property
    def level(self) -> Level:
        """An error under 200 rows."""
        return "error" if self._rows < FEW else "warning"

    def see(self, row: DataRow) -> tuple[Finding, ...]:  # noqa: ARG002
        """Nothing yet."""
        self._rows += 1
        return ()

    def close(self) -> Iterator[Finding]:
        """One finding if there are fewer than 500."""
        if self._rows < ENOUGH:
            yield Finding(f"{self._rows:,} rows", 0)
