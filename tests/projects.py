"""A user's project on disk: rows, golden sets, base models and pipeline.toml, written the same way in every test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pytester drops modules between its runs: whoever writes a file imports no plugin
    from pytest_ftgate.evaluate.suite import Suite

Rows = Iterable[Mapping[str, Any]]


def write(file: Path, text: str) -> Path:
    """A text file in UTF-8; its folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def json_lines(rows: Rows) -> str:
    """Rows as the text of a JSONL file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_rows(file: Path, rows: Rows) -> Path:
    """A JSONL file: training data, a golden set in one file, labels."""
    return write(file, json_lines(rows))


def write_golden(folder: Path, cases: Rows, toml: str = "") -> Path:
    """A golden set: cases.jsonl and golden.toml in a folder, which is returned."""
    write_rows(folder / "cases.jsonl", cases)
    write(folder / "golden.toml", toml)
    return folder


def lock(golden: Path) -> Suite:
    """golden.lock for a golden set as it is now; the set, loaded."""
    from pytest_ftgate.evaluate.lock import write_lock
    from pytest_ftgate.evaluate.suite import load_suite

    suite = load_suite(golden)
    write_lock(golden, suite)
    return suite


def pipeline_toml(
    *goldens: str, model: str = "./model", train: str = "train.jsonl", validation: str = "validation.jsonl"
) -> str:
    """The text of a small pipeline.toml. [data] is its last table: lines may be added to it, and tables after it."""
    return f"""
goldens = {json.dumps(goldens)}
[base]
model = "{model}"
[data]
train = "{train}"
validation = "{validation}"
"""


def write_pipeline(folder: Path, *goldens: str, more: str = "", **settings: str) -> Path:
    """pipeline.toml in a folder, with `more` after it; settings as of pipeline_toml."""
    return write(folder / "pipeline.toml", pipeline_toml(*goldens, **settings) + more)


def write_model(folder: Path) -> Path:
    """The folder of a base model that nothing loads: an empty config.json."""
    write(folder / "config.json", "{}")
    return folder


def assert_unasked(result: Any, count: int, **others: int) -> None:
    """That so many tests of a run got no answer, the first of them as an error; others: outcomes, as pytester's."""
    found = result.parseoutcomes()
    assert found.pop("errors", 0) + found.pop("unasked", 0) == count
    result.assert_outcomes(**others, errors=result.parseoutcomes().get("errors", 0))
