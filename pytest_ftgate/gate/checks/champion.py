"""(candidate, champion) -> CheckResult: a candidate must not be worse than the champion, and must be ahead of it."""

from __future__ import annotations

from pytest_ftgate.gate.checks.multiplicity import level, told
from pytest_ftgate.gate.checks.paired import Clusters, Pairs, pair, too_few_shared
from pytest_ftgate.gate.checks.result import NOT_AHEAD, CheckResult, Mode, Results, Status, compared, more_cases, points
from pytest_ftgate.metrics.power import more_for_margin


def champion_check(  # noqa: PLR0913 - two models, and the four settings of the test
    candidate: Results,
    champion: Results,
    delta: float,
    clusters: Clusters | None = None,
    *,
    mode: Mode = "non-inferior",
    tried: int = 1,
) -> CheckResult:
    """Pass if the lower bound is above -delta and the point estimate >= 0; reject if upper <= -delta or clearly worse.

    Bounds of the paired difference, one-sided: Tango 1998 for 0/1 grades, else BCa bootstrap, or on clusters t or sign
    flips; the lower one at .05 / tried, see `checks.rounds`, the upper one at .05. "Clearly" is a one-sided McNemar
    mid-p <= .05, else an upper bound below 0. delta: the margin of golden.lock, a share in (0, 1). mode: "superior"
    asks for a lower bound above 0 instead. MetricError if no case is shared.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is a share in (0, 1), .03 for 3 points; found {delta}")
    pairs = pair(candidate, champion, clusters)
    if (few := too_few_shared("champion", pairs)) is not None:
        return few
    margin = 0.0 if mode == "superior" else delta
    status = _status(pairs, delta, margin, level(tried))
    more, outlook = _outlook(pairs, margin, level(tried)) if status == "hold" else (None, "")
    evidence = _evidence(pairs, delta, margin, level(tried))
    text = f"champion: {points(pairs.gain)} points, {evidence} {pairs}{told(tried)}{outlook}"
    return CheckResult(
        "champion", status, pairs.numbers_at(level(tried)) | {"delta": delta, "margin": margin}, text, more
    )


def _status(pairs: Pairs, delta: float, margin: float, alpha: float) -> Status:
    if pairs.bounds[1] <= -delta or pairs.is_worse:
        return "reject"
    return "pass" if pairs.bounds_at(alpha)[0] > -margin and pairs.gain >= 0 else "hold"


def _evidence(pairs: Pairs, delta: float, margin: float, alpha: float) -> str:
    upper = pairs.bounds[1]
    if upper <= -delta:
        return f"upper bound {compared(upper, -delta)}"
    bound = f"lower bound {compared(pairs.bounds_at(alpha)[0], -margin)}"
    return f"significantly worse, {bound}" if pairs.is_worse else bound


def _outlook(pairs: Pairs, margin: float, alpha: float) -> tuple[int | None, str]:
    """More cases that would settle a hold, and the sentence about them; a candidate that is behind gets none."""
    if pairs.gain < 0:
        return None, f"; {NOT_AHEAD}"
    more = more_for_margin(pairs.n, pairs.gain, pairs.variance, margin, alpha)
    return more, f"; {more_cases(more) if more else NOT_AHEAD}"
