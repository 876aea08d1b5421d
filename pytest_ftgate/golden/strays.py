"""File below a folder of golden sets that is none of them -> why it is not collected, and what would be."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_ftgate.files.compressed import COMPRESSED, is_compressed, plain_name
from pytest_ftgate.golden.csv_columns import header, rename_hint
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE, LABELS, UNREAD, VERDICTS, is_golden, is_named_as_set

_ROWS = {".jsonl": ".jsonl", ".ndjson": ".jsonl", ".csv": ".csv", ".tsv": ".csv"}
"""Ends of names of files with one row after another; the end of a golden set that holds them."""
_TREES = {".json": ".json", ".yaml": ".yaml", ".yml": ".yaml", ".toml": ".yaml", ".golden": ".jsonl"}
"""The same of files that hold anything: looked at if they are called golden, or hold a list of cases."""
_OWN = (LABELS, VERDICTS)
ENDS = frozenset([*_ROWS, *_TREES, *COMPRESSED])
"""Ends of names of the files that `why_stray` says anything about, in lower case."""
_LIST_OF_CASES = {".json": re.compile(rb"\s*\[.*\"input\"\s*:", re.DOTALL)} | dict.fromkeys(
    (".yaml", ".yml"), re.compile(rb"-\s.*\binput\s*:", re.DOTALL)
)
_LOOKED_AT = 1 << 12
"""Bytes of a file that may hold a list of cases."""


def why_stray(path: Path, root: Path) -> str:
    """Why a file that was probably meant as a golden set is not collected; "" for all others.

    root: the folder of golden sets. In the folder of a set, where anything may lie, only what is called like its cases.
    """
    if path.suffix.lower() not in ENDS or not path.is_file() or is_golden(path) or _known(path):
        return ""
    if is_compressed(path):
        return _why_compressed(path, root)
    if is_named_as_set(path.name):
        if path.suffix == ".csv":
            return f"not collected: the first line names no column `input`; {rename_hint(header(path))}"
        return "not collected: no case has `input`"
    if _in_set(path, root):
        like = path.stem.lower().startswith("case") and path.suffix.lower() in _ROWS | _TREES
        return f"not collected: the cases of this folder are in {CASES_FILE}" if like else ""
    return _misnamed(path)


def _why_compressed(path: Path, root: Path) -> str:
    """Of a file whose name, uncompressed, would be a set's or nearly; one that was uncompressed is left alone."""
    plain = path.with_name(plain_name(path))
    end = plain.suffix.lower()
    meant = is_named_as_set(plain.name) or end in _ROWS or (end in _TREES and "golden" in plain.name.lower())
    if not meant or plain.exists() or _known(plain) or _in_set(path, root):
        return ""
    name = plain.name if is_named_as_set(plain.name) else _renamed(plain)
    return f"not collected: {UNREAD}, here as {name}"


def _known(path: Path) -> bool:
    """Whether a file belongs to a set: its cases, its labels, its verdicts."""
    if path.name == CASES_FILE:
        return path.with_name(FOLDER_FILE).exists()
    return path.name.endswith(_OWN)


def _in_set(path: Path, root: Path) -> bool:
    return any((folder / FOLDER_FILE).is_file() for folder in path.parents if folder.is_relative_to(root))


def _renamed(path: Path) -> str:
    end = path.suffix.lower()
    return path.name.partition(".")[0] + ".golden" + (_ROWS.get(end) or _TREES[end])


def _misnamed(path: Path) -> str:
    suffix = path.suffix.lower()
    if path.stem.lower() == "golden" and suffix in _TREES:
        return f"not collected: the settings of a folder are in {FOLDER_FILE}"
    if suffix in _TREES and "golden" not in path.name.lower() and not _lists_cases(path):
        return ""
    name = _renamed(path)
    convert = " and write it so" if suffix in (".tsv", ".toml") else ""
    columns = rename_hint(header(path)) if name.endswith(".csv") else ""
    named = f", and its columns as a case has them ({columns})" if columns else ""
    return f"not collected: rename it to {name}{convert}{named}"


def _lists_cases(path: Path) -> bool:
    """Whether the beginning of a JSON or YAML file is a list of objects with `input`."""
    if (pattern := _LIST_OF_CASES.get(path.suffix.lower())) is None:
        return False
    try:
        with path.open("rb") as file:
            return pattern.match(file.read(_LOOKED_AT).removeprefix(b"\xef\xbb\xbf")) is not None
    except OSError:
        return False
