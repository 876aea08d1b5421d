"""Answers -> whether they are labels: short, and few different ones."""

from __future__ import annotations

from collections import Counter

from pytest_ftgate.data.readers.general import is_general
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.files.words import word_count

SHORT = 5
"""Words."""
MOST_CLASSES = 20
LEAST_ROWS = 10
"""Rows a class, on average, from which on short answers count as classes."""


def is_short(answer: str) -> bool:
    """One to five words, as `word_count` counts them: as of a label or of a small JSON object."""
    return 0 < word_count(answer) <= SHORT and len(answer) <= 100


class LabelSet:
    """The labels of rows seen one after the other, while there are at most 20; with more, answers are free text.

    counts: rows of each. General rows, which belong to no task, have no label.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.is_free = False

    def label(self, row: DataRow) -> str:
        """The row's, normalised; "" if it has none."""
        if self.is_free or is_general(row.extras):
            return ""
        label = normal(row.answer)
        if not is_short(label) or (label not in self.counts and len(self.counts) == MOST_CLASSES):
            self.is_free = True
            return ""
        self.counts[label] += 1
        return label

    @property
    def is_closed(self) -> bool:
        """Whether the answers seen are labels."""
        return not self.is_free and self.counts.total() >= LEAST_ROWS * max(1, len(self.counts))
