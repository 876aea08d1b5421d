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
    """(key, message) of what `min` and `max` may not be."""
    if floor.metric in NAMES:
        if floor.min is not None:
            yield "min", f"{floor.metric} needs `max` instead of `min`, in {_unit(floor.metric)}"
        if floor.max is not None and floor.max <= 0:
            yield "max", f"found {floor.max:g}, expected more than 0 ({_unit(floor.metric)})"
        return
    least = -1 if floor.metric == "mcc" else 0
    for key, value in (("min", floor.min), ("max", floor.max)):
        if value is not None and not -1 <= value <= 1:
            yield key, f"found {value:g}, expected a share, {least} to 1"


def _unit(name: str) -> str:
    return "the currency of [price]" if name == COST else "milliseconds"
