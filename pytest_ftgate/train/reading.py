"""(file or folder of rows, what makes something of a row) -> what was made of them, or faults with file and line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.data.checks.special_tokens import special_in
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.reader import read_entries
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import REFUSED, is_unreviewed
from pytest_ftgate.data.split.write import ORIGIN
from pytest_ftgate.errors import Fault, FtgateError, TrainError
from pytest_ftgate.files.text import shown

T = TypeVar("T")
SPECIAL = (
    "{}: the model would read it as its own mark, not as text\n"
    "    remove it, escape it (a space inside), or write the conversation it marks as messages"
)


def read_as(path: Path, make: Callable[[DataRow], T], tokenizer: Any, max_rows: int = 0, origins: str = "") -> list[T]:
    """What `make` makes of the first `max_rows` rows (0 = all) of any format and shape that `data.reader` reads.

    origins: see `as_found`.

    Raises TrainError with the first 20 different faults: what is no row, synthetic rows that nobody has reviewed, rows
    whose text holds special tokens of the tokenizer, and rows for which `make` raises FtgateError.
    """
    rows: list[T] = []
    faults = FaultGroups()
    for made in map(made_or_fault(make, tokenizer), as_found(read_entries(path), origins)):
        if isinstance(made, Fault):
            faults.add(made)
        else:
            rows.append(made)
        if max_rows and len(rows) == max_rows:
            break
    refuse(faults)
    return rows


def as_found(entries: Iterable[DataRow | Fault], origins: str) -> Iterator[DataRow | Fault]:
    """The rows of a file that was put together of several, each with the file and line that its "origin" tells, as
    faults name it. origins: the folder from which origins name files; "" = the file is the user's own.
    """
    return (_as_found(entry, origins) for entry in entries) if origins else iter(entries)


def _as_found(entry: DataRow | Fault, origins: str) -> DataRow | Fault:
    if isinstance(entry, Fault):
        return entry
    file, _, line = str(entry.written[ORIGIN]).rpartition(":")
    return replace(entry, path=shown(Path(os.path.normpath(Path(origins, file)))), line=int(line))


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
