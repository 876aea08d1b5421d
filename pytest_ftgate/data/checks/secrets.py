"""Rows that hold a key or a password."""

from __future__ import annotations

from pytest_ftgate.data.checks.finding import RowCheck
from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.readers.row import DataRow

ADVICE = "revoke valid secrets, then replace or remove them"


def _in_row(row: DataRow) -> tuple[str, ...]:
    return credentials(row.text)


def secrets() -> RowCheck:
    """The check: kinds of credentials in all text of a row, never the credentials."""
    return RowCheck("secrets", "error", ADVICE, _in_row)
