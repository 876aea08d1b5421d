"""(checks on the cases that decide) -> the same checks, and the verdict, on all cases of a set and on its clean ones.

Shown beside what decided; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.gate.verdict import Verdict, decide
from pytest_ftgate.pipeline.decide.run_checks import judge
from pytest_ftgate.pipeline.leaked_cases import PARTS, Part

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.run import PipelineRun

NOT_OF_A_PART = frozenset({"integrity", "must-pass", "live"})
"""Checks that say the same of every part: a leaked case that must pass must pass."""

Judged = Mapping[str, Mapping[str, CheckResult | None]]
"""CheckResult by name of the golden set and name of the check."""


@dataclass
class Sensitivity:
    """Keeps the checks of each part until the verdict."""

    _checks: dict[tuple[Part, str], dict[str, CheckResult | None]] = field(default_factory=dict)

    def judge(
        self, check: str, suite: Suite, tested: Evaluation, run: PipelineRun | None, delta: float
    ) -> dict[str, CheckResult]:
        """The check on each part that differs from the one that decides, by the part's title. tested: on all cases."""
        found: dict[str, CheckResult] = {}
        for part in run.leaked.others(suite) if run and check not in NOT_OF_A_PART else ():
            assert run is not None  # noqa: S101 - no part differs without one
            seen = _judged(check, suite, tested.without(run.leaked.left_out(suite, part)), run, delta)
            self._checks.setdefault((part, suite.name), {})[check] = seen
            if seen is not None:
                found[run.leaked.title(suite, part)] = seen
        return found

    def verdicts(self, run: PipelineRun, deciding: Judged) -> dict[str, Verdict]:
        """What the gate would say of each part, by the titles of the sets' parts; a set without it counts as it is."""
        return dict(self._verdicts(run, deciding))

    def _verdicts(self, run: PipelineRun, deciding: Judged) -> Iterator[tuple[str, Verdict]]:
        for part in PARTS:
            sets = [suite for suite in run.sets if part in run.leaked.others(suite)]
            if sets:
                titles = (f"{run.leaked.title(suite, part)} of {suite.name}" for suite in sets)
                yield " and ".join(titles), decide(self._of(run, part, deciding))

    def _of(self, run: PipelineRun, part: Part, deciding: Judged) -> list[CheckResult]:
        checks: dict[tuple[str, str], CheckResult | None] = {}
        for suite in run.sets:
            own = {**deciding.get(suite.name, {}), **self._checks.get((part, suite.name), {})}
            checks |= {(suite.name, name): check for name, check in own.items()}
        return [check for check in checks.values() if check is not None]


def _judged(check: str, suite: Suite, tested: Evaluation, run: PipelineRun, delta: float) -> CheckResult | None:
    """What cannot be judged on a part (no case is left, say) is a skip with its reason."""
    if not tested.suite.cases:
        return CheckResult(check, "skip", reason=f"{check}: no case is left")
    try:
        seen = judge(check, suite, tested, run, delta)
    except FtgateError as error:
        return CheckResult(check, "skip", reason=f"{check}: {error}")
    return replace(seen, cases_more=None) if seen else None
