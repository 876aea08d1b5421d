"""(labels of two raters, classes) -> Table: how often which label met which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_ftgate.errors import MetricError


@dataclass(frozen=True, slots=True)
class Table:
    """Labels of two raters on the same n >= 1 cases; the first is a person where the second is a judge.

    classes: every label there is, q >= 2. counts[i][j]: cases that the first calls classes[i], the second classes[j].
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """Cases."""
        return sum(map(sum, self.counts))

    @property
    def agreed(self) -> int:
        """Cases with one and the same label."""
        return sum(row[i] for i, row in enumerate(self.counts))

    @property
    def shares(self) -> list[list[float]]:
        """The counts as shares of n."""
        return [[count / self.n for count in row] for row in self.counts]

    @property
    def first(self) -> list[float]:
        """Share of each class with the first rater."""
        return [sum(row) / self.n for row in self.counts]

    @property
    def second(self) -> list[float]:
        """Share of each class with the second rater."""
        return [sum(column) / self.n for column in zip(*self.counts, strict=True)]


def cross(first: Sequence[str], second: Sequence[str], classes: Sequence[str] = ()) -> Table:
    """The table of two raters' labels, case by case. classes: all there are; (): those that occur, sorted.

    A class that nobody gave still counts: coefficients depend on how many there are to choose from.
    Raises MetricError for no case, fewer than two classes, a label that is none of them.
    """
    known = tuple(classes) or tuple(sorted({*first, *second}))
    pairs = Counter(zip(first, second, strict=True))
    _check(pairs, known)
    return Table(known, tuple(tuple(pairs[one, other] for other in known) for one in known))


def _check(pairs: Counter[tuple[str, str]], classes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{name}'" for name in classes)
    if not pairs:
        raise MetricError("agreement needs at least one case labelled by both raters")
    if len(set(classes)) < 2 or len(set(classes)) < len(classes):
        raise MetricError(f"agreement needs at least two different classes; found {listed}")
    strange = sorted({label for pair in pairs for label in pair} - set(classes))
    if strange:
        raise MetricError(f"'{strange[0]}' is not a known class; known: {listed}")
