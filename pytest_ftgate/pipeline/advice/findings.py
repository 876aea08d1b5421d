"""Measured, with the reference model, rows and prices -> the Situation that the rules look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.power import resolvable
from pytest_ftgate.pipeline.advice.measure import Measured, failed
from pytest_ftgate.pipeline.advice.situation import LEAST_MEASURED, Situation
from pytest_ftgate.pipeline.advice.worth import Worth

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.metrics.base import Metric
    from pytest_ftgate.pipeline.advice.aim import Aim


@dataclass(frozen=True)
class Findings:
    """All that one run found. suites: as they were asked. rows: of training data; left_out: others, by max_rows.

    volume: requests a month, if known.
    unasked: cases that a limit left out, by name of the set.

    reference: what another model answered, by name of the set; reference_name: "" if none was asked. worth: prices, or
    why there are none.
    """

    measured: Measured
    suites: Sequence[Suite]
    rows: int
    reference: Mapping[str, Evaluation] = field(default_factory=dict)
    reference_name: str = ""
    worth: Worth | str = ""
    volume: float | None = None
    unasked: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0

    @property
    def furthest(self) -> tuple[Suite, Aim]:
        """The golden set and metric with the largest gap: all of them must be reached."""
        both = [(suite, aim) for suite in self.suites for aim in self.measured.aims[suite.name]]
        return max(both, key=lambda each: each[1].target - self.best_of(*each).value)

    def best_of(self, suite: Suite, aim: Aim) -> Metric:
        """The base model's metric with its best prompt, of the cases with a grade. Raises MetricError."""
        evaluation = self.measured.goldens[suite.name][self.measured.best]
        return evaluation.metric(**aim.options, measured_only=True)

    def reference_of(self, name: str, aim: Aim) -> Metric | None:
        """The reference's metric on a set; None if it was not asked, or too few of its answers have a grade."""
        if name not in self.reference:
            return None
        evaluation = self.reference[name]
        try:
            found = evaluation.metric(**aim.options, measured_only=True)
        except MetricError:
            return None
        return found if found.n >= LEAST_MEASURED * len(evaluation.suite.cases) else None

    @property
    def situation(self) -> Situation:
        """The numbers of the set that is furthest from its target. Raises MetricError."""
        suite, aim = self.furthest
        return Situation(
            golden=suite.name,
            best=self.best_of(suite, aim),
            prompt=self.measured.best.name,
            cases=len(suite.cases),
            target=aim.target,
            rows=self.rows,
            resolution=resolvable(len(suite.cases) + self.unasked.get(suite.name, 0)),
            reference=self.reference_of(suite.name, aim),
            reference_name=self.reference_name,
            volume=self.volume,
            break_even=self.worth.break_even(self.reference_name) if isinstance(self.worth, Worth) else None,
            unasked=self.unasked.get(suite.name, 0),
            left_out=self.left_out,
            failed=failed(self.measured.goldens[suite.name][self.measured.best]),
        )
