"""sql: the answer is the expected SQL, written another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.fences import code_in
from pytest_ftgate.graders.library import needs, version_of
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.sql_text import TAGS, difference, normalised, statements_of
from pytest_ftgate.graders.structure import UnreadableError
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(Kind):
    """1 if the answer's SQL is what the case expects (one text, or one of several), once both are normalised, else 0.

    By sqlglot: case of names and keywords, quotes around names, comments, brackets, the order of conditions, `a > b` or
    `b < a`, and constants that can be computed do not count; without subqueries neither do aliases of tables.
    The order of columns, joins and statements does. Nothing is run: two that differ may still give the same rows.
    dialect: sqlglot's name of the SQL, "postgres", "sqlite", "tsql" and so on; "" = what all of them understand.
    timeout_s: longest time of comparing one answer, in seconds (at most 3600); more is a Failure, not a wrong answer.

    Example::

        [[grader]]
        kind = "sql"
        # expected = "SELECT a FROM t WHERE b > 2", right = "select T.a from t where 2 < b;", wrong = "SELECT a FROM t"
    """

    kind: ClassVar[str] = "sql"

    dialect: str = ""
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        needs("sqlglot", "sqlglot")
        call_limited(_check_dialect, self.dialect, seconds=self.timeout_s, what="loading sqlglot")

    @property
    def name(self) -> str:
        """With the library and its version, which decide the value."""
        return f"{self.kind}@{self.version}-sqlglot-{version_of('sqlglot')}"

    def check(self, case: Case) -> None:
        """Raises GraderError if the case does not expect SQL."""
        asked = (self._expected(case), self.dialect)
        call_limited(_check, *asked, seconds=self.timeout_s, what="parsing `expected`")

    def _expected(self, case: Case) -> tuple[str, ...]:
        if case.expected is None:
            raise GraderError("the case has no `expected` value")
        texts = (case.expected,) if isinstance(case.expected, str) else case.expected
        if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
            raise GraderError(f"`expected` is {shown(case.expected)}; must be SQL, or a list of SQL texts")
        return tuple(texts)

    def __call__(self, case: Case, response: Response) -> Grade:
        """Compare them. Raises GraderError if that takes longer than the limit."""
        code = code_in(response.text, TAGS)
        asked = (code, self._expected(case), self.dialect)
        right, reason = call_limited(_judged, *asked, seconds=self.timeout_s, what="comparing SQL")
        return self.right(f"found {shown(code)}, as expected") if right else self.wrong(reason)


def _check_dialect(dialect: str) -> None:
    from sqlglot import Dialect

    if dialect and dialect not in Dialect.classes:
        raise GraderError(f"unknown dialect {dialect!r}; known: {', '.join(filter(None, sorted(Dialect.classes)))}")


def _check(expected: tuple[str, ...], dialect: str) -> None:
    for text in expected:
        try:
            statements_of(text, dialect)
        except UnreadableError as error:
            raise GraderError(f"`expected` is {shown(text)}, not valid SQL: {error}") from None


def _judged(text: str, expected: tuple[str, ...], dialect: str) -> tuple[bool, str]:
    """(whether it is right, why), in a process of its own."""
    try:
        found = normalised(statements_of(text, dialect), dialect)
    except UnreadableError as error:
        return False, f"found {shown(text)}, not valid SQL: {error}"
    restart_clock()
    differences = [difference(found, normalised(statements_of(each, dialect), dialect)) for each in expected]
    return not all(differences), differences[0]
