"""JSON Lines file -> its records, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pytest_ftgate.data.readers.record import Entry, record_of
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import opened
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.files.text import shown

MOST = 1 << 26
"""Bytes of one line; a compressed file of one endless line does not take the memory."""
OPEN = (b"{", b"[", b",")
"""How the first line of JSON that is written for people ends."""
ONE_ROW = "write one row a line (JSON Lines), or a list of rows in a .json, without an object around it"


def read_lines(path: Path) -> Iterator[Entry]:
    """The records; blank lines are skipped. Raises OSError, MissingExtra."""
    name = shown(path)
    with opened(path) as file:
        is_first = True
        for number, line in enumerate(iter(partial(file.readline, MOST + 1), b""), start=1):
            if len(line) > MOST:
                yield Fault(name, number, f"is longer than {MOST >> 20} MiB; rest not read", "end rows with line feeds")
                return
            if is_first and line.removeprefix(b"\xef\xbb\xbf").strip().endswith(OPEN):
                yield Fault(name, number, "is JSON of several lines; rest not read", ONE_ROW)
                return
            is_first = is_first and not line.strip()
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
