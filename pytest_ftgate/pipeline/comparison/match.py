"""Two records -> their cases side by side: by digest, also between two golden sets, else by id and input."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from pytest_ftgate.evaluate.records.record import CaseRecord, Record

Side = tuple[CaseRecord, CaseRecord]
"""The case as it is now, and as it was."""


@dataclass(frozen=True, slots=True)
class Matched:
    """pairs: in the order of the newer record. judged_otherwise: pairs whose expected value or graders differ.

    only_now, only_then: cases without a partner.
    """

    pairs: tuple[Side, ...]
    judged_otherwise: int
    only_now: tuple[CaseRecord, ...]
    only_then: tuple[CaseRecord, ...]


def match(now: Record, then: Record) -> Matched:
    """Each case has at most one partner."""
    partner: dict[str, CaseRecord] = {}
    left = list(then.cases)
    for key in _KEYS:
        left = _take(partner, [case for case in now.cases if case.id not in partner], left, key)
    pairs = tuple((case, partner[case.id]) for case in now.cases if case.id in partner)
    return Matched(
        pairs,
        sum(case.case != other.case for case, other in pairs),
        tuple(case for case in now.cases if case.id not in partner),
        tuple(left),
    )


_KEYS: tuple[Callable[[CaseRecord], Hashable], ...] = (
    lambda case: (case.case, case.id),
    lambda case: case.case,
    lambda case: (case.id, case.input),
)
"""What makes two cases one, the strictest first."""


def _take(
    partner: dict[str, CaseRecord], cases: list[CaseRecord], others: list[CaseRecord], key: Callable[..., Hashable]
) -> list[CaseRecord]:
    """Pair off what has one key; what is left of the others."""
    if not (cases and others):
        return others
    waiting: dict[Hashable, list[CaseRecord]] = {}
    for other in reversed(others):
        waiting.setdefault(key(other), []).append(other)
    for case in cases:
        if waiting.get(key(case)):
            partner[case.id] = waiting[key(case)].pop()
    taken = {id(other) for other in partner.values()}
    return [other for other in others if id(other) not in taken]
