"""Rows whose answer says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.readers.row import DataRow


def empty_answers(row: DataRow) -> Iterator[str]:
    """An answer without a letter, a digit or any other sign than punctuation; one that calls a tool may be so."""
    if row.calls:
        return
    if not row.answer.strip():
        yield "empty"
    elif all(_is_filler(char) for char in row.answer):
        yield "only punctuation"


def _is_filler(char: str) -> bool:
    return char.isspace() or char in ".,;:-_'\"…"


def answers() -> RowCheck:
    """The check."""
    return RowCheck("answers", "error", "fill in the answers or remove the rows", empty_answers)
