"""Rows -> files of every format, and rows of one exchange in every shape."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.row import DataRow
from tests.projects import write_rows as write_jsonl

Rows = Sequence[Mapping[str, Any]]


def write_json(path: Path, rows: Rows) -> Path:
    path.write_text(json.dumps(list(rows), ensure_ascii=False, indent=1), "utf-8")
    return path


def filled(rows: Rows) -> list[dict[str, Any]]:
    """The rows with all keys that any of them has."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return [{column: row.get(column) for column in columns} for row in rows]


def write_csv(path: Path, rows: Rows) -> Path:
    columns = list(filled(rows)[0])
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return path


def cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_parquet(path: Path, rows: Rows) -> Path:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(filled(rows)), path, row_group_size=max(1, len(rows) // 2))
    return path


def write_folder(path: Path, rows: Rows) -> Path:
    from datasets import Dataset

    Dataset.from_list(filled(rows)).save_to_disk(str(path))
    return path


FORMATS: Mapping[str, Callable[[Path, Rows], Path]] = {
    "train.jsonl": write_jsonl,
    "train.json": write_json,
    "train.csv": write_csv,
    "train.parquet": write_parquet,
    "folder": write_folder,
}


def exchange(row: DataRow) -> tuple[object, ...]:
    """What a row says, without where it stands."""
    return row.asked, row.answer, row.rejected, row.id, row.variables, row.extras


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def in_shapes(asked: Sequence[Mapping[str, str]], answer: str) -> dict[str, dict[str, Any]]:
    """The same exchange, in every shape that can hold it."""
    said = turn("assistant", answer)
    shapes: dict[str, dict[str, Any]] = {
        "chat": {"messages": [*asked, said]},
        "completion of turns": {"prompt": list(asked), "completion": [said]},
        "own": {"input": list(asked), "expected": answer},
    }
    if len(asked) == 1:
        text = asked[0]["content"]
        shapes["instruction"] = {"instruction": text, "output": answer}
        shapes["completion"] = {"prompt": text, "completion": answer}
        shapes["own text"] = {"input": text, "expected": answer}
    return shapes


def preferences(asked: Sequence[Mapping[str, str]], chosen: str, rejected: str) -> list[dict[str, Any]]:
    """The same preference in every way to write it."""
    good, bad = turn("assistant", chosen), turn("assistant", rejected)
    made: list[dict[str, Any]] = [
        {"prompt": list(asked), "chosen": [good], "rejected": [bad]},
        {"prompt": list(asked), "chosen": chosen, "rejected": rejected},
        {"chosen": [*asked, good], "rejected": [*asked, bad]},
    ]
    if len(asked) == 1:
        text = asked[0]["content"]
        made += [
            {"prompt": text, "chosen": chosen, "rejected": rejected},
            {"prompt": text, "chosen": [*asked, good], "rejected": [*asked, bad]},
        ]
    return made
