"""CSV file of promptfoo -> its tests: columns are variables, `__expected` and its like assertions and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.csv import read_csv
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.promptfoo.assertions import Assertion, PromptfooTest
from pytest_ftgate.pipeline.importing.promptfoo.document import Place

_TYPED = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z0-9-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::(?P<value>.*))?", re.DOTALL
)
_SCRIPTS = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
"""What CSV files may call a type."""
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_CONFIG = re.compile(r"__config:__expected(\d*):(\w+)")
_NUMBER = re.compile(r"__expected(\d*)")


def csv_tests(path: Path, types: frozenset[str]) -> Iterator[PromptfooTest]:
    """The tests, one for each row. types: all types of assertions, without `not-`. Raises FileFaults, OSError."""
    rows = list(read_csv(path))
    if faults := [row for row in rows if isinstance(row, Fault)]:
        raise FileFaults(faults)
    found = [row for row in rows if not isinstance(row, Fault)]
    if found:
        columns = found[0][1]
        for line, cells in found[1:]:
            yield _test(Place(shown(path), line), dict(zip(columns, cells, strict=True)), types)


def _test(place: Place, cells: Mapping[str, str], types: frozenset[str]) -> PromptfooTest:
    named = {"metadata": dict[str, Any](), "options": dict[str, Any]()}
    variables: dict[str, str] = {}
    others: list[str] = []
    for column, cell in cells.items():
        if not column.startswith("__"):
            variables[column] = cell
        elif column.startswith("__metadata:") and cell:
            key = column.removeprefix("__metadata:")
            named["metadata"][key.removesuffix("[]")] = cell.split(",") if key.endswith("[]") else cell
        elif column in ("__prefix", "__suffix") and cell:
            named["options"][column.removeprefix("__")] = cell
        elif cell and not _is_read(column):
            others.append(column.removeprefix("__"))
    return PromptfooTest(
        place,
        variables,
        tuple(_assertions(place, cells, types)),
        named["options"],
        named["metadata"],
        cells.get("__description", ""),
        _number(cells.get("__threshold", "")),
        tuple(others),
    )


def _is_read(column: str) -> bool:
    return column in ("__description", "__threshold", "__metric") or bool(
        _NUMBER.match(column) or _CONFIG.match(column)
    )


def _assertions(place: Place, cells: Mapping[str, str], types: frozenset[str]) -> Iterator[Assertion]:
    metric = {"metric": cells["__metric"]} if cells.get("__metric") else {}
    for column, cell in cells.items():
        if column.startswith("__expected") and cell.strip():
            number = column.removeprefix("__expected") or "1"
            yield Assertion({**assertion_of(cell.strip(), types), **metric, **_config(cells, number)}, place)


def _config(cells: Mapping[str, str], number: str) -> dict[str, Any]:
    """Columns such as `__config:__expected2:threshold`."""
    found: dict[str, Any] = {}
    for column, cell in cells.items():
        match = _CONFIG.fullmatch(column)
        if match and (match[1] or "1") == number and cell:
            value = _number(cell)
            found[match[2]] = cell if value is None else value
    return found


def assertion_of(cell: str, types: frozenset[str]) -> dict[str, Any]:
    """The assertion of "icontains: Paris"; a text that begins with no type of assertion is what the answer must be."""
    if cell.startswith("file://"):
        kind = "python" if ".py" in cell else "javascript"
        return {"type": kind, "value": cell}
    match = _TYPED.fullmatch(cell)
    kind = _SCRIPTS.get(match["type"], match["type"]) if match else ""
    if match is None or kind.removeprefix("not-") not in types:
        return {"type": "equals", "value": cell}
    value: Any = (match["value"] or "").strip()
    made: dict[str, Any] = {"type": kind}
    if kind.removeprefix("not-") in _LISTS:
        value = [part.strip() for part in value.split(",")]
    if value:
        made["value"] = value
    return made | ({"threshold": float(match["threshold"])} if match["threshold"] else {})


def _number(text: str) -> float | None:
    with suppress(ValueError):
        return float(text)
    return None
