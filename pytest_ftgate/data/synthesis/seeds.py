"""Training file -> Form and seeds: what its rows look like, and the rows themselves as examples for a model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.readers.faults import FaultGroups
from pytest_ftgate.data.readers.labels import is_short
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes import row_of
from pytest_ftgate.data.readers.synthetic import is_synthetic
from pytest_ftgate.errors import FtgateError

MOST_CLASSES = 20
LEAST_ROWS = 5
"""Rows a class, on average, from which on short answers count as classes."""
LEAST_SEEDS = 5
TEXT = "question"
"""The field of a question that is one text."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One row as an example. asked: text by field, see `Form.fields`. answer: as the model shall write it."""

    line: int
    asked: Mapping[str, str]
    answer: str


@dataclass(frozen=True, slots=True)
class Form:
    """What all rows look like.

    kind: "text", an input that is a text; "variables", an input that is an object of texts; "prompt", another shape,
    whose new rows are written as prompt and completion. classes: all answers, if there are but a few; else ().
    answers_json: whether answers are JSON objects, which is how `expected` is then written.
    """

    kind: Literal["text", "variables", "prompt"]
    fields: tuple[str, ...] = (TEXT,)
    classes: tuple[str, ...] = ()
    answers_json: bool = False

    def row(self, asked: Mapping[str, str], answer: str) -> dict[str, Any]:
        """A training row of this form."""
        if self.kind == "prompt":
            return {"prompt": asked[TEXT], "completion": answer}
        given = dict(asked) if self.kind == "variables" else asked[TEXT]
        return {"input": given, "expected": json.loads(answer) if self.answers_json else answer}


@dataclass(frozen=True, slots=True)
class Seeds:
    """form, and the rows that may be shown. left_out: how many may not, by why. personal: with personal data."""

    form: Form
    rows: tuple[Seed, ...]
    left_out: Mapping[str, int]
    personal: int = 0


def read_seeds(path: Path, leaking: Collection[int] = ()) -> Seeds:
    """The rows of a training file that a person wrote, of one question each.

    leaking: lines that overlap with a golden case; they are never shown to a model. Raises DataError for a file that
    cannot be read, FtgateError if fewer than 5 rows are left or their inputs have different keys.
    """
    left_out: Counter[str] = Counter()
    kept, own = [], True
    for row, written_own in _rows(path):
        why = _why_not(row, leaking)
        left_out[why] += 1
        if not why:
            kept.append(row)
            own = own and written_own
    del left_out[""]
    if len(kept) < LEAST_SEEDS:
        without = ", ".join(f"{count} {why}" for why, count in left_out.items()) or "none"
        raise FtgateError(f"{path}: {len(kept)} usable seeds, expected {LEAST_SEEDS} or more; dropped: {without}")
    form = _form(kept, path, own)
    personal = sum(bool(personal_data(row.text)) for row in kept)
    return Seeds(form, tuple(_seed(row, form) for row in kept), left_out, personal)


def _rows(path: Path) -> Iterator[tuple[DataRow, bool]]:
    """Each row, and whether it was written with `input` and `expected`. Raises DataError."""
    faults = FaultGroups()
    for record in read_records(path):
        row = row_of(record) if isinstance(record, Record) else (record,)
        if isinstance(row, DataRow) and isinstance(record, Record):
            yield row, "expected" in record.data
        elif not isinstance(row, DataRow):
            faults.add(*row)
    if faults:
        raise faults.error()


def _why_not(row: DataRow, leaking: Collection[int]) -> str:
    if is_synthetic(row.extras):
        return "synthetic"
    if row.line in leaking:
        return "overlap with a golden case"
    if credentials(row.text):
        return "contain keys or passwords"
    if row.rejected is not None or row.desired is False:
        return "preferences"
    turns = [turn for turn in row.asked if turn["role"] != "system"]
    return "" if len(turns) == 1 and row.answer.strip() else "multi-turn or without an answer"


def _form(rows: Sequence[DataRow], path: Path, own: bool) -> Form:
    classes = _classes(rows)
    keys = {tuple(row.variables) if row.variables is not None else None for row in rows}
    if len(keys) > 1:
        raise FtgateError(f"{path}: the inputs of the rows have different keys: {_some(keys)}")
    [fields] = keys
    answers_json = all(_is_object(row.answer) for row in rows)
    if fields is not None:
        if strange := [row for row in rows if not all(isinstance(v, str) for v in (row.variables or {}).values())]:
            raise FtgateError(
                f"{path}:{strange[0].line}: the input has non-string values, not supported for generation"
            )
        return Form("variables", fields, classes, answers_json)
    return Form("text" if own else "prompt", (TEXT,), classes, own and answers_json)


def _classes(rows: Sequence[DataRow]) -> tuple[str, ...]:
    counts = Counter(row.answer for row in rows)
    few = len(counts) <= MOST_CLASSES and len(rows) >= LEAST_ROWS * len(counts)
    return tuple(sorted(counts)) if len(counts) > 1 and few and all(map(is_short, counts)) else ()


def _seed(row: DataRow, form: Form) -> Seed:
    asked = dict(row.variables) if form.kind == "variables" and row.variables else {TEXT: row.question}
    return Seed(row.line, asked, row.answer)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _some(keys: Collection[tuple[str, ...] | None]) -> str:
    told = sorted("a string" if each is None else " + ".join(each) or "none" for each in keys)
    return "; ".join(told[:3])
