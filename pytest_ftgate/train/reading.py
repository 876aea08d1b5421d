"""(file or folder of rows, what makes something of a row) -> what was made of them, or faults with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.data.checks.special_tokens import special_in
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import REFUSED, is_unreviewed
from pytest_ftgate.errors import Fault, FtgateError, TrainError

T = TypeVar("T")
SPECIAL = (
    "{}: the model would read it as its own mark, not as text\n"
    "    remove it, escape it (a space inside), or write the conversation it marks as messages"
)


def read_as(path: Path, make: Callable[[DataRow], T], tokenizer: Any, max_rows: int = 0) -> list[T]:
    """What `make` makes of the first `max_rows` rows (0 = all) of any format and shape that `data.reader` reads.

    Raises TrainError with the first 20 different faults: what is no row, synthetic rows that nobody has reviewed, rows
    whose text holds special tokens of the tokenizer, and rows for which `make` raises FtgateError.
    """
    made: list[T] = []
    faults, special = FaultGroups(), special_in(tokenizer)
    for entry in read_entries(path):
        if isinstance(entry, Fault):
            faults.add(entry)
        elif is_unreviewed(entry.written):
            faults.add(Fault(entry.path, entry.line, REFUSED))
        elif found := ", ".join(special(entry)):
            faults.add(Fault(entry.path, entry.line, SPECIAL.format(found)))
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
