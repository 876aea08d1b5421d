"""(what an A/B test on live traffic says) -> CheckResult: users decide, looked at as often as one likes."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_ftgate.gate.checks.result import NOT_AHEAD, CheckResult, Status, points
from pytest_ftgate.gate.live.analysis import Decision, Finding
from pytest_ftgate.metrics.eprocess import DECISIVE

_STATUS: Mapping[Decision, Status] = {"better": "pass", "worse": "reject", "continue": "hold", "withheld": "integrity"}


def live_check(finding: Finding) -> CheckResult:
    """Pass if e >= 20 at any look so far, reject if the reverse e >= 20 before that, integrity if the split is unsound.

    e: evidence that the candidate's mean outcome is above the champion's minus the margin; see `metrics.eprocess`.
    """
    numbers = {
        "gain": finding.difference,
        "lower": finding.lower,
        "upper": finding.upper,
        "e": finding.e,
        "e_worse": finding.e_worse,
        "margin": finding.margin,
        "n": float(sum(finding.counted)),
    }
    return CheckResult("live", _STATUS[finding.decision], numbers, f"live: {told(finding)}")


def told(finding: Finding) -> str:
    """The finding as one line."""
    if finding.problems:
        return "; ".join(finding.problems)
    counted = f"(n = {finding.counted[0]:,} vs {finding.counted[1]:,} users)"
    if not any(finding.counted):
        return f"no outcomes yet, {finding.waiting:,} users pending"
    gain = f"{points(finding.difference)} points {counted}"
    return f"{gain}, {_evidence(finding)}"


def _evidence(finding: Finding) -> str:
    least = f"{points(-finding.margin)} points" if finding.margin else "the champion"
    if finding.decision == "continue":
        more = finding.users_more
        outlook = f"about {more:,} more users would settle it" if more else NOT_AHEAD.replace("cases", "users")
        return f"e = {finding.e:.3g} for and {finding.e_worse:.3g} against, {DECISIVE:g} decides; {outlook}"
    sign = "above" if finding.decision == "better" else "below"
    return f"{sign} {least}: e reached {DECISIVE:g} after {finding.decided_at:,} users"


def no_exposures(task: str) -> CheckResult:
    """A hold, where the pipeline asks for live evidence and nobody has met this candidate yet."""
    return CheckResult(
        "live",
        "hold",
        {"n": 0.0},
        f"live: no exposures of this candidate yet; set up the split: ftgate router {task} --candidate",
    )
