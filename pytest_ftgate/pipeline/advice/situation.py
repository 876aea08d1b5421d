"""What an advice run has measured, in the numbers that the rules look at."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.data.checks.size import FEW
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.power import more_for_floor

CLOSE = 0.10
"""A gap to the target that work on the prompt may close, a share."""
LEAST_MEASURED = 0.95
"""Share of the cases that must have a grade."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One golden set, of several the one that is furthest from its target.

    best: the metric of the base model with the best of its prompts, of the cases with a grade. prompt: which one that
    is. cases: of the set that were to be asked; unasked: the others, which a limit left out. target: what the metric
    must reach. rows: of training data; left_out: others, which max_rows of [data] leaves out. resolution: the smallest
    true difference that all cases of the set find with power .80, a share.
    reference, reference_name: the same metric of another model that was asked, if one was. volume: requests a month.
    break_even: requests a month from which on serving is never dearer than the reference's API, inf if it always is;
    None if it is not known. failed: what came in place of answers, "" if nothing did.
    """

    golden: str
    best: Metric
    prompt: str
    cases: int
    target: float
    rows: int
    resolution: float
    reference: Metric | None = None
    reference_name: str = ""
    volume: float | None = None
    break_even: float | None = None
    unasked: int = 0
    left_out: int = 0
    failed: str = ""

    @property
    def gap(self) -> float:
        """What the best prompt lacks to the target; below 0 if it is above."""
        return self.target - self.best.value

    @property
    def least_gap(self) -> float:
        """Lower bound of the gap, one-sided 95 %."""
        return self.target - self.best.upper

    @property
    def most_gap(self) -> float:
        """Upper bound of the gap, one-sided 95 %."""
        return self.target - self.best.lower

    @property
    def measured(self) -> float:
        """Share of the cases with a grade."""
        return self.best.n / self.cases

    @property
    def rows_missing(self) -> int:
        """Rows to collect until a fine-tune is worth trying."""
        return max(0, FEW - self.rows_there)

    @property
    def rows_there(self) -> int:
        """Training rows, with those that max_rows leaves out."""
        return self.rows + self.left_out

    @property
    def cases_until_shown(self) -> int | None:
        """Cases to add until the lower bound would reach the target, at the rate seen; None if more would not help."""
        return more_for_floor(self.best.n, self.best.value, self.best.lower, self.target)

    @property
    def cases_more(self) -> int | None:
        """Cases to add until the gap would be told from `CLOSE`, at the rate seen; None if more would not help."""
        value, limit = self.best.value, self.target - CLOSE
        if value >= limit:
            return more_for_floor(self.best.n, value, self.best.lower, limit)
        return more_for_floor(self.best.n, 1 - value, 1 - self.best.upper, 1 - limit)

    @property
    def reference_reaches(self) -> bool:
        """Whether the reference is shown to reach the target."""
        return self.reference is not None and self.reference.lower >= self.target

    @property
    def reference_misses(self) -> bool:
        """Whether the reference is shown not to reach the target."""
        return self.reference is not None and self.reference.upper < self.target
