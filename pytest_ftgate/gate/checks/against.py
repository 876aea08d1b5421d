"""(model under test, an earlier run) -> CheckResult: at most so many points may have been lost, on the same cases."""

from __future__ import annotations

from dataclasses import replace

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Clusters, Pairs, pair
from pytest_ftgate.gate.checks.result import CheckResult, Results

NAME = "against"
_NO_HELP = "; the drop seen is not below the one allowed: more cases would not settle it"


def against_check(now: Results, then: Results, max_drop: float, clusters: Clusters | None = None) -> CheckResult:
    """Pass if the lower bound of now - then is above -max_drop, reject if the upper one is not; else hold.

    max_drop: a share in (0, 1). Tango's bounds, one-sided at .05, for 0/1 grades. A case that is not measured now
    counts as lost, and is no evidence for a reject: it takes the measured cases alone to reject. MetricError if no case
    is shared.
    """
    check = _check(pair(now, then, clusters), max_drop)
    if check.status != "reject":
        return check
    measured = {case_id: result for case_id, result in now.items() if result.measured and case_id in then}
    worse = bool(measured) and _check(pair(measured, then, clusters), max_drop).status == "reject"
    return check if worse else replace(check, status="hold")


def _check(pairs: Pairs, max_drop: float) -> CheckResult:
    return margin_check(NAME, pairs, max_drop, no_help=_NO_HELP)
