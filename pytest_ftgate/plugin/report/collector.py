"""Reports of our items, of this process or of xdist's workers -> exit code and summary."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.gate.exit_code import decide_run
from pytest_ftgate.judge.summary import summed, untrusted
from pytest_ftgate.plugin.report.failure_text import restore_failure

_LISTS = ("traffic", "columns", "scores", "changed", "judges", "unasked", "sets", "pipelines")
"""Fields of a `ReportCollector` that no report carries from a worker of xdist to the controller."""


@dataclass(eq=False)
class ReportCollector:
    """Listens to reports; a pytest plugin object registered in every process of a run.

    train: the run trains, so that a gate that was not judged is a HOLD. canary: it watches champions, likewise.
    failed: all failed reports, as pytest counts them; of these gates_own are what the gate itself found, and unmeasured
    are cases without a grade. unasked: why models could not be asked, with their golden sets. distrusted: items that
    found something changed by hand. gates_selected, gates_told: gate checks that were to run, and that did. wrong:
    reports of failed cases; missed: of wrong answers left to the gate. scores: see `report.scores`.
    undecided: gate checks, as in `checks`, that no item of this run judges. sets, pipelines: see `report.sets`. about:
    run, at, git, dirty, args of the records of this run; empty if it kept none.
    """

    train: bool
    canary: bool = False
    told: bool = False
    failed: int = 0
    gates_own: int = 0
    unmeasured: int = 0
    distrusted: int = 0
    gates_selected: int = 0
    gates_told: int = 0
    wrong: list[pytest.TestReport] = field(default_factory=list)
    missed: list[pytest.TestReport] = field(default_factory=list)
    metrics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    checks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    nights: list[dict[str, Any]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    traffic: list[dict[str, Any]] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    judges: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[dict[str, Any]] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    sets: list[dict[str, Any]] = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what our items report, and count what failed."""
        if hasattr(report, "ftgate_rank"):
            self.told = True
            restore_failure(report)
            self.gates_told += report.ftgate_rank == "GATE" and report.when == "call"
            self._keep(report)
        if _counts(report):
            self.failed += 1
            self.unmeasured += hasattr(report, "ftgate_unmeasured")
            self.distrusted += hasattr(report, "ftgate_distrusted")
            self.gates_own += self._is_gates(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be collected."""
        self.failed += _counts(report)

    def _keep(self, report: pytest.TestReport) -> None:
        if getattr(report, "ftgate_missed", False):
            self.missed.append(report)
        if report.when != "call":
            return
        if report.failed and any(name == "ftgate_question" for name, _ in report.user_properties):
            self.wrong.append(report)
        for name, text in report.user_properties:
            if name == "ftgate_metric":
                self._into(self.metrics, text)
            elif name == "ftgate_check":
                self._into(self.checks, text)
            elif name == "ftgate_verdict":
                self.verdicts.append(json.loads(str(text)))
            elif name == "ftgate_data":
                self.data.append(json.loads(str(text)))
            elif name == "ftgate_canary":
                self.nights.append(json.loads(str(text)))

    @staticmethod
    def _into(place: dict[str, list[dict[str, Any]]], text: object) -> None:
        fact = json.loads(str(text))
        place.setdefault(fact["set"], []).append(fact)

    @staticmethod
    def _is_gates(report: pytest.TestReport) -> bool:
        """True for what the gate itself found; a stage that broke for another reason is an ordinary failure."""
        decided = any(name in {"ftgate_check", "ftgate_verdict", "ftgate_canary"} for name, _ in report.user_properties)
        return decided and hasattr(report, "ftgate_rank")

    def not_judged(self, fact: dict[str, Any]) -> None:
        """Show a gate check that no item of this run judges; once, however many workers say so."""
        if fact not in self.undecided:
            self.undecided.append(fact)
            self.checks.setdefault(fact["set"], []).append(fact)

    def failures(self, session_failed: int = 0) -> int:
        """What failed and is neither a finding of the gate nor a case without a grade.

        session_failed: pytest's own count, which other plugins raise with no report (a coverage limit does).
        """
        return max(self.failed, session_failed) - self.gates_own - self.unmeasured

    def exit_code(self, status: int, session_failed: int = 0) -> int:
        """By `gate.exit_code`. status: pytest's own exit code. session_failed: see `failures`."""
        return decide_run(
            self._all_checks(),
            self.failures(session_failed),
            unmeasured=self.unmeasured,
            unlooked=max(0, self.gates_selected - self.gates_told),
            train=self.train,
            canary=self.canary,
            verdicts=[verdict["verdict"] for verdict in self.verdicts],
            nights=[night["kind"] for night in self.nights],
            trusted=not (self.distrusted or any(map(untrusted, summed(self.judges)))),
            status=status,
        ).exit_code

    @property
    def decides(self) -> bool:
        """Whether the exit code is ours: an item of ours ran, or was to run."""
        return self.speaks or self.train or self.canary or self.gates_selected > 0

    @property
    def speaks(self) -> bool:
        """Whether an item of ours ran or a judge was asked: else the run is not ours, and nothing is printed."""
        return self.told or bool(self.judges) or bool(self.undecided)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """On the controller of xdist: take what a worker has counted; one that crashed has no output."""
        if sent := getattr(node, "workeroutput", {}).get("ftgate"):
            self.arrived(sent)

    def travelling(self) -> dict[str, Any]:
        """What no report carries, from a worker of xdist to `arrived` on the controller."""
        lists = {name: getattr(self, name) for name in _LISTS}
        return lists | {
            "counts": self.counts,
            "about": self.about,
            "gates_selected": self.gates_selected,
            "undecided": self.undecided,
        }

    def arrived(self, sent: dict[str, Any]) -> None:
        """The inverse of `travelling`."""
        for name in _LISTS:
            getattr(self, name).extend(sent.get(name, ()))
        self.counts.update(sent["counts"])
        self.about |= sent.get("about", {})
        for fact in sent.get("undecided", ()):
            self.not_judged(fact)
        self.gates_selected = max(self.gates_selected, sent["gates_selected"])

    def into_junit(self, config: pytest.Config) -> None:
        """Of the test suite: `ftgate_latency`, `ftgate_score`, `ftgate_changed` of each set, `ftgate_requests`."""
        from _pytest.junitxml import xml_key

        xml = config.stash.get(xml_key, None)
        if xml is None:
            return
        for each in self.traffic:
            xml.add_global_property("ftgate_latency", json.dumps(each))
        for each in self.scores:
            xml.add_global_property("ftgate_score", json.dumps(each))
        for each in self.changed:
            ids = {name: value for name, value in each.items() if name != "cases"}
            xml.add_global_property("ftgate_changed", json.dumps(ids))
        xml.add_global_property("ftgate_requests", json.dumps(self.counts))
        for judge in summed(self.judges):
            xml.add_global_property("ftgate_judge", json.dumps(judge))

    def _all_checks(self) -> list[CheckResult]:
        facts = [fact for checks in self.checks.values() for fact in checks]
        return [CheckResult(fact["check"], fact["status"], advisory=fact["advisory"]) for fact in facts]


def _counts(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether pytest counts it as a failure, see `Session.pytest_runtest_logreport`."""
    return report.failed and not hasattr(report, "wasxfail")
