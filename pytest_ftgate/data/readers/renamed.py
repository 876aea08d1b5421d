"""(record, names of columns) -> the record with the keys that are read, for data that name them otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pytest_ftgate.data.readers.record import Entry, Record
from pytest_ftgate.data.readers.shapes.names import NAMES
from pytest_ftgate.errors import Fault

Columns = Mapping[str, str]
"""{key that is read: key that the file has}."""

AS_WRITTEN: Columns = MappingProxyType({})


def renamed(entry: Entry, columns: Columns) -> Entry:
    """The record with its keys renamed; one without such a key stays. A key that is there already is a fault."""
    if isinstance(entry, Fault) or not columns:
        return entry
    new = {written: read for read, written in columns.items() if written in entry.data}
    if taken := [read for read in new.values() if read in entry.data and read not in new]:
        message = f"has {taken[0]!r} and {columns[taken[0]]!r}, which is to be read as {taken[0]!r}"
        return Fault(entry.path, entry.line, message, "rename or remove one of them")
    return Record(entry.path, entry.line, {new.get(key, key): value for key, value in entry.data.items()})


def column_faults(columns: Columns) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, what to do): names that nothing reads, and one column for two keys."""
    for key, written in columns.items():
        if key not in NAMES:
            yield key, f"{key!r} is not a key of training rows", f"allowed: {', '.join(NAMES)}"
        elif list(columns.values()).index(written) != list(columns).index(key):
            yield key, f"column {written!r} is read as two keys", "keep one of them"


def columns_of(written: Sequence[tuple[str, str]]) -> Columns:
    """Of pairs as a command takes them. Raises ValueError for what `column_faults` finds, and a key given twice."""
    columns = dict(written)
    if len(columns) < len(written):
        raise ValueError("a key is given twice")
    for _, what, fix in column_faults(columns):
        raise ValueError(f"{what}; {fix}")
    return columns
