"""JSON value -> its one text, and the sha256 of that; file -> the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(obj: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, non-ASCII as it is.

    Raises ValueError for NaN and infinities, TypeError for what is not JSON.
    """
    return _ENCODER.encode(obj)


def digest_of(obj: object) -> str:
    """sha256 of `canonical(obj)`, 64 hex digits."""
    return hashlib.sha256(canonical(obj).encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, 64 hex digits; read once for each version of it in this process. Raises OSError."""
    stat = path.stat()
    return _digest_of_version(path.resolve(), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=256)
def _digest_of_version(path: Path, *_version: int) -> str:
    """By inode and time of the change too: size and time of writing can be given to another content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
