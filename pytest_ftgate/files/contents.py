"""Path of a file of rows -> its sha256 and how many rows it holds, read once for each version of the file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Contents(NamedTuple):
    """sha256: 64 hex digits. rows: lines that are not blank."""

    sha256: str
    rows: int


def contents(path: Path) -> Contents:
    """What a file holds now. Raises OSError."""
    stat = path.stat()
    return _of_version(path.resolve(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _of_version(path: Path, _size: int, _mtime_ns: int) -> Contents:
    digest, rows = hashlib.sha256(), 0
    with path.open("rb") as stream:
        for line in stream:
            digest.update(line)
            rows += bool(line.strip())
    return Contents(digest.hexdigest(), rows)
