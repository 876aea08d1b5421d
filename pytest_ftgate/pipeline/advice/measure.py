"""(base model, prompts, golden sets, validation rows) -> Measured: how far prompts alone come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, MetricError
from pytest_ftgate.gate.checks.paired import Pairs, pair
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.pipeline.advice.aim import Aim
from pytest_ftgate.pipeline.advice.prompts import Way

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.checks.result import Results
    from pytest_ftgate.golden.case import Prompt
    from pytest_ftgate.pipeline.evaluations import Evaluations
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.targets import Target

PromptOf = Callable[["Suite", Way], "Prompt"]


@dataclass(frozen=True)
class Measured:
    """validation: of every way. goldens: by name of the set, of zero-shot, few-shot and the best way.

    best: the way with the highest metric on the validation rows, so that goldens choose nothing; the first of equals.
    chooser: that metric: the first of the first set, or accuracy where the rows cannot tell that one, for the reason
    `instead`.
    """

    validation: Mapping[Way, Evaluation]
    goldens: Mapping[str, Mapping[Way, Evaluation]]
    best: Way
    aims: Mapping[str, Sequence[Aim]]
    chooser: Aim
    instead: str = ""


@dataclass(frozen=True)
class Measuring:
    """What it takes to ask. choices: allowed answers of [baseline], where the engine can hold the model to them.

    limit: cases of each set that are asked at most, 0 for all.
    """

    runtime: Runtime
    evaluations: Evaluations
    target: Target
    choices: tuple[str, ...]
    prompt_of: PromptOf
    limit: int = 0

    def of(self, suite: Suite, way: Way) -> Evaluation:
        """The base model, asked in one way; nothing is sent yet."""
        return self.evaluations.of(suite, self.target, self.prompt_of(suite, way), self.choices)

    def asked(self, suite: Suite, ways: Sequence[Way], label: str) -> dict[Way, Evaluation]:
        """The evaluations, answered. What an earlier run has asked is not asked again."""
        found = {way: self.of(suite, way) for way in ways}
        for evaluation in found.values():
            self.runtime.expect(evaluation, self.target)
        for way, evaluation in found.items():
            self.evaluations.ask(evaluation, suite.cases, self.target, f"{label}, {way.name}")
        return found


def measure(
    measuring: Measuring, suites: Sequence[Suite], validation: Suite, ways: Sequence[Way], aims: Mapping[str, list[Aim]]
) -> Measured:
    """Every way on the validation rows, then three of them at most on the golden sets.

    aims: by name of the set; of the first one, the first chooses. Raises FtgateError if nothing was measured.
    """
    rows = measuring.asked(validation, ways, "validation rows")
    first = aims[suites[0].name][0]
    chooser, instead = _chooser(rows, first)
    scores = {
        way: found.value for way, each in rows.items() if isinstance(found := metric_or_why(each, chooser), Metric)
    }
    if not scores:
        metric_of(rows[ways[0]], chooser, measuring)
    best = max(scores, key=lambda way: scores[way])
    shown = tuple(dict.fromkeys([*(way for way in ways if not way.variant), best]))
    goldens = {suite.name: measuring.asked(suite, shown, suite.name) for suite in suites}
    for suite in suites:
        for aim in aims[suite.name]:
            metric_of(goldens[suite.name][best], aim, measuring)
    return Measured(rows, goldens, best, aims, chooser, instead)


def _chooser(rows: Mapping[Way, Evaluation], first: Aim) -> tuple[Aim, str]:
    """The metric that all prompts with a grade have on the rows, and why it is not the first (a label is missing)."""
    for evaluation in rows.values():
        why = metric_or_why(evaluation, first)
        if isinstance(why, str) and evaluation.outcomes:
            return replace(first, name="accuracy", options={"name": "accuracy"}), why
    return first, ""


def metric_or_why(evaluation: Evaluation, aim: Aim) -> Metric | str:
    """Of the cases with a grade, or why there is none, with what came in place of answers."""
    try:
        return evaluation.metric(**aim.options, measured_only=True)
    except MetricError as error:
        told = failed(evaluation)
        return f"{error}; {told}" if told else f"{error}"


def failed(evaluation: Evaluation) -> str:
    """How many requests failed, and what the first of them said; "" if none did."""
    answers = [answer for case in evaluation.suite.cases for answer in evaluation.responses.of_or_none(case)]
    broken = [answer for answer in answers if answer.broken]
    return f"{len(broken):,} of {len(answers):,} requests failed, the first with: {broken[0].error}" if broken else ""


def metric_of(evaluation: Evaluation, aim: Aim, measuring: Measuring) -> Metric:
    """Of the cases with a grade. Raises FtgateError, with what stopped the model, if there is none."""
    found = metric_or_why(evaluation, aim)
    if isinstance(found, Metric):
        return found
    why = measuring.runtime.stopped(evaluation.model_digest)
    limit = measuring.limit if len(evaluation.suite.cases) == measuring.limit and evaluation.outcomes else 0
    hint = f"\n    --limit {limit} left the other cases out: raise it, or ask all: --limit 0" if limit else ""
    raise FtgateError(f"{evaluation.suite.name}: {found}{f'; {why}' if why and why not in found else ''}{hint}")


def difference(one: Evaluation, other: Evaluation) -> Pairs | None:
    """Of the mean grades of two evaluations on the cases that both have a grade for; None if there is none."""
    candidate, reference = _graded(one), _graded(other)
    clusters = {case.id: case.cluster for case in one.suite.cases}
    try:
        return pair(candidate, reference, clusters)
    except MetricError:
        return None


def _graded(evaluation: Evaluation) -> Results:
    return {case_id: result for case_id, result in evaluation.results.items() if result.measured}
