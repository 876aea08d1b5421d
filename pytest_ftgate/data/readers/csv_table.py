"""CSV file with a header -> its records, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_ftgate.data.readers.columns import row_of_cells
from pytest_ftgate.data.readers.record import Entry, Record
from pytest_ftgate.errors import Fault
from pytest_ftgate.files import csv
from pytest_ftgate.files.text import shown


def read_csv(path: Path) -> Iterator[Entry]:
    """The records; the first line names the columns. In .tsv tabs separate, in all else commas. Raises OSError."""
    header: Sequence[str] = ()
    for row in csv.read_csv(path):
        if isinstance(row, Fault):
            yield row
        elif not header:
            header = row[1]
            if other := csv.other_separator(path, header):
                what = f"has one column, {header[0]!r:.60}: is {other!r} the separator?"
                yield Fault(shown(path), row[0], what, "separate columns with commas (in .tsv with tabs)")
                return
        else:
            yield Record(shown(path), row[0], row_of_cells(dict(zip(header, row[1], strict=True))))
