"""CSV file with a header -> its records, one at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.columns import row_of_cells
from pytest_ftgate.data.readers.record import Entry, Record
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.text import shown

MOST = 1 << 24
"""Characters of one cell; a quote that is never closed does not take the memory."""
_SEPARATORS = {".tsv": "\t"}


def read_csv(path: Path) -> Iterator[Entry]:
    """The records; the first line names the columns. In .tsv tabs separate, in all else commas. Raises OSError."""
    name = shown(path)
    csv.field_size_limit(MOST)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=_SEPARATORS.get(path.suffix.lower(), ","), strict=True)
        try:
            yield from _entries(reader, name)
        except csv.Error as error:
            fix = 'close the quote: quote cells with quotes, commas or line breaks ("..."), and double inner quotes'
            yield Fault(name, reader.line_num, f"is not valid CSV: {error}; rest not read", fix)
        except UnicodeDecodeError as error:
            what = f"is not valid UTF-8 from here on: {error.reason}; rest not read"
            yield Fault(name, reader.line_num + 1, what, "save the file as UTF-8")


def _entries(reader: Any, path: str) -> Iterator[Entry]:
    header: Sequence[str] = ()
    begins = 1
    for cells in reader:
        if cells and not header:
            header = [cell.strip() for cell in cells]
            if len(set(header)) < len(header):
                yield Fault(path, begins, f"duplicate column name: {', '.join(header)}", "use unique column names")
                return
        elif cells:
            yield _entry(header, cells, path, begins)
        begins = reader.line_num + 1


def _entry(header: Sequence[str], cells: Sequence[str], path: str, line: int) -> Entry:
    if len(cells) != len(header):
        return Fault(path, line, f"{len(cells)} cells, but {len(header)} columns in the header")
    return Record(path, line, row_of_cells(dict(zip(header, cells, strict=True))))
