"""Lock -> the fault that the golden set which it locks is gone, or is no golden set any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import compressed_beside
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE, SUFFIXES, is_golden
from pytest_ftgate.golden.strays import why_stray

_FOLDER_LOCK = "golden.lock"
_LOCK = ".golden.lock"


def is_lock(path: Path) -> bool:
    """Whether a file is called as the lock of a golden set."""
    return path.name == _FOLDER_LOCK or path.name.endswith(_LOCK)


def lost_set(lock: Path) -> Fault | None:
    """None if the set is there, whatever faults it has."""
    plain = _set_files(lock)
    files = [*plain, *filter(None, map(compressed_beside, plain))]
    if any(file.exists() and is_golden(file) for file in files):
        return None
    named = ", ".join(file.name for file in plain)
    text = f"the golden set that it locks is not there, expected one of {named} beside it"
    for file in files:
        if why := why_stray(file, lock.parent):
            text = f"the golden set that it locks is none any more: {shown(file)}: {why}"
    return Fault(shown(lock), 0, text, "restore the set; if it was removed or renamed on purpose, do so with its lock")


def lost_sets(folder: Path) -> list[Fault]:
    """Those of all locks below a folder, at any depth."""
    return [fault for lock in sorted(folder.rglob("*golden.lock")) if is_lock(lock) and (fault := lost_set(lock))]


def _set_files(lock: Path) -> Sequence[Path]:
    """The files that may be the set of a lock."""
    if lock.name == _FOLDER_LOCK:
        return [lock.with_name(FOLDER_FILE), lock.with_name(CASES_FILE)]
    return [lock.with_name(lock.name.removesuffix(_LOCK) + suffix) for suffix in SUFFIXES]
