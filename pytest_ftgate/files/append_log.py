"""JSON objects <-> lines of a file that is only appended to.

Processes take turns by a lock on the file, so a process killed at any moment loses at most the line it was writing.
What it leaves of that line is torn: it is never read, and removed before the next line is written, by whoever has the
turn. A last line that only lacks its end is whole.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.disk import sync, sync_folder, write_whole
from pytest_ftgate.files.dvc import own_copy
from pytest_ftgate.files.file_lock import lock, lock_if_free, unlock
from pytest_ftgate.files.ordinary import is_file

_BLOCK = 1 << 16
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""Made once: `json.dumps` with other than its default settings makes an encoder for every call."""


class AppendLog:
    """Threads and processes may append at the same time. A file that was removed meanwhile is made again.

    sync: a line is on the disk before `append` returns. alone: no other process may write meanwhile; what the
    JournalError says if one does. mode: permissions of a new file.
    """

    def __init__(self, path: Path, *, sync: bool = False, alone: str = "", mode: int = 0o644) -> None:
        self.path = path
        self._sync, self._alone, self._mode = sync, alone, mode
        self._file: int | None = None
        self._lock = threading.Lock()

    def open(self) -> Self:
        """Before anything is written, or read while nobody else may write. Raises JournalError."""
        with self._lock:
            self._opened()
        return self

    def append(self, value: Mapping[str, Any]) -> None:
        """Write one line, and open the file if it is not open. Raises JournalError; then nothing of it is written."""
        self.append_lines([line_of(value)])

    def append_lines(self, lines: Iterable[bytes]) -> None:
        """The same for lines that are JSON already, without their ends: all of them in one write."""
        with self._lock:
            file = self._opened()
            try:
                self._write(file, b"".join([line + b"\n" for line in lines]))
            except OSError as error:
                raise JournalError(_unwritable(self.path, error)) from error

    def _write(self, file: int, lines: bytes) -> None:
        has_turn = bool(self._alone) or lock(file)
        try:
            start = _mend(file, remove=has_turn)
            try:
                write_whole(file, lines)
                if self._sync:
                    sync(file)
            except BaseException:
                if has_turn:
                    with suppress(OSError):
                        os.ftruncate(file, start)
                raise
        finally:
            if has_turn and not self._alone:
                unlock(file)

    def flush(self) -> None:
        """Return when all lines are on the disk. Raises OSError."""
        if self._file is not None:
            sync(self._file)

    def close(self) -> None:
        """Let others write; a later `append` opens the file again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> int:
        if self._file is not None and os.fstat(self._file).st_nlink == 0:
            os.close(self._file)
            self._file = None
        if self._file is None:
            try:
                self._file = self._open()
            except OSError as error:
                raise JournalError(_unwritable(self.path, error)) from error
        return self._file

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not is_file(self.path)
        own_copy(self.path)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, self._mode)
        try:
            if self._alone:
                self._exclude_others(file)
                _mend(file, remove=True)
            if is_new and self._sync:
                sync_folder(self.path.parent)
        except BaseException:
            os.close(file)
            raise
        return file

    def _exclude_others(self, file: int) -> None:
        if not lock_if_free(file):
            raise JournalError(f"{self.path}{self._alone}")


def line_of(value: Mapping[str, Any]) -> bytes:
    """The line of a JSON object, without its end."""
    return _encode(value).encode("utf-8", "backslashreplace")


def objects(path: Path, what: str = "line of this file") -> Iterator[dict[str, Any]]:
    """The value of each whole line that is not blank; none if there is no file.

    what: a line is, for the JournalError that names a line which is no JSON object.
    """
    for number, line in whole_lines(path):
        if line.isspace():
            continue
        if (value := parsed(line)) is None:
            raise JournalError(f"{path}:{number}: not a {what} ({line.strip()!r:.60}); remove this line")
        yield value


def intact(path: Path) -> Iterator[dict[str, Any]]:
    """The same, but a line that is no JSON object, as after a power cut, is left out."""
    yield from (value for _, line in whole_lines(path) if (value := parsed(line)) is not None)


def parsed(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line, None if it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """1-based number and bytes of each line but a torn last one; none if there is no file.

    Raises JournalError for what is no file, or cannot be read.
    """
    try:
        if not is_file(path):
            return
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.endswith(b"\n") or parsed(line) is not None:
                yield number, line


def _unwritable(path: Path, error: OSError) -> str:
    return f"{path}: cannot be written: {error.strerror or error}"


def _mend(file: int, *, remove: bool) -> int:
    """End a last line that lacks its end, or remove what is torn, so that the next does not continue it; the new size.

    remove: False if another process may be writing this very line: then it is ended, whatever it is.
    """
    size = os.fstat(file).st_size
    if not size or os.pread(file, 1, size - 1) == b"\n":
        return size
    tail = _after_last_end(file)
    if remove and parsed(tail) is None:
        os.ftruncate(file, size - len(tail))
    else:
        write_whole(file, b"\n")
    return os.fstat(file).st_size


def _after_last_end(file: int) -> bytes:
    start, read = os.fstat(file).st_size, b""
    while start and b"\n" not in read:
        size = min(_BLOCK, start)
        start -= size
        read = os.pread(file, size, start) + read
    return read[read.rfind(b"\n") + 1 :]
