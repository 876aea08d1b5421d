"""Reports on parts of the rows -> the report that one scan of all rows would have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_ftgate.leakage.check import MOST_PER_GOLDEN
from pytest_ftgate.leakage.report import Leak, Report


def one_after_another(reports: Sequence[Report]) -> Report:
    """Of one golden set, in the order of the rows. The first findings of each golden are kept, as by one scan."""
    leaks = _first(leak for report in reports for leak in report.leaks)
    suspects = _first(leak for report in reports for leak in report.suspects)
    listed = sum(len(report.found) for report in reports)
    omitted = sum(report.omitted for report in reports) + listed - len(leaks) - len(suspects)
    read, leaking = sum(report.rows_read for report in reports), sum(report.leaking_rows for report in reports)
    return Report(leaks, suspects, read, reports[0].goldens, omitted, leaking)


def _first(found: Iterable[Leak]) -> tuple[Leak, ...]:
    counts: Counter[str] = Counter()
    kept = []
    for leak in found:
        counts[leak.golden] += 1
        if counts[leak.golden] <= MOST_PER_GOLDEN:
            kept.append(leak)
    return tuple(kept)
