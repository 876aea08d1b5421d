"""Folder -> a folder beside it that only this process writes into; what a killed process left there is removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.file_lock import lock_if_free


@contextmanager
def draft_beside(dest: Path) -> Iterator[Path]:
    """An empty folder of a name of its own; removed after the block if it is still there.

    It is locked itself, and the lock ends with this process, however it ends. Raises ServeError if another process
    has a draft of the same folder.
    """
    draft = Path(tempfile.mkdtemp(prefix=_prefix(dest), dir=dest.parent))
    draft.chmod(0o777 & ~_umask())
    folder = os.open(draft, os.O_RDONLY)
    try:
        if not lock_if_free(folder) or not draft.exists():
            raise _busy(dest)
        try:
            for other in _drafts(dest):
                if other != draft:
                    _remove_if_left(other, dest)
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(folder)


def _prefix(dest: Path) -> str:
    return f".{dest.name}.ftgate-draft-"


def _drafts(dest: Path) -> list[Path]:
    return [path for path in dest.parent.iterdir() if path.name.startswith(_prefix(dest)) and path.is_dir()]


def _remove_if_left(draft: Path, dest: Path) -> None:
    try:
        folder = os.open(draft, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        if not lock_if_free(folder):
            raise _busy(dest)
        shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(folder)


def _busy(dest: Path) -> ServeError:
    return ServeError(f"{dest}: another process is writing it\n    wait for its end, or name another folder")


def _umask() -> int:
    """Of this process: a temporary folder is for its owner alone, and an export for whom its user allows."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
