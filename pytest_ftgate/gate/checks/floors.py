"""(metrics, floors of golden.toml) -> CheckResult: what every version must reach, whatever the champion does."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.result import CheckResult, Status, more_cases
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.power import more_for_floor

if TYPE_CHECKING:
    from pytest_ftgate.gate.floor import Floor

_SEVERITY: tuple[Status, ...] = ("pass", "hold", "reject")


def floors_check(metrics: Sequence[Metric | MetricError], floors: Sequence[Floor]) -> CheckResult:
    """Pass if every lower bound reaches its floor; reject if an upper bound stays below one; else hold.

    metrics: one for each floor, in the same order; the MetricError itself where a metric could not be had (the model
    never gave the label that precision asks for), which is a hold. `max` is the mirror image of `min`.
    ValueError for no floor at all: leave the check out then.
    """
    if not floors:
        raise ValueError("floors_check needs at least one floor")
    found = [check for metric, floor in zip(metrics, floors, strict=True) for check in _one(metric, floor)]
    status = max((check.status for check in found), key=_SEVERITY.index)
    numbers = {name: number for check in found for name, number in check.numbers.items()}
    return CheckResult(
        "floors", status, numbers, "floors: " + "; ".join(check.reason for check in found), _more(status, found)
    )


def _more(status: Status, found: list[CheckResult]) -> int | None:
    """Cases that would settle every floor on hold; None if those of one would not help."""
    counts = [check.cases_more for check in found if check.status == "hold"]
    known = [count for count in counts if count is not None]
    return max(known) if status == "hold" and len(known) == len(counts) else None


def _one(metric: Metric | MetricError, floor: Floor) -> list[CheckResult]:
    """One finding for each limit that the floor has."""
    if isinstance(metric, MetricError):
        return [CheckResult(floor.metric, "hold", {}, str(metric))]
    found = [] if floor.min is None else [_at_least(metric, floor.min)]
    return found if floor.max is None else [*found, _at_most(metric, floor.max)]


def _at_least(metric: Metric, floor: float) -> CheckResult:
    numbers = _numbers(metric) | {f"{metric.name} min": floor}
    if metric.upper < floor:
        text = f"{metric.name} {metric.value:.3f}, upper bound {metric.upper:.3f} < {floor:g} (n = {metric.n})"
        return CheckResult(metric.name, "reject", numbers, text)
    met = metric.lower >= floor
    sign = ">=" if met else "<"
    text = f"{metric.name} {metric.value:.3f}, lower bound {metric.lower:.3f} {sign} {floor:g} (n = {metric.n})"
    return CheckResult(metric.name, "pass", numbers, text) if met else _hold(metric, floor, numbers, text)


def _hold(metric: Metric, floor: float, numbers: dict[str, float], text: str) -> CheckResult:
    value, lower, least = metric.value, metric.lower, floor
    if metric.name == "mcc":  # [-1, 1] -> [0, 1]
        value, lower, least = ((number + 1) / 2 for number in (value, lower, floor))
    more = more_for_floor(metric.n, value, lower, least)
    outlook = more_cases(more) if more else "not above the floor; more cases would not promote it"
    return CheckResult(metric.name, "hold", numbers, f"{text}; {outlook}", more)


def _at_most(metric: Metric, ceiling: float) -> CheckResult:
    numbers = _numbers(metric) | {f"{metric.name} max": ceiling}
    if metric.lower > ceiling:
        text = f"{metric.name} {metric.value:.3f}, lower bound {metric.lower:.3f} > {ceiling:g} (n = {metric.n})"
        return CheckResult(metric.name, "reject", numbers, text)
    if metric.upper == inf:
        text = f"{metric.name} {metric.value:.3f} (n = {metric.n}): {metric.detail or 'no upper bound'}"
        return CheckResult(metric.name, "hold", numbers, text)
    met = metric.upper <= ceiling
    sign = "<=" if met else ">"
    text = f"{metric.name} {metric.value:.3f}, upper bound {metric.upper:.3f} {sign} {ceiling:g} (n = {metric.n})"
    return CheckResult(metric.name, "pass" if met else "hold", numbers, text)


def _numbers(metric: Metric) -> dict[str, float]:
    name = metric.name
    upper = {} if metric.upper == inf else {f"{name} upper": metric.upper}
    return {name: metric.value, f"{name} lower": metric.lower, **upper, "n": float(metric.n)}
