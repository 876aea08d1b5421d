"""Evaluations of one golden set by several models or prompts -> what each scored, and how it differs from the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_ftgate.gate.checks.paired import pair
from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.gate.checks.slices import slices_of
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.metrics.intervals import ALPHA
from pytest_ftgate.pipeline.report.traffic import traffic

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.metrics.base import Metric
    from pytest_ftgate.serve.response import Response

Grades = Mapping[str, Grade]


def compare_columns(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """JSON values: the columns of one set, on the cases that have a grade in all of them.

    set, asked (cases graded in any column), n (in all), columns: see `_numbers`; each but the first also has `against`,
    see `_against`. unmeasured: labels of columns without a single grade, which are compared with nothing. Nothing is
    asked and nothing graded.
    """
    suite = evaluations[0].suite
    grades = [(each, _grades(each)) for each in evaluations]
    graded = [(each, own) for each, own in grades if own]
    common = [case for case in suite.cases if all(case.id in own for _, own in graded)] if graded else []
    asked = len({case_id for each in evaluations for case_id in each.outcomes_so_far})
    columns = [_numbers(each, own, common) for each, own in graded]
    for column, (_, own) in zip(columns[1:], graded[1:], strict=True):
        column["against"] = _against(own, graded[0][1], common, comparisons=len(columns) - 1)
    unmeasured = [_label(each) for each, own in grades if not own]
    return {"set": suite.name, "asked": asked, "n": len(common), "columns": columns, "unmeasured": unmeasured}


def _grades(evaluation: Evaluation) -> dict[str, Grade]:
    return {name: outcome for name, outcome in evaluation.outcomes_so_far.items() if isinstance(outcome, Grade)}


def _label(evaluation: Evaluation) -> str:
    return evaluation.suite.column.label if evaluation.suite.column else ""


def _numbers(evaluation: Evaluation, grades: Grades, cases: Sequence[Case]) -> dict[str, Any]:
    """label; accuracy, and score where grades are not 0 or 1: [value, lower, upper]; slices: name -> [share passed, n];
    p50_ms, cost_per_1k, tokens (mean of an answer), each only where it is known.
    """
    found: dict[str, Any] = {"label": _label(evaluation)}
    if cases:
        kept = {case.id for case in cases}
        part = evaluation.without([case.id for case in evaluation.suite.cases if case.id not in kept])
        found["accuracy"] = _bounds(part.metric("accuracy"))
        if any(grades[name].value not in (0, 1) for name in kept):
            found["score"] = _bounds(part.metric("score"))
        slices = slices_of(cases)
        found["slices"] = {
            name: [fmean(grades[each].passed for each in ids), len(ids)] for name, ids in sorted(slices.items())
        }
    return found | dict(_spent(evaluation))


def _bounds(metric: Metric) -> list[float]:
    return [metric.value, metric.lower, metric.upper]


def _spent(evaluation: Evaluation) -> Iterator[tuple[str, float]]:
    came = evaluation.responses.traffic
    answers: list[Response] = [answer for some in came.values() for answer in some if not answer.broken]
    if total_ms := traffic(evaluation)["total_ms"]:
        yield "p50_ms", total_ms[0]
    counted = [answer for answer in answers if answer.prompt_tokens or answer.completion_tokens]
    if counted:
        yield "tokens", fmean(answer.completion_tokens for answer in counted)
        if price := evaluation.suite.golden.price:
            yield "cost_per_1k", 1000 * fmean(map(price.of, counted))


def _against(grades: Grades, first: Grades, cases: Sequence[Case], *, comparisons: int) -> dict[str, Any]:
    """gain, lower, upper: of the mean grade, shares; fixed, broken: ids of cases that pass only here, or there.

    The bounds of several comparisons with the first column hold for all of them together (Bonferroni).
    """
    found: dict[str, Any] = {
        "fixed": [case.id for case in cases if grades[case.id].passed and not first[case.id].passed],
        "broken": [case.id for case in cases if first[case.id].passed and not grades[case.id].passed],
    }
    if not cases:
        return found
    pairs = pair(_results(grades, cases), _results(first, cases), {case.id: case.cluster for case in cases})
    lower, upper = pairs.bounds_at(ALPHA / comparisons)
    return found | {"gain": pairs.gain, "lower": lower, "upper": upper}


def _results(grades: Grades, cases: Sequence[Case]) -> dict[str, Result]:
    return {case.id: Result(grades[case.id].value, grades[case.id].passed) for case in cases}
