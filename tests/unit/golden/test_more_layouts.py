"""Golden sets as CSV, as JSON, as .yml, and as a folder that has cases alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ftgate.files.schema_valid import load
from pytest_ftgate.golden.csv_columns import COLUMNS
from pytest_ftgate.golden.spec import read_golden
from tests.unit.golden.golden_files import CASE, folder, single, where

pytestmark = pytest.mark.usefixtures("in_tmp")

CASES = [
    {"id": "fr", "input": "Capital, of France?", "expected": "Paris", "slices": {"lang": "fr", "kind": "fact"}},
    {
        "id": "it",
        "input": {"text": "hi"},
        "expected": {"label": "ham"},
        "must_pass": True,
        "cluster": "c",
        "notes": "n",
    },
    {"id": "chat", "input": [{"role": "user", "content": "hi"}], "expected": "4"},
    {"id": "free", "input": "[1] is a list", "graders": [{"kind": "contains", "value": "x"}]},
]
CSV = """id,input,expected,slices.lang,slices.kind,must_pass,cluster,graders,notes
fr,"Capital, of France?",Paris,fr,fact,,,,
it,"{""text"": ""hi""}","{""label"":""ham""}",,,TRUE,c,,n
chat,"[{""role"": ""user"", ""content"": ""hi""}]",4,,,,,,
free,[1] is a list,,,,,,"[{""kind"": ""contains"", ""value"": ""x""}]",
"""


def rows(golden):
    assert golden.faults == ()
    return [dict(row.data) for row in golden.rows]


def test_csv_and_json_hold_the_same_cases():
    csv = read_golden(single("faq.golden.csv", CSV))
    assert rows(csv) == CASES
    assert [row.line for row in csv.rows] == [2, 3, 4, 5]
    assert rows(read_golden(single("faq.golden.json", json.dumps(CASES, indent=1)))) == CASES
    assert (csv.name, csv.path, csv.cases_path) == ("faq", Path("faq.golden.csv"), Path("faq.golden.csv"))


def test_every_key_of_a_case_has_its_column():
    keys = set(load("case.schema.json")["properties"])
    assert {column.partition(".")[0] for column in COLUMNS} == keys


def test_csv_as_spreadsheets_write_it():
    Path("a.golden.csv").write_bytes(b'\xef\xbb\xbfid, input ,expected\r\na,"two\r\nlines",x\r\n\r\nb,y,z\r\n')
    golden = read_golden(Path("a.golden.csv"))
    assert [(row.line, row.data["input"]) for row in golden.rows] == [(2, "two\r\nlines"), (5, "y")]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no cases"),
        ("id,input\n", 1, "no cases"),
        ("id,inputs\na,b\n", 1, "'inputs' is not a column of a case; did you mean 'input'?"),
        ("id,expected\na,b\n", 1, "no column 'input'; found: id, expected"),
        ("Question,answer\na,b\n", 1, "'Question' is not a column of a case; did you mean 'input'?"),
        ("question,answer\na,b\n", 1, "'answer' is not a column of a case; did you mean 'expected'?"),
        ("input,lang\na,b\n", 1, "for a slice: slices.lang"),
        ("id;input;expected\na;b;c\n", 1, "separate columns with commas"),
        ("input,slices.my-lang\nb,c\nd,e\n", 1, "slices"),
        ("input,input\nb,c\n", 1, "duplicate column name"),
        ("input,expected\na,b\nc\n", 3, "1 cells, but 2 columns"),
        ("input,must_pass\na,\nb,yes\n", 3, "must_pass"),
        ('input\n"a\nb"\n"a\nb"\n', 4, "duplicate of the case in line 2"),
        ('input\na\n"b', 3, "is not valid CSV"),
    ],
)
def test_a_fault_of_csv_has_its_line(text, line, said):
    faults = read_golden(single("a.golden.csv", text)).faults
    assert {("a.golden.csv", line)} == {(fault.path, fault.line) for fault in faults}
    assert any(said in f"{fault.message} {fault.fix}" for fault in faults)


def test_csv_that_is_no_utf_8_or_not_there():
    Path("a.golden.csv").write_bytes(b"input\na\n\xff\n")
    assert "is not valid UTF-8" in read_golden(Path("a.golden.csv")).faults[0].message
    assert where(read_golden(Path("b.golden.csv"))) == [("b.golden.csv", 0)]


def test_json_with_settings_and_the_lines_of_its_faults():
    text = '{"request": {"max_tokens": 5},\n "cases": [\n  {"input": "x"},\n  {"input": "y",\n   "expectd": 1}\n ]}'
    golden = read_golden(single("a.golden.json", text))
    assert where(golden) == [("a.golden.json", 5)]
    assert golden.request.max_tokens == 5
    assert golden.line("request", "max_tokens") == 1
    assert (
        where(read_golden(single("b.golden.json", '{"request": {"max_token": 5}, "cases": []}')))
        == [("b.golden.json", 1)] * 2
    )
    assert where(read_golden(single("c.golden.json", '[\n{"input": "x",}]'))) == [("c.golden.json", 2)]


def test_yml_is_yaml():
    golden = read_golden(single("a.golden.yml", "- input: x\n- input: no\n"))
    assert [(row.line, row.data["input"]) for row in golden.rows] == [(1, "x"), (2, "no")]
    assert golden.name == "a"


def test_a_folder_with_cases_alone_has_default_settings():
    path = folder(cases=CASE)
    (path / "golden.toml").unlink()
    golden = read_golden(path)
    assert golden == read_golden(path / "cases.jsonl")
    assert (golden.name, golden.path, golden.faults) == ("sms", path / "cases.jsonl", ())
    assert [row.id for row in golden.rows] == ["a1"]


def test_the_cases_of_a_folder_lead_to_its_settings():
    path = folder('description = "x"')
    assert read_golden(path / "cases.jsonl") == read_golden(path)
