"""(golden sets, evaluations) -> the checks of the gate in one run, kept until the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_ftgate.gate.checks.against import NAME as AGAINST
from pytest_ftgate.pipeline.decide.preferences import compare_answers
from pytest_ftgate.pipeline.decide.run_checks import checks_of, judge
from pytest_ftgate.pipeline.decide.sensitivity import Sensitivity

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.pipeline.comparison.against import Against
    from pytest_ftgate.pipeline.evaluation_run import EvaluationRun
    from pytest_ftgate.pipeline.golden_sets import GoldenSets
    from pytest_ftgate.pipeline.run import PipelineRun
    from pytest_ftgate.pipeline.training_runs import TrainingRuns


class GateRun:
    """checks: results by name of the golden set and of the check. sensitivity: on other parts of sets that leaked."""

    def __init__(
        self,
        golden_sets: GoldenSets,
        training: TrainingRuns,
        evaluations: EvaluationRun,
        against: Against | None = None,
    ) -> None:
        self._golden_sets, self._training, self._evaluations = golden_sets, training, evaluations
        self._against = against
        self.checks: dict[str, dict[str, CheckResult | None]] = {}
        self.sensitivity = Sensitivity()

    def checks_of(self, suite: Suite) -> list[str]:
        """Names of the checks that judge a set in this run, in order."""
        training = self._training
        train = bool(training.gated_by(suite.name))
        found = checks_of(suite, train=train, general=training.is_general(suite), live=training.is_live(suite))
        return [*found, AGAINST] if self._against and self._against.decides else found

    def judge(self, suite: Suite, check: str) -> CheckResult | None:
        """Judge one check and keep it for the verdict; None if it does not apply."""
        if check == AGAINST and self._against:
            return self._against.check(suite, self._evaluations.of(suite), self._golden_sets.present)
        run = self._training.of(suite)
        tested = self._evaluations.of(suite) if check == "must-pass" else self.judged(suite)
        if run is not None and check == "judge":
            compare_answers(suite, self._evaluations.of(suite), run)
        found = judge(check, suite, tested, run, self._golden_sets.delta(suite))
        noise = self._golden_sets.noises.get(suite.name)
        if found is not None and noise and check in {"champion", "anchor"}:
            found = replace(found, reason=f"{found.reason}; {noise.of(suite)}")
        if found is not None and check == "integrity" and suite.column and suite.column.variant:
            asked = f"asked with the prompt variant {suite.column.variant!r}, not with the set's own prompt"
            locked = " that golden.lock accepts" if suite.name in self._golden_sets.deltas else ""
            found = replace(found, reason=f"{found.reason}; {asked}{locked}")
        self.checks.setdefault(suite.name, {})[check] = found
        return found

    def judged(self, suite: Suite) -> Evaluation:
        """The model under test on the cases that decide: all but leaked ones that --ftgate-leak=drop-case drops."""
        run, tested = self._training.of(suite), self._evaluations.of(suite)
        return tested.without(run.leaked.left_out(suite)) if run else tested

    def on_other_parts(self, suite: Suite, check: str) -> dict[str, CheckResult]:
        """The check on all cases, and on the clean ones, where these are not what decides; by the part's title."""
        tested, run = self._evaluations.of(suite), self._training.of(suite)
        if check == AGAINST:
            return {}
        return self.sensitivity.judge(check, suite, tested, run, self._golden_sets.delta(suite))

    def decide(self, run: PipelineRun) -> Verdict | None:
        """The verdict on a candidate, None while a check is missing; a hold where an unadmitted judge grades.

        Raises FileFaults if the labels or the lock of such a judge cannot be read.
        """
        from pytest_ftgate.gate.verdict import decide
        from pytest_ftgate.pipeline.decide.preferences import unadmitted_of

        checks: list[CheckResult] = []
        for suite in run.sets:
            found = self.checks.get(suite.name, {})
            if set(self.checks_of(suite)) - set(found):
                return None
            if suite in run.deciding:
                found = self.checks[suite.name] = found | {"admission": unadmitted_of(suite)}
            checks += filter(None, found.values())
        return decide(checks)
