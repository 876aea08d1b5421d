"""Path of a file or folder of rows -> its sha256 and how many rows it holds, read once for each version of it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pytest_ftgate.data.readers.count import row_count
from pytest_ftgate.data.readers.records import is_json_lines
from pytest_ftgate.files.ordinary import is_file

CHUNK = 1 << 20
_MADE_BY_READING = "cache-"
"""How the files begin that datasets writes into a folder while it works on it."""


class Contents(NamedTuple):
    """sha256: 64 hex digits; of a folder, of the names and digests of its files. rows: blank lines are none."""

    sha256: str
    rows: int


def contents(path: Path) -> Contents:
    """What a file or folder holds now. Raises OSError, MissingExtra."""
    return _of_version(path.absolute(), tuple((file, *_stamp(file)) for file in _files(path)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        is_file(path)
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith(_MADE_BY_READING))


def _stamp(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=64)
def _of_version(path: Path, _version: tuple[tuple[Path, int, int], ...]) -> Contents:
    if is_json_lines(path):
        return _of_lines(path)
    return Contents(_of_folder(path) if path.is_dir() else _sha256(path), row_count(path))


def _of_lines(path: Path) -> Contents:
    digest, rows = hashlib.sha256(), 0
    with path.open("rb") as stream:
        for line in stream:
            digest.update(line)
            rows += bool(line.strip())
    return Contents(digest.hexdigest(), rows)


def _of_folder(path: Path) -> str:
    lines = (f"{_sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in _files(path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
