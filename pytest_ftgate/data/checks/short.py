"""Answers of a word or two where answers are long: cut off, or placeholders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.files.words import word_count

LONG = 20
"""Words of the median answer from which on answers count as long."""
SHORT = 2
MOST_KEPT = 1000


class Short:
    """Keeps a count for each length, and the places of at most 1,000 short answers."""

    name = "short"
    advice = "check whether these answers were cut off; most are long"
    level: Level = "warning"

    def __init__(self) -> None:
        self._lengths: Counter[int] = Counter()
        self._kept: list[Finding] = []

    @property
    def note(self) -> str:
        """Empty."""
        return ""

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet: only all rows tell whether answers are long."""
        words = word_count(row.answer)
        self._lengths[words] += 1
        if 0 < words <= SHORT and len(self._kept) < MOST_KEPT:
            self._kept.append(Finding(row.path, row.line, f"{words} word{'s' * (words > 1)}"))
        return ()

    def close(self) -> Iterator[Finding]:
        """The short answers, if the median is long."""
        if self._median() >= LONG:
            yield from self._kept

    def _median(self) -> int:
        below, half = 0, (self._lengths.total() + 1) // 2
        for words in sorted(self._lengths):
            below += self._lengths[words]
            if below >= half:
                return words
        return 0
