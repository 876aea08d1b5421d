"""Base of the graders that read the answer as markup, data or code: well-formed, or the same structure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.fences import code_in
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response


class UnreadableError(ValueError):
    """A text is not what it should be; says where, and why."""


Read = Callable[[str], Any]
Difference = Callable[[Any, Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureKind(Kind):
    """Base of the graders that read the answer, bare or in a fenced block.

    equal: true: the answer must have the structure that the case expects; false: it is enough that it can be read.
    timeout_s: longest time of reading one answer, in seconds (at most 3600); more is a Failure, not a wrong answer.
    """

    title: ClassVar[str]
    tags: ClassVar[Collection[str]]

    equal: bool = False
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)

    @staticmethod
    def read(text: str) -> Any:
        """What the text means. Raises UnreadableError. Called in a process of its own, as `difference`."""
        raise NotImplementedError

    @staticmethod
    def difference(found: Any, expected: Any) -> str:
        """Where two things that were read differ; "" if they do not."""
        raise NotImplementedError

    def check(self, case: Case) -> None:
        """Raises GraderError if the case's expected text is needed, and is none that can be read."""
        if self.equal:
            self._limited(_check, self.title, type(self).read, self.expected(case))

    def expected(self, case: Case) -> str:
        """The expected text. Raises GraderError if there is none."""
        if case.expected is None:
            raise GraderError("the case has no `expected` value, which `equal` needs")
        if not isinstance(case.expected, str) or not case.expected.strip():
            raise GraderError(f"`expected` is {shown(case.expected)}; must be {self.title}, because of `equal`")
        return case.expected

    def __call__(self, case: Case, response: Response) -> Grade:
        """Read the answer, and compare it. Raises GraderError if that takes longer than the limit."""
        code = code_in(response.text, self.tags)
        how = (type(self).read, type(self).difference) if self.equal else (type(self).read, None)
        right, reason = self._limited(_judged, self.title, *how, code, self.expected(case) if self.equal else "")
        return self.right(reason) if right else self.wrong(reason)

    def _limited(self, function: Callable[..., Any], *asked: object) -> Any:
        return call_limited(function, *asked, seconds=self.timeout_s, what=f"reading {self.title}")


def _check(title: str, read: Read, expected: str) -> None:
    try:
        read(expected)
    except UnreadableError as error:
        raise GraderError(f"`expected` is {shown(expected)}, not valid {title}: {error}") from None


def _judged(title: str, read: Read, difference: Difference | None, text: str, expected: str) -> tuple[bool, str]:
    """(whether it is right, why), in a process of its own."""
    try:
        found = read(text)
    except UnreadableError as error:
        return False, f"found {shown(text)}, not valid {title}: {error}"
    if difference is None:
        return True, f"found {shown(text)}, valid {title}"
    wrong = difference(found, read(expected))
    return not wrong, wrong or f"found {shown(text)}, as expected"


def first_difference(found: list[str], expected: list[str]) -> str:
    """Where two documents, as lists of tags and texts, part; "" if they do not."""
    if found == expected:
        return ""
    length = min(len(found), len(expected))
    at = next((place for place in range(length) if found[place] != expected[place]), length)
    one, other = (shown(some[at]) if at < len(some) else "the end" for some in (found, expected))
    after = f" after {shown(found[at - 1])}" if at else ""
    return f"found {one}, expected {other}{after}"
