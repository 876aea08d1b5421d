"""(name, Pairs, margin) -> CheckResult: may the candidate have lost more than the margin? It need not be ahead."""

from __future__ import annotations

from pytest_ftgate.gate.checks.multiplicity import level, told
from pytest_ftgate.gate.checks.paired import Pairs, too_few_shared
from pytest_ftgate.gate.checks.result import CheckResult, Status, compared, more_cases, points
from pytest_ftgate.metrics.power import more_for_margin

NO_HELP = "; more cases would not promote it"


def margin_check(name: str, pairs: Pairs, margin: float, tried: int = 1, *, no_help: str = NO_HELP) -> CheckResult:
    """Pass if the lower bound is above -margin, reject if the upper one is not; else hold.

    margin: a share in (0, 1). tried: candidates of this round, see `checks.rounds`; it lowers the level of the lower
    bound, which is .05 / tried. A hold names the cases that would settle it, as long as the point estimate is above
    -margin; else it ends with `no_help`.
    """
    if not 0 < margin < 1:
        raise ValueError(f"the margin is a share in (0, 1), .1 for 10 points; found {margin}")
    if (few := too_few_shared(name, pairs)) is not None:
        return few
    alpha = level(tried)
    status = _status(pairs, margin, alpha)
    more = more_for_margin(pairs.n, pairs.gain, pairs.variance, margin, alpha) if status == "hold" else None
    outlook = "" if status != "hold" else f"; {more_cases(more)}" if more else no_help
    text = f"{name}: {points(pairs.gain)} points, {_evidence(pairs, margin, alpha)} {pairs}{told(tried)}{outlook}"
    return CheckResult(name, status, pairs.numbers_at(alpha) | {"margin": margin}, text, more)


def _status(pairs: Pairs, margin: float, alpha: float) -> Status:
    if pairs.bounds[1] <= -margin:
        return "reject"
    return "pass" if pairs.bounds_at(alpha)[0] > -margin else "hold"


def _evidence(pairs: Pairs, margin: float, alpha: float) -> str:
    upper = pairs.bounds[1]
    if upper <= -margin:
        return f"upper bound {compared(upper, -margin)}"
    return f"lower bound {compared(pairs.bounds_at(alpha)[0], -margin)}"
