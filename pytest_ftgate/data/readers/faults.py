"""Faults of rows -> each once, with the number of rows that have it: a file of 10,000 strange rows has one fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pytest_ftgate.errors import DataError, Fault

MOST_FAULTS = 20
"""Different faults that an error lists."""


class FaultGroups:
    """Faults that differ in their line alone are one group. most: groups that are kept; the others are only counted."""

    def __init__(self, most: int = MOST_FAULTS) -> None:
        self.count = 0
        self._most = most
        self._first: dict[tuple[str, str, str], Fault] = {}
        self._times: dict[tuple[str, str, str], int] = {}

    def __bool__(self) -> bool:
        return bool(self.count)

    def add(self, *faults: Fault) -> None:
        """Count each fault, and keep the first of each group."""
        for fault in faults:
            self.count += 1
            key = (fault.path, fault.message, fault.fix)
            if key in self._first or len(self._first) < self._most:
                self._first.setdefault(key, fault)
                self._times[key] = self._times.get(key, 0) + 1

    def groups(self) -> Iterator[tuple[Fault, int]]:
        """(the first fault of a group, how many it has), in the order in which they were added."""
        for key, fault in self._first.items():
            yield fault, self._times[key]

    def error(self) -> DataError:
        """The error that lists them."""
        listed = [replace(fault, message=fault.message + also(times)) for fault, times in self.groups()]
        return DataError(listed, self.count - sum(self._times.values()))


def also(times: int) -> str:
    """The end of a message about several rows; "" for one."""
    return f"; the same in {times - 1:,} more row{'s' if times > 2 else ''}" if times > 1 else ""
