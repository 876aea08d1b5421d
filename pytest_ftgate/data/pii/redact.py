"""DataRow -> the same row without personal data and keys; (data files, target) -> a copy of them all without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from pytest_ftgate.data.pii.placeholders import redacted_text, redacted_value
from pytest_ftgate.data.readers.json_line import json_line
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.atomic import replacing
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Message

KEPT = ("id",)
"""Keys that stay as they are: what refers to a row must find it again."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was written. read, changed: rows; with `drop` those changed are left out."""

    read: int
    changed: int
    dropped: bool

    @property
    def written(self) -> int:
        """Rows in the copy."""
        return self.read - self.changed if self.dropped else self.read


def redacted(row: DataRow) -> DataRow:
    """The row with placeholders in all that it says, and in its extras; id, file and line stay.

    A row without personal data and keys comes back equal. A cluster that is someone's address becomes its digest, so
    that the rows of one cluster still have one.
    """
    return replace(
        row,
        asked=tuple(_turn(turn) for turn in row.asked),
        answer=redacted_text(row.answer),
        rejected=None if row.rejected is None else redacted_text(row.rejected),
        variables=None if row.variables is None else redacted_value(row.variables),
        extras=_keys(row.extras),
        tools=tuple(redacted_value(row.tools)),
        calls=tuple(redacted_value(row.calls)),
        reasoning=redacted_text(row.reasoning),
    )


def _turn(turn: Message) -> Message:
    return {key: value if key == "role" else redacted_value(value) for key, value in turn.items()}


def _keys(data: Any) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in data.items()}


def _value(key: str, value: Any) -> Any:
    if key in KEPT:
        return value
    without = redacted_value(value)
    return digest_of(value)[:12] if key == "cluster" and without != value else without


def write_redacted(
    paths: Sequence[Path], target: Path, *, drop: bool = False, columns: Columns = AS_WRITTEN
) -> Redaction:
    """Copy the rows of all files as JSON Lines, each in the shape it has; atomic and as a stream.

    drop: leave the rows out that hold personal data or keys, instead of replacing these. columns: see `read_records`;
    the copy has the keys that are read.
    Raises DataError, and then writes nothing: the target is one of the files, a row is none or has what
    JSON has no form for, or there is none.
    """
    if any(path.resolve() == target.resolve() for path in paths):
        raise DataError([Fault(shown(target), 0, "is also an input; use another name for the copy")])
    with replacing(target) as stream:
        return _write(read_redacted(paths, columns), paths, stream, drop=drop)


def _write(
    rows: Iterator[tuple[Record, dict[str, Any]]], paths: Sequence[Path], stream: TextIO, *, drop: bool
) -> Redaction:
    read = changed = 0
    for record, kept in rows:
        differs = kept != record.data
        read, changed = read + 1, changed + differs
        if not (drop and differs):
            stream.write(json_line(record.path, record.line, kept))
    if not read:
        raise DataError([Fault(shown(path), 0, "no rows") for path in paths])
    return Redaction(read, changed, drop)


def read_redacted(paths: Sequence[Path], columns: Columns = AS_WRITTEN) -> Iterator[tuple[Record, dict[str, Any]]]:
    """Each record with its keys redacted. Raises DataError at the first that is no row."""
    return ((record, _keys(record.data)) for record in records_of_rows(paths, columns))


def records_of_rows(paths: Sequence[Path], columns: Columns = AS_WRITTEN) -> Iterator[Record]:
    """The records that are rows. Raises DataError at the first that is none."""
    for path in paths:
        for record in read_records(path, columns):
            if isinstance(record, Fault):
                raise DataError([record])
            if not isinstance(row := row_of(record), DataRow):
                raise DataError(row)
            yield record
