"""Rows that the training method cannot learn from: a preference, an answer that people rejected, a text alone."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Level, RowCheck
from pytest_ftgate.data.readers.row import DataRow

ADVICE = (
    'set [train] method = "kto" for rows with label true or false, "dpo" or "orpo" for chosen and rejected, '
    "else remove these"
)


PAIRS = ("dpo", "orpo")
"""Methods that learn from a chosen and a rejected answer."""


def method(name: str = "") -> RowCheck:
    """The check. name: the method of the pipeline; "" if no pipeline says it: then only what would harm is found."""
    level: Level = "error" if name else "warning"
    return RowCheck("method", level, ADVICE, lambda row: _wrong(row, name))


def _wrong(row: DataRow, method: str) -> Iterator[str]:
    if row.desired is False and method in ("", *PAIRS):
        yield "people rejected this answer (label false)"
    elif method == "kto" and row.desired is None:
        yield "no label true or false"
    elif method in PAIRS and row.rejected is None:
        yield "no chosen and rejected"
    elif method not in ("", "kto", *PAIRS) and row.desired is not None:
        yield f"label {str(row.desired).lower()} says whether people wanted this answer (KTO)"
    elif method not in ("", *PAIRS) and row.rejected is not None:
        yield "chosen and rejected instead of one answer"
