"""Classes that are hardly there, where short answers are labels."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.labels import is_short
from pytest_ftgate.data.finding import Finding, Level
from pytest_ftgate.data.normal import normal
from pytest_ftgate.data.row import DataRow

MOST_CLASSES = 20
LEAST_ROWS = 10
"""Rows a class, on average, from which on short answers count as classes."""
RARE = 0.1
"""Share of an equal share below which a class is rare: of two classes 5 %, of ten 1 %."""


class Balance:
    """Counts the rows of at most 20 different short answers; more are no classes."""

    name = "balance"
    advice = "add rows of these, or take some of the others out"
    level: Level = "warning"

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._rows = 0
        self._free = False

    @property
    def note(self) -> str:
        """The share of each class, the largest first."""
        if not self.classes:
            return ""
        shares = sorted(self._counts.items(), key=lambda pair: -pair[1])
        return "classes: " + ", ".join(f"{answer} {count / self._rows:.1%}" for answer, count in shares)

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        self._rows += 1
        answer = normal(row.answer)
        if self._free or not is_short(answer) or (answer not in self._counts and len(self._counts) == MOST_CLASSES):
            self._free = True
        else:
            self._counts[answer] = self._counts.get(answer, 0) + 1
            self._places.setdefault(answer, (row.path, row.line))
        return ()

    def close(self) -> Iterator[Finding]:
        """The first row of each rare class, or of the only one."""
        if not self.classes:
            return
        rare = RARE * self._rows / len(self._counts)
        for answer, count in self._counts.items():
            if count < rare or count == self._rows:
                only = "the only answer" if count == self._rows else f"{count} of {self._rows:,} rows"
                yield Finding(*self._places[answer], f"{answer!r:.40}: {only}")

    @property
    def classes(self) -> tuple[str, ...]:
        """The different answers so far, normalised; none if they are free text, or too many for so few rows."""
        closed = not self._free and self._rows >= LEAST_ROWS * max(1, len(self._counts))
        return tuple(self._counts) if closed else ()
