"""(rows of all files, names of columns) -> the same rows, then a fault for each name that no row has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_ftgate.data.readers.renamed import Columns
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.errors import Fault


def with_unseen(entries: Iterable[DataRow | Fault], columns: Columns, where: str) -> Iterator[DataRow | Fault]:
    """where: what gave the names, to be told. Rows with faults may have any key: then nothing is said."""
    missing, is_read = set(columns), False
    for entry in entries:
        yield entry
        if isinstance(entry, Fault):
            missing, is_read = set(), False
        elif missing:
            missing, is_read = missing.difference(entry.written), True
    for key in sorted(missing) if is_read else ():
        message = f"no row has {columns[key]!r}, which is to be read as {key!r}"
        yield Fault(where, 0, message, "correct the name as the data have it, or remove it")
