"""(cases of golden sets, training rows) -> Report. The goldens are held, the rows flow by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pytest_ftgate.case import Case
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.leakage.containment import Containment
from pytest_ftgate.leakage.exact import Exact
from pytest_ftgate.leakage.fuzzy import Fuzzy
from pytest_ftgate.leakage.report import Hit, Leak, Report, Stage, Verdict
from pytest_ftgate.leakage.rows import Row
from pytest_ftgate.leakage.sample import Golden, Sample, Words, goldens_of, sample_of
from pytest_ftgate.leakage.selftest import check_stages

__all__ = ["MOST_PER_GOLDEN", "STAGES", "Leak", "Report", "Scan", "find_leaks"]

STAGES: tuple[Callable[[Sequence[Golden]], Stage], ...] = (Exact, Containment, Fuzzy)
"""The stages in order of trust: of two equal verdicts on one pair, the first stage's stands."""

MOST_PER_GOLDEN = 20
AROUND = 6
"""Words of a row that are shown on either side of a common span."""

OnFind = Callable[[Row, Verdict], None]


def find_leaks(
    cases: Iterable[Case] | Mapping[str, Iterable[Case]], rows: Iterable[Row], on_find: OnFind | None = None
) -> Report:
    """Every golden that stands, whole or in good part, in a training row.

    cases: may be given by the names of their sets. rows: read once and not kept; memory depends on the goldens alone.
    on_find: called with each row that has findings, and the gravest verdict on it.
    Raises LeakageError if there is no golden with a text, or no row: a check of nothing finds nothing.
    SelfTestError if a stage does not find a golden that is planted for it before the first row is read.
    """
    scan = Scan(cases)
    report = scan.report(rows, on_find)
    if not report.goldens or not report.rows_read:
        what = "goldens with a text" if not report.goldens else "training rows"
        raise LeakageError(f"the leakage check has nothing to compare: there are no {what}")
    return report


class Scan:
    """The goldens, indexed and proved once, then asked about any number of batches of rows. It can be pickled."""

    def __init__(self, cases: Iterable[Case] | Mapping[str, Iterable[Case]]) -> None:
        """Raises SelfTestError if a stage does not find a golden that is planted for it."""
        self._goldens = goldens_of(cases)
        self._stages = [stage(self._goldens) for stage in STAGES]
        check_stages(self._goldens, self._stages)

    def report(self, rows: Iterable[Row], on_find: OnFind | None = None) -> Report:
        """What stands in these rows, which may be none; as `find_leaks`."""
        findings = _Findings(self._goldens)
        for row in rows:
            sample = sample_of(row)
            hits = _best(self._stages, sample)
            findings.add(row, sample, hits)
            if hits and on_find is not None:
                on_find(row, min(hit.verdict for hit in hits))
        return findings.report()


def _best(stages: Sequence[Stage], sample: Sample) -> Collection[Hit]:
    """The gravest hit of each golden in one row."""
    best: dict[int, Hit] = {}
    for stage in stages:
        for hit in stage.find(sample):
            if hit.golden not in best or (hit.verdict, best[hit.golden].verdict) == ("leak", "suspect"):
                best[hit.golden] = hit
    return best.values()


class _Findings:
    """Collects findings in bounded memory."""

    def __init__(self, goldens: Sequence[Golden]) -> None:
        self.rows_read = 0
        self._goldens = goldens
        self._found: list[Leak] = []
        self._counts: Counter[tuple[int, str]] = Counter()

    def add(self, row: Row, sample: Sample, hits: Iterable[Hit]) -> None:
        """Count the row, and keep its findings unless their golden has enough of them."""
        self.rows_read += 1
        for hit in hits:
            self._counts[hit.golden, hit.verdict] += 1
            if self._counts[hit.golden, hit.verdict] <= MOST_PER_GOLDEN:
                self._found.append(_leak(self._goldens[hit.golden], row, sample, hit))

    def report(self) -> Report:
        """What was found in all rows so far."""
        leaks = tuple(leak for leak in self._found if leak.verdict == "leak")
        suspects = tuple(leak for leak in self._found if leak.verdict == "suspect")
        omitted = self._counts.total() - len(self._found)
        return Report(leaks, suspects, self.rows_read, len(self._goldens), omitted)


def _leak(golden: Golden, row: Row, sample: Sample, hit: Hit) -> Leak:
    found = golden.id, row.path, row.line, hit.stage, hit.score, " ".join(hit.span), len(hit.span), hit.verdict
    return Leak(*found, golden.set, *_around(sample.whole, hit.span))


def _around(row: Words, span: Words) -> tuple[str, str]:
    """The words of the row before and after a run of words that stands in it; nothing if it does not."""
    size = len(span)
    places = (place for place in range(len(row) - size + 1) if row[place : place + size] == span)
    if not size or (place := next(places, None)) is None:
        return "", ""
    before, after = row[max(0, place - AROUND) : place], row[place + size :][:AROUND]
    dots = ("... " if place > AROUND else ""), (" ..." if len(row) > place + size + AROUND else "")
    return dots[0] + " ".join(before), " ".join(after) + dots[1]
