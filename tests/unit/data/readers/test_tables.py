"""CSV, Parquet and JSON as people have them: cells that hold JSON, NaN, dates, the wrong separator, pretty printing."""

from __future__ import annotations

import csv
import datetime
import json

import pytest

from pytest_ftgate.data.readers.reader import read_entries, read_rows
from tests.unit.data.data_files import write_parquet


def of_csv(path, cells):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([cells.keys(), cells.values()])
    return list(read_rows(path))


def told(path):
    return [str(entry) for entry in read_entries(path)]


@pytest.mark.parametrize("said", ['{"a": 1}', '{"role": "admin", "name": "x"}', '{"role": "user", "name": "x"}', "[1]"])
def test_a_cell_of_json_that_is_no_message_is_text(tmp_path, said):
    [alpaca] = of_csv(tmp_path / "a.csv", {"instruction": "i", "input": said, "output": said})
    assert (alpaca.question, alpaca.answer) == (f"i\n\n{said}", said)
    [pair] = of_csv(tmp_path / "b.csv", {"prompt": said, "completion": said})
    assert (pair.question, pair.answer) == (said, said)
    [other] = of_csv(tmp_path / "c.csv", {"input": said, "output": said})
    assert (other.question, other.answer) == (said, said)


def test_a_cell_of_messages_is_read(tmp_path):
    said = json.dumps([{"role": "developer", "content": "s"}, {"role": "user", "content": "q"}])
    [found] = of_csv(tmp_path / "a.csv", {"prompt": said, "completion": "a"})
    assert [turn["content"] for turn in found.asked] == ["s", "q"]
    wrong = tmp_path / "b.csv"
    with pytest.raises(Exception, match="has the role 'bot'"):
        of_csv(wrong, {"messages": '[{"role": "bot", "content": "q"}]'})


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_label_that_a_table_lacks_makes_no_text_to_go_on_reading(tmp_path, missing):
    value = 1.0 if missing is not None else "good"
    path = write_parquet(tmp_path / "t.parquet", [{"text": "a", "label": value}, {"text": "b", "label": missing}])
    row, fault = read_entries(path)
    assert row.answer == str(value)
    assert "has a 'label' without a value" in str(fault)


def test_nan_is_no_answer(tmp_path):
    rows = [{"input": "a", "expected": 1.0}, {"input": "b", "expected": float("nan")}]
    row, fault = read_entries(write_parquet(tmp_path / "t.parquet", rows))
    assert row.answer == "1.0"
    assert "unknown row format" in str(fault)


def test_dates_are_texts_and_bytes_a_fault(tmp_path):
    day = datetime.date(2026, 1, 2)
    [row] = read_entries(write_parquet(tmp_path / "a.parquet", [{"text": "a", "label": day}]))
    assert row.answer == "2026-01-02"
    [fault] = read_entries(write_parquet(tmp_path / "b.parquet", [{"text": "a", "label": b"x"}]))
    assert "'label' cannot be written as JSON" in str(fault)
    tools = [{"name": "f", "parameters": {"since": day}}]
    rows = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": tools}]
    [row] = read_entries(write_parquet(tmp_path / "c.parquet", rows))
    assert row.tools[0]["function"]["parameters"] == {"since": "2026-01-02"}


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", ","), ("t.tsv", ";")])
def test_another_separator_is_one_fault(tmp_path, name, mark):
    path = tmp_path / name
    path.write_text(
        "".join(f"{a}{mark}{b}\n" for a, b in [("prompt", "completion"), ("q, r", "a"), ("s", "b")]), "utf-8"
    )
    [fault] = told(path)
    assert f"is {mark!r} the separator?" in fault


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_json_that_is_printed_for_people_is_one_fault(tmp_path, name):
    path = tmp_path / name
    path.write_text(json.dumps({"data": [{"prompt": "q", "completion": "a"}] * 20}, indent=2), "utf-8")
    [fault] = told(path)
    assert "is JSON of several lines; rest not read" in fault
    assert "or a list of rows in a .json" in fault


def test_an_object_is_no_answer_to_rename(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"question": "q", "answers": {"text": ["a"], "answer_start": [5]}}), "utf-8")
    [fault] = told(path)
    assert "missing: answer" in fault
    assert 'answer = "answers"' not in fault
