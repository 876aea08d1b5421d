"""(rollout, verdict, arms judged) -> Explanation: brings each arm that is not met the answers of both models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.checks.slices import broken_slices, slices_of
from pytest_ftgate.pipeline.report.changes import Comparison, Frozen, compare, failing
from pytest_ftgate.pipeline.report.explain import Explanation, Finding
from pytest_ftgate.pipeline.report.explain_page import markdown

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.gate.checks.result import Arm
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.run import Rollout

FILE = "explain.md"

Judged = Mapping[str, Mapping[str, "Arm | None"]]
"""Arm by name of the golden set and name of the arm, as `session.FtgateSession.arms`."""


def explain(
    rollout: Rollout, verdict: Verdict, judged: Judged, beside: Mapping[str, Verdict] = MappingProxyType({})
) -> Explanation:
    """What is known about every arm that is not met, and about goldens that leaked; no findings if all are.

    beside: the verdict on other parts of the sets (`beside.Beside.verdicts`).
    """
    findings = [
        finding
        for suite in rollout.sets
        for arm in judged.get(suite.name, {}).values()
        if arm is not None and arm.status != "pass"
        for finding in _told(rollout, suite, arm)
    ]
    leaks = tuple(leak for report in rollout.exposed.reports for leak in report.found)
    parts = {"what decides": verdict, **beside} if beside else {}
    return Explanation(rollout.name, str(verdict.kind), verdict.reason, tuple(findings), leaks, parts)


def write(explanation: Explanation | None, folder: Path) -> Path | None:
    """Write explain.md into a run's folder; its path. Nothing to explain: an earlier page is removed, and None."""
    path = folder / FILE
    if explanation is None or not explanation.tells:
        path.unlink(missing_ok=True)
        return None
    path.write_text(markdown(explanation), encoding="utf-8")
    return path


def _told(rollout: Rollout, suite: Suite, arm: Arm) -> list[Finding]:
    """The verdict stands, also where its cases cannot be shown (the registry does not answer, say)."""
    try:
        return list(_findings(rollout, suite, arm))
    except FtgateError as error:
        return [Finding(suite.name, arm, note=f"its cases cannot be shown: {error}")]


def _findings(rollout: Rollout, suite: Suite, arm: Arm) -> Iterator[Finding]:
    judged = suite if arm.name == "must-pass" else _judged(rollout, suite)
    if arm.name in _ALONE:
        yield Finding(suite.name, arm, comparison=_ALONE[arm.name](judged, rollout.candidate_of(suite).to_json()))
    elif arm.name in _AGAINST:
        against, old = _AGAINST[arm.name](rollout, suite)
        new = rollout.candidate_of(suite).to_json()
        for part, cases in _parts(judged, arm):
            yield Finding(suite.name, arm, part, against, compare(cases, new, old))
    else:
        yield Finding(suite.name, arm)


def _judged(rollout: Rollout, suite: Suite) -> Suite:
    """The set with the cases that decided: without leaked ones that were dropped."""
    left_out = rollout.exposed.left_out(suite)
    return replace(suite, cases=tuple(case for case in suite.cases if case.id not in left_out)) if left_out else suite


def _parts(suite: Suite, arm: Arm) -> Iterator[tuple[str, Sequence[Case]]]:
    """The cases that an arm looked at: of the slices arm each slice that broke, else all of them."""
    if arm.name != "slices":
        yield "", suite.cases
        return
    members = slices_of(suite.cases)
    for name in broken_slices(arm):
        ids = set(members[name])
        yield name, [case for case in suite.cases if case.id in ids]


def _base(rollout: Rollout, suite: Suite) -> tuple[str, Frozen]:
    return "the base model", rollout.base_answers(suite)


def _champion(rollout: Rollout, suite: Suite) -> tuple[str, Frozen]:
    champion = rollout.references.champion(suite)
    assert champion is not None  # noqa: S101 - the arm was judged, so there is one
    return f"champion v{champion.version.number}", rollout.answers_of(suite, champion.version, now=champion.now)


def _anchor(rollout: Rollout, suite: Suite) -> tuple[str, Frozen]:
    anchor = rollout.references.anchor(suite)
    assert anchor is not None  # noqa: S101 - the arm was judged, so there is one
    return f"past champion v{anchor.version.number}", rollout.answers_of(suite, anchor.version, now=anchor.now)


def _champion_or_base(rollout: Rollout, suite: Suite) -> tuple[str, Frozen]:
    return _champion(rollout, suite) if rollout.champion else _base(rollout, suite)


_AGAINST: Mapping[str, Callable[[Rollout, Suite], tuple[str, Frozen]]] = {
    "baseline": _base,
    "champion": _champion,
    "anchor": _anchor,
    "slices": _champion_or_base,
    "forgetting": _base,
}
"""The other model of the arms that compare two."""


def _must_pass(suite: Suite, new: Frozen) -> Comparison:
    return failing([case for case in suite.cases if case.must_pass], new)


_ALONE: Mapping[str, Callable[[Suite, Frozen], Comparison]] = {
    "floors": lambda suite, new: failing(suite.cases, new),
    "must-pass": _must_pass,
}
"""The cases that fail by themselves."""
