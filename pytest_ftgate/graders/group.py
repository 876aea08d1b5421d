"""Base of the graders that hold several others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.join import case_fault, outcome_alone, outcome_of, reads_calls
from pytest_ftgate.graders.value import Failure, Grader, GraderError, Kind, Outcome, Unscored
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Kind):
    """Base of the graders that hold several others.

    graders: a list of tables, each a grader with its `kind` and options; groups may hold groups.
    """

    graders: tuple[Grader, ...]
    threshold: float = 0.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if not self.graders:
            raise GraderError("graders must be a list of one grader or more; found none")

    @property
    def name(self) -> str:
        """With the names of its graders, "any_of(exact@1, regex@1)"."""
        return f"{self.kind}({', '.join(grader.name for grader in self.graders)})"

    @property
    def inner(self) -> tuple[Grader, ...]:
        """Its graders."""
        return self.graders

    @property
    def reads_calls(self) -> bool:
        """Whether one of its graders does."""
        return any(map(reads_calls, self.graders))

    def with_inner(self, change: Callable[[Grader], Grader]) -> Self:
        """The same group with each of its graders changed."""
        return replace(self, graders=tuple(map(change, self.graders)))

    def check(self, case: Case) -> None:
        """Raises GraderError if one of the graders cannot judge the case as it is written."""
        if fault := case_fault(self.graders, case):
            raise GraderError(fault)

    def outcomes(self, case: Case, response: Response) -> list[Outcome]:
        """What each of the graders says."""
        return [outcome_of(grader, case, response) for grader in self.graders]

    def outcomes_alone(self, case: Case, response: Response) -> list[Outcome]:
        """What each of the graders says where the others need not pass."""
        return [outcome_alone(grader, case, response) for grader in self.graders]

    def renamed(self, outcome: Failure | Unscored) -> Failure | Unscored:
        """An outcome that is not measured, as this group's own."""
        return replace(outcome, grader=self.name)
