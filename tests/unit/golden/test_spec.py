"""Golden sets are read from a folder, a *.golden.jsonl or a *.golden.yaml; every fault has its file and line."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from pytest_ftgate.gate.floor import Floor, GateSpec
from pytest_ftgate.golden.spec import Golden, Label, Request, read_golden
from tests.repository import ROOT

TOML = """\
description = "Spam or not"
made_by = "python prepare.py"

[prompt]
system = "Sort."
template = "Message: {{ text }}"

[request]
max_tokens = 16
timeout_s = 30
stop = ["x"]
choices = ["spam", "ham"]

[[grader]]
kind = "json_fields"
fields = ["label"]

[label]
path = "label"
values = ["spam", "ham"]

[gate]
delta = 0.04
[[gate.floor]]
metric = "f1"
positive = "spam"
min = 0.85
[[gate.floor]]
metric = "f1"
min = 0.8
[[gate.floor]]
metric = "accuracy"
max = 1
"""
CASE = '{"id": "a1", "input": "hi", "expected": {"label": "ham"}}\n'


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def folder(toml: str = "", cases: str | bytes | None = CASE) -> Path:
    path = Path("goldens/sms")
    path.mkdir(parents=True)
    (path / "golden.toml").write_text(toml, "utf-8")
    if cases is not None:
        (path / "cases.jsonl").write_bytes(cases.encode() if isinstance(cases, str) else cases)
    return path


def single(name: str, text: str) -> Path:
    Path(name).write_text(text, "utf-8")
    return Path(name)


def where(golden: Golden) -> list[tuple[str, int]]:
    return [(fault.path, fault.line) for fault in golden.faults]


# --- the three layouts -----------------------------------------------------------------------------------------------


def test_a_folder() -> None:
    golden = read_golden(folder(TOML))
    assert golden.faults == ()
    assert (golden.name, golden.description, golden.made_by) == ("sms", "Spam or not", "python prepare.py")
    assert golden.path == Path("goldens/sms/golden.toml")
    assert golden.cases_path == Path("goldens/sms/cases.jsonl")
    assert golden.prompt == {"system": "Sort.", "template": "Message: {{ text }}"}
    assert golden.request == Request(max_tokens=16, timeout_s=30.0, stop=("x",), choices=("spam", "ham"))
    assert golden.graders == ({"kind": "json_fields", "fields": ["label"]},)
    assert golden.label == Label("label", ("spam", "ham"))
    assert golden.gate == GateSpec(
        (
            Floor("f1", min=0.85, positive="spam", average="binary"),
            Floor("f1", min=0.8, average="macro"),
            Floor("accuracy", max=1),
        ),
        0.04,
    )
    assert [(row.line, row.id) for row in golden.rows] == [(1, "a1")]
    assert golden.line("gate", "floor", 1, "min") == 30
    assert golden.line("grader", 0) == 14


def test_a_folder_is_named_by_its_golden_toml_too() -> None:
    assert read_golden(folder(TOML)) == read_golden(Path("goldens/sms/golden.toml"))


def test_an_empty_golden_toml_has_all_defaults() -> None:
    golden = read_golden(folder())
    assert (golden.faults, golden.request, golden.label, golden.gate) == ((), Request(), None, None)
    assert golden.graders == ({"kind": "exact"},)


def test_the_smallest_useful_line() -> None:
    golden = read_golden(single("faq.golden.jsonl", '{"id": "a1", "input": "1+1?", "expected": "2"}'))
    assert (golden.name, golden.faults, len(golden.rows)) == ("faq", (), 1)
    assert golden.path == golden.cases_path == Path("faq.golden.jsonl")


def test_a_first_line_may_hold_the_settings() -> None:
    head = json.dumps({"golden": {"request": {"max_tokens": 5}, "label": {"values": ["a", "b"]}, "gate": {}}})
    golden = read_golden(single("faq.golden.jsonl", f'{head}\n{{"input": "x", "expected": "a"}}\n'))
    assert (golden.faults, golden.request.max_tokens, golden.gate) == ((), 5, GateSpec())
    assert golden.label == Label("", ("a", "b"))
    assert [row.line for row in golden.rows] == [2]


def test_a_yaml_list() -> None:
    golden = read_golden(single("faq.golden.yaml", "- input: Is it open?\n  expected: no\n\n- input: 12:30\n"))
    assert (golden.name, golden.faults) == ("faq", ())
    assert [(row.line, row.data["input"], row.data.get("expected")) for row in golden.rows] == [
        (1, "Is it open?", "no"),
        (4, "12:30", None),
    ]


def test_a_yaml_mapping() -> None:
    golden = read_golden(single("faq.golden.yaml", "request:\n  max_tokens: 5\ncases:\n  - input: x\n"))
    assert (golden.faults, golden.request.max_tokens, golden.rows[0].line) == ((), 5, 4)
    assert golden.line("request", "max_tokens") == 2


def test_the_same_cases_in_three_layouts_are_the_same_rows() -> None:
    rows = [{"id": "ü", "input": "x", "expected": [1, None]}, {"input": {"a": "b"}, "slices": {"l": "en"}}]
    lines = "\n".join(json.dumps(row) for row in rows)
    sets = [
        read_golden(folder(cases=lines)),
        read_golden(single("b.golden.jsonl", lines)),
        read_golden(single("c.golden.yaml", "\n".join(f"- {json.dumps(row, ensure_ascii=False)}" for row in rows))),
    ]
    assert [[(row.line, row.id, row.data) for row in golden.rows] for golden in sets] == [
        [(row.line, row.id, row.data) for row in sets[0].rows]
    ] * 3


# --- faults, with file and line --------------------------------------------------------------------------------------

ROW = '{"id": "b", "input": "x"}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is not valid JSON"),
        ('{"id": "a1", "input": "again"}', "duplicate id 'a1', first used in line 1"),
        ('{"id": "a b", "input": "x"}', "id 'a b' contains ' '"),
        ('{"id": "a::b", "input": "x"}', "contains '::'"),
        ('{"id": "a[1]", "input": "x"}', "contains '[', ']'"),
        ('{"id": "a\\u0007", "input": "x"}', r"contains '\x07'"),
        ('{"id": 7, "input": "x"}', "id must be a string; found 7"),
        ('{"input": "x", "expectd": "y"}', "did you mean 'expected'?"),
        ('{"id": "b"}', "a case needs 'input'; found: id"),
        ('{"input": 3}', "input must be"),
        ('{"input": "x", "expected": NaN}', "NaN is not valid JSON"),
        ('{"input": "x", "must_pass": 1}', "must_pass must be true or false"),
        ('{"input": "x", "slices": {"lang": 3}}', "slices.lang must be a string"),
        ('{"input": "x", "graders": [{}]}', "a grader needs 'kind'"),
        ('{"golden": {}}', "'golden' is not a valid key of a case"),
        ("[1]", "a case must be an object"),
    ],
)
def test_a_faulty_line_of_cases(line: str, said: str) -> None:
    golden = read_golden(folder(cases=f"{CASE}{line}\n"))
    assert set(where(golden)) == {("goldens/sms/cases.jsonl", 2)}
    assert any(said in fault.message for fault in golden.faults), golden.faults


def test_invalid_utf8() -> None:
    golden = read_golden(folder(cases=CASE.encode() + b'{"input": "\xff"}\n'))
    assert where(golden) == [("goldens/sms/cases.jsonl", 2)]
    assert "is not valid UTF-8" in golden.faults[0].message


def test_a_byte_order_mark() -> None:
    golden = read_golden(folder(cases=b"\xef\xbb\xbf" + CASE.encode()))
    assert where(golden) == [("goldens/sms/cases.jsonl", 1)]
    assert "BOM" in golden.faults[0].message


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_empty_cases(text: str) -> None:
    golden = read_golden(folder(cases=text))
    assert where(golden) == [("goldens/sms/cases.jsonl", 1)]
    assert "no cases" in golden.faults[0].message
    assert '{"id": "a1"' in golden.faults[0].fix


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.golden.jsonl", ""),
        ("a.golden.jsonl", '{"golden": {}}\n'),
        ("a.golden.yaml", ""),
        ("a.golden.yaml", "cases: []"),
        ("a.golden.yaml", "description: x"),
    ],
)
def test_empty_single_files(name: str, text: str) -> None:
    golden = read_golden(single(name, text))
    assert where(golden) == [(name, 1)]
    assert "no cases" in golden.faults[0].message


def test_missing_cases_name_the_command_that_makes_them() -> None:
    golden = read_golden(folder('made_by = "python prepare.py"', cases=None))
    [fault] = golden.faults
    assert str(fault) == "goldens/sms/cases.jsonl: not found\n    run: python prepare.py"


def test_missing_cases_without_such_a_command() -> None:
    [fault] = read_golden(folder(cases=None)).faults
    assert '{"id": "a1", "input": "...", "expected": "..."}' in fault.fix


def test_no_such_set() -> None:
    golden = read_golden(Path("goldens/none/golden.toml"))
    assert ("goldens/none/golden.toml", 0) in where(golden)


def test_a_file_of_another_name() -> None:
    [fault] = read_golden(single("cases.json", "[]")).faults
    assert "expected golden.toml, *.golden.jsonl or *.golden.yaml" in fault.message


@pytest.mark.parametrize(
    ("toml", "line", "said"),
    [
        ("[request]\nmax_token = 3", 2, "did you mean 'max_tokens'?"),
        ("a = 1\nb = ", 2, "is not valid TOML"),
        ("\n[[cases]]\ninput = 'x'", 2, "cases belong in cases.jsonl"),
        ("[[gate.floor]]\nmetric = 'f1'\nmin = 0.5", 2, "f1 needs [label]"),
        ("[[gate.floor]]\nmetric = 'accuracy'\npositive = 'a'\nmin = 0.5", 3, "accuracy has no positive class"),
        ("[[gate.floor]]\nmetric = 'mcc'\nmin = 0.5", 2, "mcc needs [label]"),
        ("[[gate.floor]]\nmetric = 'score'\naverage = 'macro'\nmin = 0.5", 3, "applies to f1 only"),
    ],
)
def test_a_fault_of_golden_toml(toml: str, line: int, said: str) -> None:
    golden = read_golden(folder(toml))
    assert where(golden) == [("goldens/sms/golden.toml", line)]
    assert said in golden.faults[0].message


@pytest.mark.parametrize(
    ("floor", "line", "said"),
    [
        ("metric = 'f1'\npositive = 'spma'", 6, "'spma' is not one of the labels; did you mean 'spam'?"),
        ("metric = 'recall'", 5, "recall needs the class in `positive`"),
        ("metric = 'f1'\naverage = 'binary'", 6, "`positive` requires average 'binary'"),
        ("metric = 'f1'\npositive = 'spam'\naverage = 'macro'", 7, "`positive` requires average 'binary'"),
        ("metric = 'precision'\npositive = 'spam'\naverage = 'macro'", 7, "applies to f1 only"),
    ],
)
def test_a_floor_that_contradicts_itself(floor: str, line: int, said: str) -> None:
    golden = read_golden(folder(f"[label]\nvalues = ['spam', 'ham']\n\n[[gate.floor]]\n{floor}\nmin = 0.5\n"))
    assert where(golden) == [("goldens/sms/golden.toml", line)]
    assert said in golden.faults[0].message


def test_faults_of_all_files_come_at_once_sorted() -> None:
    toml = "desc = 1\n[request]\nmax_tokens = 0\n[[gate.floor]]\nmetric = 'f1'\nmin = 0.5\n"
    golden = read_golden(folder(toml, cases=f'{{\n{ROW}\n{ROW}\n{{"id": "c"}}\n'))
    assert where(golden) == [
        ("goldens/sms/cases.jsonl", 1),
        ("goldens/sms/cases.jsonl", 3),
        ("goldens/sms/cases.jsonl", 4),
        ("goldens/sms/golden.toml", 1),
        ("goldens/sms/golden.toml", 3),
        ("goldens/sms/golden.toml", 5),
    ]


def test_broken_toml_does_not_hide_the_cases() -> None:
    assert where(read_golden(folder("x", cases="{\n"))) == [
        ("goldens/sms/cases.jsonl", 1),
        ("goldens/sms/golden.toml", 1),
    ]


def test_a_faulty_table_does_not_hide_the_sound_ones() -> None:
    golden = read_golden(folder("[request]\nmax_tokens = 0\n[label]\nvalues = ['a', 'b']\n"))
    assert golden.label == Label("", ("a", "b"))
    assert golden.request == Request()


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        ('{"golden": {"request": {"max_token": 1}}}', 1, "did you mean 'max_tokens'?"),
        ('{"golden": 3}', 1, "must be an object"),
        ('{"golden": {"cases": []}}', 1, "cases follow, one per line"),
        ('{"golden": {}, "x": 1}', 1, "is not a valid key of a case"),
    ],
)
def test_a_fault_of_the_first_line(head: str, line: int, said: str) -> None:
    golden = read_golden(single("a.golden.jsonl", f"{head}\n{ROW}\n"))
    assert set(where(golden)) == {("a.golden.jsonl", line)}
    assert any(said in fault.message for fault in golden.faults)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("request:\n  max_token: 3\ncases:\n- input: x\n", 2, "did you mean 'max_tokens'?"),
        ("- input: x\n  slices:\n    lang: 3\n", 3, "slices.lang must be a string"),
        ("- id: a\n  input: x\n- id: a\n  input: y\n", 3, "duplicate id 'a', first used in line 1"),
        ("- input: x\n  id: a b\n", 2, "contains ' '"),
        ("- input: x\n  expected: [\n", 3, "is not valid YAML"),
        ("- input: x\n  input: y\n", 2, "duplicate key 'input'"),
        ("- input: x\n  3: y\n", 2, "is not a string"),
        ("- input: x\n  expected: !!float .nan\n", 2, "is nan"),
        ("just text", 1, "must be a list"),
        ("description: x\ncases: 3\n", 2, "must be a list"),
    ],
)
def test_a_fault_of_a_yaml_file(text: str, line: int, said: str) -> None:
    golden = read_golden(single("a.golden.yaml", text))
    assert set(where(golden)) == {("a.golden.yaml", line)}
    assert any(said in fault.message for fault in golden.faults), golden.faults


def test_a_name_that_cannot_stand_in_a_node_id() -> None:
    [fault] = read_golden(single("my set.golden.jsonl", ROW)).faults
    assert (fault.path, fault.fix) == ("my set.golden.jsonl", "rename the file")
    assert "'my set' contains ' '" in fault.message


def test_reading_imports_nothing_heavy_at_start() -> None:
    import subprocess

    code = (
        "import sys, pytest_ftgate.golden.spec, pytest_ftgate.golden.case\n"
        "print(sorted({'yaml', 'jsonschema', 'jinja2', 'regex', 'torch'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_100_000_cases_are_read_in_a_few_seconds() -> None:
    lines = [
        f'{{"id": "c{n}", "input": "Is {n} even?", "expected": {{"label": "ham"}}, "slices": {{"lang": "en"}}}}'
        for n in range(100_000)
    ]
    before = time.process_time()
    assert len([json.loads(line) for line in lines]) == 100_000
    plainly = time.process_time() - before
    path = single("big.golden.jsonl", "\n".join(lines))
    before = time.process_time()
    golden = read_golden(path)
    assert (len(golden.rows), golden.faults) == (100_000, ())
    assert time.process_time() - before < 30 * plainly
