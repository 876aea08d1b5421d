"""(rows and faults, checks) -> an Outcome of each, in one pass; memory does not grow with the findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from pytest_ftgate.data.checks.finding import Check, Finding, Outcome
from pytest_ftgate.data.readers.faults import FaultGroups, Group
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import Fault

SHOWN = 3
"""Findings of a check that are named with file and line."""

SHAPE_ADVICE = "use one of the supported row formats"
FILE_ADVICE = "write the file again, or leave it out"


@dataclass
class _Tally:
    shown: int
    count: int = 0
    first: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.count += 1
            if len(self.first) < self.shown:
                self.first.append(finding)


@dataclass(frozen=True, slots=True)
class Inspection:
    """rows: how many could be read. outcomes: of the schema, then, if there are rows, of the checks in order."""

    rows: int
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> bool:
        """Whether any check found an error."""
        return any(outcome.level == "error" for outcome in self.outcomes)


def inspect(
    entries: Iterable[DataRow | Fault],
    checks: Sequence[Check],
    allowed: Collection[str] = frozenset(),
    shown: int = SHOWN,
) -> Inspection:
    """Run all checks over the rows.

    allowed: names of checks whose findings are warnings, whatever their level. shown: findings kept of each check.
    """
    schema, tallies, rows = FaultGroups(shown), [_Tally(shown) for _ in checks], 0
    for entry in entries:
        if isinstance(entry, Fault):
            schema.add(entry)
            continue
        rows += 1
        for check, tally in zip(checks, tallies, strict=True):
            tally.add(check.see(entry))
    found = tuple(map(_finding, schema.groups()))
    advice = _advice([group.first for group in schema.groups()])
    first = Outcome("schema", "error" if schema else "ok", schema.count, found, advice)
    if not rows:
        return Inspection(0, (first,))
    for check, tally in zip(checks, tallies, strict=True):
        tally.add(check.close())
    outcomes = [_outcome(check, tally, allowed) for check, tally in zip(checks, tallies, strict=True)]
    return Inspection(rows, (first, *outcomes))


def _advice(faults: Sequence[Fault]) -> str:
    """Nothing where each fault says itself what to do about what is no row."""
    if not faults or any(fault.line for fault in faults):
        return SHAPE_ADVICE
    return "" if all(fault.fix for fault in faults) else FILE_ADVICE


def _finding(group: Group) -> Finding:
    fault = group.first
    what = "; ".join(part for part in (fault.message, fault.fix) if part)
    return Finding(fault.path, fault.line, what + group.also, group.rows)


def _outcome(check: Check, tally: _Tally, allowed: Collection[str]) -> Outcome:
    level = "warning" if check.name in allowed else check.level
    return Outcome(
        check.name, level if tally.count else "ok", tally.count, tuple(tally.first), check.advice, check.note
    )
