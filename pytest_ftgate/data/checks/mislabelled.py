"""Rows whose label is likely wrong: a classifier that did not see them is sure of another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.near.near_pairs_within import near_pairs
from pytest_ftgate.data.near.together import Together
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.normalize import normal
from pytest_ftgate.data.readers.row import DataRow

MOST = 5000
"""Rows that are looked at, the first ones."""
LEAST = 100
"""Rows without which a classifier learns nothing."""
LEAST_OF_CLASS = 10
UNTOLD = "skipped: the labels are not separable by words"


@dataclass(frozen=True, slots=True)
class _Labelled:
    question: str
    label: str
    path: str
    line: int


class Mislabelled:
    """Keeps the first 5,000 questions and their labels; looks only where answers are a closed set of labels.

    See `outoffold.suspects` for the method. Near duplicates, and rows of one `cluster`, stand in one fold.
    """

    name = "mislabelled"
    advice = "review these labels, most likely errors first"
    level: Level = "warning"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._labels = LabelSet()
        self._rows: list[_Labelled] = []
        self._clusters: dict[str, str] = {}
        self.note = ""

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet."""
        label = self._labels.label(row)
        if label and len(self._rows) < MOST:
            question = normal(row.question)
            self._rows.append(_Labelled(question, label, row.path, row.line))
            if cluster := row.extras.get("cluster"):
                self._clusters[question] = f"cluster {cluster}"
        return ()

    def close(self) -> Iterator[Finding]:
        """The suspects, the surest first."""
        rows = self._of_large_classes()
        if self._labels.is_closed and len(rows) >= LEAST and len({row.label for row in rows}) > 1:
            from pytest_ftgate.data.checks.confident_learning import suspects

            questions, labels = [row.question for row in rows], [row.label for row in rows]
            some = suspects(questions, labels, self._groups(questions), self._seed)
            self.note = f"{len(rows):,} rows checked" if some is not None else UNTOLD
            for found in some or ():
                row = rows[found.place]
                what = f"{row.label!r:.40}, predicted {found.label!r:.40} ({found.probability:.2f})"
                yield Finding(row.path, row.line, what)

    def _of_large_classes(self) -> list[_Labelled]:
        return [row for row in self._rows if self._labels.counts[row.label] >= LEAST_OF_CLASS]

    def _groups(self, questions: Sequence[str]) -> list[int]:
        """A number for each row; near duplicates and rows of one cluster share it."""
        different = list(dict.fromkeys(questions))
        near = [(different[pair.one], different[pair.other]) for pair in near_pairs(different)]
        together = Together([*near, *self._clusters.items()])
        numbers: dict[object, int] = {}
        return [numbers.setdefault(together.of(question), len(numbers)) for question in questions]
