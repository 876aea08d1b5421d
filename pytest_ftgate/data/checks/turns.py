"""Rows with a turn that says nothing before the answer, or with special tokens of the model in their text."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.checks.special_tokens import FindSpecial
from pytest_ftgate.data.readers.row import DataRow, turn_text

ADVICE = "fill in empty turns or remove them; remove special tokens, or escape them (a space inside)"


def empty_turns(row: DataRow) -> Iterator[str]:
    """The turns asked that hold white space at most, counted from 1; the answer is another check's.

    A turn that calls a tool need not say anything, and what a tool gives back may be nothing.
    """
    for number, turn in enumerate(row.asked, 1):
        if turn["role"] != "tool" and not turn_text(turn).strip():
            yield f"turn {number} ({turn['role']}) is empty"


def turns(special: FindSpecial | None = None) -> RowCheck:
    """The check. Roles and their order are looked at when a row is read: a row that breaks them is none.

    special: finds special tokens; without it they are not looked for.
    """

    def wrong(row: DataRow) -> Iterator[str]:
        yield from empty_turns(row)
        yield from special(row) if special else ()

    return RowCheck("turns", "error", ADVICE, wrong)
