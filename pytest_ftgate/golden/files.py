"""Files of a golden set (a folder, or one file) -> settings with their lines, rows, faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.compressed import compressed_beside, plain_name
from pytest_ftgate.files.json import read_json
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.text import Keys, nearest, read_text, shown
from pytest_ftgate.files.toml import read_toml, toml_lines
from pytest_ftgate.files.yaml import read_yaml
from pytest_ftgate.golden.csv_cases import csv_cases
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE, SUFFIXES, UNREAD, is_named_as_set
from pytest_ftgate.golden.rows import Entry, Row, read_located_rows, read_rows

_EXAMPLE = '{"id": "a1", "input": "...", "expected": "..."}'
_EXAMPLES = {".yaml": f"- {_EXAMPLE}", ".yml": f"- {_EXAMPLE}", ".json": f"[{_EXAMPLE}]", ".csv": "a1,...,..."}


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
    if plain_name(file) != file.name and is_named_as_set(plain_name(file)):
        return Source(faults=[Fault(shown(file), 0, UNREAD, f"uncompress it as {plain_name(file)}")])
    if not is_named_as_set(file.name):
        what = f"is not a golden set; expected {FOLDER_FILE}, {CASES_FILE} or *{', *'.join(SUFFIXES)}"
        return Source(faults=[Fault(shown(file), 0, what)])
    try:
        return _read_single(file)
    except FileFaults as error:
        return Source(faults=list(error.faults))


def _read_single(file: Path) -> Source:
    if file.name == CASES_FILE:
        return _of_entries(file, list(_entries(file)))
    match file.suffix:
        case ".jsonl":
            return _read_jsonl(file)
        case ".csv":
            return _of_entries(file, csv_cases(file))
        case ".json":
            return _read_tree(file, *read_json(file))
        case _:
            return _read_tree(file, *read_yaml(file))


def _read_folder(file: Path, cases_path: Path) -> Source:
    source = Source()
    if not file.exists() and not cases_path.exists():
        what = f"no golden set: neither {FOLDER_FILE} nor {CASES_FILE} found"
        return Source(
            faults=[Fault(shown(file.parent), 0, what, f"write one case per line into {CASES_FILE}: {_EXAMPLE}")]
        )
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


def _of_entries(file: Path, entries: list[Entry]) -> Source:
    source = Source()
    _add_lines(source, file, entries)
    return source


def _entries(path: Path) -> Iterator[Entry]:
    return parse_lines(read_text(path), shown(path))


def _add_lines(source: Source, path: Path, entries: list[Entry]) -> None:
    rows, faults = read_rows(entries, shown(path))
    source.rows = rows
    source.faults += faults or _no_case(rows, path)


def _missing_cases(path: Path, made_by: object) -> Fault:
    if compressed := compressed_beside(path):
        return Fault(shown(compressed), 0, UNREAD, f"uncompress it as {path.name}")
    fix = f"run: {made_by}" if made_by else f"write one case per line: {_EXAMPLE}"
    return Fault(shown(path), 0, "not found", fix)


def _no_case(rows: list[Row], path: Path) -> list[Fault]:
    example = _EXAMPLES.get(path.suffix, _EXAMPLE)
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


def _read_tree(file: Path, data: Any, lines: Mapping[Keys, int]) -> Source:
    """A *.golden.yaml or *.golden.json: a list of cases, or the settings and `cases`."""
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
