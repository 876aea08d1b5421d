"""JSON values -> lines of a file that is only appended to, on the disk before anybody goes on, and back."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.dvc import own_copy
from pytest_ftgate.serve.api.fsync import OnDisk


class Lines:
    """One file, written by one process at a time; a line torn by a crash is removed when the file is opened."""

    def __init__(self, path: Path) -> None:
        """Raises JournalError if another process writes it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        own_copy(path)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise JournalError(f"{path}: another run is asking and writes this file; wait for it") from None
        self._mend()
        self.on_disk = OnDisk(self._file)

    def append(self, data: Mapping[str, Any], sync: bool = True) -> None:
        """Write one line. sync: and wait until it is on the disk. Raises JournalError if it cannot be written whole."""
        line = json.dumps(data, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
        try:
            written = os.write(self._file, line)
            if sync:
                os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written: {error}") from None
        if written != len(line):
            raise JournalError(f"{self.path}: only a part of a line could be written; is the disk full?")

    def read(self) -> Iterator[dict[str, Any]]:
        """Every line. Raises JournalError naming the line that is no JSON object."""
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield dict(json.loads(line))
                except (ValueError, TypeError):
                    raise JournalError(f"{self.path}:{number}: not a line of this file; remove it") from None

    def close(self) -> None:
        """Let others write."""
        os.close(self._file)

    def _mend(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._file, whole)
