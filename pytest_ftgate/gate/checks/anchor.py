"""(candidate, best past champion) -> CheckResult: many steps, each within the margin, may not lead far down."""

from __future__ import annotations

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Clusters, pair
from pytest_ftgate.gate.checks.result import CheckResult, Results


def anchor_check(
    candidate: Results, anchor: Results, delta: float, clusters: Clusters | None = None, *, tried: int = 1
) -> CheckResult:
    """The champion's test without the need to be ahead: pass if the lower bound is above -delta, see `margin_check`.

    anchor: frozen results of the best champion there ever was, which is not the present one. delta: the margin of
    golden.lock, a share in (0, 1). MetricError if no case is shared.
    """
    return margin_check("anchor", pair(candidate, anchor, clusters), delta, tried)
