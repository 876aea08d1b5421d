"""all_of: every one of several graders must pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.group import Group
from pytest_ftgate.graders.join import joined
from pytest_ftgate.graders.value import Grade, Outcome
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf(Group):
    """The least value of several graders; passes if all of them pass (and the value reaches `threshold`).

    What a set's list of graders means anyway; for use inside `any_of` and `weighted`. A grader that could not measure
    leaves the whole group unmeasured.

    Example::

        [[grader]]
        kind = "all_of"
        graders = [
          { kind = "contains", values = ["sorry"], ignore_case = true },
          { kind = "length", max_words = 20 },
        ]
        # right = "Sorry, we are closed.", wrong = "We are closed."
    """

    kind: ClassVar[str] = "all_of"

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Ask each of the graders."""
        outcome = joined(self.outcomes(case, response))
        if not isinstance(outcome, Grade):
            return self.renamed(outcome)
        passed = outcome.passed and outcome.value >= self.threshold
        return Grade(outcome.value, outcome.reason, self.name, passed)
