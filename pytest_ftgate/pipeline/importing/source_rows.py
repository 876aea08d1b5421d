"""File of another tool (JSON Lines, JSON, CSV) -> its rows, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.csv import read_csv
from pytest_ftgate.files.json import read_json
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.text import nearest, read_text, shown

_LFS = "version https://git-lfs.github.com/spec/v1"
KINDS = (".jsonl", ".json", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """An object of a file, or a row of a table, whose cells are texts. line: 1-based, where it begins."""

    line: int
    data: Mapping[str, Any]


def read_source_rows(path: Path, below: str = "") -> list[SourceRow]:
    """The rows. below: the key of a JSON object that holds the list of them. Raises FileFaults with every fault."""
    if path.suffix not in KINDS:
        raise FileFaults([Fault(shown(path), 0, f"cannot be read; expected {', '.join(KINDS)}")])
    try:
        entries = list(_entries(path, below))
    except OSError as error:
        raise FileFaults([Fault(shown(path), 0, f"cannot be read: {error.strerror or error}")]) from None
    if faults := [entry for entry in entries if isinstance(entry, Fault)]:
        raise FileFaults(faults)
    rows = [entry for entry in entries if isinstance(entry, SourceRow)]
    if not rows:
        raise FileFaults([Fault(shown(path), 0, "has no rows")])
    return rows


def _entries(path: Path, below: str) -> Iterator[SourceRow | Fault]:
    if path.suffix in (".csv", ".tsv"):
        yield from _table(path)
        return
    if path.suffix == ".json":
        data, lines = read_json(path)
        keys: tuple[str, ...] = ()
        if isinstance(data, dict) and isinstance(data.get(below), list):
            data, keys = data[below], (below,)
        if not isinstance(data, list):
            hint = f", or an object with it as {below!r}" if below else ""
            yield Fault(shown(path), 1, f"expected a list of objects{hint}; found {type(data).__name__}")
            return
        found: Iterator[tuple[int, Any] | Fault] = (
            (nearest(lines, (*keys, number)), each) for number, each in enumerate(data)
        )
    else:
        text = read_text(path)
        if text.startswith(_LFS):
            yield Fault(shown(path), 1, "is a pointer of Git LFS, not the data", "fetch it: git lfs pull")
            return
        found = parse_lines(text, shown(path))
    for entry in found:
        yield entry if isinstance(entry, Fault) else _row(path, *entry)


def _row(path: Path, line: int, data: Any) -> SourceRow | Fault:
    if isinstance(data, dict):
        return SourceRow(line, data)
    return Fault(shown(path), line, f"expected an object; found {type(data).__name__}")


def _table(path: Path) -> Iterator[SourceRow | Fault]:
    columns: list[str] = []
    for entry in read_csv(path):
        if isinstance(entry, Fault):
            yield entry
        elif not columns:
            columns = entry[1]
        else:
            line, cells = entry
            yield SourceRow(line, {name: cell for name, cell in zip(columns, cells, strict=True) if cell})
