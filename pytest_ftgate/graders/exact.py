"""exact: the answer is the expected text, or holds the expected JSON value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of, same
from pytest_ftgate.graders.shown import difference, shown
from pytest_ftgate.graders.text import TextKind
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(TextKind):
    """1 if the answer is the expected text, once both are normalised; any other value is compared with its JSON.

    alternatives: the expected value is a list of right answers, of which one is enough.

    Example::

        [[grader]]
        kind = "exact"
        ignore_case = true
        alternatives = true
        # expected = ["Paris", "City of Paris"], right = "PARIS", wrong = "Paris, France"
    """

    kind: ClassVar[str] = "exact"

    alternatives: bool = False

    def check(self, case: Case) -> None:
        """Raises GraderError if there is no expected value, or nothing is left of it once normalised."""
        for expected in self._expected(case):
            if isinstance(expected, str) and not self.normal(expected).strip():
                raise GraderError(
                    f"the expected text {expected!r} is empty after normalisation; empty answers never pass"
                )

    def _expected(self, case: Case) -> Sequence[Any]:
        """Each value that is right."""
        if case.expected is None:
            raise GraderError("the case has no `expected` value")
        if not self.alternatives:
            return (case.expected,)
        if not isinstance(case.expected, list | tuple) or not case.expected:
            raise GraderError(f"`expected` is {shown(case.expected)}; with `alternatives` it must be a list of answers")
        return case.expected

    def __call__(self, case: Case, response: Response) -> Grade:
        """1 if they are the same, else 0."""
        self.check(case)
        grades = [self._of(response.text, expected) for expected in self._expected(case)]
        right = next((grade for grade in grades if grade.value), None)
        if right is None and self.alternatives:
            return self.wrong(f"found {shown(response.text)}, expected one of {shown(list(case.expected))}")
        return right or grades[0]

    def _of(self, answer: str, expected: object) -> Grade:
        if isinstance(expected, str):
            return self._text(self.normal(answer), self.normal(expected))
        return self._json(answer, expected)

    def _text(self, found: str, expected: str) -> Grade:
        if found == expected:
            return self.right(f"found {shown(found)}, as expected")
        return self.wrong(difference(found, expected))

    def _json(self, text: str, expected: object) -> Grade:
        try:
            found = json_of(text)
        except NoJsonError as error:
            return self.wrong(f"{error}, expected {shown(expected)}")
        if same(found, expected):
            return self.right(f"found {shown(found)}, as expected")
        return self.wrong(f"found {shown(found)}, expected {shown(expected)}")
