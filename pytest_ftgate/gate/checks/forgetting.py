"""(candidate, base model) on a golden set of general skills -> CheckResult: what the base could must not be lost."""

from __future__ import annotations

from dataclasses import replace

from pytest_ftgate.gate.checks.noninferiority import margin_check
from pytest_ftgate.gate.checks.paired import Clusters, pair
from pytest_ftgate.gate.checks.result import CheckResult, Results


def forgetting_check(
    candidate: Results,
    base: Results,
    max_drop: float = 0.10,
    clusters: Clusters | None = None,
    *,
    required: bool = True,
) -> CheckResult:
    """Pass if the lower bound of the difference is above -max_drop, reject if the upper one is below it; else hold.

    base: the untuned model, asked as the candidate is, without examples. max_drop: a share in (0, 1). required: False
    makes the check advisory. MetricError if no case is shared.
    """
    check = margin_check("forgetting", pair(candidate, base, clusters), max_drop)
    return replace(check, advisory=not required)
