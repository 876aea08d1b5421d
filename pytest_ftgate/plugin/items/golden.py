"""Golden file -> items: one for each case, then its metrics and the arms of its gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.evaluate.responses import Unmeasured
from pytest_ftgate.graders.grade import Failure, Grade, Outcome, Unscored
from pytest_ftgate.pipeline.decide.evidence import ABSENT
from pytest_ftgate.plugin.items.base import PASSED, FtgateFile, FtgateItem, Rank, Told, skipped
from pytest_ftgate.plugin.items.response_facts import answer_facts, answer_lines

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Measurement
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case


class GoldenFile(FtgateFile):
    """golden.toml, *.golden.jsonl or *.golden.yaml."""

    suite: Suite

    def collect(self) -> Iterator[FtgateItem]:
        """All cases, then metrics and arms; a set that cannot be used is a collection error that lists every fault."""
        try:
            self.suite = self.ftgate.suite(self.path)
        except FileFaults as faults:
            raise self.CollectError(str(faults)) from None
        pipeline = self.ftgate.pipeline_of(self.suite.name)
        for item in self._items():
            item.pipeline = pipeline
            yield item

    def _items(self) -> Iterator[FtgateItem]:
        for case in self.suite.cases:
            yield CaseItem.make(self, case.id, suite=self.suite, case=case)
        judging = [
            MetricItem.make(self, f"metric[{title}]", suite=self.suite, title=title, options=options)
            for title, options in self.suite.metrics
        ]
        judging += [
            GateItem.make(self, f"gate[{arm}]", suite=self.suite, arm=arm) for arm in self.ftgate.arms_of(self.suite)
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

    def tell(self) -> Told:
        """Wait for the answer, grade it."""
        rollout = self.ftgate.rollout_of(self.suite)
        if rollout is not None and rollout.unchanged:
            return skipped("unchanged: the candidate is the champion")
        if rollout is not None and (leak := rollout.exposed.dropped(self.suite).get(self.case.id)) and self._gated:
            return skipped(f"dropped for all models: {leak.verdict} in {leak.file}:{leak.line} ({leak.stage})")
        measurement = self.ftgate.measurement(self.suite)
        try:
            outcome = measurement.outcome(self.case)
        except Unmeasured:
            return skipped(_not_asked(measurement))
        properties = (("ftgate", json.dumps(self._facts(measurement, outcome))),)
        return _told(partial(self._text, measurement, outcome), outcome, properties, gated=self._gated)

    @property
    def _gated(self) -> bool:
        if self.ftgate.is_general(self.suite):
            return True
        return self.suite.golden.gate is not None and not self.case.must_pass

    def _facts(self, measurement: Measurement, outcome: Outcome) -> dict[str, Any]:
        return {
            "set": self.suite.name,
            "case": self.case.id,
            "model": measurement.model_digest,
            "outcome": outcome.to_json(),
            **answer_facts(measurement, self.case),
        }

    def _text(self, measurement: Measurement, outcome: Outcome) -> str:
        where = f"{self.ftgate.shown(self.suite.golden.cases_path)}:{self.case.line}"
        lines = [f"{where}: {outcome.reason}", f"  case:     {self.case.id}", *answer_lines(measurement, self.case)]
        return "\n".join([*lines, f"  expected: {self.case.expected!r}"])


def _not_asked(measurement: Measurement) -> str:
    if measurement.regrade:
        return f"not measured: the journal has no answer of the model {measurement.model_digest[:12]}"
    return "not asked: the run could not ask its model"


def _told(text: Callable[[], str], outcome: Outcome, properties: tuple[tuple[str, str], ...], *, gated: bool) -> Told:
    match outcome:
        case Grade(passed=True):
            return Told("passed", properties=properties)
        case Grade():
            missed = Told("skipped", outcome.reason, missed=True, properties=properties)
            return missed if gated else Told("failed", text(), properties=properties)
        case Unscored():
            return Told("skipped", f"unscored: {outcome.reason}", properties=properties)
        case Failure():
            return Told("failed", text(), properties=properties)


class MetricItem(FtgateItem):
    """One metric of the set, for JUnit and the summary; fails only if there is nothing to compute it from."""

    rank = Rank.METRIC

    def __init__(self, *, suite: Suite, title: str, options: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suite = suite
        self.title = title
        self.options = options

    def tell(self) -> Told:
        """Compute it from this run's and the journal's grades."""
        if missing := self.ftgate.missing(self.suite):
            return skipped(missing)
        measurement = self.ftgate.judged(self.suite)
        metric = measurement.metric(**self.options)
        facts = {"set": self.suite.name, "name": self.title, "value": metric.value, "n": metric.n}
        if self.title == "accuracy" and self.suite.golden.label is not None:
            facts["confusion"] = measurement.confusion().lines()
        bounds = {"lower": metric.lower, "upper": metric.upper if isfinite(metric.upper) else None}
        return Told("passed", properties=(("ftgate_metric", json.dumps(facts | bounds)),))


class GateItem(FtgateItem):
    """One arm of the gate; an arm that is not met is a failed item."""

    rank = Rank.GATE

    def __init__(self, *, suite: Suite, arm: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suite = suite
        self.arm = arm

    def tell(self) -> Told:
        """Judge the arm on this run's and the journal's grades."""
        if missing := self.ftgate.missing(self.suite):
            return skipped(missing)
        arm = self.ftgate.judge(self.suite, self.arm)
        if arm is None:
            return skipped(ABSENT[self.arm])
        facts: dict[str, Any] = {"set": self.suite.name, "arm": arm.name, "status": arm.status, "reason": arm.reason}
        facts |= {"advisory": arm.advisory, "numbers": dict(arm.numbers)}
        beside = self.ftgate.judge_beside(self.suite, self.arm)
        facts["beside"] = [
            {"part": part, "status": seen.status, "reason": seen.reason} for part, seen in beside.items()
        ]
        properties = (("ftgate_arm", json.dumps(facts)),)
        if arm.status == "skip":
            return Told("skipped", arm.reason, properties=properties)
        if arm.status == "pass":
            return Told(PASSED.outcome, properties=properties)
        if arm.advisory:
            return Told("skipped", f"advisory, decides nothing: {arm.status}: {arm.reason}", properties=properties)
        return Told("failed", f"{arm.status.upper()}: {arm.reason}", properties=properties)
