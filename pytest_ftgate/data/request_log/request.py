"""One request of production, as its log has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.near.rows import Row


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """line: 1-based, in the log. input: text, template variables or messages. output: the answer, None if unknown.

    at: ISO 8601, model: name; either may be "". Who asked, and the request's id, are not read.
    """

    line: int
    input: Any
    output: Any = None
    at: str = ""
    model: str = ""

    @property
    def row(self) -> Row:
        """The request as a row, to be compared with training rows."""
        return Row("the log", self.line, {"input": self.input})

    @property
    def question(self) -> str:
        """The text that was asked, without system turns."""
        return self.row.question
