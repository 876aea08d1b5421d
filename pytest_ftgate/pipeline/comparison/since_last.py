"""(record of this run, an earlier one) -> what changed, as one line and the ids, for the end of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_ftgate.evaluate.records.record import Facts, Record
from pytest_ftgate.gate.checks.result import points
from pytest_ftgate.pipeline.comparison.compare import Comparison, compare
from pytest_ftgate.pipeline.comparison.settings import changed_text


def since(now: Record, then: Record, name: str = "") -> dict[str, Any]:
    """JSON values: set, text, fixed and broken (ids), gain, lower, upper. name: how the user called the earlier run.

    Raises RecordError if no case was measured in both.
    """
    found = compare(now, then)
    lower, upper = found.pairs.bounds
    facts = now.facts
    return {
        **_named(facts),
        "text": f"{difference(found)} against {called(then.facts, now.facts, name)}: {_counts(found)}",
        "fixed": [case.id for case, _ in found.fixed],
        "broken": [case.id for case, _ in found.broken],
        "gain": found.pairs.gain,
        "lower": lower,
        "upper": upper,
    }


def not_compared(now: Facts, name: str) -> dict[str, Any]:
    """The same for a golden set that the earlier run, called by this name, did not have."""
    nothing: dict[str, Any] = {"fixed": [], "broken": [], "gain": None, "lower": None, "upper": None}
    return _named(now) | {"text": f"not compared: {name} has no record of this set"} | nothing


def _named(facts: Facts) -> dict[str, Any]:
    return {"set": facts.set, "title": f"{facts.set} [{facts.variant}]" if facts.variant else facts.set}


def difference(found: Comparison) -> str:
    """In points with its bounds: "+3.8 points [-1.2, 8.7]"."""
    lower, upper = found.pairs.bounds
    return f"{points(found.pairs.gain)} points [{100 * lower + 0.0:.1f}, {100 * upper + 0.0:.1f}]"


def called(then: Facts, now: Facts, name: str = "") -> str:
    """The earlier run for a person: "14:05 (prompt changed)", "main of 2026-11-27 14:05 (prompt changed)"."""
    return f"{f'{name} of ' if name else ''}{clock(then.when, now.when)} ({changed_text(now, then)})"


def clock(when: datetime, today: datetime) -> str:
    """The time of day, with the date on another one."""
    return when.strftime("%H:%M" if when.date() == today.date() else "%Y-%m-%d %H:%M")


def _counts(found: Comparison) -> str:
    n = found.pairs.n
    part = n < max(found.then.lines, found.now.lines)
    shared = f", of {n:,} case{'' if n == 1 else 's'} in both" if part else ""
    return f"{len(found.fixed)} fixed, {len(found.broken)} broken{shared}"
