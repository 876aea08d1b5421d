"""Golden file -> items: one for each case, then its metrics and the checks of its gate."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FileFaults, MetricError
from pytest_ftgate.evaluate.responses import Unmeasured
from pytest_ftgate.files.escape import printable
from pytest_ftgate.files.excerpt import brief
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.gate.checks.result import CheckResult, undecided_check
from pytest_ftgate.graders.grade import Failure, Grade, Outcome, Unscored
from pytest_ftgate.graders.python import Python
from pytest_ftgate.metrics.latency_cost import NAMES as LIMITS
from pytest_ftgate.pipeline.decide.run_checks import ABSENT
from pytest_ftgate.pipeline.report.shown_case import case_lines
from pytest_ftgate.pipeline.unasked import NotAsked
from pytest_ftgate.plugin.items.base import PASSED, FtgateFile, FtgateItem, ItemOutcome, Rank, skipped
from pytest_ftgate.plugin.items.response_facts import answer_facts, exchange

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case


WHOLE = 2
"""-vv: no question and no answer is cut."""

LONG = 110
"""Characters of a reason from which it is shown over several lines."""

UNCHANGED = "unchanged: the candidate is the champion"


class GoldenFile(FtgateFile):
    """The file of a golden set, see `golden.paths.is_golden`."""

    @classmethod
    def at(cls, parent: pytest.Collector, path: Path) -> GoldenFile:
        """The file, under an id that can be printed: its name may come from anybody's pull request."""
        root = parent.config.rootpath
        usual = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        named: dict[str, Any] = {} if printable(usual) == usual else {"nodeid": printable(usual)}
        made: GoldenFile = cls.from_parent(parent, path=path, **named)
        return made

    def collect(self) -> Iterator[FtgateItem]:
        """All cases, then metrics and gate checks. Faults of the set are one collection error."""
        try:
            columns = self.ftgate.golden_sets.columns(self.path)
        except FileFaults as faults:
            raise self.CollectError(printable(str(faults))) from None
        for suite in columns:
            pipeline = self.ftgate.training.gated_by(suite.name)
            for item in self._items(suite):
                item.pipeline = pipeline
                yield item

    def _items(self, suite: Suite) -> Iterator[FtgateItem]:
        """In a column the name of each item ends with its label, as of a parametrized test: t000[b-v2]."""
        label = suite.column.label if suite.column else ""
        ending, within = (f"[{label}]", f"-{label}") if label else ("", "")
        for case in suite.cases:
            yield CaseItem.make(self, f"{case.id}{ending}", suite=suite, case=case)
        judging = [
            MetricItem.make(self, f"metric[{title}{within}]", suite=suite, title=title, options=options)
            for title, options in suite.metrics
        ]
        judging += [
            GateItem.make(self, f"gate[{check}{within}]", suite=suite, check=check)
            for check in self.ftgate.gate.checks_of(suite)
        ]
        for order, item in enumerate(judging):
            item.order = order
            yield item


class CaseItem(FtgateItem):
    """One case: passed, failed, missed (the gate weighs it) or unscored (skipped)."""

    rank = Rank.CASE

    def __init__(self, *, suite: Suite, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suite = suite
        self.case = case
        if case.slices:
            self.add_marker(pytest.mark.slice(**case.slices))

    def outcome(self) -> ItemOutcome:
        """Wait for the answer, grade it."""
        run = self.ftgate.training.of(self.suite)
        if run is not None and run.unchanged:
            return skipped(UNCHANGED)
        if run is not None and (leak := run.leaked.dropped(self.suite).get(self.case.id)) and self._gated:
            return skipped(f"dropped for all models: {leak.verdict} in {leak.file}:{leak.line} ({leak.stage})")
        evaluation = self.ftgate.evaluations.of(self.suite)
        try:
            outcome = evaluation.outcome(self.case)
        except Unmeasured:
            return ItemOutcome("failed", f"{self.case.id}: {_not_asked(evaluation)}", unmeasured=self._weighed)
        properties = [("ftgate", json.dumps(self._facts(evaluation, outcome)))]
        try:
            self.ftgate.evaluations.check_asked(self.suite, self.case)
        except NotAsked as error:
            text = self.ftgate.evaluations.unasked.text(error, self.nodeid)
            return ItemOutcome("failed", text, unmeasured=self._weighed, error=True, properties=tuple(properties))
        if _wrong(outcome):
            properties += exchange(evaluation, self.case)
        told = _told(partial(self._text, evaluation, outcome), outcome, tuple(properties), gated=self._gated)
        ungraded = told.outcome == "failed" and not isinstance(outcome, Grade)
        return replace(told, unmeasured=self._weighed) if ungraded else told

    @property
    def place(self) -> tuple[str, int]:
        """The line of the case."""
        return str(self.suite.golden.cases_path), self.case.line

    def broken(self, error: BaseException) -> ItemOutcome:
        """No grade: it says nothing of the model."""
        return replace(super().broken(error), unmeasured=self._weighed)

    @property
    def _weighed(self) -> bool:
        """Whether a gate of this run looks at the case."""
        return self.suite.title in self.ftgate.weighed

    @property
    def _gated(self) -> bool:
        """Whether a wrong answer is left to the gate."""
        if not self._weighed:
            return False
        if self.ftgate.training.is_general(self.suite):
            return True
        against = self.ftgate.against
        decides = self.suite.golden.gate is not None or (against and against.decides and against.knows(self.suite.name))
        return bool(decides) and not self.case.must_pass

    def _facts(self, evaluation: Evaluation, outcome: Outcome) -> dict[str, Any]:
        return {
            "set": self.suite.title,
            "case": self.case.id,
            "model": evaluation.model_digest,
            "outcome": outcome.to_json(),
            **answer_facts(evaluation, self.case),
        }

    def _text(self, evaluation: Evaluation, outcome: Outcome) -> str:
        """Where the case is and why it is not right, an id to run it again, then what was asked and answered."""
        where = f"{self.ftgate.shown(self.suite.golden.cases_path)}:{self.case.line}"
        again = shlex.quote(f"{self.ftgate.shown(self.path)}::{self.name}")
        lines = case_lines(evaluation, self.case, whole=self.config.get_verbosity() >= WHOLE)
        return "\n".join([*_why(where, outcome), f"  case:       {again}", *lines])


def _why(where: str, outcome: Outcome) -> Iterator[str]:
    """Where, and the reason; that of several graders is long, and stands in lines below. Masked before it is broken."""
    reason = mask(outcome.reason)
    if len(reason) <= LONG or not isinstance(outcome, Grade):
        yield f"{where}: {reason}"
        return
    yield f"{where}: {brief(reason, LONG)}"
    yield "  reason:"
    yield from (f"    {line}" for line in textwrap.wrap(reason, LONG))


def _wrong(outcome: Outcome) -> bool:
    """A wrong answer, or one that could not be judged because something broke."""
    return isinstance(outcome, Failure) or (isinstance(outcome, Grade) and not outcome.passed)


def _not_asked(evaluation: Evaluation) -> str:
    if evaluation.responses.regrade:
        return f"not measured: the journal has no answer of the model {evaluation.model_digest[:12]}"
    return "not measured: the run could not ask its model"


def _told(
    text: Callable[[], str], outcome: Outcome, properties: tuple[tuple[str, str], ...], *, gated: bool
) -> ItemOutcome:
    match outcome:
        case Grade(passed=True):
            return ItemOutcome("passed", properties=properties)
        case Grade():
            if not gated:
                return ItemOutcome("failed", text(), outcome.reason, properties=properties)
            miss = (*properties, ("ftgate_miss", outcome.reason))
            return ItemOutcome("passed", reason=outcome.reason, missed=True, shown=text(), properties=miss)
        case Unscored() if gated and Python.kind in outcome.grader:
            return ItemOutcome("failed", text(), outcome.reason, properties=properties)
        case Unscored():
            return ItemOutcome("skipped", f"unscored: {outcome.reason}", properties=properties)
        case Failure():
            return ItemOutcome("failed", text(), outcome.reason, properties=properties)


class MetricItem(FtgateItem):
    """One metric of the set, for JUnit and the summary; fails only if there is nothing to compute it from."""

    rank = Rank.METRIC

    def __init__(self, *, suite: Suite, title: str, options: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suite = suite
        self.title = title
        self.options = options

    def outcome(self) -> ItemOutcome:
        """Compute it from the grades that this run decides on."""
        if self.ftgate.evaluations.unchanged(self.suite):
            return skipped(UNCHANGED)
        if missing := self.ftgate.evaluations.missing(self.suite):
            return ItemOutcome("failed", missing, unmeasured=self.suite.title in self.ftgate.weighed)
        evaluation = self.ftgate.gate.judged(self.suite)
        ungraded = sum(not result.measured for result in evaluation.results.values())
        try:
            metric = evaluation.metric(measured_only=self.options["name"] not in LIMITS, **self.options)
        except MetricError as error:
            unmeasured = bool(ungraded) and self.suite.title in self.ftgate.weighed
            return ItemOutcome("failed", str(error), unmeasured=unmeasured)
        facts = {"set": self.suite.title, "name": self.title, "value": metric.value}
        facts |= {"n": metric.n, "ungraded": ungraded}
        if self.title == "accuracy" and self.suite.golden.label is not None:
            facts["confusion"] = evaluation.confusion().lines_in_short()
        bounds = {"lower": metric.lower, "upper": metric.upper if isfinite(metric.upper) else None}
        return ItemOutcome("passed", properties=(("ftgate_metric", json.dumps(facts | bounds)),))


class GateItem(FtgateItem):
    """One check of the gate; a check that is not met is a failed item."""

    rank = Rank.GATE

    def __init__(self, *, suite: Suite, check: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suite = suite
        self.check = check

    def outcome(self) -> ItemOutcome:
        """Judge the check on the grades that this run decides on. One that lacks cases decides nothing: a hold."""
        if self.ftgate.evaluations.unchanged(self.suite):
            return skipped(UNCHANGED)
        if missing := self.ftgate.evaluations.missing(self.suite):
            return self._told(undecided_check(self.check, missing, self.ftgate.evaluations.changed(self.suite)))
        check = self.ftgate.gate.judge(self.suite, self.check)
        if check is None:
            return skipped(ABSENT[self.check])
        return self._told(check, self.ftgate.gate.on_other_parts(self.suite, self.check))

    def _told(self, check: CheckResult, beside: Mapping[str, CheckResult] = MappingProxyType({})) -> ItemOutcome:
        facts: dict[str, Any] = {
            "set": self.suite.title,
            "check": check.name,
            "status": check.status,
            "reason": check.reason,
        }
        facts |= {"advisory": check.advisory, "numbers": dict(check.numbers)}
        facts["beside"] = [
            {"part": part, "status": seen.status, "reason": seen.reason} for part, seen in beside.items()
        ]
        properties = (("ftgate_check", json.dumps(facts)),)
        if check.status == "pass":
            return ItemOutcome(PASSED.outcome, properties=properties)
        if check.advisory:
            return ItemOutcome(
                "skipped", f"advisory, decides nothing: {check.status}: {check.reason}", properties=properties
            )
        return ItemOutcome("failed", f"{check.status.upper()}: {check.reason}", properties=properties)
