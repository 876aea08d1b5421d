"""(cases, answers of two models) -> Comparison: the cases that broke, each with its old and its new answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_ftgate.golden.case import Case

Frozen = Mapping[str, Any]
"""`Evaluation.to_json`, as the registry keeps it: under "cases" and the case id "case" (digest), "value", "text"."""


@dataclass(frozen=True, slots=True)
class Change:
    """One case on which the new model is worth less. old, new: the answers; None if there was none to be had."""

    case: Case
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of the cases that both models were asked as they are now.

    broken: where the new model is worth less, in the order of the set. better: how many others it does better.
    others: cases that did not break. compared: how many cases in all.
    """

    broken: tuple[Change, ...]
    others: tuple[Case, ...]
    better: int

    @property
    def compared(self) -> int:
        """All cases looked at."""
        return len(self.broken) + len(self.others)


def compare(cases: Iterable[Case], new: Frozen, old: Frozen) -> Comparison:
    """What of `cases` changed sides between two models; a case that the new model was not measured on broke."""
    broken: list[Change] = []
    others: list[Case] = []
    better = 0
    old_rows, new_rows = _rows(old), _rows(new)
    for case in cases:
        before, now = old_rows.get(case.digest), new_rows.get(case.digest)
        if before is None:
            continue
        if now is None or now["value"] < before["value"]:
            broken.append(Change(case, before.get("text"), now.get("text") if now else None))
        else:
            others.append(case)
            better += now["value"] > before["value"]
    return Comparison(tuple(broken), tuple(others), better)


def failing(cases: Iterable[Case], new: Frozen) -> Comparison:
    """As `compare`, for a check that compares with no other model: what does not pass is broken."""
    new_rows = _rows(new)
    rows = [(case, new_rows.get(case.digest)) for case in cases]
    broken = [Change(case, None, row.get("text") if row else None) for case, row in rows if not (row and row["passed"])]
    return Comparison(tuple(broken), tuple(case for case, row in rows if row and row["passed"]), 0)


def _rows(frozen: Frozen) -> Mapping[str, Mapping[str, Any]]:
    """The row of each measured case by the case's digest: ids may have changed since."""
    return {row["case"]: row for row in frozen["cases"].values()}
