"""(candidate, champion) -> Arm: what goes to production must not be worse than what is there, and must be ahead."""

from __future__ import annotations

from pytest_ftgate.arm import NOT_AHEAD, Arm, Results, Status, compared, more_cases, points
from pytest_ftgate.arms.pairs import Clusters, Pairs, pair, too_few_shared
from pytest_ftgate.metrics.power import more_for_margin


def champion_arm(candidate: Results, champion: Results, delta: float, clusters: Clusters | None = None) -> Arm:
    """Pass if the lower bound is above -delta and the point estimate >= 0; reject if upper <= -delta or clearly worse.

    Bounds of the paired difference, one-sided at .05: Tango 1998 for 0/1 grades, else BCa bootstrap or t on clusters.
    "Clearly" is a one-sided McNemar mid-p <= .05, else an upper bound below 0. delta: the margin of golden.lock, a
    share in (0, 1). MetricError if no case is shared.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is a share in (0, 1), .03 for 3 points; found {delta}")
    pairs = pair(candidate, champion, clusters)
    if (few := too_few_shared("champion", pairs)) is not None:
        return few
    status = _status(pairs, delta)
    more = more_for_margin(pairs.n, pairs.gain, pairs.variance, delta) if status == "hold" else None
    outlook = "" if status != "hold" else f"; {more_cases(more) if more else NOT_AHEAD}"
    text = f"champion: {points(pairs.gain)} points, {_evidence(pairs, delta)} {pairs}{outlook}"
    return Arm("champion", status, pairs.numbers | {"delta": delta}, text, more)


def _status(pairs: Pairs, delta: float) -> Status:
    lower, upper = pairs.bounds
    if upper <= -delta or pairs.is_worse:
        return "reject"
    return "pass" if lower > -delta and pairs.gain >= 0 else "hold"


def _evidence(pairs: Pairs, delta: float) -> str:
    lower, upper = pairs.bounds
    if upper <= -delta:
        return f"upper bound {compared(upper, -delta)}"
    bound = f"lower bound {compared(lower, -delta)}"
    return f"significantly worse, {bound}" if pairs.is_worse else bound
