"""(file or folder of rows, what makes something of a row) -> what was made of them, or faults with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import REFUSED, is_unreviewed
from pytest_ftgate.errors import Fault, FtgateError, TrainError

T = TypeVar("T")


def read_as(path: Path, make: Callable[[DataRow], T], max_rows: int = 0) -> list[T]:
    """What `make` makes of the first `max_rows` rows (0 = all) of any format and shape that `data.reader` reads.

    Raises TrainError with the first 20 different faults: what is no row, synthetic rows that nobody has reviewed, and
    rows for which `make` raises FtgateError.
    """
    made: list[T] = []
    faults = FaultGroups()
    for entry in read_entries(path):
        if isinstance(entry, Fault):
            faults.add(entry)
        elif is_unreviewed(entry.written):
            faults.add(Fault(entry.path, entry.line, REFUSED))
        else:
            try:
                made.append(make(entry))
            except FtgateError as error:
                faults.add(Fault(entry.path, entry.line, str(error)))
        if max_rows and len(made) == max_rows:
            break
    if faults:
        raise TrainError(str(faults.error()))
    return made
