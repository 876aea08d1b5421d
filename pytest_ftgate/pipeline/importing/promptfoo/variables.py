"""Variables of a test of promptfoo -> one set of values for each case that they make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.files.text import read_text
from pytest_ftgate.pipeline.importing.promptfoo.assertions import UNREAD_VARS
from pytest_ftgate.pipeline.importing.promptfoo.document import FILE, JSON, YAML, files_of, read_document
from pytest_ftgate.pipeline.importing.promptfoo.templates import NotSameError

MOST = 100_000
"""Cases that the lists of one test may make."""
_NO_TEXT = frozenset(
    {
        *(".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".pdf", ".docx", ".png", ".jpg", ".jpeg", ".gif"),
        *(".bmp", ".webp", ".svg", ".mp4", ".webm", ".ogg", ".mov", ".avi", ".wmv", ".mkv", ".m4v", ".mp3", ".wav"),
    }
)


def combinations(variables: Mapping[str, Any], folder: Path, *, expand: bool = True) -> Iterator[dict[str, Any]]:
    """The variables with files read, once for each combination of the values of those that are lists.

    expand: whether lists are combinations. Raises NotSameError for a file that is no text, or cannot be read.
    """
    read = {name: _value(name, value, folder) for name, value in _all(variables, folder).items()}
    choices = [value if expand and isinstance(value, list) and value else [value] for value in read.values()]
    if (number := prod(map(len, choices))) > MOST:
        raise NotSameError(f"the lists make {number:,} combinations, more than {MOST:,}")
    for values in product(*choices):
        yield dict(zip(read, values, strict=True))


def _all(variables: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """With those in place that stand in files of variables."""
    found: dict[str, Any] = {}
    for name, value in variables.items():
        if name != UNREAD_VARS:
            found[name] = value
            continue
        for reference in value if isinstance(value, list) else [value]:
            found |= _of_files(str(reference), folder)
    return found


def _of_files(reference: str, folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = {}
    paths = list(files_of(reference, folder))
    if not paths:
        raise NotSameError(f"vars: no file matches {reference}")
    for path in paths:
        if path.suffix not in (*YAML, *JSON):
            raise NotSameError(f"vars from {path.name}: only YAML and JSON files are read")
        data = _read(path)
        if not isinstance(data, Mapping):
            raise NotSameError(f"vars from {path.name}: is no mapping")
        made |= data
    return made


def _value(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_value(name, each, folder) for each in value]
    if not isinstance(value, str) or not value.startswith(FILE):
        return value
    if (folder / value.removeprefix(FILE)).is_dir():
        raise NotSameError(f"vars.{name}: {value} is a folder")
    paths = list(files_of(value, folder))
    if not paths:
        raise NotSameError(f"vars.{name}: no file matches {value}")
    texts = [_text(name, path) for path in paths]
    return texts if any(mark in value for mark in "*?[") else texts[0]


def _text(name: str, path: Path) -> str:
    if path.suffix.lower() in _NO_TEXT:
        raise NotSameError(f"vars.{name}: {path.name} is a program or no text")
    if path.suffix in YAML:
        return json.dumps(_read(path), ensure_ascii=False, separators=(",", ":"))
    try:
        return read_text(path).strip()
    except FileFaults as error:
        raise NotSameError(f"vars.{name}: {error.faults[0].path} {error.faults[0].message}") from None


def _read(path: Path) -> Any:
    try:
        return read_document(path).data
    except FileFaults as error:
        raise NotSameError(str(error)) from None
