"""(training file or folder, rows to leave out, folder) -> a copy without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from pytest_ftgate.data.readers.json_line import json_line
from pytest_ftgate.data.readers.records import is_json_lines, read_records
from pytest_ftgate.errors import Fault, LeakageError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.compressed import plain_name


def write_clean(path: Path, without: Collection[int], folder: Path) -> Path:
    """Copy the rows but for those numbered `without`, from 1, blank lines not counted; atomic. Returns the copy's path.

    JSON Lines are copied byte by byte; any other format is written as JSON Lines. Raises LeakageError,
    DataError for what these cannot hold.
    """
    copy = folder / (path.name if is_json_lines(path) else f"{Path(plain_name(path)).stem}.jsonl")
    with replacing_bytes(copy) as target:
        target.writelines(line for number, line in enumerate(_lines(path), 1) if number not in without)
    return copy


def _lines(path: Path) -> Iterator[bytes]:
    if is_json_lines(path):
        with path.open("rb") as source:
            yield from filter(bytes.strip, source)
        return
    for record in read_records(path):
        if isinstance(record, Fault):
            raise LeakageError(str(record))
        yield json_line(record.path, record.line, record.data).encode()
