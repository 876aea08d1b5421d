"""Faults of rows -> each once, with the number of rows that have it: a file of 10,000 strange rows has one fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pytest_ftgate.errors import DataError, Fault

MOST_FAULTS = 20
"""Different faults that an error lists."""
_MOST_KEYS = 3
"""Other sets of keys that a fault lists, the most frequent ones."""


@dataclass(slots=True)
class Group:
    """Faults that are told as one. first: in the order of the rows. rows: all. others: of other keys, by these.

    Of 20 sets of keys each is counted by itself.
    """

    first: Fault
    rows: int = 0
    others: Counter[str] = field(default_factory=Counter)

    def add(self, fault: Fault) -> None:
        """One more."""
        self.rows += 1
        if fault.keys != self.first.keys:
            known = fault.keys in self.others or len(self.others) < MOST_FAULTS
            self.others[fault.keys if known else ""] += 1

    @property
    def also(self) -> str:
        """How many rows more, as the end of a message; "" for one row."""
        other = self.others.total()
        same = self.rows - other - 1
        return (f"; the same in {_more(same)}" if same else "") + (self._other(other) if other else "")

    def _other(self, rows: int) -> str:
        most = [(keys, count) for keys, count in self.others.most_common() if keys][:_MOST_KEYS]
        listed = [f"{keys} in {count:,}" for keys, count in most]
        rest = rows - sum(count for _, count in most)
        return f"; also {_more(rows)} of other keys: {'; '.join(listed)}" + (f"; others in {rest:,}" if rest else "")


def _more(rows: int) -> str:
    return f"{rows:,} more row{'s' if rows > 1 else ''}"


class FaultGroups:
    """Faults that differ in their line alone are one group, and so are the unknown shapes of a file, whatever its keys.

    most: groups that are kept; the others are only counted.
    """

    def __init__(self, most: int = MOST_FAULTS) -> None:
        self.count = 0
        self._most = most
        self._groups: dict[tuple[str, ...], Group] = {}

    def __bool__(self) -> bool:
        return bool(self.count)

    def add(self, *faults: Fault) -> None:
        """Count each fault, and keep the first of each group."""
        for fault in faults:
            self.count += 1
            key = (fault.path,) if fault.keys else (fault.path, fault.message, fault.fix)
            if key in self._groups or len(self._groups) < self._most:
                self._groups.setdefault(key, Group(fault)).add(fault)

    def groups(self) -> Iterator[Group]:
        """In the order in which they were added."""
        yield from self._groups.values()

    def error(self) -> DataError:
        """The error that lists them."""
        listed = [replace(group.first, message=group.first.message + group.also) for group in self.groups()]
        return DataError(listed, self.count - sum(group.rows for group in self.groups()))
