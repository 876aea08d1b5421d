"""Files of a golden set (a folder, a *.golden.jsonl, a *.golden.yaml) -> settings with their lines, rows, faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.text import Keys, nearest, read_text, shown
from pytest_ftgate.files.toml import read_toml, toml_lines
from pytest_ftgate.files.yaml import read_yaml
from pytest_ftgate.golden.rows import Row, read_located_rows, read_rows

FOLDER_FILE = "golden.toml"
CASES_FILE = "cases.jsonl"
_EXAMPLE = '{"id": "a1", "input": "...", "expected": "..."}'
_SUFFIXES = (".golden.jsonl", ".golden.yaml")


@dataclass(slots=True)
class Source:
    """What the files of a set hold, before it is understood: settings as written, the line of each, rows, faults."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[Keys, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_source(file: Path, cases_path: Path) -> Source:
    """What stands in the files of a set; `file` is its pytest file, whose name tells the layout."""
    if file.name == FOLDER_FILE:
        return _read_folder(file, cases_path)
    if not file.name.endswith(_SUFFIXES):
        what = f"is not a golden set; expected {FOLDER_FILE}, *.golden.jsonl or *.golden.yaml"
        return Source(faults=[Fault(shown(file), 0, what)])
    try:
        source = _read_yaml(file) if file.name.endswith(".yaml") else _read_jsonl(file)
    except FileFaults as error:
        return Source(faults=list(error.faults))
    return source


def _read_folder(file: Path, cases_path: Path) -> Source:
    source = Source()
    try:
        source.settings, text = read_toml(file)
        source.lines = toml_lines(text)
    except FileFaults as error:
        source.faults += error.faults
    source.faults += _misplaced_cases(source, file, f"cases belong in {CASES_FILE}")
    if not cases_path.exists():
        source.faults.append(_missing_cases(cases_path, source.settings.get("made_by")))
        return source
    try:
        _add_lines(source, cases_path, list(_entries(cases_path)))
    except FileFaults as error:
        source.faults += error.faults
    return source


def _entries(path: Path) -> Iterator[Any]:
    return parse_lines(read_text(path), shown(path))


def _add_lines(source: Source, path: Path, entries: list[Any]) -> None:
    rows, faults = read_rows(entries, shown(path))
    source.rows = rows
    source.faults += faults or _no_case(rows, path)


def _missing_cases(path: Path, made_by: object) -> Fault:
    fix = f"run: {made_by}" if made_by else f"write one case per line: {_EXAMPLE}"
    return Fault(shown(path), 0, "not found", fix)


def _no_case(rows: list[Row], path: Path) -> list[Fault]:
    example = f"- {_EXAMPLE}" if path.suffix == ".yaml" else _EXAMPLE
    return [] if rows else [Fault(shown(path), 1, "no cases", f"minimal case: {example}")]


def _misplaced_cases(source: Source, file: Path, where: str) -> Iterator[Fault]:
    if "cases" in source.settings:
        yield Fault(shown(file), nearest(source.lines, ("cases",)), f"'cases' is not allowed here; {where}")
        source.settings = {key: value for key, value in source.settings.items() if key != "cases"}


def _read_jsonl(file: Path) -> Source:
    """A *.golden.jsonl: cases, after an optional first line {"golden": {settings}}."""
    entries = list(_entries(file))
    source = Source()
    head = entries[0] if entries else None
    if isinstance(head, tuple) and isinstance(head[1], dict) and set(head[1]) == {"golden"}:
        source.lines = {(): head[0]}
        source.settings = head[1]["golden"]
        entries = entries[1:]
    if isinstance(source.settings, dict):
        source.faults += _misplaced_cases(source, file, "cases follow, one per line")
    _add_lines(source, file, entries)
    return source


def _read_yaml(file: Path) -> Source:
    """A *.golden.yaml: a list of cases, or the settings and `cases`."""
    data, lines = read_yaml(file)
    root: Keys = ()
    settings: Any = {}
    if isinstance(data, dict):
        settings = {key: value for key, value in data.items() if key != "cases"}
        root, data = ("cases",), data.get("cases")
    source = Source(settings, lines)
    if data is not None and not isinstance(data, list):
        source.faults.append(Fault(shown(file), nearest(lines, root), "'cases' must be a list"))
        return source
    source.rows, faults = read_located_rows(data or [], shown(file), lambda keys: nearest(lines, root + keys))
    source.faults += faults or _no_case(source.rows, file)
    return source
