"""What a check of training data is, what it finds, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from pytest_ftgate.data.readers.row import DataRow

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. line: 0 if it belongs to no line. what: a few words; never personal data.

    times: in how many rows it was found, which `what` says; the line is of the first.
    """

    path: str
    line: int
    what: str = ""
    times: int = 1

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return " ".join(part for part in (where, f"({self.what})" if self.what else "") if part)


class Check(Protocol):
    """Sees every row once, in order, and keeps no more of it than it needs.

    level and note are asked for when all rows were seen.
    """

    @property
    def name(self) -> str:
        """One word."""

    @property
    def advice(self) -> str:
        """What to do about a finding."""

    @property
    def level(self) -> Level:
        """Whether findings fail the data."""

    @property
    def note(self) -> str:
        """What was compared, or how much is concerned; "" if there is nothing to say."""

    def see(self, row: DataRow) -> Iterable[Finding]:
        """What this row shows, also about rows before it."""

    def close(self) -> Iterable[Finding]:
        """What only all rows together show."""


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A check that looks at one row at a time. find: row -> what is wrong with it, in a few words each."""

    name: str
    level: Level
    advice: str
    find: Callable[[DataRow], Iterable[str]]
    note: str = ""

    def see(self, row: DataRow) -> Iterator[Finding]:
        """One finding for the row, with everything that is wrong with it."""
        if wrong := ", ".join(self.find(row)):
            yield Finding(row.path, row.line, wrong)

    def close(self) -> Iterable[Finding]:
        """Nothing: each row stands for itself."""
        return ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check. level: "ok" if nothing was found. count: of all findings; first: a few of them."""

    name: str
    level: Literal["ok", "error", "warning"]
    count: int
    first: tuple[Finding, ...]
    advice: str
    note: str = ""

    @property
    def unnamed(self) -> int:
        """How many findings are not among the first."""
        return self.count - sum(finding.times for finding in self.first)
