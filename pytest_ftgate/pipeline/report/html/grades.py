"""(RecordStore, RunReport) -> what each model got for each case of the run's golden sets, as far as it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.records.store import RecordStore, nearest
from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.metrics.latency_cost import quantile_of
from pytest_ftgate.pipeline.comparison.settings import warnings
from pytest_ftgate.pipeline.report import sides

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
    from pytest_ftgate.metrics.latency_cost import Price
    from pytest_ftgate.pipeline.report.run_report import RunReport


@dataclass(frozen=True, slots=True)
class Column:
    """One model, or one prompt, on one golden set.

    role: "tested", "candidate", "champion", "baseline" or "before" (an earlier run). results: of graded cases, by id.
    spent: p50_ms, p95_ms, tokens (mean of an answer), cost_per_1k; each only where it is known.
    """

    role: str
    title: str
    results: Mapping[str, Result]
    spent: Mapping[str, float] = field(default_factory=dict)

    @property
    def graded(self) -> bool:
        """Whether grades are something else than right and wrong."""
        return any(result.value not in (0, 1) for result in self.results.values())


@dataclass(frozen=True, slots=True)
class SetGrades:
    """columns: the first is what this run tested, or the first of several. warnings: why the comparison with the run
    before may say something else than that the model is better or worse.
    """

    set: str
    columns: tuple[Column, ...]
    warnings: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[Column, ...]:
        """What the first column is compared with, the champion first."""
        order = ("champion", "before", "baseline", "tested")
        return tuple(sorted(self.columns[1:], key=lambda column: order.index(column.role)))


def read_grades(store: RecordStore, report: RunReport) -> list[SetGrades]:
    """What cannot be read is left out: the page then says less."""
    records: dict[str, list[Record]] = {}
    for stored in store.all():
        if stored.facts.run == report.run:
            with suppress(FtgateError):
                records.setdefault(stored.facts.set, []).append(store.read(stored))
    return [_of_set(store, report, found) for _, found in sorted(records.items())]


def _of_set(store: RecordStore, report: RunReport, records: Sequence[Record]) -> SetGrades:
    first = records[0]
    beside = list(_sides(store, report, first.facts.set))
    columns = [*(_of_record("candidate" if beside else "tested", record) for record in records), *beside]
    before = None if beside or len(records) > 1 else _before(store, report, first)
    if before is None:
        return SetGrades(first.facts.set, tuple(columns))
    columns.append(_of_record("before", before, {case.id: case.case for case in first.cases}))
    return SetGrades(first.facts.set, tuple(columns), tuple(_warnings(first.facts, before.facts)))


def _warnings(now: Facts, then: Facts) -> Iterator[str]:
    yield from warnings(now, then)
    if now.cases_digest != then.cases_digest:
        yield "the cases are not all the same: only those that are were compared"


def _sides(store: RecordStore, report: RunReport, golden: str) -> Iterator[Column]:
    for pipeline in report.pipelines:
        for told in pipeline.get("sides", ()):
            if told["set"] == golden and (side := sides.read(store.folder / report.run, told["file"])) is not None:
                results = {name: Result(case["value"], case["passed"]) for name, case in side.cases.items()}
                yield Column(side.role, side.title, results)


def _before(store: RecordStore, report: RunReport, record: Record) -> Record | None:
    facts = record.facts
    for each in report.changed:
        if each["set"] == facts.set and (run := each.get("run")):
            found = [stored for stored in store.all(facts.set) if stored.facts.run == run]
            with suppress(FtgateError):
                chosen = nearest(found, facts.digest, facts.variant)
                return store.read(chosen) if chosen else None
    return None


def _of_record(role: str, record: Record, same: Mapping[str, str] | None = None) -> Column:
    """same: digests of the cases by id; those that are others now are left out."""
    facts = record.facts
    cases = [case for case in record.cases if same is None or same.get(case.id) == case.case]
    results = {case.id: case.result for case in cases if case.result.measured}
    title = facts.title + (f", {facts.variant}" if facts.variant else "")
    if role == "before":
        title = f"run before, {facts.when:%Y-%m-%d %H:%M}" + (f" ({title})" if title else "")
    return Column(role, title, results, dict(_spent(cases, facts.costs)))


def _spent(cases: Sequence[CaseRecord], price: Price | None) -> Iterator[tuple[str, float]]:
    answers = [answer for case in cases for answer in case.answers if not answer.broken]
    times = sorted(1000 * answer.total_s for answer in answers if answer.total_s)
    if times:
        yield from (("p50_ms", quantile_of(times, 0.5)), ("p95_ms", quantile_of(times, 0.95)))
    counted = [answer for answer in answers if answer.prompt_tokens or answer.completion_tokens]
    if counted:
        yield "tokens", fmean(answer.completion_tokens for answer in counted)
        if price:
            yield "cost_per_1k", 1000 * fmean(map(price.of, counted))
