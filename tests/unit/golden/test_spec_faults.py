"""Every fault of a golden set comes with its file and line, and all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.golden.spec import Label, Request, read_golden
from tests.unit.golden.golden_files import CASE, ROW, folder, single, where

pytestmark = pytest.mark.usefixtures("in_tmp")


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
    assert where(golden) == [("goldens/none", 0)]
    assert "neither golden.toml nor cases.jsonl found" in golden.faults[0].message


def test_a_file_of_another_name() -> None:
    [fault] = read_golden(single("cases.json", "[]")).faults
    assert "expected golden.toml, cases.jsonl or *.golden.jsonl, *.golden.yaml, *.golden.yml" in fault.message


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


EVERY_MODEL = "expected more than 0, at most 1: every model reaches 0 or less"


@pytest.mark.parametrize(
    ("floor", "line", "said"),
    [
        ("metric = 'accuracy'\nmin = 0", 6, f"found 0, {EVERY_MODEL}"),
        ("metric = 'accuracy'\nmin = -0.0", 6, EVERY_MODEL),
        ("metric = 'accuracy'\nmin = -1", 6, f"found -1, {EVERY_MODEL}"),
        ("metric = 'accuracy'\nmin = 1.01", 6, "found 1.01, expected more than 0, at most 1"),
        ("metric = 'accuracy'\nmin = nan", 6, "gate.floor[0].min is nan; must be finite"),
        ("metric = 'accuracy'\nmin = -inf", 6, "gate.floor[0].min is -inf; must be finite"),
        ("metric = 'mcc'\nmin = 0", 6, EVERY_MODEL),
        ("metric = 'score'\nmax = 1", 6, "found 1, expected 0 or more, less than 1: no model exceeds 1"),
        ("metric = 'mcc'\nmax = -1.5", 6, "found -1.5, expected -1 or more, less than 1"),
        ("metric = 'score'\nmax = inf", 6, "gate.floor[0].max is inf; must be finite"),
        ("metric = 'score'\nmin = 0.9\nmax = 0.8", 7, "found 0.8, expected at least `min` (0.9)"),
        ("metric = 'p95_ms'\nmax = 0", 6, "found 0, expected more than 0 (milliseconds)"),
        ("metric = 'p95_ms'\nmax = 1.2e6", 6, "found 1.2e+06, expected less than 1.2e+06 milliseconds: no response"),
        ("metric = 'cost_per_1k'\nmax = 1", 6, "no response exceeds it: the prices in [price] are 0"),
    ],
)
def test_a_floor_that_every_model_passes_is_refused(floor: str, line: int, said: str) -> None:
    price = "\n[price]\ninput_per_million = 0\noutput_per_million = 0.0\n"
    golden = read_golden(folder(f"[label]\nvalues = ['spam', 'ham']\n\n[[gate.floor]]\n{floor}\n{price}"))
    assert where(golden) == [("goldens/sms/golden.toml", line)]
    assert said in golden.faults[0].message


@pytest.mark.parametrize("delta", ["0", "-0.1", "1", "1.5", "nan", "inf"])
def test_a_margin_is_more_than_0_and_less_than_1(delta: str) -> None:
    golden = read_golden(folder(f"[gate]\ndelta = {delta}\n"))
    assert where(golden) == [("goldens/sms/golden.toml", 2)]
    assert "gate.delta" in golden.faults[0].message


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
