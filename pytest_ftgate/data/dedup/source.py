"""Training files -> their rows, twice the same, each with its place."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.text import shown


class Source:
    """Of the files; remembers in which file and line each row was. columns: see `read_records`."""

    def __init__(self, files: Sequence[Path], columns: Columns = AS_WRITTEN) -> None:
        self._files = files
        self._columns = columns
        self._lines = array("q")
        self._ends: list[int] = []

    def rows(self) -> Iterator[DataRow]:
        """The first time. Raises DataError at the first record that is no row, and for a file without any."""
        for path in self._files:
            before = len(self._lines)
            for record in self._records(path):
                row = row_of(record)
                if not isinstance(row, DataRow):
                    raise DataError(row)
                self._lines.append(record.line)
                yield row
            if len(self._lines) == before:
                raise DataError([Fault(shown(path), 0, "no rows found")])
            self._ends.append(len(self._lines))

    def records(self, first: int) -> Iterator[Record]:
        """The second time, of the files from this place on. Raises DataError if the rows are not where they were."""
        number = 0 if not first else self._ends[first - 1]
        for path, end in zip(self._files[first:], self._ends[first:], strict=True):
            for record in self._records(path):
                if number >= end or record.line != self._lines[number]:
                    raise _changed(path)
                number += 1
                yield record
            if number < end:
                raise _changed(path)

    def count(self, files: int) -> int:
        """The rows of the first so many files."""
        return self._ends[files - 1] if files else 0

    def place(self, number: int) -> str:
        """File and line of a row, as in train.jsonl:7."""
        file = next(place for place, end in enumerate(self._ends) if number < end)
        return f"{shown(self._files[file])}:{self._lines[number]}"

    def _records(self, path: Path) -> Iterator[Record]:
        for record in read_records(path, self._columns):
            if isinstance(record, Fault):
                raise DataError([record])
            yield record


def _changed(path: Path) -> DataError:
    return DataError([Fault(shown(path), 0, "changed while its rows were compared", "run the command again")])
