"""Path of a data file or folder -> its rows in one form, as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.files.text import shown


def read_rows(path: Path, columns: Columns = AS_WRITTEN) -> Iterator[DataRow]:
    """The rows of a file: JSON Lines, a JSON list, CSV, Parquet, or a folder of Hugging Face datasets.

    columns: keys that are renamed, {key that is read: key of the file}.
    Raises DataError after the last row with the first 20 different faults and the number of the others, or if there is
    no row; MissingExtra if the format needs a library that is not installed.
    """
    faults = FaultGroups()
    for entry in read_entries(path, columns):
        if isinstance(entry, DataRow):
            yield entry
        else:
            faults.add(entry)
    if faults:
        raise faults.error()


def read_entries(path: Path, columns: Columns = AS_WRITTEN) -> Iterator[DataRow | Fault]:
    """The rows, and in their place the faults of those that are none, or of a file without any. Raises MissingExtra."""
    empty = True
    try:
        path.is_dir() or is_file(path)
    except OSError as error:
        yield Fault(shown(path), 0, str(error))
        return
    for record in read_records(path, columns):
        empty = False
        row = row_of(record) if isinstance(record, Record) else (record,)
        if isinstance(row, DataRow):
            yield row
        else:
            yield from row
    if empty:
        yield Fault(shown(path), 0, "no rows found")
