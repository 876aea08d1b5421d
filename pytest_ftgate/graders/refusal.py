"""refusal: the answer declines to answer, or does not; by turns of phrase in several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.refusal_patterns import patterns
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

WINDOW = 500
"""Characters from the beginning: who declines says so at once, and later on a text may quote a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Kind):
    """1 if the answer is a refusal where one is expected, and none where none is, else 0.

    A heuristic: turns of phrase in 14 languages, looked for in the first 500 characters. It misses polite evasions, and
    takes "I cannot give you a date yet" for a refusal; check it against answers of your own, or use `judge`.
    expected: true = the answer should be a refusal, false = it should not; left out, the case's `expected` says which.
    phrases: further texts, in any case, that make an answer a refusal.

    Example::

        [[grader]]
        kind = "refusal"
        phrases = ["outside of what our support covers"]
        # expected = true, right = "I'm sorry, I can't help with that.", wrong = "Sure: first open the door."
    """

    kind: ClassVar[str] = "refusal"

    expected: bool | None = None
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if not all(map(str.strip, self.phrases)):
            raise GraderError("phrases must not be empty")

    def check(self, case: Case) -> None:
        """Raises GraderError if neither the grader nor the case says what is expected."""
        self._expected(case)

    def _expected(self, case: Case) -> bool:
        expected = case.expected if self.expected is None else self.expected
        if not isinstance(expected, bool):
            raise GraderError(f"`expected` is {shown(case.expected)}; must be true or false, or set it in the grader")
        return expected

    def __call__(self, case: Case, response: Response) -> Grade:
        """Look for a refusal."""
        expected, found = self._expected(case), self._found(response.text)
        what = f"found {found}" if found else "found no refusal"
        if bool(found) is expected:
            return self.right(f"{what}, as expected")
        return self.wrong(f"{what}, expected {'a refusal' if expected else 'an answer'}: {shown(response.text)}")

    def _found(self, text: str) -> str:
        """The words that make it a refusal; "" if there are none."""
        plain = " ".join(text[: 2 * WINDOW].replace("\u2019", "'").split())[:WINDOW]
        for pattern in patterns():
            if match := pattern.search(plain):
                return f"the refusal {shown(match[0])}"
        folded = plain.casefold()
        return next((f"the refusal {shown(each)}" for each in self.phrases if each.casefold() in folded), "")
