"""(a form, the version it was made of) -> CheckResult: another form of a model may not answer worse than the model."""

from __future__ import annotations

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Clusters, pair, too_few_shared
from pytest_ftgate.gate.checks.result import CheckResult, Results, compared, points

NAME = "parent"
_NO_HELP = "; the loss seen is not below the margin: more cases would not promote it"


def parent_check(form: Results, parent: Results, delta: float, clusters: Clusters | None = None) -> CheckResult:
    """The champion's test with the parent as the champion, but a form need not be ahead: it is smaller, not better.

    Pass if the lower bound of form - parent is above -delta and it is not significantly worse; reject if it is, or if
    the upper bound is not above -delta; else hold. Bounds, their levels and the test as of `champion_check`. delta: the
    margin of golden.lock, a share in (0, 1). MetricError if no case is shared.
    """
    pairs = pair(form, parent, clusters)
    check = margin_check(NAME, pairs, delta, no_help=_NO_HELP)
    if check.status == "reject" or too_few_shared(NAME, pairs) or not pairs.is_worse:
        return check
    bound = compared(pairs.bounds[0], -delta)
    reason = f"{NAME}: {points(pairs.gain)} points, significantly worse, lower bound {bound} {pairs}"
    return CheckResult(NAME, "reject", check.numbers, reason)
