"""(suite, model, journal) -> Evaluation: what one model answered to one golden set, and what that was worth."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sized
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import MetricError
from pytest_ftgate.evaluate.judge_prefetch import prefetch_judge
from pytest_ftgate.evaluate.responses import Responses, Unmeasured
from pytest_ftgate.evaluate.suite import Suite, expected_label
from pytest_ftgate.gate.checks.paired import LEAST_SHARED
from pytest_ftgate.gate.checks.result import Result
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.answer import label_of
from pytest_ftgate.graders.grade import Failure, Grade, Outcome, Unscored, grade_case
from pytest_ftgate.graders.reduce_repeats import combine, most_frequent
from pytest_ftgate.metrics.compute import Metric, Scored, compute
from pytest_ftgate.metrics.latency_cost import NAMES as LIMITS
from pytest_ftgate.metrics.latency_cost import limit

if TYPE_CHECKING:
    from pytest_ftgate.metrics.confusion import Confusion


class Evaluation:
    """One model on one golden set: its responses, graded on demand and once. suite: the cases that are looked at."""

    def __init__(self, responses: Responses) -> None:
        self.responses = responses
        self.suite = responses.suite
        self._outcomes: dict[str, Outcome] = {}
        self._repeats: dict[str, tuple[Outcome, ...]] = {}

    @property
    def model_digest(self) -> str:
        """Digest of all that decides the model's answers, 64 hex digits."""
        return self.responses.model_digest

    def without(self, left_out: Collection[str]) -> Evaluation:
        """The same answers and grades on fewer cases: all but those of these ids; the set's digest stays."""
        if not left_out:
            return self
        part, dropped = copy.copy(self), frozenset(left_out)
        part.suite = replace(self.suite, cases=tuple(case for case in self.suite.cases if case.id not in dropped))
        return part

    def outcome(self, case: Case) -> Outcome:
        """The grade of the answer, over all repeats; graded once. Raises Unmeasured."""
        if case.id not in self._outcomes:
            graders = self.suite.graders_of(case)
            prefetch_judge(self.responses, case)
            repeats = tuple(grade_case(graders, case, response) for response in self.responses.of(case))
            self._outcomes[case.id] = combine(repeats)
            if len(repeats) > 1:
                self._repeats[case.id] = repeats
        return self._outcomes[case.id]

    def repeats(self, case: Case) -> tuple[Outcome, ...]:
        """The outcome of each repeat; () for a case that is asked once. Raises Unmeasured."""
        self.outcome(case)
        return self._repeats.get(case.id, ())

    @property
    def graded(self) -> bool:
        """Whether every case has been graded by now; asks, waits for and grades nothing."""
        return len(self._outcomes) == len(self.suite.cases)

    @property
    def outcomes_so_far(self) -> Mapping[str, Outcome]:
        """Outcome by id of every case that has been graded by now; asks, waits for and grades nothing."""
        return MappingProxyType(self._outcomes)

    @property
    def scored_so_far(self) -> list[tuple[Case, Outcome, Scored]]:
        """Every case that has been graded by now, in the order of the set; asks, waits for and grades nothing."""
        graded = ((case, self._outcomes[case.id]) for case in self.suite.cases if case.id in self._outcomes)
        return [(case, outcome, self._scored(case, outcome)) for case, outcome in graded]

    @property
    def values(self) -> dict[str, float]:
        """Grade of every measured case by the beginning of the case's digest; waits for those on their way."""
        results = self.results
        found = ((case.digest[:16], results[case.id].value) for case in self.suite.cases)
        return {digest: value for digest, value in found if value is not None}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome of every measured case by id; waits for those on their way."""
        found = ((case.id, self._outcome_or_none(case)) for case in self.suite.cases)
        return {case_id: outcome for case_id, outcome in found if outcome is not None}

    @property
    def results(self) -> dict[str, Result]:
        """What the gate compares: every case of the set, measured or not."""
        outcomes = self.outcomes
        return {case.id: _result(outcomes.get(case.id)) for case in self.suite.cases}

    @property
    def scored(self) -> list[Scored]:
        """What metrics are made of: every case that was asked, with its labels if the set names them."""
        found = ((case, self._outcome_or_none(case)) for case in self.suite.cases)
        return [self._scored(case, outcome) for case, outcome in found if outcome is not None]

    def metric(self, name: str, *, measured_only: bool = False, **options: Any) -> Metric:
        """A metric of all cases that were asked; see `metric.compute`.

        measured_only: leave out the cases without a grade, which else count against the model. Raises MetricError, also
        where no case has a grade: that is not measured, and no score.
        """
        if name in LIMITS:
            answers = [answer for case in self.suite.cases for answer in self.responses.of_or_none(case)]
            return limit(name, answers, self.suite.golden.price, measured_only=measured_only)
        label = self.suite.golden.label
        scored = self.scored
        if scored and not any(case.measured for case in scored):
            raise MetricError(f"{name}: not measured: none of {len(scored)} cases has a grade")
        scored = [case for case in scored if case.measured or not measured_only]
        return compute(name, scored, label.values if label else (), **options)

    def confusion(self) -> Confusion:
        """Expected against predicted labels, an answer that is no known label in a column of its own.

        Raises MetricError if the set names no labels.
        """
        from pytest_ftgate.metrics.labels import Labels

        if self.suite.golden.label is None:
            raise MetricError(f"{self.suite.name}: a confusion matrix needs [label] in the golden set")
        return Labels(self.suite.golden.label.values, self.scored).confusion()

    def readable(self, case: Case) -> bool:
        """True if the answer is one: a label of the set if it names labels, else any text at all."""
        text = self.responses.first(case).text
        label = self.suite.golden.label
        return label_of(text, label.path) is not None if label else bool(text.strip())

    def _outcome_or_none(self, case: Case) -> Outcome | None:
        try:
            return self.outcome(case)
        except Unmeasured:
            return None

    def _scored(self, case: Case, outcome: Outcome) -> Scored:
        value, passed = (outcome.value, outcome.passed) if isinstance(outcome, Grade) else (0.0, False)
        measured = isinstance(outcome, Grade)
        repeats = tuple(isinstance(each, Grade) and each.passed for each in self._repeats.get(case.id, ()))
        label = self.suite.golden.label
        if label is None:
            return Scored(case.id, value, passed, measured=measured, repeats=repeats)
        predicted = most_frequent([label_of(answer.text, label.path) for answer in self.responses.of(case)])
        return Scored(case.id, value, passed, expected_label(case, label), predicted, measured, repeats)

    def to_json(self) -> dict[str, Any]:
        """Frozen results for the registry: case digest, value and text by case id."""
        rows = {}
        for case in self.suite.cases:
            outcome = self._outcome_or_none(case)
            if isinstance(outcome, Grade):
                rows[case.id] = {
                    "case": case.digest,
                    "value": outcome.value,
                    "passed": outcome.passed,
                    "text": self.responses.first(case).text,
                }
        known = {"suite": self.suite.name, "digest": self.suite.digest, "settings": self.suite.settings_digest}
        return known | {"model": self.model_digest, "cases": rows}


def frozen_results(data: dict[str, Any], suite: Suite) -> dict[str, Result]:
    """`Evaluation.to_json` back to results, of those cases that are still the same in the suite, whatever their ids.

    None of them is the same if another prompt was asked, or other graders judged.
    """
    rows = {row["case"]: row for row in data["cases"].values()}
    if data.get("settings", suite.settings_digest) != suite.settings_digest:
        return {}
    return {
        case.id: Result(rows[case.digest]["value"], rows[case.digest]["passed"])
        for case in suite.cases
        if case.digest in rows
    }


def covers(results: Sized, suite: Suite) -> bool:
    """True if frozen results are of enough of the set's cases; else a model is measured again, or left out."""
    return len(results) >= LEAST_SHARED * len(suite.cases)


def _result(outcome: Outcome | None) -> Result:
    match outcome:
        case Grade():
            return Result(outcome.value, outcome.passed)
        case None | Unscored() | Failure():
            return Result(None, None)
