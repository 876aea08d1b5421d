"""RunModels -> what each model got for each case of the run's golden sets, as far as it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.metrics.latency_cost import quantile_of
from pytest_ftgate.pipeline.comparison.settings import warnings

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord
    from pytest_ftgate.metrics.latency_cost import Price
    from pytest_ftgate.pipeline.report.html.models import Model, RunModels, SetModels


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
        """What the first column is compared with, the champion first; not the candidate of another pipeline."""
        order = ("champion", "before", "baseline", "tested")
        known = [column for column in self.columns[1:] if column.role in order]
        return tuple(sorted(known, key=lambda column: order.index(column.role)))


def read_grades(models: RunModels) -> list[SetGrades]:
    """Of each golden set."""
    return [_of_set(each) for each in models.sets]


def _of_set(each: SetModels) -> SetGrades:
    now, last = each.models[0].facts, each.models[-1]
    then = last.facts if last.role == "before" else None
    told = [*warnings(now, then), *_changed(each.models[0], last)] if now and then else ()
    return SetGrades(each.set, tuple(map(_column, each.models)), tuple(told))


def _changed(now: Model, then: Model) -> Iterator[str]:
    """What `models` left out of the cases of the run before."""
    lost = len(now.cases) - len(then.cases)
    if lost:
        yield (
            f"{lost:,} of {len(now.cases):,} cases are new or were changed since: here and in the table of cases they "
            "are compared with nothing, in “Since the run before” by their ids"
        )


def _column(model: Model) -> Column:
    if model.facts is None:
        kept = {name: Result(case["value"], case["passed"]) for name, case in model.kept.items()}
        return Column(model.role, model.title, kept)
    results = {case.id: case.result for case in model.cases if case.result.measured}
    return Column(model.role, model.title, results, dict(_spent(model.cases, model.facts.costs)))


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
