"""Validation rows that cannot be graded: a text alone, a preference, an answer that says whether it was wanted."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.readers.row import TEXT, DataRow

ADVICE = "validation asks and grades, whatever the training method: use rows of one question and its right answer"


def validation() -> RowCheck:
    """The check."""
    return RowCheck("validation", "error", ADVICE, _wrong)


def _wrong(row: DataRow) -> Iterator[str]:
    if row.shape == TEXT:
        yield "a text alone"
    elif row.rejected is not None:
        yield "chosen and rejected instead of one answer"
    elif row.desired is not None:
        yield f"label {str(row.desired).lower()} (KTO)"
