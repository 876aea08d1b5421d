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


Found = Metric | MetricError
"""A metric, or why it could not be had (the model never gave the label that precision asks for)."""


def floors_check(
    metrics: Sequence[Found], floors: Sequence[Floor], measured: Sequence[Found] | None = None
) -> CheckResult:
    """Pass if every lower bound reaches its floor; reject if an upper bound stays below one; else hold.

    metrics: one for each floor, in the same order, of all cases: those that were not measured count as wrong.
    measured: the same of the measured cases alone, which reject; default `metrics`, where all were measured. A metric
    that could not be had is a hold. `max` is the mirror image of `min`.
    ValueError for no floor at all: leave the check out then.
    """
    if not floors:
        raise ValueError("floors_check needs at least one floor")
    both = zip(metrics, measured or metrics, floors, strict=True)
    found = [check for metric, alone, floor in both for check in _one(metric, alone, floor)]
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


def _one(metric: Found, alone: Found, floor: Floor) -> list[CheckResult]:
    """One finding for each limit that the floor has. alone: the metric of the measured cases."""
    for each in (metric, alone):
        if isinstance(each, MetricError):
            return [CheckResult(floor.metric, "hold", {}, str(each))]
    assert isinstance(metric, Metric)  # noqa: S101 - the loop says so
    assert isinstance(alone, Metric)  # noqa: S101 - likewise
    found = [] if floor.min is None else [_at_least(metric, alone, floor.min)]
    return found if floor.max is None else [*found, _at_most(metric, alone, floor.max)]


def _at_least(metric: Metric, alone: Metric, floor: float) -> CheckResult:
    if alone.upper < floor:
        numbers = _numbers(alone) | {f"{metric.name} min": floor}
        text = f"{alone.name} {alone.value:.3f}, upper bound {alone.upper:.3f} < {floor:g} (n = {alone.n})"
        return CheckResult(metric.name, "reject", numbers, text)
    numbers = _numbers(metric) | {f"{metric.name} min": floor}
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


def _at_most(metric: Metric, alone: Metric, ceiling: float) -> CheckResult:
    if alone.lower > ceiling:
        numbers = _numbers(alone) | {f"{metric.name} max": ceiling}
        text = f"{alone.name} {alone.value:.3f}, lower bound {alone.lower:.3f} > {ceiling:g} (n = {alone.n})"
        return CheckResult(metric.name, "reject", numbers, text)
    numbers = _numbers(metric) | {f"{metric.name} max": ceiling}
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
