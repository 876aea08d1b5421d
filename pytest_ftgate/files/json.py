"""JSON file -> its data and the line of every key; strict, as `jsonl` is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.files.text import TOO_MANY_DIGITS, Keys, deepest_line, line_of_digits, read_text, shown

_TOKEN = re.compile(r'\n|[\[\]{},]|"(?:\\.|[^"\\])*"|[^\s\[\]{},:"]+')


def read_json(path: Path) -> tuple[Any, dict[Keys, int]]:
    """(data, line of every key and element) of a JSON file.

    Raises FileFaults: not readable, not UTF-8, not JSON, a duplicate key, NaN or a number out of range, half of a
    surrogate pair; each with its line.
    """
    text, name = read_text(path), shown(path)
    parsed = parse_line(text, 1, name)
    if isinstance(parsed, Fault):
        raise FileFaults(_faults(name, text) or [parsed])
    return parsed[1], dict(_entries(text))


def _faults(path: str, text: str) -> list[Fault]:
    """All that is wrong with a text that is not strict JSON; of what is no JSON at all the first place."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return [Fault(path, error.lineno, f"is not valid JSON: {error.msg} (column {error.colno})")]
    except RecursionError:
        return [Fault(path, deepest_line(text), "is nested too deeply")]
    except ValueError:
        return [Fault(path, line_of_digits(text), TOO_MANY_DIGITS)]
    return [*_scalar_faults(text, path), *_twice(list(_entries(text)), path)]


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """(1-based line, token) of a valid JSON text; colons are left out."""
    line = 1
    for part in _TOKEN.findall(text):
        if part == "\n":
            line += 1
        else:
            yield line, part


def _entries(text: str) -> Iterator[tuple[Keys, int]]:
    """Each key with its line, of an element the line where its value begins."""
    way: list[str | int] = []  # of every open table its key, of every open array the place of its element
    tables: list[bool] = []
    awaits_key = False
    for line, part in _tokens(text):
        if part in ("]", "}"):
            tables.pop()
            way.pop()
            awaits_key = False
        elif part == ",":
            awaits_key = tables[-1]
            if not awaits_key:
                way[-1] = int(way[-1]) + 1
        elif awaits_key:
            way[-1] = json.loads(part)
            awaits_key = False
            yield tuple(way), line
        else:
            if not tables or not tables[-1]:
                yield tuple(way), line
            if part in ("[", "{"):
                awaits_key = part == "{"
                tables.append(awaits_key)
                way.append("" if awaits_key else 0)


def _scalar_faults(text: str, name: str) -> Iterator[Fault]:
    for line, part in _tokens(text):
        if part not in ("[", "]", "{", "}", ","):
            parsed = parse_line(part, line, name)
            if isinstance(parsed, Fault):
                yield parsed


def _twice(entries: list[tuple[Keys, int]], name: str) -> Iterator[Fault]:
    seen: set[Keys] = set()
    for keys, line in entries:
        if keys in seen:
            yield Fault(name, line, f"duplicate key {keys[-1]!r}")
        seen.add(keys)
