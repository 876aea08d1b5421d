"""(model under test, an earlier run) -> CheckResult: at most so many points may have been lost, on the same cases."""

from __future__ import annotations

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Clusters, pair
from pytest_ftgate.gate.checks.result import CheckResult, Results

NAME = "against"
_NO_HELP = "; the drop seen is not below the one allowed: more cases would not settle it"


def against_check(now: Results, then: Results, max_drop: float, clusters: Clusters | None = None) -> CheckResult:
    """Pass if the lower bound of now - then is above -max_drop, reject if the upper one is not; else hold.

    max_drop: a share in (0, 1). Tango's bounds, one-sided at .05, for 0/1 grades. A case that is not measured now
    counts as lost. MetricError if no case is shared.
    """
    return margin_check(NAME, pair(now, then, clusters), max_drop, no_help=_NO_HELP)
