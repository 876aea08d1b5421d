"""(candidate, best past champion) -> Arm: many steps, each within the margin, may not lead far down."""

from __future__ import annotations

from pytest_ftgate.gate.checks.noninferiority import margin_arm
from pytest_ftgate.gate.checks.paired import Clusters, pair
from pytest_ftgate.gate.checks.result import Arm, Results


def anchor_arm(
    candidate: Results, anchor: Results, delta: float, clusters: Clusters | None = None, *, tried: int = 1
) -> Arm:
    """The champion's test without the need to be ahead: pass if the lower bound is above -delta, see `margin_arm`.

    anchor: frozen results of the best champion there ever was, which is not the present one. delta: the margin of
    golden.lock, a share in (0, 1). MetricError if no case is shared.
    """
    return margin_arm("anchor", pair(candidate, anchor, clusters), delta, tried)
