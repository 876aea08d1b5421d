"""(cases of golden sets, training rows) -> Report. The goldens are held, the rows flow by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.data.near.normalized import Golden, goldens_of
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.wrapping import Wrappings
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.golden.case import Case, Prompt
from pytest_ftgate.leakage.index import STAGES, Index
from pytest_ftgate.leakage.report import Leak, Report

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

__all__ = ["MOST_PER_GOLDEN", "STAGES", "Leak", "Report", "Scan", "find_leaks", "scan_of"]

MOST_PER_GOLDEN = 20
BATCH = 256
"""Rows that are looked at together."""

OnFind = Callable[[Row, Verdict], None]


def find_leaks(
    cases: Iterable[Case] | Mapping[str, Iterable[Case]], rows: Iterable[Row], on_find: OnFind | None = None
) -> Report:
    """Every golden that stands, whole or in good part, in a training row.

    cases: may be given by the names of their sets. rows: read once and not kept; memory depends on the goldens alone.
    on_find: called with each row that has findings, and the gravest verdict on it; twice if a golden is split over it
    and the next.
    Raises LeakageError if there is no golden with a text, or no row: a check of nothing finds nothing.
    SelfTestError if a stage does not find a golden that is planted for it before the first row is read.
    """
    return compared(Scan(cases).report(rows, on_find))


def scan_of(suites: Sequence[Suite]) -> Scan:
    """The cases of golden sets, which share their templates, and the sets' prompts. Raises SelfTestError."""
    return Scan({suite.name: suite.cases for suite in suites}, {suite.name: _prompts(suite) for suite in suites})


def _prompts(suite: Suite) -> list[Prompt]:
    """The prompt that is asked and every variant, also one that cannot ask these cases."""
    return [suite.prompt, *map(Prompt.from_json, (suite.golden.prompt, *suite.golden.variants.values()))]


def compared(report: Report) -> Report:
    """The report. Raises LeakageError if there was no golden with a text, or no row."""
    if not report.goldens or not report.rows_read:
        what = "golden cases with text" if not report.goldens else "training rows"
        raise LeakageError(f"nothing to check for leakage: no {what}")
    return report


class Scan:
    """The goldens, indexed and proved once, then asked about any number of batches of rows. It can be pickled."""

    def __init__(
        self,
        cases: Iterable[Case] | Mapping[str, Iterable[Case]],
        prompts: Mapping[str, Sequence[Prompt]] = MappingProxyType({}),
    ) -> None:
        """prompts: of the sets, by name; a row in a prompt's wrapping is compared without it as well.

        Raises SelfTestError if a stage does not find a golden that is planted for it.
        """
        wrappings = Wrappings(prompt for some in prompts.values() for prompt in some)
        self._index = Index(goldens_of(cases, prompts), wrappings)

    @property
    def goldens(self) -> tuple[Golden, ...]:
        """The cases with a text, normalised."""
        return self._index.goldens

    def report(self, rows: Iterable[Row], on_find: OnFind | None = None) -> Report:
        """What stands in these rows, which may be none; as `find_leaks`."""
        findings = _Findings(len(self._index.goldens))
        before = None
        for batch in _batches(rows):
            for row, leaks in self._index.find(batch, before):
                findings.add(row, leaks)
                if on_find is not None:
                    on_find(row, min(leak.verdict for leak in leaks))
            findings.rows_read += len(batch)
            before = batch[-1]
        return findings.report()


def _batches(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


class _Findings:
    """Collects findings in bounded memory. goldens: how many are compared."""

    def __init__(self, goldens: int) -> None:
        self.rows_read = 0
        self._goldens = goldens
        self._found: list[Leak] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._rows: Counter[str] = Counter()
        self._last: tuple[tuple[str, int], Verdict] | None = None

    def add(self, row: Row, leaks: Sequence[Leak]) -> None:
        """Keep the findings in a row, unless their golden has enough of them."""
        self._count(row, min(leak.verdict for leak in leaks))
        for leak in leaks:
            key = leak.set, leak.golden_id, leak.verdict
            self._counts[key] += 1
            if self._counts[key] <= MOST_PER_GOLDEN:
                self._found.append(leak)

    def _count(self, row: Row, verdict: Verdict) -> None:
        """Each row once: one whose golden goes on in the next comes twice, and nothing else comes in between."""
        place = (row.path, row.number or row.line)
        if self._last and self._last[0] == place:
            self._rows[self._last[1]] -= 1
            verdict = min(verdict, self._last[1])
        self._rows[verdict] += 1
        self._last = place, verdict

    def report(self) -> Report:
        """What was found in all rows so far."""
        leaks = tuple(leak for leak in self._found if leak.verdict == "leak")
        suspects = tuple(leak for leak in self._found if leak.verdict == "suspect")
        omitted = self._counts.total() - len(self._found)
        return Report(leaks, suspects, self.rows_read, self._goldens, omitted, self._rows["leak"])
