"""(rows, golden sets) -> which of the rows share text with a golden, by their lines; suspects too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.leakage.check import compared, scan_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


def leaking_lines(path: Path, suites: Iterable[Suite]) -> set[int]:
    """Lines of a training file. Raises LeakageError."""
    return _found(lambda: read_rows(path), suites)


def leaking_places(rows: Sequence[Mapping[str, Any]], suites: Iterable[Suite]) -> set[int]:
    """Places in a sequence of rows, from 0. Raises LeakageError."""
    if not rows:
        return set()
    return _found(lambda: [Row("rows", place, data) for place, data in enumerate(rows)], suites)


def _found(rows: Any, suites: Iterable[Suite]) -> set[int]:
    found: set[int] = set()

    def keep(row: Row, _verdict: Verdict) -> None:
        found.add(row.line)

    for suite in suites:
        compared(scan_of([suite]).report(rows(), keep))
    return found
