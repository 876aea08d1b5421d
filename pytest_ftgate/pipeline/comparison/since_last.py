"""(record of this run, an earlier one) -> what changed, as one line and the ids, for the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pytest_ftgate.evaluate.records.record import Facts, Record
from pytest_ftgate.gate.checks.result import points
from pytest_ftgate.pipeline.comparison.changed_cases import changed_case, first_of_each
from pytest_ftgate.pipeline.comparison.compare import Comparison, compare, is_worse, slice_text
from pytest_ftgate.pipeline.comparison.match import Side
from pytest_ftgate.pipeline.comparison.settings import changed_text

_FAILED = frozenset({"--lf", "--last-failed"})
_NO_DIFFERENCE: Mapping[str, Any] = MappingProxyType({"gain": None, "lower": None, "upper": None})


def since(now: Record, then: Record, name: str = "") -> dict[str, Any]:
    """JSON values: set, text, run (id of the earlier one), fixed and broken (ids), gain, lower, upper (None for cases
    that were chosen by outcome); path of the cases, cases: the first of either kind, see `changed_case`;
    slices: name, n, gain, p (Holm, of being worse) of those that are tested, unless the cases were so chosen.

    name: how the user called the earlier run.

    Raises RecordError if no case was measured in both.
    """
    found = compare(now, then)
    earlier = f"against {called(then.facts, now.facts, name)}: {_counts(found)}"
    ids: dict[str, Any] = {kind: [case.id for case, _ in sides] for kind, sides in _changed(found)}
    ids |= {"run": then.facts.run, "path": now.facts.path, "cases": first_of_each(_cases(found))}
    if chosen := _chosen(found):
        return {**_named(now.facts), "text": f"{earlier}; {chosen}: no difference is given", **_NO_DIFFERENCE, **ids}
    lower, upper = found.pairs.bounds
    measured = {"gain": found.pairs.gain, "lower": lower, "upper": upper, "slices": list(_slices(found))}
    return _named(now.facts) | {"text": f"{difference(found)} {earlier}"} | measured | ids


def _slices(found: Comparison) -> Iterator[dict[str, Any]]:
    for row in found.slice_rows:
        if row["p"] is not None:
            yield {key: row[key] for key in ("name", "n", "gain", "p")}


def worse_slices(change: Mapping[str, Any]) -> list[str]:
    """Slices that got significantly worse, as text, the clearest first. change: of `since`."""
    return [slice_text(row) for row in sorted(change.get("slices", ()), key=lambda row: row["p"]) if is_worse(row)]


def _changed(found: Comparison) -> tuple[tuple[str, list[Side]], ...]:
    return ("fixed", found.fixed), ("broken", found.broken)


def _cases(found: Comparison) -> Iterator[dict[str, Any]]:
    for kind, sides in _changed(found):
        for case, other in sides:
            yield changed_case(kind, case.id, case.line, case.question, case.expected, other.text, case.text)


def _chosen(found: Comparison) -> str:
    """That some of the cases were asked again because they failed, where hardly one can be broken; else ""."""
    if found.pairs.n >= found.then.lines:
        return ""
    if _FAILED & set(found.now.args):
        return "these cases were asked because they had failed"
    return "" if any(other.result.passed for _, other in found.sides) else "all had failed, so none can be broken"


def not_compared(now: Facts, name: str) -> dict[str, Any]:
    """The same for a golden set that the earlier run, called by this name, did not have."""
    text = f"not compared: {name} has no record of this set"
    return {**_named(now), "text": text, "fixed": [], "broken": [], **_NO_DIFFERENCE}


def _named(facts: Facts) -> dict[str, Any]:
    return {"set": facts.set, "title": f"{facts.set} [{facts.variant}]" if facts.variant else facts.set}


def difference(found: Comparison) -> str:
    """In points with its bounds: "+3.8 points [-1.2, 8.7]"."""
    lower, upper = found.pairs.bounds
    return f"{points(found.pairs.gain)} points [{100 * lower + 0.0:.1f}, {100 * upper + 0.0:.1f}]"


def called(then: Facts, now: Facts, name: str = "") -> str:
    """The earlier run for a person: "14:05:09 (prompt changed)", "main of 2026-11-27 14:05 (prompt changed)"."""
    return f"{f'{name} of ' if name else ''}{clock(then.when, now.when)} ({changed_text(now, then)})"


def clock(when: datetime, today: datetime) -> str:
    """The time of day to the second, as runs follow each other; of another day its date and the minute."""
    return when.strftime("%H:%M:%S" if when.date() == today.date() else "%Y-%m-%d %H:%M")


def _counts(found: Comparison) -> str:
    n = found.pairs.n
    part = n < max(found.then.lines, found.now.lines)
    shared = f", of {n:,} case{'' if n == 1 else 's'} in both" if part else ""
    return f"{len(found.fixed)} fixed, {len(found.broken)} broken{shared}"
