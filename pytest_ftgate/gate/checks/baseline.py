"""(candidate, base model with its best prompt) -> CheckResult: the fine-tune must be better than no fine-tune."""

from __future__ import annotations

from pytest_ftgate.gate.checks.multiplicity import level, told
from pytest_ftgate.gate.checks.paired import Clusters, Pairs, pair, too_few_shared
from pytest_ftgate.gate.checks.result import NOT_AHEAD, CheckResult, Results, Status, compared, more_cases, points
from pytest_ftgate.metrics.power import more_for_gain


def baseline_check(
    candidate: Results, base: Results, min_gain: float = 0.0, clusters: Clusters | None = None, *, tried: int = 1
) -> CheckResult:
    """Pass if significantly better (p <= .05 / tried) and ahead by at least min_gain; reject if significantly worse.

    0/1 grades: one-sided McNemar mid-p. Graded, or in clusters: one-sided bound of the mean difference, by BCa
    bootstrap or t on clusters, above 0. min_gain: least point estimate, a share, .03 is 3 points. tried: candidates
    of this round, see `checks.rounds`. MetricError if no case is shared.
    """
    pairs = pair(candidate, base, clusters)
    if (few := too_few_shared("baseline", pairs)) is not None:
        return few
    alpha = level(tried)
    status = _status(pairs, min_gain, alpha)
    more, outlook = _outlook(pairs, min_gain, alpha) if status == "hold" else (None, "")
    text = f"baseline: {points(pairs.gain)} points, {_evidence(pairs, status, alpha)} {pairs}{told(tried)}{outlook}"
    return CheckResult("baseline", status, pairs.numbers_at(alpha) | {"min_gain": min_gain}, text, more)


def _status(pairs: Pairs, min_gain: float, alpha: float) -> Status:
    if pairs.is_worse:
        return "reject"
    return "pass" if pairs.is_better(alpha) and pairs.gain >= min_gain else "hold"


def _evidence(pairs: Pairs, status: Status, alpha: float) -> str:
    p = pairs.p_better
    if status == "reject":
        return "significantly worse"
    if p is not None:
        return f"p = {p:.2g} {'<=' if p <= alpha else '>'} {alpha:.3g}"
    return f"lower bound {compared(pairs.bounds_at(alpha)[0], 0.0)}"


def _outlook(pairs: Pairs, min_gain: float, alpha: float) -> tuple[int | None, str]:
    """More cases that would settle a hold, and the sentence about them."""
    if pairs.gain <= 0:
        return None, f"; {NOT_AHEAD}"
    if pairs.gain < min_gain:
        return None, f"; below min_gain ({points(min_gain)} points); more cases would not promote it"
    changed = (pairs.better + pairs.worse) / pairs.n
    more = more_for_gain(pairs.n, pairs.gain, pairs.variance, changed, alpha)
    return more, f"; {more_cases(more)}" if more else ""
