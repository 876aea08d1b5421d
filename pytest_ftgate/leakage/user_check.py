"""(one's own training data, golden sets) -> one Report: behind `ftgate leakage` and the fixture `leakage`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.evaluate.prompt_variant import all_prompts
from pytest_ftgate.leakage.check import compared, find_leaks, scan_of
from pytest_ftgate.leakage.prompt_check import prompt_report, with_prompts
from pytest_ftgate.leakage.report import Report

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

Data = str | Path | Iterable[str | Path | Mapping[str, Any]]
"""A file (JSON Lines, JSON, CSV, Parquet, a Hugging Face folder), several of them, or rows."""


def check_own(data: Data, suites: Sequence[Suite]) -> Report:
    """All sets against the same data, each apart from the others, whose templates it does not share.

    The prompt of each set is checked like data. Rows that are not in a file are reported as "rows:1", "rows:2" ...
    Raises LeakageError.
    """
    if isinstance(data, Mapping):
        raise LeakageError("training data is one mapping; expected a file, or a list of files or rows")
    parts = [data] if isinstance(data, str | Path) else list(data)
    if not suites:
        return find_leaks([], _rows(parts))
    reports, prompts = zip(*(_of_set(suite, parts) for suite in suites), strict=True)
    return with_prompts(of_all_sets(reports), of_all_sets(prompts))


def _of_set(suite: Suite, parts: Sequence[Any]) -> tuple[Report, Report]:
    """On the rows, and on the set's prompts."""
    scan = scan_of([suite])
    return compared(scan.report(_rows(parts))), prompt_report(scan, all_prompts(suite))


def of_all_sets(reports: Sequence[Report]) -> Report:
    """One report of those on the same rows, one for each golden set; at least one."""
    return Report(
        tuple(leak for report in reports for leak in report.leaks),
        tuple(leak for report in reports for leak in report.suspects),
        reports[0].rows_read,
        sum(report.goldens for report in reports),
        sum(report.omitted for report in reports),
        *_rows_of_all(reports),
    )


def _rows_of_all(reports: Sequence[Report]) -> tuple[int, bool]:
    """(rows with a leak, whether that is a lower bound)."""
    found = [report for report in reports if report.found]
    if len(found) == 1:
        return found[0].leaking_rows, found[0].at_least
    leaking = {leak.place for report in found for leak in report.leaks}
    return len(leaking), any(report.omitted for report in found)


def _rows(parts: Iterable[str | Path | Mapping[str, Any]]) -> Iterator[Row]:
    for number, part in enumerate(parts, 1):
        if isinstance(part, Mapping):
            yield Row("rows", number, part)
        elif isinstance(part, str | Path):
            yield from read_rows(Path(part))
        else:
            kind = type(part).__name__
            raise LeakageError(f"training data {number} is of type {kind}; expected the path of a file, or a mapping")
