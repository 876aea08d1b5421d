"""weighted: the weighted mean of several graders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.group import Group
from pytest_ftgate.graders.join import of_type, reasons, unmeasured
from pytest_ftgate.graders.value import Grade, GraderError, Outcome
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted(Group):
    """The weighted mean of the values of several graders; their own thresholds do not count.

    A grader that could not measure leaves the whole group unmeasured.
    weights: a number above 0 for each of the graders; left out, all count alike.

    Example::

        [[grader]]
        kind = "weighted"
        threshold = 0.7
        weights = [3, 1]
        graders = [{ kind = "token_f1" }, { kind = "length", max_words = 5 }]
        # expected = "the Eiffel Tower", right = "The Eiffel Tower", wrong = "It is a tower in a large city."
    """

    kind: ClassVar[str] = "weighted"

    threshold: float = 0.5
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        Group.__post_init__(self)
        if self.weights and len(self.weights) != len(self.graders):
            raise GraderError(f"{len(self.weights)} weights for {len(self.graders)} graders; give one for each")
        if not all(weight > 0 for weight in self.weights):
            raise GraderError(f"weights must be above 0; found {', '.join(map(str, self.weights))}")

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Ask each of the graders."""
        outcomes = self.outcomes_alone(case, response)
        if (not_known := unmeasured(outcomes)) is not None:
            return self.renamed(not_known)
        grades, weights = of_type(Grade, outcomes), self.weights or (1.0,) * len(outcomes)
        greatest = max(weights)
        shares = [weight / greatest for weight in weights]
        total = sum(share * grade.value for share, grade in zip(shares, grades, strict=True))
        value = min(1.0, total / sum(shares))
        told = "" if value == 1 else f"; {reasons(grade for grade in grades if grade.value < 1)}"
        return self.grade(value, f"weighted mean is {value:.4f}, required {self.threshold:g}{told}")
