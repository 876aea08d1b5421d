"""What a power cut must not undo: whole writes, and their way to the disk."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: int, data: bytes) -> None:
    """Write all of it to an open file, also if the system takes it in parts. Raises OSError; a part may be written."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


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
