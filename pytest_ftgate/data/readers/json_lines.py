"""JSON Lines file -> its records, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.data.readers.record import Entry, record_of
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.files.text import shown


def read_lines(path: Path) -> Iterator[Entry]:
    """The records; blank lines are skipped. Raises OSError."""
    name = shown(path)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _entry(line, name, number)


def _entry(line: bytes, path: str, number: int) -> Entry:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{line[error.start]:02x} at position {error.start + 1} of the line"
        return Fault(path, number, f"is not valid UTF-8: {bad}", "save the file as UTF-8")
    parsed = parse_line(text, number, path)
    return parsed if isinstance(parsed, Fault) else record_of(path, *parsed)
