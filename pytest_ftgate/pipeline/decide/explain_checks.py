"""(pipeline run, verdict, check results) -> Explanation: the answers of both models to each check that did not pass."""

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
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.run import PipelineRun

FILE = "explain.md"

Judged = Mapping[str, Mapping[str, "CheckResult | None"]]
"""CheckResult by name of the golden set and name of the check, as `session.FtgateSession.checks`."""


def explain(
    run: PipelineRun, verdict: Verdict, judged: Judged, beside: Mapping[str, Verdict] = MappingProxyType({})
) -> Explanation:
    """What is known about every check that is not met, and about goldens that leaked; no findings if all are.

    beside: the verdict on other parts of the sets (`beside.Beside.verdicts`).
    """
    findings = [
        finding
        for suite in run.sets
        for check in judged.get(suite.name, {}).values()
        if check is not None and check.status != "pass"
        for finding in _told(run, suite, check)
    ]
    leaks = tuple(leak for report in run.leaked.reports for leak in report.found)
    parts = {"what decides": verdict, **beside} if beside else {}
    return Explanation(run.name, str(verdict.kind), verdict.reason, tuple(findings), leaks, parts)


def write(explanation: Explanation | None, folder: Path) -> Path | None:
    """Write explain.md into a run's folder; its path. Nothing to explain: an earlier page is removed, and None."""
    path = folder / FILE
    if explanation is None or not explanation.tells:
        path.unlink(missing_ok=True)
        return None
    path.write_text(markdown(explanation), encoding="utf-8")
    return path


def _told(run: PipelineRun, suite: Suite, check: CheckResult) -> list[Finding]:
    """The verdict stands, also where its cases cannot be shown (the registry does not answer, say)."""
    try:
        return list(_findings(run, suite, check))
    except FtgateError as error:
        return [Finding(suite.name, check, note=f"its cases cannot be shown: {error}")]


def _findings(run: PipelineRun, suite: Suite, check: CheckResult) -> Iterator[Finding]:
    judged = suite if check.name == "must-pass" else _judged(run, suite)
    if check.name in _ALONE:
        yield Finding(suite.name, check, comparison=_ALONE[check.name](judged, run.candidate_of(suite).to_json()))
    elif check.name in _AGAINST:
        against, old = _AGAINST[check.name](run, suite)
        new = run.candidate_of(suite).to_json()
        for part, cases in _parts(judged, check):
            yield Finding(suite.name, check, part, against, compare(cases, new, old))
    else:
        yield Finding(suite.name, check)


def _judged(run: PipelineRun, suite: Suite) -> Suite:
    """The set with the cases that decided: without leaked ones that were dropped."""
    left_out = run.leaked.left_out(suite)
    return replace(suite, cases=tuple(case for case in suite.cases if case.id not in left_out)) if left_out else suite


def _parts(suite: Suite, check: CheckResult) -> Iterator[tuple[str, Sequence[Case]]]:
    """The cases that a check looked at: of the slices check each slice that broke, else all of them."""
    if check.name != "slices":
        yield "", suite.cases
        return
    members = slices_of(suite.cases)
    for name in broken_slices(check):
        ids = set(members[name])
        yield name, [case for case in suite.cases if case.id in ids]


def _base(run: PipelineRun, suite: Suite) -> tuple[str, Frozen]:
    return "the base model", run.baseline_of(suite).to_json()


def _champion(run: PipelineRun, suite: Suite) -> tuple[str, Frozen]:
    champion = run.references.champion(suite)
    assert champion is not None  # noqa: S101 - the check was judged, so there is one
    return f"champion v{champion.version.number}", run.answers_of(suite, champion.version, now=champion.now)


def _anchor(run: PipelineRun, suite: Suite) -> tuple[str, Frozen]:
    anchor = run.references.anchor(suite)
    assert anchor is not None  # noqa: S101 - the check was judged, so there is one
    return f"past champion v{anchor.version.number}", run.answers_of(suite, anchor.version, now=anchor.now)


def _champion_or_base(run: PipelineRun, suite: Suite) -> tuple[str, Frozen]:
    return _champion(run, suite) if run.champion else _base(run, suite)


_AGAINST: Mapping[str, Callable[[PipelineRun, Suite], tuple[str, Frozen]]] = {
    "baseline": _base,
    "champion": _champion,
    "anchor": _anchor,
    "slices": _champion_or_base,
    "forgetting": _base,
}
"""The other model of the checks that compare two."""


def _must_pass(suite: Suite, new: Frozen) -> Comparison:
    return failing([case for case in suite.cases if case.must_pass], new)


_ALONE: Mapping[str, Callable[[Suite, Frozen], Comparison]] = {
    "floors": lambda suite, new: failing(suite.cases, new),
    "must-pass": _must_pass,
}
"""The cases that fail by themselves."""
