"""(folder of the state, kind, task, facts) -> one more line of its audit.jsonl, on the disk before this returns.

Writers take turns by a lock on the file itself. Nothing is ever removed: a line that a crash has torn is ended by the
next writer and followed by a line of the kind `repair` that names it.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import AuditError
from pytest_ftgate.files.disk import sync, sync_folder, write_whole
from pytest_ftgate.files.file_lock import lock
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.registry.audit.entry import FIRST, KINDS, Entry, Head, is_whole, now, read_entry, sha256_of, who

FILE = "audit.jsonl"


def record(state_dir: Path, kind: str, task: str, what: Mapping[str, Any]) -> Entry:
    """Append one line to the log of a state folder. See `AuditLog.append`."""
    return AuditLog(state_dir / FILE).append(kind, task, what)


@dataclass(frozen=True, slots=True)
class AuditLog:
    """An append-only file; processes and threads may append at the same time."""

    path: Path

    def append(self, kind: str, task: str, what: Mapping[str, Any]) -> Entry:
        """Write one line and wait until it is on the disk.

        kind: one of KINDS. what: facts that are JSON (digests, numbers, a reason). Raises AuditError if the file
        cannot be written: what is to be audited must not be done then.
        """
        if kind not in KINDS:
            raise AuditError(f"audit: found kind {kind!r}, allowed: {', '.join(KINDS)}")
        try:
            with self._locked() as file:
                lines, data = _mended(self.path.read_bytes())
                entry = _next(lines, kind, task, what)
                _write(file, data + entry.to_bytes() + b"\n")
                if entry.line == 1:
                    sync_folder(self.path.parent)
                return entry
        except OSError as error:
            raise AuditError(f"{self.path}: cannot write the audit log: {error.strerror or error}") from error

    def extend_to(self, content: bytes) -> None:
        """Make the log begin with these whole lines, of a backup: what is here is a beginning of them, or goes on.

        A process that was killed leaves a beginning. Raises AuditError if the file is another log, or not writable.
        """
        try:
            with self._locked() as file:
                here = self.path.read_bytes()
                if content.startswith(here):
                    _write(file, content[len(here) :])
                    sync_folder(self.path.parent)
                elif not here.startswith(content):
                    raise AuditError(
                        f"{self.path}: is another audit log than that of the backup; nothing was restored\n"
                        "    Restore into a state folder of its own: --state-dir DIR"
                    )
        except OSError as error:
            raise AuditError(f"{self.path}: cannot write the audit log: {error.strerror or error}") from error

    def lines(self) -> tuple[list[bytes], bool]:
        """All lines without their ends, and whether the last one has none: a process died while it wrote it."""
        content = self.path.read_bytes() if self.path.is_file() else b""
        *lines, tail = content.split(b"\n")
        return ([*lines, tail], True) if tail else (lines, False)

    def head(self, by: str = "") -> Head | None:
        """What the registry should keep of the log as it is now; None if it has no entry yet."""
        lines, torn = self.lines()
        return head_of(self.path, lines[:-1] if torn else lines, by)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_file(self.path)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            lock(file)
            yield file
        finally:
            os.close(file)


def place_of(path: Path) -> str:
    """Where a log lies, as its heads say it."""
    return f"{socket.gethostname()}:{path.resolve()}"


def head_of(path: Path, lines: Sequence[bytes], by: str) -> Head | None:
    """The head of a log that ends with the last of these lines."""
    log = next((entry.log for line in lines if (entry := read_entry(line))), "")
    return Head(log, len(lines), sha256_of(lines[-1]), place_of(path), by) if log else None


def _mended(content: bytes) -> tuple[list[bytes], bytes]:
    """(lines that the next one follows, what is to be written before it): a torn last line gets an end and a repair."""
    *lines, tail = content.split(b"\n")
    if not tail:
        return lines, b""
    lines.append(tail)
    if (entry := read_entry(tail)) and is_whole(entry, tail):
        return lines, b"\n"
    first = next(n for n in range(len(lines), 0, -1) if n == 1 or read_entry(lines[n - 2]))
    repair = _next(lines, "repair", "", {"lines": [first, len(lines)]}).to_bytes()
    return [*lines, repair], b"\n" + repair + b"\n"


def _next(lines: list[bytes], kind: str, task: str, what: Mapping[str, Any]) -> Entry:
    prev = sha256_of(lines[-1]) if lines else FIRST
    return Entry(len(lines) + 1, _log_id(lines), now(), who(), kind, task, what, prev).sealed()


def _log_id(lines: list[bytes]) -> str:
    """The id that the file's entries carry; a new one for a new file."""
    known = (entry.log for line in lines if (entry := read_entry(line)))
    return next(known, uuid.uuid4().hex[:16])


def _write(file: int, data: bytes) -> None:
    write_whole(file, data)
    sync(file)
