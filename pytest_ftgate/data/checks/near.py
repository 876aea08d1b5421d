"""Rows whose question is nearly that of another: Jaccard's index of character 5-grams at least .8."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.near.near_pairs_within import compared
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.readers.row import DataRow

MOST = 1_000_000
"""Different questions that are compared: bounds the memory, a kilobyte each."""


class NearDuplicates:
    """Near pairs among the first million different questions, see `compared`.

    Equal questions are left to the checks of duplicates and contradictions; those of under five words are not near to
    anything. What stands in a fifth of the questions is their template and no evidence.
    """

    name = "near"
    advice = "keep one of each, or give them one `cluster` to keep them in one split"
    level: Level = "warning"

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, int]] = {}
        self._more = 0
        self._shared = ""

    @property
    def note(self) -> str:
        """How many questions, and what of them, were not compared."""
        more = f"{self._more:,} rows not compared (limit: {MOST:,} different questions)" if self._more else ""
        return "; ".join(filter(None, (more, self._shared)))

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        question = normal(row.question)
        if question not in self._places:
            if len(self._places) < MOST:
                self._places[question] = (row.path, row.line)
            else:
                self._more += 1
        return ()

    def close(self) -> Iterator[Finding]:
        """Each question that is near to one before it, and the nearest of these."""
        nearest: dict[int, tuple[float, int]] = {}
        found = compared(list(self._places))
        self._shared = found.note
        for one, other, score in found.pairs:
            before, number = sorted((one, other))
            nearest[number] = max(nearest.get(number, (0.0, 0)), (score, -before))
        places = list(self._places.values())
        for number, (score, before) in sorted(nearest.items()):
            path, line = places[-before]
            yield Finding(*places[number], f"similarity {score:.2f} to {path}:{line}")
