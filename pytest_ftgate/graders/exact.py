"""exact: the answer is the expected text, or holds the expected JSON value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of, same
from pytest_ftgate.graders.shown import difference, shown
from pytest_ftgate.graders.text import TextKind
from pytest_ftgate.graders.value import Grade, GraderError
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(TextKind):
    """1 if the answer is the expected text, once both are normalised; any other value is compared with its JSON.

    Example::

        [[grader]]
        kind = "exact"
        ignore_case = true
        # expected = "Paris", right = "PARIS", wrong = "Paris, France"
    """

    kind: ClassVar[str] = "exact"

    def check(self, case: Case) -> None:
        """Raises GraderError if there is no expected value, or nothing is left of it once normalised."""
        if case.expected is None:
            raise GraderError("the case has no `expected` value")
        if isinstance(case.expected, str) and not self.normal(case.expected).strip():
            raise GraderError(
                f"the expected text {case.expected!r} is empty after normalisation; empty answers never pass"
            )

    def __call__(self, case: Case, response: Response) -> Grade:
        """1 if they are the same, else 0."""
        self.check(case)
        if isinstance(case.expected, str):
            return self._text(self.normal(response.text), self.normal(case.expected))
        return self._json(response.text, case.expected)

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
