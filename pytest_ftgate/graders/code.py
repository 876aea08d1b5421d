"""code: the answer can be parsed as code of a language; it is never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import NoJsonError, json_of
from pytest_ftgate.graders.fences import code_in
from pytest_ftgate.graders.library import needs
from pytest_ftgate.graders.limited.parent import call_limited, checked_limit
from pytest_ftgate.graders.options import checked_choice
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.sql_text import TAGS, statements_of
from pytest_ftgate.graders.structure import UnreadableError
from pytest_ftgate.graders.value import Grade, Kind
from pytest_ftgate.graders.yaml import read_data
from pytest_ftgate.serve.response import Response


def _python(text: str) -> None:
    """Compiled, so that a `return` outside of a function is found; not run."""
    import warnings

    try:
        with warnings.catch_warnings(action="ignore"):
            compile(text, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise UnreadableError(f"{error.msg}, line {error.lineno}") from None
    except ValueError as error:
        raise UnreadableError(str(error)) from None
    except (RecursionError, MemoryError):
        raise UnreadableError("nested too deeply") from None


def _json(text: str) -> None:
    try:
        json_of(text)
    except NoJsonError as error:
        raise UnreadableError(str(error)) from None


def _toml(text: str) -> None:
    import tomllib

    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from None


def _sql(text: str) -> None:
    statements_of(text, "")


LANGUAGES: Mapping[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "python": (("python", "py", "python3"), _python),
    "json": (("json",), _json),
    "toml": (("toml",), _toml),
    "yaml": (("yaml", "yml"), read_data),
    "sql": (TAGS, _sql),
}
"""Language -> tags of its fenced blocks, and what reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Kind):
    r"""1 if the answer (or the last block in it that is fenced with the language's name) can be parsed, else 0.

    Nothing is run. Python is that of the tests; YAML must be a mapping or a list; SQL needs sqlglot, and is one or more
    statements of any dialect. A word alone is Python too: also ask for a text that must be in the answer.
    language: "python", "json", "toml", "yaml" or "sql".
    timeout_s: longest time of parsing one answer, in seconds (at most 3600); more is a Failure, not a wrong answer.

    Example::

        [[grader]]
        kind = "code"
        language = "python"
        # right = "def double(x):\n    return 2 * x", wrong = "def double(x)\n    return 2 * x"
    """

    kind: ClassVar[str] = "code"

    language: str
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        checked_choice("language", self.language, LANGUAGES)
        if self.language == "sql":
            needs("sqlglot", "sqlglot")

    def __call__(self, case: Case, response: Response) -> Grade:  # noqa: ARG002  the answer is all that counts
        """Parse it. Raises GraderError if that takes longer than the limit."""
        code = code_in(response.text, LANGUAGES[self.language][0])
        why = call_limited(_fault, self.language, code, seconds=self.timeout_s, what=f"parsing {self.language}")
        if why:
            return self.wrong(f"found {shown(code)}, not valid {self.language}: {why}")
        return self.right(f"found {shown(code)}, valid {self.language}")


def _fault(language: str, text: str) -> str:
    """Why it cannot be parsed, in a process of its own; "" if it can."""
    try:
        LANGUAGES[language][1](text)
    except UnreadableError as error:
        return str(error)
    return ""
