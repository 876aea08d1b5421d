"""Rows that the training method cannot learn from: a preference, an answer that people rejected, a text alone."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Level, RowCheck
from pytest_ftgate.data.readers.row import DataRow

ADVICE = (
    'set [train] method = "kto" for rows with label true or false, "dpo" for chosen and rejected, else remove these'
)


def method(name: str = "") -> RowCheck:
    """The check. name: the method of the pipeline; "" if no pipeline says it: then only what would harm is found."""
    level: Level = "error" if name else "warning"
    return RowCheck("method", level, ADVICE, lambda row: _wrong(row, name))


def _wrong(row: DataRow, method: str) -> Iterator[str]:
    if row.desired is False and method in ("", "dpo"):
        yield "people rejected this answer (label false)"
    elif method == "kto" and row.desired is None:
        yield "no label true or false"
    elif method == "dpo" and row.rejected is None:
        yield "no chosen and rejected"
    elif method not in ("", "kto", "dpo") and row.desired is not None:
        yield f"label {str(row.desired).lower()} says whether people wanted this answer (KTO)"
    elif method not in ("", "dpo") and row.rejected is not None:
        yield "chosen and rejected instead of one answer"
