"""Reports of our items, of this process or of xdist's workers -> exit code and summary."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_ftgate.judge.summary import summed, untrusted

HOLD = 10
INTEGRITY = 11
DRIFT = 12

EXIT_CODES: Mapping[int, tuple[str, str]] = {
    0: (
        "passed: PROMOTE, UNCHANGED, or nothing to complain about",
        "Every test passed. Under `--train` every gate check passed and the candidate is the champion now "
        "(PROMOTE), or the training gave the champion itself (UNCHANGED). Of a command: done.",
    ),
    1: (
        "REJECT, or a failed test",
        "A gate check shows the candidate to be worse, or an ordinary test failed; the champion stays. Of a "
        "command: `data check` found an error, `data split` found related rows on two sides, the judge is not "
        "admitted (`judge calibrate`), or the candidate is worse (`ab analyse`).",
    ),
    2: (
        "interrupted, or a mistake in a command",
        "pytest was interrupted, or collection failed, for example because a golden set is faulty: each fault "
        "is listed with file and line. Of a command: its arguments or files are wrong; one message says what to"
        " do.",
    ),
    3: (
        "internal error",
        "pytest's own code for an internal error; also if no model could be asked at all, which the message "
        "above it explains.",
    ),
    4: (
        "wrong usage of pytest",
        "pytest's own code for wrong options, such as `--train` together with `--canary`. Also if another "
        "plugin has taken a golden file that was named, or registers our options.",
    ),
    5: (
        "no tests collected",
        "pytest's own code: nothing was found below the given paths, or all was deselected.",
    ),
    6: (
        "too many warnings",
        "pytest's own code: everything passed, but with more warnings than `--max-warnings` allows.",
    ),
    HOLD: (
        "HOLD: not enough evidence",
        "The numbers decide neither for nor against the candidate; the champion stays, and the reason says how "
        "many more cases would settle it. Also a `--train` or `--canary` that came to no verdict, a canary "
        "without all its answers, `ab analyse` without a decision, and `data generate` with fewer rows than "
        "wanted.",
    ),
    INTEGRITY: (
        "INTEGRITY: the numbers cannot be trusted",
        "A leak, a changed golden set, unmeasured cases, too many cases without a judgement, or a canary whose "
        "panel, prompt or model is not what it was. Nothing is registered and nothing can override it. Of a "
        "command: `leakage` found a leak, `audit verify` an edited line, `ab analyse` an unsound split.",
    ),
    DRIFT: (
        "DRIFT: a regression",
        "`--canary`: a champion has become worse since its promotion. Of a command: `drift inputs` found that "
        "production asks something else than training or golden sets.",
    ),
    130: (
        "interrupted",
        "A command was stopped with Ctrl-C.",
    ),
}
"""Every exit code: its title, and a paragraph."""


@dataclass(eq=False)
class Tally:
    """Listens to reports; a pytest plugin object registered in every process of a run.

    train: the run trains, so that a gate that was not judged is a HOLD. canary: it watches champions, likewise.
    """

    train: bool
    canary: bool = False
    told: bool = False
    other_failures: int = 0
    missed: list[pytest.TestReport] = field(default_factory=list)
    metrics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    arms: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    nights: list[dict[str, Any]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    traffic: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    judges: list[dict[str, Any]] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what an item of ours told, and count what failed beside the gate."""
        if hasattr(report, "ftgate_rank"):
            self.told = True
            self._keep(report)
        if report.failed and not self._is_gates(report):
            self.other_failures += 1

    def _keep(self, report: pytest.TestReport) -> None:
        if getattr(report, "ftgate_missed", False):
            self.missed.append(report)
        if report.when != "call":
            return
        for name, text in report.user_properties:
            if name == "ftgate_metric":
                self._into(self.metrics, text)
            elif name == "ftgate_arm":
                self._into(self.arms, text)
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
        decided = any(name in {"ftgate_arm", "ftgate_verdict", "ftgate_canary"} for name, _ in report.user_properties)
        return decided and hasattr(report, "ftgate_rank")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Set the exit code of the run."""
        if self.speaks:
            session.exitstatus = self.exit_code(int(exitstatus))

    def exit_code(self, status: int) -> int:
        """2 to 5 are pytest's; then 11 INTEGRITY, 1 failed or REJECT, 10 HOLD, 12 drift, else 0."""
        if status in range(2, 6):
            return status
        statuses = {arm["status"] for arm in self._all_arms() if not arm["advisory"]}
        kinds = {verdict["verdict"] for verdict in self.verdicts}
        nights = {night["kind"] for night in self.nights}
        if (
            "integrity" in statuses
            or any(map(untrusted, summed(self.judges)))
            or "INTEGRITY" in kinds
            or "changed" in nights
        ):
            return INTEGRITY
        if self.other_failures or statuses & {"reject", "fail"} or "REJECT" in kinds:
            return 1
        undecided = (self.train and not self.verdicts) or (self.canary and nights <= {"none"})
        if undecided or nights & {"incomplete", "unknown"} or statuses & {"hold", "skip"} or "HOLD" in kinds:
            return HOLD
        if "drift" in nights:
            return DRIFT
        return status if not self.arms else 0

    @property
    def speaks(self) -> bool:
        """Whether an item of ours ran or a judge was asked: else the run is not ours, and nothing is told of it."""
        return self.told or bool(self.judges)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """On the controller of xdist: take what a worker has counted; one that crashed has no output."""
        if sent := getattr(node, "workeroutput", {}).get("ftgate"):
            self.arrived(sent)

    def travelling(self) -> dict[str, Any]:
        """What no report carries, from a worker of xdist to `arrived` on the controller."""
        return {"traffic": self.traffic, "counts": self.counts, "judges": self.judges}

    def arrived(self, sent: dict[str, Any]) -> None:
        """The inverse of `travelling`."""
        self.traffic += sent["traffic"]
        self.counts.update(sent["counts"])
        self.judges += sent["judges"]

    def into_junit(self, config: pytest.Config) -> None:
        """Properties of the test suite: `ftgate_latency` for each golden set, `ftgate_requests`."""
        from _pytest.junitxml import xml_key

        xml = config.stash.get(xml_key, None)
        if xml is None:
            return
        for each in self.traffic:
            xml.add_global_property("ftgate_latency", json.dumps(each))
        xml.add_global_property("ftgate_requests", json.dumps(self.counts))
        for judge in summed(self.judges):
            xml.add_global_property("ftgate_judge", json.dumps(judge))

    def _all_arms(self) -> Iterator[dict[str, Any]]:
        for arms in self.arms.values():
            yield from arms
