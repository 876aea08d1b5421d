"""Path of a training file -> pieces that are scanned apart; a piece -> its rows, each with its line in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.readers.parquet import count_groups, read_parquet
from pytest_ftgate.data.readers.record import Entry
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.errors import Fault, LeakageError
from pytest_ftgate.files.text import shown


@dataclass(frozen=True, slots=True)
class Piece:
    """path: absolute, the same on all machines. name: as the user typed it. group: of Parquet; None is all rows."""

    path: str
    name: str
    group: int | None = None


def pieces_of(path: Path) -> list[Piece]:
    """A piece for each row group of a Parquet file; any other file is one piece. Raises LeakageError, MissingExtra."""
    whole = Piece(str(path.resolve()), shown(path))
    if path.suffix.lower() != ".parquet":
        return [whole]
    try:
        return [replace(whole, group=group) for group in range(count_groups(path))] or [whole]
    except (OSError, ValueError) as error:
        raise LeakageError(f"{whole.name}: training data is not valid Parquet: {error}") from None


def rows_in(piece: Piece) -> Iterator[Row]:
    """The rows. Raises LeakageError at the first that is none, and for a file that cannot be read."""
    try:
        for number, entry in enumerate(_entries(piece), 1):
            if isinstance(entry, Fault):
                raise LeakageError(str(replace(entry, path=piece.name)))
            in_file = number if piece.group is None else entry.line  # of Parquet, where it is the number of the row
            yield Row(piece.name, entry.line, entry.data, in_file)
    except OSError as error:
        raise LeakageError(f"{piece.name}: cannot read training data: {error.strerror or error}") from None


def _entries(piece: Piece) -> Iterator[Entry]:
    path = Path(piece.path)
    return read_records(path) if piece.group is None else read_parquet(path, piece.group)
