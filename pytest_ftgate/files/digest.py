"""JSON value -> its one text, and the sha256 of that; file -> the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path

from pytest_ftgate.files.atomic import write_text

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
    """sha256 of a file's bytes, 64 hex digits; read once for each version of it in this process. Raises OSError.

    Of a file of 64 MiB or more it is kept in the user's cache, so that weights are not read anew by every process.
    """
    return _digest_of_version(path.resolve(), *_version_of(path))


LARGE = 64 * 2**20
"""Bytes from which a digest is worth a file of its own."""


@lru_cache(maxsize=256)
def _digest_of_version(path: Path, *version: int) -> str:
    """By inode and time of the change too: size and time of writing can be given to another content."""
    kept = _kept_at(path, version) if version[2] >= LARGE else None
    if kept and (known := _read(kept)):
        return known
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if kept and _version_of(path) == version:
        _keep(kept, digest)
    return digest


def _version_of(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _kept_at(path: Path, version: tuple[int, ...]) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pytest-ftgate" / "digests" / hashlib.sha256(f"{path} {version}".encode()).hexdigest()


def _read(kept: Path) -> str:
    try:
        text = kept.read_text("ascii")
    except (OSError, ValueError):
        return ""
    return text if len(text) == 64 else ""


def _keep(kept: Path, digest: str) -> None:
    """A cache that cannot be written costs time only."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, digest)
    except OSError:
        return
