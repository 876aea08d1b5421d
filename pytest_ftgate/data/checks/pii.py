"""Rows that hold personal data."""

from __future__ import annotations

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.pii import national
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.readers.row import DataRow

ADVICE = "models memorise training data: replace or remove with `ftgate data redact`"


def _in_row(row: DataRow) -> tuple[str, ...]:
    return personal_data(row.text)


def pii() -> RowCheck:
    """The check: kinds of personal data in all text of a row, never the data."""
    return RowCheck("pii", "error", ADVICE, _in_row, "" if national.can_find() else national.NOTE)
