"""(blind verdicts of people on candidate against champion) -> CheckResult: people must not see a loss.

People see both answers to a case in random order, not knowing which model gave which: 50 to 100 verdicts, their number
settled before the first is given, since whoever stops while ahead shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Pairs
from pytest_ftgate.gate.checks.result import CheckResult

LEAST_VERDICTS = 50


def human_check(verdicts: Sequence[int], delta: float, *, tried: int = 1) -> CheckResult:
    """Pass if the lower bound of the mean verdict is above -delta, reject if the upper one is not; see `margin_check`.

    verdicts: one a case, 1 where the candidate's answer is better, -1 the champion's, 0 for a tie; Tango's bounds of
    the paired difference. delta: a share in (0, 1). Fewer than 50 are a hold. ValueError for any other verdict.
    """
    strange = [verdict for verdict in verdicts if verdict not in (-1, 0, 1)]
    if strange:
        raise ValueError(f"a verdict is 1, 0 or -1; found {strange[0]!r}")
    if len(verdicts) < LEAST_VERDICTS:
        reason = f"human: {len(verdicts)} blind verdicts, at least {LEAST_VERDICTS} required"
        return CheckResult("human", "hold", {"n": float(len(verdicts))}, reason)
    pairs = Pairs(tuple(map(float, verdicts)), None, asked=len(verdicts), unmeasured=0)
    return margin_check("human", pairs, delta, tried)
