"""What a power cut must not undo: whole writes, and their way to the disk."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: int, data: bytes) -> None:
    """One write to an open file. Raises OSError, also if only a part of the data could be written."""
    if os.write(file, data) != len(data):
        raise OSError(f"only a part of {len(data)} bytes was written; is the disk full?")


def sync(file: int) -> None:
    """Return when all that was written to an open file is on the disk. Raises OSError."""
    os.fsync(file)


def sync_folder(folder: Path) -> None:
    """The same for the names in a folder, such as that of a new file."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
