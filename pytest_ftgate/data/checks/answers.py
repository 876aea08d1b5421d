"""Rows whose answer says nothing, and preferences of two equal answers."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.readers.row import DataRow


def empty_answers(row: DataRow) -> Iterator[str]:
    """An answer without a letter, a digit or any other sign than punctuation; one that calls a tool may be so.

    Of a preference, also a rejected answer that is empty or equal to the chosen one.
    """
    if row.rejected is not None and not row.rejected.strip():
        yield "rejected is empty"
    if row.rejected is not None and row.rejected.strip() == row.answer.strip():
        yield "chosen and rejected are the same"
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
    return RowCheck(
        "answers", "error", "fill in the answers, of a preference two different ones, or remove the rows", empty_answers
    )
