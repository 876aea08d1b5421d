"""YAML or JSON file of promptfoo -> its data, as promptfoo reads it, and the line of every key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.json import read_json
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.text import Keys, nearest, read_text, shown
from pytest_ftgate.files.yaml import read_yaml

FILE = "file://"
YAML, JSON, JSONL = (".yaml", ".yml"), (".json",), (".jsonl",)
_MERGE, _REF = "<<", "$ref"
_DEEPEST = 50
"""References that lead to each other end here."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands. path: as the user would type it. line: 1-based; 0 for none."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file. data: with merged keys (`<<`) and references (`$ref`) put in.

    used: top-level keys that were referred to.
    """

    path: Path
    data: Any
    lines: Mapping[Keys, int]
    used: frozenset[str] = frozenset()

    def place(self, *keys: str | int) -> Place:
        """Where a key stands, or what is around it."""
        return Place(shown(self.path), nearest(self.lines, keys))


def read_document(path: Path) -> Document:
    """The data of a .yaml, .yml, .json or .jsonl file. Raises FileFaults."""
    if path.suffix in JSONL:
        entries = list(parse_lines(read_text(path), shown(path)))
        if faults := [entry for entry in entries if isinstance(entry, Fault)]:
            raise FileFaults(faults)
        found = [entry for entry in entries if not isinstance(entry, Fault)]
        data: Any = [value for _, value in found]
        lines: Mapping[Keys, int] = {(number,): line for number, (line, _) in enumerate(found)}
    elif path.suffix in (*YAML, *JSON):
        data, lines = read_json(path) if path.suffix in JSON else read_yaml(path, core=True)
    else:
        what = "is not a promptfoo configuration; expected .yaml, .yml or .json"
        raise FileFaults([Fault(shown(path), 0, what, "a configuration in JavaScript or Python cannot be read")])
    used: set[str] = set()
    return Document(path, _filled(data, data, used), lines, frozenset(used))


def _filled(value: Any, root: Any, used: set[str], depth: int = 0) -> Any:
    if isinstance(value, list):
        return [_filled(each, root, used, depth) for each in value]
    if not isinstance(value, dict):
        return value
    target = _target(value.get(_REF), root, used) if depth < _DEEPEST else None
    if target is not None:
        return {**_filled(target, root, used, depth + 1), **{key: each for key, each in value.items() if key != _REF}}
    own = {key: _filled(each, root, used, depth) for key, each in value.items() if key != _MERGE}
    return {**_merged(_filled(value.get(_MERGE), root, used, depth)), **own}


def _merged(value: Any) -> dict[str, Any]:
    """What `<<` brings: a mapping, or of several the first that has a key."""
    parts = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]
    return {key: each for part in reversed(parts) for key, each in part.items()}


def _target(reference: Any, root: Any, used: set[str]) -> dict[str, Any] | None:
    """What "#/templates/polite" leads to in the file; None if it is no such reference, or leads to nothing there."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    names = [name.replace("~1", "/").replace("~0", "~") for name in reference.removeprefix("#/").split("/")]
    found = root
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return None
    used.add(names[0])
    return found


def files_of(reference: str, folder: Path) -> Iterator[Path]:
    """The files that "file://tests/*.yaml", or the same without the scheme, names; one that is not there as it is."""
    name = reference.removeprefix(FILE)
    if any(mark in name for mark in "*?["):
        yield from sorted(folder.glob(name)) if not Path(name).is_absolute() else ()
    elif (folder / name).is_dir():
        yield from sorted(path for path in (folder / name).iterdir() if path.suffix in (*YAML, *JSON, *JSONL, ".csv"))
    else:
        yield folder / name
