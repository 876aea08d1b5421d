"""not: a grader that must not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.join import outcome_of, reads_calls
from pytest_ftgate.graders.nested import all_graders
from pytest_ftgate.graders.value import Grade, Grader, Kind, Outcome
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Kind):
    """1 - the value of another grader; passes if that one does not (and the value reaches `threshold`).

    `kind = "not_exact"`, "not_regex", "not_contains_all" and so on, for every kind, with the options of that kind, are
    short for it. What the other grader could not measure stays unmeasured; an empty answer does not pass here either.
    grader: a table, the other grader with its `kind` and options.

    Example::

        [[grader]]
        kind = "not"
        grader = { kind = "regex", pattern = "(?i)as an ai" }
        # right = "Paris", wrong = "As an AI, I cannot travel."
    """

    kind: ClassVar[str] = "not"

    grader: Grader
    threshold: float = 0.0

    @property
    def name(self) -> str:
        """With the name of the other grader, "not(regex@1)"."""
        return f"{self.kind}({self.grader.name})"

    @property
    def inner(self) -> tuple[Grader, ...]:
        """The other grader."""
        return (self.grader,)

    @property
    def reads_calls(self) -> bool:
        """Whether all graders in the other one do: a call without text must not pass for what it does not say."""
        return all(reads_calls(grader) for grader in all_graders([self.grader]))

    def with_inner(self, change: Callable[[Grader], Grader]) -> Self:
        """The same with the other grader changed."""
        return replace(self, grader=change(self.grader))

    def check(self, case: Case) -> None:
        """Raises GraderError if the other grader cannot judge the case as it is written."""
        self.grader.check(case)

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Ask the other grader."""
        outcome = outcome_of(self.grader, case, response)
        if not isinstance(outcome, Grade):
            return replace(outcome, grader=self.name)
        value = 1 - outcome.value
        how = "passes, and must not" if outcome.passed else "does not pass, as required"
        return Grade(
            value,
            f"{self.grader.name} {how}: {outcome.reason}",
            self.name,
            passed=not outcome.passed and value >= self.threshold,
        )
