"""What an importer makes of another tool's files: a golden set as data, and what could not be carried over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.errors import Fault

_SHOWN = 8
"""Further lines of one reason that are named."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A row of cases.jsonl. path, line: where the other tool has it (1-based; 0 if it has no lines)."""

    data: Mapping[str, Any]
    path: str = ""
    line: int = 0


class Losses:
    """What cannot be carried over, each place and reason once, with the number of cases that it concerns."""

    def __init__(self) -> None:
        self._cases: dict[tuple[str, int, str, str], set[object]] = {}

    def add(self, path: str, line: int, what: str, why: str, *, cases: int = 1) -> None:
        """Note a loss. what: the key, assertion or file, as written there. why: why not, and what to do instead.

        cases: how many cases it concerns; 0 for what belongs to none.
        """
        self._cases.setdefault((path, line, what, why), set()).update(object() for _ in range(cases))

    def add_of(self, case: object, path: str, line: int, what: str, why: str) -> None:
        """The same of a case that may lose several things for one reason, and counts once. case: any object of it."""
        self._cases.setdefault((path, line, what, why), set()).add(case)

    @property
    def faults(self) -> list[Fault]:
        """One for each file and reason, sorted: "file:12: javascript: ... (3 cases; also lines 20, 34)"."""
        found: dict[tuple[str, str, str], dict[int, set[object]]] = {}
        for (path, line, what, why), cases in sorted(self._cases.items(), key=lambda each: each[0]):
            found.setdefault((path, what, why), {})[line] = cases
        return sorted(
            Fault(path, next(iter(lines)), f"{what}: {why}{_counted(lines)}")
            for (path, what, why), lines in found.items()
        )


def _counted(lines: Mapping[int, set[object]]) -> str:
    """lines: 1-based -> cases that are concerned there, in order."""
    cases, others = len(set().union(*lines.values())), list(lines)[1:]
    parts = [f"{cases:,} case{'' if cases == 1 else 's'}"] if cases else []
    if others:
        more = f" and {len(others) - _SHOWN:,} more" if len(others) > _SHOWN else ""
        parts.append(f"also line{'' if len(others) == 1 else 's'} {', '.join(map(str, others[:_SHOWN]))}{more}")
    return f" ({'; '.join(parts)})" if parts else ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A golden set that is not written yet.

    golden: golden.toml as data; no value may be None. cases: in the order of the other tool.
    files: further files of the set's folder, text by name (schemas). lost: see `Losses.faults`.
    notes: what is left to the user, one sentence each, without a full stop ("providers are not copied: ...").
    """

    golden: Mapping[str, Any]
    cases: Sequence[CaseRow]
    lost: Sequence[Fault] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
