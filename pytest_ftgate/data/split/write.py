"""(files, place of each row) -> train.jsonl, validation.jsonl, test.jsonl: each row as it was, and its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from pytest_ftgate.data.readers.json_line import json_line
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.data.split.items import key_of
from pytest_ftgate.data.split.part import PARTS, Part
from pytest_ftgate.data.split.places import Places
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.atomic import replacing

ORIGIN = "origin"
"""Key of "file:line" in a written row; one that has it keeps it."""


def file_of(folder: Path, part: Part) -> Path:
    """Where a part stands."""
    return folder / f"{part}.jsonl"


def write_parts(
    files: Sequence[Path], places: Places, folder: Path, promise: Callable[[], None], columns: Columns = AS_WRITTEN
) -> None:
    """promise: called when all rows could be written, before any part is replaced.

    Raises DataError, and leaves all three as they were, if a file changed or holds what is no JSON; OSError.
    """
    with ExitStack() as stack:
        streams = {part: stack.enter_context(replacing(file_of(folder, part))) for part in PARTS}
        for record, row in _rows(files, columns):
            part = places.get(key_of(row))
            if part is None:
                raise DataError([Fault(record.path, record.line, "changed during the split", "run the split again")])
            streams[part].write(_line(record))
        promise()


def _rows(files: Sequence[Path], columns: Columns) -> Iterator[tuple[Record, DataRow]]:
    for path in files:
        for record in read_records(path, columns):
            row = row_of(record) if isinstance(record, Record) else (record,)
            if not isinstance(row, DataRow) or isinstance(record, Fault):
                raise DataError(row if not isinstance(row, DataRow) else ())
            yield record, row


def _line(record: Record) -> str:
    return json_line(record.path, record.line, {ORIGIN: f"{record.path}:{record.line}"} | dict(record.data))
