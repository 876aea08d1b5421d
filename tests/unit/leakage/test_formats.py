"""The same rows in files of every format: the same leaks."""

from __future__ import annotations

import csv
import json

import pytest

from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import Report, find_leaks
from tests.unit.leakage.leak_samples import words

GOLDENS = [Case(f"g{number}", words(20, number), {"label": "ham"}) for number in range(4)]
ROWS = [
    {"id": "a", "input": {"text": words(20, 90)}, "expected": {"label": "spam"}, "slices": {"a": "b"}},
    {"id": "b", "input": {"text": f'"{words(20, 0)}",\n{words(60, 91)}'}, "expected": {"label": "ham"}},
    {"id": "c", "input": {"text": words(20, 1).upper()}, "expected": {"label": "ham"}, "synthetic": True},
    {"id": "d", "input": {"text": f"{words(20, 2)} and é"}, "expected": {"label": "ham"}},
]


def write(folder, name):
    path = folder / name
    if name == "folder":
        from datasets import Dataset

        Dataset.from_list(ROWS).save_to_disk(str(path))
    elif name.endswith("parquet"):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif name.endswith("csv"):
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["id", "input", "expected", "slices", "synthetic"])
            writer.writeheader()
            writer.writerows({key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                              for key, value in row.items()} for row in ROWS)  # fmt: skip
    else:
        path.write_text(json.dumps(ROWS) if name.endswith("json") else "".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def told(report: Report) -> list[tuple[object, ...]]:
    return [
        (leak.golden_id, leak.verdict, leak.stage, leak.score, leak.span) for leak in report.leaks + report.suspects
    ]


@pytest.mark.parametrize("name", ["train.json", "train.csv", "train.parquet", "folder"])
def test_every_format_leaks_the_same(tmp_path, name):
    expected = find_leaks(GOLDENS, read_rows(write(tmp_path, "train.jsonl")))
    report = find_leaks(GOLDENS, read_rows(write(tmp_path, name)))
    assert len({leak.golden_id for leak in expected.leaks}) == 3
    assert told(report) == told(expected)
    assert report.rows_read == 4
    assert {leak.file for leak in report.leaks} == {str(tmp_path / name)}


ASKED, ANSWER = words(20, 3), "yes"
TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": ASKED}]
SAID = {"role": "assistant", "content": ANSWER}


@pytest.mark.parametrize(
    "data",
    [
        {"messages": [*TURNS, SAID]},
        {"instruction": ASKED, "input": "", "output": ANSWER},
        {"instruction": "Answer.", "input": ASKED, "output": ANSWER},
        {"prompt": ASKED, "completion": ANSWER},
        {"prompt": TURNS, "completion": [SAID]},
        {"prompt": ASKED, "chosen": ANSWER, "rejected": "no"},
        {"chosen": [*TURNS, SAID], "rejected": [*TURNS, {**SAID, "content": "no"}]},
        {"input": TURNS, "expected": ANSWER},
    ],
)
def test_the_question_of_every_shape_is_compared(data):
    [leak] = find_leaks(GOLDENS, [Row("t", 1, data)]).leaks
    assert (leak.golden_id, leak.stage) == ("g3", "exact")


def test_an_instruction_and_its_input_are_one_text():
    begin, end = " ".join(ASKED.split()[:10]), " ".join(ASKED.split()[10:])
    data = {"output": ANSWER, "input": end, "instruction": begin}
    [leak] = find_leaks(GOLDENS, [Row("t", 1, data)]).leaks
    assert (leak.golden_id, leak.stage, leak.score) == ("g3", "exact", 1.0)
