"""Rows with a turn that says nothing before the answer."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.readers.row import DataRow, turn_text


def empty_turns(row: DataRow) -> Iterator[str]:
    """The turns asked that hold white space at most, counted from 1; the answer is another check's.

    A turn that calls a tool need not say anything, and what a tool gives back may be nothing.
    """
    for number, turn in enumerate(row.asked, 1):
        if turn["role"] != "tool" and not turn_text(turn).strip():
            yield f"turn {number} ({turn['role']}) is empty"


def turns() -> RowCheck:
    """The check. Roles and their order are looked at when a row is read: a row that breaks them is none."""
    return RowCheck("turns", "error", "fill in these turns or remove them", empty_turns)
