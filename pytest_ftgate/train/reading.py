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
    rows: list[T] = []
    faults = FaultGroups()
    for made in map(made_or_fault(make, tokenizer), read_entries(path)):
        if isinstance(made, Fault):
            faults.add(made)
        else:
            rows.append(made)
        if max_rows and len(rows) == max_rows:
            break
    refuse(faults)
    return rows


def made_or_fault(make: Callable[[DataRow], T], tokenizer: Any) -> Callable[[DataRow | Fault], T | Fault]:
    """A function from an entry of a file to what `make` makes of it, or to why it cannot be trained on."""
    special = special_in(tokenizer)

    def made(entry: DataRow | Fault) -> T | Fault:
        if isinstance(entry, Fault):
            return entry
        if is_unreviewed(entry.written):
            return Fault(entry.path, entry.line, REFUSED)
        if found := ", ".join(special(entry)):
            return Fault(entry.path, entry.line, SPECIAL.format(found))
        try:
            return make(entry)
        except FtgateError as error:
            return Fault(entry.path, entry.line, str(error))

    return made


def refuse(faults: FaultGroups) -> None:
    """Raises TrainError if there are any."""
    if faults:
        raise TrainError(str(faults.error()))
