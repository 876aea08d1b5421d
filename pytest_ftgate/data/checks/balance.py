"""Classes that are hardly there, where short answers are labels."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.row import DataRow

RARE = 0.1
"""Share of an equal share below which a class is rare: of two classes 5 %, of ten 1 %."""


class Balance:
    """Counts the rows of at most 20 different short answers; more are no classes."""

    name = "balance"
    advice = "add rows of these classes, or downsample the others"
    level: Level = "warning"

    def __init__(self) -> None:
        self._labels = LabelSet()
        self._places: dict[str, tuple[str, int]] = {}

    @property
    def note(self) -> str:
        """The share of each class, the largest first."""
        counts = self._labels.counts
        if not self._labels.is_closed:
            return ""
        return "classes: " + ", ".join(f"{label} {count / counts.total():.1%}" for label, count in counts.most_common())

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        if label := self._labels.label(row):
            self._places.setdefault(label, (row.path, row.line))
        return ()

    def close(self) -> Iterator[Finding]:
        """The first row of each rare class, or of the only one."""
        if not self._labels.is_closed:
            return
        rows = self._labels.counts.total()
        for label, count in self._labels.counts.items():
            if count < RARE * rows / len(self._labels.counts) or count == rows:
                only = "the only answer" if count == rows else f"{count} of {rows:,} rows"
                yield Finding(*self._places[label], f"{label!r:.40}: {only}")
