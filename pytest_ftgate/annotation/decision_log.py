"""Decisions <-> an append-only file of JSON lines, each on the disk before the next item is shown."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_ftgate.annotation.item import DeskError
from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.dvc import own_copy

Record = dict[str, Any]


class DecisionLog:
    """One person's journal. Open it with `with`: then nobody else can, and a torn last line is mended.

    records: every line so far. Raises JournalError for a line that is no JSON object, DeskError if it is open already.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self._file = -1

    def __enter__(self) -> DecisionLog:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        own_copy(self.path)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            self._lock()
            self.records = self._read()
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line and wait until the disk has it."""
        os.write(self._file, (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))
        os.fsync(self._file)
        self.records.append(dict(record))

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeskError(f"{self.path} is in use by another session; close it first") from None

    def _read(self) -> list[Record]:
        content = self.path.read_bytes()
        whole, _, tail = content.rpartition(b"\n")
        found = [self._record(number, line) for number, line in enumerate(whole.split(b"\n"), 1) if line.strip()]
        if tail:
            os.ftruncate(self._file, len(content) - len(tail))
        return found

    def _record(self, number: int, line: bytes) -> Record:
        try:
            data = json.loads(line)
        except ValueError as error:
            data = error
        if not isinstance(data, dict):
            raise JournalError(f"{self.path}:{number}: invalid entry ({data!r:.60}); remove this line or the file")
        return data
