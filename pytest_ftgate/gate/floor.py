"""What `[gate]` of a golden set asks for: floors of metrics, and what is wrong with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_ftgate.metrics.latency_cost import COST, NAMES


@dataclass(frozen=True, slots=True)
class Floor:
    """The lower bound of `metric` must reach `min`, its upper bound must not exceed `max`; one of them may be None.

    positive: the class that precision, recall and f1 look at. average: for f1 only, never None there.
    """

    metric: str
    min: float | None = None
    max: float | None = None
    positive: str | None = None
    average: str | None = None


@dataclass(frozen=True, slots=True)
class GateSpec:
    """What a candidate must show. delta: margin as a share, used only to write the first golden.lock."""

    floors: tuple[Floor, ...] = ()
    delta: float | None = None


def number_problems(floor: Floor) -> Iterator[tuple[str, str]]:
    """(key, message) of what `min` and `max` may not be: out of range, or such that every model passes."""
    if floor.metric in NAMES:
        yield from _limit_problems(floor)
        return
    low = -1 if floor.metric == "mcc" else 0
    if floor.min is not None and not 0 < floor.min <= 1:
        yield "min", f"found {floor.min:g}, expected more than 0, at most 1: every model reaches 0 or less"
    if floor.max is not None and not low <= floor.max < 1:
        yield "max", f"found {floor.max:g}, expected {low} or more, less than 1: no model exceeds 1"
    if floor.min is not None and floor.max is not None and floor.min > floor.max:
        yield "max", f"found {floor.max:g}, expected at least `min` ({floor.min:g}): no model is between them"


def _limit_problems(floor: Floor) -> Iterator[tuple[str, str]]:
    if floor.min is not None:
        yield "min", f"{floor.metric} needs `max` instead of `min`, in {_unit(floor.metric)}"
    if floor.max is not None and floor.max <= 0:
        yield "max", f"found {floor.max:g}, expected more than 0 ({_unit(floor.metric)})"


def _unit(name: str) -> str:
    return "the currency of [price]" if name == COST else "milliseconds"
