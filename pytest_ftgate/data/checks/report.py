"""Inspection -> the lines of `ftgate data check`."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Outcome
from pytest_ftgate.data.checks.run import SHOWN, Inspection

_MARKS = {"ok": "ok", "error": "ERROR", "warning": "warning"}


def lines_of(inspection: Inspection, files: int) -> Iterator[str]:
    """What was read, then one line a check: how many, where the first are, what to do."""
    yield f"data: {_several(inspection.rows, 'row')} of {_several(files, 'file')}"
    width = max(len(outcome.name) for outcome in inspection.outcomes)
    for outcome in inspection.outcomes:
        yield f"  {outcome.name:<{width}}  {_MARKS[outcome.level]:<7}  {told(outcome)}".rstrip()
    if not inspection.rows:
        yield "  no row could be read, so nothing else was checked"


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def told(outcome: Outcome) -> str:
    """In one line: how many were found, where the first are, what was compared, what to do."""
    if not outcome.count:
        return outcome.note
    first = outcome.first[:SHOWN]
    more = outcome.count - sum(finding.times for finding in first)
    where = ", ".join(map(str, first)) + (f" and {more:,} more" if more else "")
    return "; ".join(part for part in (f"{outcome.count:,} found: {where}", outcome.note, outcome.advice) if part)
