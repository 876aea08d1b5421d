"""Rows of a file and a mapping of their columns -> a golden set as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.errors import Fault, FileFaults, FtgateError
from pytest_ftgate.files.digest import canonical
from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.imported import CaseRow, Imported, Losses

KEYS = ("input", "expected", "id", "cluster", "notes", "must_pass", "graders", "tools")
"""Keys of a case that a column may be; and `slices.NAME`."""
_SLICE = "slice."
_TEXTS = ("id", "cluster", "notes")
_JSON = ("graders", "tools")
_MISSING = object()
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")

Mapped = Mapping[str, str]
"""{key of a case: dotted path of a column}."""


def mapping_of(written: str) -> Mapped:
    """The mapping of "input=question,expected=outputs.answer,slice.lang=language". Raises FtgateError."""
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, written.split(","))):
        key, equals, column = (piece.strip() for piece in part.partition("="))
        if not (key and equals and column):
            raise FtgateError(f"--map: {part!r} is not KEY=COLUMN, such as input=question")
        key = key.replace("slices.", _SLICE, 1)
        if key in found:
            raise FtgateError(f"--map: {key!r} is given twice")
        name = key.removeprefix(_SLICE)
        if key not in KEYS and not (key.startswith(_SLICE) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)):
            raise FtgateError(f"--map: {key!r} is not a key of a case; {suggestion(key, (*KEYS, 'slice.NAME'))}")
        found[key] = column
    if "input" not in found:
        raise FtgateError("--map: no column for `input`, what the model is asked\n    for example --map input=question")
    return found


def read_table(path: Path, mapped: Mapped, template: str = "") -> Imported:
    """The golden set of a .csv, .tsv, .jsonl, .json or .parquet file, or of a folder of Hugging Face datasets.

    mapped: which column is which key of a case; "inputs.question" is a key in an object, or in the JSON of a cell.
    template: Jinja2 template of the user turn, which an input that is an object needs; "" for none.
    Columns that are mapped to nothing are left behind, and named. Lost: rows with nothing to grade with, unless that is
    all of them, which are asked and not scored. Raises FileFaults, FtgateError, MissingExtra.
    """
    if not path.exists():
        raise FileFaults([Fault(shown(path), 0, "not found")])
    entries = list(read_records(path))
    records = [entry for entry in entries if isinstance(entry, Record)]
    if faults := [entry for entry in entries if isinstance(entry, Fault)]:
        raise FileFaults(faults)
    if not records:
        raise FileFaults([Fault(shown(path), 0, "no rows found")])
    _check_columns(records, mapped)
    losses = Losses()
    rows = list(_rows(records, mapped, losses))
    _check_template(rows, template)
    scored = [row for row in rows if _is_scored(row)]
    golden: dict[str, Any] = {} if scored else {"grader": []}
    golden |= {"prompt": {"template": template}} if template else {}
    if scored:
        _lose_unscored(rows, mapped, losses)
    unscored = 0 if scored else len(rows)
    return Imported(golden, scored or rows, losses.faults, notes=list(_notes(records, mapped, unscored)))


def _is_scored(row: CaseRow) -> bool:
    return "expected" in row.data or "graders" in row.data


def _lose_unscored(rows: list[CaseRow], mapped: Mapped, losses: Losses) -> None:
    """Note the rows that no answer can be graded of, among others that have what to grade with."""
    empty = " and ".join(repr(mapped[key]) for key in ("expected", "graders") if key in mapped)
    for row in rows:
        if not _is_scored(row):
            losses.add(row.path, row.line, "row", f"has no {empty} to grade the answer with; left out")


def _check_template(rows: list[CaseRow], template: str) -> None:
    """Raises FtgateError for variables without a template: no messages could be made of them."""
    objects = [row.data["input"] for row in rows if isinstance(row.data["input"], Mapping)]
    if objects and not template:
        names = sorted(objects[0])
        raise FtgateError(
            f"{rows[0].path}: the input is an object with {', '.join(names)}, and there is no template for it\n"
            f"    say how it is asked: --template 'Question: {{{{ {names[0] if names else 'text'} }}}}'"
        )


def _check_columns(records: list[Record], mapped: Mapped) -> None:
    """Raises FileFaults for a column that no row has."""
    known = sorted({path for record in records for path in _paths(record.data)})
    faults = [
        Fault(records[0].path, 0, f"no row has the column {column!r}; {suggestion(column, known)}")
        for column in mapped.values()
        if all(_at(record.data, column) is _MISSING for record in records)
    ]
    if faults:
        raise FileFaults(faults)


def _paths(data: Any, before: str = "") -> Iterator[str]:
    """The dotted paths of all values that are no objects, and of the objects."""
    for name, value in data.items():
        path = f"{before}{name}"
        yield path
        inner = _object(value)
        if isinstance(inner, Mapping):
            yield from _paths(inner, f"{path}.")


def _at(data: Any, path: str) -> Any:
    """What stands at a dotted path; a column whose own name has dots goes before."""
    data = _object(data)
    if isinstance(data, Mapping) and path in data:
        return data[path]
    name, dot, rest = path.partition(".")
    if isinstance(data, list) and name.isdecimal() and int(name) < len(data):
        return _at(data[int(name)], rest) if dot else data[int(name)]
    if not isinstance(data, Mapping) or name not in data:
        return _MISSING
    return _at(data[name], rest) if dot else data[name]


def _object(value: Any) -> Any:
    """The object or list that a cell of text holds as JSON; any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _rows(records: list[Record], mapped: Mapped, losses: Losses) -> Iterator[CaseRow]:
    first: dict[str, int] = {}
    for record in records:
        data = {key: value for key, value in _case(record, mapped, losses).items() if not _is_blank(value)}
        if "input" not in data:
            losses.add(record.path, record.line, "row", f"has no {mapped['input']!r}, so that nothing can be asked")
            continue
        asked = canonical([data["input"], data.get("expected"), data.get("graders"), data.get("tools")])
        if (before := first.setdefault(asked, record.line)) != record.line:
            losses.add(record.path, record.line, "row", f"asks and expects the same as line {before}; left out")
            continue
        yield CaseRow(data, record.path, record.line)


def _is_blank(value: Any) -> bool:
    return value in (None, {}) or (isinstance(value, str) and not value.strip())


def _case(record: Record, mapped: Mapped, losses: Losses) -> dict[str, Any]:
    case: dict[str, Any] = {}
    for key, column in mapped.items():
        value = _at(record.data, column)
        if value is _MISSING or value is None:
            continue
        if key.startswith(_SLICE):
            if isinstance(value, dict | list):
                losses.add(record.path, record.line, column, "a slice has one value, a text; this is none")
            elif not _is_blank(value):
                case.setdefault("slices", {})[key.removeprefix(_SLICE)] = _text(value)
        else:
            case[key] = _READ.get(key, _object)(value)
    return case


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _asked(value: Any) -> Any:
    """A text, a conversation, or the variables of a template; a list that is no conversation, and a number, as text."""
    found = _object(value)
    chat = isinstance(found, list) and found and all(isinstance(each, Mapping) and "role" in each for each in found)
    if chat:
        return [{"role": each["role"], "content": each.get("content")} for each in found]
    return found if isinstance(value, Mapping) else str(value)


def _expected(value: Any) -> Any:
    """A cell of text stays the text that a model should write, unless it is an object or a list."""
    return _object(value)


def _flag(value: Any) -> Any:
    word = str(value).strip().lower()
    return word in _YES if word in (*_YES, *_NO) else value


_READ: Mapping[str, Any] = dict.fromkeys(_TEXTS, _text) | {"input": _asked, "expected": _expected, "must_pass": _flag}


def _notes(records: list[Record], mapped: Mapped, unscored: int) -> Iterator[str]:
    used = {column.partition(".")[0] for column in mapped.values()} | set(mapped.values())
    behind = sorted({str(name) for record in records for name in record.data} - used)
    if behind:
        yield f"columns that --map does not name are left behind: {', '.join(behind)}"
    if unscored:
        yield f"cases with neither `expected` nor graders, which are asked and not scored: {unscored:,}"
