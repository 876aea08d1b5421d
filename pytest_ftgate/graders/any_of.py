"""any_of: one of several graders must pass, or some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.group import Group
from pytest_ftgate.graders.join import of_type, reasons, unmeasured
from pytest_ftgate.graders.value import Grade, GraderError, Outcome
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Group):
    """The greatest value of several graders; passes if one of them passes (and the value reaches `threshold`).

    A grader that could not measure does no harm where others have passed with 1.0; else the whole group is unmeasured.
    at_least: how many graders must pass; the value is then the second greatest for 2, and so on.

    Example::

        [[grader]]
        kind = "any_of"
        graders = [{ kind = "exact" }, { kind = "regex", pattern = "(?i)not (known|sure)" }]
        # expected = "Paris", right = "I am not sure.", wrong = "Rome"
    """

    kind: ClassVar[str] = "any_of"

    at_least: int = 1

    def __post_init__(self) -> None:
        Group.__post_init__(self)
        if not 1 <= self.at_least <= len(self.graders):
            raise GraderError(f"at_least is {self.at_least}; must be 1 to {len(self.graders)}, the number of graders")

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Ask each of the graders."""
        outcomes = self.outcomes_alone(case, response)
        grades = of_type(Grade, outcomes)
        passed = [grade for grade in grades if grade.passed]
        value = self._value(grades)
        if (not_known := unmeasured(outcomes)) is not None and not (value == 1 and len(passed) >= self.at_least):
            return self.renamed(not_known)
        if len(passed) >= self.at_least:
            return Grade(value, reasons(passed), self.name, value >= self.threshold)
        counts = f"{len(passed)} of {len(grades)} passed, required {self.at_least}"
        return Grade(
            value, f"{counts}; {reasons(grade for grade in grades if not grade.passed)}", self.name, passed=False
        )

    def _value(self, grades: Sequence[Grade]) -> float:
        """The greatest, or the `at_least`-th greatest; 0 if there are not so many."""
        values = sorted((grade.value for grade in grades), reverse=True)
        return values[self.at_least - 1] if len(values) >= self.at_least else 0.0
