"""(floor, set) -> what is wrong with the numbers of a floor: shares, and limits of latency and cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.metrics.limits import COST, NAMES

if TYPE_CHECKING:
    from pytest_ftgate.golden import Floor


def number_problems(floor: Floor) -> Iterator[tuple[str, str]]:
    """(key, message) of what `min` and `max` may not be."""
    if floor.metric in NAMES:
        if floor.min is not None:
            yield "min", f"{floor.metric} is better the lower it is; give `max`, in {_unit(floor.metric)}"
        if floor.max is not None and floor.max <= 0:
            yield "max", f"found {floor.max:g}, expected more than 0 ({_unit(floor.metric)})"
        return
    least = -1 if floor.metric == "mcc" else 0
    for key, value in (("min", floor.min), ("max", floor.max)):
        if value is not None and not -1 <= value <= 1:
            yield key, f"found {value:g}, expected a share, {least} to 1"


def _unit(name: str) -> str:
    return "the currency of [price]" if name == COST else "milliseconds"
