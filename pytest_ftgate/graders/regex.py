"""regex: a pattern is found in the answer, within a time limit."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from regex import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex(Kind):
    """1 if the pattern matches, else 0.

    pattern: in the syntax of the library `regex`; left out, the case's expected text is the pattern.
    full: the whole answer must match (white space around it aside), not a part of it.
    ignore_case: upper and lower case are the same.
    timeout_s: longest time of one search, in seconds (at most 3600); a search that takes longer is a Failure, not a
    wrong answer.

    Example::

        [[grader]]
        kind = "regex"
        pattern = "[A-Z]{2}-[0-9]{4}"
        full = true
        # right = "AB-1234", wrong = "order AB-1234"
    """

    kind: ClassVar[str] = "regex"

    pattern: str = ""
    full: bool = False
    ignore_case: bool = False
    timeout_s: float = 1.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        if self.pattern:
            compiled(self.pattern, self.ignore_case)

    def check(self, case: Case) -> None:
        """Raises GraderError if there is no pattern, or it is none."""
        self._pattern(case)

    def _pattern(self, case: Case) -> Pattern[str]:
        pattern = self.pattern or case.expected
        if not isinstance(pattern, str) or not pattern:
            raise GraderError("no pattern: set `pattern`, or put it into `expected`")
        return compiled(pattern, self.ignore_case)

    def __call__(self, case: Case, response: Response) -> Grade:
        """Search the answer. Raises GraderError if that takes longer than the limit."""
        pattern = self._pattern(case)
        match = self._match(pattern, response.text)
        if match is not None:
            return self.right(f"found {shown(match[0])}, which matches {shown(pattern.pattern)}")
        what = "the whole answer to match" if self.full else "a match of"
        return self.wrong(f"found {shown(response.text)}, expected {what} {shown(pattern.pattern)}")

    def _match(self, pattern: Pattern[str], text: str) -> Any:
        try:
            if self.full:
                return pattern.fullmatch(text.strip(), timeout=self.timeout_s)
            return pattern.search(text, timeout=self.timeout_s)
        except TimeoutError:
            raise GraderError(
                f"the pattern {shown(pattern.pattern)} timed out after {self.timeout_s} s on {shown(text)}; "
                "rewrite nested repetitions such as (a+)+, or raise timeout_s"
            ) from None


COMPILING_S = 5.0


def _compile(pattern: str) -> None:
    """In a process of its own, which ends if it takes too long."""
    import regex

    with suppress(regex.error, RecursionError, OverflowError):
        regex.compile(pattern)


@lru_cache(maxsize=1024)
def compiled(pattern: str, ignore_case: bool = False) -> Pattern[str]:
    """The pattern, compiled once. Raises GraderError if it is no regular expression, or takes seconds to compile."""
    import regex

    if len(re.findall(r"\{\d", pattern)) > 1:  # repetitions in repetitions can take all memory
        call_limited(_compile, pattern, seconds=COMPILING_S, what=f"compiling {shown(pattern)}")
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise GraderError(f"invalid regular expression {shown(pattern)}: {error}") from None
