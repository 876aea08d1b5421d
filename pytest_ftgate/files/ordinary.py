"""(path) -> whether a file or folder stands there. A named pipe, a device, a link to nothing: an error, not a wait."""

from __future__ import annotations

import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def is_file(path: Path) -> bool:
    """False if nothing stands there. Raises OSError for what is no file, without opening it: a pipe would block."""
    return _is(path, "a file")


def is_folder(path: Path) -> bool:
    """False if nothing stands there. Raises OSError for what is no folder."""
    return _is(path, "a folder")


def _is(path: Path, expected: str) -> bool:
    found = _kind(path)
    if found not in {"", expected}:
        raise OSError(f"is {found}, expected {expected}; move or remove it")
    return bool(found)


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return f"a link to {path.readlink()}, which does not exist" if path.is_symlink() else ""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "neither")
