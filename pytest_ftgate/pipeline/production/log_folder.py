"""The logs -> a folder among them that is one server's own, however many share the state folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pytest_ftgate.files.file_lock import lock_if_free

LOCK = "serve.lock"
KEPT = 5
"""Folders of servers that have ended which are kept, with their logs."""


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """Nobody else writes here until it is released, or this process ends."""

    path: Path
    _lock: int

    def release(self) -> None:
        """The next server may clear it up."""
        os.close(self._lock)


def own_folder(logs: Path, label: str) -> OwnFolder:
    """A new folder, or one whose server has ended. Those of ended servers lose their copies of adapters.

    Raises OSError if it cannot be written.
    """
    for number in count(1):
        path = logs / (label if number == 1 else f"{label}-{number}")
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if _is_free(lock, without_locks=True):
            break
        os.close(lock)
    os.utime(path / LOCK)
    _clear(path)
    _clear_others(logs, path)
    return OwnFolder(path, lock)


def _clear_others(logs: Path, own: Path) -> None:
    found = [file.parent for file in logs.glob(f"*/{LOCK}") if file.parent != own]
    for age, path in enumerate(sorted(found, key=_taken, reverse=True)):
        with _ended(path) as ended:
            if ended:
                _clear(path)
            if ended and age >= KEPT:
                shutil.rmtree(path, ignore_errors=True)


def _taken(path: Path) -> float:
    """When; in seconds since 1970."""
    try:
        return (path / LOCK).stat().st_mtime
    except OSError:  # another has just removed it
        return 0.0


@contextmanager
def _ended(path: Path) -> Iterator[bool]:
    """Whether the server of a folder has ended; within the block no other takes it."""
    try:
        lock = os.open(path / LOCK, os.O_RDWR)
    except OSError:
        yield False
        return
    try:
        yield _is_free(lock, without_locks=False)
    finally:
        os.close(lock)


def _is_free(lock: int, *, without_locks: bool) -> bool:
    """without_locks: the answer where the file system has none."""
    try:
        return lock_if_free(lock)
    except OSError:
        return without_locks


def _clear(folder: Path) -> None:
    """Remove the copies of adapters that a killed server has left."""
    for left in folder.glob("adapter-*"):
        shutil.rmtree(left, ignore_errors=True)
