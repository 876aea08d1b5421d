"""(path) -> a stream whose contents stand at the path, whole and on the disk, once it is closed; or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from pytest_ftgate.files.disk import sync, sync_folder
from pytest_ftgate.files.ordinary import is_file


def write_text(path: Path, text: str) -> Path:
    """Replace the file at once; its path. Raises OSError."""
    with replacing(path) as stream:
        stream.write(text)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A stream of text, UTF-8. See `replacing_bytes`."""
    with _draft(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as stream:
        yield stream
        stream.flush()
        sync(stream.fileno())


@contextmanager
def replacing_bytes(path: Path) -> Iterator[BinaryIO]:
    """Write beside the path, then replace it by rename; on an error the path is left as it was.

    What stood there is never written into: it may be a link into the cache of DVC. What is no file, such as a device
    or a named pipe, is not replaced. Who may read it stays as it was. Raises OSError.
    """
    with _draft(path) as draft, draft.open("wb") as stream:
        yield stream
        stream.flush()
        sync(stream.fileno())


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_file(path)
    draft, mode = path.with_name(f".{path.name}.{os.getpid()}"), _mode(path)
    try:
        yield draft
        if mode is not None:
            with suppress(PermissionError):  # a file system that has none, as FAT
                draft.chmod(mode)
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _mode(path: Path) -> int | None:
    """Its permissions; None if nothing stands there, or a link: a cache is read-only, which its copy is not."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else None
