"""(cases, inputs or rows) -> which share text, by the check that guards training: also parts, edits and disguises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.golden.case import Case, make_case
from pytest_ftgate.leakage.check import Scan, scan_of
from pytest_ftgate.pipeline.live.live_input import LiveInput


def touching_goldens(suites: Sequence[Suite], inputs: Sequence[LiveInput], answers: Mapping[str, Any]) -> set[str]:
    """Keys of the inputs that share text with a case. answers: what is expected, by key, where people said it."""
    rows = dict(enumerate(inputs, 1))
    found: set[str] = set()
    if any(suite.cases for suite in suites):
        scan = scan_of(suites)
        scan.report(_rows(rows, answers), lambda row, _verdict: found.add(rows[row.line].key))
    return found


def touched_by_rows(cases: Sequence[Case], rows: Iterable[Row]) -> set[str]:
    """Ids of the cases that share text with a row."""
    if not cases:
        return set()
    report = Scan({"live": cases}).report(rows)
    return {leak.golden_id for leak in (*report.leaks, *report.suspects)}


def touching_cases(cases: Sequence[Case], rows: Sequence[Row]) -> set[int]:
    """Lines of the rows that share text with a case."""
    found: set[int] = set()
    if cases:
        Scan({"live": cases}).report(rows, lambda row, _verdict: found.add(row.line))
    return found


def case_of(each: LiveInput, expected: Any) -> Case:
    """The input as a case, its key for id."""
    return make_case({"input": each.input, "expected": expected}, 0, each.key)


def rows_of(files: Iterable[Path]) -> Iterator[Row]:
    """The rows of training files."""
    for path in files:
        yield from read_rows(path)


def _rows(numbered: Mapping[int, LiveInput], answers: Mapping[str, Any]) -> Iterator[Row]:
    """Each a file of its own: what stands across two inputs is in neither."""
    for number, each in numbered.items():
        expected = {"expected": answers[each.key]} if each.key in answers else {}
        yield Row(f"the log {number}", number, {"input": each.input, **expected})
