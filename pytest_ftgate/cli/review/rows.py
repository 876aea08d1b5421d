"""A file with synthetic rows, a person's decisions -> a file of the rows that may train."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.annotation.item import Choice, Item, Task
from pytest_ftgate.annotation.review_queue import Decision
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.json_line import json_line
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.row import DataRow, turn_text
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.data.readers.synthetic import ACCEPTED, EDITED, REJECTED, UNREVIEWED, is_synthetic, is_unreviewed
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.atomic import replacing
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.jsonl import parse_line

TASK_CHOICES = (
    Choice("a", ACCEPTED, "accept"),
    Choice("e", EDITED, "edit", edits=True),
    Choice("r", REJECTED, "reject"),
)
_KEPT = ("id", "synthetic", "review", "reviewed", "review_by", "review_at", "source")
"""Keys that an edit neither shows nor changes."""


def review_task(path: Path) -> Task:
    """What a person is asked about the synthetic rows of a file."""
    question = "Is this a realistic request with a correct answer?"
    return Task(f"review of {path.name}", question, TASK_CHOICES, _problem)


def review_items(path: Path) -> list[Item]:
    """The synthetic rows that nobody has reviewed, in the order of the file.

    Raises DataError with the first faults of the file; there is nothing to review in a file that cannot be read.
    """
    faults = FaultGroups()
    items = []
    for id_, record in _records(path):
        row = row_of(record) if isinstance(record, Record) else (record,)
        if not isinstance(row, DataRow):
            faults.add(*row)
        elif isinstance(record, Record) and _waits(record.data):
            items.append(_item(id_, record, row))
    if faults:
        raise faults.error()
    return items


def write_reviewed(path: Path, decisions: Mapping[str, Decision], out: Path) -> Counter[str]:
    """Write every row that may train: not synthetic, reviewed before, accepted or edited now. Atomic.

    decisions: by the item's id. The count of rows by what became of them: "kept" (written as they were), "accepted",
    "edited", and left out, "rejected" and "unreviewed".
    """
    counts: Counter[str] = Counter()
    with replacing(out) as file:
        for id_, record in _records(path):
            if isinstance(record, Fault):
                raise DataError([record])
            what, data = _decided(record.data, decisions.get(id_))
            counts[what] += 1
            if data is not None:
                file.write(json_line(record.path, record.line, data))
    return counts


def _decided(data: Mapping[str, Any], decision: Decision | None) -> tuple[str, Mapping[str, Any] | None]:
    """What became of a row, and the row to write, None if it is left out."""
    if not _waits(data):
        left_out = is_unreviewed(data)
        return (REJECTED, None) if left_out else ("kept", data)
    if decision is None:
        return UNREVIEWED, None
    if decision.value == REJECTED:
        return REJECTED, None
    edited = json.loads(decision.text) if decision.value == EDITED and decision.text else None
    content = data if edited is None else {key: data[key] for key in _KEPT if key in data} | edited
    return decision.value, {**content, "review": decision.value, "review_by": decision.by, "review_at": decision.at}


def _records(path: Path) -> Iterator[tuple[str, Record | Fault]]:
    """Each record with an id that it keeps when rows are added before it; equal rows are numbered."""
    seen: Counter[str] = Counter()
    for record in read_records(path):
        id_ = digest_of(dict(record.data))[:20] if isinstance(record, Record) else ""
        seen[id_] += 1
        yield (id_ if seen[id_] == 1 else f"{id_}-{seen[id_]}"), record


def _waits(data: Mapping[str, Any]) -> bool:
    return is_synthetic(data) and is_unreviewed(data) and data.get("review") != REJECTED


def _item(id_: str, record: Record, row: DataRow) -> Item:
    parts = [(turn["role"].capitalize(), turn_text(turn)) for turn in row.asked]
    if row.reasoning:
        parts.append(("Thoughts", row.reasoning))
    parts.append(("Answer", row.answered))
    if row.rejected is not None:
        parts.append(("Rejected answer", row.rejected))
    content = {key: value for key, value in record.data.items() if key not in _KEPT}
    return Item(id_, tuple(parts), json.dumps(content, ensure_ascii=False, indent=2))


def _problem(_item: Item, text: str) -> str:
    """Why an edited text is no row, "" if it is one."""
    parsed = parse_line(text, 0, "the row")
    if isinstance(parsed, Fault):
        return str(parsed)
    value = parsed[1]
    if not isinstance(value, Mapping):
        return "the row is not a JSON object"
    if taken := [key for key in _KEPT if key in value]:
        return f"key {taken[0]!r} cannot be edited; remove it"
    row = row_of(Record("the row", 0, value))
    return "" if isinstance(row, DataRow) else "; ".join(map(str, row))
