"""(everything that could be judged, seed) -> what is judged, in which order; settled before the first is shown."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pytest_ftgate.annotation.decision_log import DecisionLog, Record

T = TypeVar("T")


def drawn(pool: Sequence[T], count: int, *seed: object) -> list[T]:
    """`count` of the pool in random order (all of it if there are fewer); the same for the same pool and seed."""
    return random.Random("\x1f".join(map(str, seed))).sample(pool, min(count, len(pool)))  # noqa: S311 - no secret


def settled_plan(decision_log: DecisionLog, wanted: Mapping[str, Any], make: Callable[[], Mapping[str, Any]]) -> Record:
    """The plan that was made for just this before, else a new one, which is written now."""
    for record in reversed(decision_log.records):
        plan = record.get("plan")
        if isinstance(plan, dict) and all(plan.get(key) == value for key, value in wanted.items()):
            return plan
    decision_log.append({"plan": {**wanted, **make()}})
    return dict(decision_log.records[-1]["plan"])
