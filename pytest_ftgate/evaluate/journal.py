"""Finished requests -> one appended JSON line each, and back: key -> Response.

A line is written with one call to the operating system before anybody sees the answer, so a process killed at any
moment loses at most the line it was writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_ftgate.errors import JournalError
from pytest_ftgate.serve.response import Response

_encode = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: `json.dumps` with other than its default settings makes an encoder for every call."""


def key_of(  # noqa: PLR0913, PLR0917 - the six things that decide an answer
    golden_digest: str, case_digest: str, model_digest: str, prompt_digest: str, sampling_digest: str, repeat: int
) -> str:
    """The key of one repeat: equal only if everything that decides the answer is equal (40 hex digits)."""
    parts = (golden_digest, case_digest, model_digest, prompt_digest, sampling_digest, str(repeat))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


class Journal:
    """An append-only file of JSON lines {"key", "response", ...}; threads may append at the same time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._lock = threading.Lock()

    def append(self, key: str, response: Response, **meta: Any) -> None:
        """Write one line; `meta` are further JSON values for whoever reads the file."""
        line = _encode({"key": key, **meta, "response": response.to_json()}) + "\n"
        with self._lock:
            if self._file is None:
                self._file = self._open()
            os.write(self._file, line.encode())

    def read(self, by: str = "key") -> dict[str, Response]:
        """All responses by key, the last of each key, in the order of their lines; empty if there is no file.

        by: the meta value to be the key instead; lines without it keep their own.
        A torn last line is ignored. Raises JournalError naming file and line for anything else that is no journal line.
        """
        found: dict[str, Response] = {}
        for number, line in self._lines():
            try:
                data = json.loads(line)
                name, response = data["key"], Response.from_json(data["response"])
                name = data.get(by, name)
                found.pop(name, None)
                found[name] = response
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise JournalError(
                    f"{self.path}:{number}: not a line of a journal ({type(error).__name__}: {error})\n"
                    f"    remove this line (its answer is then asked for again), or the file"
                ) from error
        return found

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of each line, without a torn last one."""
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.endswith(b"\n") or _whole(line):
                    yield number, line

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._mend(file)
        return file

    def _mend(self, file: int) -> None:
        """Remove a torn last line, so that the next one does not continue it."""
        content = self.path.read_bytes()
        tail = content[content.rfind(b"\n") + 1 :]
        if not tail:
            return
        if _whole(tail):
            os.write(file, b"\n")
        else:
            os.ftruncate(file, len(content) - len(tail))

    def close(self) -> None:
        """Close the file; a later `append` opens it again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
