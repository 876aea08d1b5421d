"""Parquet file -> its records, a small batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.data.readers.columns import row_of_columns
from pytest_ftgate.data.readers.record import Entry, Record
from pytest_ftgate.errors import Fault, MissingExtra
from pytest_ftgate.files.text import shown

BATCH = 256
"""Rows that are decoded at once."""


def read_parquet(path: Path, group: int | None = None) -> Iterator[Entry]:
    """The records, numbered from 1 in the whole file. Raises OSError, MissingExtra.

    group: read this row group alone, the first is 0.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtra("reading Parquet files", "data") from None
    name, number = shown(path), 0
    try:
        with path.open("rb") as stream, ParquetFile(stream) as file:
            number = sum(file.metadata.row_group(before).num_rows for before in range(group or 0))
            groups = None if group is None else [group]
            for batch in file.iter_batches(batch_size=BATCH, row_groups=groups):
                for data in batch.to_pylist():
                    number += 1
                    yield Record(name, number, row_of_columns(data))
    except ArrowException as error:
        yield Fault(name, number + 1, f"is not valid Parquet: {error}; rest not read")


def count_groups(path: Path) -> int:
    """The row groups of a file, which can be read apart. Raises OSError, MissingExtra; ValueError for no Parquet."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtra("reading Parquet files", "data") from None
    try:
        with path.open("rb") as stream, ParquetFile(stream) as file:
            return int(file.num_row_groups)
    except ArrowException as error:
        raise ValueError(str(error)) from None
