"""JSON file that holds one list -> its records, one at a time; the file is never in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from pytest_ftgate.data.readers.json_lines import read_lines
from pytest_ftgate.data.readers.record import Entry, record_of
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import opened
from pytest_ftgate.files.jsonl import decode_from, why_not_json
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.utf8_line import line_not_utf8

CHUNK = 1 << 16
MOST = 1 << 24
"""Characters of one row; a bracket that is never closed does not take the memory."""

_SPACE = re.compile(r"[ \t\r\n]*")


class _Broken(Exception):  # noqa: N818 - never leaves this file
    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def read_json(path: Path) -> Iterator[Entry]:
    """The records of a list, or of JSON lines under this name. Raises OSError, MissingExtra."""
    with opened(path) as file:
        first = file.read(CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    yield from (_read_list if first == b"[" else read_lines)(path)


def _read_list(path: Path) -> Iterator[Entry]:
    name = shown(path)
    with opened(path) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as stream:
        text = _Text(stream)
        try:
            for line, value in text.values():
                yield record_of(name, line, value)
        except _Broken as error:
            yield Fault(name, error.line, f"{error}; rest not read")
        except UnicodeDecodeError as error:
            what = f"is not valid UTF-8 from here on: {error.reason}"
            yield Fault(name, line_not_utf8(path), what, "save the file as UTF-8")


class _Text:
    """A window that moves over the file. line: 1-based, of the place that is read next."""

    def __init__(self, stream: TextIO) -> None:
        self.line = 1
        self._stream = stream
        self._text = ""
        self._at = 0

    def values(self) -> Iterator[tuple[int, Any]]:
        """(line where it begins, value) of each element. Raises _Broken."""
        self._take("[")
        if self._next() == "]":
            self._take("]")
        else:
            yield from self._elements()
        if self._next():
            raise _Broken(self.line, "is not valid JSON: extra data after the list")

    def _elements(self) -> Iterator[tuple[int, Any]]:
        mark = ","
        while mark == ",":
            self._next()
            yield self.line, self._value()
            mark = self._take(",]")

    def _take(self, allowed: str) -> str:
        found = self._next()
        if not found or found not in allowed:
            wanted = " or ".join(map(repr, allowed))
            raise _Broken(self.line, f"is not valid JSON: expected {wanted}, found {found or 'the end of the file'!r}")
        self._advance(self._at + 1)
        return found

    def _next(self) -> str:
        """The next character that is no white space, "" at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._advance(found.end() if found else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:
        while True:
            try:
                value, end = decode_from(self._text, self._at)
            except json.JSONDecodeError as error:
                line = self.line + self._text.count("\n", self._at, error.pos)
                if len(self._text) - self._at >= MOST or not self._more():
                    raise _Broken(line, f"is not valid JSON: {error.msg}") from None
            except (ValueError, RecursionError) as error:
                raise _Broken(self.line, why_not_json(error)) from None
            else:
                self._advance(end)
                return value

    def _more(self) -> bool:
        """Read on, as much as there is; False at the end."""
        chunk = self._stream.read(max(CHUNK, len(self._text) - self._at))
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _advance(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end
