"""(records of a data file, mapping of its columns) -> examples, and the rows that cannot be used, by reason."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.class_names import class_names, with_names
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.labels import is_short
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.row import TEXT, DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.starting.columns import Mapped
from pytest_ftgate.pipeline.starting.example import Example

COPIES = "exact copies of another row"
CONTRADICTORY = "the same question with different short answers"
NO_EXAMPLE = "preferences, tool calls or texts alone, of which no case can be made"


@dataclass
class LeftOut:
    """Rows that are not used. places: by reason, "reviews.csv:17" each."""

    places: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, reason: str, place: str) -> None:
        """One more row."""
        self.places[reason].append(place)

    @property
    def count(self) -> int:
        """Of all rows."""
        return sum(map(len, self.places.values()))

    def __str__(self) -> str:
        """Each reason with its count and its first row."""
        return "; ".join(f"{reason}: {len(places):,} ({places[0]} first)" for reason, places in self.places.items())


def records_in(path: Path) -> list[Record]:
    """All rows of a file or folder as they are written, but that classes have their names.

    Raises DataError with what is no row; MissingExtra.
    """
    faults, records = FaultGroups(), list[Record]()
    for entry in read_records(path):
        if isinstance(entry, Fault):
            faults.add(entry)
        else:
            records.append(entry)
    if faults:
        raise faults.error()
    if not records:
        raise DataError([Fault(shown(path), 0, "no rows found")])
    names = class_names(path)
    return [replace(record, data=with_names(record.data, names)) for record in records] if names else records


def has_shape(records: Sequence[Record]) -> bool:
    """Whether all rows can be read as questions with answers, whatever their columns are called."""
    rows = [row_of(record) for record in records]
    return all(isinstance(row, DataRow) and row.shape != TEXT for row in rows)


def examples_of(records: Sequence[Record], mapped: Mapped, left: LeftOut) -> list[Example]:
    """Of the rows that can be used; the others are added to `left`."""
    read = _mapped if mapped.input else _shaped
    made = [example for record in records if (example := read(record, mapped, left)) is not None]
    return [replace(each, expected=value) for each, value in zip(made, parsed([e.expected for e in made]), strict=True)]


def parsed(expected: Sequence[Any]) -> list[Any]:
    """Objects in place of texts, where every text is the JSON of one."""
    if not all(isinstance(value, str) and value.lstrip().startswith("{") for value in expected):
        return list(expected)
    try:
        values = [json.loads(value) for value in expected]
    except (ValueError, RecursionError):
        return list(expected)
    return values if all(isinstance(value, dict) for value in values) else list(expected)


def _mapped(record: Record, mapped: Mapped, left: LeftOut) -> Example | None:
    data, place = record.data, _place(record)
    cells = {name: data.get(name) for name in mapped.input}
    filled = [name for name, value in cells.items() if not is_empty(value)]
    if not filled:
        left.add(f"nothing in {' and '.join(mapped.input)}", place)
    elif is_empty(data.get(mapped.expected)):
        left.add(f"nothing in {mapped.expected}", place)
    else:
        asked = _asked(cells)
        return Example(place, asked, _plain(data[mapped.expected]), _slices(data, mapped), *_named(data))
    return None


def _asked(cells: Mapping[str, Any]) -> Any:
    """The text of one column, an object of several, or what the cell holds."""
    if len(cells) > 1:
        return {variable(name): "" if is_empty(value) else _text(value) for name, value in cells.items()}
    [value] = cells.values()
    return dict(value) if isinstance(value, Mapping) else _text(value)


def variable(name: str) -> str:
    """A column as a variable of a Jinja2 template: "Subject line" -> "Subject_line"."""
    made = "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in name)
    return made if made[:1].isalpha() else f"c_{made}"


def _shaped(record: Record, mapped: Mapped, left: LeftOut) -> Example | None:
    row = row_of(record)
    if not isinstance(row, DataRow):
        raise DataError(row)
    if row.rejected is not None or row.calls or row.tools or row.shape == TEXT or row.desired is False:
        left.add(NO_EXAMPLE, _place(record))
        return None
    if not row.answer.strip():
        left.add("an empty answer", _place(record))
        return None
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in row.asked]
    asked = row.variables or (turns[0]["content"] if [turn["role"] for turn in turns] == ["user"] else turns)
    expected = row.written["expected"] if row.shape == "own" else row.answer
    return Example(_place(record), asked, _plain(expected), _slices(record.data, mapped), *_named(record.data))


def _named(data: Mapping[str, Any]) -> tuple[str, str]:
    """(id, cluster) as texts."""
    return str(data.get("id") or ""), str(data.get("cluster") or "")


def _slices(data: Mapping[str, Any], mapped: Mapped) -> dict[str, str]:
    own = data.get("slices")
    named = {variable(name): str(data[name]) for name in mapped.slices if not is_empty(data.get(name))}
    return ({variable(key): str(value) for key, value in own.items()} if isinstance(own, Mapping) else {}) | named


def _place(record: Record) -> str:
    return f"{Path(record.path).name}:{record.line}"


def is_empty(value: Any) -> bool:
    """Whether a cell says nothing."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON has; a text without white space around it, which is no part of an answer."""
    return value.strip() if isinstance(value, str) else json.loads(json.dumps(value, default=str))


def usable(examples: Sequence[Example], left: LeftOut) -> list[Example]:
    """One of each question and answer, and no question whose short answers contradict each other."""
    answers: defaultdict[str, set[bytes]] = defaultdict(set)
    for example in examples:
        if is_short(example.answer):
            answers[example.key].add(example.answer_key)
    return list(_kept(examples, {key for key, found in answers.items() if len(found) > 1}, left))


def _kept(examples: Sequence[Example], contradictory: set[str], left: LeftOut) -> Iterator[Example]:
    seen: set[tuple[str, bytes]] = set()
    for example in examples:
        if example.key in contradictory:
            left.add(CONTRADICTORY, example.place)
        elif (example.key, example.answer_key) in seen:
            left.add(COPIES, example.place)
        else:
            seen.add((example.key, example.answer_key))
            yield example
