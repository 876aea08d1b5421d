"""Base of the graders that measure how like a reference text an answer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.text import TextKind
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response


def references_of(case: Case) -> tuple[str, ...]:
    """The texts that a case expects, one or several. Raises GraderError if there is none, or one of white space."""
    expected = case.expected
    if expected is None:
        raise GraderError("the case has no `expected` value")
    texts = (expected,) if isinstance(expected, str) else expected
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise GraderError(f"`expected` is {shown(expected)}; must be a text, or a list of texts")
    if any(not text.strip() for text in texts):
        raise GraderError(f"`expected` is {shown(expected)}; must not be empty")
    return tuple(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceKind(TextKind):
    """Base of the graders that compare the answer with one text or several, of which the best counts.

    timeout_s: longest time of measuring one answer, in seconds (at most 3600); more is a Failure, not a wrong answer.
    """

    threshold: float = 0.5
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        TextKind.__post_init__(self)
        checked_limit(self.timeout_s)

    def references(self, case: Case) -> tuple[str, ...]:
        """The texts as they are compared. Raises GraderError if there is none, or one that is empty."""
        texts = tuple(map(self.normal, references_of(case)))
        if not all(texts):
            raise GraderError(f"`expected` is {shown(case.expected)}; it is empty after normalisation")
        return texts

    def check(self, case: Case) -> None:
        """Raises GraderError if the case does not expect a text."""
        self.references(case)

    def measured(self, function: Callable[..., float], case: Case, response: Response, *options: object) -> Grade:
        """The grade of what `function(answer, references, *options)` returns, in a process of its own."""
        asked = (self.normal(response.text), self.references(case), *options)
        value = call_limited(function, *asked, seconds=self.timeout_s, what=f"measuring {self.kind}")
        return likeness(self, self.measure_name, value, case, response)

    @property
    def measure_name(self) -> str:
        """What is measured, in reasons."""
        return self.kind


def likeness(grader: Kind, measure: str, value: float, case: Case, response: Response) -> Grade:
    """The grade of a value, with a reason such as "rougeL is 0.4000, required 0.5; found 'a b', expected 'a c'"."""
    needed = f"{measure} is {value:.4f}, required {grader.threshold:g}"
    return grader.grade(value, f"{needed}; found {shown(response.text)}, expected {shown(case.expected)}")


def best(values: Sequence[float]) -> float:
    """The greatest, held to 0 and 1 against rounding."""
    return min(1.0, max(0.0, *values))
