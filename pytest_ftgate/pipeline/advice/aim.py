"""(golden set, --target) -> the metrics that a model must reach on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.metrics.latency_cost import NAMES as LIMITS

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

NO_TARGET = (
    "{}: no target: golden.toml has no [[gate.floor]] with a `min`\n"
    "    say what is good enough: --target 0.9, or write a floor"
)


@dataclass(frozen=True, slots=True)
class Aim:
    """name: of the metric, for people. options: as of `Evaluation.metric`. target: the least value. told: by whom."""

    name: str
    options: Mapping[str, Any]
    target: float
    told: str


def aims_of(suite: Suite, target: float | None) -> Sequence[Aim]:
    """One for each floor with a `min`; with a target only the first of them, else accuracy.

    Raises FtgateError if nothing says what is good enough.
    """
    floors = [floor for floor in _floors(suite) if floor.min is not None and floor.metric not in LIMITS]
    if target is not None:
        return [_aim(floors[0] if floors else Floor("accuracy"), target, "--target")]
    if not floors:
        raise FtgateError(NO_TARGET.format(suite.name))
    return [_aim(floor, floor.min or 0.0, "floor of the gate") for floor in floors]


def _floors(suite: Suite) -> Iterator[Floor]:
    return iter(suite.golden.gate.floors if suite.golden.gate else ())


def _aim(floor: Floor, target: float, told: str) -> Aim:
    options = {"name": floor.metric, "positive": floor.positive, "average": floor.average}
    of = f" ({floor.positive or floor.average})" if floor.positive or floor.average else ""
    given = {key: value for key, value in options.items() if value is not None}
    return Aim(f"{floor.metric}{of}", given, target, told)
