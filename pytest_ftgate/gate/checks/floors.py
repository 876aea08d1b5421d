"""(metrics, floors of golden.toml) -> Arm: what every version must reach, whatever the champion does."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.result import Arm, Status, more_cases
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.power import more_for_floor

if TYPE_CHECKING:
    from pytest_ftgate.gate.floor import Floor

_SEVERITY: tuple[Status, ...] = ("pass", "hold", "reject")


def floors_arm(metrics: Sequence[Metric | MetricError], floors: Sequence[Floor]) -> Arm:
    """Pass if every lower bound reaches its floor; reject if an upper bound stays below one; else hold.

    metrics: one for each floor, in the same order; the MetricError itself where a metric could not be had (the model
    never gave the label that precision asks for), which is a hold. `max` is the mirror image of `min`.
    ValueError for no floor at all: leave the arm out then.
    """
    if not floors:
        raise ValueError("floors_arm needs at least one floor; a golden set without floors has no such arm")
    found = [arm for metric, floor in zip(metrics, floors, strict=True) for arm in _one(metric, floor)]
    status = max((arm.status for arm in found), key=_SEVERITY.index)
    numbers = {name: number for arm in found for name, number in arm.numbers.items()}
    return Arm("floors", status, numbers, "floors: " + "; ".join(arm.reason for arm in found), _more(status, found))


def _more(status: Status, found: list[Arm]) -> int | None:
    """Cases that would settle every floor on hold; None if those of one would not help."""
    counts = [arm.cases_more for arm in found if arm.status == "hold"]
    known = [count for count in counts if count is not None]
    return max(known) if status == "hold" and len(known) == len(counts) else None


def _one(metric: Metric | MetricError, floor: Floor) -> list[Arm]:
    """One finding for each limit that the floor has."""
    if isinstance(metric, MetricError):
        return [Arm(floor.metric, "hold", {}, str(metric))]
    found = [] if floor.min is None else [_at_least(metric, floor.min)]
    return found if floor.max is None else [*found, _at_most(metric, floor.max)]


def _at_least(metric: Metric, floor: float) -> Arm:
    numbers = _numbers(metric) | {f"{metric.name} min": floor}
    if metric.upper < floor:
        text = f"{metric.name} {metric.value:.3f}, upper bound {metric.upper:.3f} < {floor:g} (n = {metric.n})"
        return Arm(metric.name, "reject", numbers, text)
    met = metric.lower >= floor
    sign = ">=" if met else "<"
    text = f"{metric.name} {metric.value:.3f}, lower bound {metric.lower:.3f} {sign} {floor:g} (n = {metric.n})"
    return Arm(metric.name, "pass", numbers, text) if met else _hold(metric, floor, numbers, text)


def _hold(metric: Metric, floor: float, numbers: dict[str, float], text: str) -> Arm:
    value, lower, least = metric.value, metric.lower, floor
    if metric.name == "mcc":  # [-1, 1] -> [0, 1]
        value, lower, least = ((number + 1) / 2 for number in (value, lower, floor))
    more = more_for_floor(metric.n, value, lower, least)
    outlook = more_cases(more) if more else "not above the floor; more cases would not promote it"
    return Arm(metric.name, "hold", numbers, f"{text}; {outlook}", more)


def _at_most(metric: Metric, ceiling: float) -> Arm:
    numbers = _numbers(metric) | {f"{metric.name} max": ceiling}
    if metric.lower > ceiling:
        text = f"{metric.name} {metric.value:.3f}, lower bound {metric.lower:.3f} > {ceiling:g} (n = {metric.n})"
        return Arm(metric.name, "reject", numbers, text)
    if metric.upper == inf:
        text = f"{metric.name} {metric.value:.3f} (n = {metric.n}): {metric.detail or 'no upper bound'}"
        return Arm(metric.name, "hold", numbers, text)
    met = metric.upper <= ceiling
    sign = "<=" if met else ">"
    text = f"{metric.name} {metric.value:.3f}, upper bound {metric.upper:.3f} {sign} {ceiling:g} (n = {metric.n})"
    return Arm(metric.name, "pass" if met else "hold", numbers, text)


def _numbers(metric: Metric) -> dict[str, float]:
    name = metric.name
    upper = {} if metric.upper == inf else {f"{name} upper": metric.upper}
    return {name: metric.value, f"{name} lower": metric.lower, **upper, "n": float(metric.n)}
